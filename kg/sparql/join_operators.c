/* join_operators.c - UNION, OPTIONAL, MINUS, and joins with a side that has to be computed by itself. Two rows are
 * compatible when every variable that both bind has one value (SPARQL 1.1, section 18.3). */
#include "kg/sparql/operator.h"

#include <stdlib.h>

static void sub_set(SubPlan *sub, const KgId *rows, size_t count)
{
    sparql_seed_set(sub->seed, rows, count);
    sparql_rewind(sub->top);
}

/* ---- Union: each batch through every arm ---- */

typedef struct Union {
    Operator base;
    SubPlan *arms;
    size_t count, arm; /* arm == count: a new batch is wanted */
    Batch in;
} Union;

static BaseStatus union_next(Operator *op, Batch *out, BaseError *err)
{
    Union *const both = (Union *)op;
    for (;;) {
        if (both->arm == both->count) {
            const BaseStatus status = sparql_next(op->input, &both->in, err);
            if (status != BASE_OK)
                return status;
            both->arm = 0;
            sub_set(&both->arms[0], both->in.cells, both->in.count);
        }
        const BaseStatus status = sparql_next(both->arms[both->arm].top, out, err);
        if (status != BASE_END)
            return status;
        if (++both->arm < both->count)
            sub_set(&both->arms[both->arm], both->in.cells, both->in.count);
    }
}

static void union_rewind(Operator *op)
{
    ((Union *)op)->arm = ((Union *)op)->count;
}

static const Operator *union_side(const Operator *op, size_t number)
{
    const Union *const both = (const Union *)op;
    return number < both->count ? both->arms[number].top : NULL;
}

static bool union_may_split(const Operator *op)
{
    const Union *const both = (const Union *)op;
    for (size_t i = 0; i < both->count; i++)
        if (!sparql_may_split(both->arms[i].top))
            return false;
    return true;
}

Operator *sparql_new_union(Builder *builder, Operator *input, const SubPlan *arms, size_t count)
{
    static const OperatorType type = {
        .name = "union", .next = union_next, .rewind = union_rewind, .side = union_side, .may_split = union_may_split};
    Union *const both = sparql_new_operator(builder, &type, sizeof *both, input);
    SubPlan *const copy = sparql_build_alloc(builder, count, sizeof *copy);
    if (!both || !copy)
        return NULL;
    sparql_new_batch(builder, &both->in);
    memcpy(copy, arms, count * sizeof *copy);
    both->arms = copy;
    both->count = both->arm = count;
    return &both->base;
}

/* ---- Optional: rows of the right side, then the left rows that had none ---- */

typedef struct Optional {
    Operator base;
    SubPlan right;
    uint32_t marker;
    Batch in;
    bool *matched;
    bool is_open, right_is_done;
    size_t at; /* among the unmatched */
} Optional;

static BaseStatus open_left(Optional *optional, BaseError *err)
{
    const BaseStatus status = sparql_next(optional->base.input, &optional->in, err);
    if (status != BASE_OK)
        return status;
    for (size_t i = 0; i < optional->in.count; i++) {
        batch_row(&optional->in, i)[optional->marker] = i + 1;
        optional->matched[i] = false;
    }
    sub_set(&optional->right, optional->in.cells, optional->in.count);
    optional->is_open = true;
    optional->right_is_done = false;
    optional->at = 0;
    return BASE_OK;
}

static void mark_matches(Optional *optional, Batch *out)
{
    for (size_t i = 0; i < out->count; i++) {
        KgId *const marker = &batch_row(out, i)[optional->marker];
        optional->matched[*marker - 1] = true;
        *marker = 0;
    }
}

static void add_unmatched(Optional *optional, Batch *out)
{
    while (optional->at < optional->in.count && !batch_is_full(out)) {
        const size_t row = optional->at++;
        if (!optional->matched[row])
            batch_add(out, batch_row(&optional->in, row))[optional->marker] = 0;
    }
    optional->is_open = optional->at < optional->in.count;
}

