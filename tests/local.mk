# Unit, integration, hostile, crash and fuzz tests; benchmarks.
include tests/hostile/local.mk
include tests/bench/floor.mk
include tests/bench/api.mk
include tests/api/local.mk
include tests/unit/api.mk
include tests/unit/schema.mk
include tests/fuzz/local.mk

# What the tests on containers need besides the programs; after `all`, whose own make would else build the same objects beside this one.
check-programs: all
	$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS)
.PHONY: check-programs

check-root: check-programs check-api
	BUILD=$(abs_top_builddir) $(top_srcdir)/tests/run integration
	BUILD=$(abs_top_builddir) $(top_srcdir)/tests/run hostile
	BUILD=$(abs_top_builddir) $(top_srcdir)/tests/run crash
.PHONY: check-root

bench: all
	BUILD=$(abs_top_builddir) $(top_srcdir)/tests/bench/run
.PHONY: bench
