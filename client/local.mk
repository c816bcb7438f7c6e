# berth, the client. All but main.c is a library, so that tests link it, too.
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES = \
	client/args.c client/args.h \
	client/call.c client/call.h \
	client/choice.c client/choice.h \
	client/clean.c client/clean.h \
	client/client.c client/client.h \
	client/complete.c \
	client/create.c client/create.h \
	client/events.c client/events.h \
	client/follow.c client/follow.h \
	client/help.c \
	client/http.c client/http.h \
	client/lifecycle.c client/lifecycle.h \
	client/list.c \
	client/logs.c \
	client/operation.c client/operation.h \
	client/print.c client/print.h \
	client/problem.c client/problem.h \
	client/pump.c client/pump.h \
	client/query.c \
	client/set.c \
	client/show.c client/show.h \
	client/sse.c client/sse.h \
	client/stream.c client/stream.h \
	client/template.c client/template.h \
	client/terminal.c client/terminal.h \
	client/verbs.c client/verbs.h \
	client/which.c
libclient_a_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(SMARTCOLS_CFLAGS)

bin_PROGRAMS += berth
berth_SOURCES = client/main.c
berth_LDADD = libclient.a libberth.a $(JSON_LIBS) $(SMARTCOLS_LIBS) $(HTTP_PARSER_LIBS)
berth_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
