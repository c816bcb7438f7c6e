/* Rules of others that leave containers without a network. */
#include <json-c/json.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/firewall.h"
#include "daemon/util/log.h"

static const char *
foreign_text(struct json_object *chain, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(chain, key));

	return text ? text : "";
}

/* Whether it drops what is forwarded unless it knows it. */
static void
foreign_look_at_chain(struct json_object *chain, const char *instance, struct strv *out)
{
	char text[256];

	if (strcmp(foreign_text(chain, "hook"), "forward") != 0 || strcmp(foreign_text(chain, "policy"), "drop") != 0)
		return;
	if (strcmp(foreign_text(chain, "table"), instance) == 0)
		return;
	snprintf(text, sizeof text, "%s %s %s", foreign_text(chain, "family"), foreign_text(chain, "table"),
	         foreign_text(chain, "name"));
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
			foreign_look_at_chain(chain, instance, out);
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
