/* split.h - one join on several threads. Private to the room. */
#ifndef KGQ_REASONER_SPLIT_H
#define KGQ_REASONER_SPLIT_H

#include "reasoner/join.h"

/* Start from {.threads}; the threads come when they are first needed. */
typedef struct Splitter {
    int threads;
    BasePool *pool;
} Splitter;
void reasoner_splitter_close(Splitter *splitter);

/* As reasoner_join, on one thread or, by join->splitter, on several, as seems best. Which tuples come, and how many
 * facts they are, is the same; their order may be another. */
BaseStatus reasoner_split(Join *join, BaseArena *arena);

#endif