static BaseStatus optional_next(Operator *op, Batch *out, BaseError *err)
{
    Optional *const optional = (Optional *)op;
    for (;;) {
        BaseStatus status = optional->is_open ? BASE_OK : open_left(optional, err);
        if (status != BASE_OK)
            return status;
        if (!optional->right_is_done) {
            status = sparql_next(optional->right.top, out, err);
            if (status == BASE_OK)
                mark_matches(optional, out);
            if (status != BASE_END)
                return status;
            optional->right_is_done = true;
            out->count = 0;
        }
        add_unmatched(optional, out);
        if (out->count)
            return BASE_OK;
    }
}

static void optional_rewind(Operator *op)
{
    ((Optional *)op)->is_open = false;
}

static const Operator *optional_side(const Operator *op, size_t number)
{
    return number == 0 ? ((const Optional *)op)->right.top : NULL;
}

static bool optional_may_split(const Operator *op)
{
    return sparql_may_split(((const Optional *)op)->right.top);
}

Operator *sparql_new_optional(Builder *builder, Operator *input, SubPlan right, uint32_t marker)
{
    static const OperatorType type = {.name = "optional",
                                      .next = optional_next,
                                      .rewind = optional_rewind,
                                      .side = optional_side,
                                      .may_split = optional_may_split};
    Optional *const optional = sparql_new_operator(builder, &type, sizeof *optional, input);
    bool *const matched = sparql_build_alloc(builder, builder->batch_rows, sizeof *matched);
    if (!optional || !matched)
        return NULL;
    sparql_new_batch(builder, &optional->in);
    optional->right = right;
    optional->marker = marker;
    optional->matched = matched;
    return &optional->base;
}

/* ---- Hash join and MINUS: the right side kept, by the variables that all its rows bind ---- */

typedef struct HashJoin {
    Operator base;
    SubPlan right;
    const Seed *root;
    uint64_t generation; /* of the root's row that the rows were computed from; 0: not yet */
    const uint32_t *shared;
    size_t shared_count;
    uint32_t *keys; /* those of `shared` that every right row binds */
    size_t key_count;
    KgId *key;
    KgId *rows;
    size_t row_count, row_capacity;
    RowSet index;    /* of distinct keys */
    uint32_t *first; /* by key number: 1 + the first row, 0 for none */
    size_t first_capacity;
    uint32_t *next; /* by row: 1 + the next row of the same key */
    size_t next_capacity;
    Batch in;
    size_t row;         /* of the input */
    uint32_t candidate; /* 1 + the right row to try next; 0: no more */
    bool has_candidate, tries_all;
    bool is_lent; /* the kept side belongs to another one */
} HashJoin;

static const KgId *right_row(const HashJoin *join, size_t row)
{
    return join->rows + row * join->base.width;
}

static BaseStatus read_right(HashJoin *join, BaseError *err)
{
    sub_set(&join->right, join->root->rows, join->root->count);
    join->row_count = 0;
    for (;;) {
        Batch *const batch = &join->right.buffer;
        const BaseStatus status = sparql_next(join->right.top, batch, err);
        if (status == BASE_END)
            return BASE_OK;
        if (status != BASE_OK)
            return status;
        const size_t row_bytes = (join->base.width ? join->base.width : 1) * sizeof(KgId);
        if (!base_reserve((void **)&join->rows, &join->row_capacity, join->row_count + batch->count, row_bytes) ||
            join->row_count + batch->count >= UINT32_MAX)
            return sparql_no_memory(err);
        memcpy(join->rows + join->row_count * join->base.width, batch->cells,
               batch->count * join->base.width * sizeof(KgId));
        join->row_count += batch->count;
    }
}

static void choose_keys(HashJoin *join)
{
    join->key_count = 0;
    for (size_t i = 0; i < join->shared_count; i++) {
        bool is_bound = true;
        for (size_t row = 0; row < join->row_count && is_bound; row++)
            is_bound = right_row(join, row)[join->shared[i]] != 0;
        if (is_bound)
            join->keys[join->key_count++] = join->shared[i];
    }
}

static void take_key(HashJoin *join, const KgId *row)
{
    for (size_t i = 0; i < join->key_count; i++)
        join->key[i] = row[join->keys[i]];
}

