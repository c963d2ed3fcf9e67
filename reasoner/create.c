/* Existential rules between the chase, which decides what is created, and the rounds, which give each fact its height:
 * there the rule is one with functions of its frontier in the place of its existential variables. */
#include "reasoner/create.h"

#include <string.h>

static bool has_term(const Creation *creation, uint32_t variable)
{
    for (uint32_t i = 0; i < creation->frontier_count; i++)
        if (creation->frontier[i].index == variable)
            return true;
    for (uint32_t i = 0; i < creation->null_count; i++)
        if (creation->nulls[i] == variable)
            return true;
    return false;
}

bool reasoner_creation_open(const ReasonerProgram *program, uint32_t rule, BaseArena *arena, Creation *out)
{
    const Rule *const of = &program->rules.items[rule];
    *out = (Creation){.rule = rule, .of = of};
    out->frontier = base_arena_alloc(arena, of->variable_count + 1, sizeof *out->frontier);
    out->nulls = base_arena_alloc(arena, of->variable_count + 1, sizeof *out->nulls);
    if (!out->frontier || !out->nulls)
        return false;
    for (uint32_t h = 0; h < of->head_count; h++) {
        for (uint32_t t = 0; t < of->heads[h].count; t++) {
            const Term term = of->heads[h].terms[t];
            if (!term.is_variable || has_term(out, term.index))
                continue;
            if (term.is_existential)
                out->nulls[out->null_count++] = term.index;
            else
                out->frontier[out->frontier_count++] = term;
        }
    }
    if (out->frontier_count == 0)
        out->frontier[out->frontier_count++] = (Term){.index = program->type_constant};
    out->met.arity = out->frontier_count;
    out->made.arity = out->frontier_count + out->null_count;
    return true;
}

void reasoner_creation_close(Creation *creation)
{
    reasoner_relation_free(&creation->met);
    reasoner_relation_free(&creation->made);
}

/* ---- Giving -------------------------------------------------------------------------------------------------- */

static uint32_t value_of(const Creation *creation, const uint32_t *made, Term term)
{
    if (!term.is_variable)
        return term.index;
    for (uint32_t i = 0; i < creation->frontier_count; i++)
        if (creation->frontier[i].is_variable && creation->frontier[i].index == term.index)
            return made[i];
    for (uint32_t i = 0; i < creation->null_count; i++)
        if (creation->nulls[i] == term.index)
            return made[creation->frontier_count + i];
    return 0; /* a head has no other */
}

static bool give_heads(const Creation *creation, const uint32_t *made, uint32_t height, Relation *relations,
                       uint64_t *added)
{
    uint32_t tuple[ARITY_LIMIT];
    for (uint32_t h = 0; h < creation->of->head_count; h++) {
        const Atom *const head = &creation->of->heads[h];
        Relation *const relation = &relations[head->relation];
        uint64_t some = 0;
        for (uint32_t c = 0; c < relation->arity; c++)
            tuple[c] = value_of(creation, made, head->arguments[c]);
        if (!reasoner_relation_add(relation, tuple, 1, height, creation->rule, &some))
            return false;
        *added += some;
    }
    return true;
}

bool reasoner_creation_give(Creation *creation, uint32_t from, uint32_t height, Relation *relations, uint64_t *added)
{
    *added = 0;
    if (from == creation->met.count || creation->made.count == 0)
        return true;
    const uint64_t key = UINT64_MAX >> (64 - creation->frontier_count);
    const RelationIndex *const index = reasoner_relation_index(&creation->made, key, true);
    for (uint32_t row = from; index && row < creation->met.count; row++) {
        IndexCursor cursor = reasoner_index_find(&creation->made, index, relation_row(&creation->met, row));
        const uint32_t found = reasoner_index_next(&cursor);
        if (found != NO_ROW && !give_heads(creation, relation_row(&creation->made, found), height, relations, added))
            return false;
    }
    return index != NULL;
}
