# util and schema: what every program links.
noinst_LIBRARIES += libberth.a
libberth_a_SOURCES = \
	daemon/util/buf.c daemon/util/buf.h \
	daemon/util/clock.h \
	daemon/util/err.c daemon/util/err.h \
	daemon/util/fault.c daemon/util/fault.def daemon/util/fault.h \
	daemon/util/fd.c daemon/util/fd.h \
	daemon/util/json.c daemon/util/json.h \
	daemon/util/lockdown.c daemon/util/lockdown.h daemon/util/log.c daemon/util/log.h \
	daemon/util/man.c daemon/util/man.h \
	daemon/util/prefix.c daemon/util/prefix.h \
	daemon/util/signals.c daemon/util/signals.h \
	daemon/util/strv.c daemon/util/strv.h \
	daemon/util/utf8.c daemon/util/utf8.h daemon/util/uuid.c daemon/util/uuid.h \
	schema/answer.c schema/answer.h \
	schema/audit.c schema/audit.h \
	schema/capacity.c schema/capacity.h \
	schema/check.c schema/check.h \
	schema/container.c schema/container.h \
	schema/event.c schema/event.def schema/event.h \
	schema/example.c schema/example.h \
	schema/field.c schema/field.h \
	schema/forward.c schema/forward.h \
	schema/json.c \
	schema/ip.c schema/ip.h \
	schema/json_schema.c schema/json_schema.h \
	schema/openapi.c schema/openapi.h \
	schema/network.c schema/network.h \
	schema/ops.c schema/ops.def schema/ops.h \
	schema/operation.c schema/operation.h \
	schema/protocol.c schema/protocol.def schema/protocol.h \
	schema/role.c schema/role.h \
	schema/rule.c schema/rule.h \
	schema/sample.c schema/sample.h \
	schema/settings.c schema/settings.h \
	schema/spec.c schema/spec.h \
	schema/stream.c schema/stream.h \
	schema/tenant.c schema/tenant.h \
	schema/text.c \
	schema/usage.c schema/usage.h \
	schema/webhook.c schema/webhook.h \
	schema/wire.c \
	schema/words.c schema/words.h
libberth_a_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(SECCOMP_CFLAGS) $(CAP_CFLAGS)
