/* The table of values: sixteen bytes an entry, texts in an arena, found again by open addressing over their hash. */
#include "reasoner/values.h"

#include <stdlib.h>
#include <string.h>

typedef struct Entry {
    union {
        int64_t integer;
        double real;
        const char *text;
    } as;
    uint32_t length; /* of the text */
    uint32_t kind : 4, tag : 28;
} Entry;

#define TAG_LIMIT (1u << 28)
#define UNREAD 0 /* the kind of an entry that the source was not asked for yet */

struct Values {
    struct {
        Entry *items;
        size_t count, capacity;
    } entries;
    struct {
        KgText *items; /* languages and datatypes */
        size_t count, capacity;
    } tags;
    uint32_t *slots; /* numbers of entries; NO_VALUE: free */
    size_t slot_count;
    size_t filled;
    BaseMap tag_index;
    BaseArena texts, scratch;
    KeptPattern pattern;
    ValueSource source; /* .read NULL: none */
    uint32_t nulls;
    bool has_failed;
};

Values *reasoner_values_new(void)
{
    return calloc(1, sizeof(Values));
}

void reasoner_values_free(Values *values)
{
    if (!values)
        return;
    free(values->entries.items);
    free(values->tags.items);
    free(values->slots);
    reasoner_forget_pattern(&values->pattern);
    base_map_free(&values->tag_index);
    base_arena_free(&values->texts);
    base_arena_free(&values->scratch);
    free(values);
}

static bool is_real(ValueKind kind)
{
    return kind == VALUE_FLOAT || kind == VALUE_DOUBLE;
}

static bool has_text(ValueKind kind)
{
    return kind == VALUE_IRI || kind == VALUE_STRING || kind == VALUE_LANGUAGE || kind == VALUE_OTHER;
}

bool reasoner_same_value(const Value *a, const Value *b)
{
    if (a->kind != b->kind)
        return false;
    if (has_text(a->kind))
        return same_text(a->text, b->text) && same_text(a->tag, b->tag);
    return is_real(a->kind) ? a->real == b->real : a->integer == b->integer;
}

static uint64_t hash_text(KgText text, uint64_t seed)
{
    return base_hash(text.length ? text.bytes : "", text.length, seed);
}

static uint64_t hash_value(const Value *value)
{
    if (has_text(value->kind))
        return hash_text(value->text, value->tag.length ? hash_text(value->tag, value->kind) : value->kind);
    int64_t bits = value->integer;
    if (is_real(value->kind)) {
        const double real = value->real == 0 ? 0 : value->real; /* one zero */
        memcpy(&bits, &real, sizeof bits);
    }
    return base_mix((uint64_t)bits + ((uint64_t)value->kind << 60));
}

/* ---- Tags ---------------------------------------------------------------------------------------------------- */

/* Languages and datatypes are few: 0 is the empty one. */
static bool put_tag(Values *values, KgText tag, uint32_t *out)
{
    *out = 0;
    if (values->tags.count == 0 && !BASE_PUSH(&values->tags, (KgText){0}))
        return false;
    if (tag.length == 0)
        return true;
    for (uint64_t key = hash_text(tag, 0) >> 1;; key++) {
        bool is_new;
        const uint64_t *const place = base_map_put(&values->tag_index, key, values->tags.count, &is_new);
        if (!place)
            return false;
        *out = (uint32_t)*place;
        if (!is_new && same_text(values->tags.items[*place], tag))
            return true;
        if (!is_new)
            continue;
        const char *const copy = base_arena_copy(&values->texts, tag.bytes, tag.length);
        return copy && *out < TAG_LIMIT && BASE_PUSH(&values->tags, (KgText){copy, tag.length});
    }
}

/* ---- Entries ------------------------------------------------------------------------------------------------- */

static bool fill_entry(Values *values, const Value *value, Entry *entry);

/* Reads a number of the source into its entry. */
static void read_entry(Values *values, uint32_t number)
{
    const BaseArenaMark start = base_arena_mark(&values->scratch);
    Value value = {.kind = VALUE_OTHER};
    values->has_failed |= !values->source.read(values->source.context, number, &values->scratch, &value) ||
                          !fill_entry(values, &value, &values->entries.items[number]);
    base_arena_rewind(&values->scratch, start);
}

Value reasoner_value(const Values *values, uint32_t number)
{
    const Entry *const entry = &values->entries.items[number];
    if (entry->kind == UNREAD)
        read_entry((Values *)(uintptr_t)values, number); /* what it has is the same before and after */
    Value value = {.kind = (ValueKind)entry->kind};
    if (has_text(value.kind)) {
        value.text = (KgText){entry->as.text, entry->length};
        value.tag = values->tags.items[entry->tag];
    } else if (is_real(value.kind)) {
        value.real = entry->as.real;
    } else {
        value.integer = entry->as.integer;
    }
    return value;
}

uint32_t reasoner_values_count(const Values *values)
{
    return (uint32_t)values->entries.count;
}

size_t reasoner_values_bytes(const Values *values)
{
    return values->entries.capacity * sizeof *values->entries.items + values->slot_count * sizeof *values->slots +
           base_arena_bytes(&values->texts) + base_arena_bytes(&values->scratch);
}

