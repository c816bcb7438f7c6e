# Fuzz targets: with libFuzzer where configured so, else fed by `make check` with the inputs made from the tables and their corpus.
FUZZ_TARGETS = tests/fuzz/fuzz_protocol tests/fuzz/fuzz_stream tests/fuzz/fuzz_pump tests/fuzz/fuzz_json tests/fuzz/fuzz_http \
	tests/fuzz/fuzz_token tests/fuzz/fuzz_api tests/fuzz/fuzz_rule
check_PROGRAMS += $(FUZZ_TARGETS) tests/fuzz/write_seeds
SEEDS = tests/fuzz/seeds.c tests/fuzz/seeds.h tests/lib/field_text.c tests/lib/field_text.h
FUZZ_SEEDS = tests/fuzz/fuzz.h $(SEEDS)
if FUZZING
FUZZ_DRIVER =
FUZZ_LINK_FLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_DRIVER = tests/fuzz/replay.c
FUZZ_LINK_FLAGS = $(AM_LDFLAGS)
TESTS += $(FUZZ_TARGETS)
endif
tests_fuzz_fuzz_protocol_SOURCES = tests/fuzz/fuzz_protocol.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_protocol_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_protocol_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_fuzz_stream_SOURCES = tests/fuzz/fuzz_stream.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_stream_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_stream_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_fuzz_pump_SOURCES = tests/fuzz/fuzz_pump.c daemon/engine/stream_pump.c daemon/engine/http_head.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_pump_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_fuzz_fuzz_pump_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_pump_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_json_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_json_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_http_LDADD = $(BERTH_API_LIBS)
tests_fuzz_fuzz_http_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_fuzz_token_SOURCES = tests/fuzz/fuzz_token.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_token_LDADD = $(BERTH_API_LIBS)
tests_fuzz_fuzz_token_CFLAGS = $(libberthapi_a_CFLAGS)
tests_fuzz_fuzz_token_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_fuzz_api_SOURCES = tests/fuzz/fuzz_api.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_api_LDADD = $(BERTH_API_LIBS)
tests_fuzz_fuzz_api_CFLAGS = $(libberthapi_a_CFLAGS)
tests_fuzz_fuzz_api_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_fuzz_rule_SOURCES = tests/fuzz/fuzz_rule.c $(FUZZ_SEEDS) $(FUZZ_DRIVER)
tests_fuzz_fuzz_rule_LDADD = libberth.a $(JSON_LIBS)
tests_fuzz_fuzz_rule_LDFLAGS = $(FUZZ_LINK_FLAGS)
tests_fuzz_write_seeds_SOURCES = tests/fuzz/write_seeds.c $(SEEDS)
tests_fuzz_write_seeds_LDADD = libberth.a $(JSON_LIBS)
EXTRA_DIST += tests/fuzz/corpus
