# Unit, integration, hostile, crash and fuzz tests; benchmarks.
include tests/bench/floor.mk
include tests/bench/api.mk
include tests/api/local.mk
include tests/unit/api.mk
include tests/unit/schema.mk
include tests/fuzz/local.mk

check-root: all
	BUILD=$(abs_top_builddir) $(top_srcdir)/tests/run integration
	BUILD=$(abs_top_builddir) $(top_srcdir)/tests/run hostile
	BUILD=$(abs_top_builddir) $(top_srcdir)/tests/run crash
.PHONY: check-root
