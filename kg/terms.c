/* terms.c - the dictionary: numbers dense within each kind, handed out in the order terms are first met.
 * A term of any length is found by the 128-bit xxh3 of its stored form; the text is compared on a hit, and where two
 * terms share a hash the later one is kept under the hash of that hash. Terms are never deleted, so no such chain
 * breaks. */
#include "kg/terms.h"

#include <stdlib.h>
#include <string.h>

/* Past this many bytes of remembered terms the cache starts afresh. */
#define CACHE_BYTES ((size_t)256 << 20)

/* Stored form: the kind's byte; for a literal the lengths (32 bits each) of language and datatype, then both; text. */
typedef struct LiteralHead {
    uint32_t language, datatype;
} LiteralHead;

bool kg_encode_term(const KgTerm *term, BaseBuffer *out)
{
    const char kind = (char)term->kind;
    if (!base_buffer_add(out, &kind, 1))
        return false;
    if (term->kind == KG_LITERAL) {
        const LiteralHead head = {(uint32_t)term->language.length, (uint32_t)term->datatype.length};
        if (!base_buffer_add(out, (const char *)&head, sizeof head) ||
            !base_buffer_add(out, term->language.bytes, term->language.length) ||
            !base_buffer_add(out, term->datatype.bytes, term->datatype.length))
            return false;
    }
    return base_buffer_add(out, term->text.bytes, term->text.length);
}

bool kg_decode_term(KgText bytes, KgTerm *out)
{
    if (bytes.length < 1)
        return false;
    *out = (KgTerm){.kind = (KgKind)bytes.bytes[0], .text = {bytes.bytes + 1, bytes.length - 1}};
    if (out->kind == KG_IRI || out->kind == KG_BLANK)
        return true;
    LiteralHead head;
    if (out->kind != KG_LITERAL || out->text.length < sizeof head)
        return false;
    memcpy(&head, out->text.bytes, sizeof head);
    const size_t before_text = sizeof head + (size_t)head.language + head.datatype;
    if (out->text.length < before_text)
        return false;
    out->language = (KgText){out->text.bytes + sizeof head, head.language};
    out->datatype = (KgText){out->language.bytes + head.language, head.datatype};
    out->text = (KgText){out->text.bytes + before_text, out->text.length - before_text};
    return true;
}

static MDB_dbi term_table(const KgTxn *txn, KgKind kind)
{
    return txn->store->tables[KG_IRIS + (int)kind - (int)KG_IRI];
}

uint64_t kg_term_count(KgTxn *txn, KgKind kind)
{
    MDB_stat stat;
    if (kind < KG_IRI || kind > KG_LITERAL || mdb_stat(txn->mdb, term_table(txn, kind), &stat) != MDB_SUCCESS)
        return 0;
    return stat.ms_entries;
}

bool kg_is_known(KgTxn *txn, KgId id)
{
    return kg_number(id) < kg_term_count(txn, kg_kind(id));
}

/* The stored form of a term, borrowed from the map. */
static int read_encoded(KgTxn *txn, KgId id, KgText *out)
{
    if (kg_kind(id) < KG_IRI || kg_kind(id) > KG_LITERAL)
        return MDB_NOTFOUND;
    uint64_t number = kg_number(id);
    MDB_val key = {sizeof number, &number}, value;
    const int code = mdb_get(txn->mdb, term_table(txn, kg_kind(id)), &key, &value);
    if (code == MDB_SUCCESS)
        *out = (KgText){value.mv_data, value.mv_size};
    return code;
}

BaseStatus kg_term(KgTxn *txn, KgId id, BaseArena *arena, KgTerm *out, BaseError *err)
{
    KgText bytes;
    const int code = read_encoded(txn, id, &bytes);
    if (code == MDB_NOTFOUND)
        return base_fail(err, BASE_NOT_FOUND, "no term has the id %llx", (unsigned long long)id);
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "read", err);
    char *const copy = base_arena_copy(arena, bytes.bytes, bytes.length);
    if (!copy)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a term");
    if (!kg_decode_term((KgText){copy, bytes.length}, out))
        return base_fail(err, BASE_BAD_INPUT, "%s is damaged: term %llx cannot be read", txn->store->path,
                         (unsigned long long)id);
    return BASE_OK;
}

