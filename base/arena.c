/* arena.c - blocks that double in size, filled from the front. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK ((size_t)4096)
#define LARGEST_BLOCK ((size_t)1 << 20)

struct BaseArenaBlock {
    BaseArenaBlock *before;
    size_t used, capacity;
    _Alignas(32) char bytes[];
};

static BaseArenaBlock *add_block(BaseArena *arena, size_t bytes)
{
    size_t capacity = arena->block ? arena->block->capacity * 2 : FIRST_BLOCK;
    if (capacity > LARGEST_BLOCK)
        capacity = LARGEST_BLOCK;
    if (capacity < bytes)
        capacity = bytes;
    const size_t whole = (sizeof(BaseArenaBlock) + capacity + 31) / 32 * 32;
    BaseArenaBlock *const block = aligned_alloc(32, whole);
    if (!block)
        return NULL;
    *block = (BaseArenaBlock){.before = arena->block, .capacity = capacity};
    arena->block = block;
    return block;
}

/* Memory with whatever was in it. */
static char *take(BaseArena *arena, size_t bytes)
{
    const size_t align = bytes >= 32 ? 32 : 8;
    BaseArenaBlock *block = arena->block;
    size_t start = block ? (block->used + align - 1) & ~(align - 1) : 0;
    if (!block || start > block->capacity || block->capacity - start < bytes) {
        block = add_block(arena, bytes);
        if (!block)
            return NULL;
        start = 0;
    }
    block->used = start + bytes;
    return block->bytes + start;
}

void *base_arena_alloc(BaseArena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4)
        return NULL;
    char *const taken = take(arena, bytes);
    return taken ? memset(taken, 0, bytes) : NULL;
}

char *base_arena_copy(BaseArena *arena, const char *bytes, size_t length)
{
    char *const copy = length < SIZE_MAX / 4 ? take(arena, length + 1) : NULL;
    if (!copy)
        return NULL;
    if (length)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

BaseArenaMark base_arena_mark(const BaseArena *arena)
{
    return (BaseArenaMark){arena->block, arena->block ? arena->block->used : 0};
}

void base_arena_rewind(BaseArena *arena, BaseArenaMark mark)
{
    while (arena->block != mark.block) {
        BaseArenaBlock *const last = arena->block;
        if (!last->before) { /* all of it: the first block stays for what comes next */
            last->used = 0;
            return;
        }
        arena->block = last->before;
        free(last);
    }
    if (arena->block)
        arena->block->used = mark.used;
}

void base_arena_free(BaseArena *arena)
{
    while (arena->block) {
        BaseArenaBlock *const last = arena->block;
        arena->block = last->before;
        free(last);
    }
}

size_t base_arena_bytes(const BaseArena *arena)
{
    size_t sum = 0;
    for (const BaseArenaBlock *block = arena->block; block; block = block->before)
        sum += block->capacity;
    return sum;
}
