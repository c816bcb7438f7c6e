# The api's layers without root, socket or engine.
if HAVE_CMOCKA
API_UNIT_TESTS = tests/unit/api_store tests/unit/api_model tests/unit/api_metrics tests/unit/api_request tests/unit/api_turns tests/unit/api_meter \
	tests/unit/api_token tests/unit/api_power
check_PROGRAMS += $(API_UNIT_TESTS)
TESTS += $(API_UNIT_TESTS)
tests_unit_api_store_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_store_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
tests_unit_api_model_SOURCES = tests/unit/api_model.c tests/unit/world.h tests/unit/unit.h
tests_unit_api_token_SOURCES = tests/unit/api_token.c tests/unit/world.h tests/unit/unit.h
tests_unit_api_model_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_model_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
tests_unit_api_metrics_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_metrics_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
tests_unit_api_request_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_request_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
tests_unit_api_meter_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_meter_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
tests_unit_api_turns_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_turns_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
tests_unit_api_token_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_token_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
tests_unit_api_power_SOURCES = tests/unit/api_power.c tests/unit/world.h tests/unit/unit.h
tests_unit_api_power_CFLAGS = $(libberthapi_a_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_api_power_LDADD = $(BERTH_API_LIBS) $(CMOCKA_LIBS)
endif
