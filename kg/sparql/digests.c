/* digests.c - MD5 and the SHA family, for the functions of those names; nettle does the work. */
#include "kg/sparql/functions.h"

#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>
#include <stdlib.h>

/* `bytes` as lower-case hexadecimal. */
static bool give_hex(Eval *eval, const uint8_t *bytes, size_t length, Value *out)
{
    char *const text = base_arena_alloc(&eval->scratch, 2 * length + 1, 1);
    if (!text)
        return sparql_eval_no_memory(eval);
    for (size_t i = 0; i < length; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    *out = sparql_value_string((KgText){text, 2 * length});
    return true;
}

static bool digest(Eval *eval, const struct nettle_hash *hash, const Value *value, Value *out)
{
    if (value->type != VALUE_STRING)
        return false;
    void *const state = malloc(hash->context_size);
    if (!state)
        return sparql_eval_no_memory(eval);
    uint8_t bytes[SHA512_DIGEST_SIZE];
    hash->init(state);
    hash->update(state, value->term.text.length, (const uint8_t *)value->term.text.bytes);
    hash->digest(state, hash->digest_size, bytes);
    free(state);
    return give_hex(eval, bytes, hash->digest_size, out);
}

bool sparql_call_md5(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return digest(eval, &nettle_md5, &arguments[0], out);
}

bool sparql_call_sha1(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return digest(eval, &nettle_sha1, &arguments[0], out);
}

bool sparql_call_sha256(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return digest(eval, &nettle_sha256, &arguments[0], out);
}

bool sparql_call_sha384(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return digest(eval, &nettle_sha384, &arguments[0], out);
}

bool sparql_call_sha512(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return digest(eval, &nettle_sha512, &arguments[0], out);
}
