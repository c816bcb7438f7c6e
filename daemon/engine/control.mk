# Control groups, what works on running containers, the doctor.
berth_job_SOURCES += daemon/engine/cgroup.c daemon/engine/cgroup.h daemon/engine/cgroup_driver.h daemon/engine/cgroup_file.c \
	daemon/engine/cgroup_file.h daemon/engine/cgroup_host.c daemon/engine/cgroup_paths.c daemon/engine/cgroup_subgroup.c \
	daemon/engine/capacity.c daemon/engine/cgroup_v1.c daemon/engine/cgroup_v2.c daemon/engine/console.c daemon/engine/doctor.c daemon/engine/doctor.h \
	daemon/engine/doctor_host.c daemon/engine/doctor_kernel.c daemon/engine/doctor_leaks.c daemon/engine/exec.c daemon/engine/exec.h \
	daemon/engine/exec_child.c daemon/engine/exec_user.c daemon/engine/http_head.c daemon/engine/http_head.h \
	daemon/engine/limits.c daemon/engine/logs.c daemon/engine/monitor_call.c daemon/engine/monitor_call.h daemon/engine/set.c \
	daemon/engine/stream_pump.c daemon/engine/stream_pump.h daemon/engine/unit.h daemon/engine/unit_call.c

# The one that knows D-Bus; only where systemd is.
pkglibexec_PROGRAMS += berth-unit
berth_unit_SOURCES = daemon/engine/cgroup_file.c daemon/engine/cgroup_file.h daemon/engine/unit.h daemon/engine/unit_bus.c \
	daemon/engine/unit_bus.h daemon/engine/unit_machine.c daemon/engine/unit_main.c daemon/engine/unit_scope.c
berth_unit_LDADD = libberth.a $(SYSTEMD_LIBS)
berth_unit_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
