/* facts.h - a graph as rows: which entities and relations it has, its triples as row numbers, and what is known. */
#ifndef KGQ_EMBED_FACTS_H
#define KGQ_EMBED_FACTS_H

#include "embed/embed.h"

#define EMBED_NO_ROW UINT32_MAX

/* Row numbers of entities and relations: the place of an id in a sorted list. */
typedef struct EmbedRows {
    KgId *entities, *relations; /* ascending */
    uint32_t entity_count, relation_count;
} EmbedRows;
void embed_rows_free(EmbedRows *rows);
uint32_t embed_entity_row(const EmbedRows *rows, KgId id);   /* EMBED_NO_ROW: not there */
uint32_t embed_relation_row(const EmbedRows *rows, KgId id); /* EMBED_NO_ROW: not there */

typedef struct EmbedFact {
    uint32_t h, r, t; /* rows; EMBED_NO_ROW in test triples only */
} EmbedFact;
typedef struct EmbedFacts {
    EmbedFact *items;
    size_t count, capacity;
} EmbedFacts;

/* The asserted triples between non-literal terms, of the given relations (relation_count 0: of all), and the rows of
 * what occurs in them. Both are the caller's to free, also after a failure. */
BaseStatus embed_load_facts(KgTxn *txn, const KgId *relations, size_t relation_count, EmbedRows *rows,
                            EmbedFacts *facts, BaseJob *job, BaseError *err);
/* The same triples in rows that are given, those with a term that has no row left out. */
BaseStatus embed_load_known(KgTxn *txn, const EmbedRows *rows, EmbedFacts *facts, BaseError *err);
/* A triple in rows; places without a row are EMBED_NO_ROW. */
EmbedFact embed_fact(const EmbedRows *rows, KgTriple triple);

/* What is known, by question: the answers to (h, r, ?) and (?, r, t). */
typedef struct EmbedKnown {
    EmbedFact *by_head, *by_tail; /* sorted by r, h, t and by r, t, h; each fact once */
    size_t count;
} EmbedKnown;
/* Facts with a place that has no row are left out. */
BaseStatus embed_known_new(const EmbedFacts *facts, EmbedKnown *out, BaseError *err);
void embed_known_free(EmbedKnown *known);
/* The known facts with x as head (or, `of_tail`, as tail) and r: borrowed, *count of them. */
const EmbedFact *embed_known_answers(const EmbedKnown *known, bool of_tail, uint32_t x, uint32_t r, size_t *count);
/* All known facts of r. */
const EmbedFact *embed_known_of_relation(const EmbedKnown *known, uint32_t r, size_t *count);
bool embed_known_holds(const EmbedKnown *known, EmbedFact fact);

/* Appends the triples, in rows, to facts. */
BaseStatus embed_facts_add(EmbedFacts *facts, const EmbedRows *rows, const KgTriple *triples, size_t count,
                           BaseError *err);

#endif
