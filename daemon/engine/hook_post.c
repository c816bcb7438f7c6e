#include "daemon/engine/hook_post.h"

#include <curl/curl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/engine/hook_address.h"

enum { HOOK_OWN_MAX = 1024, HOOK_PINNED_MAX = 8 };

struct post {
	const struct settings *settings;
	const struct hook *hook;
	struct hook_result *result;
	struct address own[HOOK_OWN_MAX];
	size_t nown;
	char *host, *port, *scheme;
	struct curl_slist *pinned, *headers;
	size_t answered; /* bytes of head and body */
};

static bool post_fail(struct post *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first reason is the one. */
static bool
post_fail(struct post *p, const char *fmt, ...)
{
	va_list ap;

	if (p->result->error[0])
		return false;
	va_start(ap, fmt);
	vsnprintf(p->result->error, sizeof p->result->error, fmt, ap);
	va_end(ap);
	for (char *c = p->result->error; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return false;
}

static bool
post_address(const struct sockaddr *sa, struct address *out)
{
	*out = (struct address){ .family = sa->sa_family };
	if (sa->sa_family == AF_INET)
		memcpy(out->bytes, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
	else if (sa->sa_family == AF_INET6)
		memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	return sa->sa_family == AF_INET || sa->sa_family == AF_INET6;
}

/* As they are now. One that can't be read refuses all: nobody would know what is the host's. */
static bool
post_read_own(struct post *p)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return post_fail(p, "the host's addresses can't be read");
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (i->ifa_addr && p->nown < HOOK_OWN_MAX && post_address(i->ifa_addr, &p->own[p->nown]))
			p->nown++;
	freeifaddrs(all);
	return p->nown < HOOK_OWN_MAX || post_fail(p, "the host has too many addresses");
}

static bool
post_allows(struct post *p, const struct sockaddr *sa)
{
	char text[ADDRESS_TEXT_MAX];
	struct address address;
	const char *why;

	if (!post_address(sa, &address))
		return false;
	why = hook_address_refuse(p->settings, p->hook->host, p->own, p->nown, &address);
	return !why || post_fail(p, "%s %s: webhooks don't go there", address_format(&address, text), why);
}

static bool
post_split(struct post *p)
{
	CURLU *url = curl_url();
	bool ok = url && curl_url_set(url, CURLUPART_URL, p->hook->url, 0) == CURLUE_OK &&
	          curl_url_get(url, CURLUPART_SCHEME, &p->scheme, 0) == CURLUE_OK &&
	          curl_url_get(url, CURLUPART_HOST, &p->host, 0) == CURLUE_OK &&
	          curl_url_get(url, CURLUPART_PORT, &p->port, CURLU_DEFAULT_PORT) == CURLUE_OK;
	size_t len;

	curl_url_cleanup(url);
	if (!ok)
		return post_fail(p, "the URL can't be read");
	len = strlen(p->host);
	/* [::1] → ::1 */
	if (p->host[0] == '[' && p->host[len - 1] == ']') {
		memmove(p->host, p->host + 1, len - 2);
		p->host[len - 2] = '\0';
	}
	if (strcmp(p->scheme, "https") == 0 || (p->settings->hook_http && strcmp(p->scheme, "http") == 0))
		return true;
	return post_fail(p, "%s isn't allowed here", p->scheme);
}

/* All that a name means must be allowed: else it could mean one thing now and another in a moment. */
static bool
post_pin(struct post *p, const struct addrinfo *found)
{
	AUTO_BUF struct buf line = { 0 };
	size_t n = 0;

	buf_addf(&line, "%s:%s:", p->host, p->port);
	for (const struct addrinfo *i = found; i && n < HOOK_PINNED_MAX; i = i->ai_next) {
		char text[ADDRESS_TEXT_MAX];
		struct address address;

		if (!post_address(i->ai_addr, &address))
			continue;
		if (!post_allows(p, i->ai_addr))
			return false;
		buf_addf(&line, address.family == AF_INET6 ? "%s[%s]" : "%s%s", n > 0 ? "," : "", address_format(&address, text));
		n++;
	}
	if (n == 0)
		return post_fail(p, "%s has no address", p->host);
	p->pinned = line.failed ? NULL : curl_slist_append(NULL, line.data);
	return p->pinned || post_fail(p, "out of memory");
}

static bool
post_resolve(struct post *p)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC };
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(p->host, p->port, &hints, &found);
	bool ok;

	if (rc != 0)
		return post_fail(p, "%s: %s", p->host, gai_strerror(rc));
	ok = post_pin(p, found);
	freeaddrinfo(found);
	return ok;
}

