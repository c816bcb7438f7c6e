#include "daemon/util/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int
address_bits(const struct address *a)
{
	return a->family == AF_INET ? 32 : 128;
}

bool
address_parse(const char *text, struct address *out)
{
	struct address a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(a.family, text, a.bytes) != 1)
		return false;
	*out = a;
	return true;
}

const char *
address_format(const struct address *a, char buf[ADDRESS_TEXT_MAX])
{
	return inet_ntop(a->family, a->bytes, buf, ADDRESS_TEXT_MAX);
}

bool
address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, address_bits(a) / 8) == 0;
}

bool
address_same_text(const char *a, const char *b)
{
	struct address x, y;

	return address_parse(a, &x) && address_parse(b, &y) && address_equal(&x, &y);
}

/* Keeps the first `length` bits. */
static void
address_mask(struct address *a, unsigned int length)
{
	for (unsigned int i = 0; i < address_bits(a) / 8; i++) {
		unsigned int keep = length > i * 8 ? length - i * 8 : 0;

		a->bytes[i] &= keep >= 8 ? 0xff : (unsigned char)(0xff00 >> keep);
	}
}

bool
prefix_parse(const char *text, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS_TEXT_MAX], *end;
	struct prefix p = { 0 };
	unsigned long length;

	if (!slash || (size_t)(slash - text) >= sizeof address || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	length = strtoul(slash + 1, &end, 10);
	if (*end || !address_parse(address, &p.base) || length > address_bits(&p.base))
		return false;
	p.length = (unsigned int)length;
	address_mask(&p.base, p.length);
	*out = p;
	return true;
}

bool
prefix_contains(const struct prefix *p, const struct address *a)
{
	struct address masked = *a;

	if (a->family != p->base.family)
		return false;
	address_mask(&masked, p->length);
	return address_equal(&masked, &p->base);
}

bool
prefix_range(const char *text, struct address *first_out, struct address *last_out)
{
	struct prefix p;

	if (!prefix_parse(text, &p))
		return false;
	*first_out = *last_out = p.base;
	for (unsigned int bit = p.length; bit < address_bits(&p.base); bit++)
		last_out->bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	return true;
}

bool
address_parse_held(const char *text, struct prefix *out)
{
	struct prefix p;
	char base[ADDRESS_TEXT_MAX];
	const char *slash = strchr(text, '/');

	if (!slash) {
		if (!address_parse(text, &p.base))
			return false;
		p.length = address_bits(&p.base);
		*out = p;
		return true;
	}
	if (!prefix_parse(text, &p) || (size_t)(slash - text) >= sizeof base)
		return false;
	memcpy(base, text, (size_t)(slash - text));
	base[slash - text] = '\0';
	*out = p;
	return address_parse(base, &out->base) && address_equal(&out->base, &p.base);
}

const char *
prefix_format_held(const struct prefix *p, char buf[HELD_TEXT_MAX])
{
	char text[ADDRESS_TEXT_MAX];

	if (p->length == address_bits(&p->base))
		return address_format(&p->base, buf);
	snprintf(buf, HELD_TEXT_MAX, "%s/%u", address_format(&p->base, text), p->length);
	return buf;
}

bool
prefix_nth_part(const struct prefix *p, unsigned int length, uint64_t n, struct address *out)
{
	struct address a = p->base;

	if (length < p->length || (length - p->length < 64 && n >> (length - p->length)))
		return false;
	for (unsigned int bit = length; n > 0 && bit-- > p->length; n >>= 1)
		if (n & 1)
			a.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	*out = a;
	return true;
}

bool
prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, &b->base) || prefix_contains(b, &a->base);
}

uint64_t
prefix_count(const struct prefix *p)
{
	unsigned int bits = address_bits(&p->base) - p->length;

	return bits >= 64 ? UINT64_MAX : (uint64_t)1 << bits;
}

bool
prefix_nth(const struct prefix *p, uint64_t n, struct address *out)
{
	struct address a = p->base;

	if (n >= prefix_count(p))
		return false;
	for (unsigned int i = address_bits(&a) / 8; n > 0 && i-- > 0; n >>= 8)
		a.bytes[i] |= (unsigned char)(n & 0xff);
	*out = a;
	return true;
}

bool
prefix_is_reserved(const struct prefix *p, const struct address *a)
{
	unsigned int bits = address_bits(a);
	struct address last;

	if (a->family != p->base.family || p->length + 1 >= bits)
		return false;
	if (address_equal(a, &p->base))
		return true;
	return a->family == AF_INET && prefix_nth(p, prefix_count(p) - 1, &last) && address_equal(a, &last);
}
