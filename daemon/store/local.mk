# The only SQLite user, and the rules above it. The migrations are embedded: a string each, in the order of their numbers.
noinst_LIBRARIES += libberthapi.a
libberthapi_a_SOURCES = \
	daemon/store/address.c \
	daemon/store/allowance.c \
	daemon/store/answer.c \
	daemon/store/audit.c \
	daemon/store/container.c \
	daemon/store/copy.c \
	daemon/store/event.c \
	daemon/store/holding.c \
	daemon/store/host.c \
	daemon/store/metrics.c \
	daemon/store/migrate.c \
	daemon/store/network.c \
	daemon/store/operation.c \
	daemon/store/row.c daemon/store/row.h \
	daemon/store/sql.c daemon/store/sql.h \
	daemon/store/table.c \
	daemon/store/token.c \
	daemon/store/store.c daemon/store/store.h \
	daemon/store/template.c \
	daemon/store/tenant.c \
	daemon/store/webhook.c \
	daemon/store/usage.c
nodist_libberthapi_a_SOURCES = daemon/store/migrations.c
libberthapi_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(JSON_CFLAGS) $(SQLITE_CFLAGS) $(SECCOMP_CFLAGS) $(CAP_CFLAGS) $(SODIUM_CFLAGS)
BERTH_API_LIBS = libberthapi.a libberth.a $(EVENT_LIBS) $(JSON_LIBS) $(SQLITE_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS) $(SODIUM_LIBS) $(HTTP_PARSER_LIBS)

MIGRATIONS = schema/001_init.sql schema/002_boot.sql schema/003_tenants.sql schema/004_queue.sql schema/005_addresses.sql schema/006_answers.sql schema/007_usage.sql schema/008_firewall.sql schema/009_audit.sql schema/010_allowance.sql \
	schema/011_networks.sql schema/012_forwards.sql schema/013_prefixes.sql schema/014_webhooks.sql schema/015_rates.sql schema/016_operations.sql schema/017_uplink.sql \
	schema/018_events.sql \
	schema/019_holdings.sql schema/020_isolation.sql
EXTRA_DIST += $(MIGRATIONS)
CLEANFILES += daemon/store/migrations.c
daemon/store/migrations.c: $(MIGRATIONS) daemon/store/local.mk
	$(AM_V_GEN)$(MKDIR_P) daemon/store && { \
		echo '#include "daemon/store/sql.h"'; \
		echo 'const char *const store_migrations[] = {'; \
		for file in $(MIGRATIONS); do \
			awk '{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); print "\t\"" $$0 "\\n\"" } END { print "\t," }' $(srcdir)/$$file || exit 1; \
		done; \
		echo '	NULL'; \
		echo '};'; \
	} >$@.tmp && mv $@.tmp $@
