/* Rules for texts: each returns NULL when the text is right, else what is wrong with it. See field_check in field.h. */
#ifndef BERTH_CHECK_H
#define BERTH_CHECK_H

#include <stdbool.h>

#include "schema/field.h"

const char *check_name(const char *text);     /* container or tenant: a DNS label of at most 40, first a letter, no UUID */
const char *check_hostname(const char *text); /* RFC 1123, at most 64 (the kernel's bound), dots allowed */
const char *check_uuid(const char *text);     /* 8-4-4-4-12 lower-case hexadecimal */
const char *check_template(const char *text); /* name or name@version */
const char *check_template_name(const char *text);
const char *check_template_version(const char *text);
const char *check_address(const char *text);         /* IPv4 or IPv6, numeric, unicast */
const char *check_held(const char *text);            /* the same, or an IPv6 prefix */
const char *check_address_or_auto(const char *text); /* that, or auto, auto4, auto6, or a pool's name */
const char *check_traffic_action(const char *text);
const char *check_prefix(const char *text);   /* ADDRESS/LENGTH */
const char *check_ssh_key(const char *text);  /* one line of an authorized_keys file */
const char *check_password(const char *text); /* no control characters, not empty */
const char *check_env(const char *text);      /* KEY=value */
const char *check_user(const char *text);     /* a user name, or a decimal uid without sign or leading zero */
const char *check_label(const char *text);    /* KEY=VALUE: a key of lower-case letters, digits and "-._/", at most 63 */
const char *check_plan(const char *text);     /* NAME or NAME@VERSION */
const char *check_line(const char *text);     /* no control characters */

/* Whether `text` looks like an instance name: 1 to 6 lower-case letters. */
const char *check_instance(const char *text);

#endif
