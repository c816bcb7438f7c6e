# The launching part of berth-job, and the monitor.
berth_job_SOURCES += daemon/engine/launch.c daemon/engine/inside.c daemon/engine/confine.c daemon/engine/confine.h daemon/engine/kernel.h daemon/engine/rootfs.c daemon/engine/rootfs.h daemon/engine/seccomp.c daemon/engine/seccomp.h
pkglibexec_PROGRAMS += berth-monitor
berth_monitor_SOURCES = daemon/engine/monitor.c daemon/engine/monitor.h
berth_monitor_LDADD = libberth.a
