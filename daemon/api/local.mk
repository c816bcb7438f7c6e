# berth-api: the unprivileged half of the daemon; see daemon/api. Its layers are in a library that tests and fuzzers link.
include daemon/store/local.mk
include daemon/model/local.mk

libberthapi_a_SOURCES += \
	daemon/api/addresses.c \
	daemon/api/allowance.c daemon/api/allowance.h \
	daemon/api/api.h \
	daemon/api/audit.c daemon/api/audit.h \
	daemon/api/auth.c daemon/api/auth.h \
	daemon/api/boot.c daemon/api/boot.h \
	daemon/api/callers.c daemon/api/callers.h \
	daemon/api/capacity.c \
	daemon/api/conn.c daemon/api/conn.h \
	daemon/api/containers.c \
	daemon/api/copier.c daemon/api/copier.h \
	daemon/api/follow.c daemon/api/follow.h \
	daemon/api/guard.c daemon/api/guard.h \
	daemon/api/handlers.c daemon/api/handlers.h \
	daemon/api/host.c \
	daemon/api/hooks.c daemon/api/hooks.h \
	daemon/api/http.c daemon/api/http.h \
	daemon/api/idempotency.c daemon/api/idempotency.h \
	daemon/api/isolation.c daemon/api/isolation.h \
	daemon/api/late.c daemon/api/late.h \
	daemon/api/link.c daemon/api/link.h \
	daemon/api/meter.c daemon/api/meter.h \
	daemon/api/metrics.c daemon/api/metrics.h \
	daemon/api/metrics_text.c daemon/api/metrics_text.h \
	daemon/api/operations.c \
	daemon/api/parts.c \
	daemon/api/queue.c daemon/api/queue.h \
	daemon/api/receive.c \
	daemon/api/recovery.c daemon/api/recovery.h \
	daemon/api/reply.c daemon/api/reply.h \
	daemon/api/request.c daemon/api/request.h \
	daemon/api/route.c daemon/api/route.h \
	daemon/api/sandbox.c daemon/api/sandbox.h \
	daemon/api/show.c daemon/api/show.h \
	daemon/api/tables.c \
	daemon/api/templates.c \
	daemon/api/turns.c daemon/api/turns.h \
	daemon/api/usage.c

pkglibexec_PROGRAMS += berth-api
berth_api_SOURCES = daemon/api/api.c
berth_api_LDADD = $(BERTH_API_LIBS)
berth_api_CFLAGS = $(libberthapi_a_CFLAGS)
