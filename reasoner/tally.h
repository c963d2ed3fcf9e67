/* tally.h - the matches that an aggregate folds to one tuple. Private to the room. */
#ifndef KGQ_REASONER_TALLY_H
#define KGQ_REASONER_TALLY_H

#include "reasoner/search.h"

enum { TALLY_SHOWN = 20 }; /* matches that a proof shows */

typedef struct TallyMatch {
    uint32_t *binding, *heights; /* as in a Search */
    uint32_t height;             /* of the highest premise */
} TallyMatch;

typedef struct Tally {
    Facts *facts;
    const Rule *rule;
    uint32_t head;
    const uint32_t *tuple;
    Relation rows; /* groups..., input, distinct..., each once */
    struct {
        TallyMatch *items; /* the lowest match of each row */
        size_t count, capacity;
    } matches;
    BaseMap places; /* hash of a row to its number */
    struct {
        uint32_t *items; /* rows of one group */
        size_t count, capacity;
    } group;
    bool has_no_memory;
    BaseArena memory;
} Tally;

/* Gathers the matches whose group may be the tuple's, with premises up to a height. *out is closed even after a
 * failure. */
BaseStatus reasoner_tally_open(Facts *facts, const Rule *rule, uint32_t head, const uint32_t *tuple,
                               uint32_t most_height, Tally *out, BaseError *err);
void reasoner_tally_close(Tally *tally);
/* Chooses the group that gives the tuple; *out false: none does, but *other (OPEN_TERM: nothing) is what the first one
 * gives in its place. */
BaseStatus reasoner_tally_find(Tally *tally, bool *out, uint32_t *other, BaseError *err);
/* How many of the chosen group's matches are to be shown, and each as an instance; memory from the arena. */
size_t reasoner_tally_shown(Tally *tally);
BaseStatus reasoner_tally_instance(const Tally *tally, size_t place, BaseArena *arena, Search *out, BaseError *err);

#endif
