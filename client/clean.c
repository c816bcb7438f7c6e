#include "client/clean.h"

#include <stdbool.h>
#include <string.h>

size_t
clean_utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Whether the bytes are one whole character: no overlong form, surrogate or number past Unicode's end. */
static bool
clean_is_character(const unsigned char *c, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if ((c[i] & 0xc0) != 0x80)
			return false;
	if (len == 3 && ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f)))
		return false;
	return !(len == 4 && ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)));
}

/* C1 controls (U+0080 to U+009F), and the marks that turn the direction of writing. */
static bool
clean_is_control(const unsigned char *c, size_t len)
{
	if (len == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (len != 3 || c[0] != 0xe2)
		return false;
	return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
	       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

bool
clean_is_utf8(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t left = strlen(text), len;

	for (; left > 0; c += len, left -= len) {
		len = clean_utf8_length(*c);
		if (len == 0 || len > left || !clean_is_character(c, len))
			return false;
	}
	return true;
}

static void
clean_escape_byte(unsigned char c, struct buf *out)
{
	if (c == '\n')
		buf_add(out, "\\n", 2);
	else if (c == '\t')
		buf_add(out, "\\t", 2);
	else
		buf_addf(out, "\\x%02x", c);
}

void
clean_text(const char *text, struct buf *out)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t left = strlen(text);

	buf_add(out, "", 0);
	while (left > 0) {
		size_t len = clean_utf8_length(*c);

		if (len == 1 && *c >= 0x20 && *c != 0x7f) {
			buf_add(out, c, 1);
		} else if (len > 1 && len <= left && clean_is_character(c, len) && !clean_is_control(c, len)) {
			buf_add(out, c, len);
		} else {
			clean_escape_byte(*c, out);
			len = 1;
		}
		c += len;
		left -= len;
	}
}

static bool
clean_is_colour(const char *csi, size_t len)
{
	if (csi[len - 1] != 'm')
		return false;
	for (size_t i = 2; i + 1 < len; i++)
		if (!strchr("0123456789;:", csi[i]))
			return false;
	return true;
}

static void
clean_log_csi(struct clean_log *s, char c, struct buf *out)
{
	if (s->nheld < sizeof s->held)
		s->held[s->nheld++] = c;
	if (c < 0x40 || c > 0x7e)
		return;
	if (s->nheld < sizeof s->held && clean_is_colour(s->held, s->nheld))
		buf_add(out, s->held, s->nheld);
	s->nheld = 0;
	s->state = CLEAN_GROUND;
}

/* Bytes from 0x80: a character is passed on once it is whole. Returns false when c isn't part of the one begun. */
static bool
clean_log_character(struct clean_log *s, char c, struct buf *out)
{
	unsigned char byte = (unsigned char)c;

	if (s->nheld == 0) {
		s->want = clean_utf8_length(byte);
		if (s->want < 2) {
			buf_add(out, "?", 1);
			return true;
		}
	} else if ((byte & 0xc0) != 0x80) {
		s->nheld = 0;
		buf_add(out, "?", 1);
		return false;
	}
	s->held[s->nheld++] = c;
	if (s->nheld < s->want)
		return true;
	if (!clean_is_character((unsigned char *)s->held, s->want))
		buf_add(out, "?", 1);
	else if (!clean_is_control((unsigned char *)s->held, s->want))
		buf_add(out, s->held, s->want);
	s->nheld = 0;
	return true;
}

static void
clean_log_ground(struct clean_log *s, char c, struct buf *out)
{
	if ((s->nheld > 0 || (unsigned char)c >= 0x80) && clean_log_character(s, c, out))
		return;
	if ((unsigned char)c >= 0x80) {
		clean_log_character(s, c, out);
	} else if (c == '\033') {
		s->state = CLEAN_ESCAPE;
	} else if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f)) {
		buf_add(out, &c, 1);
	}
}

static void
clean_log_escape(struct clean_log *s, char c)
{
	s->state = CLEAN_GROUND;
	if (c == '[') {
		memcpy(s->held, "\033[", 2);
		s->nheld = 2;
		s->state = CLEAN_CSI;
	} else if (strchr("]PX^_", c) && c) {
		s->state = CLEAN_TEXT;
	} else if (c >= 0x20 && c <= 0x2f) {
		s->state = CLEAN_CHARSET;
	} else if (c == '\033') {
		s->state = CLEAN_ESCAPE;
	}
}

void
clean_log(struct clean_log *s, const char *data, size_t len, struct buf *out)
{
	for (; len > 0; data++, len--) {
		char c = *data;

		/* A line's end also ends what would otherwise swallow the rest of the log. */
		if (c == '\n' && s->state != CLEAN_GROUND) {
			s->state = CLEAN_GROUND;
			s->nheld = 0;
		}
		switch (s->state) {
		case CLEAN_GROUND:
			clean_log_ground(s, c, out);
			break;
		case CLEAN_ESCAPE:
			clean_log_escape(s, c);
			break;
		case CLEAN_CHARSET:
			if (c < 0x20 || c > 0x2f)
				s->state = CLEAN_GROUND;
			break;
		case CLEAN_CSI:
			clean_log_csi(s, c, out);
			break;
		case CLEAN_TEXT:
			s->state = c == '\a' ? CLEAN_GROUND : c == '\033' ? CLEAN_TEXT_ESCAPE : CLEAN_TEXT;
			break;
		case CLEAN_TEXT_ESCAPE:
			s->state = c == '\\' ? CLEAN_GROUND : CLEAN_TEXT;
			break;
		}
	}
}
