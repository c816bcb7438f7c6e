/* One message to or from the packet filter, put together and taken apart. For nfnl*.c alone. */
#ifndef BERTH_NFNL_MESSAGE_H
#define BERTH_NFNL_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/util/buf.h"

struct nlattr;
struct nlmsghdr;

/* Where the message begins, for the end. */
size_t nfnl_begin(struct buf *out, uint16_t type, uint16_t flags, uint32_t seq, uint8_t family, uint16_t resource);
void nfnl_end(struct buf *out, size_t at);

void nfnl_put(struct buf *out, uint16_t type, const void *data, size_t len);
void nfnl_put_text(struct buf *out, uint16_t type, const char *text);
/* In network order. */
void nfnl_put_u16(struct buf *out, uint16_t type, uint16_t value);
void nfnl_put_u32(struct buf *out, uint16_t type, uint32_t value);
void nfnl_put_u64(struct buf *out, uint16_t type, uint64_t value);
size_t nfnl_nest(struct buf *out, uint16_t type);
void nfnl_close(struct buf *out, size_t at);

/* What the message is about, after the packet filter's own header. */
const void *nfnl_data(const struct nlmsghdr *m);
const struct nlmsghdr *nfnl_next(const struct nlmsghdr *m, ssize_t *left);
/* Of a message of type NLMSG_ERROR: an errno, 0 where it says that all is well. */
int nfnl_error_of(const struct nlmsghdr *m);

/* Sorts attributes by their type: of a message, of a nest. */
void nfnl_sort_message(const struct nlmsghdr *m, const struct nlattr **out, size_t n);
void nfnl_sort_nest(const struct nlattr *nest, const struct nlattr **out, size_t n);
/* A nest's attributes in turn; NULL: there is no other. */
const struct nlattr *nfnl_first(const struct nlattr *nest);
const struct nlattr *nfnl_after(const struct nlattr *nest, const struct nlattr *a);
const char *nfnl_value(const struct nlattr *a);
const char *nfnl_attr_end(const struct nlattr *a);
/* NULL: it is absent, or none. */
const char *nfnl_text(const struct nlattr *a);
uint64_t nfnl_u64(const struct nlattr *a);

#endif
