/* The engine's protocol from the api's side: decode, then the rules on what a request needs and takes. */
#include "schema/protocol.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf again = { 0 };
	struct err e = { 0 };
	struct msg msg = { 0 };

	if (msg_decode(data, size, &msg, &e) < 0)
		return 0;
	if (msg_info(msg.type)->schema == &request_schema)
		msg_check_request(msg.type, msg.record, &e);
	/* What was accepted can be said again. */
	if (msg_encode(msg.type, msg.record, &again, &e) < 0 || again.len > size)
		__builtin_trap();
	msg_clear(&msg);
	return 0;
}
