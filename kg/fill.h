/* fill.h - private to kg: triples given as columns of numbers, coded so that a whole one is a single number. */
#ifndef KGQ_KG_FILL_H
#define KGQ_KG_FILL_H

#include "kg/table.h"

/* Ids become codes that keep their order: subjects and objects their rank among all that are named, predicates theirs
 * among those that are used. The parts and terms are borrowed. */
typedef struct KgFillCodes {
    const KgColumns *parts;
    size_t part_count;
    uint64_t *starts; /* by part, and one more: the number of its first row */
    uint32_t *ranks;  /* by place in `terms`, then by part three for what its rows have in common */
    size_t term_count;
    uint64_t *ids;                                            /* by rank */
    uint32_t id_count, first_iri, first_blank, first_literal; /* ranks; first_iri: after KG_ANY */
    uint32_t *predicate_codes;                                /* by rank; UINT32_MAX: no predicate */
    uint32_t *predicates;                                     /* ranks, by code */
    uint32_t predicate_count;
    int term_bits, predicate_bits, part_bits;
} KgFillCodes;

/* A row of a part as ranks. false: no triple of RDF, as its subject is a literal or its predicate no IRI. */
typedef struct KgFillRows {
    const uint32_t *columns[3]; /* NULL: the rank is in `same` */
    uint32_t same[3];
    size_t stride;
} KgFillRows;

/* *out starts from {0} and is freed even after a failure. BASE_BAD_CALL: a term is none of the database. */
BaseStatus kg_fill_codes(KgTxn *txn, const KgId *terms, size_t term_count, const KgColumns *parts, size_t part_count,
                         KgFillCodes *out, BaseError *err);
void kg_fill_codes_free(KgFillCodes *codes);
KgFillRows kg_fill_rows(const KgFillCodes *codes, size_t part);
static inline bool kg_fill_row(const KgFillCodes *codes, const KgFillRows *rows, size_t row, uint32_t out[3])
{
    for (int c = 0; c < 3; c++)
        out[c] = rows->columns[c] ? codes->ranks[rows->columns[c][row * rows->stride]] : rows->same[c];
    return out[0] >= codes->first_iri && out[0] < codes->first_literal && out[1] >= codes->first_iri &&
           out[1] < codes->first_blank && out[2] >= codes->first_iri;
}

#endif
