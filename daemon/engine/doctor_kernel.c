/* What a kernel's version says. Stands alone. */
#include "daemon/engine/doctor.h"

#include <stdio.h>
#include <string.h>

bool
doctor_parse_kernel(const char *release, const char *version, struct doctor_kernel *out)
{
	const char *debian = strstr(version, "Debian ");

	*out = (struct doctor_kernel){ 0 };
	/* A release of Debian's names no stable version: 6.1.0-28-amd64 is built from 6.1.119. */
	if (debian && sscanf(debian, "Debian %d.%d.%d", &out->major, &out->minor, &out->patch) == 3)
		return true;
	return sscanf(release, "%d.%d.%d", &out->major, &out->minor, &out->patch) >= 2;
}

/*
 * Holes that root of a user namespace can use, each with the stable releases that closed it (the kernel's CVE announcements).
 * A series that isn't named and is older than `mainline` has the hole.
 */
static const struct {
	const char *text;
	struct doctor_kernel mainline;
	struct doctor_kernel fixed[4];
} doctor_defects[] = {
	{ "CVE-2024-1086, a use after free in nf_tables: root of a container may become root of the host",
	  { 6, 8, 0 },
	  { { 6, 1, 76 }, { 6, 6, 15 }, { 6, 7, 3 } } },
	{ "CVE-2023-0386, overlayfs copies files up with their setuid bit: root of a container may become root of the host",
	  { 6, 2, 0 },
	  { { 6, 1, 9 } } },
};

static int
doctor_compare(const struct doctor_kernel *a, const struct doctor_kernel *b)
{
	if (a->major != b->major)
		return a->major - b->major;
	return a->minor != b->minor ? a->minor - b->minor : a->patch - b->patch;
}

const char *
doctor_known_defect(const struct doctor_kernel *kernel)
{
	for (size_t i = 0; i < sizeof doctor_defects / sizeof *doctor_defects; i++) {
		bool fixed = doctor_compare(kernel, &doctor_defects[i].mainline) >= 0;

		for (const struct doctor_kernel *f = doctor_defects[i].fixed; !fixed && f->major; f++)
			fixed = f->major == kernel->major && f->minor == kernel->minor && kernel->patch >= f->patch;
		if (!fixed)
			return doctor_defects[i].text;
	}
	return NULL;
}
