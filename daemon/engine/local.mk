# berthd, the engine: root, long-lived, small. berth-job: one operation. berth-launch: a start. berth-monitor: a container's parent.
sbin_PROGRAMS += berthd
berthd_SOURCES = \
	daemon/config.c daemon/config.h \
	daemon/engine/cgroup_paths.c \
	daemon/engine/cleanup.c \
	daemon/engine/engine.c daemon/engine/engine.h \
	daemon/engine/host_job.c \
	daemon/engine/http_head.c daemon/engine/http_head.h \
	daemon/engine/link.c daemon/engine/link.h \
	daemon/engine/listen.c daemon/engine/listen.h \
	daemon/engine/monitor_spawn.c \
	daemon/engine/monitors.c daemon/engine/monitors.h \
	daemon/engine/net_look_up.c \
	daemon/engine/net_mac.c \
	daemon/engine/nic.h \
	daemon/engine/nfnl.c daemon/engine/nfnl_message.c daemon/engine/nfnl_read.c daemon/engine/nfnl_set.c daemon/engine/nic_isolation.c \
	daemon/engine/nic_lease_read.c daemon/engine/nic_name.c \
	daemon/engine/orphans.c \
	daemon/engine/registry.c daemon/engine/registry.h \
	daemon/engine/registry_file.c daemon/engine/registry_file.h \
	daemon/engine/repair.c daemon/engine/repair.h \
	daemon/engine/request_row.c daemon/engine/request_row.h \
	daemon/engine/requests.c daemon/engine/requests.h \
	daemon/engine/root_lock.c daemon/engine/root_lock.h \
	daemon/engine/session.h \
	daemon/engine/sessions.c daemon/engine/sessions.h \
	daemon/engine/spawn.c daemon/engine/spawn.h \
	daemon/engine/task.c daemon/engine/task.h \
	daemon/engine/watchdog.c daemon/engine/watchdog.h \
	daemon/engine/which.c daemon/engine/which.h \
	daemon/main.c
berthd_LDADD = libberth.a $(EVENT_LIBS) $(JSON_LIBS) $(INIH_LIBS) $(SYSTEMD_LIBS)
berthd_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(JSON_CFLAGS) $(INIH_CFLAGS)

pkglibexec_PROGRAMS += berth-job
berth_job_SOURCES = daemon/engine/job.c
berth_job_LDADD = libberth.a $(JSON_LIBS) $(CGROUP_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS) $(NL_LIBS) $(NFTABLES_LIBS) $(CRYPT_LIBS) $(BTRFSUTIL_LIBS)
berth_job_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(CGROUP_CFLAGS) $(SECCOMP_CFLAGS) $(CAP_CFLAGS) $(NL_CFLAGS) $(NFTABLES_CFLAGS)

include daemon/engine/launch.mk
include daemon/engine/control.mk
include daemon/engine/storage.mk
include daemon/engine/net.mk