static bool fill_entry(Values *values, const Value *value, Entry *entry)
{
    uint32_t tag;
    *entry = (Entry){.kind = value->kind & 15u};
    if (value->text.length >= UINT32_MAX || !put_tag(values, value->tag, &tag))
        return false;
    entry->tag = tag & (TAG_LIMIT - 1);
    if (has_text(value->kind)) {
        entry->length = (uint32_t)value->text.length;
        entry->as.text =
            value->text.length ? base_arena_copy(&values->texts, value->text.bytes, value->text.length) : "";
        return entry->as.text != NULL;
    }
    if (is_real(value->kind))
        entry->as.real = value->real == 0 ? 0 : value->real;
    else
        entry->as.integer = value->integer;
    return true;
}

static bool add_entry(Values *values, const Value *value)
{
    Entry entry;
    return values->entries.count < NO_VALUE && fill_entry(values, value, &entry) && BASE_PUSH(&values->entries, entry);
}

/* ---- Slots --------------------------------------------------------------------------------------------------- */

/* The slot of the value, or the free one where it would go. */
static uint32_t *find_slot(const Values *values, const Value *value)
{
    for (size_t slot = hash_value(value) & (values->slot_count - 1);; slot = (slot + 1) & (values->slot_count - 1)) {
        if (values->slots[slot] == NO_VALUE)
            return &values->slots[slot];
        const Value other = reasoner_value(values, values->slots[slot]);
        if (reasoner_same_value(&other, value))
            return &values->slots[slot];
    }
}

static bool grow_slots(Values *values)
{
    if (values->filled * 4 < values->slot_count * 3)
        return true;
    const size_t before = values->slot_count, count = before ? before * 2 : 1024;
    uint32_t *const old = values->slots, *const slots = malloc(count * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0xff, count * sizeof *slots);
    values->slots = slots;
    values->slot_count = count;
    for (size_t s = 0; s < before; s++) {
        if (old[s] == NO_VALUE)
            continue;
        const Value value = reasoner_value(values, old[s]);
        *find_slot(values, &value) = old[s];
    }
    free(old);
    return true;
}

/* The source's number for the value, remembered. NO_VALUE: none. */
static uint32_t ask_source(Values *values, const Value *value, uint32_t *slot)
{
    uint32_t number = NO_VALUE;
    if (!values->source.find || value->kind == VALUE_NULL)
        return NO_VALUE;
    if (!values->source.find(values->source.context, value, &number))
        values->has_failed = true;
    if (number != NO_VALUE) {
        *slot = number;
        values->filled++;
    }
    return number;
}

static uint32_t fail(Values *values)
{
    values->has_failed = true;
    return NO_VALUE;
}

uint32_t reasoner_find_value(Values *values, const Value *value)
{
    if (!grow_slots(values))
        return fail(values);
    uint32_t *const slot = find_slot(values, value);
    return *slot != NO_VALUE ? *slot : ask_source(values, value, slot);
}

uint32_t reasoner_intern(Values *values, const Value *value)
{
    if (!grow_slots(values))
        return fail(values);
    uint32_t *const slot = find_slot(values, value);
    if (*slot != NO_VALUE || ask_source(values, value, slot) != NO_VALUE)
        return *slot;
    if (values->has_failed || !add_entry(values, value))
        return fail(values);
    values->filled++;
    return *slot = (uint32_t)values->entries.count - 1;
}

bool reasoner_values_lend(Values *values, const ValueSource *source, uint32_t count)
{
    /* Entries that nobody asks for are never touched, and take no memory then. */
    Entry *const entries = calloc((size_t)count + count / 4 + 64, sizeof *entries);
    if (!entries)
        return false;
    free(values->entries.items);
    values->entries.items = entries;
    values->entries.capacity = (size_t)count + count / 4 + 64;
    values->entries.count = count;
    values->source = *source;
    return true;
}

bool reasoner_values_lend_one(Values *values)
{
    return values->entries.count < NO_VALUE && BASE_PUSH(&values->entries, (Entry){.kind = UNREAD});
}

bool reasoner_values_know(Values *values, uint32_t number, const Value *value)
{
    if (!grow_slots(values) || !fill_entry(values, value, &values->entries.items[number]))
        return false;
    uint32_t *const slot = find_slot(values, value);
    values->filled += *slot == NO_VALUE;
    *slot = number;
    return true;
}

uint32_t reasoner_values_append(Values *values, const Value *value)
{
    if (!grow_slots(values) || !add_entry(values, value))
        return fail(values);
    const uint32_t number = (uint32_t)values->entries.count - 1;
    uint32_t *const slot = find_slot(values, value);
    if (*slot == NO_VALUE) {
        *slot = number;
        values->filled++;
    }
    return number;
}

uint32_t reasoner_fresh_null(Values *values)
{
    return reasoner_intern(values, &(Value){.kind = VALUE_NULL, .integer = values->nulls++});
}

/* ---- Failures, scratch --------------------------------------------------------------------------------------- */

bool reasoner_values_failed(const Values *values)
{
    return values->has_failed;
}

void reasoner_values_fail(Values *values)
{
    values->has_failed = true;
}

BaseArena *reasoner_values_scratch(Values *values)
{
    return &values->scratch;
}

KeptPattern *reasoner_values_pattern(Values *values)
{
    return &values->pattern;
}

void reasoner_forget_pattern(KeptPattern *pattern)
{
    if (pattern->code)
        pattern->free(pattern->code);
    free(pattern->text);
    *pattern = (KeptPattern){0};
}
