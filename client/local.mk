# berth, the client. All but main.c is a library, so that tests link it, too.
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES = \
	client/args.c client/args.h \
	client/audit.c \
	client/call.c client/call.h \
	client/capacity.c \
	client/choice.c client/choice.h \
	client/clean.c client/clean.h \
	client/client.c client/client.h \
	client/complete.c \
	client/create.c \
	client/doctor.c \
	client/events.c \
	client/firewall.c \
	client/follow.c client/follow.h \
	client/forward.c \
	client/help.c \
	client/http.c client/http.h \
	client/ip.c \
	client/lifecycle.c \
	client/lines.c client/lines.h \
	client/list.c \
	client/logs.c \
	client/network.c \
	client/operation.c client/operation.h \
	client/plan.c \
	client/plot.c client/plot.h \
	client/print.c client/print.h \
	client/problem.c client/problem.h \
	client/pump.c client/pump.h \
	client/query.c \
	client/readings.c client/readings.h \
	client/recover.c \
	client/set.c \
	client/show.c client/show.h \
	client/sse.c client/sse.h \
	client/stream.c \
	client/table.c client/table.h \
	client/template.c \
	client/tenant.c \
	client/terminal.c client/terminal.h \
	client/token.c \
	client/top.c \
	client/usage.c \
	client/verbs.c client/verbs.def client/verbs.h \
	client/version.c \
	client/webhook.c \
	client/which.c client/which.h
libclient_a_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(SMARTCOLS_CFLAGS)

bin_PROGRAMS += berth
berth_SOURCES = client/main.c
berth_LDADD = libclient.a libberth.a $(JSON_LIBS) $(SMARTCOLS_LIBS) $(HTTP_PARSER_LIBS)
berth_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = client/bash-completion/berth
dist_man_MANS = doc/berth.1 doc/berthd.8 doc/berthd.conf.5
EXTRA_DIST += doc/update-man

if HAVE_CMOCKA
client_tests = tests/unit/client_args tests/unit/client_http tests/unit/client_text
check_PROGRAMS += $(client_tests)
TESTS += $(client_tests)
CLIENT_TEST_LIBS = libclient.a libberth.a $(CMOCKA_LIBS) $(JSON_LIBS) $(SMARTCOLS_LIBS) $(HTTP_PARSER_LIBS)
CLIENT_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JSON_CFLAGS)
tests_unit_client_args_SOURCES = tests/unit/client_args.c
tests_unit_client_args_LDADD = $(CLIENT_TEST_LIBS)
tests_unit_client_args_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_unit_client_http_SOURCES = tests/unit/client_http.c
tests_unit_client_http_LDADD = $(CLIENT_TEST_LIBS)
tests_unit_client_http_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_unit_client_text_SOURCES = tests/unit/client_text.c
tests_unit_client_text_LDADD = $(CLIENT_TEST_LIBS)
tests_unit_client_text_CFLAGS = $(CLIENT_TEST_CFLAGS)
endif

# The man pages say what the programs' tables say.
TESTS += tests/unit/man tests/unit/reference
EXTRA_DIST += tests/unit/man tests/unit/reference doc/openapi.json
