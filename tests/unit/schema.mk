# util and schema: what every program links.
if HAVE_CMOCKA
SCHEMA_UNIT_TESTS = tests/unit/util tests/unit/files tests/unit/text tests/unit/json tests/unit/wire tests/unit/protocol \
	tests/unit/ops tests/unit/settings tests/unit/doctor tests/unit/hook_address tests/unit/project \
	tests/unit/rule tests/unit/nfnl tests/unit/disk
check_PROGRAMS += $(SCHEMA_UNIT_TESTS)
TESTS += $(SCHEMA_UNIT_TESTS)
SCHEMA_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JSON_CFLAGS)
SCHEMA_TEST_LIBS = libberth.a $(CMOCKA_LIBS) $(JSON_LIBS)
RECORDS = tests/unit/records.c tests/unit/records.h tests/unit/unit.h tests/lib/field_text.c tests/lib/field_text.h
tests_unit_util_SOURCES = tests/unit/util.c tests/unit/unit.h
tests_unit_util_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_util_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_files_SOURCES = tests/unit/files.c tests/unit/unit.h
tests_unit_files_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_files_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_text_SOURCES = tests/unit/text.c $(RECORDS)
tests_unit_text_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_text_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_json_SOURCES = tests/unit/json.c $(RECORDS)
tests_unit_json_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_json_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_wire_SOURCES = tests/unit/wire.c $(RECORDS)
tests_unit_wire_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_wire_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_protocol_SOURCES = tests/unit/protocol.c $(RECORDS)
tests_unit_protocol_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_protocol_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_ops_SOURCES = tests/unit/ops.c tests/unit/unit.h
tests_unit_ops_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_ops_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_settings_SOURCES = tests/unit/settings.c $(RECORDS)
tests_unit_settings_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_settings_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_hook_address_SOURCES = tests/unit/hook_address.c tests/unit/unit.h daemon/engine/hook_address.c
tests_unit_hook_address_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_hook_address_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_doctor_SOURCES = tests/unit/doctor.c tests/unit/unit.h daemon/engine/doctor_kernel.c
tests_unit_doctor_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_doctor_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_rule_SOURCES = tests/unit/rule.c tests/unit/unit.h
tests_unit_rule_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_rule_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_nfnl_SOURCES = tests/unit/nfnl.c tests/unit/unit.h $(NFNL)
tests_unit_nfnl_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_nfnl_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_disk_SOURCES = tests/unit/disk.c tests/unit/unit.h daemon/engine/registry_file.c
tests_unit_disk_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_disk_LDADD = $(SCHEMA_TEST_LIBS)
tests_unit_project_SOURCES = tests/unit/project.c tests/unit/unit.h daemon/engine/project.c
tests_unit_project_CFLAGS = $(SCHEMA_TEST_CFLAGS)
tests_unit_project_LDADD = $(SCHEMA_TEST_LIBS)
endif
