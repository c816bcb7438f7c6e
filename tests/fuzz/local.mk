# Fuzz targets: with libFuzzer where configured so, else fed with their corpus by `make check`.
FUZZ_TARGETS = tests/fuzz/fuzz_protocol tests/fuzz/fuzz_stream tests/fuzz/fuzz_json tests/fuzz/fuzz_http
check_PROGRAMS += $(FUZZ_TARGETS)
if FUZZING
FUZZ_DRIVER =
FUZZ_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_DRIVER = tests/fuzz/replay.c
FUZZ_LDFLAGS = $(AM_LDFLAGS)
TESTS += $(FUZZ_TARGETS)
endif
tests_fuzz_fuzz_protocol_SOURCES = tests/fuzz/fuzz_protocol.c tests/fuzz/fuzz.h $(FUZZ_DRIVER)
tests_fuzz_fuzz_protocol_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_protocol_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_stream_SOURCES = tests/fuzz/fuzz_stream.c tests/fuzz/fuzz.h $(FUZZ_DRIVER)
tests_fuzz_fuzz_stream_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_stream_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c tests/fuzz/fuzz.h $(FUZZ_DRIVER)
tests_fuzz_fuzz_json_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_json_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/fuzz.h $(FUZZ_DRIVER)
tests_fuzz_fuzz_http_LDADD = $(BERTH_API_LIBS)
tests_fuzz_fuzz_http_LDFLAGS = $(FUZZ_LDFLAGS)
EXTRA_DIST += tests/fuzz/corpus scripts/fuzz scripts/check scripts/check-source tests/run tests/lib tests/integration tests/hostile tests/crash
