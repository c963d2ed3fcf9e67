/* Threads share the tuples by where members keep them: pairs and single values by the first value, tuples in a hash
 * table by the slot; so no two touch the same set, and each goes through the tuples in the order of the logs. Which of
 * them are new is a bit per tuple, from which each log knows where its new ones go. In a hash table new tuples stand
 * under the rows that they would have if all were new, until their rows are known. */
#include "reasoner/take.h"

#include "reasoner/program.h"
#include "reasoner/slots.h"

#include <stdlib.h>
#include <string.h>

enum {
    FEW = 1 << 13, /* tuples that are not worth it */
    BLOCK = 512,   /* inserted at a time */
    TOGETHER = 6,  /* bits of first values that one thread has, so that a word of bits is one thread's */
};

/* A tuple and the slot that it was put into; or, when its search left the thread's range, its hash. */
typedef struct Late {
    uint64_t at; /* the slot, or the hash */
    uint32_t tuple;
} Late;

typedef struct Lates {
    Late *items;
    size_t count, capacity;
} Lates;

typedef struct Part { /* of one thread */
    uint64_t *is_new; /* a bit for each tuple */
    RowSets sets;
    Lates put, left;
    bool is_fine;
} Part;

typedef struct Take {
    Relation *relation;
    const Relation *logs;
    size_t log_count, stride;
    size_t *starts;    /* by log, and one more: its first tuple */
    uint32_t *highest; /* by log, and column */
    uint64_t *is_new;
    uint32_t *ranks; /* by word of is_new: new tuples before it */
    Part *parts;
    size_t part_count;
} Take;

static const Relation *log_at(const Take *take, size_t l)
{
    return &take->logs[l * take->stride];
}

static size_t word_count(const Take *take)
{
    return take->starts[take->log_count] / 64 + 1;
}

static void set_bit(uint64_t *bits, size_t bit)
{
    bits[bit / 64] |= (uint64_t)1 << bit % 64;
}

/* ---- Pairs and single values --------------------------------------------------------------------------------- */

static size_t insert_bits(const Members *members, uint32_t arity, const uint32_t *tuples, size_t count, uint32_t *to)
{
    size_t added = 0;
    for (size_t i = 0; i < count; i++, tuples += arity) {
        const size_t bit = arity == 1 ? tuples[0] : tuples[0] * members->words * 64 + tuples[1];
        const uint64_t word = members->bits[bit / 64], mask = (uint64_t)1 << bit % 64;
        if (word & mask)
            continue;
        members->bits[bit / 64] = word | mask;
        for (uint32_t c = 0; c < arity; c++)
            to[added * arity + c] = tuples[c];
        added++;
    }
    return added;
}

typedef struct Block {
    uint32_t tuples[2 * BLOCK + 2], numbers[BLOCK + 1], news[2 * BLOCK];
    size_t count;
} Block;

/* What comes out of an insertion are the new tuples in their order, so that they are found by going along. */
static void insert_block(const Take *take, Part *part, Block *block)
{
    const uint32_t arity = take->relation->arity;
    const Members *const members = &take->relation->members;
    const size_t added = members->kind == MEMBERS_ROWS
                             ? reasoner_row_sets_insert(&part->sets, block->tuples, block->count, block->news)
                             : insert_bits(members, arity, block->tuples, block->count, block->news);
    part->is_fine = added != SIZE_MAX;
    const uint32_t *tuple = block->tuples, *new = block->news, *const end = new + added *arity;
    for (size_t i = 0; part->is_fine && new < end; i++, tuple += arity) {
        const bool is_new = tuple[0] == new[0] && tuple[arity - 1] == new[arity - 1];
        part->is_new[block->numbers[i] / 64] |= (uint64_t)is_new << block->numbers[i] % 64;
        new += is_new ? arity : 0;
    }
    block->count = 0;
}

static size_t part_of(const Take *take, uint32_t first)
{
    return (size_t)((uint64_t)((first >> TOGETHER) * 0x9e3779b1u) * take->part_count >> 32);
}

