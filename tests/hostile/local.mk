# What a hostile root runs inside: static, and at addresses below 4 GB for the kernel's 32-bit entry.
check_PROGRAMS += tests/hostile/guest
tests_hostile_guest_SOURCES = tests/hostile/guest.c
tests_hostile_guest_CFLAGS = -std=gnu17 -O1 -fno-pie
tests_hostile_guest_LDFLAGS = -static -no-pie