static BaseStatus index_right(HashJoin *join, BaseError *err)
{
    choose_keys(join);
    sparql_row_set_clear(&join->index);
    join->index.width = join->key_count;
    if (!base_reserve((void **)&join->next, &join->next_capacity, join->row_count + 1, sizeof *join->next) ||
        !base_reserve((void **)&join->first, &join->first_capacity, join->row_count + 1, sizeof *join->first))
        return sparql_no_memory(err);
    for (size_t row = join->row_count; row-- > 0;) { /* backwards, so that chains run forwards */
        take_key(join, right_row(join, row));
        bool is_new;
        const size_t key = sparql_row_set_put(&join->index, join->key, &is_new);
        if (key == NO_ROW)
            return sparql_no_memory(err);
        join->next[row] = is_new ? 0 : join->first[key];
        join->first[key] = (uint32_t)row + 1;
    }
    return BASE_OK;
}

static BaseStatus build(HashJoin *join, BaseError *err)
{
    if (join->is_lent || join->generation == join->root->generation)
        return BASE_OK;
    /* The widest key is reserved once: the set's rows would otherwise change their size under it. */
    sparql_row_set_free(&join->index);
    BaseStatus status = read_right(join, err);
    if (status == BASE_OK)
        status = index_right(join, err);
    if (status == BASE_OK)
        join->generation = join->root->generation;
    return status;
}

/* The first right row that may go with `row`. Where `row` lacks a key, all are tried. */
static void find_candidates(HashJoin *join, const KgId *row)
{
    join->tries_all = false;
    for (size_t i = 0; i < join->key_count; i++)
        join->tries_all |= row[join->keys[i]] == 0;
    if (join->tries_all) {
        join->candidate = join->row_count > 0;
        return;
    }
    take_key(join, row);
    const size_t key = sparql_row_set_find(&join->index, join->key);
    join->candidate = key == NO_ROW ? 0 : join->first[key];
}

static void step(HashJoin *join)
{
    if (join->tries_all)
        join->candidate = join->candidate < join->row_count ? join->candidate + 1 : 0;
    else
        join->candidate = join->next[join->candidate - 1];
}

static bool is_compatible(const HashJoin *join, const KgId *left, const KgId *right)
{
    for (size_t i = 0; i < join->shared_count; i++) {
        const KgId a = left[join->shared[i]], b = right[join->shared[i]];
        if (a && b && a != b)
            return false;
    }
    return true;
}

static BaseStatus hash_join_next(Operator *op, Batch *out, BaseError *err)
{
    HashJoin *const join = (HashJoin *)op;
    BaseStatus status = build(join, err);
    while (status == BASE_OK && !batch_is_full(out)) {
        if (join->row >= join->in.count) {
            join->row = 0;
            status = sparql_next(op->input, &join->in, err);
            if (status != BASE_OK)
                join->in.count = 0;
            continue;
        }
        const KgId *const left = batch_row(&join->in, join->row);
        if (!join->has_candidate) {
            find_candidates(join, left);
            join->has_candidate = true;
        }
        for (; join->candidate && !batch_is_full(out); step(join)) {
            const KgId *const right = right_row(join, join->candidate - 1);
            if (!is_compatible(join, left, right))
                continue;
            KgId *const added = batch_add(out, left);
            for (size_t i = 0; i < op->width; i++)
                if (!added[i])
                    added[i] = right[i];
        }
        if (!join->candidate) {
            join->row++;
            join->has_candidate = false;
        }
        status = sparql_cancelled(op->run, err);
    }
    if (status == BASE_END && out->count)
        return BASE_OK;
    return status;
}

/* Whether a right row takes `left` away: compatible, and with a variable in common. What the root's row binds was put
 * in by substitution and is no variable any more. */
static bool is_removed(HashJoin *join, const KgId *left)
{
    const KgId *const given = join->root->count ? join->root->rows : NULL;
    for (find_candidates(join, left); join->candidate; step(join)) {
        const KgId *const right = right_row(join, join->candidate - 1);
        bool has_common = false;
        for (size_t i = 0; i < join->shared_count; i++) {
            const uint32_t v = join->shared[i];
            has_common |= left[v] && right[v] && !(given && given[v]);
        }
        if (has_common && is_compatible(join, left, right))
            return true;
    }
    return false;
}