/* Inserts those of the tuples that are the part's; there is no branch, as whose they are is anybody's guess. */
static void take_tuples(const Take *take, size_t number, const uint32_t *tuple, size_t count, size_t first,
                        Block *block)
{
    Part *const part = &take->parts[number];
    const uint32_t arity = take->relation->arity;
    for (size_t i = 0; i < count && part->is_fine; i++, tuple += arity) {
        block->tuples[block->count * arity] = tuple[0];
        block->tuples[block->count * arity + arity - 1] = tuple[arity - 1];
        block->numbers[block->count] = (uint32_t)(first + i);
        block->count += part_of(take, tuple[0]) == number;
        if (block->count == BLOCK)
            insert_block(take, part, block);
    }
}

/* Rows that the sets do not cover yet are not new, so that their bits are dropped. */
static void take_by_first(const Take *take, size_t number)
{
    Part *const part = &take->parts[number];
    const Relation *const relation = take->relation;
    Block block;
    block.count = 0;
    for (uint32_t row = relation->members.covered, some; row < relation->count; row += some) {
        some = relation->count - row < 64 ? relation->count - row : 64;
        take_tuples(take, number, relation_row(relation, row), some, 0, &block);
        insert_block(take, part, &block);
        part->is_new[0] = 0;
    }
    for (size_t l = 0; l < take->log_count; l++)
        take_tuples(take, number, log_at(take, l)->values, log_at(take, l)->count, take->starts[l], &block);
    insert_block(take, part, &block);
}

/* ---- Hash ---------------------------------------------------------------------------------------------------- */

/* Puts tuple `number` into the first free slot from `at` on, and below `end`; *is_new: it was not there. false: the
 * end was reached. */
static bool put_tuple(const Take *take, uint32_t number, uint64_t hash, uint64_t end, uint64_t *at, bool *is_new)
{
    Relation *const relation = take->relation;
    Members *const members = &relation->members;
    const uint32_t row = relation->count + number;
    for (; *at < end; ++*at) {
        const uint32_t entry = members->slots[*at];
        *is_new = entry == NO_ROW;
        if (*is_new)
            members->slots[*at] = row | tag_of(members, hash);
        if (*is_new || slot_fits(relation, entry, relation_row(relation, row), hash))
            return true;
    }
    return false;
}

static void take_by_slot(Take *take, size_t number)
{
    Part *const part = &take->parts[number];
    Relation *const relation = take->relation;
    const Members *const members = &relation->members;
    const uint64_t slots = members->slot_count;
    const uint64_t begin = slots * number / take->part_count, end = slots * (number + 1) / take->part_count;
    const size_t count = take->starts[take->log_count];
    uint64_t hashes[BLOCK];
    uint32_t numbers[BLOCK];
    for (size_t i = 0, gathered = 0; i <= count && part->is_fine; i++) {
        if (i < count) {
            const uint64_t hash = hash_tuple(relation_row(relation, relation->count + (uint32_t)i), relation->arity);
            const uint64_t slot = slot_of(members, hash);
            if (slot < begin || slot >= end)
                continue;
            __builtin_prefetch(&members->slots[slot], 1);
            hashes[gathered] = hash;
            numbers[gathered++] = (uint32_t)i;
        }
        if (gathered < BLOCK && i < count)
            continue;
        for (size_t g = 0; g < gathered && part->is_fine; g++) {
            bool is_new = false;
            uint64_t at = slot_of(members, hashes[g]);
            if (!put_tuple(take, numbers[g], hashes[g], end, &at, &is_new))
                part->is_fine = BASE_PUSH(&part->left, (Late){hashes[g], numbers[g]});
            else if (is_new)
                part->is_fine = BASE_PUSH(&part->put, (Late){at, numbers[g]});
            if (is_new)
                set_bit(part->is_new, numbers[g]);
        }
        gathered = 0;
    }
}

/* Those whose search left their thread's range. */
static bool put_left(Take *take)
{
    const Members *const members = &take->relation->members;
    Part *const first = &take->parts[0];
    for (size_t p = 0; p < take->part_count; p++)
        for (size_t i = 0; i < take->parts[p].left.count; i++) {
            const Late *const late = &take->parts[p].left.items[i];
            bool is_new = false;
            uint64_t at = slot_of(members, late->at);
            if (!put_tuple(take, late->tuple, late->at, members->slot_count, &at, &is_new)) {
                at = 0;
                put_tuple(take, late->tuple, late->at, members->slot_count, &at, &is_new);
            }
            if (!is_new)
                continue;
            set_bit(first->is_new, late->tuple);
            if (!BASE_PUSH(&first->put, (Late){at, late->tuple}))
                return false;
        }
    return true;
}

