/* ranking.c - from ids to numbers in their order. Inlined ids of one type have such a number in them. Others are
 * decoded, each id once and in the order of ids, in which the dictionary is read fastest; texts are then sorted by the
 * bytes that follow what all of their kind begin with, those alike by the bytes behind them and so on. */
#include "kg/sparql/ranking.h"

#include "kg/sparql/value_ids.h"
#include "kg/store.h"

#include <stdlib.h>

#define FEW_PAIRS 1024 /* merged; more are sorted by digits, whose tables cost some time each */
#define SHORT_RUN 16
#define COARSE_BYTES 7    /* of a text, in a coarse number */
#define DEEPEST_RUN 20    /* texts that are the same for longer are compared */
#define MANY_VALUES 20000 /* texts that threads sort together */
#define MOST_PARTS 64     /* of them */
#define MOST_THREADS 16
#define CHECKED_EACH 4096 /* ids decoded between two looks at the clock and at the memory */

/* ---- Sorting pairs ---- */

static void insert_pairs(KgPair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const KgPair pair = pairs[i];
        size_t at = i;
        for (; at > 0 && pairs[at - 1].key > pair.key; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
    }
}

static void merge_pairs(const KgPair *from, size_t middle, size_t count, KgPair *to)
{
    size_t left = 0, right = middle;
    for (size_t i = 0; i < count; i++) {
        const bool takes_left = right == count || (left < middle && from[left].key <= from[right].key);
        to[i] = from[takes_left ? left++ : right++];
    }
}

void sparql_sort_pairs(KgPair *pairs, KgPair *scratch, size_t count)
{
    if (count > FEW_PAIRS) {
        kg_sort_pairs(pairs, scratch, count, 64);
        return;
    }
    for (size_t at = 0; at < count; at += SHORT_RUN)
        insert_pairs(pairs + at, count - at < SHORT_RUN ? count - at : SHORT_RUN);
    KgPair *from = pairs, *to = scratch;
    for (size_t width = SHORT_RUN; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            const size_t left = count - at, middle = left < width ? left : width;
            merge_pairs(from + at, middle, left < 2 * width ? left : 2 * width, to + at);
        }
        KgPair *const swap = from;
        from = to;
        to = swap;
    }
    if (from != pairs && count > 0)
        memcpy(pairs, from, count * sizeof *pairs);
}

/* ---- Ids whose order is in them ---- */

#define CLASS_SHIFT 56

/* Unbound is before all; numbers of all types are one class, as sparql_value_order has it. */
static uint64_t class_number(ValueType type)
{
    const bool is_number = type >= VALUE_INTEGER && type <= VALUE_DOUBLE;
    return ((uint64_t)(is_number ? VALUE_INTEGER : type) + 1) << CLASS_SHIFT;
}

uint64_t sparql_order_number(KgId id)
{
    static const ValueType types[] = {
        [KG_INLINE_INTEGER - KG_INLINE_TAG_FIRST] = VALUE_INTEGER,
        [KG_INLINE_DECIMAL - KG_INLINE_TAG_FIRST] = VALUE_DECIMAL,
        [KG_INLINE_DOUBLE - KG_INLINE_TAG_FIRST] = VALUE_DOUBLE,
        [KG_INLINE_BOOLEAN - KG_INLINE_TAG_FIRST] = VALUE_BOOLEAN,
        [KG_INLINE_DATE - KG_INLINE_TAG_FIRST] = VALUE_DATE,
        [KG_INLINE_DATETIME - KG_INLINE_TAG_FIRST] = VALUE_DATETIME,
        [KG_INLINE_STRING - KG_INLINE_TAG_FIRST] = VALUE_STRING,
    };
    const size_t place = (size_t)kg_inline_tag(id) - KG_INLINE_TAG_FIRST;
    if (id == 0 || place >= sizeof types / sizeof *types)
        return 0;
    return class_number(types[place]) | sparql_order_key(id);
}

static bool has_order_number(KgId id)
{
    return id == 0 || kg_is_inline(id);
}

/* Whether all ids are unbound or inlined, the numbers among them of one type. */
static bool are_in_order(const KgPair *pairs, size_t count)
{
    unsigned number_tag = 0;
    for (size_t i = 0; i < count; i++) {
        if (!has_order_number(pairs[i].key))
            return false;
        const unsigned tag = kg_inline_tag(pairs[i].key);
        if (tag < KG_INLINE_INTEGER || tag > KG_INLINE_DOUBLE)
            continue;
        if (number_tag && tag != number_tag)
            return false;
        number_tag = tag;
    }
    return true;
}

/* ---- Others ---- */

static bool has_text_order(ValueType type)
{
    return type <= VALUE_LANGUAGE || type == VALUE_OTHER;
}

