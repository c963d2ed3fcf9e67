/* patch.h - private to kg: changes of the default graph that came many at once, packed. To merge a hundred thousand
 * changes into the tables rewrites nearly all blocks of four orders; packed by themselves, in SPO order and with what
 * becomes of each triple, they are written in a moment. Readers take them into their view of all changes (delta.h).
 *
 * They are blocks in the table of changes, under spaces that no graph has, behind the changes kept one by one. What is
 * said one by one, or in the tail, counts before them; there ops 0 takes back what the patch says. */
#ifndef KGQ_KG_PATCH_H
#define KGQ_KG_PATCH_H

#include "kg/delta.h"

/* So many changes come to a patch of no more: a part of the facts, as each reader unpacks it. */
#define KG_PATCH_PART 40
#define KG_PATCH_LEAST 1024 /* of one call; fewer are kept one by one */

/* Whether the key is that of a block of the patch. */
bool kg_patch_has_key(const unsigned char *key, size_t length);
BaseStatus kg_patch_count(KgTxn *txn, size_t *out, BaseError *err);
/* What it says of one triple; ops 0: nothing. */
BaseStatus kg_patch_get(KgTxn *txn, uint32_t space, const uint64_t keys[3], KgDeltaRow *out, BaseError *err);
/* All of it, sorted, kg_patch_count's many. */
BaseStatus kg_patch_read(KgTxn *txn, KgDeltaRow *out, size_t count, BaseError *err);
/* Puts these rows, sorted, in its place. */
BaseStatus kg_patch_write(KgTxn *txn, const KgDeltaRow *rows, size_t count, BaseError *err);
BaseStatus kg_patch_clear(KgTxn *txn, uint32_t space, BaseError *err);

/* Whether changes of so many triples of the default graph are better patched than merged into the tables. */
BaseStatus kg_patch_fits(KgTxn *txn, size_t count, bool *out, BaseError *err);
/* Makes changes of the default graph's layer; of equal triples the first counts. added[i] (may be NULL): the i-th was
 * not there before. With keep_notes what is there keeps its note. *changed: those that came or went. */
BaseStatus kg_patch_change(KgTxn *txn, KgLayer layer, const KgChange *changes, size_t count, bool keep_notes,
                           bool *added, size_t *changed, BaseError *err);

#endif
