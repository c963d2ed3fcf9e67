/* Rules as maintenance sees them: every atom a triple, found again by what it speaks of. */
#include "reasoner/maintain.h"

#include <stdlib.h>

static BaseStatus no_memory(const Maintenance *with)
{
    return base_fail(with->err, BASE_NO_MEMORY, "no memory to update what was derived");
}

static TripleAtom form_atom(const ReasonerProgram *program, const Atom *atom)
{
    const RelationShape *const shape = &program->relations.items[atom->relation];
    const Term name = {.index = program->predicates.items[shape->predicate].constant};
    const Term type = {.index = program->type_constant};
    switch (shape->kind) {
    case PREDICATE_CLASS:
        return (TripleAtom){{atom->arguments[0], type, name}, false};
    case PREDICATE_PROPERTY:
        return (TripleAtom){{atom->arguments[0], name, atom->arguments[1]}, false};
    case PREDICATE_TRIPLE:
        return (TripleAtom){{atom->arguments[0], atom->arguments[1], atom->arguments[2]}, false};
    case PREDICATE_LOCAL:
        break;
    }
    return (TripleAtom){.is_dead = true};
}

/* ---- Where atoms are ----------------------------------------------------------------------------------------- */

static uint64_t key_of(KgId predicate, KgId class)
{
    return base_mix(predicate + base_mix(class)) >> 1;
}

static bool put_atom(const Maintenance *with, AtomIndex *index, const TripleAtom *atom, AtomPlace place)
{
    if (atom->is_dead)
        return true;
    if (atom->terms[1].is_variable)
        return BASE_PUSH(&index->open, place);
    const KgId predicate = with->constants[atom->terms[1].index];
    const bool has_class = predicate == with->type && !atom->terms[2].is_variable;
    const uint64_t key = key_of(predicate, has_class ? with->constants[atom->terms[2].index] : KG_ANY);
    bool is_new;
    const uint64_t *const found = base_map_put(&index->lists, key, index->all.count, &is_new);
    if (!found || (is_new && !BASE_PUSH(&index->all, (AtomList){0})))
        return false;
    return BASE_PUSH(&index->all.items[*found], place);
}

static const AtomList *list_of(const AtomIndex *index, uint64_t key)
{
    const uint64_t *const found = base_map_get(&index->lists, key);
    return found ? &index->all.items[*found] : NULL;
}

AtomLists reasoner_atoms_of(const Maintenance *with, const AtomIndex *index, KgTriple triple)
{
    return (AtomLists){{list_of(index, key_of(triple.p, KG_ANY)),
                        triple.p == with->type ? list_of(index, key_of(triple.p, triple.o)) : NULL,
                        index->open.count > 0 ? &index->open : NULL}};
}

static void free_index(AtomIndex *index)
{
    for (size_t i = 0; i < index->all.count; i++)
        free(index->all.items[i].items);
    free(index->all.items);
    free(index->open.items);
    base_map_free(&index->lists);
    *index = (AtomIndex){0};
}

uint32_t reasoner_stratum_of(const Maintenance *with, KgTriple triple)
{
    uint32_t stratum = NO_STRATUM;
    const AtomLists lists = reasoner_atoms_of(with, &with->heads, triple);
    for (int i = 0; i < 3; i++)
        for (size_t a = 0; lists.items[i] && a < lists.items[i]->count; a++) {
            const AtomPlace place = lists.items[i]->items[a];
            const uint32_t one = with->rules[place.rule].strata[place.place];
            stratum = stratum == NO_STRATUM || one > stratum ? one : stratum;
        }
    return stratum;
}

/* ---- Forms --------------------------------------------------------------------------------------------------- */

static BaseStatus find_constants(Maintenance *with)
{
    const ReasonerProgram *const program = with->program;
    BaseStatus status = reasoner_terms_open(with->txn, program, &with->terms, with->err);
    if (status == BASE_OK && program->needs_values)
        status = reasoner_terms_lend(&with->terms, with->err);
    if (status != BASE_OK)
        return status;
    with->constants = base_arena_alloc(&with->memory, program->constants.count + 1, sizeof *with->constants);
    if (!with->constants)
        return no_memory(with);
    for (uint32_t c = 0; c < program->constants.count; c++) {
        const KgId id = terms_id(&with->terms, c);
        with->constants[c] = id == KG_ANY ? unknown_id(c) : id;
    }
    with->type = with->constants[program->type_constant];
    return BASE_OK;
}

