/* memory.h - a program's input loaded from a database, its terms numbered densely, ready to evaluate. Private to the
 * room. */
#ifndef KGQ_REASONER_MEMORY_H
#define KGQ_REASONER_MEMORY_H

#include "reasoner/evaluate.h"

typedef struct Memory {
    KgTxn *txn; /* borrowed */
    const ReasonerProgram *program;
    struct {
        KgId *items; /* by value; KG_ANY: a constant of the program that the database does not know */
        size_t count, capacity;
    } ids;
    BaseMap values; /* KgId to value */
    Number *numbers;
    Evaluation evaluation; /* its relations and rules belong to this */
    uint64_t facts_in;
} Memory;

/* Loads the asserted facts of every relation of the program. *out starts from {0} and is freed even after a failure. */
BaseStatus reasoner_memory_load(KgTxn *txn, const ReasonerProgram *program, BaseJob *job, Memory *out, BaseError *err);
void reasoner_memory_free(Memory *memory);

/* The row of a relation as a triple of values; false: it is none. */
bool reasoner_memory_triple(const Memory *memory, uint32_t relation, uint32_t row, uint32_t out[3]);
/* Whether rows of several predicates are in the relation. */
bool reasoner_memory_is_shared(const Memory *memory, uint32_t relation);
/* Whether @output (or its absence) lets this derived row out. */
bool reasoner_memory_is_output(const Memory *memory, uint32_t relation, uint32_t row);
/* The term of a value: the database's, or the program's constant. Borrowed as kg_term says. */
BaseStatus reasoner_memory_term(const Memory *memory, uint32_t value, BaseArena *arena, KgTerm *out, BaseError *err);

#endif
