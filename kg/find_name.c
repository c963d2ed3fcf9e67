/* find_name.c - a name given by a person to its id; where there is none, the names most like it. */
#include "kg/names.h"
#include "kg/store.h"

#include <string.h>

/* IRIs looked at for near names, and names suggested, at most. */
#define IRIS_SEARCHED 500000
#define SUGGESTIONS 3
#define NAME_BYTES 64

typedef struct Suggestion {
    KgId id;
    size_t distance, shared; /* edits; bytes at the start that are the same */
} Suggestion;

static bool is_nearer(Suggestion a, Suggestion b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.shared > b.shared;
}

/* Keeps the nearest few, nearest first; of equals the earlier stays before. */
static void offer(Suggestion *best, size_t *count, Suggestion found)
{
    if (*count == SUGGESTIONS && !is_nearer(found, best[SUGGESTIONS - 1]))
        return;
    size_t at = *count < SUGGESTIONS ? (*count)++ : SUGGESTIONS - 1;
    while (at > 0 && is_nearer(found, best[at - 1])) {
        best[at] = best[at - 1];
        at--;
    }
    best[at] = found;
}

static size_t shared_start(KgText a, KgText b)
{
    size_t shared = 0;
    while (shared < a.length && shared < b.length && a.bytes[shared] == b.bytes[shared])
        shared++;
    return shared;
}

/* The IRIs nearest to `iri`, no further than a third of the name. */
static size_t search(KgTxn *txn, KgText iri, Suggestion *best)
{
    const uint64_t all = kg_term_count(txn, KG_IRI);
    const uint64_t searched = all < IRIS_SEARCHED ? all : IRIS_SEARCHED;
    const size_t scheme = strlen(KG_NAME_SCHEME);
    const bool is_name = iri.length > scheme && memcmp(iri.bytes, KG_NAME_SCHEME, scheme) == 0;
    const size_t own_length = is_name ? iri.length - scheme : iri.length;
    size_t count = 0, limit = own_length / 3 ? own_length / 3 : 1;
    BaseArena arena = {0};
    const BaseArenaMark start = base_arena_mark(&arena);
    for (uint64_t number = 0; number < searched && own_length <= NAME_BYTES; number++) {
        KgTerm term;
        base_arena_rewind(&arena, start);
        if (kg_term(txn, kg_id(KG_IRI, number), &arena, &term, NULL) != BASE_OK)
            break;
        if (term.text.length + limit < iri.length || term.text.length > iri.length + limit)
            continue;
        const size_t distance = base_edit_distance(iri.bytes, iri.length, term.text.bytes, term.text.length, limit);
        if (distance > limit)
            continue;
        offer(best, &count, (Suggestion){kg_id(KG_IRI, number), distance, shared_start(iri, term.text)});
        if (count == SUGGESTIONS)
            limit = best[count - 1].distance;
    }
    base_arena_free(&arena);
    return count;
}

static void suggest(KgTxn *txn, const KgTerm *term, BaseError *err)
{
    Suggestion best[SUGGESTIONS];
    const size_t count = term->kind == KG_IRI ? search(txn, term->text, best) : 0;
    BaseBuffer words = {0};
    bool enough = count > 0;
    for (size_t i = 0; enough && i < count; i++)
        enough = base_buffer_format(&words, "%s", i == 0 ? "" : (i + 1 == count ? " or " : ", ")) &&
                 kg_write_term(txn, best[i].id, KG_SYNTAX_NAME, &words, NULL) == BASE_OK;
    if (enough)
        base_hint(err, "did you mean %s?", words.items);
    base_buffer_free(&words);
}

BaseStatus kg_find_name(KgTxn *txn, const char *field, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    BaseArena arena = {0};
    KgTerm term;
    BaseStatus status = kg_parse_term((KgText){field, strlen(field)}, &arena, &term, err);
    if (status == BASE_OK)
        status = kg_find(txn, &term, out, err);
    if (status == BASE_NOT_FOUND && err && err->status == BASE_OK) {
        base_fail(err, BASE_NOT_FOUND, "no term %s in the database", field);
        suggest(txn, &term, err);
    }
    base_arena_free(&arena);
    return status;
}
