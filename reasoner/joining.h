/* joining.h - a join at work, shared by join.c (the nested loops), heads.c (what heads say) and pairs.c (the innermost
 * loop of heads that are pairs). Private to the room. */
#ifndef KGQ_REASONER_JOINING_H
#define KGQ_REASONER_JOINING_H

#include "reasoner/expand.h"
#include "reasoner/join.h"

/* Where a head takes a value from in the innermost loop. */
typedef struct Source {
    bool is_column; /* of the row at hand; else a term known before */
    uint32_t column;
    Term term;
} Source;

typedef struct Output {
    const Term *arguments;
    Relation *relation;
    uint32_t *tuples; /* BLOCK of them */
    uint32_t count;
    Source *sources; /* by column, for the innermost loop */
} Output;

typedef struct Match {
    Join *join;
    const Step *innermost; /* its rows go to the outputs at once; NULL: none does */
    uint32_t *binding;     /* by variable */
    Output *outputs;
    uint32_t output_count;
    bool is_inverse; /* the only head is the innermost step's pair with its sides changed; then is_pair, too */
    bool is_pair;    /* the innermost step gives one side of the only head, a pair */
    Expand expand;
    Term known;                       /* its other side */
    uint32_t run_from, run_to;        /* rows of the STEP_GROUP at hand */
    bool is_run_gathered, is_run_new; /* as bits in expand.words; not tried yet */
    uint64_t next_check;
    BaseStatus status;
} Match;

static inline uint32_t match_value(const Match *match, Term term)
{
    return term.is_variable ? match->binding[term.index] : term.index;
}
static inline bool or_no_memory(Match *match, bool is_fine)
{
    if (!is_fine)
        match->status = BASE_NO_MEMORY;
    return is_fine;
}

/* Counts rows looked at; false: the join is stopped. */
bool reasoner_match_rows(Match *match, uint64_t rows);

/* join.c: what follows the row or value bound last; *is_enough: no other one is wanted. false: stop. */
bool reasoner_match_go_on(Match *match, const Step *step, uint32_t depth, bool *is_enough);
/* meet.c: a STEP_MEET. */
bool reasoner_match_meet(Match *match, const Step *step, uint32_t depth);

/* heads.c: opens the outputs, once match->innermost is set. false: no memory. */
bool reasoner_heads_open(Match *match, BaseArena *arena);
bool reasoner_heads_close(Match *match); /* adds what is still gathered */
/* The binding is a match. false: no memory; so below. */
bool reasoner_heads_emit(Match *match);
/* Rows [from, to) of the innermost step's relation are matches; it may grow, and move, meanwhile. */
bool reasoner_heads_rows(Match *match, const Step *step, uint32_t from, uint32_t to);
/* Matches that give these values to the one column that the innermost step binds. */
bool reasoner_heads_values(Match *match, const uint32_t *values, uint32_t count);

/* pairs.c, where match->is_pair: one row, or these values, of the innermost step. */
bool reasoner_pairs_row(Match *match, const Step *step, uint32_t row);
bool reasoner_pairs_values(Match *match, const uint32_t *values, uint32_t count);
/* Whether all that the bucket of the step's index has was taken as bits; then *is_fine as usual. */
bool reasoner_pairs_bucket(Match *match, const Step *step, uint32_t bucket, bool *is_fine);
/* The rows that the innermost step, a scan, sees, with their sides changed. */
bool reasoner_pairs_inverse(Match *match, const Step *step);
bool reasoner_pairs_run(Match *match, const Step *step); /* rows [run_from, run_to) */
/* Whether the scan was done in one go, with the step that follows it; then *is_fine as usual. */
bool reasoner_pairs_scan(Match *match, const Step *step, bool *is_fine);

#endif
