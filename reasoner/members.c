/* Which tuples a relation has. Where one bit per possible tuple takes no more room than a hash table would, bits are
 * kept: a test is one memory access. Otherwise slots of 32 bits hold row numbers, with bits of the hash in what the row
 * number leaves free, so that almost no wrong row is looked at; tuples come in blocks, and the slots of a block are
 * fetched ahead. */
#include "reasoner/slots.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 64,
    SMALL_BITS = 1 << 20,
    FEW_BYTES = 1 << 21 /* bytes that no relation minds */,
    WORTHY_BITS = 24 << 20 /* bytes at most, for many tuples tried */
};

static void clear(Members *members)
{
    free(members->bits);
    free(members->visible);
    free(members->slots);
    reasoner_matrix_free(members->matrix);
    reasoner_row_sets_free(&members->rows);
    *members = (Members){.wants_visible = members->wants_visible};
}

void reasoner_members_free(Members *members)
{
    clear(members);
    members->wants_visible = false;
}

void reasoner_members_hide(Members *members)
{
    free(members->visible);
    members->visible = NULL;
    members->visible_rows = 0;
    members->wants_visible = false;
    if (members->kind == MEMBERS_MATRIX)
        reasoner_matrix_hide(members->matrix);
}

/* ---- Bits ---------------------------------------------------------------------------------------------------- */

static bool is_inside(const Members *members, const uint32_t *tuple, uint32_t arity)
{
    return tuple[0] < members->domain[0] && (arity == 1 || tuple[1] < members->domain[1]);
}

static size_t bit_of(const Members *members, const uint32_t *tuple, uint32_t arity)
{
    return arity == 1 ? tuple[0] : tuple[0] * members->words * 64 + tuple[1];
}

static size_t word_count(const uint32_t domain[2], uint32_t arity)
{
    return arity == 1 ? domain[0] / 64 + 1 : (size_t)domain[0] * (domain[1] / 64 + 1);
}

