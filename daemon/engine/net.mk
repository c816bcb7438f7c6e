# The containers' network.
berth_job_SOURCES += daemon/engine/claims.c daemon/engine/claims.h daemon/engine/firewall.c daemon/engine/firewall.h daemon/engine/net.c \
	daemon/engine/net.h daemon/engine/net_host.c daemon/engine/net_link.c daemon/engine/net_link.h daemon/engine/net_look_up.c \
	daemon/engine/net_mac.c

# Runs a job's network part alone, in namespaces that a test made.
check_PROGRAMS += net_tool
net_tool_SOURCES = tests/lib/net_tool.c daemon/engine/claims.c daemon/engine/firewall.c daemon/engine/net.c \
	daemon/engine/net_host.c daemon/engine/net_link.c daemon/engine/net_look_up.c daemon/engine/net_mac.c daemon/engine/registry_file.c
net_tool_LDADD = libberth.a $(JSON_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)
net_tool_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(NL_CFLAGS) $(NFTABLES_CFLAGS)
