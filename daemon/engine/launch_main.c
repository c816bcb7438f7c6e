/* berth-launch: starts a container, run by its monitor. */
#include <stdio.h>
#include <string.h>

#include "daemon/engine/job.h"
#include "daemon/engine/launch.h"

int
main(int argc, char **argv)
{
	struct job job;
	struct err e = { 0 };
	int rc;

	bool gives_root = argc == 3 && strcmp(argv[2], "root") == 0;

	/* A monitor of before an upgrade asks for no root. */
	if ((argc != 2 && !gives_root) || strcmp(argv[1], "launch") != 0) {
		fprintf(stderr, "berth-launch is run by berth-monitor alone\n");
		return 2;
	}
	rc = job_open(&job, "berth-launch", "start", REQUEST_START, &e);
	if (rc == 0)
		rc = launch_run(&job, gives_root, &e);
	return job_close(&job, rc, &e);
}
