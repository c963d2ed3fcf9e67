/* lookup.h - the join of rows with one triple pattern (lookup_operator.c), and with several at once
 * (intersect_operator.c). */
#ifndef KGQ_KG_SPARQL_LOOKUP_H
#define KGQ_KG_SPARQL_LOOKUP_H

#include "kg/sparql/adjacency.h"
#include "kg/sparql/id_ranges.h"

typedef struct LookupSpec {
    Place places[3];  /* subject, predicate, object */
    bool is_bound[3]; /* constants, and variables that every input row binds; no other variable is bound in any row,
                         and none of those stands twice */
    const IdRange *ranges; /* that an unbound object of a bound predicate has to be in, ascending */
    size_t range_count;    /* 0: any object */
    double matches;        /* of the constants alone, exactly */
    double input_rows;     /* that are expected */
    bool only_first;       /* each row once, if it has a match, which is not bound */
} LookupSpec;

/* Borrows the ranges. The run's graph must be one of the database's when it runs. */
Operator *sparql_new_lookup(Builder *builder, Operator *input, const LookupSpec *spec);
/* Makes it say each of its input's rows once; false: it is no lookup. */
bool sparql_want_first_only(Operator *op);

/* A part of what a lookup finds for one row: its first unbound column in the index, from `low` to `high`. */
typedef struct LookupPart {
    KgId low, high;
} LookupPart;
typedef struct LookupParts {
    LookupPart *items;
    size_t count, capacity;
} LookupParts;
/* Whether it is a lookup that finds the same for any row, which can be cut. */
bool sparql_can_cut(const Operator *op);
/* How many matches it may find for one row, at most, as far as that is known; 0 of what is no lookup. */
double sparql_lookup_matches(const Operator *op);
/* Adds parts of about `rows` matches each, which make up all; the caller frees the items. */
BaseStatus sparql_cut_lookup(Operator *op, uint64_t rows, LookupParts *out, BaseError *err);
void sparql_choose_part(Operator *op, LookupPart part); /* nothing else from now on */

/* One of several patterns that bind the same variable. */
typedef struct IntersectPart {
    KgTriple pattern; /* its constants */
    double matches;   /* of these */
    uint32_t from;    /* the bound variable at its other end */
    TriplePlace from_place, to_place;
} IntersectPart;
/* Binds `variable` to what all parts (two at least) lead to: the step of a worst-case optimal join (Ngo, Porat, Ré,
 * Rudra, "Worst-case optimal join algorithms", PODS 2012; Veldhuizen, "Leapfrog Triejoin", ICDT 2014). */
Operator *sparql_new_intersect(Builder *builder, Operator *input, uint32_t variable, const IntersectPart *parts,
                               size_t count);

#endif
