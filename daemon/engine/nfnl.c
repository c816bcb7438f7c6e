#include "daemon/engine/nfnl.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/nfnl_message.h"
#include "daemon/util/fd.h"

/* The kernel fills whole buffers of this size in a dump. A transaction is one datagram, whatever its size. */
enum { NFNL_RECEIVE = 32 * 1024, NFNL_BUFFER = 4 << 20 };

int
nfnl_open(int *fd_out, struct err *e)
{
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int size = NFNL_BUFFER;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
		return err_sys(e, "open the packet filter");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	*fd_out = take_fd(&fd);
	return 0;
}

int
nfnl_get(int *fd_out, struct err *e)
{
	static int fd = -1;

	if (fd < 0 && nfnl_open(&fd, e) < 0)
		return -1;
	*fd_out = fd;
	return 0;
}

void
nfnl_batch_clear(struct nfnl_batch *b)
{
	buf_clear(&b->out);
	b->seq = 0;
	b->last = 0;
}

size_t
nfnl_batch_add(struct nfnl_batch *b, const struct nfnl_table *table, uint16_t type, uint16_t flags)
{
	if (b->seq == 0)
		nfnl_end(&b->out, nfnl_begin(&b->out, NFNL_MSG_BATCH_BEGIN, 0, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	b->last = nfnl_begin(&b->out, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, ++b->seq, table->family, 0);
	return b->last;
}

/* Calls take() for each message of one datagram; 1: the answer goes on, 0: it has ended, -1 with errno. */
static int
nfnl_receive(int fd, int flags, nfnl_take *take, void *arg)
{
	/* Netlink's messages are aligned to 4, and the kernel writes whole ones. */
	static char data[NFNL_RECEIVE] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t n;
	int rc = 1;

	do
		n = recv(fd, data, sizeof data, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	for (const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)data; rc == 1 && NLMSG_OK(m, n);
	     m = nfnl_next(m, &n))
		rc = take(m, arg);
	return rc;
}

struct nfnl_answers {
	uint32_t last; /* the message that is answered also where nothing is wrong with it */
	bool complete;
	int error; /* the first */
};

static int
nfnl_take_ack(const struct nlmsghdr *m, void *arg)
{
	struct nfnl_answers *answers = arg;
	int error;

	if (m->nlmsg_type != NLMSG_ERROR)
		return 1;
	error = nfnl_error_of(m);
	if (error && !answers->error)
		answers->error = error;
	/* What isn't about one of ours is about the whole. */
	if (m->nlmsg_seq == 0 || m->nlmsg_seq == answers->last)
		answers->complete = true;
	return 1;
}

static void
nfnl_ask_answer(struct nfnl_batch *b)
{
	struct nlmsghdr header;

	if (b->out.failed)
		return;
	memcpy(&header, b->out.data + b->last, sizeof header);
	header.nlmsg_flags |= NLM_F_ACK;
	memcpy(b->out.data + b->last, &header, sizeof header);
}

/*
 * The kernel has answered by the time that send() returns: what there is is all. Of very many errors some don't fit, which is told
 * once, and first; none may be left behind for the next one who asks. An errno, 0: done.
 */
static int
nfnl_take_answers(int fd, uint32_t last)
{
	struct nfnl_answers answers = { .last = last };
	bool lost = false;
	int rc;

	do {
		rc = nfnl_receive(fd, MSG_DONTWAIT, nfnl_take_ack, &answers);
		lost |= rc < 0 && errno == ENOBUFS;
	} while (rc == 1 || (rc < 0 && errno == ENOBUFS));
	if (answers.error)
		return answers.error;
	if (lost)
		return ENOBUFS;
	return answers.complete ? 0 : errno == EAGAIN ? EPROTO : errno;
}

int
nfnl_send(int fd, struct nfnl_batch *b, struct err *e)
{
	size_t whole = b->out.len;
	int size;
	ssize_t n;

	if (b->seq == 0)
		return 0;
	nfnl_ask_answer(b);
	nfnl_end(&b->out, nfnl_begin(&b->out, NFNL_MSG_BATCH_END, 0, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	if (b->out.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	size = (int)b->out.len;
	if (size > NFNL_BUFFER)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	n = send(fd, b->out.data, b->out.len, 0);
	b->out.len = whole;
	if (n < 0)
		return err_sys(e, "change the packet filter");
	errno = nfnl_take_answers(fd, b->seq);
	return errno ? err_sys(e, "change the packet filter") : 0;
}

int
nfnl_run(struct nfnl_batch *b, struct err *e)
{
	int fd;

	if (b->seq == 0)
		return 0;
	return nfnl_get(&fd, e) < 0 ? -1 : nfnl_send(fd, b, e);
}

int
nfnl_commit(int fd, struct nfnl_batch *b, struct err *e)
{
	int rc = nfnl_send(fd, b, e), error = errno;

	nfnl_batch_clear(b);
	errno = error;
	return rc;
}

int
nfnl_ask(int fd, const struct buf *question, nfnl_take *take, void *arg)
{
	int rc = 1;

	if (question->failed) {
		errno = ENOMEM;
		return -1;
	}
	if (send(fd, question->data, question->len, 0) < 0)
		return -1;
	while (rc == 1)
		rc = nfnl_receive(fd, 0, take, arg);
	return rc;
}
