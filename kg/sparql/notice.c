/* notice.c - looks for predicates of WHERE that nothing has: a triple of any graph and layer will do. */
#include "kg/sparql/notice.h"

#include "kg/sparql/extensions.h"
#include "kg/sparql/result.h"

#include <stdlib.h>
#include <string.h>

#define MOST_NOTICES 5
#define MOST_GRAPHS 64   /* looked into; of more nothing is said */
#define MOST_NEAR 10000  /* predicates compared */
#define LONGEST_NAME 100 /* bytes of a name in a message */

typedef struct Notice {
    Run *run;
    const BaseSink *sink;
    KgText told[MOST_NOTICES];
    size_t count;
} Notice;

/* ---- Is it there? ---- */

static bool has_triple(Notice *notice, KgId predicate)
{
    KgTxn *const txn = notice->run->txn;
    const KgTriple pattern = {.p = predicate};
    KgId *graphs = NULL;
    size_t graph_count = 0;
    uint64_t count = 1;
    if (kg_count(txn, KG_ALL_LAYERS, pattern, &count, NULL) != BASE_OK || count > 0)
        return true;
    bool has = kg_graphs(txn, &graphs, &graph_count, NULL) != BASE_OK || graph_count > MOST_GRAPHS;
    for (size_t i = 0; i < graph_count && !has; i++)
        has = kg_count_in(txn, graphs[i], KG_ALL_LAYERS, pattern, &count, NULL) != BASE_OK || count > 0;
    free(graphs);
    return has;
}

static bool is_there(Notice *notice, const KgTerm *predicate)
{
    KgId id;
    for (size_t i = 0; i < notice->count; i++)
        if (notice->told[i].length == predicate->text.length &&
            memcmp(notice->told[i].bytes, predicate->text.bytes, predicate->text.length) == 0)
            return true; /* said once */
    if (sparql_find_property_function(notice->run, predicate->text))
        return true;
    const BaseStatus status = kg_find(notice->run->txn, predicate, &id, NULL);
    return status == BASE_OK ? has_triple(notice, id) : status != BASE_NOT_FOUND;
}

/* ---- What is like it? ---- */

/* Behind the last '#', '/' or ':'. */
static KgText local_part(KgText iri)
{
    size_t start = iri.length;
    while (start > 0 && !strchr("#/:", iri.bytes[start - 1]))
        start--;
    return (KgText){iri.bytes + start, iri.length - start};
}

static bool has_same_start(KgText a, KgText b)
{
    const size_t length = a.length - local_part(a).length;
    return length == b.length - local_part(b).length && memcmp(a.bytes, b.bytes, length) == 0;
}

/* The predicate whose own name is nearest, of the same vocabulary before others; an empty one: none is near. */
static KgText find_near(Notice *notice, KgText iri, BaseArena *arena)
{
    KgPredicateCount *counts = NULL;
    size_t count = 0;
    KgText best = {"", 0};
    const KgText local = local_part(iri);
    const size_t limit = local.length / 3 + 1;
    size_t best_distance = 2 * limit + 2;
    if (kg_predicate_counts(notice->run->txn, &counts, &count, NULL) != BASE_OK)
        return best;
    for (size_t i = 0; i < count && i < MOST_NEAR; i++) {
        KgTerm term;
        if (kg_term(notice->run->txn, counts[i].predicate, arena, &term, NULL) != BASE_OK)
            break;
        const KgText other = local_part(term.text);
        const size_t edits = base_edit_distance(local.bytes, local.length, other.bytes, other.length, limit);
        const size_t distance = 2 * edits + !has_same_start(iri, term.text);
        if (edits <= limit && distance < best_distance) {
            best = term.text;
            best_distance = distance;
        }
    }
    free(counts);
    return best;
}

