#include "daemon/engine/firewall.h"

#include <json-c/json.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/firewall_forward.h"
#include "daemon/engine/firewall_policy.h"
#include "daemon/engine/nic_firewall.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/uplink.h"
#include "daemon/util/buf.h"
#include "daemon/util/log.h"

/*
 * %1$s is the instance. A set of interface names rather than a wildcard: an instance's name may begin another's. The mark is the
 * tenant's number while a packet between containers is judged, and 0 again afterwards. Established is what was let through once.
 *
 * At -300 nothing has been spent on the packet yet. At -150 its connection is known and no address is rewritten: who asks for an
 * address of the host means the host, even where somebody else's rule would send him on to a service.
 */
static const char firewall_rules[] =
        "add table inet %1$s\n"
        "add set inet %1$s veths { type ifname; }\n"
        "add set inet %1$s src4 { type ifname . ipv4_addr; }\n"
        "add set inet %1$s src6 { type ifname . ipv6_addr; }\n"
        "add set inet %1$s source_prefixes { type ifname . ipv6_addr; flags interval; }\n"
        "add map inet %1$s tenant { type ifname : mark; }\n"
        "add map inet %1$s classes { type ifname : classid; }\n"
        "add set inet %1$s peer4 { type mark . ipv4_addr; }\n"
        "add set inet %1$s peer6 { type mark . ipv6_addr; }\n"
        "add set inet %1$s peer_prefixes { type mark . ipv6_addr; flags interval; }\n"
        "add set inet %1$s private4 { type ipv4_addr; flags interval; auto-merge; }\n"
        "add set inet %1$s private6 { type ipv6_addr; flags interval; auto-merge; }\n"
        "add set inet %1$s closed4 { type ipv4_addr; flags interval; auto-merge; }\n"
        "add set inet %1$s closed6 { type ipv6_addr; flags interval; auto-merge; }\n"
        "add counter inet %1$s spoofed\n"
        "add counter inet %1$s refused\n"
        "add chain inet %1$s sender\n"
        "add rule inet %1$s sender iifname . ip saddr @src4 return\n"
        "add rule inet %1$s sender iifname . ip6 saddr @src6 return\n"
        "add rule inet %1$s sender iifname . ip6 saddr @source_prefixes return\n"
        /* Somebody who looks for DHCP or reports multicast groups forges nothing. */
        "add rule inet %1$s sender ip saddr 0.0.0.0 drop\n"
        "add rule inet %1$s sender ip6 saddr { ::, fe80::/10 } icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, "
        "nd-router-solicit, echo-request, echo-reply } return\n"
        "add rule inet %1$s sender ip6 saddr { ::, fe80::/10 } drop\n"
        "add rule inet %1$s sender counter name spoofed drop\n"
        "add chain inet %1$s prerouting { type filter hook prerouting priority -300; }\n"
        "add rule inet %1$s prerouting iifname @veths jump sender\n"
        "add chain inet %1$s to_host\n"
        "add rule inet %1$s to_host icmp type redirect drop\n"
        "add rule inet %1$s to_host ct state established,related accept\n"
        "add rule inet %1$s to_host icmp type echo-request accept\n"
        "add rule inet %1$s to_host icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } "
        "accept\n"
        "add rule inet %1$s to_host counter name refused drop\n"
        "add chain inet %1$s to_address\n"
        "add rule inet %1$s to_address jump forwarded\n"
        "add rule inet %1$s to_address jump to_host\n"
        "add chain inet %1$s addresses { type filter hook prerouting priority -150; }\n"
        "add rule inet %1$s addresses iifname @veths ct state new fib daddr type { local, broadcast, anycast } jump "
        "to_address\n"
        "add chain inet %1$s input { type filter hook input priority -5; }\n"
        "add rule inet %1$s input iifname @veths jump to_host\n"
        "add chain inet %1$s between\n"
        "add rule inet %1$s between meta mark set iifname map @tenant\n"
        "add rule inet %1$s between meta mark . ip daddr @peer4 meta mark set 0 return\n"
        "add rule inet %1$s between meta mark . ip6 daddr @peer6 meta mark set 0 return\n"
        "add rule inet %1$s between meta mark . ip6 daddr @peer_prefixes meta mark set 0 return\n"
        "add rule inet %1$s between counter name refused drop\n"
        "add chain inet %1$s icmp6\n"
        "add rule inet %1$s icmp6 icmpv6 type != { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, "
        "echo-request, echo-reply } counter name refused drop\n"
        "add chain inet %1$s from_container\n"
        "add rule inet %1$s from_container ct state established,related accept\n"
        "add rule inet %1$s from_container ip daddr @closed4 counter name refused drop\n"
        "add rule inet %1$s from_container ip6 daddr @closed6 counter name refused drop\n"
        "add rule inet %1$s from_container meta l4proto ipv6-icmp jump icmp6\n"
        /* Of no connection: nobody would translate it. */
        "add rule inet %1$s from_container ip saddr @private4 ct state invalid drop\n"
        "add rule inet %1$s from_container ip6 saddr @private6 ct state invalid drop\n"
        /* A port of the host that is another container's is open to all, as it is to the internet. */
        "add rule inet %1$s from_container ct status dnat ip daddr . meta l4proto . th dport @forwarded4 return\n"
        "add rule inet %1$s from_container ct status dnat ip6 daddr . meta l4proto . th dport @forwarded6 return\n"
        "add rule inet %1$s from_container ip daddr @private4 jump between\n"
        "add rule inet %1$s from_container ip6 daddr @private6 jump between\n"
        /* What comes from elsewhere, other instances' containers among it; options add the last rule. */
        "add chain inet %1$s outside\n"
        "add chain inet %1$s to_container\n"
        "add rule inet %1$s to_container ct state established,related accept\n"
        "add rule inet %1$s to_container ip saddr @private4 counter name spoofed drop\n"
        "add rule inet %1$s to_container ip6 saddr @private6 counter name spoofed drop\n"
        "add rule inet %1$s to_container meta l4proto ipv6-icmp jump icmp6\n"
        "add rule inet %1$s to_container jump outside\n"
        "add chain inet %1$s forward { type filter hook forward priority -5; }\n"
        "add rule inet %1$s forward iifname @veths jump from_container\n"
        "add rule inet %1$s forward iifname != @veths oifname @veths jump to_container\n"
        "add chain inet %1$s nat { type nat hook postrouting priority 100; }\n"
        "add table arp %1$s\n"
        "add set arp %1$s veths { type ifname; }\n"
        "add set arp %1$s src4 { type ifname . ipv4_addr; }\n"
        "add chain arp %1$s input { type filter hook input priority 0; }\n"
        "add rule arp %1$s input iifname @veths iifname . arp saddr ip != @src4 counter drop\n";

