/* term_tail.c - the new terms of the last small transactions: each with its length in its stored form. Whoever looks
 * for a term has them among those that his transaction knows, as a writer has his own new ones. */
#include "kg/tail.h"
#include "kg/terms.h"

#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for terms");
}

/* The next term of the tail; false: it cannot be. */
static bool take_term(KgText *bytes, KgText *out)
{
    uint64_t length;
    if (!kg_take_varint(bytes, &length) || length > bytes->length)
        return false;
    KgTerm term;
    *out = (KgText){bytes->bytes, (size_t)length};
    *bytes = (KgText){bytes->bytes + length, bytes->length - (size_t)length};
    return kg_decode_term(*out, &term);
}

static BaseStatus know_term(KgTxn *txn, KgText bytes, uint64_t next[KG_KINDS], BaseError *err)
{
    KgKnownTerms *const known = &txn->known;
    const int kind = (bytes.bytes[0] & KG_STORED_KIND) - (int)KG_IRI;
    bool is_new;
    const size_t place = kg_term_set_put(&known->set, kg_hash_encoded(txn->store, bytes), bytes, &is_new);
    if (place == KG_NO_PLACE)
        return no_memory(err);
    if (!is_new)
        return kg_tail_damaged(txn, err);
    return BASE_PUSH(&known->ids, kg_id((KgKind)(kind + (int)KG_IRI), next[kind]++)) &&
                   BASE_PUSH(&known->fresh[kind], place)
               ? BASE_OK
               : no_memory(err);
}

static BaseStatus read_terms(KgTxn *txn, KgText bytes, BaseError *err)
{
    uint64_t next[KG_KINDS];
    BaseStatus status = BASE_OK;
    for (int kind = 0; kind < KG_KINDS; kind++) {
        const int code = kg_stored_terms(txn, (KgKind)(kind + (int)KG_IRI), &next[kind]);
        if (code != MDB_SUCCESS)
            return kg_mdb_fail(txn->store, code, "read", err);
    }
    while (status == BASE_OK && bytes.length > 0) {
        KgText term;
        status = take_term(&bytes, &term) ? know_term(txn, term, next, err) : kg_tail_damaged(txn, err);
    }
    return status;
}

BaseStatus kg_want_terms_tail(KgTxn *txn, BaseError *err)
{
    KgKnownTerms *const known = &txn->known;
    KgText bytes;
    if (known->has_tail)
        return BASE_OK;
    BaseStatus status = kg_tail_read(txn, KG_TAIL_TERMS, &bytes, err);
    if (status == BASE_OK)
        status = read_terms(txn, bytes, err);
    known->tail_terms = known->ids.count;
    known->has_tail = status == BASE_OK;
    if (status != BASE_OK)
        kg_free_known_terms(known);
    return status;
}

uint64_t kg_count_terms_tail(KgTxn *txn, KgKind kind)
{
    KgText bytes, term;
    uint64_t count = 0;
    if (kg_tail_read(txn, KG_TAIL_TERMS, &bytes, NULL) != BASE_OK)
        return 0;
    while (bytes.length > 0 && take_term(&bytes, &term))
        count += (unsigned)(term.bytes[0] & KG_STORED_KIND) == (unsigned)kind;
    return count;
}

/* ---- Writing ---- */

static size_t bytes_of(const KgKnownTerms *known)
{
    char length[KG_VARINT_BYTES];
    size_t bytes = 0;
    for (int kind = 0; kind < KG_KINDS; kind++)
        for (size_t i = 0; i < known->fresh[kind].count && bytes <= KG_TAIL_BYTES; i++) {
            const size_t own = kg_term_set_text(&known->set, known->fresh[kind].items[i]).length;
            bytes += own + kg_put_varint(own, length);
        }
    return bytes;
}

BaseStatus kg_write_terms_tail(KgTxn *txn, bool *fits, BaseError *err)
{
    const KgKnownTerms *const known = &txn->known;
    char bytes[KG_TAIL_BYTES];
    size_t count = 0;
    const size_t most = kg_limit(txn->store->limits.tail_bytes, KG_TAIL_BYTES);
    *fits = bytes_of(known) <= (most < sizeof bytes ? most : sizeof bytes);
    if (!*fits)
        return BASE_OK;
    for (int kind = 0; kind < KG_KINDS; kind++)
        for (size_t i = 0; i < known->fresh[kind].count; i++) {
            const KgText text = kg_term_set_text(&known->set, known->fresh[kind].items[i]);
            count += kg_put_varint(text.length, bytes + count);
            memcpy(bytes + count, text.bytes, text.length);
            count += text.length;
        }
    return kg_tail_write(txn, KG_TAIL_TERMS, (KgText){bytes, count}, err);
}
