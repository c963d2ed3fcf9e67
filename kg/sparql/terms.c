/* terms.c - the query-local dictionary. */
#include "kg/sparql/terms.h"

#include "kg/sparql/found_terms.h"
#include "kg/terms.h"

#include <stdlib.h>

static uint64_t hash_term(const KgTerm *term)
{
    uint64_t hash = base_hash(term->text.bytes, term->text.length, (uint64_t)term->kind);
    if (term->datatype.length)
        hash = base_hash(term->datatype.bytes, term->datatype.length, hash);
    if (term->language.length)
        hash = base_hash(term->language.bytes, term->language.length, hash + 1);
    return hash;
}

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static bool same_term(const KgTerm *a, const KgTerm *b)
{
    return a->kind == b->kind && same_text(a->text, b->text) && same_text(a->datatype, b->datatype) &&
           same_text(a->language, b->language);
}

/* Where the term is in the table, or the empty place for it. */
static size_t find_place(const Terms *terms, const KgTerm *term)
{
    size_t place = hash_term(term) & (terms->table_size - 1);
    while (terms->table[place] && !same_term(&terms->list.items[terms->table[place] - 1], term))
        place = (place + 1) & (terms->table_size - 1);
    return place;
}

static bool grow_table(Terms *terms)
{
    const size_t size = terms->table_size ? terms->table_size * 2 : 64;
    uint32_t *const table = calloc(size, sizeof *table);
    if (!table)
        return false;
    free(terms->table);
    terms->table = table;
    terms->table_size = size;
    for (size_t i = 0; i < terms->list.count; i++)
        table[find_place(terms, &terms->list.items[i])] = (uint32_t)i + 1;
    return true;
}

static bool copy_text(Terms *terms, KgText *text)
{
    if (text->length == 0) {
        *text = (KgText){"", 0};
        return true;
    }
    text->bytes = base_arena_copy(&terms->arena, text->bytes, text->length);
    return text->bytes != NULL;
}

static BaseStatus intern_local(Terms *terms, const KgTerm *term, KgId *out, BaseError *err)
{
    if (terms->list.count * 4 >= terms->table_size * 3 && !grow_table(terms))
        return base_fail(err, BASE_NO_MEMORY, "no memory for the terms of the query");
    const size_t place = find_place(terms, term);
    if (terms->table[place]) {
        *out = kg_id((KgKind)(LOCAL_TERM | term->kind), terms->table[place] - 1);
        return BASE_OK;
    }
    KgTerm copy = *term;
    if (terms->list.count >= UINT32_MAX - 1 || !copy_text(terms, &copy.text) || !copy_text(terms, &copy.datatype) ||
        !copy_text(terms, &copy.language) || !BASE_PUSH(&terms->list, copy))
        return base_fail(err, BASE_NO_MEMORY, "no memory for the terms of the query");
    terms->table[place] = (uint32_t)terms->list.count;
    *out = kg_id((KgKind)(LOCAL_TERM | term->kind), terms->list.count - 1);
    return BASE_OK;
}

BaseStatus sparql_terms_intern(Terms *terms, const KgTerm *term, KgId *out, BaseError *err)
{
    const BaseStatus status = kg_find(terms->txn, term, out, err);
    return status == BASE_NOT_FOUND ? intern_local(terms, term, out, err) : status;
}

BaseStatus sparql_terms_constant(Terms *terms, const KgTerm *term, KgId *out, BaseError *err)
{
    struct KnownConstant *const known = &terms->constants[hash_term(term) & (KNOWN_CONSTANTS - 1)];
    if (known->id && same_term(&known->term, term)) {
        *out = known->id;
        return BASE_OK;
    }
    *out = term->kind == KG_IRI ? kg_recall_iri(terms->txn, term->text) : KG_ANY;
    const bool was_found = *out != KG_ANY;
    const BaseStatus status = was_found ? BASE_OK : sparql_terms_intern(terms, term, out, err);
    if (status != BASE_OK || is_local(*out))
        return status;
    *known = (struct KnownConstant){*term, *out};
    if (!was_found && term->kind == KG_IRI)
        kg_remember_iri(terms->txn, term->text, *out);
    return BASE_OK;
}

BaseStatus sparql_terms_get(Terms *terms, KgId id, BaseArena *arena, KgTerm *out, BaseError *err)
{
    if (!is_local(id))
        return kg_term(terms->txn, id, arena, out, err);
    *out = terms->list.items[kg_number(id)];
    return BASE_OK;
}

BaseStatus sparql_terms_borrow(Terms *terms, KgId id, KgTerm *out, BaseError *err)
{
    if (!is_local(id))
        return kg_borrow_term(terms->txn, id, out, err);
    *out = terms->list.items[kg_number(id)];
    return BASE_OK;
}

BaseStatus sparql_terms_fresh_blank(Terms *terms, KgId *out, BaseError *err)
{
    char label[64];
    const char *const prefix = terms->blank_prefix ? terms->blank_prefix : "q";
    for (;;) {
        const int length = snprintf(label, sizeof label, "%.32s%llu", prefix, (unsigned long long)++terms->blank_count);
        const KgTerm term = {.kind = KG_BLANK, .text = {label, (size_t)length}};
        const BaseStatus status = kg_find(terms->txn, &term, out, err);
        if (status == BASE_NOT_FOUND)
            return intern_local(terms, &term, out, err);
        if (status != BASE_OK)
            return status;
    }
}

bool sparql_terms_copy(const Terms *from, Terms *to)
{
    if (!BASE_RESERVE(&to->list, from->list.count))
        return false;
    if (from->list.count > 0)
        memcpy(to->list.items, from->list.items, from->list.count * sizeof *from->list.items);
    to->list.count = from->list.count;
    while (to->list.count * 4 >= to->table_size * 3)
        if (!grow_table(to))
            return false;
    return true;
}

size_t sparql_terms_bytes(const Terms *terms)
{
    return base_arena_bytes(&terms->arena) + terms->list.capacity * sizeof *terms->list.items +
           terms->table_size * sizeof *terms->table;
}

void sparql_terms_free(Terms *terms)
{
    base_arena_free(&terms->arena);
    free(terms->list.items);
    free(terms->table);
    *terms = (Terms){0};
}