/* As the query would write it: with the prefix that stands there, or one of the database's. */
static void hint_near(Notice *notice, KgText near, KgText iri, KgText written, BaseArena *arena, BaseError *warning)
{
    const char *const colon = written.bytes[0] == '<' ? NULL : memchr(written.bytes, ':', written.length);
    KgPrefix *prefixes = NULL;
    size_t count = 0;
    KgText local = local_part(near);
    if (near.length == 0 || near.length > LONGEST_NAME)
        return;
    if (colon && has_same_start(near, iri)) {
        base_hint(warning, "did you mean %.*s%.*s?", (int)(colon + 1 - written.bytes), written.bytes, (int)local.length,
                  local.bytes);
        return;
    }
    const KgPrefix *prefix = NULL;
    if (kg_prefixes(notice->run->txn, arena, &prefixes, &count, NULL) == BASE_OK)
        prefix = sparql_find_prefix(near, prefixes, count, &local);
    if (prefix)
        base_hint(warning, "did you mean %s:%.*s?", prefix->prefix, (int)local.length, local.bytes);
    else
        base_hint(warning, "did you mean <%.*s>?", (int)near.length, near.bytes);
}

static void look_at(Notice *notice, const KgTerm *predicate, AstPlace place)
{
    const Run *const run = notice->run;
    const KgText written = {run->text + place.offset, place.width};
    const bool is_list = written.length > 0 && *written.bytes == '('; /* its rdf:first and rdf:rest nobody wrote */
    if (predicate->kind != KG_IRI || is_list || notice->count == MOST_NOTICES || is_there(notice, predicate))
        return;
    notice->told[notice->count++] = predicate->text;
    const int shown = (int)(written.length < LONGEST_NAME ? written.length : LONGEST_NAME);
    BaseArena arena = {0};
    BaseError warning = {0};
    base_fail_at(&warning, BASE_NOT_FOUND, base_source_at(run->name, run->text, run->length, place.offset, place.width),
                 "no triple has the predicate %.*s", shown, written.bytes);
    warning.is_warning = true;
    hint_near(notice, find_near(notice, predicate->text, &arena), predicate->text, written, &arena, &warning);
    base_sink(notice->sink, &warning);
    base_arena_free(&arena);
}

/* ---- All predicates of a query ---- */

static void look_at_pattern(Notice *notice, const AstPattern *pattern);

/* What a negated set leaves out need not be there. */
static void look_at_path(Notice *notice, const AstPath *path)
{
    switch (path->kind) {
    case PATH_LINK:
        look_at(notice, &path->iri, path->place);
        break;
    case PATH_INVERSE:
    case PATH_ZERO_OR_MORE:
    case PATH_ONE_OR_MORE:
    case PATH_ZERO_OR_ONE:
        look_at_path(notice, path->first);
        break;
    case PATH_SEQUENCE:
    case PATH_ALTERNATIVE:
        look_at_path(notice, path->first);
        look_at_path(notice, path->second);
        break;
    case PATH_NEGATED:
        break;
    }
}

static void look_at_expression(Notice *notice, const AstExpr *expr)
{
    if (expr->pattern)
        look_at_pattern(notice, expr->pattern);
    for (size_t i = 0; i < expr->count; i++)
        look_at_expression(notice, expr->arguments[i]);
}

static void look_at_pattern(Notice *notice, const AstPattern *pattern)
{
    for (size_t i = 0; i < pattern->triple_count; i++) {
        const AstTriple *const triple = &pattern->triples[i];
        if (triple->path)
            look_at_path(notice, triple->path);
        else if (triple->predicate.variable == AST_NO_VARIABLE)
            look_at(notice, &triple->predicate.term, triple->predicate.place);
    }
    if (pattern->expr)
        look_at_expression(notice, pattern->expr);
    if (pattern->select && pattern->select->where)
        look_at_pattern(notice, pattern->select->where);
    if (pattern->kind == PATTERN_SERVICE)
        return; /* elsewhere it may be there */
    for (const AstPattern *child = pattern->children; child; child = child->next)
        look_at_pattern(notice, child);
}

void sparql_notice_predicates(Run *run, const AstSelect *select, const BaseSink *sink)
{
    Notice notice = {.run = run, .sink = sink};
    uint64_t count = 0;
    if (!select->where || kg_count(run->txn, KG_ALL_LAYERS, (KgTriple){0}, &count, NULL) != BASE_OK || count == 0)
        return; /* an empty database is no news */
    look_at_pattern(&notice, select->where);
}
