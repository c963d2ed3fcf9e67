/* history.h - what was entered before, in this run and in earlier ones: whole texts, each once, the latest last. The
 * file has a line for each, with \n for a newline and \\ for a backslash; a new one is appended as it is entered, so
 * that several shells may share the file. */
#ifndef KGQ_CLI_EDITOR_HISTORY_H
#define KGQ_CLI_EDITOR_HISTORY_H

#include "base/base.h"

typedef struct History {
    char **items;
    size_t count, capacity;
    char *path; /* NULL: kept nowhere */
} History;

#define HISTORY_MOST 5000 /* entries kept */

/* Reads the file, if it is there; a folder that lacks is made. What cannot be read is as if it were not there. */
void history_open(History *history, const char *path);
void history_close(History *history);
void history_add(History *history, const char *text, size_t length);
/* $KGQ_HISTORY; else kgq/history in $XDG_STATE_HOME; else .kgq_history in the home folder. NULL: nowhere. */
char *history_default_path(void);

#endif
