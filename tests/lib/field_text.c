#include "tests/lib/field_text.h"

#include <string.h>

/* One of these passes each field's rule. */
static const char *const samples[] = {
	"web",
	"6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11",
	"busybox@1",
	"10.1.2.3",
	"10.1.0.0/16",
	"/var/lib/berth",
	"btrfs",
	"info",
	"KEY=value",
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA test",
	"RTMIN+4",
	"2001:db8::/32",
	"20261101.1-a",
	"key=value",
	"owner",
	"console",
	"running",
	"allow in log",
	"25",
	"hour",
	"tenant",
	"event",
	"private",
	"1 6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11 private 3 - 0 10.1.2.3/24 -",
	"tcp 80",
	"https://example.org/berth",
	"container_create",
	"container.started",
	"tenants",
};

static bool
text_passes(const struct field *f, const char *text)
{
	AUTO_STRV struct strv alone = { 0 };
	char why[256];

	if (f->type == FIELD_STRING && strlen(text) > (size_t)f->max)
		return false;
	if (!f->explain)
		return !f->check || !f->check(text);
	return strv_add(&alone, text) && f->explain(&alone, 0, why, sizeof why);
}

const char *
field_text(const struct field *field)
{
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		if (text_passes(field, samples[i]))
			return samples[i];
	return NULL;
}
