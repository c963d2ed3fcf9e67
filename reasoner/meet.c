/* Several pairs with one side known have the other side in common: of their lists of values the shortest, for the known
 * values at hand, is gone through, and the others are asked for each. No order of joins two by two is as good on
 * triangles, cliques and the like: Ngo, Porat, Re, Rudra, "Worst-case optimal join algorithms" (2012). */
#include "reasoner/joining.h"

enum { SOME = 64 /* values asked for together */, LONG = 64 /* rows of a chain that are counted */ };

/* The values of one arm, for its known value. */
typedef struct List {
    const Arm *arm;
    uint32_t bucket; /* NO_ROW: it is empty */
    const uint32_t *values;
    uint32_t count;  /* of values, or, where the index has row numbers, of rows */
    uint32_t newest; /* chained rows, after them */
    uint32_t length; /* of both, about */
} List;

static uint32_t from_of(const Arm *arm)
{
    return arm->span == SPAN_DELTA ? arm->relation->low : 0;
}

static uint32_t to_of(const Arm *arm)
{
    return arm->span == SPAN_OLD ? arm->relation->low : arm->relation->high;
}

static List list_of(const Match *match, const Arm *arm)
{
    const RelationIndex *const index = arm->index;
    const uint32_t known = match_value(match, arm->known);
    List list = {.arm = arm, .bucket = reasoner_index_bucket(index, &known), .newest = NO_ROW};
    if (list.bucket == NO_ROW)
        return list;
    list.values = index->entries + index->starts[list.bucket];
    if (from_of(arm) < index->base)
        list.count = index->starts[list.bucket + 1] - index->starts[list.bucket];
    list.newest = index->newest ? index->newest[list.bucket] : NO_ROW;
    list.length = list.count;
    uint32_t row = list.newest;
    for (int n = 0; row != NO_ROW && n < LONG; row = index->older[row - index->base], n++)
        list.length++;
    return list;
}

static bool has_all(const Match *match, const Step *step, const Arm *but, uint32_t value)
{
    for (uint32_t a = 0; a < step->arm_count; a++) {
        const Arm *const arm = &step->arms[a];
        if (arm == but)
            continue;
        uint32_t pair[2];
        pair[arm->column] = value;
        pair[1 - arm->column] = match_value(match, arm->known);
        if (!reasoner_relation_has(arm->relation, pair, arm->is_partial))
            return false;
    }
    return true;
}

/* Values that all arms have. */
static bool take_values(Match *match, const Step *step, uint32_t depth, const uint32_t *values, uint32_t count,
                        bool *is_enough)
{
    if (step == match->innermost)
        return match->is_pair ? reasoner_pairs_values(match, values, count)
                              : reasoner_heads_values(match, values, count);
    const uint32_t variable = step->columns[step->arms[0].column].term.index;
    for (uint32_t i = 0; i < count && !*is_enough; i++) {
        match->binding[variable] = values[i];
        if (!reasoner_match_go_on(match, step, depth, is_enough))
            return false;
    }
    return true;
}

/* Of `rows` (or, with the index, values) those that all arms have; the known value is compared where rows may have
 * another. */
static bool take_packed(Match *match, const Step *step, uint32_t depth, const List *list, bool *is_enough)
{
    const Arm *const arm = list->arm;
    const uint32_t known = match_value(match, arm->known);
    const uint32_t from = from_of(arm), to = to_of(arm);
    uint32_t kept[SOME], kept_count = 0;
    for (uint32_t i = 0; i < list->count && !*is_enough; i++) {
        uint32_t value = list->values[i];
        if (!arm->index->holds_values) {
            const uint32_t row = value;
            if (row < from || row >= to || relation_row(arm->relation, row)[1 - arm->column] != known)
                continue;
            value = relation_row(arm->relation, row)[arm->column];
        }
        if (has_all(match, step, arm, value))
            kept[kept_count++] = value;
        if (kept_count == SOME) {
            if (!take_values(match, step, depth, kept, kept_count, is_enough))
                return false;
            kept_count = 0;
        }
    }
    return kept_count == 0 || *is_enough || take_values(match, step, depth, kept, kept_count, is_enough);
}

static bool take_chained(Match *match, const Step *step, uint32_t depth, const List *list, bool *is_enough)
{
    const Arm *const arm = list->arm;
    const RelationIndex *const index = arm->index;
    const uint32_t known = match_value(match, arm->known), from = from_of(arm), to = to_of(arm);
    for (uint32_t row = list->newest; row != NO_ROW && row >= from && !*is_enough;
         row = index->older[row - index->base]) {
        const uint32_t *const pair = relation_row(arm->relation, row);
        const uint32_t value = pair[arm->column];
        if (row < to && pair[1 - arm->column] == known && has_all(match, step, arm, value) &&
            !take_values(match, step, depth, &value, 1, is_enough))
            return false;
    }
    return true;
}

bool reasoner_match_meet(Match *match, const Step *step, uint32_t depth)
{
    List least = list_of(match, &step->arms[0]);
    for (uint32_t a = 1; a < step->arm_count && least.length > 0; a++) {
        if (!step->arms[a].is_listed)
            continue;
        const List list = list_of(match, &step->arms[a]);
        if (list.length < least.length)
            least = list;
    }
    bool is_enough = false;
    if (least.length == 0)
        return true;
    return reasoner_match_rows(match, least.length) && take_packed(match, step, depth, &least, &is_enough) &&
           take_chained(match, step, depth, &least, &is_enough);
}