/* How many bytes the texts of each type have in common at their beginnings. */
static void find_common(const Value *values, size_t count, size_t common[VALUE_OTHER + 1])
{
    const Value *first[VALUE_OTHER + 1] = {0};
    for (size_t i = 0; i < count; i++) {
        const ValueType type = values[i].type;
        const KgText text = values[i].term.text;
        if (!has_text_order(type))
            continue;
        if (!first[type]) {
            first[type] = &values[i];
            common[type] = text.length;
        }
        size_t same = 0;
        const size_t most = text.length < common[type] ? text.length : common[type];
        while (same < most && text.bytes[same] == first[type]->term.text.bytes[same])
            same++;
        common[type] = same;
    }
}

/* The class, and of a text the bytes from `start` on: what differs in it differs so in sparql_value_order. */
static uint64_t coarse_number(const Value *value, size_t start)
{
    uint64_t number = class_number(value->type);
    if (!has_text_order(value->type))
        return number;
    const KgText text = value->term.text;
    for (size_t i = 0; i < COARSE_BYTES && start + i < text.length; i++)
        number |= (uint64_t)(unsigned char)text.bytes[start + i] << (48 - 8 * i);
    return number;
}

static int compare_pairs(const void *a, const void *b, void *context)
{
    const Value *const values = context;
    return sparql_value_order(&values[((const KgPair *)a)->with], &values[((const KgPair *)b)->with]);
}

/* Values in the order of their coarse numbers, to be put in that of their texts. */
typedef struct Ordering {
    Value *values;
    KgPair *order, *scratch;
    const size_t *common; /* by type: where coarse numbers were taken from */
    size_t parts;
    size_t starts[MOST_PARTS + 1]; /* of parts, and the end; equal numbers are in the same one */
} Ordering;

/* From now on a pair's key is whether its value is another one than that before it. */
static void mark_values(const Ordering *all, KgPair *run, size_t count)
{
    run[0].key = 1;
    for (size_t i = 1; i < count; i++)
        run[i].key = compare_pairs(&run[i - 1], &run[i], all->values) != 0;
}

static void insert_values(const Ordering *all, KgPair *run, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const KgPair pair = run[i];
        size_t at = i;
        for (; at > 0 && compare_pairs(&run[at - 1], &pair, all->values) > 0; at--)
            run[at] = run[at - 1];
        run[at] = pair;
    }
}

static bool reach_behind(const Ordering *all, const KgPair *run, size_t count, size_t start)
{
    for (size_t i = 0; i < count; i++)
        if (all->values[run[i].with].term.text.length > start)
            return true;
    return false;
}

static size_t equal_keys(const KgPair *run, size_t count)
{
    size_t end = 1;
    while (end < count && run[end].key == run[0].key)
        end++;
    return end;
}

/* Values whose texts are the same before `start`: by the bytes from there on, and so on where those are the same too
 * (McIlroy, Bostic, McIlroy, "Engineering radix sort", 1993). */
static void order_run(const Ordering *all, KgPair *run, size_t count, size_t start, int depth)
{
    const ValueType type = all->values[run[0].with].type;
    if (count <= SHORT_RUN) {
        insert_values(all, run, count);
    } else if (!has_text_order(type) || depth == DEEPEST_RUN || !reach_behind(all, run, count, start)) {
        qsort_r(run, count, sizeof *run, compare_pairs, all->values);
    } else {
        for (size_t i = 0; i < count; i++)
            run[i].key = coarse_number(&all->values[run[i].with], start);
        sparql_sort_pairs(run, all->scratch + (run - all->order), count);
        for (size_t at = 0, same; at < count; at += same) {
            same = equal_keys(run + at, count - at);
            order_run(all, run + at, same, start + COARSE_BYTES, depth + 1);
        }
        return;
    }
    mark_values(all, run, count);
}

static void order_part(void *context, size_t part, int worker)
{
    const Ordering *const all = context;
    const size_t end = all->starts[part + 1];
    (void)worker;
    for (size_t at = all->starts[part], same; at < end; at += same) {
        same = equal_keys(all->order + at, end - at);
        order_run(all, all->order + at, same, all->common[all->values[all->order[at].with].type] + COARSE_BYTES, 0);
    }
}

static void cut_order(Ordering *all, size_t count, size_t parts)
{
    all->parts = parts;
    all->starts[0] = 0;
    for (size_t part = 1; part <= parts; part++) {
        size_t at = count * part / parts;
        at = at < all->starts[part - 1] ? all->starts[part - 1] : at;
        while (at > 0 && at < count && all->order[at].key == all->order[at - 1].key)
            at++;
        all->starts[part] = at;
    }
}

