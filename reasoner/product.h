/* product.h - rule bodies that are products of matrices of bits: found, weighed, done. Private to the room. */
#ifndef KGQ_REASONER_PRODUCT_H
#define KGQ_REASONER_PRODUCT_H

#include "reasoner/program.h"
#include "reasoner/relation.h"

/* What a step sees of its relation: rows below `high`, those below `low`, or those between. To see more than asked for
 * is no error: an instance is then found again. */
typedef enum Span { SPAN_ALL, SPAN_OLD, SPAN_DELTA } Span;

/* What a match gives: a tuple of a relation. */
typedef struct JoinHead {
    const Term *arguments; /* variables and constants, as many as the relation has columns */
    Relation *relation;
} JoinHead;

/* With L, M and the head as matrices, row by row: */
typedef enum ProductKind {
    PRODUCT_NONE,
    PRODUCT_OVER,    /* head[k] |= L[q] for each pair (k, q) */
    PRODUCT_THROUGH, /* head[k] |= L[r] for each r in M[q] and pair (k, q) */
    PRODUCT_SPREAD,  /* head[r] |= L[q] for each r in M[k] and pair (k, q) */
    PRODUCT_KINDS
} ProductKind;

typedef struct Factor {
    uint32_t literal;   /* of the body */
    Relation *relation; /* NULL: there is none; as pairs: (x, x) for every x */
    Span span;
} Factor;

typedef struct Product {
    ProductKind kind;
    Factor pairs, middle, last;
    uint32_t key; /* the column of `pairs` that gives k */
    Relation *head;
    RelationIndex *index; /* of pairs by k, or for a spread that `last` began by q, when it is used; may be NULL */
} Product;

/* Whether the rule, which is to give these heads, is a product, if relations with a shape are matrices that are turned,
 * or not; fills in all but spans. */
bool reasoner_product_find(const Rule *rule, const JoinHead *heads, uint32_t head_count, Relation *relations,
                           bool is_turned, Product *out);

/* Decides whether this round takes the product and makes ready what it needs; `others` is what the nested loops would
 * cost beside the rows of the delta. false: no memory. */
bool reasoner_product_prepare(Product *product, double others, bool *is_used);

#endif
