# The launching part of berth-job, and the monitor.
berth_job_SOURCES += daemon/engine/confine.c daemon/engine/confine.h daemon/engine/inside.c daemon/engine/kernel.h \
	daemon/engine/launch.c daemon/engine/launch.h daemon/engine/launch_init.c daemon/engine/launch_mounts.c \
	daemon/engine/rootfs.c daemon/engine/rootfs.h daemon/engine/seccomp.c daemon/engine/seccomp.h
pkglibexec_PROGRAMS += berth-monitor
berth_monitor_SOURCES = daemon/engine/monitor.c daemon/engine/monitor.h daemon/engine/monitor_client.c \
	daemon/engine/monitor_console.c daemon/engine/monitor_group.c daemon/engine/monitor_state.h
berth_monitor_LDADD = libberth.a
