# The api against an engine of make-believe.
check_PROGRAMS += fake-engine
fake_engine_SOURCES = tests/api/fake_engine.c
fake_engine_LDADD = $(BERTH_API_LIBS)
fake_engine_CFLAGS = $(libberthapi_a_CFLAGS)
EXTRA_DIST += tests/api/test_api.py

# As root, for the api drops what it has.
check-api: berth-api fake-engine
	$(srcdir)/tests/api/test_api.py ./fake-engine ./berth-api
.PHONY: check-api
