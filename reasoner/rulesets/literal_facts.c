/* What OWL 2 RL says of the literals of a database (table 8): dt-eq for those of one value, and dt-type2 for the
 * datatypes that some rule asks for. That all others differ (dt-diff) is not written out but checked (literals.c). */
#include "reasoner/rulesets/datatypes.h"
#include "reasoner/rulesets/owl.h"
#include "reasoner/value_text.h"

enum { SCANNED = 1024 /* triples at a time */ };

typedef struct Literals {
    RulesetBuilder *builder;
    BaseMap firsts; /* hash of a value's key to the id of the first literal with it */
    bool has_typed_text, is_about_texts;
    BaseBuffer key, other, text;
    BaseArena scratch;
    BaseError *err;
} Literals;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for what the literals say");
}

/* The literal as a rule writes it; false: the language has no way to. */
static bool write_literal(const KgTerm *term, BaseArena *scratch, BaseBuffer *out)
{
    Value value;
    const bool has_quote = memchr(term->text.bytes, '"', term->text.length) != NULL;
    out->count = 0;
    if (has_quote || (term->datatype.length > 0 && term->text.length == 0))
        return false;
    for (size_t i = 0; i < term->language.length; i++)
        if (!((term->language.bytes[i] >= 'a' && term->language.bytes[i] <= 'z')))
            return false;
    if (term->datatype.length > 0 &&
        reasoner_read_literal(term->text, term->datatype, scratch, &value) == READ_ILL_FORMED)
        return false;
    return base_buffer_format(out, "\"%.*s\"%s%.*s%s%.*s%s", (int)term->text.length, term->text.bytes,
                              term->language.length ? "@" : "", (int)term->language.length,
                              term->language.length ? term->language.bytes : "", term->datatype.length ? "^^<" : "",
                              (int)term->datatype.length, term->datatype.length ? term->datatype.bytes : "",
                              term->datatype.length ? ">" : "");
}

static BaseStatus read_term(Literals *literals, KgId id, KgTerm *term)
{
    return kg_term(literals->builder->txn, id, &literals->scratch, term, literals->err);
}

/* dt-type2 */
static void add_types(Literals *literals)
{
    for (uint32_t v = 0; v < VOCABULARY_COUNT; v++)
        if (literals->builder->is_asked[v] && ruleset_key_is_in(literals->key.items, (VocabularyTerm)v))
            ruleset_rule(literals->builder, "dt-type2", "%c(%s)", v, literals->text.items);
}

/* dt-eq, with the first literal of the value; eq-sym and eq-trans do the rest. */
static BaseStatus add_equal(Literals *literals, KgId id, bool may_be_first)
{
    const uint64_t hash = base_hash(literals->key.items, literals->key.count, 0) >> 1;
    bool is_new = false, has_memory = true;
    const uint64_t *const known = base_map_get(&literals->firsts, hash);
    if (!known)
        return !may_be_first || base_map_put(&literals->firsts, hash, id, &is_new) ? BASE_OK : no_memory(literals->err);
    KgTerm first;
    BaseBuffer text = {0};
    BaseStatus status = *known == id ? BASE_END : read_term(literals, *known, &first);
    if (status == BASE_OK && ruleset_literal_key(&first, &literals->other, &has_memory) == LITERAL_VALUE &&
        has_memory && strcmp(literals->key.items, literals->other.items) == 0 &&
        write_literal(&first, &literals->scratch, &text))
        ruleset_rule(literals->builder, "dt-eq", "%p(%s, %s)", V_SAME_AS, text.items, literals->text.items);
    base_buffer_free(&text);
    return status == BASE_END ? BASE_OK : has_memory ? status : no_memory(literals->err);
}

static BaseStatus add_literal(Literals *literals, KgId id)
{
    KgTerm term;
    bool has_memory = true;
    const BaseArenaMark start = base_arena_mark(&literals->scratch);
    BaseStatus status = read_term(literals, id, &term);
    const bool is_text = status == BASE_OK && term.datatype.length == 0;
    if (status == BASE_OK && (!is_text || literals->is_about_texts) &&
        ruleset_literal_key(&term, &literals->key, &has_memory) == LITERAL_VALUE && has_memory &&
        write_literal(&term, &literals->scratch, &literals->text)) {
        literals->has_typed_text |= !is_text && literals->key.items[0] == 's';
        if (!literals->is_about_texts || is_text)
            add_types(literals);
        status = add_equal(literals, id, !is_text);
    }
    base_arena_rewind(&literals->scratch, start);
    return has_memory ? status : no_memory(literals->err);
}

static BaseStatus add_all(Literals *literals)
{
    KgScan *scan = NULL;
    KgTriple triples[SCANNED];
    size_t count;
    KgId last = KG_ANY;
    BaseStatus status =
        kg_scan_open(literals->builder->txn, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_OSP, &scan, literals->err);
    while (status == BASE_OK && (status = kg_scan_many(scan, triples, SCANNED, &count, literals->err)) == BASE_OK)
        for (size_t i = 0; i < count && status == BASE_OK; i++) {
            if (triples[i].o == last || kg_kind(triples[i].o) != KG_LITERAL)
                continue;
            last = triples[i].o;
            status = add_literal(literals, last);
        }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus ruleset_add_literals(RulesetBuilder *builder, BaseError *err)
{
    static const VocabularyTerm texts[] = {V_LITERAL,  V_XSD_STRING, V_XSD_NORMALIZED, V_XSD_TOKEN,    V_LANG_STRING,
                                           V_XSD_NAME, V_XSD_NCNAME, V_XSD_NMTOKEN,    V_XSD_LANGUAGE, V_PLAIN_LITERAL};
    Literals literals = {.builder = builder, .err = err};
    BaseStatus status = add_all(&literals);
    bool asks_of_texts = literals.has_typed_text;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        asks_of_texts |= builder->is_asked[texts[i]];
    literals.is_about_texts = true;
    if (status == BASE_OK && asks_of_texts)
        status = add_all(&literals);
    base_map_free(&literals.firsts);
    base_buffer_free(&literals.key);
    base_buffer_free(&literals.other);
    base_buffer_free(&literals.text);
    base_arena_free(&literals.scratch);
    return status;
}
