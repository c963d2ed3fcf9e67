/* A stratum sees the facts of lower strata at their own heights: rows of a relation are in the order of heights, and a
 * round sees those below its height. Where predicates of several strata share a relation, its rows of lower strata
 * above height 0 are taken out at the beginning and come back each in its round, so that the order holds. */
#include "reasoner/stratum.h"

#include <stdlib.h>
#include <string.h>

static bool is_positive(const Literal *literal)
{
    return !literal->is_comparison && !literal->atom.is_negated;
}

/* ---- What is needed ------------------------------------------------------------------------------------------ */

/* Views put out whatever they cover, so with one among the outputs every rule is needed. */
static bool puts_out_views(const ReasonerProgram *program)
{
    for (size_t p = 0; p < program->predicates.count; p++) {
        const Predicate *const predicate = &program->predicates.items[p];
        if (predicate->is_output && (!predicate->is_meant || predicate->kind == PREDICATE_TRIPLE ||
                                     predicate->constant == program->type_constant))
            return true;
    }
    return false;
}

static bool has_needed_head(const ReasonerProgram *program, const Rule *rule, const bool *wanted)
{
    for (uint32_t h = 0; h < rule->head_count; h++)
        if (wanted[rule->heads[h].relation] || program->predicates.items[rule->heads[h].meant].is_output)
            return true;
    return false;
}

bool reasoner_needed_rules(const ReasonerProgram *program, bool *is_needed)
{
    const bool needs_all = program->outputs.count == 0 || puts_out_views(program);
    for (size_t r = 0; r < program->rules.count; r++)
        is_needed[r] = program->for_files ? program->rules.items[r].is_needed : needs_all;
    if (needs_all || program->for_files)
        return true;
    bool *const wanted = calloc(program->relations.count + 1, sizeof *wanted);
    for (bool is_changed = wanted != NULL; is_changed;) {
        is_changed = false;
        for (size_t r = 0; r < program->rules.count; r++) {
            const Rule *const rule = &program->rules.items[r];
            if (is_needed[r] || !(rule->is_constraint || has_needed_head(program, rule, wanted)))
                continue;
            is_needed[r] = is_changed = true;
            for (uint32_t b = 0; b < rule->body_count; b++)
                if (!rule->body[b].is_comparison)
                    wanted[rule->body[b].atom.relation] = true;
        }
    }
    free(wanted);
    return wanted != NULL;
}

/* ---- Opening ------------------------------------------------------------------------------------------------- */

static bool add_rule(Stratum *stratum, uint32_t r)
{
    const ReasonerProgram *const program = stratum->evaluation->program;
    const Rule *const rule = &program->rules.items[r];
    ActiveRule active = {.rule = r};
    bool is_active = false;
    active.takes_head = base_arena_alloc(&stratum->memory, rule->head_count + 1, sizeof *active.takes_head);
    active.variants = base_arena_alloc(&stratum->memory, rule->body_count + 1, sizeof *active.variants);
    if (!active.takes_head || !active.variants)
        return false;
    for (uint32_t h = 0; h < rule->head_count; h++) {
        active.takes_head[h] = program->predicates.items[rule->heads[h].meant].stratum == stratum->number;
        is_active |= active.takes_head[h];
        stratum->is_growing[rule->heads[h].relation] |= active.takes_head[h];
    }
    if (!is_active)
        return true;
    for (uint32_t b = 0; b < rule->body_count; b++)
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
    const ReasonerProgram *const program = stratum->evaluation->program;
    for (size_t i = 0; i < stratum->rule_count; i++) {
        const Rule *const rule = &program->rules.items[stratum->rules[i].rule];
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

BaseStatus reasoner_stratum_open(Evaluation *evaluation, uint32_t number, const bool *is_needed, Stratum *out)
{
    const ReasonerProgram *const program = evaluation->program;
    const size_t relations = program->relations.count + 1;
    *out = (Stratum){.evaluation = evaluation, .number = number};
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
        if (is_needed[r] && !add_rule(out, r))
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
    return BASE_OK;
}

void reasoner_stratum_close(Stratum *stratum)
{
    const size_t relations = stratum->evaluation->program->relations.count;
    for (size_t i = 0; i < stratum->rule_count; i++) {
        const Rule *const rule = &stratum->evaluation->program->rules.items[stratum->rules[i].rule];
        for (uint32_t b = 0; b <= rule->body_count; b++)
            base_arena_free(&stratum->rules[i].variants[b].memory);
    }
    for (size_t r = 0; r < relations && stratum->copies && stratum->waiting; r++) {
        reasoner_relation_free(&stratum->copies[r]);
        reasoner_relation_free(&stratum->waiting[r].rows);
    }
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
    for (size_t r = 0; r < stratum->evaluation->program->relations.count; r++) {
        Relation *const relation = &stratum->evaluation->relations[r];
        if (!bring_back(relation, &stratum->waiting[r], height - 1))
            return false;
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
    return highest;
}
