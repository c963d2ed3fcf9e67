/* labels.c - which predicates carry labels, and the search for entities by the words of theirs (SQLite's FTS5, ranked
 * by BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). */
#include "kg/labels.h"

#include "kg/catalog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 32
#define USUAL_LIMIT 20
#define LATER_PREDICATE 0.05 /* what the fits of the names below span */

/* ---- Label predicates ---- */

static const char *const label_names[] = {"label", "prefLabel", "name",    "lemma",
                                          "title", "alias",     "synonym", "altLabel"};
#define LABEL_NAMES (sizeof label_names / sizeof *label_names)

/* Place in the list; LABEL_NAMES: no label predicate. */
static size_t label_name(KgText iri)
{
    size_t start = iri.length;
    while (start > 0 && !strchr("#/:", iri.bytes[start - 1]))
        start--;
    const size_t length = iri.length - start;
    for (size_t i = 0; i < LABEL_NAMES; i++)
        if (strlen(label_names[i]) == length && memcmp(label_names[i], iri.bytes + start, length) == 0)
            return i;
    return LABEL_NAMES;
}

static int compare_predicates(const void *left, const void *right)
{
    const KgLabelPredicate *const a = left, *const b = right;
    if (a->fit != b->fit)
        return a->fit < b->fit ? 1 : -1;
    return a->predicate < b->predicate ? -1 : a->predicate > b->predicate;
}

BaseStatus kg_label_predicates(KgTxn *txn, BaseArena *arena, KgLabelPredicate **out, size_t *count, BaseError *err)
{
    KgPredicateCount *predicates = NULL;
    size_t all = 0;
    BaseArena terms = {0};
    *out = NULL;
    *count = 0;
    BaseStatus status = kg_predicate_counts(txn, &predicates, &all, err);
    if (status == BASE_OK && !(*out = base_arena_alloc(arena, all + 1, sizeof **out)))
        status = base_fail(err, BASE_NO_MEMORY, "no memory for labels");
    for (size_t i = 0; status == BASE_OK && i < all; i++) {
        const BaseArenaMark start = base_arena_mark(&terms);
        KgTerm term;
        status = kg_term(txn, predicates[i].predicate, &terms, &term, err);
        const size_t place = status == BASE_OK && term.kind == KG_IRI ? label_name(term.text) : LABEL_NAMES;
        if (place < LABEL_NAMES)
            (*out)[(*count)++] = (KgLabelPredicate){.predicate = predicates[i].predicate,
                                                    .fit = 1 - LATER_PREDICATE * (double)place / (double)LABEL_NAMES};
        base_arena_rewind(&terms, start);
    }
    if (*count > 1)
        qsort(*out, *count, sizeof **out, compare_predicates);
    base_arena_free(&terms);
    free(predicates);
    return status;
}

/* ---- Words ---- */

static bool is_word_byte(char byte)
{
    return isalnum((unsigned char)byte) || (unsigned char)byte >= 0x80;
}

/* The words of the text as FTS5 strings side by side, all of which must be there. Between the quotes are letters,
 * digits and bytes beyond ASCII only, so that nothing of the text is syntax. False: no memory. */
static bool add_words(BaseBuffer *query, KgText text, bool last_is_prefix, size_t *words)
{
    *words = 0;
    bool enough = base_buffer_add(query, "(", 1);
    for (size_t i = 0; enough && i < text.length && *words < MOST_WORDS;) {
        const size_t start = i;
        while (i < text.length && is_word_byte(text.bytes[i]))
            i++;
        if (i == start) {
            i++;
            continue;
        }
        enough = base_buffer_add(query, " \"", 2) && base_buffer_add(query, text.bytes + start, i - start) &&
                 base_buffer_add(query, "\"", 1);
        ++*words;
    }
    return enough && (!last_is_prefix || *words == 0 || base_buffer_add(query, "*", 1)) &&
           base_buffer_add(query, ")", 1);
}

/* Whole words first: what fits both sides of the OR is counted twice. */
static bool make_query(BaseBuffer *query, KgText text, bool whole_words, size_t *words)
{
    return add_words(query, text, false, words) &&
           (whole_words || (base_buffer_add(query, " OR ", 4) && add_words(query, text, true, words)));
}

/* ---- Hits ---- */

typedef struct Search {
    KgTxn *txn;
    const KgLabelOptions *options;
    BaseArena *arena;
    sqlite3_stmt *ranked, *label;
    int code;
    BaseMap seen; /* entities */
    struct {
        KgLabelHit *items;
        size_t count, capacity;
    } hits;
} Search;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to search labels");
}

