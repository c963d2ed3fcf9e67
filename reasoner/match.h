/* match.h - one rule body matched row at a time, for programs that compute or create. Private to the room. */
#ifndef KGQ_REASONER_MATCH_H
#define KGQ_REASONER_MATCH_H

#include "reasoner/functions.h"
#include "reasoner/relation.h"

/* A conjunction to be matched: the body of a rule, or its heads as a question. */
typedef struct Match {
    const Literal *body;
    uint32_t body_count, variable_count;
    Relation *relations;
    Values *values;                    /* NULL: nothing is computed */
    uint32_t *binding;                 /* by variable */
    const bool *given;                 /* by variable: bound beforehand; NULL: none */
    const bool *is_safe;               /* by variable, of the rule; NULL: all */
    uint32_t first;                    /* the atom to begin with; NOWHERE: any */
    uint32_t first_from;               /* its rows from this one on are seen; of the other atoms all */
    bool (*take)(void *context);       /* called with each match bound; false: stop */
    bool (*is_stopped)(void *context); /* asked now and then; true: stop */
    void *context;
    uint64_t rows;           /* counted */
    uint64_t next_check;     /* rows at which is_stopped is asked again */
    struct MatchStep *steps; /* private */
    uint32_t step_count;
} Match;

/* Puts the body in order, for any number of runs while the relations do not grow; what it needs is taken from the
 * arena. false: no memory. */
bool reasoner_match_plan(Match *match, BaseArena *arena);
/* Finds all matches, with what is `given` bound beforehand in `binding`. */
void reasoner_match_run(Match *match);

#endif