static BaseStatus minus_next(Operator *op, Batch *out, BaseError *err)
{
    HashJoin *const join = (HashJoin *)op;
    BaseStatus status = build(join, err);
    while (status == BASE_OK) {
        status = sparql_next(op->input, out, err);
        size_t kept = 0;
        for (size_t i = 0; status == BASE_OK && i < out->count; i++) {
            const KgId *const row = batch_row(out, i);
            if (!is_removed(join, row) && kept++ < i)
                memcpy(batch_row(out, kept - 1), row, op->width * sizeof *row);
            if (join->tries_all)
                status = sparql_cancelled(op->run, err);
        }
        out->count = kept;
        if (kept && status == BASE_OK)
            return BASE_OK;
    }
    return status;
}

/* The side that is kept is computed once, before any thread begins. */
static BaseStatus hash_join_lend(Operator *op, Operator *const *copies, size_t count, bool *is_final, BaseError *err)
{
    HashJoin *const join = (HashJoin *)op;
    (void)is_final;
    const BaseStatus status = build(join, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        HashJoin *const copy = (HashJoin *)copies[i];
        copy->is_lent = true;
        copy->rows = join->rows;
        copy->row_count = join->row_count;
        copy->index = join->index;
        copy->first = join->first;
        copy->next = join->next;
        copy->key_count = join->key_count;
        memcpy(copy->keys, join->keys, join->key_count * sizeof *join->keys);
    }
    return status;
}

static void hash_join_rewind(Operator *op)
{
    HashJoin *const join = (HashJoin *)op;
    join->row = join->in.count = 0;
    join->has_candidate = false;
}

static void hash_join_close(Operator *op)
{
    HashJoin *const join = (HashJoin *)op;
    if (join->is_lent)
        return;
    free(join->rows);
    free(join->first);
    free(join->next);
    sparql_row_set_free(&join->index);
}

static size_t hash_join_bytes(const Operator *op)
{
    const HashJoin *const join = (const HashJoin *)op;
    if (join->is_lent)
        return 0;
    return join->row_capacity * op->width * sizeof *join->rows + sparql_row_set_bytes(&join->index) +
           (join->first_capacity + join->next_capacity) * sizeof *join->next;
}

static const Operator *hash_join_side(const Operator *op, size_t number)
{
    return number == 0 ? ((const HashJoin *)op)->right.top : NULL;
}

static Operator *new_hash_operator(Builder *builder, const OperatorType *type, Operator *input, SubPlan right,
                                   const Seed *root, const uint32_t *shared, size_t shared_count)
{
    HashJoin *const join = sparql_new_operator(builder, type, sizeof *join, input);
    KgId *const key = sparql_build_alloc(builder, shared_count, sizeof *key);
    uint32_t *const keys = sparql_build_alloc(builder, shared_count, sizeof *keys);
    if (!join || !key || !keys)
        return NULL;
    sparql_new_batch(builder, &join->in);
    join->right = right;
    join->root = root;
    join->shared = shared;
    join->shared_count = shared_count;
    join->key = key;
    join->keys = keys;
    return &join->base;
}

Operator *sparql_new_hash_join(Builder *builder, Operator *input, SubPlan right, const Seed *root,
                               const uint32_t *shared, size_t shared_count)
{
    static const OperatorType type = {.name = "hash join",
                                      .next = hash_join_next,
                                      .rewind = hash_join_rewind,
                                      .close = hash_join_close,
                                      .bytes = hash_join_bytes,
                                      .side = hash_join_side,
                                      .may_split = sparql_always_splits,
                                      .lend = hash_join_lend};
    return new_hash_operator(builder, &type, input, right, root, shared, shared_count);
}

Operator *sparql_new_minus(Builder *builder, Operator *input, SubPlan right, const Seed *root, const uint32_t *shared,
                           size_t shared_count)
{
    static const OperatorType type = {.name = "minus",
                                      .next = minus_next,
                                      .rewind = hash_join_rewind,
                                      .close = hash_join_close,
                                      .bytes = hash_join_bytes,
                                      .side = hash_join_side,
                                      .may_split = sparql_always_splits,
                                      .lend = hash_join_lend};
    return new_hash_operator(builder, &type, input, right, root, shared, shared_count);
}
