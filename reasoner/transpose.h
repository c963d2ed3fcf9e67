/* transpose.h - pairs put in the order of their second values, for a while. Private to the room. */
#ifndef KGQ_REASONER_TRANSPOSE_H
#define KGQ_REASONER_TRANSPOSE_H

#include "reasoner/relation.h"

typedef struct Transposed {
    uint32_t bucket_count;
    uint32_t *starts;  /* by second value, and one more: where its first values begin */
    uint32_t *entries; /* first values */
} Transposed;

/* Whether rows are so many that it pays. */
bool reasoner_transpose_pays(const Relation *relation, uint32_t from, uint32_t to);
/* Rows [from, to) of a relation of pairs. *out is freed even after a failure. false: no memory. */
bool reasoner_transpose(const Relation *relation, uint32_t from, uint32_t to, Transposed *out);
void reasoner_transpose_free(Transposed *transposed);

#endif
