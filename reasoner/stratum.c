/* A stratum sees the facts of lower strata at their own heights: rows of a relation are in the order of heights, and a
 * round sees those below its height. Where predicates of several strata share a relation, its rows of lower strata
 * above height 0 are taken out at the beginning and come back each in its round, so that the order holds. */
#include "reasoner/stratum.h"

#include <stdlib.h>
#include <string.h>

/* ---- Opening ------------------------------------------------------------------------------------------------- */

static Grouping *find_grouping(const Stratum *stratum, uint32_t rule, uint32_t head)
{
    for (size_t g = 0; g < stratum->groupings->count; g++)
        if (stratum->groupings->items[g].rule == rule && stratum->groupings->items[g].head == head)
            return &stratum->groupings->items[g];
    return NULL;
}

/* What the rule's matches give by head h. */
static void add_head(Stratum *stratum, ActiveRule *active, uint32_t h)
{
    DeltaJoin *const join = &active->join;
    const Atom *const head = &join->rule->heads[h];
    Grouping *const grouping = head->aggregate ? find_grouping(stratum, join->number, h) : NULL;
    stratum->is_growing[head->relation] |= !stratum->gathers;
    if (stratum->gathers && grouping)
        join->heads[join->head_count++] = (JoinHead){grouping->arguments, &grouping->inputs};
    else if (grouping)
        active->groupings[active->grouping_count++] = grouping;
    else if (!stratum->gathers && !active->creation)
        join->heads[join->head_count++] = (JoinHead){head->arguments, &stratum->evaluation->relations[head->relation]};
}

static bool add_rule(Stratum *stratum, uint32_t r)
{
    const ReasonerProgram *const program = stratum->evaluation->program;
    const Rule *const rule = &program->rules.items[r];
    ActiveRule active = {0};
    bool is_active = false;
    for (uint32_t h = 0; h < rule->head_count; h++)
        is_active |= program->predicates.items[rule->heads[h].meant].stratum == stratum->number;
    if (!is_active || (stratum->gathers && !rule->has_aggregate))
        return true;
    active.groupings = base_arena_alloc(&stratum->memory, rule->head_count + 1, sizeof *active.groupings);
    if (!active.groupings || !reasoner_delta_open(program, r, rule->head_count + 1, &stratum->memory, &active.join))
        return false;
    if (rule->has_existential) {
        active.creation = &stratum->evaluation->creations[r];
        reasoner_relation_free(&active.creation->met);
        active.join.heads[active.join.head_count++] = (JoinHead){active.creation->frontier, &active.creation->met};
    }
    for (uint32_t h = 0; h < rule->head_count; h++)
        if (program->predicates.items[rule->heads[h].meant].stratum == stratum->number)
            add_head(stratum, &active, h);
    for (uint32_t b = 0; b < rule->body_count && active.join.head_count > 0; b++)
        if (is_positive(&rule->body[b]))
            stratum->is_looked_at[rule->body[b].atom.relation] = true;
    stratum->rules[stratum->rule_count++] = active;
    return true;
}

static bool copy_relation(const Relation *from, Relation *to)
{
    *to = (Relation){.arity = from->arity, .value_hint = from->value_hint};
    if (!reasoner_relation_append(to, from->values, from->count, 0, NO_ROW))
        return false;
    to->high = to->count;
    return true;
}

/* Negated atoms of a relation that grows look at a copy of what it is now. */
static bool complete_negated(Stratum *stratum)
{
    for (size_t i = 0; i < stratum->rule_count; i++) {
        const Rule *const rule = stratum->rules[i].join.rule;
        for (uint32_t b = 0; b < rule->body_count; b++) {
            const uint32_t r = rule->body[b].atom.relation;
            if (rule->body[b].is_comparison || !rule->body[b].atom.is_negated || !stratum->is_growing[r] ||
                stratum->complete[r] == &stratum->copies[r])
                continue;
            stratum->complete[r] = &stratum->copies[r];
            if (!copy_relation(&stratum->evaluation->relations[r], &stratum->copies[r]))
                return false;
        }
    }
    return true;
}

/* Takes the rows above height 0 out of a relation that is going to grow. */
static bool set_waiting(Relation *relation, Waiting *waiting)
{
    waiting->rows = (Relation){.arity = relation->arity};
    const uint32_t from = reasoner_relation_height_start(relation, 1);
    for (uint32_t row = from; row < relation->count;) {
        const Segment *const segment = reasoner_relation_segment(relation, row);
        if (!reasoner_relation_append(&waiting->rows, relation_row(relation, row), segment->end - row, segment->height,
                                      segment->rule))
            return false;
        row = segment->end;
    }
    if (from < relation->count)
        reasoner_relation_truncate(relation, from);
    return true;
}

