/* arena.h - many small things with one end. `mark` and `rewind` give them shorter ends inside. */
#ifndef KGQ_BASE_ARENA_H
#define KGQ_BASE_ARENA_H

#include <stddef.h>

typedef struct BaseArenaBlock BaseArenaBlock;
typedef struct BaseArena {
    BaseArenaBlock *block; /* the one being filled; earlier ones hang behind it */
} BaseArena;
typedef struct BaseArenaMark {
    BaseArenaBlock *block;
    size_t used;
} BaseArenaMark;

/* Start from {0}. Memory is zeroed, aligned to 32 bytes when at least 32 bytes are asked for, else to 8. NULL: none. */
void *base_arena_alloc(BaseArena *arena, size_t count, size_t size);
/* A copy with a closing NUL. */
char *base_arena_copy(BaseArena *arena, const char *bytes, size_t length);
BaseArenaMark base_arena_mark(const BaseArena *arena);
void base_arena_rewind(BaseArena *arena, BaseArenaMark mark);
void base_arena_free(BaseArena *arena); /* {0} again afterwards */
size_t base_arena_bytes(const BaseArena *arena);

#endif
