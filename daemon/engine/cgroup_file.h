/* Reading and writing the files of one control group, given by its directory's descriptor. */
#ifndef BERTH_CGROUP_FILE_H
#define BERTH_CGROUP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/util/err.h"

/* A number; INT64_MAX for "max", -1 when the file is absent or holds none. */
int64_t cgroup_file_int(int dir, const char *name);
/* The number after `key` at a line's start, as in memory.stat; -1 when there is none. */
int64_t cgroup_file_key(int dir, const char *name, const char *key);
/* In the line of `device`, the number of `key`=, as in io.max; INT64_MAX for "max", -1 when there is none. */
int64_t cgroup_file_pair(int dir, const char *name, const char *device, const char *key);
/* A *.pressure file: the share of the last minute in which somebody waited, in thousandths of a percent; -1: not known. */
int64_t cgroup_file_pressure(int dir, const char *name);
bool cgroup_file_exists(int dir, const char *name);
/* Whether one of the words in the file is `word`, as in cgroup.controllers. */
bool cgroup_file_word(int dir, const char *name, const char *word);

int cgroup_file_write_int(int dir, const char *name, int64_t value, struct err *e);

/* The smaller of two limits, either of which may be -1: unknown. */
int64_t cgroup_limit_min(int64_t a, int64_t b);

/* The device whose queue takes limits: a partition's whole disk, else itself. false when it is unknown. */
bool cgroup_device_queue(const char *device, char *queue_out, size_t size);
/* Whether BFQ, the scheduler that heeds weights, is at work on it. */
bool cgroup_device_bfq(const char *queue);

#endif
