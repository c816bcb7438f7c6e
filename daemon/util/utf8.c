#include "daemon/util/utf8.h"

size_t
utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t
utf8_character(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t len = utf8_length(*c);

	/* A NUL is none of these. */
	for (size_t i = 1; i < len; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if (len == 3 && ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f)))
		return 0;
	return len == 4 && ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)) ? 0 : len;
}

bool
utf8_is_control(const char *character, size_t len)
{
	const unsigned char *c = (const unsigned char *)character;

	if (len == 1)
		return c[0] < 0x20 || c[0] == 0x7f;
	if (len == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (len != 3 || c[0] != 0xe2)
		return false;
	return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
	       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

bool
utf8_is_valid(const char *text)
{
	size_t len;

	for (; *text; text += len)
		if ((len = utf8_character(text)) == 0)
			return false;
	return true;
}

void
utf8_repair(char *text)
{
	while (*text) {
		size_t len = utf8_character(text);

		if (len == 0)
			*text = '?';
		text += len ? len : 1;
	}
}
