#include "client/clean.h"

#include <string.h>

#include "daemon/util/utf8.h"

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
	buf_add(out, "", 0);
	while (*text) {
		size_t len = utf8_character(text);

		if (len > 0 && !utf8_is_control(text, len)) {
			buf_add(out, text, len);
		} else {
			clean_escape_byte((unsigned char)*text, out);
			len = 1;
		}
		text += len;
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
		s->want = utf8_length(byte);
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
	s->held[s->nheld] = '\0';
	if (utf8_character(s->held) == 0)
		buf_add(out, "?", 1);
	else if (!utf8_is_control(s->held, s->want))
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
