/* digests.c - MD5 (RFC 1321) and the SHA family (FIPS 180-4), for the functions of those names. Written for a few
 * short strings per query, not for speed. */
#include "kg/sparql/functions.h"

#include <stdlib.h>

/* The message with its padding: 0x80, zeros, the length in bits at the end of a block. */
static uint8_t *pad(KgText text, size_t block, bool is_big_endian, size_t *length)
{
    const size_t field = block / 8; /* 8 or 16 bytes hold the length */
    *length = (text.length + 1 + field + block - 1) / block * block;
    uint8_t *const bytes = calloc(1, *length);
    if (!bytes)
        return NULL;
    if (text.length)
        memcpy(bytes, text.bytes, text.length);
    bytes[text.length] = 0x80;
    const uint64_t bits = (uint64_t)text.length * 8;
    for (size_t i = 0; i < 8; i++) {
        const size_t place = is_big_endian ? *length - 1 - i : *length - field + i;
        bytes[place] = (uint8_t)(bits >> (8 * i));
    }
    return bytes;
}

static uint32_t left32(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t right32(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static uint64_t right64(uint64_t x, int by)
{
    return x >> by | x << (64 - by);
}

/* The first `count` primes' fractional bits: of square roots (power 2) the initial values, of cube roots the constants.
 * Integer roots of prime * 2^(64 * power), kept to 64 bits: exact, and no tables to mistype. */
static uint64_t root_fraction(unsigned prime, int power)
{
    /* Binary search of the largest r = whole.fraction (8 + 64 bits) with r^power <= prime, in 32-bit limbs. */
    unsigned __int128 root = 0;
    for (int bit = 68; bit >= 0; bit--) {
        const unsigned __int128 candidate = root | (unsigned __int128)1 << bit;
        uint32_t limbs[12] = {1}, next[12];
        for (int p = 0; p < power; p++) {
            memset(next, 0, sizeof next);
            for (int i = 0; i < 9; i++) {
                uint64_t carry = 0;
                for (int j = 0; j < 3; j++) {
                    const uint64_t sum = (uint64_t)limbs[i] * (uint32_t)(candidate >> (32 * j)) + next[i + j] + carry;
                    next[i + j] = (uint32_t)sum;
                    carry = sum >> 32;
                }
                for (int j = i + 3; carry && j < 12; j++) {
                    carry += next[j];
                    next[j] = (uint32_t)carry;
                    carry >>= 32;
                }
            }
            memcpy(limbs, next, sizeof limbs);
        }
        uint32_t target[12] = {0};
        target[2 * power] = prime;
        int order = 0;
        for (int i = 11; i >= 0 && order == 0; i--)
            order = (limbs[i] > target[i]) - (limbs[i] < target[i]);
        if (order <= 0)
            root = candidate;
    }
    return (uint64_t)root;
}

static void fill_roots(uint64_t *out, int count, int power)
{
    int found = 0;
    for (unsigned candidate = 2; found < count; candidate++) {
        bool is_prime = true;
        for (unsigned i = 2; i * i <= candidate && is_prime; i++)
            is_prime = candidate % i != 0;
        if (is_prime)
            out[found++] = root_fraction(candidate, power);
    }
}

static void md5_block(uint32_t state[4], const uint8_t *block)
{
    static const int shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    /* floor(2^32 * |sin(i + 1)|) */
    static const uint32_t sines[64] = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 64; i++) {
        const int round = i / 16;
        const uint32_t mix = round == 0   ? (b & c) | (~b & d)
                             : round == 1 ? (d & b) | (~d & c)
                             : round == 2 ? b ^ c ^ d
                                          : c ^ (b | ~d);
        static const int steps[4] = {1, 5, 3, 7}, starts[4] = {0, 1, 5, 0};
        const int word = (starts[round] + steps[round] * i) % 16;
        uint32_t input;
        memcpy(&input, block + 4 * word, 4); /* little-endian, like the machines this runs on */
        const uint32_t sum = a + mix + sines[i] + input;
        a = d;
        d = c;
        c = b;
        b += left32(sum, shifts[round][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

static uint32_t big32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void sha1_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t words[80];
    for (int i = 0; i < 16; i++)
        words[i] = big32(block + 4 * i);
    for (int i = 16; i < 80; i++)
        words[i] = left32(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        static const uint32_t keys[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        const uint32_t mix = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        const uint32_t sum = left32(a, 5) + mix + e + keys[i / 20] + words[i];
        e = d;
        d = c;
        c = left32(b, 30);
        b = a;
        a = sum;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void sha256_block(uint32_t state[8], const uint8_t *block, const uint64_t *keys)
{
    uint32_t words[64], v[8];
    for (int i = 0; i < 16; i++)
        words[i] = big32(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        const uint32_t x = words[i - 15], y = words[i - 2];
        words[i] = words[i - 16] + (right32(x, 7) ^ right32(x, 18) ^ x >> 3) + words[i - 7] +
                   (right32(y, 17) ^ right32(y, 19) ^ y >> 10);
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        const uint32_t high = v[7] + (right32(v[4], 6) ^ right32(v[4], 11) ^ right32(v[4], 25)) +
                              ((v[4] & v[5]) ^ (~v[4] & v[6])) + (uint32_t)(keys[i] >> 32) + words[i];
        const uint32_t low = (right32(v[0], 2) ^ right32(v[0], 13) ^ right32(v[0], 22)) +
                             ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += high;
        v[0] = high + low;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

static void sha512_block(uint64_t state[8], const uint8_t *block, const uint64_t *keys)
{
    uint64_t words[80], v[8];
    for (int i = 0; i < 16; i++)
        words[i] = (uint64_t)big32(block + 8 * i) << 32 | big32(block + 8 * i + 4);
    for (int i = 16; i < 80; i++) {
        const uint64_t x = words[i - 15], y = words[i - 2];
        words[i] = words[i - 16] + (right64(x, 1) ^ right64(x, 8) ^ x >> 7) + words[i - 7] +
                   (right64(y, 19) ^ right64(y, 61) ^ y >> 6);
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 80; i++) {
        const uint64_t high = v[7] + (right64(v[4], 14) ^ right64(v[4], 18) ^ right64(v[4], 41)) +
                              ((v[4] & v[5]) ^ (~v[4] & v[6])) + keys[i] + words[i];
        const uint64_t low = (right64(v[0], 28) ^ right64(v[0], 34) ^ right64(v[0], 39)) +
                             ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += high;
        v[0] = high + low;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

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

static bool give_words32(Eval *eval, const uint32_t *words, size_t count, Value *out)
{
    uint8_t bytes[32];
    for (size_t i = 0; i < 4 * count; i++)
        bytes[i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
    return give_hex(eval, bytes, 4 * count, out);
}

static bool give_words64(Eval *eval, const uint64_t *words, size_t count, Value *out)
{
    uint8_t bytes[64];
    for (size_t i = 0; i < 8 * count; i++)
        bytes[i] = (uint8_t)(words[i / 8] >> (56 - 8 * (i % 8)));
    return give_hex(eval, bytes, 8 * count, out);
}

bool sparql_call_md5(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    size_t length;
    if (arguments[0].type != VALUE_STRING)
        return false;
    uint8_t *const bytes = pad(arguments[0].term.text, 64, false, &length);
    if (!bytes)
        return sparql_eval_no_memory(eval);
    for (size_t at = 0; at < length; at += 64)
        md5_block(state, bytes + at);
    free(bytes);
    uint8_t digest[16];
    for (size_t i = 0; i < sizeof digest; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (8 * (i % 4)));
    return give_hex(eval, digest, sizeof digest, out);
}

bool sparql_call_sha1(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    size_t length;
    if (arguments[0].type != VALUE_STRING)
        return false;
    uint8_t *const bytes = pad(arguments[0].term.text, 64, true, &length);
    if (!bytes)
        return sparql_eval_no_memory(eval);
    for (size_t at = 0; at < length; at += 64)
        sha1_block(state, bytes + at);
    free(bytes);
    return give_words32(eval, state, 5, out);
}

bool sparql_call_sha256(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    uint64_t roots[8], keys[64];
    uint32_t state[8];
    size_t length;
    if (arguments[0].type != VALUE_STRING)
        return false;
    uint8_t *const bytes = pad(arguments[0].term.text, 64, true, &length);
    if (!bytes)
        return sparql_eval_no_memory(eval);
    fill_roots(roots, 8, 2);
    fill_roots(keys, 64, 3);
    for (int i = 0; i < 8; i++)
        state[i] = (uint32_t)(roots[i] >> 32);
    for (size_t at = 0; at < length; at += 64)
        sha256_block(state, bytes + at, keys);
    free(bytes);
    return give_words32(eval, state, 8, out);
}

/* SHA-384 begins from the square roots of the 9th to 16th primes and keeps six words. */
static bool sha512_family(Eval *eval, const Value *value, bool is_384, Value *out)
{
    uint64_t roots[16], keys[80];
    size_t length;
    if (value->type != VALUE_STRING)
        return false;
    uint8_t *const bytes = pad(value->term.text, 128, true, &length);
    if (!bytes)
        return sparql_eval_no_memory(eval);
    fill_roots(roots, 16, 2);
    fill_roots(keys, 80, 3);
    uint64_t *const state = is_384 ? roots + 8 : roots;
    for (size_t at = 0; at < length; at += 128)
        sha512_block(state, bytes + at, keys);
    free(bytes);
    return give_words64(eval, state, is_384 ? 6 : 8, out);
}

bool sparql_call_sha384(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return sha512_family(eval, &arguments[0], true, out);
}

bool sparql_call_sha512(Eval *eval, Value *arguments, size_t count, Value *out)
{
    (void)count;
    return sha512_family(eval, &arguments[0], false, out);
}
