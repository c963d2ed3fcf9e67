/* Rules as text, and which of them can ever fire. A candidate waits for the predicates of its body; once all may have
 * facts it is in the program, and then the predicates of its heads may have facts, too. */
#include "reasoner/rulesets/rulesets.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_KEY (NOWHERE - 1)

/* ---- Terms --------------------------------------------------------------------------------------------------- */

uint32_t ruleset_term(RulesetBuilder *builder, const KgTerm *term)
{
    const uint32_t found = reasoner_program_constant(builder->terms, term);
    builder->no_memory |= found == NOWHERE;
    return found == NOWHERE ? 0 : found;
}

BaseStatus ruleset_term_of(RulesetBuilder *builder, KgId id, uint32_t *out, BaseError *err)
{
    const uint64_t *const known = base_map_get(&builder->ids, id);
    if (known) {
        *out = (uint32_t)*known;
        return BASE_OK;
    }
    BaseArena scratch = {0};
    KgTerm term;
    const BaseStatus status = kg_term(builder->txn, id, &scratch, &term, err);
    if (status == BASE_OK) {
        *out = ruleset_term(builder, &term);
        builder->no_memory |= !base_map_put(&builder->ids, id, *out, NULL);
    }
    base_arena_free(&scratch);
    return status;
}

bool ruleset_is_named(const RulesetBuilder *builder, uint32_t term)
{
    return builder->terms->constants.items[term].kind != KG_LITERAL;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A NAME of the language; what is no letter or digit but may stand in one is left to brackets. */
static bool is_name(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_letter(bytes[i]) && !(i > 0 && ((bytes[i] >= '0' && bytes[i] <= '9') || bytes[i] == '_')))
            return false;
    return length > 0;
}

/* What the rules of the sets are written with. */
static const KgPrefix fixed_prefixes[] = {
    {"rdf", RDF_NS}, {"rdfs", RDFS_NS}, {"owl", OWL_NS}, {"xsd", XSD}, {"kg", KG_NAME_SCHEME}};
enum { FIXED_PREFIXES = sizeof fixed_prefixes / sizeof *fixed_prefixes };

static const KgPrefix *fixed_prefix(const char *name)
{
    for (size_t i = 0; i < FIXED_PREFIXES; i++)
        if (strcmp(name, fixed_prefixes[i].prefix) == 0)
            return &fixed_prefixes[i];
    return NULL;
}

/* A prefix of the database that rules can name, and that does not say something else than it says here. */
static bool is_usable(const KgPrefix *prefix)
{
    const KgPrefix *const fixed = fixed_prefix(prefix->prefix);
    if (fixed)
        return strcmp(prefix->iri, fixed->iri) == 0;
    return !*prefix->prefix || is_name(prefix->prefix, strlen(prefix->prefix));
}

/* The prefix that shortens the IRI most; NOWHERE: none does. */
static size_t find_prefix(const RulesetBuilder *builder, KgText iri)
{
    size_t best = NOWHERE, longest = 0;
    for (size_t i = 0; i < builder->prefix_count; i++) {
        const KgPrefix *const prefix = &builder->prefixes[i];
        const size_t length = strlen(prefix->iri);
        if (length > longest && length < iri.length && memcmp(prefix->iri, iri.bytes, length) == 0 &&
            is_name(iri.bytes + length, iri.length - length) && is_usable(prefix)) {
            best = i;
            longest = length;
        }
    }
    return best;
}

/* The term as a rule writes it, kept in the arena. */
static const char *write_term(RulesetBuilder *builder, const KgTerm *term)
{
    BaseBuffer out = {0};
    const size_t prefix = term->kind == KG_IRI ? find_prefix(builder, term->text) : NOWHERE;
    bool is_fine;
    if (prefix != NOWHERE) {
        const KgPrefix *const use = &builder->prefixes[prefix];
        const size_t length = strlen(use->iri);
        builder->is_prefix_used[prefix] = true;
        is_fine = base_buffer_format(&out, "%s:%.*s", use->prefix, (int)(term->text.length - length),
                                     term->text.bytes + length);
    } else {
        is_fine = base_buffer_format(&out, "<%s%.*s>", term->kind == KG_BLANK ? "_:" : "", (int)term->text.length,
                                     term->text.bytes);
    }
    const char *const copy = is_fine ? base_arena_copy(&builder->arena, out.items, out.count) : NULL;
    base_buffer_free(&out);
    return copy;
}

static const char *name_of(RulesetBuilder *builder, uint32_t term)
{
    while (builder->names.count <= term)
        if (!BASE_PUSH(&builder->names, NULL))
            return NULL;
    if (!builder->names.items[term])
        builder->names.items[term] = write_term(builder, &builder->terms->constants.items[term]);
    return builder->names.items[term];
}

/* ---- Live predicates ----------------------------------------------------------------------------------------- */

static uint32_t *place_of(RulesetBuilder *builder, uint32_t key)
{
    while (builder->keys.count <= key)
        if (!BASE_PUSH(&builder->keys, NOWHERE))
            return NULL;
    return &builder->keys.items[key];
}

