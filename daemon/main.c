#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/engine/engine.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/openapi.h"

/* The parent waits until the daemon is ready, so that what follows it in a script finds the socket answering. */
static int
main_go_background(int *ready_fd_out, struct err *e)
{
	AUTO_CLOSE int null = -1;
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	pid = fork();
	if (pid < 0)
		return err_sys(e, "fork");
	if (pid > 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(ends[0]);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0)
		return err_sys(e, "go into the background");
	*ready_fd_out = ends[1];
	return 0;
}

static int
main_print_reference(struct err *e)
{
	AUTO_FREE char *text = openapi_text(true);

	if (!text)
		return err_set(e, ERR_INTERNAL, "out of memory");
	puts(text);
	return 0;
}

static int
main_run(const struct config *config, struct err *e)
{
	int ready_fd = -1;

	if (geteuid() != 0)
		return err_set(e, ERR_DENIED, "berthd must be started as root");
	if (config->action == CONFIG_CLEANUP)
		return engine_cleanup(&config->settings, config->force, config->destroy, e);
	if (!config->foreground && main_go_background(&ready_fd, e) < 0)
		return -1;
	return engine_run(&config->settings, ready_fd, e);
}

int
main(int argc, char **argv)
{
	struct config config = { .action = CONFIG_RUN };
	struct err e = { 0 };
	int rc;

	signal(SIGPIPE, SIG_IGN);
	umask(0022);
	log_init("berthd", LOG_LEVEL_INFO);
	rc = config_load(&config, argc, argv, &e);
	if (rc == 0 && config.action == CONFIG_HELP) {
		config_print_help();
	} else if (rc == 0 && config.action == CONFIG_MAN) {
		config_print_man();
	} else if (rc == 0 && config.action == CONFIG_OPENAPI) {
		rc = main_print_reference(&e);
	} else if (rc == 0 && config.action == CONFIG_VERSION) {
		printf("berthd %s\n", PACKAGE_VERSION);
#ifdef BERTH_FAULT
	} else if (rc == 0 && config.action == CONFIG_FAULT_LIST) {
		fault_print_list();
#endif
	} else if (rc == 0 && config.action == CONFIG_CHECK) {
		printf("The configuration is right.\n");
	} else if (rc == 0) {
		log_init("berthd", log_level_of(config.settings.log_level));
		rc = main_run(&config, &e);
	}
	if (rc < 0)
		log_error("%s", e.message);
	config_clear(&config);
	return rc == 0 ? 0 : err_kind_info(e.kind)->exit_status;
}
