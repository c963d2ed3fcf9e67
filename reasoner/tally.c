/* What an aggregate is made of: the matches of its rule's body that belong to one group, one for each distinct input,
 * and what they fold to (section 7.3 of the language). */
#include "reasoner/tally.h"

#include "reasoner/functions.h"

#include <stdlib.h>
#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

/* ---- Gathering ----------------------------------------------------------------------------------------------- */

/* A row: group values, input, distinct companions. */
static void fill_row(const Aggregate *aggregate, const Search *instance, uint32_t *row)
{
    for (uint32_t g = 0; g < aggregate->group_count; g++)
        *row++ = reasoner_search_term(instance, aggregate->groups[g]);
    *row++ = reasoner_search_term(instance, aggregate->input);
    for (uint32_t d = 0; d < aggregate->distinct_count; d++)
        *row++ = reasoner_search_term(instance, aggregate->distinct[d]);
}

static const uint32_t *row_of(const Tally *tally, uint32_t match)
{
    return relation_row(&tally->rows, match);
}

/* The row's match, made when it is new. NULL: no memory. */
static TallyMatch *find_match(Tally *tally, const uint32_t *row, bool *is_new)
{
    const size_t bytes = tally->rows.arity * sizeof *row;
    for (uint64_t key = base_hash(row, bytes, 0) >> 1;; key++) {
        const uint64_t *const place = base_map_put(&tally->places, key, tally->matches.count, is_new);
        if (!place)
            return NULL;
        if (*is_new) {
            const bool is_fine =
                reasoner_relation_append(&tally->rows, row, 1, 0, 0) && BASE_PUSH(&tally->matches, (TallyMatch){0});
            return is_fine ? &tally->matches.items[tally->matches.count - 1] : NULL;
        }
        if (memcmp(row_of(tally, (uint32_t)*place), row, bytes) == 0)
            return &tally->matches.items[*place];
    }
}

static uint32_t highest_of(const Search *instance)
{
    uint32_t highest = 0;
    for (uint32_t b = 0; b < instance->rule->body_count; b++)
        highest = instance->heights[b] > highest ? instance->heights[b] : highest;
    return highest;
}

/* Of each row the lowest match is kept. */
static bool take_match(void *context, Search *instance)
{
    Tally *const tally = context;
    const Rule *const rule = instance->rule;
    const uint32_t height = highest_of(instance);
    uint32_t row[2 * ARITY_LIMIT];
    bool is_new;
    fill_row(rule->heads[tally->head].aggregate, instance, row);
    TallyMatch *const match = find_match(tally, row, &is_new);
    if (match && (is_new || height < match->height)) {
        if (is_new) {
            match->binding = base_arena_alloc(&tally->memory, rule->variable_count + 1, sizeof *match->binding);
            match->heights = base_arena_alloc(&tally->memory, rule->body_count + 1, sizeof *match->heights);
        }
        match->height = height;
        if (match->binding && match->heights) {
            memcpy(match->binding, instance->binding, rule->variable_count * sizeof *match->binding);
            memcpy(match->heights, instance->heights, rule->body_count * sizeof *match->heights);
        }
    }
    tally->has_no_memory = !match || !match->binding || !match->heights;
    return tally->has_no_memory;
}

BaseStatus reasoner_tally_open(Facts *facts, const Rule *rule, uint32_t head, const uint32_t *tuple,
                               uint32_t most_height, Tally *out, BaseError *err)
{
    const Aggregate *const aggregate = rule->heads[head].aggregate;
    *out = (Tally){.facts = facts, .rule = rule, .head = head, .tuple = tuple};
    out->rows.arity = aggregate->group_count + 1 + aggregate->distinct_count;
    if (out->rows.arity > 2 * ARITY_LIMIT)
        return base_fail(err, BASE_BAD_INPUT, "%s has too many variables for a proof", rule->name);
    Search search = {.facts = facts,
                     .rule = rule,
                     .most_height = most_height,
                     .rows_left = UINT64_MAX,
                     .found = take_match,
                     .context = out};
    const BaseStatus status = reasoner_search(&search, head, tuple, &out->memory, err);
    return status == BASE_OK && out->has_no_memory ? no_memory(err) : status;
}

void reasoner_tally_close(Tally *tally)
{
    reasoner_relation_free(&tally->rows);
    free(tally->matches.items);
    free(tally->group.items);
    base_map_free(&tally->places);
    base_arena_free(&tally->memory);
    *tally = (Tally){0};
}

/* ---- Folding ------------------------------------------------------------------------------------------------- */

/* The matches of the same group as this one. false: no memory. */
static bool take_group(Tally *tally, uint32_t first)
{
    const uint32_t groups = tally->rule->heads[tally->head].aggregate->group_count;
    tally->group.count = 0;
    for (uint32_t match = first; match < tally->rows.count; match++)
        if (memcmp(row_of(tally, match), row_of(tally, first), groups * sizeof(uint32_t)) == 0 &&
            !BASE_PUSH(&tally->group, match))
            return false;
    return true;
}

