/* Addresses and prefixes as arithmetic: pure functions, no look-ups, nothing of the host. */
#ifndef BERTH_PREFIX_H
#define BERTH_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

struct address {
	int family;              /* AF_INET or AF_INET6 */
	unsigned char bytes[16]; /* network order; IPv4 uses the first 4 */
};

struct prefix {
	struct address base; /* host bits are zero */
	unsigned int length; /* bits */
};

enum { ADDRESS_TEXT_MAX = 46, HELD_TEXT_MAX = ADDRESS_TEXT_MAX + 4 };

bool address_parse(const char *text, struct address *out);
/* The canonical text (RFC 5952 for IPv6). */
const char *address_format(const struct address *a, char buf[ADDRESS_TEXT_MAX]);
bool address_equal(const struct address *a, const struct address *b);
/* An address as a container holds it: 2001:db8::7, or 2001:db8:1::/64, a prefix whose host bits must be zero. */
bool address_parse_held(const char *text, struct prefix *out);
/* Whether both texts are the same address, however written. */
bool address_same_text(const char *a, const char *b);

/* "10.77.0.0/16"; host bits are dropped. */
bool prefix_parse(const char *text, struct prefix *out);
/* Its first and last address; false when the text is no prefix. */
bool prefix_range(const char *text, struct address *first_out, struct address *last_out);
bool prefix_contains(const struct prefix *p, const struct address *a);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* The n-th address of the prefix, 0 being its base; false past its end. */
bool prefix_nth(const struct prefix *p, uint64_t n, struct address *out);
/* The n-th of its parts of that length; false past its end. */
bool prefix_nth_part(const struct prefix *p, unsigned int length, uint64_t n, struct address *out);
/* As a container holds it: without a length where that is an address's. */
const char *prefix_format_held(const struct prefix *p, char buf[HELD_TEXT_MAX]);
/* How many addresses it has, UINT64_MAX where they are more. */
uint64_t prefix_count(const struct prefix *p);
/* IPv4's network and broadcast address of a prefix shorter than 31, IPv6's subnet-router anycast: no container's. */
bool prefix_is_reserved(const struct prefix *p, const struct address *a);

#endif
