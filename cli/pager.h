/* pager.h - results on a terminal: shown at once when they fit the screen, in a pager when they do not, and with the
 * lines of tables in colours. */
#ifndef KGQ_CLI_PAGER_H
#define KGQ_CLI_PAGER_H

#include "base/base.h"

/* A stream whose first screen is held back until it is clear that there is more: then $PAGER (less) starts, if
 * `may_page`. Until that moment Ctrl-C reaches the statement that computes, not the pager. When its user leaves the
 * pager, the job is cancelled. fclose ends it and waits for the pager. NULL: none to be had. */
FILE *pager_open(BaseJob *job, bool has_colours, bool may_page);
/* Of the pager's stream that is open, which `stream` may or may not be: */
double pager_seconds(const FILE *stream); /* that its user took to read */
bool pager_was_left(const FILE *stream);  /* before all was written */

#endif