/* By several threads where there are many. */
static void order_runs(const Run *run, Ordering *all, size_t count)
{
    const size_t least = kg_limit(kg_store(run->txn)->limits.split_work, MANY_VALUES);
    const int threads = run->is_copy || count < least ? 1 : base_job_threads(run->job);
    BasePool *const pool = threads > 1 ? base_pool_new(threads < MOST_THREADS ? threads : MOST_THREADS) : NULL;
    cut_order(all, count, pool ? MOST_PARTS : 1);
    base_parallel_for(pool, all->parts, order_part, all);
    base_pool_free(pool);
}

/* Puts pairs of (anything, place among the values) into the order of the values; their keys become ranks. */
static void order_values(const Run *run, Value *values, KgPair *order, KgPair *scratch, size_t count)
{
    size_t common[VALUE_OTHER + 1] = {0};
    Ordering all = {.values = values, .order = order, .scratch = scratch, .common = common};
    find_common(values, count, common);
    for (size_t i = 0; i < count; i++)
        order[i] = (KgPair){coarse_number(&values[i], common[values[i].type]), i};
    sparql_sort_pairs(order, scratch, count);
    order_runs(run, &all, count);
    uint64_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        rank += order[i].key;
        order[i].key = rank;
    }
}

static bool reserve(Ranking *ranking, size_t count)
{
    return BASE_RESERVE(&ranking->by_id, count) && BASE_RESERVE(&ranking->order, count) &&
           BASE_RESERVE(&ranking->scratch, count);
}

/* Decodes the distinct ids of by_id, which is sorted; unbound is none. */
static BaseStatus decode_ids(Operator *op, Ranking *ranking, size_t count, size_t *distinct, BaseError *err)
{
    Eval *const eval = &op->run->eval;
    *distinct = 0;
    for (size_t i = 0; i < count; i++) {
        const KgId id = ranking->by_id.items[i].key;
        if (id == 0 || (i > 0 && id == ranking->by_id.items[i - 1].key))
            continue;
        if (*distinct % CHECKED_EACH == CHECKED_EACH - 1) {
            BaseStatus status = sparql_cancelled(op->run, err);
            if (status == BASE_OK)
                status = sparql_hold(op, base_arena_bytes(&eval->scratch), err);
            if (status != BASE_OK)
                return status;
        }
        if (!BASE_RESERVE(&ranking->values, *distinct + 1))
            return sparql_no_memory(err);
        if (!sparql_eval_decode(eval, id, &ranking->values.items[*distinct]))
            return eval->status;
        ++*distinct;
    }
    return BASE_OK;
}

static BaseStatus rank_decoded(Operator *op, Ranking *ranking, KgPair *pairs, size_t count, BaseError *err)
{
    size_t distinct;
    if (!reserve(ranking, count))
        return sparql_no_memory(err);
    KgPair *const by_id = ranking->by_id.items, *const order = ranking->order.items;
    for (size_t i = 0; i < count; i++)
        by_id[i] = (KgPair){pairs[i].key, i};
    sparql_sort_pairs(by_id, ranking->scratch.items, count);
    const BaseStatus status = decode_ids(op, ranking, count, &distinct, err);
    if (status != BASE_OK)
        return status;
    order_values(op->run, ranking->values.items, order, ranking->scratch.items, distinct);
    /* Ranks by the number of the distinct id. */
    KgPair *const ranks = ranking->scratch.items;
    for (size_t i = 0; i < distinct; i++)
        ranks[order[i].with].key = order[i].key;
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number += by_id[i].key != 0 && (i == 0 || by_id[i].key != by_id[i - 1].key);
        pairs[by_id[i].with].key = by_id[i].key ? ranks[number - 1].key : 0;
    }
    return BASE_OK;
}

BaseStatus sparql_rank(Operator *op, Ranking *ranking, KgPair *pairs, size_t count, BaseError *err)
{
    if (are_in_order(pairs, count)) {
        for (size_t i = 0; i < count; i++)
            pairs[i].key = sparql_order_number(pairs[i].key);
        return BASE_OK;
    }
    BaseArena *const texts = &op->run->eval.scratch;
    const BaseArenaMark mark = base_arena_mark(texts);
    const BaseStatus status = rank_decoded(op, ranking, pairs, count, err);
    base_arena_rewind(texts, mark);
    return status == BASE_OK && op->held ? sparql_hold(op, 0, err) : status;
}

size_t sparql_ranking_bytes(const Ranking *ranking)
{
    return (ranking->by_id.capacity + ranking->order.capacity + ranking->scratch.capacity) * sizeof(KgPair) +
           ranking->values.capacity * sizeof(Value);
}

void sparql_ranking_free(Ranking *ranking)
{
    free(ranking->by_id.items);
    free(ranking->order.items);
    free(ranking->scratch.items);
    free(ranking->values.items);
    *ranking = (Ranking){0};
}
