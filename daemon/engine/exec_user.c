/* Users of a container, read from its own files without any of the host's or the container's name service code. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/engine/exec.h"
#include "daemon/util/fd.h"

enum { USER_FILE_MAX = 4 * 1024 * 1024, USER_ID_MAX = 65535 };

/* NULL when there is none that can be read. A FIFO or device in its place is not waited for. */
static FILE *
user_open(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	FILE *file;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > USER_FILE_MAX)
		return NULL;
	file = fdopen(fd, "re");
	if (file)
		take_fd(&fd);
	return file;
}

static void
user_copy(char *to, size_t size, const char *from, const char *otherwise)
{
	/* A truncated path would be another one. */
	snprintf(to, size, "%s", from && *from && strlen(from) < size ? from : otherwise);
}

/* 1 found, 0 absent. */
static int
user_find_passwd(const char *name, uid_t uid, struct exec_user *user)
{
	FILE *file = user_open("/etc/passwd");
	struct passwd *pw;
	int found = 0;

	while (file && !found && (pw = fgetpwent(file))) {
		if (name ? strcmp(pw->pw_name, name) != 0 : pw->pw_uid != uid)
			continue;
		found = 1;
		user->uid = pw->pw_uid;
		user->gid = pw->pw_gid;
		user_copy(user->name, sizeof user->name, pw->pw_name, "");
		user_copy(user->home, sizeof user->home, pw->pw_dir, "/");
		user_copy(user->shell, sizeof user->shell, pw->pw_shell, "/bin/sh");
	}
	if (file)
		fclose(file);
	return found;
}

static bool
user_is_member(const struct group *gr, const char *name)
{
	for (char **member = gr->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

static void
user_find_groups(struct exec_user *user)
{
	FILE *file = user_open("/etc/group");
	struct group *gr;

	user->groups[user->ngroups++] = user->gid;
	while (file && user->ngroups < EXEC_GROUPS_MAX && (gr = fgetgrent(file)))
		if (gr->gr_gid != user->gid && gr->gr_gid <= USER_ID_MAX && user_is_member(gr, user->name))
			user->groups[user->ngroups++] = gr->gr_gid;
	if (file)
		fclose(file);
}

/* A uid needs no entry; then its group is that of the same number. */
static void
user_of_number(uid_t uid, struct exec_user *user)
{
	if (user_find_passwd(NULL, uid, user))
		return;
	user->uid = user->gid = uid;
	snprintf(user->name, sizeof user->name, "%u", uid);
	user_copy(user->home, sizeof user->home, uid == 0 ? "/root" : "/", "/");
	user_copy(user->shell, sizeof user->shell, "/bin/sh", "/bin/sh");
}

int
exec_user_find(const char *who, struct exec_user *user_out, struct err *e)
{
	struct exec_user user = { 0 };

	if (isdigit((unsigned char)who[0])) {
		const char *why;
		int64_t uid;

		if (field_parse_int(who, &uid, &why) < 0 || uid < 0 || uid > USER_ID_MAX)
			return err_param(e, "user", "must be a uid from 0 to %d", USER_ID_MAX);
		user_of_number((uid_t)uid, &user);
	} else if (!user_find_passwd(who, 0, &user)) {
		/* Without a file root is still root. */
		if (strcmp(who, "root") != 0)
			return err_param(e, "user", "is no user in the container's /etc/passwd");
		user_of_number(0, &user);
	}
	if (user.uid > USER_ID_MAX || user.gid > USER_ID_MAX)
		return err_param(e, "user", "has a uid or gid over %d in the container's /etc/passwd", USER_ID_MAX);
	user_find_groups(&user);
	*user_out = user;
	return 0;
}
