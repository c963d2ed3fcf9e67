/* find.h - looking for an earlier entry by a part of it (Ctrl-R). */
#ifndef KGQ_CLI_EDITOR_FIND_H
#define KGQ_CLI_EDITOR_FIND_H

#include "cli/editor/draw.h"
#include "cli/editor/history.h"
#include "cli/editor/keys.h"

typedef struct Find {
    bool is_open, has_failed;
    BaseBuffer word;
    size_t at; /* the entry that is shown; the history's count: none */
    char *before;
    size_t before_length, before_cursor;
    BaseBuffer line; /* "search: word" */
} Find;

bool find_open(Find *find, const Text *text, const History *history); /* false: no memory */
void find_close(Find *find);
/* Takes the key if it is one for the search; one that is not closes it, and is still to be done. */
bool find_take(Find *find, const Key *key, Text *text, const History *history);
DrawnLine find_line(Find *find);

#endif
