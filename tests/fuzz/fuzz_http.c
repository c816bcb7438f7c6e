/* What a stranger may send on the API's socket: HTTP, route, query and body. */
#include "daemon/api/http.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	http_fuzz(data, size);
	return 0;
}