BaseStatus reasoner_stratum_open(Evaluation *evaluation, uint32_t number, bool gathers, Groupings *groupings,
                                 Stratum *out)
{
    const ReasonerProgram *const program = evaluation->program;
    const size_t relations = program->relations.count + 1;
    *out = (Stratum){.evaluation = evaluation, .number = number, .gathers = gathers, .groupings = groupings};
    out->rules = base_arena_alloc(&out->memory, program->rules.count + 1, sizeof *out->rules);
    out->is_growing = base_arena_alloc(&out->memory, relations, sizeof *out->is_growing);
    out->is_partial = base_arena_alloc(&out->memory, relations, sizeof *out->is_partial);
    out->is_looked_at = base_arena_alloc(&out->memory, relations, sizeof *out->is_looked_at);
    out->complete = base_arena_alloc(&out->memory, relations, sizeof *out->complete);
    out->copies = base_arena_alloc(&out->memory, relations, sizeof *out->copies);
    out->waiting = base_arena_alloc(&out->memory, relations, sizeof *out->waiting);
    if (!out->rules || !out->is_growing || !out->is_partial || !out->is_looked_at || !out->complete || !out->copies ||
        !out->waiting)
        return BASE_NO_MEMORY;
    for (uint32_t r = 0; r < program->rules.count; r++)
        if (program->rules.items[r].is_needed && !add_rule(out, r))
            return BASE_NO_MEMORY;
    for (size_t r = 0; r < program->relations.count; r++) {
        Relation *const relation = &evaluation->relations[r];
        out->complete[r] = relation;
        /* Rounds start anew, so an index may cover rows that the first of them do not see. */
        if (reasoner_relation_height_start(relation, 1) < relation->count)
            reasoner_relation_drop_indexes(relation);
        reasoner_members_hide(&relation->members);
        relation->low = relation->high = 0;
    }
    if (!complete_negated(out))
        return BASE_NO_MEMORY;
    for (size_t r = 0; r < program->relations.count; r++) {
        Relation *const relation = &evaluation->relations[r];
        if (out->is_growing[r] && !set_waiting(relation, &out->waiting[r]))
            return BASE_NO_MEMORY;
        out->is_partial[r] = out->is_growing[r] || reasoner_relation_height_start(relation, 1) < relation->count;
    }
    return reasoner_stratum_shape(out) ? BASE_OK : BASE_NO_MEMORY;
}

void reasoner_stratum_close(Stratum *stratum)
{
    const size_t relations = stratum->evaluation->program->relations.count;
    for (size_t i = 0; i < stratum->rule_count; i++)
        reasoner_delta_close(&stratum->rules[i].join);
    for (size_t r = 0; r < relations && stratum->copies && stratum->waiting; r++) {
        reasoner_relation_free(&stratum->copies[r]);
        reasoner_relation_free(&stratum->waiting[r].rows);
    }
    for (size_t r = 0; r < relations; r++) {
        Relation *const relation = &stratum->evaluation->relations[r];
        if (relation->members.kind == MEMBERS_MATRIX)
            reasoner_members_free(&relation->members);
        relation->shape = NULL;
    }
    reasoner_shape_free(&stratum->shape);
    base_arena_free(&stratum->memory);
}

/* ---- Rounds -------------------------------------------------------------------------------------------------- */

/* Rows of this height go back. */
static bool bring_back(Relation *relation, Waiting *waiting, uint32_t height)
{
    while (waiting->next < waiting->rows.count) {
        const Segment *const segment = reasoner_relation_segment(&waiting->rows, waiting->next);
        if (segment->height != height)
            return true;
        if (!reasoner_relation_append(relation, relation_row(&waiting->rows, waiting->next),
                                      segment->end - waiting->next, height, segment->rule))
            return false;
        waiting->next = segment->end;
    }
    return true;
}

bool reasoner_stratum_begin_round(Stratum *stratum, uint32_t height)
{
    const Values *const values = stratum->evaluation->values;
    for (size_t r = 0; r < stratum->evaluation->program->relations.count; r++) {
        Relation *const relation = &stratum->evaluation->relations[r];
        if (!bring_back(relation, &stratum->waiting[r], height - 1))
            return false;
        if (values)
            relation_hint(relation, reasoner_values_count(values));
        if (!stratum->is_looked_at[r])
            continue;
        const bool is_new = relation->high < relation->count;
        relation->low = relation->high;
        relation->high = is_new ? reasoner_relation_height_start(relation, height) : relation->high;
    }
    return true;
}

uint32_t reasoner_stratum_highest_premise(const Stratum *stratum)
{
    uint32_t highest = 0;
    for (size_t r = 0; r < stratum->evaluation->program->relations.count; r++) {
        const Relation *const relation = &stratum->evaluation->relations[r];
        const Relation *const waiting = &stratum->waiting[r].rows;
        const Relation *const last = waiting->count > 0 ? waiting : relation;
        if ((!stratum->is_looked_at[r] && waiting->count == 0) || last->segments.count == 0)
            continue;
        const uint32_t height = last->segments.items[last->segments.count - 1].height;
        highest = height > highest ? height : highest;
    }
    for (size_t g = 0; g < stratum->groupings->count && !stratum->gathers; g++) {
        const Relation *const tuples = &stratum->groupings->items[g].tuples;
        const uint32_t height = tuples->segments.count ? tuples->segments.items[tuples->segments.count - 1].height : 1;
        highest = height - 1 > highest ? height - 1 : highest;
    }
    return highest;
}
