# Unit, integration, hostile, crash and fuzz tests; benchmarks.
