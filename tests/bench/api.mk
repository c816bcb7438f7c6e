# The api's speed: a load program, and the bare server that it is compared with.
check_PROGRAMS += tests/bench/load tests/bench/bare
tests_bench_load_SOURCES = tests/bench/load.c
tests_bench_bare_SOURCES = tests/bench/bare.c
tests_bench_bare_LDADD = $(EVENT_LIBS) $(HTTP_PARSER_LIBS)
tests_bench_bare_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
