/* search.h - instances of one rule that give one fact, from the head back. Private to the room. */
#ifndef KGQ_REASONER_SEARCH_H
#define KGQ_REASONER_SEARCH_H

#include "reasoner/facts.h"

typedef enum LiteralState {
    LITERAL_OPEN, /* not looked at yet */
    LITERAL_HOLDS,
    LITERAL_MISSING,  /* nothing fits it, or its test fails */
    LITERAL_UNTESTED, /* a test about what only a missing atom would have bound */
} LiteralState;

typedef struct Search Search;
struct Search {
    Facts *facts;
    const Rule *rule;
    uint32_t most_missing; /* an instance may miss so many literals */
    uint32_t most_height;  /* of a premise */
    uint64_t rows_left;    /* how many tuples may be looked at; 0 afterwards: the search was cut */
    /* Called with each instance; true: enough. */
    bool (*found)(void *context, Search *search);
    void *context;
    /* The instance: */
    uint32_t *binding;    /* by variable; OPEN_TERM: not bound */
    LiteralState *states; /* by literal */
    uint32_t *heights;    /* by literal: of the premise */
    uint32_t missing;
    /* private: */
    bool is_enough;
    BaseStatus status;
    BaseError *err;
};

/* Looks for instances of search->rule whose head `head` is the tuple of its relation. The caller sets the fields up to
 * `context`. Memory comes from the arena. BASE_OK also when none was found. */
BaseStatus reasoner_search(Search *search, uint32_t head, const uint32_t *tuple, BaseArena *arena, BaseError *err);

/* Whether some fact fits the atom under the binding, and which (`tuple` may be NULL). */
BaseStatus reasoner_search_fits(Search *search, const Atom *atom, uint32_t *tuple, bool *out);

/* What a term is under the binding; OPEN_TERM: not bound. */
static inline uint32_t reasoner_search_term(const Search *search, Term term)
{
    return term.is_variable ? search->binding[term.index] : term.index;
}

#endif
