/* memory.h - a program's input loaded from a database, its terms numbered densely, ready to evaluate. Private to the
 * room. */
#ifndef KGQ_REASONER_MEMORY_H
#define KGQ_REASONER_MEMORY_H

#include "reasoner/terms.h"

typedef struct Memory {
    KgTxn *txn; /* borrowed */
    const ReasonerProgram *program;
    Terms terms;
    Evaluation evaluation; /* belongs to this */
    uint64_t facts_in;
} Memory;

/* Loads the asserted facts of every relation of the program. *out starts from {0}, stays where it is, and is freed even
 * after a failure. */
BaseStatus reasoner_memory_load(KgTxn *txn, const ReasonerProgram *program, BaseJob *job, Memory *out, BaseError *err);
void reasoner_memory_free(Memory *memory);

/* Evaluates, and settles the terms. */
BaseStatus reasoner_memory_evaluate(Memory *memory, BaseError *err);

/* The row of a relation as a triple of values; false: it is none. */
bool reasoner_memory_triple(const Memory *memory, uint32_t relation, uint32_t row, uint32_t out[3]);
/* Whether rows of several predicates are in the relation. */
bool reasoner_memory_is_shared(const Memory *memory, uint32_t relation);
/* Whether @output (or its absence) lets this derived row out. */
bool reasoner_memory_is_output(const Memory *memory, uint32_t relation, uint32_t row);
#endif