/*
 * Never reachable from a container: "this network", loopback, link-local and with it metadata, multicast that the host might route,
 * reserved. AWS, Google and Alibaba have metadata elsewhere as well.
 */
static const char *const closed4[] = { "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "224.0.0.0/3" };
static const char *const closed6[] = {
	"::/127", "::ffff:0:0/96", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", "fd20:ce::254/128"
};

static bool
firewall_is6(const char *text)
{
	return strchr(text, ':') != NULL;
}

static int
firewall_run(const char *commands, struct err *e)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *message;
	int rc;

	if (!nft)
		return err_set(e, ERR_INTERNAL, "can't open nftables");
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	rc = nft_run_cmd_from_buffer(nft, commands);
	message = rc ? nft_ctx_get_error_buffer(nft) : NULL;
	if (rc)
		err_set(e, ERR_INTERNAL, "nftables: %.200s", message && *message ? message : "the kernel refused the rules");
	nft_ctx_free(nft);
	return rc ? -1 : 0;
}

int
firewall_run_text(const struct buf *commands, struct err *e)
{
	return commands->failed ? err_set(e, ERR_INTERNAL, "out of memory") : firewall_run(commands->data, e);
}

static bool
firewall_exists(const struct settings *s)
{
	char command[64];

	snprintf(command, sizeof command, "list chain inet %s nat", s->instance);
	return firewall_run(command, NULL) == 0;
}

static void
firewall_put_prefix(struct buf *out, const struct settings *s, const char *set, const char *prefix)
{
	buf_addf(out, "add element inet %s %s%c { %s }\n", s->instance, set, firewall_is6(prefix) ? '6' : '4', prefix);
}