static void set_rows(const Relation *relation, uint64_t *bits, uint32_t from, uint32_t to)
{
    for (uint32_t row = from; row < to; row++) {
        const size_t bit = bit_of(&relation->members, relation_row(relation, row), relation->arity);
        bits[bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

/* The domain that holds all rows and the tuples to come, with some room; true: the hint would hold them, too. */
static bool fit_domain(const Relation *relation, const uint32_t *tuples, size_t count, uint32_t domain[2])
{
    uint32_t highest[2] = {0, 0};
    bool within_hint = true;
    for (uint32_t c = 0; c < relation->arity; c++) {
        for (size_t row = 0; row < relation->count; row++) {
            const uint32_t value = relation->values[row * relation->arity + c];
            highest[c] = value > highest[c] ? value : highest[c];
        }
        for (size_t row = 0; row < count; row++)
            highest[c] =
                tuples[row * relation->arity + c] > highest[c] ? tuples[row * relation->arity + c] : highest[c];
        const uint64_t roomy = highest[c] + highest[c] / 2 + 64u;
        domain[c] = roomy < NO_ROW ? (uint32_t)roomy : NO_ROW;
        within_hint &= highest[c] < relation->value_hint;
    }
    return within_hint;
}

static bool suits_bits(const Relation *relation, const uint32_t domain[2], size_t rows)
{
    if (relation->arity == 1)
        return domain[0] < NO_ROW;
    const double bytes = (double)domain[0] * ((double)domain[1] / 64 + 1) * 8;
    return bytes <= SMALL_BITS || bytes <= 6.0 * (double)rows;
}

/* A set of its own for what the round at hand may see. */
static bool make_visible(Relation *relation)
{
    Members *const members = &relation->members;
    members->visible = calloc(word_count(members->domain, relation->arity), sizeof *members->visible);
    if (!members->visible)
        return false;
    set_rows(relation, members->visible, 0, relation->high);
    members->visible_rows = relation->high;
    return true;
}

static bool make_bits(Relation *relation, const uint32_t domain[2])
{
    Members *const members = &relation->members;
    clear(members);
    members->bits = calloc(word_count(domain, relation->arity), sizeof *members->bits);
    if (!members->bits)
        return false;
    members->kind = MEMBERS_BITS;
    memcpy(members->domain, domain, sizeof members->domain);
    members->words = relation->arity == 1 ? 0 : domain[1] / 64 + 1;
    set_rows(relation, members->bits, 0, relation->count);
    members->covered = relation->count;
    return !members->wants_visible || make_visible(relation);
}

static void insert_bits(Relation *relation, const uint32_t *tuples, size_t count)
{
    const uint32_t arity = relation->arity;
    uint64_t *const bits = relation->members.bits;
    uint32_t *to = relation->values + (size_t)relation->count * arity;
    for (size_t i = 0; i < count; i++, tuples += arity) {
        const size_t bit = bit_of(&relation->members, tuples, arity);
        const uint64_t mask = (uint64_t)1 << bit % 64;
        const bool is_new = !(bits[bit / 64] & mask);
        bits[bit / 64] |= mask;
        for (uint32_t c = 0; c < arity; c++)
            to[c] = tuples[c];
        to += is_new ? arity : 0;
    }
    relation->count = (uint32_t)((size_t)(to - relation->values) / arity);
    relation->members.covered = relation->count;
}

/* ---- Hash ---------------------------------------------------------------------------------------------------- */

/* The row of the tuple; NO_ROW: *slot is where it belongs. */
static inline uint32_t find_row(const Relation *relation, const uint32_t *tuple, uint64_t hash, uint64_t *slot)
{
    const Members *const members = &relation->members;
    uint64_t at = slot_of(members, hash);
    for (;; at = at + 1 == members->slot_count ? 0 : at + 1) {
        const uint32_t entry = members->slots[at];
        if (entry == NO_ROW)
            break;
        if (slot_fits(relation, entry, tuple, hash))
            return entry & row_mask(members);
    }
    *slot = at;
    return NO_ROW;
}

static bool make_hash(Relation *relation, size_t rows)
{
    Members *const members = &relation->members;
    clear(members);
    members->slot_count = rows * 2 + 64;
    members->row_bits = 32;
    while (members->row_bits > 1 && (uint64_t)1 << (members->row_bits - 1) > members->slot_count)
        members->row_bits--;
    members->slots = malloc(members->slot_count * sizeof *members->slots);
    if (!members->slots)
        return false;
    memset(members->slots, 0xff, members->slot_count * sizeof *members->slots);
    members->kind = MEMBERS_HASH;
    return true;
}

/* Tuples known to be new, rows from `covered` on. */
static void cover_hash(Relation *relation)
{
    Members *const members = &relation->members;
    uint64_t hashes[BLOCK];
    while (members->covered < relation->count) {
        const uint32_t from = members->covered;
        const uint32_t block = relation->count - from < BLOCK ? relation->count - from : BLOCK;
        for (uint32_t i = 0; i < block; i++) {
            hashes[i] = hash_tuple(relation_row(relation, from + i), relation->arity);
            __builtin_prefetch(&members->slots[slot_of(members, hashes[i])], 1);
        }
        for (uint32_t i = 0; i < block; i++) {
            uint64_t at = slot_of(members, hashes[i]);
            while (members->slots[at] != NO_ROW)
                at = at + 1 == members->slot_count ? 0 : at + 1;
            members->slots[at] = (from + i) | tag_of(members, hashes[i]);
        }
        members->covered += block;
    }
}

static void insert_hash(Relation *relation, const uint32_t *tuples, size_t count)
{
    Members *const members = &relation->members;
    const uint32_t arity = relation->arity;
    uint64_t hashes[BLOCK];
    for (size_t from = 0; from < count; from += BLOCK) {
        const size_t block = count - from < BLOCK ? count - from : BLOCK;
        for (size_t i = 0; i < block; i++) {
            hashes[i] = hash_tuple(tuples + (from + i) * arity, arity);
            __builtin_prefetch(&members->slots[slot_of(members, hashes[i])], 1);
        }
        for (size_t i = 0; i < block; i++) {
            const uint32_t *const tuple = tuples + (from + i) * arity;
            uint64_t slot;
            if (find_row(relation, tuple, hashes[i], &slot) != NO_ROW)
                continue;
            members->slots[slot] = relation->count | tag_of(members, hashes[i]);
            for (uint32_t c = 0; c < arity; c++)
                relation->values[(size_t)relation->count * arity + c] = tuple[c];
            relation->count++;
        }
    }
    members->covered = relation->count;
}

/* ---- Row sets ------------------------------------------------------------------------------------------------ */

/* Not where most first values would have no set, nor where rounds want to know the rows of members. */
static bool suits_rows(const Relation *relation, const uint32_t domain[2], size_t rows)
{
    const size_t bytes = domain[0] * sizeof(RowSet);
    return relation->arity == 2 && !relation->members.wants_visible && (bytes <= FEW_BYTES || bytes <= 8 * rows);
}

static bool cover_rows(Relation *relation)
{
    Members *const members = &relation->members;
    uint32_t again[2 * BLOCK];
    while (members->covered < relation->count) {
        const uint32_t from = members->covered;
        const uint32_t block = relation->count - from < BLOCK ? relation->count - from : BLOCK;
        if (reasoner_row_sets_insert(&members->rows, relation_row(relation, from), block, again) == SIZE_MAX)
            return false;
        members->covered += block;
    }
    return true;
}

static bool make_rows(Relation *relation, const uint32_t domain[2], bool covers)
{
    Members *const members = &relation->members;
    clear(members);
    members->kind = MEMBERS_ROWS;
    return reasoner_row_sets_open(&members->rows, domain[0], domain[1]) && (!covers || cover_rows(relation));
}

static bool insert_rows(Relation *relation, const uint32_t *tuples, size_t count)
{
    uint32_t *const to = relation->values + (size_t)relation->count * 2;
    const size_t added = reasoner_row_sets_insert(&relation->members.rows, tuples, count, to);
    if (added == SIZE_MAX)
        return false;
    relation->count += (uint32_t)added;
    relation->members.covered = relation->count;
    return true;
}

/* ---- Matrices ------------------------------------------------------------------------------------------------ */

/* Where some tuple does not fit the shape, the relation has none from now on. */
static bool make_matrix(Relation *relation)
{
    Members *const members = &relation->members;
    clear(members);
    if (!reasoner_matrix_new(relation, &members->matrix))
        return false;
    if (!members->matrix) {
        relation->shape = NULL;
        return true;
    }
    members->kind = MEMBERS_MATRIX;
    members->covered = relation->count;
    return !members->wants_visible || reasoner_matrix_see(members->matrix, relation);
}

static bool insert_matrix(Relation *relation, const uint32_t *tuples, size_t count)
{
    uint32_t *const to = relation->values + (size_t)relation->count * 2;
    relation->count += (uint32_t)reasoner_matrix_insert(relation->members.matrix, tuples, count, to);
    relation->members.covered = relation->count;
    return true;
}

/* ---- All kinds ----------------------------------------------------------------------------------------------- */

static bool has_room(const Relation *relation, const uint32_t *tuples, size_t count)
{
    const Members *const members = &relation->members;
    if (members->kind == MEMBERS_HASH)
        return ((uint64_t)relation->count + count) * 4 <= members->slot_count * 3;
    for (size_t i = 0; i < count; i++) {
        const uint32_t *const tuple = tuples + i * relation->arity;
        if (members->kind == MEMBERS_ROWS     ? !row_sets_hold(&members->rows, tuple)
            : members->kind == MEMBERS_MATRIX ? !matrix_holds(members->matrix->shape, tuple)
                                              : !is_inside(members, tuple, relation->arity))
            return false;
    }
    return true;
}

/* Chooses the kind for the rows at hand and `more` to come, among them these tuples, and covers all rows; or
 * (not covers_sets) leaves it to the caller when they are row sets. */
static bool remake(Relation *relation, const uint32_t *tuples, size_t count, size_t more, bool covers_sets)
{
    uint32_t domain[2] = {NO_ROW, NO_ROW};
    const uint32_t hinted[2] = {relation->value_hint, relation->value_hint};
    const size_t rows = relation->count + more;
    if (relation->members.kind == MEMBERS_MATRIX)
        relation->shape = NULL; /* it cannot hold them */
    if (relation->shape && reasoner_matrix_pays(relation)) {
        if (!make_matrix(relation))
            return false;
        if (relation->shape && has_room(relation, tuples, count))
            return true;
        relation->shape = NULL;
    }
    const bool fits_hint = relation->arity <= 2 && fit_domain(relation, tuples, count, domain);
    if (fits_hint && suits_bits(relation, hinted, rows))
        return make_bits(relation, hinted);
    if (relation->arity <= 2 && suits_bits(relation, domain, rows))
        return make_bits(relation, domain);
    if (suits_rows(relation, domain, rows))
        return make_rows(relation, domain, covers_sets);
    if (!make_hash(relation, rows))
        return false;
    cover_hash(relation);
    return true;
}

/* Rows appended since. */
static bool catch_up(Relation *relation)
{
    Members *const members = &relation->members;
    const uint32_t late = relation->count - members->covered;
    if (members->kind == MEMBERS_NONE || (members->kind == MEMBERS_ROWS && members->wants_visible))
        return remake(relation, NULL, 0, 0, true);
    if (late == 0)
        return true;
    if (members->kind == MEMBERS_HASH ? (uint64_t)relation->count * 4 > members->slot_count * 3
                                      : !has_room(relation, relation_row(relation, members->covered), late))
        return remake(relation, NULL, 0, 0, true);
    if (members->kind == MEMBERS_ROWS)
        return cover_rows(relation);
    if (members->kind == MEMBERS_MATRIX) {
        uint32_t again[2 * BLOCK];
        for (uint32_t from = members->covered, some; from < relation->count; from += some) {
            some = relation->count - from < BLOCK ? relation->count - from : BLOCK;
            reasoner_matrix_insert(members->matrix, relation_row(relation, from), some, again);
        }
        members->covered = relation->count;
    } else if (members->kind == MEMBERS_HASH) {
        cover_hash(relation);
    } else {
        set_rows(relation, members->bits, members->covered, relation->count);
        members->covered = relation->count;
    }
    return true;
}

bool reasoner_members_insert(Relation *relation, const uint32_t *tuples, size_t count)
{
    Members *const members = &relation->members;
    relation->tried += count;
    if ((members->kind == MEMBERS_NONE || members->covered < relation->count) && !catch_up(relation))
        return false;
    if (!has_room(relation, tuples, count) && !remake(relation, tuples, count, count, true))
        return false;
    if (members->kind == MEMBERS_ROWS)
        return insert_rows(relation, tuples, count);
    if (members->kind == MEMBERS_MATRIX)
        return insert_matrix(relation, tuples, count);
    if (members->kind == MEMBERS_HASH)
        insert_hash(relation, tuples, count);
    else
        insert_bits(relation, tuples, count);
    return true;
}

bool reasoner_members_expect(Relation *relation, const uint32_t *highest, size_t count)
{
    const Members *const members = &relation->members;
    relation->tried += count;
    if (members->kind == MEMBERS_NONE)
        return remake(relation, highest, 1, count, false);
    if (!catch_up(relation))
        return false;
    const bool is_hash = members->kind == MEMBERS_HASH;
    if (is_hash ? ((uint64_t)relation->count + count) * 4 <= members->slot_count * 3 : has_room(relation, highest, 1))
        return true;
    return remake(relation, highest, 1, count, false);
}

bool reasoner_relation_weigh_bits(Relation *relation)
{
    const uint32_t hinted[2] = {relation->value_hint, relation->value_hint};
    const double bytes = (double)hinted[0] * (hinted[1] / 64.0 + 1) * 8;
    uint32_t domain[2];
    if (relation->shape)
        return relation->members.kind == MEMBERS_MATRIX || !reasoner_matrix_pays(relation) || make_matrix(relation);
    if (relation->arity != 2 || relation->members.kind == MEMBERS_BITS || hinted[0] == 0 || bytes > WORTHY_BITS ||
        bytes > 4.0 * (double)relation->tried || !fit_domain(relation, NULL, 0, domain))
        return true;
    return make_bits(relation, hinted);
}

bool reasoner_relation_cover(Relation *relation, bool is_partial)
{
    Members *const members = &relation->members;
    members->wants_visible |= is_partial;
    if (!catch_up(relation))
        return false;
    if (is_partial && members->kind == MEMBERS_MATRIX)
        return reasoner_matrix_see(members->matrix, relation);
    if (!is_partial || members->kind != MEMBERS_BITS)
        return true;
    if (!members->visible)
        return make_visible(relation);
    set_rows(relation, members->visible, members->visible_rows, relation->high);
    members->visible_rows = relation->high;
    return true;
}

bool reasoner_relation_has(const Relation *relation, const uint32_t *tuple, bool is_partial)
{
    const Members *const members = &relation->members;
    uint64_t slot;
    if (members->kind == MEMBERS_HASH) {
        const uint32_t row = find_row(relation, tuple, hash_tuple(tuple, relation->arity), &slot);
        return row != NO_ROW && (!is_partial || row < relation->high);
    }
    if (members->kind == MEMBERS_ROWS)
        return reasoner_row_sets_has(&members->rows, tuple);
    if (members->kind == MEMBERS_MATRIX)
        return reasoner_matrix_has(members->matrix, tuple, is_partial);
    if (!is_inside(members, tuple, relation->arity))
        return false;
    const size_t bit = bit_of(members, tuple, relation->arity);
    const uint64_t *const bits = is_partial ? members->visible : members->bits;
    return bits[bit / 64] >> bit % 64 & 1;
}
