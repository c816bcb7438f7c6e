# Control groups and what works on running containers.
berth_job_SOURCES += daemon/engine/cgroup.c daemon/engine/cgroup.h daemon/engine/cgroup_driver.h daemon/engine/cgroup_file.c \
	daemon/engine/cgroup_file.h daemon/engine/cgroup_host.c daemon/engine/cgroup_paths.c daemon/engine/cgroup_v1.c \
	daemon/engine/cgroup_v2.c daemon/engine/limits.c daemon/engine/set.c daemon/engine/exec.c daemon/engine/console.c \
	daemon/engine/logs.c
