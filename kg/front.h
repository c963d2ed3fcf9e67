/* front.h - private to kg: a run of strings in one block, each told by how much it shares with the one before it (front
 * coding: Witten, Moffat, Bell, "Managing Gigabytes", 4.1). Every KG_FRONT_STEP-th is whole, so that one is read
 * without going through all before it. A checksum over the block and `seed` tells damage. */
#ifndef KGQ_KG_FRONT_H
#define KGQ_KG_FRONT_H

#include "kg/kg.h"

#define KG_FRONT_BYTES 4080 /* as KG_BLOCK_BYTES; a longer string makes a longer block of its own */
#define KG_FRONT_STEP 16
/* So long a block stands in a page of LMDB with another one; a longer one has a page of its own, and a place in another
 * that points to it. */
#define KG_FRONT_SMALL_BYTES 2000

/* A block being made. Start from {0}. */
typedef struct KgFrontWriter {
    BaseBuffer strings, before;
    struct {
        uint32_t *items;
        size_t count, capacity;
    } starts; /* of the whole ones */
    uint32_t count;
    size_t most;      /* bytes of a block; 0: KG_FRONT_BYTES */
    BaseBuffer block; /* after kg_front_finish */
} KgFrontWriter;

/* False with *fits true: no memory. *fits false: the block is full without it. The first always fits. */
bool kg_front_add(KgFrontWriter *writer, KgText string, bool *fits);
/* The block, borrowed until the writer's next use; afterwards the writer is empty. No memory: NULL bytes. */
KgText kg_front_finish(KgFrontWriter *writer, uint64_t seed);
void kg_front_free(KgFrontWriter *writer);

typedef struct KgFront {
    KgText block; /* borrowed */
    uint32_t count;
} KgFront;
/* False: damaged. `verify` false skips the checksum, for a block that was verified before. */
bool kg_front_open(KgFront *front, KgText block, uint64_t seed, bool verify);
/* Reads strings one by one: the one behind the last takes a step, another KG_FRONT_STEP at most. Start from {.front}
 * and free `string` in the end. */
typedef struct KgFrontReader {
    KgFront front;
    uint32_t next;     /* of the string behind the one in `string`; 0: there is none yet */
    size_t at;         /* where that begins in the block, unless it is a whole one */
    BaseBuffer string; /* without a closing NUL */
} KgFrontReader;
/* String number `place` < count, borrowed until the next call. BASE_NO_MEMORY; BASE_BAD_INPUT: damaged. */
BaseStatus kg_front_read(KgFrontReader *reader, uint32_t place, KgText *out);
/* Calls take(context, place, string) for each, the string borrowed for the call; false: it did, or there was no memory
 * or damage. */
bool kg_front_each(const KgFront *front, bool (*take)(void *context, uint32_t place, KgText string), void *context);

/* Puts the strings of a block whose checksum was verified into an empty writer, to go on behind them. False: no memory,
 * or damage. */
bool kg_front_reopen(KgFrontWriter *writer, const KgFront *front);

#endif