static bool is_first_of_group(const Tally *tally, uint32_t match)
{
    const uint32_t groups = tally->rule->heads[tally->head].aggregate->group_count;
    for (uint32_t before = 0; before < match; before++)
        if (memcmp(row_of(tally, match), row_of(tally, before), groups * sizeof(uint32_t)) == 0)
            return false;
    return true;
}

/* What the group gives; OPEN_TERM: nothing. */
static BaseStatus fold_group(Tally *tally, uint32_t *out, BaseError *err)
{
    const Aggregate *const aggregate = tally->rule->heads[tally->head].aggregate;
    Values *const values = tally->facts->values;
    uint32_t *const inputs = malloc((tally->group.count + 1) * sizeof *inputs);
    uint32_t *const binding = malloc(((size_t)tally->rule->variable_count + 1) * sizeof *binding);
    BaseError fault = {0};
    BaseStatus status = inputs && binding ? BASE_OK : no_memory(err);
    *out = OPEN_TERM;
    for (size_t i = 0; i < tally->group.count && status == BASE_OK; i++)
        inputs[i] = row_of(tally, tally->group.items[i])[aggregate->group_count];
    if (status == BASE_OK) {
        memcpy(binding, tally->matches.items[tally->group.items[0]].binding,
               tally->rule->variable_count * sizeof *binding);
        status =
            reasoner_fold(aggregate->kind, inputs, tally->group.count, values, &binding[aggregate->folded], &fault);
        const bool has_value = status == BASE_OK;
        if (status == BASE_NO_MEMORY)
            no_memory(err);
        else
            status = BASE_OK; /* a sum that leaves its range gives nothing */
        if (has_value && !aggregate->around)
            *out = binding[aggregate->folded];
        else if (has_value && !reasoner_compute(aggregate->around, binding, values, out))
            *out = OPEN_TERM;
    }
    free(inputs);
    free(binding);
    return status == BASE_OK && reasoner_values_failed(values) ? no_memory(err) : status;
}

/* The tuple's value in the aggregate's place. */
static uint32_t result_of(const Tally *tally)
{
    const Atom *const head = &tally->rule->heads[tally->head];
    uint32_t column = 0;
    while (!head->arguments[column].is_variable || head->arguments[column].index != head->aggregate->result)
        column++;
    return tally->tuple[column];
}

BaseStatus reasoner_tally_find(Tally *tally, bool *out, uint32_t *other, BaseError *err)
{
    BaseStatus status = BASE_OK;
    *out = false;
    *other = OPEN_TERM;
    for (uint32_t match = 0; match < tally->rows.count && !*out && status == BASE_OK; match++) {
        uint32_t value;
        if (!is_first_of_group(tally, match))
            continue;
        if (!take_group(tally, match))
            return no_memory(err);
        status = fold_group(tally, &value, err);
        *out = status == BASE_OK && value != OPEN_TERM && value == result_of(tally);
        *other = *other == OPEN_TERM ? value : *other;
    }
    return status;
}

/* ---- Showing ------------------------------------------------------------------------------------------------- */

/* For least and greatest, the inputs that are it come first. */
static void order_group(Tally *tally)
{
    const Aggregate *const aggregate = tally->rule->heads[tally->head].aggregate;
    const uint32_t value = result_of(tally);
    size_t at = 0;
    if (aggregate->kind != AGGREGATE_MIN && aggregate->kind != AGGREGATE_MAX)
        return;
    for (size_t i = 0; i < tally->group.count; i++) {
        if (row_of(tally, tally->group.items[i])[aggregate->group_count] != value)
            continue;
        const uint32_t moved = tally->group.items[i];
        tally->group.items[i] = tally->group.items[at];
        tally->group.items[at++] = moved;
    }
}

size_t reasoner_tally_shown(Tally *tally)
{
    order_group(tally);
    return tally->group.count < TALLY_SHOWN ? tally->group.count : TALLY_SHOWN;
}

BaseStatus reasoner_tally_instance(const Tally *tally, size_t place, BaseArena *arena, Search *out, BaseError *err)
{
    const TallyMatch *const match = &tally->matches.items[tally->group.items[place]];
    *out = (Search){.facts = tally->facts, .rule = tally->rule, .binding = match->binding, .heights = match->heights};
    out->states = base_arena_alloc(arena, tally->rule->body_count + 1, sizeof *out->states);
    if (!out->states)
        return no_memory(err);
    for (uint32_t b = 0; b < tally->rule->body_count; b++)
        out->states[b] = LITERAL_HOLDS;
    return BASE_OK;
}
