# The containers' network.
berth_job_SOURCES += daemon/engine/net.c daemon/engine/net.h daemon/engine/net_mac.c
