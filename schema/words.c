#include "schema/words.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
words_begin(struct words *w, const char *text, char *why, size_t size)
{
	char *save = NULL;

	*w = (struct words){ .why = why, .size = size };
	if (strlen(text) >= sizeof w->text) {
		snprintf(why, size, "is longer than %d characters", RULE_TEXT_MAX - 1);
		return false;
	}
	memcpy(w->text, text, strlen(text) + 1);
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~') {
			snprintf(why, size, "must be words of plain ASCII, parted by spaces");
			return false;
		}
	for (char *word = strtok_r(w->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (w->n == WORDS_MAX) {
			snprintf(why, size, "has more than %d words", WORDS_MAX);
			return false;
		}
		w->v[w->n++] = word;
	}
	return true;
}

const char *
words_peek(const struct words *w)
{
	return w->next < w->n ? w->v[w->next] : NULL;
}

bool
words_refuse(struct words *w, const char *must)
{
	const char *word = words_peek(w);

	if (word)
		snprintf(w->why, w->size, "the word '%.60s' %s", word, must);
	else
		snprintf(w->why, w->size, "a word is missing at the end, which %s", must);
	return false;
}

bool
words_refuse_last(struct words *w, const char *must)
{
	w->next--;
	return words_refuse(w, must);
}

bool
words_skip(struct words *w, const char *word)
{
	const char *next = words_peek(w);

	if (!next || strcmp(next, word) != 0)
		return false;
	w->next++;
	return true;
}

int
words_take_choice(struct words *w, const char *const *choices, size_t n, const char *must)
{
	for (size_t i = 0; i < n; i++)
		if (words_skip(w, choices[i]))
			return (int)i;
	words_refuse(w, must);
	return -1;
}

/* Decimal, without sign or leading zero; 0 when it is none. */
static unsigned long
words_port(const char *text, size_t len)
{
	unsigned long port = 0;

	if (len < 1 || len > 5 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

bool
words_take_ports(struct words *w, struct port_range *out)
{
	const char *word = words_peek(w), *dash = word ? strchr(word, '-') : NULL;
	unsigned long first, last;

	if (!word)
		return words_refuse(w, "must be a port from 1 to 65535, or a range such as 8000-8010");
	first = words_port(word, dash ? (size_t)(dash - word) : strlen(word));
	last = dash ? words_port(dash + 1, strlen(dash + 1)) : first;
	if (first == 0 || last == 0)
		return words_refuse(w, "must be a port from 1 to 65535, or a range such as 8000-8010");
	if (last < first)
		return words_refuse(w, "ends before it begins");
	*out = (struct port_range){ (uint16_t)first, (uint16_t)last };
	w->next++;
	return true;
}

/* The kernel judges such packets as IPv4: a rule for the IPv6 form would never fit. */
static const char *
words_check_address(const struct address *a)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family == AF_INET6 && memcmp(a->bytes, mapped, sizeof mapped) == 0)
		return "is an IPv4 address in IPv6's clothes: write it as IPv4";
	return NULL;
}

bool
words_take_address(struct words *w, struct address *out)
{
	const char *word = words_peek(w), *why;

	if (!word || !address_parse(word, out))
		return words_refuse(w, "must be an IPv4 or IPv6 address");
	why = words_check_address(out);
	if (why)
		return words_refuse(w, why);
	w->next++;
	return true;
}

bool
words_take_prefix(struct words *w, struct prefix *out)
{
	static const char must[] = "must be an address or ADDRESS/LENGTH, such as 203.0.113.0/24";
	const char *word = words_peek(w), *slash = word ? strchr(word, '/') : NULL, *why;
	struct address whole;
	char address[ADDRESS_TEXT_MAX];

	if (!word || (slash && (size_t)(slash - word) >= sizeof address))
		return words_refuse(w, must);
	snprintf(address, sizeof address, "%.*s", slash ? (int)(slash - word) : (int)sizeof address - 1, word);
	if (!slash && strlen(word) >= sizeof address)
		return words_refuse(w, must);
	if (!address_parse(address, &whole))
		return words_refuse(w, must);
	*out = (struct prefix){ whole, whole.family == AF_INET ? 32 : 128 };
	if (slash && (strlen(slash) > 4 || (slash[1] == '0' && slash[2]) || !prefix_parse(word, out)))
		return words_refuse(w, must);
	why = words_check_address(&whole);
	if (why)
		return words_refuse(w, why);
	if (!address_equal(&whole, &out->base))
		return words_refuse(w, "has bits beyond its length: give the network's own address");
	w->next++;
	return true;
}