static uint32_t new_before(const Take *take, size_t number)
{
    const uint64_t below = ((uint64_t)1 << number % 64) - 1;
    return take->ranks[number / 64] + (uint32_t)__builtin_popcountll(take->is_new[number / 64] & below);
}

/* New tuples get their rows. */
static void name_rows(void *context, size_t p, int worker)
{
    (void)worker;
    const Take *const take = context;
    Members *const members = &take->relation->members;
    const uint32_t mask = row_mask(members);
    for (size_t i = 0; i < take->parts[p].put.count; i++) {
        const Late *const late = &take->parts[p].put.items[i];
        uint32_t *const slot = &members->slots[late->at];
        *slot = (*slot & ~mask) | (take->relation->count + new_before(take, late->tuple));
    }
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

static void measure_log(void *context, size_t l, int worker)
{
    (void)worker;
    const Take *const take = context;
    const uint32_t arity = take->relation->arity, *from = log_at(take, l)->values;
    uint32_t *const highest = take->highest + l * arity;
    for (uint32_t i = 0; i < log_at(take, l)->count; i++, from += arity)
        for (uint32_t c = 0; c < arity; c++)
            highest[c] = from[c] > highest[c] ? from[c] : highest[c];
}

/* Copies the log behind the relation's rows. */
static void copy_log(void *context, size_t l, int worker)
{
    (void)worker;
    const Take *const take = context;
    const uint32_t arity = take->relation->arity;
    if (log_at(take, l)->count > 0)
        memcpy(take->relation->values + (take->relation->count + take->starts[l]) * arity, log_at(take, l)->values,
               (size_t)log_at(take, l)->count * arity * sizeof(uint32_t));
}

static void take_part(void *context, size_t number, int worker)
{
    (void)worker;
    Take *const take = context;
    if (take->relation->members.kind == MEMBERS_HASH)
        take_by_slot(take, number);
    else
        take_by_first(take, number);
}

/* Copies the log's new tuples behind the relation's rows; what is not new is written over. */
static void copy_new(void *context, size_t l, int worker)
{
    (void)worker;
    const Take *const take = context;
    const uint32_t arity = take->relation->arity;
    const Relation *const log = log_at(take, l);
    const uint32_t *from = log->values;
    uint32_t *to = take->relation->values + ((size_t)take->relation->count + new_before(take, take->starts[l])) * arity;
    const uint32_t *const end =
        take->relation->values + ((size_t)take->relation->count + new_before(take, take->starts[l + 1])) * arity;
    for (size_t number = take->starts[l]; to < end; number++, from += arity) {
        for (uint32_t c = 0; c < arity; c++)
            to[c] = from[c];
        to += take->is_new[number / 64] >> number % 64 & 1 ? arity : 0;
    }
}

static bool open_parts(Take *take)
{
    const bool has_sets = take->relation->members.kind == MEMBERS_ROWS;
    bool is_fine = true;
    for (size_t p = 0; p < take->part_count && is_fine; p++) {
        Part *const part = &take->parts[p];
        part->is_new = calloc(word_count(take), sizeof *part->is_new);
        part->is_fine = is_fine =
            part->is_new && (!has_sets || reasoner_row_sets_part(&take->relation->members.rows, &part->sets));
    }
    return is_fine;
}

/* What was inserted stays so, whether all of it was or not. */
static bool close_parts(Take *take)
{
    bool is_fine = true;
    for (size_t p = 0; p < take->part_count; p++) {
        Part *const part = &take->parts[p];
        is_fine &= part->is_fine;
        reasoner_row_sets_join(&take->relation->members.rows, &part->sets);
        free(part->is_new);
        free(part->put.items);
        free(part->left.items);
    }
    return is_fine;
}

/* One set of bits, and how many are before each word; returns how many there are. */
static uint32_t count_new(Take *take)
{
    uint32_t sum = 0;
    take->is_new = take->parts[0].is_new;
    for (size_t w = 0; w < word_count(take); w++) {
        for (size_t p = 1; p < take->part_count; p++)
            take->is_new[w] |= take->parts[p].is_new[w];
        take->ranks[w] = sum;
        sum += (uint32_t)__builtin_popcountll(take->is_new[w]);
    }
    return sum;
}

static bool take_all(Take *take, BasePool *pool, uint64_t *added)
{
    Relation *const relation = take->relation;
    const bool is_hash = relation->members.kind == MEMBERS_HASH;
    if (!open_parts(take))
        return false;
    if (is_hash)
        base_parallel_for(pool, take->log_count, copy_log, take);
    base_parallel_for(pool, take->part_count, take_part, take);
    for (size_t p = 0; p < take->part_count; p++)
        if (!take->parts[p].is_fine)
            return false;
    if (is_hash && !put_left(take))
        return false;
    const uint32_t count = count_new(take);
    if (is_hash)
        base_parallel_for(pool, take->part_count, name_rows, take);
    base_parallel_for(pool, take->log_count, copy_new, take);
    relation->count += count;
    relation->members.covered = relation->count;
    *added = count;
    return true;
}

static bool add_in_turn(const Take *take, uint64_t *added)
{
    Relation *const relation = take->relation;
    const uint32_t before = relation->count;
    bool is_fine = true;
    for (size_t l = 0; l < take->log_count && is_fine; l++)
        for (uint32_t i = 0, some; i < log_at(take, l)->count && is_fine; i += some) {
            some = log_at(take, l)->count - i < FEW ? log_at(take, l)->count - i : FEW;
            is_fine = reasoner_relation_reserve(relation, some) &&
                      reasoner_members_insert(relation, relation_row(log_at(take, l), i), some);
        }
    *added = relation->count - before;
    return is_fine;
}

static bool suits(const Relation *relation)
{
    const MemberKind kind = relation->members.kind;
    return kind == MEMBERS_BITS || kind == MEMBERS_ROWS || kind == MEMBERS_HASH;
}

/* Makes the relation and its members ready for all tuples. */
static bool expect_all(Take *take, BasePool *pool)
{
    Relation *const relation = take->relation;
    const size_t count = take->starts[take->log_count];
    if (!reasoner_relation_reserve(relation, count))
        return false;
    base_parallel_for(pool, take->log_count, measure_log, take);
    uint32_t highest[ARITY_LIMIT] = {0};
    for (size_t l = 0; l < take->log_count; l++)
        for (uint32_t c = 0; c < relation->arity; c++)
            highest[c] = take->highest[l * relation->arity + c] > highest[c] ? take->highest[l * relation->arity + c]
                                                                             : highest[c];
    return reasoner_members_expect(relation, highest, count);
}

static bool take_logs(Take *take, BasePool *pool, uint64_t *added)
{
    const size_t tuples = take->starts[take->log_count];
    take->part_count = (size_t)base_pool_threads(pool);
    take->parts = calloc(take->part_count, sizeof *take->parts);
    take->ranks = malloc((tuples / 64 + 1) * sizeof *take->ranks);
    take->highest = calloc(take->log_count * take->relation->arity + 1, sizeof *take->highest);
    bool is_fine = take->parts && take->ranks && take->highest && expect_all(take, pool);
    if (is_fine && suits(take->relation)) {
        is_fine = take_all(take, pool, added);
        is_fine &= close_parts(take);
    } else if (is_fine) {
        is_fine = add_in_turn(take, added);
    }
    free(take->parts);
    free(take->ranks);
    free(take->highest);
    return is_fine;
}

bool reasoner_relation_take(Relation *relation, const Relation *logs, size_t count, size_t stride, uint32_t height,
                            uint32_t rule, BasePool *pool, uint64_t *added)
{
    const uint32_t before = relation->count;
    Take take = {.relation = relation, .logs = logs, .log_count = count, .stride = stride};
    take.starts = malloc((count + 1) * sizeof *take.starts);
    if (!take.starts || !reasoner_relation_reserve(relation, 0)) {
        free(take.starts);
        return false;
    }
    take.starts[0] = 0;
    for (size_t l = 0; l < count; l++)
        take.starts[l + 1] = take.starts[l] + log_at(&take, l)->count;
    *added = 0;
    const bool is_many = take.starts[count] > FEW && base_pool_threads(pool) > 1;
    const bool is_fine = is_many ? take_logs(&take, pool, added) : add_in_turn(&take, added);
    reasoner_relation_note(relation, before, height, rule);
    free(take.starts);
    return is_fine;
}
