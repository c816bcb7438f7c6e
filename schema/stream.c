#include "schema/stream.h"

#include <string.h>

void
frame_header(unsigned char out[FRAME_HEADER], enum frame_type type, size_t len)
{
	memset(out, 0, FRAME_HEADER);
	out[0] = (unsigned char)type;
	for (int i = 0; i < 4; i++)
		out[4 + i] = (unsigned char)(len >> (24 - 8 * i));
}

static int
frame_parse_header(struct frame_reader *r, struct err *e)
{
	const unsigned char *h = r->header;
	size_t len = (size_t)h[4] << 24 | (size_t)h[5] << 16 | (size_t)h[6] << 8 | h[7];

	if (h[0] >= FRAME_TYPE_COUNT || h[1] || h[2] || h[3])
		return err_set(e, ERR_BAD_REQUEST, "stream frame of unknown type %u", h[0]);
	if (len > FRAME_MAX)
		return err_set(e, ERR_TOO_LARGE, "stream frame of %zu bytes is over the limit of %d", len, FRAME_MAX);
	r->type = h[0];
	r->left = len;
	return 0;
}

int
frame_read(struct frame_reader *r, const unsigned char **data, size_t *len, const unsigned char **piece_out, size_t *piece_len_out,
           int *end_out, struct err *e)
{
	if (r->have < FRAME_HEADER) {
		size_t take = FRAME_HEADER - r->have;

		if (take > *len)
			take = *len;
		if (take > 0)
			memcpy(r->header + r->have, *data, take);
		r->have += take;
		*data += take;
		*len -= take;
		if (r->have < FRAME_HEADER)
			return 0;
		if (frame_parse_header(r, e) < 0)
			return -1;
	}
	if (r->left > 0 && *len == 0)
		return 0;
	*piece_out = *data;
	*piece_len_out = r->left < *len ? r->left : *len;
	*data += *piece_len_out;
	*len -= *piece_len_out;
	r->left -= *piece_len_out;
	*end_out = r->left == 0;
	if (*end_out)
		r->have = 0;
	return 1;
}
