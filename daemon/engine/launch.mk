# What berth-launch and berth-job share, the launch itself, and the monitor.
launch_shared = daemon/engine/apparmor.c daemon/engine/apparmor.h daemon/engine/confine.c daemon/engine/confine.h daemon/engine/job.h daemon/engine/job_frame.c daemon/engine/session.c daemon/engine/session.h daemon/engine/kernel.h \
	daemon/engine/launch.h daemon/engine/rootfs.c daemon/engine/rootfs.h daemon/engine/seccomp.c daemon/engine/seccomp.h
berth_job_SOURCES += $(launch_shared) daemon/engine/inside.c daemon/engine/net_job.c daemon/engine/seccomp_build.c

# On the way to every init: nothing is linked but what that takes.
pkglibexec_PROGRAMS += berth-launch
berth_launch_SOURCES = $(launch_shared) daemon/engine/root_lock.c daemon/engine/root_lock.h daemon/engine/cgroup.c daemon/engine/cgroup_file.c daemon/engine/cgroup_paths.c \
	daemon/engine/cgroup_subgroup.c daemon/engine/cgroup_v1.c daemon/engine/cgroup_v2.c daemon/engine/launch.c \
	daemon/engine/launch_init.c daemon/engine/launch_main.c daemon/engine/launch_mounts.c daemon/engine/launch_net.c \
	daemon/engine/launch_unit.c daemon/engine/unit.h daemon/engine/unit_call.c daemon/engine/spawn.c daemon/engine/spawn.h
berth_launch_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
berth_launch_LDADD = libberth.a $(JSON_LIBS)

pkglibexec_PROGRAMS += berth-monitor
berth_monitor_SOURCES = daemon/engine/monitor.c daemon/engine/monitor.h daemon/engine/monitor_client.c \
	daemon/engine/monitor_console.c daemon/engine/monitor_group.c daemon/engine/monitor_loop.c daemon/engine/monitor_main.c \
	daemon/engine/monitor_state.h daemon/engine/spawn.c
berth_monitor_LDADD = libberth.a

# What a container's process was before it ran something of the container's own is still there as /proc/self/exe at that
# moment: an interpreter line that names it finds nothing that it may run or read.
install-exec-hook:
	cd "$(DESTDIR)$(pkglibexecdir)" && chmod 0700 berth-job berth-unit berth-launch berth-create berth-monitor berth-sampler berth-hook
