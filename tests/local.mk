# Unit, integration, hostile, crash and fuzz tests; benchmarks.
include tests/bench/floor.mk
include tests/bench/api.mk
include tests/api/local.mk
include tests/unit/api.mk
