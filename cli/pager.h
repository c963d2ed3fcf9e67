/* pager.h - results that are shown at once when they fit the screen, and in a pager when they do not. */
#ifndef KGQ_CLI_PAGER_H
#define KGQ_CLI_PAGER_H

#include <stdio.h>

/* A stream whose first screen is held back until it is clear that there is more: then $PAGER (less) starts. Until that
 * moment Ctrl-C reaches the statement that computes, not the pager. fclose ends it and waits for the pager.
 * NULL: no pager to be had. */
FILE *pager_open(void);

#endif
