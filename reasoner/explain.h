/* explain.h - nodes of a proof: what a literal of a rule instance says, in words and ids. Private to the room. */
#ifndef KGQ_REASONER_EXPLAIN_H
#define KGQ_REASONER_EXPLAIN_H

#include "reasoner/tally.h"

/* A conclusion that some node shows already. */
typedef struct Shown {
    uint32_t relation, number;
    const uint32_t *tuple;
    bool is_proved;            /* its premises are shown too: */
    const ReasonerProof *node; /* here */
} Shown;

/* The program that proofs are about, with its facts: those of the database, and those of the whole program evaluated in
 * memory, each opened when first asked for and kept. Start from {.txn}, end with reasoner_case_close. */
typedef struct Case {
    KgTxn *txn;
    uint32_t run;
    const ReasonerExternal *externals; /* that programs may ask; borrowed */
    size_t external_count;
    ReasonerProgram *owned; /* parsed from the catalog; NULL: given by the caller */
    const ReasonerProgram *program;
    bool hides; /* stored facts are not enough to find proofs: some rule derives what is not stored */
    Memory memory;
    Facts stored, computed;
    bool has_stored, has_computed;
    Facts *facts; /* the ones in use */
    /* The explanation at hand: */
    BaseArena *arena; /* its memory, for nodes */
    struct {
        Shown *items;
        size_t count, capacity;
    } shown;
    BaseMap shown_places; /* hash to place in `shown` */
    bool is_lost;         /* some premise was not found */
} Case;

/* The program of run `run`. BASE_BAD_INPUT: there is none in the catalog. */
BaseStatus reasoner_case_parse(Case *with, uint32_t run, BaseError *err);
void reasoner_case_take(Case *with, const ReasonerProgram *program); /* borrowed */
/* A new explanation begins: numbers from 1 on, nodes in the arena. Its proofs come from the facts of the database, or
 * (in_memory) those computed. */
BaseStatus reasoner_case_begin(Case *with, bool in_memory, BaseArena *arena, BaseError *err);
void reasoner_case_close(Case *with);

/* The number of a conclusion that the node is about to prove; 0: no memory. */
uint32_t reasoner_case_number(Case *with, uint32_t relation, const uint32_t *tuple, const ReasonerProof *node);

/* A new node, its text written: for a tuple, and for body literal b of an instance, open variables by their names. */
BaseStatus reasoner_node_fact(const Case *with, uint32_t relation, const uint32_t *tuple, ReasonerProof **out,
                              BaseError *err);
BaseStatus reasoner_node_literal(const Case *with, const Search *instance, uint32_t b, ReasonerProof **out,
                                 BaseError *err);
/* What an instance gives an aggregate: "?price = 3, ?item = bread". */
BaseStatus reasoner_node_match(const Case *with, const Search *instance, const Aggregate *aggregate,
                               ReasonerProof **out, BaseError *err);
/* What an aggregate gives in the place of what was asked for: "#sum is 12, not 13"; `value` may be OPEN_TERM. */
BaseStatus reasoner_node_other(const Case *with, const Aggregate *aggregate, uint32_t value, uint32_t asked,
                               ReasonerProof **out, BaseError *err);
/* Name, text and place of the rule. */
BaseStatus reasoner_node_rule(const Case *with, const Rule *rule, ReasonerProof *node, BaseError *err);

/* Makes the node of a fact the root of its lowest proof. */
BaseStatus reasoner_grow_proof(Case *with, ReasonerProof *node, uint32_t relation, const uint32_t *tuple,
                               BaseError *err);
/* A positive premise of an instance: its node, and the fact it is. */
typedef struct Premise {
    ReasonerProof *node;
    uint32_t relation, height;
    const uint32_t *tuple;
} Premise;
/* Gives the node the instance's body literals as children. The premises, last first and in the arena, are to be handed
 * to reasoner_grow_premises, which says what they are, and why (with_trees), in the order of the items they belong to.
 */
BaseStatus reasoner_grow_instance(Case *with, ReasonerProof *node, const Search *instance, Premise **premises,
                                  size_t *count, BaseError *err);
/* The same with the matches of a tally's chosen group, each a node of kind MATCH with its own children. */
BaseStatus reasoner_grow_tally(Case *with, ReasonerProof *node, Tally *tally, Premise **premises, size_t *count,
                               BaseError *err);
BaseStatus reasoner_grow_premises(Case *with, const Premise *premises, size_t count, bool with_trees, BaseError *err);

/* Proofs of a tuple of the facts in use, `asserted` (NULL: none) before them; and of a triple, among the stored facts
 * or (in_memory) those computed. BASE_NOT_FOUND, with no message: it is not there. with->is_lost: some premise was not
 * found. */
BaseStatus reasoner_prove_tuple(Case *with, uint32_t relation, const uint32_t *tuple,
                                const ReasonerProveOptions *options, ReasonerProof *asserted, ReasonerExplanation *out,
                                BaseError *err);
BaseStatus reasoner_prove_in(Case *with, bool in_memory, KgTriple fact, const ReasonerProveOptions *options,
                             ReasonerProof *asserted, ReasonerExplanation *out, BaseError *err);
/* What nearly gives it, as of reasoner_why_not; and the same once its place is known (NOWHERE: it has none). */
BaseStatus reasoner_find_misses(Case *with, uint32_t relation, const uint32_t *tuple,
                                const ReasonerProveOptions *options, ReasonerExplanation *out, BaseError *err);
BaseStatus reasoner_miss_in(Case *with, bool in_memory, KgTriple fact, const ReasonerProveOptions *options,
                            ReasonerExplanation *out, BaseError *err);

#endif
