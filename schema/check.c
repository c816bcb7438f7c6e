#include "schema/check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/utf8.h"

static bool
check_is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool
check_is_uuid(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != sizeof shape - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
			return false;
	return true;
}

const char *
check_uuid(const char *text)
{
	return check_is_uuid(text) ? NULL : "must be a UUID in lower case, such as 6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11";
}

const char *
check_name(const char *text)
{
	static const char why[] =
	        "must be a DNS label: 1 to 40 of a-z, 0-9 and '-', beginning with a letter and not ending with '-'";
	size_t len = strlen(text);

	if (len < 1 || len > 40 || !(text[0] >= 'a' && text[0] <= 'z') || text[len - 1] == '-')
		return why;
	for (size_t i = 0; i < len; i++)
		if (!check_is_label_char(text[i]))
			return why;
	return check_is_uuid(text) ? "must not look like a UUID" : NULL;
}

const char *
check_hostname(const char *text)
{
	static const char why[] = "must be a host name: labels of a-z, A-Z, 0-9 and '-', joined by dots, at most 64 characters";
	size_t len = strlen(text), label = 0;

	if (len < 1 || len > 64)
		return why;
	for (size_t i = 0; i <= len; i++) {
		char c = text[i];

		if (c == '.' || c == '\0') {
			if (label == 0 || label > 63 || text[i - 1] == '-' || text[i - label] == '-')
				return why;
			label = 0;
		} else if (check_is_label_char((char)tolower((unsigned char)c))) {
			label++;
		} else {
			return why;
		}
	}
	return NULL;
}

const char *
check_template_name(const char *text)
{
	return check_name(text) ? "must be a template's name: 1 to 40 of a-z, 0-9 and '-', beginning with a letter" : NULL;
}

const char *
check_template_version(const char *text)
{
	size_t len = strlen(text);

	if (len < 1 || len > 32 || text[0] == '.' || text[0] == '-')
		return "must be 1 to 32 of a-z, 0-9, '.' and '-', beginning with a letter or digit";
	for (size_t i = 0; i < len; i++)
		if (!check_is_label_char(text[i]) && text[i] != '.')
			return "must be 1 to 32 of a-z, 0-9, '.' and '-', beginning with a letter or digit";
	return NULL;
}

const char *
check_template(const char *text)
{
	const char *at = strchr(text, '@');
	char name[64];
	size_t len = at ? (size_t)(at - text) : strlen(text);

	if (len >= sizeof name)
		return "must be NAME or NAME@VERSION";
	memcpy(name, text, len);
	name[len] = '\0';
	if (check_template_name(name) || (at && check_template_version(at + 1)))
		return "must be NAME or NAME@VERSION, such as busybox or debian-12@20261101.1";
	return NULL;
}

const char *
check_plan(const char *text)
{
	return check_template(text) ? "must be a plan's NAME or NAME@VERSION" : NULL;
}

const char *
check_label(const char *text)
{
	static const char why[] = "must be KEY=VALUE: a key of 1 to 63 of a-z, 0-9 and '-._/', a value of at most 200 characters";
	const char *eq = strchr(text, '=');
	size_t len = eq ? (size_t)(eq - text) : 0;

	if (len < 1 || len > 63 || strlen(eq + 1) > 200 || check_line(eq + 1))
		return why;
	for (size_t i = 0; i < len; i++)
		if (!check_is_label_char(text[i]) && !strchr("._/", text[i]))
			return why;
	return NULL;
}

static bool
check_is_unicast4(const struct in_addr *a)
{
	uint32_t host = ntohl(a->s_addr);

	/* Not 0/8, loopback, link-local (metadata), multicast or reserved: RFC 6890. */
	return host >> 24 != 0 && host >> 24 != 127 && host >> 16 != 0xa9fe && host >> 28 < 0xe;
}

static bool
check_is_unicast6(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) && !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_LINKLOCAL(a) &&
	       !IN6_IS_ADDR_V4MAPPED(a) && !IN6_IS_ADDR_V4COMPAT(a);
}