/* The last word: whatever libcurl made of the name, here is where it goes. */
static curl_socket_t
post_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct post *p = arg;

	if (!post_allows(p, &address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What is answered isn't read, and no more of it taken than this. */
static size_t
post_take(char *data, size_t size, size_t n, void *arg)
{
	struct post *p = arg;

	p->answered += size * n;
	return p->answered > HOOK_ANSWER_MAX ? 0 : size * n;
}

static bool
post_prepare(struct post *p, CURL *curl)
{
	bool ok = true;

	for (size_t i = 0; i < p->hook->headers.n; i++) {
		struct curl_slist *more = curl_slist_append(p->headers, p->hook->headers.v[i]);

		if (!more)
			return post_fail(p, "out of memory");
		p->headers = more;
	}
#define SET(option, value) ok = ok && curl_easy_setopt(curl, option, value) == CURLE_OK
	SET(CURLOPT_URL, p->hook->url);
	SET(CURLOPT_PROTOCOLS_STR, p->scheme);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)HOOK_CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)HOOK_TOTAL_MS);
	SET(CURLOPT_RESOLVE, p->pinned);
	SET(CURLOPT_OPENSOCKETFUNCTION, post_open);
	SET(CURLOPT_OPENSOCKETDATA, p);
	SET(CURLOPT_WRITEFUNCTION, post_take);
	SET(CURLOPT_WRITEDATA, p);
	SET(CURLOPT_HEADERFUNCTION, post_take);
	SET(CURLOPT_HEADERDATA, p);
	SET(CURLOPT_HTTPHEADER, p->headers);
	SET(CURLOPT_POSTFIELDS, p->hook->body);
	SET(CURLOPT_POSTFIELDSIZE, (long)strlen(p->hook->body));
	if (p->settings->hook_ca)
		SET(CURLOPT_CAINFO, p->settings->hook_ca);
#undef SET
	return ok || post_fail(p, "libcurl refuses an option");
}

static void
post_send(struct post *p)
{
	char detail[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode rc;

	if (!curl) {
		post_fail(p, "out of memory");
		return;
	}
	if (post_prepare(p, curl)) {
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
		rc = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		/* Of an answer that is too long the status counts. */
		if (rc != CURLE_OK && !(rc == CURLE_WRITE_ERROR && status >= 200 && p->answered > HOOK_ANSWER_MAX))
			post_fail(p, "%s", detail[0] ? detail : curl_easy_strerror(rc));
		else if (status / 100 == 3)
			post_fail(p, "it answered with %ld: redirects aren't followed", status);
	}
	p->result->status = (int)status;
	curl_easy_cleanup(curl);
}

void
hook_post_setup(void)
{
	struct addrinfo *found = NULL;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	/* Whatever libraries names are resolved by are loaded now. */
	if (getaddrinfo("localhost", "443", NULL, &found) == 0)
		freeaddrinfo(found);
}

void
hook_post(const struct settings *settings, const struct hook *hook, struct hook_result *result_out)
{
	struct post p = { .settings = settings, .hook = hook, .result = result_out };

	*result_out = (struct hook_result){ 0 };
	if (post_read_own(&p) && post_split(&p) && post_resolve(&p))
		post_send(&p);
	curl_slist_free_all(p.pinned);
	curl_slist_free_all(p.headers);
	curl_free(p.scheme);
	curl_free(p.host);
	curl_free(p.port);
}
