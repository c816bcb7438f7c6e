# What a hostile root runs inside: static; guest at addresses below 4 GB for the kernel's 32-bit entry.
check_PROGRAMS += tests/hostile/flood tests/hostile/guest tests/hostile/watch
tests_hostile_guest_SOURCES = tests/hostile/guest.c
tests_hostile_guest_CFLAGS = -std=gnu17 -O1 -fno-pie
tests_hostile_guest_LDFLAGS = -static
tests_hostile_watch_SOURCES = tests/hostile/watch.c
tests_hostile_watch_CFLAGS = -std=gnu17 -O1 -fno-pie
tests_hostile_watch_LDFLAGS = -static
tests_hostile_flood_SOURCES = tests/hostile/flood.c
tests_hostile_flood_CFLAGS = -std=gnu17 -O1 -fno-pie
tests_hostile_flood_LDFLAGS = -static
