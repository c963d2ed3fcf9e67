/* varset.h - sets of the variables of one SELECT. */
#ifndef KGQ_KG_SPARQL_VARSET_H
#define KGQ_KG_SPARQL_VARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct VarSet {
    uint64_t *words;
    size_t count; /* of words; sets that meet have the same */
} VarSet;

static inline void set_add(VarSet set, uint32_t variable) /* AST_NO_VARIABLE is none */
{
    if (variable != UINT32_MAX)
        set.words[variable / 64] |= (uint64_t)1 << variable % 64;
}

static inline bool set_has(VarSet set, uint32_t variable)
{
    return set.words[variable / 64] >> variable % 64 & 1;
}

static inline void set_unite(VarSet set, VarSet other)
{
    for (size_t i = 0; i < set.count; i++)
        set.words[i] |= other.words[i];
}

static inline void set_intersect(VarSet set, VarSet other)
{
    for (size_t i = 0; i < set.count; i++)
        set.words[i] &= other.words[i];
}

static inline bool set_is_empty(VarSet set)
{
    uint64_t any = 0;
    for (size_t i = 0; i < set.count; i++)
        any |= set.words[i];
    return any == 0;
}

/* Whether every variable of `set` that is in `among` is in `whole`. */
static inline bool set_within(VarSet set, VarSet among, VarSet whole)
{
    uint64_t outside = 0;
    for (size_t i = 0; i < set.count; i++)
        outside |= set.words[i] & among.words[i] & ~whole.words[i];
    return outside == 0;
}

#endif