static BaseStatus take_hit(Search *search, KgLabelHit hit, BaseError *err)
{
    bool is_new = true, holds = true;
    const unsigned layers = search->options->layers;
    BaseStatus status = BASE_OK;
    if (layers && layers != KG_FACTS)
        status = kg_holds(search->txn, layers, (KgTriple){hit.entity, hit.predicate, hit.object}, &holds, err);
    if (status != BASE_OK || !holds)
        return status;
    if (!base_map_put(&search->seen, hit.entity, 0, &is_new))
        return no_memory(err);
    if (!is_new)
        return BASE_OK;
    BaseBuffer text = {0};
    status = kg_write_term(search->txn, hit.object, KG_SYNTAX_PLAIN, &text, err);
    if (status == BASE_OK) {
        hit.label = base_arena_copy(search->arena, text.items ? text.items : "", text.count);
        if (!hit.label || !BASE_PUSH(&search->hits, hit))
            status = no_memory(err);
    }
    base_buffer_free(&text);
    return status;
}

/* The rows by rank until there are enough. SQLite's failure is left in search->code. */
static BaseStatus take_hits(Search *search, sqlite3 *db, const BaseBuffer *query, BaseError *err)
{
    const size_t limit = search->options->limit ? search->options->limit : USUAL_LIMIT;
    BaseStatus status = BASE_OK;
    search->code = sqlite3_prepare_v2(db, "SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank", -1,
                                      &search->ranked, NULL);
    if (search->code == SQLITE_OK)
        search->code = sqlite3_prepare_v2(db, "SELECT entity, predicate, object FROM label WHERE id = ?", -1,
                                          &search->label, NULL);
    if (search->code == SQLITE_OK)
        search->code = sqlite3_bind_text64(search->ranked, 1, query->items, query->count, SQLITE_STATIC, SQLITE_UTF8);
    while (search->code == SQLITE_OK && status == BASE_OK && search->hits.count < limit) {
        search->code = sqlite3_step(search->ranked);
        if (search->code != SQLITE_ROW)
            break;
        sqlite3_bind_int64(search->label, 1, sqlite3_column_int64(search->ranked, 0));
        search->code = sqlite3_step(search->label);
        if (search->code != SQLITE_ROW) {
            search->code = search->code == SQLITE_DONE ? SQLITE_CORRUPT : search->code; /* words of no label */
            break;
        }
        status = take_hit(search,
                          (KgLabelHit){.entity = kg_unpack_id(sqlite3_column_int64(search->label, 0)),
                                       .predicate = kg_unpack_id(sqlite3_column_int64(search->label, 1)),
                                       .object = kg_unpack_id(sqlite3_column_int64(search->label, 2)),
                                       .score = -sqlite3_column_double(search->ranked, 1)},
                          err);
        search->code = sqlite3_reset(search->label);
    }
    search->code = search->code == SQLITE_DONE ? SQLITE_OK : search->code;
    sqlite3_finalize(search->ranked);
    sqlite3_finalize(search->label);
    search->ranked = search->label = NULL;
    return status;
}

/* An index that turns out to be damaged is made anew, once. */
static BaseStatus search_index(Search *search, const BaseBuffer *query, BaseError *err)
{
    KgStore *const store = search->txn->store;
    BaseStatus status = BASE_OK;
    for (int tries = 0; tries < 2; tries++) {
        sqlite3 *db;
        status = kg_labels_enter(search->txn, search->options->job, &db, err);
        if (status != BASE_OK)
            return status;
        search->hits.count = 0;
        base_map_free(&search->seen);
        status = take_hits(search, db, query, err);
        const bool damaged = kg_labels_leave(store, db, search->code);
        if (status != BASE_OK || !damaged)
            break;
    }
    return status == BASE_OK && search->code != SQLITE_OK ? kg_labels_fail(store, search->code, err) : status;
}

BaseStatus kg_search_labels(KgTxn *txn, KgText text, const KgLabelOptions *options, BaseArena *arena, KgLabelHit **out,
                            size_t *count, BaseError *err)
{
    static const KgLabelOptions usual;
    Search search = {.txn = txn, .options = options ? options : &usual, .arena = arena};
    BaseBuffer query = {0};
    KgTxn *own = NULL;
    size_t words = 0;
    *out = NULL;
    *count = 0;
    if (search.options->layers & ~KG_FACTS)
        return base_fail(err, BASE_BAD_CALL, "kg_search_labels: only asserted and inferred labels are indexed");
    BaseStatus status = make_query(&query, text, search.options->whole_words, &words) ? BASE_OK : no_memory(err);
    if (status == BASE_OK && txn->writes)
        status = kg_read_begin(txn->store, &own, err);
    search.txn = own ? own : txn;
    if (status == BASE_OK && words > 0)
        status = search_index(&search, &query, err);
    if (status == BASE_OK && !(*out = base_arena_alloc(arena, search.hits.count + 1, sizeof **out)))
        status = no_memory(err);
    if (status == BASE_OK && search.hits.count > 0)
        memcpy(*out, search.hits.items, search.hits.count * sizeof **out);
    *count = status == BASE_OK ? search.hits.count : 0;
    free(search.hits.items);
    base_map_free(&search.seen);
    base_buffer_free(&query);
    kg_abort(own);
    return status;
}
