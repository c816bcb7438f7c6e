/* The API's reference, OpenAPI 3.1, made from the tables: https://spec.openapis.org/oas/v3.1.0 */
#ifndef BERTH_OPENAPI_H
#define BERTH_OPENAPI_H

#include <stdbool.h>

/* As text, the caller's; indented for people, or not. NULL when out of memory. */
char *openapi_text(bool pretty);

#endif