static bool same_bytes(KgText a, KgText b)
{
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static BaseHash128 hash_term(const KgTxn *txn, KgText bytes)
{
    BaseHash128 hash = base_hash128(bytes.bytes, bytes.length);
    hash.high &= txn->store->hash_mask;
    hash.low &= txn->store->hash_mask;
    return hash;
}

/* Where the encoded term is, or (*out KG_ANY) the free hash where it belongs. */
static BaseStatus find_hash(KgTxn *txn, KgText bytes, BaseHash128 *hash, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    for (;;) {
        MDB_val key = {sizeof *hash, hash}, value;
        int code = mdb_get(txn->mdb, txn->store->tables[KG_HASHES], &key, &value);
        if (code == MDB_NOTFOUND)
            return BASE_OK;
        KgId id = KG_ANY;
        KgText stored = {0};
        if (code == MDB_SUCCESS && value.mv_size == sizeof id) {
            memcpy(&id, value.mv_data, sizeof id);
            code = read_encoded(txn, id, &stored);
        } else if (code == MDB_SUCCESS) {
            code = MDB_CORRUPTED;
        }
        if (code != MDB_SUCCESS)
            return kg_mdb_fail(txn->store, code == MDB_NOTFOUND ? MDB_CORRUPTED : code, "read", err);
        if (same_bytes(stored, bytes)) {
            *out = id;
            return BASE_OK;
        }
        *hash = base_hash128(hash, sizeof *hash);
    }
}

BaseStatus kg_find_encoded(KgTxn *txn, KgText bytes, KgId *out, BaseError *err)
{
    BaseHash128 hash = hash_term(txn, bytes);
    const BaseStatus status = find_hash(txn, bytes, &hash, out, err);
    return status == BASE_OK && *out == KG_ANY ? BASE_NOT_FOUND : status;
}

/* ---- Terms met in this transaction ---- */

void kg_free_term_cache(KgTermCache *cache)
{
    base_map_free(&cache->places);
    base_arena_free(&cache->bytes);
    free(cache->items);
    *cache = (KgTermCache){0};
}

static uint64_t cache_key(BaseHash128 hash)
{
    return hash.low == BASE_NO_KEY ? 0 : hash.low;
}

static KgId recall(const KgTermCache *cache, BaseHash128 hash, KgText bytes)
{
    const uint64_t *const place = base_map_get(&cache->places, cache_key(hash));
    if (!place)
        return KG_ANY;
    const KgKnownTerm *const known = &cache->items[*place];
    return same_bytes((KgText){known->bytes, known->length}, bytes) ? known->id : KG_ANY;
}

/* Best effort: without memory, or with the place taken by another term, it is looked up in LMDB again next time. */
static void remember(KgTermCache *cache, BaseHash128 hash, KgText bytes, KgId id)
{
    if (cache->byte_count > CACHE_BYTES)
        kg_free_term_cache(cache);
    if (base_map_get(&cache->places, cache_key(hash)))
        return;
    char *const copy = base_arena_copy(&cache->bytes, bytes.bytes, bytes.length);
    if (!copy || !BASE_PUSH(cache, (KgKnownTerm){hash, copy, bytes.length, id}))
        return;
    cache->byte_count += bytes.length + sizeof(KgKnownTerm);
    if (!base_map_put(&cache->places, cache_key(hash), cache->count - 1, NULL))
        cache->count--;
}

/* ---- Finding and making ---- */

static BaseStatus encode(KgTxn *txn, const KgTerm *term, BaseError *err)
{
    if (term->kind < KG_IRI || term->kind > KG_LITERAL)
        return base_fail(err, BASE_BAD_CALL, "a term of no known kind (%d)", (int)term->kind);
    if (term->text.length > UINT32_MAX / 2 || term->datatype.length > UINT32_MAX / 4 ||
        term->language.length > UINT32_MAX / 4)
        return base_fail(err, BASE_BAD_CALL, "a term of %zu bytes is too long: at most 2 GiB", term->text.length);
    txn->encoded.count = 0;
    if (!kg_encode_term(term, &txn->encoded))
        return base_fail(err, BASE_NO_MEMORY, "no memory for a term of %zu bytes", term->text.length);
    return BASE_OK;
}

BaseStatus kg_find(KgTxn *txn, const KgTerm *term, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    const BaseStatus status = encode(txn, term, err);
    if (status != BASE_OK)
        return status;
    return kg_find_encoded(txn, (KgText){txn->encoded.items, txn->encoded.count}, out, err);
}

static BaseStatus add_term(KgTxn *txn, KgKind kind, KgText bytes, BaseHash128 hash, KgId *out, BaseError *err)
{
    uint64_t number = kg_term_count(txn, kind);
    KgId id = kg_id(kind, number);
    MDB_val key = {sizeof number, &number}, value = {bytes.length, (void *)bytes.bytes};
    int code = mdb_put(txn->mdb, term_table(txn, kind), &key, &value, MDB_APPEND);
    if (code == MDB_SUCCESS) {
        key = (MDB_val){sizeof hash, &hash};
        value = (MDB_val){sizeof id, &id};
        code = mdb_put(txn->mdb, txn->store->tables[KG_HASHES], &key, &value, MDB_NOOVERWRITE);
    }
    if (code != MDB_SUCCESS)
        return kg_break(txn, code, err);
    *out = id;
    return BASE_OK;
}

BaseStatus kg_intern(KgTxn *txn, const KgTerm *term, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    BaseStatus status = kg_want_writer(txn, "kg_intern", err);
    if (status == BASE_OK)
        status = encode(txn, term, err);
    if (status != BASE_OK)
        return status;
    const KgText bytes = {txn->encoded.items, txn->encoded.count};
    const BaseHash128 first = hash_term(txn, bytes);
    *out = recall(&txn->cache, first, bytes);
    if (*out != KG_ANY)
        return BASE_OK;
    BaseHash128 hash = first;
    status = find_hash(txn, bytes, &hash, out, err);
    if (status == BASE_OK && *out == KG_ANY)
        status = add_term(txn, term->kind, bytes, hash, out, err);
    if (status == BASE_OK)
        remember(&txn->cache, first, bytes, *out);
    return status;
}

BaseStatus kg_write_term(KgTxn *txn, KgId id, KgSyntax syntax, BaseBuffer *out, BaseError *err)
{
    KgTerm term;
    const BaseArenaMark mark = base_arena_mark(&txn->texts);
    BaseStatus status = kg_term(txn, id, &txn->texts, &term, err);
    if (status == BASE_OK && !kg_format_term(&term, syntax, out))
        status = base_fail(err, BASE_NO_MEMORY, "no memory to write a term");
    base_arena_rewind(&txn->texts, mark);
    return status;
}
