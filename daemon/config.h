/* The daemon's options from the command line and berthd.conf; the rows are settings_schema. */
#ifndef BERTH_CONFIG_H
#define BERTH_CONFIG_H

#include "schema/settings.h"

enum config_action {
	CONFIG_RUN,
	CONFIG_CHECK,
	CONFIG_CLEANUP,
	CONFIG_HELP,
	CONFIG_MAN,
	CONFIG_OPENAPI,
	CONFIG_VERSION,
	CONFIG_FAULT_LIST
};

struct config {
	enum config_action action;
	bool foreground;
	bool force;       /* --cleanup --force: containers are killed first */
	bool destroy;     /* --cleanup --destroy: the loop pool and the database go too */
	const char *file; /* of argv, or the default */
	struct settings settings;
};

/*
 * Reads the command line, then the file; the command line wins. A missing default file is no error, a named one is.
 * A wrong option is refused with its name, and its file and line. *config must be zeroed.
 */
int config_load(struct config *config, int argc, char **argv, struct err *e);
void config_clear(struct config *config);
/* The usage text with every option, its bounds and its default. */
void config_print_help(void);
/* The options as berthd.conf(5) has them. */
void config_print_man(void);

#endif
