# Control groups and what works on running containers.
berth_job_SOURCES += daemon/engine/cgroup.c daemon/engine/cgroup.h daemon/engine/limits.c daemon/engine/set.c \
	daemon/engine/exec.c daemon/engine/console.c daemon/engine/logs.c