static BaseStatus kind_of(const Maintenance *with, KgId id, KgKind *out)
{
    BaseArena texts = {0};
    KgTerm term = {.kind = kg_kind(id)};
    BaseStatus status = BASE_OK;
    if (is_unknown_id(id))
        status = reasoner_terms_read(&with->terms, (uint32_t)kg_number(id), &texts, &term, with->err);
    *out = term.kind;
    base_arena_free(&texts);
    return status;
}

BaseStatus reasoner_is_storable(const Maintenance *with, KgTriple triple, bool *out)
{
    KgKind subject, predicate;
    BaseStatus status = kind_of(with, triple.s, &subject);
    if (status == BASE_OK)
        status = kind_of(with, triple.p, &predicate);
    *out = status == BASE_OK && subject != KG_LITERAL && predicate == KG_IRI;
    return status;
}

static bool form_rule(Maintenance *with, uint32_t r)
{
    const ReasonerProgram *const program = with->program;
    const Rule *const rule = &program->rules.items[r];
    RuleForm *const form = &with->rules[r];
    form->rule = rule;
    form->heads = base_arena_alloc(&with->memory, rule->head_count + 1, sizeof *form->heads);
    form->strata = base_arena_alloc(&with->memory, rule->head_count + 1, sizeof *form->strata);
    form->body = base_arena_alloc(&with->memory, rule->body_count + 1, sizeof *form->body);
    form->from_heads = base_arena_alloc(&with->memory, rule->head_count + 1, sizeof *form->from_heads);
    form->from_body = base_arena_alloc(&with->memory, rule->body_count + 1, sizeof *form->from_body);
    if (!form->heads || !form->strata || !form->body || !form->from_heads || !form->from_body)
        return false;
    for (uint32_t b = 0; b < rule->body_count; b++) {
        if (rule->body[b].is_comparison)
            continue;
        form->body[b] = form_atom(program, &rule->body[b].atom);
        form->is_dead |= form->body[b].is_dead && !rule->body[b].atom.is_negated;
    }
    for (uint32_t h = 0; h < rule->head_count; h++) {
        form->heads[h] = form_atom(program, &rule->heads[h]);
        form->strata[h] = program->predicates.items[rule->heads[h].meant].stratum;
        if (!form->is_dead && !put_atom(with, &with->heads, &form->heads[h], (AtomPlace){r, h}))
            return false;
    }
    for (uint32_t b = 0; b < rule->body_count && !form->is_dead; b++)
        if (!rule->body[b].is_comparison &&
            !put_atom(with, rule->body[b].atom.is_negated ? &with->negative : &with->positive, &form->body[b],
                      (AtomPlace){r, b}))
            return false;
    return true;
}

BaseStatus reasoner_forms_open(Maintenance *with)
{
    BaseStatus status = find_constants(with);
    if (status == BASE_OK)
        status = kg_statistics(with->txn, &with->memory, &with->statistics, with->err);
    if (status == BASE_OK)
        status = kg_finder_open(with->txn, KG_ASSERTED, &with->asserted, with->err);
    if (status == BASE_OK)
        status = kg_finder_open(with->txn, KG_INFERRED, &with->inferred, with->err);
    if (status != BASE_OK)
        return status;
    with->rules = base_arena_alloc(&with->memory, with->program->rules.count + 1, sizeof *with->rules);
    for (uint32_t r = 0; with->rules && r < with->program->rules.count; r++)
        if (!form_rule(with, r))
            return no_memory(with);
    return with->rules ? BASE_OK : no_memory(with);
}

static void close_way(const Way *way)
{
    for (uint32_t i = 0; i < way->count; i++) {
        kg_finder_close(way->steps[i].asserted);
        kg_finder_close(way->steps[i].inferred);
    }
}

void reasoner_forms_close(Maintenance *with)
{
    for (size_t r = 0; with->rules && r < with->program->rules.count; r++) {
        const RuleForm *const form = &with->rules[r];
        if (!form->rule || !form->from_heads || !form->from_body)
            continue;
        close_way(&form->from_nothing);
        for (uint32_t h = 0; h < form->rule->head_count; h++)
            close_way(&form->from_heads[h]);
        for (uint32_t b = 0; b < form->rule->body_count; b++)
            close_way(&form->from_body[b]);
    }
    kg_finder_close(with->asserted);
    kg_finder_close(with->inferred);
    free_index(&with->heads);
    free_index(&with->positive);
    free_index(&with->negative);
    reasoner_shelves_free(with);
    base_map_free(&with->found);
    base_map_free(&with->asserted_of);
    if (with->terms.txn)
        reasoner_terms_close(&with->terms);
    with->terms = (Terms){0};
    reasoner_ledger_free(&with->ledger);
    base_arena_free(&with->memory);
    with->asserted = with->inferred = NULL;
    with->rules = NULL;
}
