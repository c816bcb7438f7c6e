# The api's speed: a load program, and the bare server that it is compared with.
check_PROGRAMS += tests/bench/load tests/bench/bare
tests_bench_load_SOURCES = tests/bench/load.c
tests_bench_bare_SOURCES = tests/bench/bare.c
tests_bench_bare_LDADD = $(EVENT_LIBS) $(HTTP_PARSER_LIBS)
tests_bench_bare_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)

# What booking usage costs, in time and in bytes.
check_PROGRAMS += tests/bench/usage
tests_bench_usage_SOURCES = tests/bench/usage.c
tests_bench_usage_LDADD = $(BERTH_API_LIBS)
tests_bench_usage_CFLAGS = $(libberthapi_a_CFLAGS)