const char *
check_address(const char *text)
{
	struct in6_addr a6;
	struct in_addr a4;

	if (inet_pton(AF_INET, text, &a4) == 1)
		return check_is_unicast4(&a4) ? NULL : "must be a unicast address, neither loopback nor link-local";
	if (inet_pton(AF_INET6, text, &a6) == 1)
		return check_is_unicast6(&a6) ? NULL : "must be a unicast address, neither loopback nor link-local";
	return "must be an IPv4 or IPv6 address";
}

const char *
check_held(const char *text)
{
	char base[64];
	size_t len = strcspn(text, "/");

	if (!text[len])
		return check_address(text);
	if (len >= sizeof base || check_prefix(text) || !memchr(text, ':', len))
		return "must be an address or an IPv6 prefix";
	memcpy(base, text, len);
	base[len] = '\0';
	return check_address(base) ? "must be an address or an IPv6 prefix of unicast addresses" : NULL;
}

const char *
check_address_or_auto(const char *text)
{
	/* A name has neither a dot nor a colon: auto, auto4 and auto6 look like one as well. */
	return check_name(text) && check_held(text)
	               ? "must be an IPv4 or IPv6 unicast address, an IPv6 prefix, auto, auto4, auto6, or a pool's name"
	               : NULL;
}

const char *
check_traffic_action(const char *text)
{
	static const char *const actions[] = { "event", "throttle", "suspend" };

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(text, actions[i]) == 0)
			return NULL;
	return "must be event, throttle or suspend";
}

const char *
check_prefix(const char *text)
{
	static const char why[] = "must be ADDRESS/LENGTH, such as 10.77.0.0/16";
	const char *slash = strchr(text, '/');
	unsigned char bytes[16];
	char address[64], *end;
	size_t len = slash ? (size_t)(slash - text) : 0;
	unsigned long bits;
	int family;

	if (!slash || len >= sizeof address || !isdigit((unsigned char)slash[1]))
		return why;
	memcpy(address, text, len);
	address[len] = '\0';
	family = strchr(address, ':') ? AF_INET6 : AF_INET;
	bits = strtoul(slash + 1, &end, 10);
	if (inet_pton(family, address, bytes) != 1 || *end || bits > (family == AF_INET ? 32 : 128))
		return why;
	return NULL;
}

const char *
check_line(const char *text)
{
	size_t len;

	for (; *text; text += len) {
		len = utf8_character(text);
		if (len == 0)
			return "must be UTF-8";
		if (utf8_is_control(text, len))
			return "must not hold control characters, line breaks or marks of writing direction";
	}
	return NULL;
}

const char *
check_ssh_key(const char *text)
{
	static const char *const kinds[] = { "ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-" };

	if (check_line(text))
		return check_line(text);
	if (strlen(text) > 8192)
		return "is longer than 8192 bytes";
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(text, kinds[i], strlen(kinds[i])) == 0 && strchr(text, ' '))
			return NULL;
	return "must be a public key line, such as 'ssh-ed25519 AAAA… name'";
}

const char *
check_password(const char *text)
{
	if (!*text)
		return "must not be empty";
	return check_line(text);
}

const char *
check_env(const char *text)
{
	const char *eq = strchr(text, '=');

	if (!eq || eq == text)
		return "must be KEY=VALUE";
	for (const char *c = text; c < eq; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return "must be KEY=VALUE, the key of letters, digits and '_'";
	return NULL;
}

const char *
check_user(const char *text)
{
	static const char why[] = "must be a user name, or a decimal uid from 0 to 65535 without sign or leading zero";
	size_t len = strlen(text);

	if (len < 1 || len > 32)
		return why;
	if (isdigit((unsigned char)text[0])) {
		if (len > 5 || strspn(text, "0123456789") != len || (text[0] == '0' && len > 1) || strtol(text, NULL, 10) > 65535)
			return why;
		return NULL;
	}
	if (!islower((unsigned char)text[0]) && text[0] != '_')
		return why;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("_-.", text[i]))
			return why;
	return NULL;
}

const char *
check_instance(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] < 'a' || text[i] > 'z')
			return "must be 1 to 6 letters a-z";
	return len >= 1 && len <= 6 ? NULL : "must be 1 to 6 letters a-z";
}