/* What the options decide. */
static void
firewall_put_options(struct buf *out, const struct settings *s)
{
	for (size_t i = 0; i < sizeof closed4 / sizeof *closed4; i++)
		firewall_put_prefix(out, s, "closed", closed4[i]);
	for (size_t i = 0; i < sizeof closed6 / sizeof *closed6; i++)
		firewall_put_prefix(out, s, "closed", closed6[i]);
	for (size_t i = 0; i < s->management.n; i++)
		firewall_put_prefix(out, s, "closed", s->management.v[i]);
	firewall_put_prefix(out, s, "private", s->subnet4);
	firewall_put_prefix(out, s, "private", s->subnet6);
	/* Whoever set a priority inside: by the uplink a packet goes in its container's class. */
	if (s->uplink && *s->uplink)
		buf_addf(out,
		         "add chain inet %1$s uplink { type filter hook forward priority 200; }\n"
		         "add rule inet %1$s uplink oifname \"%2$s\" meta priority set iifname map @classes\n",
		         s->instance, s->uplink);
	if (!s->nat)
		return;
	/* A private address behind translation isn't for others; a connection that a rule sent there is. */
	buf_addf(out, "add rule inet %s outside ip daddr @private4 ct status ! dnat counter name refused drop\n", s->instance);
	buf_addf(out, "add rule inet %s outside ip6 daddr @private6 ct status ! dnat counter name refused drop\n", s->instance);
	buf_addf(out, "add rule inet %s nat ip saddr %s oifname != @veths masquerade\n", s->instance, s->subnet4);
	buf_addf(out, "add rule inet %s nat ip6 saddr %s oifname != @veths masquerade\n", s->instance, s->subnet6);
}

/* verb: "add" or "delete". */
static void
firewall_put_address(struct buf *out, const char *verb, const char *t, const struct place *place, const char *ip)
{
	char family = firewall_is6(ip) ? '6' : '4';

	if (strchr(ip, '/')) {
		buf_addf(out, "%s element inet %s source_prefixes { \"%s\" . %s }\n", verb, t, place->veth, ip);
		buf_addf(out, "%s element inet %s peer_prefixes { %lld . %s }\n", verb, t, (long long)place->tenant_number, ip);
		return;
	}
	buf_addf(out, "%s element inet %s src%c { \"%s\" . %s }\n", verb, t, family, place->veth, ip);
	buf_addf(out, "%s element inet %s peer%c { %lld . %s }\n", verb, t, family, (long long)place->tenant_number, ip);
	if (family == '4')
		buf_addf(out, "%s element arp %s src4 { \"%s\" . %s }\n", verb, t, place->veth, ip);
}

static void
firewall_put_veth(struct buf *out, const char *verb, const struct settings *s, const struct place *place)
{
	const char *t = s->instance;
	char class[UPLINK_CLASS_TEXT];

	buf_addf(out, "%s element inet %s veths { \"%s\" }\n", verb, t, place->veth);
	buf_addf(out, "%s element arp %s veths { \"%s\" }\n", verb, t, place->veth);
	buf_addf(out, "%s element inet %s tenant { \"%s\" : %lld }\n", verb, t, place->veth, (long long)place->tenant_number);
	if (uplink_class(s, place, class))
		buf_addf(out, "%s element inet %s classes { \"%s\" : %s }\n", verb, t, place->veth, class);
}

static void
firewall_put_container(struct buf *out, const struct settings *s, const struct place *place, const struct strv *ip)
{
	firewall_put_veth(out, "add", s, place);
	for (size_t i = 0; i < ip->n; i++)
		firewall_put_address(out, "add", s->instance, place, ip->v[i]);
}

struct firewall_restore {
	const struct settings *settings;
	struct buf *out;
};

static int
firewall_restore_one(const struct place *place, void *arg, struct err *e)
{
	const struct firewall_restore *r = arg;

	firewall_put_container(r->out, r->settings, place, &place->ip);
	firewall_policy_put(r->out, r->settings, NULL, place);
	nic_firewall_put_place(r->out, r->settings, place);
	firewall_forward_put(r->out, r->settings->instance, NULL, place);
	return 0;
}

/* Rules and every container's elements in one transaction: there is no moment in which a container goes unchecked. */
int
firewall_make(const struct settings *s, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	struct firewall_restore restore = { s, &out };
	int64_t high = 0;

	/* An earlier half of it, or somebody's own of that name: remade whole. */
	buf_addf(&out, "add table inet %1$s\ndelete table inet %1$s\nadd table arp %1$s\ndelete table arp %1$s\n", s->instance);
	firewall_forward_begin(&out, s->instance);
	buf_addf(&out, firewall_rules, s->instance);
	nic_firewall_put_inet(&out, s);
	firewall_put_options(&out, s);
	firewall_policy_begin(&out, s->instance);
	if (registry_file_scan(s, &high, firewall_restore_one, &restore, e) < 0)
		return -1;
	return firewall_run_text(&out, e);
}

