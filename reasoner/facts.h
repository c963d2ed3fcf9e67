/* facts.h - where a proof looks: the facts of a database, those of a program evaluated over one in memory, or those of
 * a program by itself. Private to the room. All are seen as the program's relations over numbered terms, the program's
 * constants being the first numbers. */
#ifndef KGQ_REASONER_FACTS_H
#define KGQ_REASONER_FACTS_H

#include "reasoner/memory.h"

#define OPEN_TERM NO_VALUE /* in a pattern, or in a tuple of what is not known: any */

typedef struct Facts {
    KgTxn *txn; /* NULL: a program by itself */
    const ReasonerProgram *program;
    Relation *relations; /* in memory; NULL: those of the database */
    Terms *terms;        /* by number; NULL: a program by itself */
    Values *values;      /* what terms are, where the program computes, or has no database; else NULL */
    Terms own;           /* terms met among what is stored */
} Facts;

/* Facts that the database stores, or, where `memory` is not NULL, those evaluated there, borrowed. *out is closed even
 * after a failure, and stays where it is. */
BaseStatus reasoner_facts_open(KgTxn *txn, const ReasonerProgram *program, Memory *memory, Facts *out, BaseError *err);
/* Facts of a program by itself: relations and values are borrowed. */
void reasoner_facts_take(const Evaluation *evaluation, Facts *out);
void reasoner_facts_close(Facts *facts);

/* The relation and tuple of a triple. BASE_NOT_FOUND, with no message: the program has no relation for it. */
BaseStatus reasoner_facts_place(Facts *facts, KgTriple triple, uint32_t *relation, uint32_t tuple[3], BaseError *err);
/* The triple of a tuple, KG_ANY where a term is open or the database lacks it; false: it is of a relation inside the
 * program. */
bool reasoner_facts_triple(const Facts *facts, uint32_t relation, const uint32_t *tuple, KgTriple *out);
/* Appends a term as a TSV field would write it, or, of a program by itself, as a rule would. */
BaseStatus reasoner_facts_write(const Facts *facts, uint32_t term, BaseBuffer *out, BaseError *err);

bool reasoner_facts_is_null(const Facts *facts, uint32_t term); /* created, or a blank node */

/* The height of a tuple. BASE_NOT_FOUND, with no message: it does not hold. */
BaseStatus reasoner_facts_height(const Facts *facts, uint32_t relation, const uint32_t *tuple, uint32_t *out,
                                 BaseError *err);
/* About how many tuples fit a pattern, for choosing among several. */
BaseStatus reasoner_facts_count(const Facts *facts, uint32_t relation, const uint32_t *pattern, uint64_t *out,
                                BaseError *err);

/* Whether facts of the tuple's kind are given at all: asserted ones of its predicate or class. */
BaseStatus reasoner_facts_are_given(const Facts *facts, uint32_t relation, const uint32_t *tuple, bool *out,
                                    BaseError *err);

/* Whether a comparison holds whose sides are bound; and the number of one side, OPEN_TERM when it has no value. */
BaseStatus reasoner_facts_compare(Facts *facts, const Comparison *comparison, const uint32_t *binding, bool *out,
                                  BaseError *err);
BaseStatus reasoner_facts_operand(Facts *facts, const Operand *operand, const uint32_t *binding, uint32_t *out,
                                  BaseError *err);

/* The tuples of a relation that fit a pattern, one after the other. */
typedef struct FactCursor {
    Facts *facts;
    uint32_t relation, arity;
    uint32_t pattern[ARITY_LIMIT];
    uint32_t tuple[ARITY_LIMIT]; /* the one at hand */
    /* private: */
    KgScan *scan;
    KgTriple triple;
    const RelationIndex *index;
    uint32_t key[ARITY_LIMIT];
    IndexCursor rows;
    uint32_t row, next;
} FactCursor;
BaseStatus reasoner_facts_match(Facts *facts, uint32_t relation, const uint32_t *pattern, FactCursor *out,
                                BaseError *err);
BaseStatus reasoner_facts_next(FactCursor *cursor, BaseError *err); /* BASE_END after the last */
BaseStatus reasoner_facts_cursor_height(const FactCursor *cursor, uint32_t *out,
                                        BaseError *err); /* of the one at hand */
void reasoner_facts_end(FactCursor *cursor);

#endif