bool ruleset_is_live(RulesetBuilder *builder, uint32_t key)
{
    return builder->all_live || (builder->all_classes_live && key % 2) ||
           (key < builder->keys.count && builder->keys.items[key] == LIVE_KEY);
}

/* Marks the key, and counts it off for the candidates that wait for it. */
void ruleset_set_live(RulesetBuilder *builder, uint32_t key)
{
    uint32_t *const place = place_of(builder, key);
    if (!place) {
        builder->no_memory = true;
        return;
    }
    if (*place == LIVE_KEY)
        return;
    uint32_t watch = *place;
    *place = LIVE_KEY;
    builder->no_memory |= !BASE_PUSH(&builder->live, key);
    builder->class_count += key % 2;
    for (; watch != NOWHERE; watch = builder->watches.items[watch].next) {
        const uint32_t candidate = builder->watches.items[watch].candidate;
        if (--builder->candidates.items[candidate].waiting == 0)
            builder->no_memory |= !BASE_PUSH(&builder->ready, candidate);
    }
    if (key % 2)
        ruleset_set_live(builder, property_key(V_TYPE));
}

/* A head rdf:type(?x, ?c) may give members to any class. */
static void open_classes(RulesetBuilder *builder)
{
    builder->all_classes_live = builder->is_type_open = true;
    for (uint32_t key = 1; key < builder->keys.count; key += 2)
        ruleset_set_live(builder, key);
}

void ruleset_settle(RulesetBuilder *builder)
{
    while (builder->ready.count > 0 && !builder->no_memory) {
        const Candidate *const candidate = &builder->candidates.items[builder->ready.items[--builder->ready.count]];
        for (uint32_t h = 0; h < candidate->head_count && !builder->no_memory; h++) {
            const uint32_t key = builder->heads.items[candidate->heads + h];
            if (key % 2 == 0 && !candidate->is_expanded)
                ruleset_note_objects(builder, key / 2, OBJECTS_DERIVED);
            ruleset_set_live(builder, key);
            if (key == property_key(V_TYPE) && !builder->all_classes_live)
                open_classes(builder);
            if (key == property_key(V_SAME_AS) && builder->kind == REASONER_OWL2_RL)
                ruleset_set_live(builder, PROPER_SAME);
        }
    }
}

static uint8_t objects_of(const RulesetBuilder *builder, uint32_t property)
{
    return property < builder->objects.count ? builder->objects.items[property] : 0;
}

void ruleset_note_objects(RulesetBuilder *builder, uint32_t property, ObjectsState state)
{
    while (builder->objects.count <= property && !builder->no_memory)
        builder->no_memory |= !BASE_PUSH(&builder->objects, 0);
    if (builder->no_memory)
        return;
    uint8_t *const objects = &builder->objects.items[property];
    if (state == OBJECTS_DERIVED && *objects == (OBJECTS_LITERAL | OBJECTS_LEFT_OUT))
        builder->no_memory |= !BASE_PUSH(&builder->late, property);
    *objects = (uint8_t)(*objects | state);
}

bool ruleset_has_literals_only(const RulesetBuilder *builder, uint32_t property)
{
    const unsigned state = objects_of(builder, property);
    return !builder->all_live && (state & OBJECTS_LITERAL) && !(state & OBJECTS_DERIVED);
}

/* A key for the first time. */
static void expand_key(RulesetBuilder *builder, uint32_t key, void (*add)(RulesetBuilder *builder, uint32_t key),
                       void (*add_objects)(RulesetBuilder *builder, uint32_t property))
{
    add(builder, key);
    if (key % 2 || key == property_key(V_TYPE))
        return;
    if (ruleset_has_literals_only(builder, key / 2))
        ruleset_note_objects(builder, key / 2, OBJECTS_LEFT_OUT);
    else
        add_objects(builder, key / 2);
}

void ruleset_expand(RulesetBuilder *builder, void (*add)(RulesetBuilder *builder, uint32_t key),
                    void (*add_objects)(RulesetBuilder *builder, uint32_t property))
{
    ruleset_settle(builder);
    builder->is_expanding = true;
    for (size_t next = 0, late = 0; !builder->no_memory;) {
        if (next < builder->live.count)
            expand_key(builder, builder->live.items[next++], add, add_objects);
        else if (late < builder->late.count)
            add_objects(builder, builder->late.items[late++]);
        else
            break;
        ruleset_settle(builder);
    }
}

bool ruleset_is_predicate(const RulesetBuilder *builder, uint32_t term)
{
    for (uint32_t key = property_key(term); key <= class_key(term); key++)
        if (key < builder->keys.count && builder->keys.items[key] != NOWHERE)
            return true;
    return false;
}

/* ---- Rules --------------------------------------------------------------------------------------------------- */

