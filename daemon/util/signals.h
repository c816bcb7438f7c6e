/* Signals by name. */
#ifndef BERTH_SIGNALS_H
#define BERTH_SIGNALS_H

/* The number of a signal as templates name it, such as TERM, RTMIN+4 or 15; 0: there is none. */
int signals_number(const char *name);

#endif