int
firewall_cleanup(const char *instance, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	buf_addf(&out, "add table inet %1$s\ndelete table inet %1$s\nadd table arp %1$s\ndelete table arp %1$s\n", instance);
	return firewall_run_text(&out, e);
}

int
firewall_add(const struct settings *s, const struct place *place, const struct strv *ip, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	firewall_put_container(&out, s, place, ip);
	firewall_policy_put(&out, s, NULL, place);
	firewall_forward_put(&out, s->instance, NULL, place);
	if (firewall_run_text(&out, e) == 0)
		return 0;
	if (firewall_exists(s))
		return -1;
	err_clear(e);
	return firewall_make(s, e) < 0 ? -1 : firewall_run_text(&out, e);
}

/* "delete" of what isn't there would undo the whole transaction: each is added first. */
static void
firewall_drop_address(struct buf *out, const char *t, const struct place *place, const char *ip)
{
	firewall_put_address(out, "add", t, place, ip);
	firewall_put_address(out, "delete", t, place, ip);
}

int
firewall_change(const struct settings *s, const struct place *place, const struct strv *old, const struct strv *ip, bool veth,
                struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	for (size_t i = 0; i < old->n; i++)
		if (!strv_contains(ip, old->v[i]))
			firewall_drop_address(&out, s->instance, place, old->v[i]);
	for (size_t i = 0; i < ip->n; i++)
		firewall_put_address(&out, "add", s->instance, place, ip->v[i]);
	if (veth) {
		firewall_put_veth(&out, "add", s, place);
		firewall_put_veth(&out, "delete", s, place);
		firewall_policy_drop(&out, s->instance, place);
		firewall_forward_drop(&out, s->instance, place);
	}
	if (out.len == 0)
		return 0;
	if (firewall_run_text(&out, e) == 0 || firewall_exists(s))
		return err_is_set(e) ? -1 : 0;
	/* Somebody flushed the ruleset: what is registered comes back; a removed container's elements are gone with it. */
	err_clear(e);
	return firewall_make(s, e) < 0 ? -1 : firewall_run_text(&out, e);
}

int
firewall_set_policy(const struct settings *s, const struct place *old, const struct place *place, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	firewall_policy_put(&out, s, old, place);
	firewall_forward_put(&out, s->instance, old, place);
	if (firewall_run_text(&out, e) == 0)
		return 0;
	if (firewall_exists(s))
		return -1;
	err_clear(e);
	return firewall_make(s, e) < 0 ? -1 : firewall_run_text(&out, e);
}

static const char *
firewall_text(struct json_object *chain, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(chain, key));

	return text ? text : "";
}

/* Whether it drops what is forwarded unless it knows it. */
static void
firewall_look_at_chain(struct json_object *chain, const char *instance, struct strv *out)
{
	char text[256];

	if (strcmp(firewall_text(chain, "hook"), "forward") != 0 || strcmp(firewall_text(chain, "policy"), "drop") != 0)
		return;
	if (strcmp(firewall_text(chain, "table"), instance) == 0)
		return;
	snprintf(text, sizeof text, "%s %s %s", firewall_text(chain, "family"), firewall_text(chain, "table"),
	         firewall_text(chain, "name"));
	strv_add(out, text);
}

void
firewall_find_foreign(const char *instance, struct strv *out)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	struct json_object *root, *list, *chain;

	if (!nft)
		return;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON);
	root = nft_run_cmd_from_buffer(nft, "list chains") == 0 ? json_tokener_parse(nft_ctx_get_output_buffer(nft)) : NULL;
	list = json_object_object_get(root, "nftables");
	for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(list, i), "chain", &chain))
			firewall_look_at_chain(chain, instance, out);
	json_object_put(root);
	nft_ctx_free(nft);
}

void
firewall_warn_foreign(const char *instance)
{
	AUTO_STRV struct strv foreign = { 0 };

	firewall_find_foreign(instance, &foreign);
	for (size_t i = 0; i < foreign.n; i++)
		log_warning(
		        "the nft chain %s drops what it doesn't know: containers reach the network only if it lets interfaces %s* "
		        "through",
		        foreign.v[i], instance);
}
