/* berth-create: makes a container, run by berthd. */
#include <stdio.h>
#include <string.h>

#include "daemon/engine/job.h"

int
main(int argc, char **argv)
{
	struct job job;
	struct err e = { 0 };
	int rc;

	if (argc != 2 || strcmp(argv[1], "create") != 0) {
		fprintf(stderr, "berth-create is run by berthd alone\n");
		return 2;
	}
	rc = job_open(&job, "berth-create", "create", REQUEST_CREATE, &e);
	if (rc == 0)
		rc = create_run(&job, &e);
	return job_close(&job, rc, &e);
}
