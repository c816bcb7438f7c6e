/* A chart of figures over time, in the terminal. */
#ifndef BERTH_CLIENT_PLOT_H
#define BERTH_CLIENT_PLOT_H

#include "client/client.h"
#include "client/print.h"

struct plot {
	const double *v; /* a period each; NAN: nothing is known of it */
	size_t n;
	int rows, columns; /* of the chart with its labels */
	bool ascii;        /* else braille, of which a character has two periods and four steps */
	enum field_type type;
	const char *from, *until; /* the time's labels */
};

/* Where several periods share a column, it shows the highest. The scale begins at 0. */
void plot_draw(const struct plot *plot, struct buf *out);

/* berth usage NAME --plot: a chart of each of --fields. query: what else narrows it, or "". */
int plot_usage(struct client *c, const struct args *args, const struct view *view, const char *query, struct err *e);

#endif