/* Notes a key of the rule being written. */
static void note_key(RulesetBuilder *builder, uint32_t key)
{
    Candidate *const candidate = &builder->candidates.items[builder->candidates.count - 1];
    if (builder->is_head) {
        builder->no_memory |= !BASE_PUSH(&builder->heads, key);
        candidate->head_count++;
        return;
    }
    if (!builder->is_expanding && key % 2 && key / 2 < VOCABULARY_COUNT)
        builder->is_asked[key / 2] |= key / 2 == V_LITERAL || ruleset_is_datatype(key / 2);
    if (!ruleset_is_live(builder, key)) {
        uint32_t *const place = place_of(builder, key);
        const Watch watch = {(uint32_t)builder->candidates.count - 1, place ? *place : NOWHERE};
        if (!place || !BASE_PUSH(&builder->watches, watch)) {
            builder->no_memory = true;
            return;
        }
        *place = (uint32_t)builder->watches.count - 1;
        candidate->waiting++;
    }
}

static bool add_text(RulesetBuilder *builder, const char *text)
{
    return text && base_buffer_add(&builder->text, text, strlen(text));
}

/* One directive of a pattern. */
static bool add_piece(RulesetBuilder *builder, char directive, va_list *arguments)
{
    if (directive == 's')
        return add_text(builder, va_arg(*arguments, const char *));
    if (directive == 'v') {
        const char letter = (char)va_arg(*arguments, int);
        return base_buffer_add(&builder->text, &letter, 1);
    }
    const uint32_t number = va_arg(*arguments, uint32_t);
    if (directive == '+')
        note_key(builder, number);
    if (directive == 'c' || directive == 'p')
        note_key(builder, directive == 'c' ? class_key(number) : property_key(number));
    return directive == '+' || add_text(builder, name_of(builder, number));
}

void ruleset_open(RulesetBuilder *builder, bool is_schema, const char *name)
{
    const Candidate candidate = {.text = builder->text.count,
                                 .heads = (uint32_t)builder->heads.count,
                                 .is_schema = is_schema,
                                 .is_expanded = builder->is_expanding};
    builder->is_head = true;
    builder->no_memory |=
        !BASE_PUSH(&builder->candidates, candidate) || !base_buffer_format(&builder->text, "#[name(\"%s\")] ", name);
}

static void add_part(RulesetBuilder *builder, const char *pattern, va_list *arguments)
{
    bool is_fine = !builder->no_memory;
    for (const char *at = pattern; *at && is_fine; at++) {
        builder->is_head &= strncmp(at, ":-", 2) != 0;
        if (*at == '%')
            is_fine = add_piece(builder, *++at, arguments);
        else
            is_fine = base_buffer_add(&builder->text, at, 1);
    }
    builder->no_memory |= !is_fine;
}

void ruleset_part(RulesetBuilder *builder, const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    add_part(builder, pattern, &arguments);
    va_end(arguments);
}

void ruleset_close(RulesetBuilder *builder)
{
    bool is_fine = !builder->no_memory && base_buffer_add(&builder->text, ".\n", 2);
    if (is_fine) {
        Candidate *const added = &builder->candidates.items[builder->candidates.count - 1];
        added->length = builder->text.count - added->text;
        if (added->waiting == 0)
            is_fine = BASE_PUSH(&builder->ready, (uint32_t)builder->candidates.count - 1);
    }
    builder->no_memory |= !is_fine;
}

void ruleset_rule(RulesetBuilder *builder, const char *name, const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    ruleset_open(builder, false, name);
    add_part(builder, pattern, &arguments);
    ruleset_close(builder);
    va_end(arguments);
}

void ruleset_schema_rule(RulesetBuilder *builder, const char *name, const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    ruleset_open(builder, true, name);
    add_part(builder, pattern, &arguments);
    ruleset_close(builder);
    va_end(arguments);
}

/* ---- The program --------------------------------------------------------------------------------------------- */

static bool write_prefixes(const RulesetBuilder *builder, BaseBuffer *out)
{
    bool is_fine = true;
    for (size_t i = 0; i < FIXED_PREFIXES && is_fine; i++)
        is_fine = base_buffer_format(out, "@prefix %s: <%s>.\n", fixed_prefixes[i].prefix, fixed_prefixes[i].iri);
    for (size_t i = 0; i < builder->prefix_count && is_fine; i++)
        if (builder->is_prefix_used[i] && !fixed_prefix(builder->prefixes[i].prefix))
            is_fine =
                base_buffer_format(out, "@prefix %s: <%s>.\n", builder->prefixes[i].prefix, builder->prefixes[i].iri);
    return is_fine;
}

bool ruleset_write(RulesetBuilder *builder, bool only_schema, BaseBuffer *out)
{
    bool is_fine = !builder->no_memory && write_prefixes(builder, out);
    for (size_t c = 0; c < builder->candidates.count && is_fine; c++) {
        const Candidate *const candidate = &builder->candidates.items[c];
        if (candidate->waiting == 0 && (candidate->is_schema || !only_schema))
            is_fine = base_buffer_add(out, builder->text.items + candidate->text, candidate->length);
    }
    return is_fine;
}
