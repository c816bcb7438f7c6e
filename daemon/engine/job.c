#include "daemon/engine/job.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *verb;
	enum msg_type type;
	int (*run)(struct job *job, struct err *e);
} verbs[] = {
	{ "delete", REQUEST_DELETE, delete_run },
	{ "net", REQUEST_START, net_run },
	{ "set", REQUEST_SET, set_run },
	{ "limits", REQUEST_LIMITS, limits_run },
	{ "doctor", REQUEST_DOCTOR, doctor_run },
	{ "capacity", REQUEST_CAPACITY, capacity_run },
	{ "recover", REQUEST_RECOVER, recover_run },
	{ "copy", REQUEST_COPY, copy_run },
	{ "meter", REQUEST_METER, meter_run },
	{ "exec", REQUEST_EXEC, exec_run },
	{ "console", REQUEST_CONSOLE, console_run },
	{ "logs", REQUEST_LOGS, logs_run },
	{ "template-build", REQUEST_TEMPLATE_BUILD, template_build_run },
	{ "template-delete", REQUEST_TEMPLATE_DELETE, template_delete_run },
	{ "host-setup", REQUEST_HOST_SETUP, host_setup_run },
	{ "host-cleanup", REQUEST_HOST_CLEANUP, host_cleanup_run },
};

int
main(int argc, char **argv)
{
	struct job job;
	struct err e = { 0 };
	int rc = -1;
	size_t i;

	for (i = 0; argc == 2 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[1], verbs[i].verb) == 0)
			break;
	if (argc != 2 || i == sizeof verbs / sizeof *verbs) {
		fprintf(stderr, "berth-job is run by berthd alone\n");
		return 2;
	}
	if (job_open(&job, "berth-job", verbs[i].verb, verbs[i].type, &e) == 0)
		rc = verbs[i].run(&job, &e);
	return job_close(&job, rc, &e);
}
