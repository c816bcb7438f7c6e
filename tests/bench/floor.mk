# The benchmark's floor, and the init that tells when it began.
check_PROGRAMS += tests/bench/floor tests/bench/tick
tests_bench_floor_SOURCES = tests/bench/floor.c tests/bench/floor_net.c tests/bench/floor.h
tests_bench_floor_CFLAGS = $(AM_CFLAGS) $(NL_CFLAGS) $(NFTABLES_CFLAGS)
tests_bench_floor_LDADD = $(NL_LIBS) $(NFTABLES_LIBS)
tests_bench_tick_SOURCES = tests/bench/tick.c
tests_bench_tick_LDFLAGS = -static
tests_bench_tick_CFLAGS = -std=gnu17 $(WARN_CFLAGS)

# What a container's network is measured with.
check_PROGRAMS += tests/bench/wire
tests_bench_wire_SOURCES = tests/bench/wire.c
