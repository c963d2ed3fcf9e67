/* update.h - what a run leaves for updates to go on from. Private to the room. */
#ifndef KGQ_REASONER_UPDATE_H
#define KGQ_REASONER_UPDATE_H

#include "reasoner/memory.h"

enum {
    TRACK_KEEPS = 1, /* what is inferred is kept current */
    TRACK_HIDES = 2, /* the run derived facts that the database does not keep */
};
/* The flags that a run is to leave, of those that the one before left. */
BaseStatus reasoner_track_flags(KgTxn *txn, ReasonerKeep keep, uint32_t *out, BaseError *err);
/* Whether some derived fact that rules read is not stored, as no triple can say it. */
bool reasoner_hides(const Memory *memory);
BaseStatus reasoner_track(KgTxn *txn, const ReasonerProgram *program, uint32_t run, uint32_t flags, BaseError *err);

#endif
