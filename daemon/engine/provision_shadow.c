/* Root's password. */
#include <crypt.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/engine/provision_file.h"
#include "daemon/util/fd.h"

enum { SECONDS_A_DAY = 86400 };

static int
shadow_hash(const char *password, bool weak, char *hash_out, size_t size, struct err *e)
{
	AUTO_FREE struct crypt_data *data = calloc(1, sizeof *data);
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	int rc = 0;

	if (!data)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (!crypt_gensalt_rn(weak ? "$6$" : "$y$", 0, NULL, 0, salt, sizeof salt))
		return err_sys(e, "make a salt");
	if (!crypt_r(password, salt, data) || data->output[0] == '*')
		rc = err_set(e, ERR_INTERNAL, "can't hash the password");
	else
		snprintf(hash_out, size, "%s", data->output);
	explicit_bzero(data, sizeof *data);
	return rc;
}

/* What follows the third colon stays as it was: the rules for the password's age. */
static void
shadow_add_root(struct buf *out, const char *line, size_t len, const char *hash)
{
	const char *end = line + len, *rest = line;
	int colons = 0;

	while (rest < end && colons < 3)
		if (*rest++ == ':')
			colons++;
	buf_addf(out, "root:%s:%lld:", hash, (long long)(time(NULL) / SECONDS_A_DAY));
	if (colons == 3)
		buf_add(out, rest, (size_t)(end - rest));
	else
		buf_addf(out, "0:99999:7:::");
	buf_addf(out, "\n");
}

int
provision_set_password(const char *password, bool weak, struct err *e)
{
	AUTO_BUF struct buf old = { 0 }, new = { 0 };
	AUTO_CLOSE int etc = -1;
	char hash[CRYPT_OUTPUT_SIZE];
	const char *next, *line;
	bool done = false;
	struct stat st;
	size_t len;
	int rc;

	if (shadow_hash(password, weak, hash, sizeof hash, e) < 0 || provision_open_dir("/etc", 0755, &etc, e) < 0)
		return -1;
	rc = provision_read(etc, "shadow", &old, &st, e);
	if (rc < 0)
		return -1;
	for (next = old.data; (next = provision_line(next, &line, &len));) {
		if (strncmp(line, "root:", 5) != 0) {
			buf_add(&new, line, len);
			buf_addf(&new, "\n");
		} else if (!done) {
			shadow_add_root(&new, line, len, hash);
			done = true;
		}
	}
	if (!done)
		shadow_add_root(&new, "", 0, hash);
	return provision_replace(etc, "shadow", &new, 0600, rc == 1 ? &st : NULL, e);
}
