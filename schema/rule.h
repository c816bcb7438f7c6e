/*
 * One line of a firewall, in words:
 *
 *   allow|deny|reject in|out [tcp|udp|icmp|icmpv6|any [PORT[-PORT]]] [from|to ADDRESS[/LENGTH]] [log]
 *   default in|out allow|deny|reject [log]
 *
 * in takes `from`, out takes `to`; ports are the receiver's, of `any` TCP's and UDP's. The first that fits decides, then the
 * default of that direction, which is allow where no line gives one. What is in force is built from these numbers, never from the
 * text.
 */
#ifndef BERTH_SCHEMA_RULE_H
#define BERTH_SCHEMA_RULE_H

#include "daemon/util/prefix.h"
#include "daemon/util/strv.h"

enum { RULE_LIST_MAX = 64, RULE_TEXT_MAX = 160, RULE_WHY_MAX = 200 };

enum rule_action { RULE_ALLOW, RULE_DENY, RULE_REJECT, RULE_ACTION_COUNT };
enum rule_direction { RULE_IN, RULE_OUT, RULE_DIRECTION_COUNT };
enum rule_protocol { RULE_ANY, RULE_TCP, RULE_UDP, RULE_ICMP, RULE_ICMPV6, RULE_PROTOCOL_COUNT };

struct port_range {
	uint16_t first, last; /* 0, 0: every one */
};

struct rule {
	enum rule_action action;
	enum rule_direction direction;
	enum rule_protocol protocol;
	struct port_range port;
	struct prefix peer; /* family AF_UNSPEC: anybody */
	bool log;
	bool is_default;
};

/* On failure *why names the word and what it must be. */
bool rule_parse(const char *text, struct rule *out, char why[RULE_WHY_MAX]);
/* "25", "6881-6889", for TCP and UDP; "tcp 25" for one of them. */
bool rule_parse_ports(const char *text, enum rule_protocol *protocol_out, struct port_range *out, char why[RULE_WHY_MAX]);

/* For rows of tables: field_explain. A list has at most one default a direction; of the operator's lines none. */
bool rule_explain(const struct strv *list, size_t i, char *why, size_t size);
bool rule_explain_operator(const struct strv *list, size_t i, char *why, size_t size);
bool rule_explain_ports(const struct strv *list, size_t i, char *why, size_t size);

#endif
