# The containers' network.
berth_job_SOURCES += daemon/engine/claims.c daemon/engine/claims.h daemon/engine/firewall.c daemon/engine/firewall.h daemon/engine/net.c \
	daemon/engine/net.h daemon/engine/net_link.c daemon/engine/net_link.h daemon/engine/net_mac.c
