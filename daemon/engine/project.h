/* Project quotas of ext4 and xfs: directories that bear a number, and what the files of a number may take up together. */
#ifndef BERTH_PROJECT_H
#define BERTH_PROJECT_H

#include "schema/spec.h"

/* -1: no limit. */
struct project_usage {
	int64_t bytes, bytes_limit;
	int64_t inodes, inodes_limit;
};

/* A container's own number, from its id range: 0 is nobody's. */
uint32_t project_number(const struct settings *s, int64_t id_base);
/* How many files a volume of so many bytes may have. */
int64_t project_inodes(int64_t bytes);

/* Whether the file system of the descriptor, which isn't O_PATH, keeps to project limits. */
bool project_is_enforced(int fd);
int project_get(int dir_fd, uint32_t *number_out, struct err *e);
/* `inherit`: whatever is made in the directory bears the number too. */
int project_assign(int dir_fd, uint32_t number, bool inherit, struct err *e);
/* 0: no limit. */
int project_set_limits(int fd, uint32_t number, int64_t bytes, int64_t inodes, struct err *e);
int project_read(int fd, uint32_t number, struct project_usage *usage_out, struct err *e);

#endif
