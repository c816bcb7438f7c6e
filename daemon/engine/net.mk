# The containers' network.
NFNL = daemon/engine/nfnl.c daemon/engine/nfnl.h daemon/engine/nfnl_message.c daemon/engine/nfnl_message.h daemon/engine/nfnl_read.c \
	daemon/engine/nfnl_rule.c daemon/engine/nfnl_rule.h daemon/engine/nfnl_set.c daemon/engine/nfnl_set.h
berth_job_SOURCES += daemon/engine/meter.c daemon/engine/claims.c daemon/engine/claims.h daemon/engine/firewall.c daemon/engine/firewall.h \
	daemon/engine/firewall_foreign.c daemon/engine/firewall_forward.c daemon/engine/firewall_forward.h daemon/engine/firewall_policy.c daemon/engine/firewall_policy.h \
	daemon/engine/firewall_table.c daemon/engine/firewall_table.h daemon/engine/listener.c daemon/engine/listener.h daemon/engine/net.c \
	daemon/engine/net.h daemon/engine/net_host.c daemon/engine/net_link.c daemon/engine/net_link.h daemon/engine/net_look_up.c \
	daemon/engine/net_mac.c daemon/engine/net_needs.c daemon/engine/net_needs.h $(NFNL) daemon/engine/traffic.c daemon/engine/traffic.h daemon/engine/traffic_read.c \
	daemon/engine/net_bridge.c daemon/engine/net_bridge.h daemon/engine/nic.c daemon/engine/nic.h \
	daemon/engine/net_qdisc.c daemon/engine/net_qdisc.h daemon/engine/nic_firewall.c daemon/engine/nic_firewall.h daemon/engine/nic_name.c \
	daemon/engine/nic_policy.c daemon/engine/nic_policy.h daemon/engine/nic_lease.c daemon/engine/nic_lease.h daemon/engine/nic_lease_read.c \
	daemon/engine/net_peer.c daemon/engine/net_peer.h daemon/engine/nic_isolation.c daemon/engine/nic_isolation.h \
	daemon/engine/change.c daemon/engine/change.h daemon/engine/shape.c daemon/engine/shape.h daemon/engine/uplink.c daemon/engine/uplink.h

# Runs a job's network part alone, in namespaces that a test made.
check_PROGRAMS += net_tool
net_tool_SOURCES = tests/lib/net_tool.c daemon/engine/claims.c daemon/engine/firewall.c daemon/engine/firewall_foreign.c daemon/engine/firewall_forward.c \
	daemon/engine/firewall_policy.c daemon/engine/firewall_table.c daemon/engine/net.c \
	daemon/engine/net_host.c daemon/engine/net_link.c daemon/engine/net_look_up.c daemon/engine/net_mac.c daemon/engine/net_needs.c $(NFNL) daemon/engine/registry_file.c \
	daemon/engine/traffic.c daemon/engine/traffic_read.c \
	daemon/engine/net_bridge.c daemon/engine/net_qdisc.c daemon/engine/nic.c daemon/engine/nic_firewall.c daemon/engine/nic_name.c daemon/engine/nic_policy.c daemon/engine/shape.c daemon/engine/uplink.c \
	daemon/engine/nic_lease.c daemon/engine/nic_lease_read.c daemon/engine/net_peer.c daemon/engine/nic_isolation.c
net_tool_LDADD = libberth.a $(JSON_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)
net_tool_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(NL_CFLAGS) $(NFTABLES_CFLAGS)

# Reads what containers use, all the time: small, and with no more than it needs.
pkglibexec_PROGRAMS += berth-sampler
berth_sampler_SOURCES = daemon/engine/cgroup_file.c daemon/engine/cgroup_file.h daemon/engine/cgroup_paths.c daemon/engine/helper.c daemon/engine/helper.h \
	daemon/engine/nfnl.c daemon/engine/nfnl.h daemon/engine/nfnl_message.c daemon/engine/nfnl_message.h daemon/engine/nfnl_read.c \
	daemon/engine/sampler_groups.c daemon/engine/sampler_groups.h daemon/engine/sampler_main.c daemon/engine/sampler_sandbox.c daemon/engine/sampler_sandbox.h \
	daemon/engine/traffic.h daemon/engine/traffic_read.c
berth_sampler_LDADD = libberth.a $(JSON_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS)
berth_sampler_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(SECCOMP_CFLAGS) $(CAP_CFLAGS)
berthd_SOURCES += daemon/engine/child.c daemon/engine/child.h daemon/engine/sampler.c daemon/engine/sampler.h

# Posts to webhooks: the only one that reaches the world.
pkglibexec_PROGRAMS += berth-hook
berth_hook_SOURCES = daemon/engine/helper.c daemon/engine/helper.h daemon/engine/hook_address.c daemon/engine/hook_address.h daemon/engine/hook_main.c daemon/engine/hook_post.c \
	daemon/engine/hook_post.h daemon/engine/hook_sandbox.c daemon/engine/hook_sandbox.h
berth_hook_LDADD = libberth.a $(JSON_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS) $(CURL_LIBS)
berth_hook_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(SECCOMP_CFLAGS) $(CAP_CFLAGS) $(CURL_CFLAGS)
berthd_SOURCES += daemon/engine/hook.c daemon/engine/hook.h
