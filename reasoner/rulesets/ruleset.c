/* The program of a rule set for a database, with the user's own rules beside it. What it derives may be axioms again (a
 * property may be below rdfs:subClassOf, restrictions may turn out to be subclasses); then the rules are made anew with
 * these, too, until what is derived has no axiom that did not make its rules. */
#include "reasoner/rulesets/rulesets.h"

#include <stdlib.h>
#include <string.h>

typedef struct Making {
    KgTxn *txn;
    ReasonerRuleset kind;
    const ReasonerText *texts; /* the user's */
    size_t text_count;
    const ReasonerParseOptions *options;
    const BaseSink *sink;
    BaseJob *job;
    const ReasonerProgram *own; /* the user's rules by themselves */
    RulesetBuilder builder;
} Making;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for the rules of the ontology");
}

static const char *set_name(ReasonerRuleset kind)
{
    return kind == REASONER_OWL2_RL ? "owl2-rl" : "rdfs";
}

bool reasoner_find_ruleset(const char *name, ReasonerRuleset *out)
{
    for (ReasonerRuleset kind = REASONER_RDFS; kind <= REASONER_OWL2_RL; kind++)
        if (strcmp(name, set_name(kind)) == 0) {
            *out = kind;
            return true;
        }
    return false;
}

/* ---- The builder --------------------------------------------------------------------------------------------- */

static void free_builder(RulesetBuilder *builder)
{
    reasoner_program_free(builder->terms);
    base_map_free(&builder->ids);
    base_arena_free(&builder->arena);
    free(builder->names.items);
    free(builder->axioms.items);
    free(builder->candidates.items);
    free(builder->heads.items);
    free(builder->watches.items);
    free(builder->keys.items);
    free(builder->live.items);
    free(builder->ready.items);
    base_buffer_free(&builder->text);
    *builder = (RulesetBuilder){0};
}

/* What the user's rules derive may have facts. */
static void add_own_heads(RulesetBuilder *builder, const ReasonerProgram *own)
{
    for (size_t p = 0; own && p < own->predicates.count; p++) {
        const Predicate *const predicate = &own->predicates.items[p];
        if (!predicate->is_head || predicate->kind == PREDICATE_LOCAL)
            continue;
        const uint32_t term = ruleset_term(builder, &own->constants.items[predicate->constant]);
        if (predicate->kind == PREDICATE_TRIPLE)
            builder->all_live = builder->all_classes_live = builder->is_type_open = true;
        else if (predicate->kind == PREDICATE_PROPERTY && term == V_TYPE)
            builder->all_classes_live = builder->is_type_open = true;
        else
            ruleset_set_live(builder, predicate->kind == PREDICATE_CLASS ? class_key(term) : property_key(term));
        if (predicate->kind == PREDICATE_PROPERTY && term == V_SAME_AS && builder->kind == REASONER_OWL2_RL)
            ruleset_set_live(builder, PROPER_SAME);
    }
}

/* Starts anew with the axioms of the database and those in *known, of another builder's terms. */
static BaseStatus build(Making *making, const RulesetBuilder *before, BaseError *err)
{
    RulesetBuilder *const builder = &making->builder;
    *builder = (RulesetBuilder){.txn = making->txn, .kind = making->kind};
    BaseStatus status = ruleset_begin(builder) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = kg_prefixes(making->txn, &builder->arena, &builder->prefixes, &builder->prefix_count, err);
    if (status == BASE_OK) {
        builder->is_prefix_used =
            base_arena_alloc(&builder->arena, builder->prefix_count + 1, sizeof *builder->is_prefix_used);
        status = builder->is_prefix_used ? BASE_OK : no_memory(err);
    }
    if (status == BASE_OK)
        status = ruleset_read_predicates(builder, err);
    if (status == BASE_OK)
        add_own_heads(builder, making->own);
    if (status == BASE_OK)
        status = ruleset_read_axioms(builder, err);
    for (size_t i = 0; before && i < before->axioms.count && status == BASE_OK; i++) {
        const Axiom *const axiom = &before->axioms.items[i];
        const KgTerm *const terms = before->terms->constants.items;
        const uint32_t s = ruleset_term(builder, &terms[axiom->s]), p = ruleset_term(builder, &terms[axiom->p]),
                       o = ruleset_term(builder, &terms[axiom->o]);
        ruleset_add_axiom(builder, s, p, o);
    }
    if (status != BASE_OK)
        return status;
    ruleset_sort_axioms(builder);
    if (making->kind == REASONER_OWL2_RL)
        status = ruleset_add_owl(builder, err);
    else
        ruleset_add_rdfs(builder);
    return status == BASE_OK && builder->no_memory ? no_memory(err) : status;
}

/* ---- Programs ------------------------------------------------------------------------------------------------ */

static BaseStatus parse(const Making *making, bool only_schema, ReasonerProgram **out, BaseError *err)
{
    BaseBuffer text = {0};
    RulesetBuilder *const builder = (RulesetBuilder *)(uintptr_t)&making->builder;
    ReasonerText *const texts = calloc(making->text_count + 1, sizeof *texts);
    BaseStatus status = texts && ruleset_write(builder, only_schema, &text) ? BASE_OK : no_memory(err);
    if (status == BASE_OK) {
        texts[0] = (ReasonerText){set_name(making->kind), text.items, text.count};
        for (size_t i = 0; i < making->text_count; i++)
            texts[i + 1] = making->texts[i];
        /* The user's rules were judged by themselves; what is at fault now was not there then. */
        BaseError fault = {0};
        status = reasoner_parse(texts, only_schema ? 1 : making->text_count + 1, making->options, NULL, out, &fault);
        if (status == BASE_BAD_INPUT)
            base_sink(making->sink, &fault);
        if (status != BASE_OK && err && err->status == BASE_OK)
            *err = fault;
    }
    free(texts);
    base_buffer_free(&text);
    return status;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}
#define IS_ONE_OF(name, names) is_one_of((name), (names), sizeof(names) / sizeof *(names))

/* Whether the rule derives axioms whose rules say no more than those of the axioms that it derives them from. */
static bool is_idle(const Rule *rule)
{
    static const char *const idle[] = {
        "eq-ref",  "eq-sym",   "eq-trans", "eq-rep-s", "eq-rep-o", "rdfs5",    "rdfs6",    "rdfs8",   "rdfs10",
        "rdfs11",  "rdfs12",   "rdfs13",   "scm-cls",  "scm-sco",  "scm-eqc1", "scm-eqc2", "scm-op",  "scm-dp",
        "scm-spo", "scm-eqp1", "scm-eqp2", "scm-dom1", "scm-dom2", "scm-rng1", "scm-rng2", "scm-int", "scm-uni"};
    return IS_ONE_OF(rule->name, idle);
}

/* Rules of axioms alone that are not idle: they find subclasses of restrictions. */
static bool finds_restrictions(const Rule *rule)
{
    static const char *const finding[] = {"scm-hv", "scm-svf1", "scm-svf2", "scm-avf1", "scm-avf2"};
    return IS_ONE_OF(rule->name, finding);
}

static bool has_live_restriction(RulesetBuilder *builder)
{
    static const VocabularyTerm kinds[] = {V_SOME_VALUES, V_ALL_VALUES, V_HAS_VALUE};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const Axioms axioms = ruleset_axioms(builder, kinds[k]);
        for (size_t i = 0; i < axioms.count; i++)
            if (ruleset_is_live(builder, class_key(axioms.items[i].s)))
                return true;
    }
    return false;
}

static bool gives_axioms(RulesetBuilder *builder, const ReasonerProgram *program, const Rule *rule)
{
    for (uint32_t h = 0; h < rule->head_count && !rule->is_constraint; h++) {
        const Predicate *const predicate = &program->predicates.items[rule->heads[h].meant];
        const uint32_t term = ruleset_term(builder, &program->constants.items[predicate->constant]);
        if (predicate->kind == PREDICATE_TRIPLE ||
            (predicate->kind == PREDICATE_PROPERTY &&
             (term == V_TYPE || term == V_SAME_AS || ruleset_makes_rules(builder, term, 0))) ||
            (predicate->kind == PREDICATE_CLASS && ruleset_makes_rules(builder, V_TYPE, term)))
            return true;
    }
    return false;
}

/* Whether the program may derive axioms that make rules. Those that follow from axioms alone are known before the
 * rules of facts are looked at. */
static bool may_give_axioms(RulesetBuilder *builder, const ReasonerProgram *program, bool only_schema)
{
    if (only_schema && !has_live_restriction(builder))
        return false;
    for (size_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        if (rule->body_count > 0 && !is_idle(rule) && (only_schema || !finds_restrictions(rule)) &&
            gives_axioms(builder, program, rule))
            return true;
    }
    return false;
}

/* ---- Derived axioms ------------------------------------------------------------------------------------------ */

/* What a derived triple is to the builder; is_new: an axiom that it does not know. */
static BaseStatus note_row(RulesetBuilder *builder, const Memory *memory, uint32_t r, uint32_t row, bool *is_new,
                           BaseError *err)
{
    uint32_t values[3], terms[3];
    KgTerm term;
    if (!reasoner_memory_triple(memory, r, row, values))
        return BASE_OK;
    BaseArena scratch = {0};
    BaseStatus status = BASE_OK;
    for (int i = 1; i < 4 && status == BASE_OK; i++) { /* the predicate first: most are not wanted */
        const int at = i % 3;
        status = reasoner_terms_read(&memory->terms, values[at], &scratch, &term, err);
        terms[at] = status == BASE_OK ? ruleset_term(builder, &term) : 0;
        if (at == 1 && terms[1] != V_TYPE && terms[1] != V_SAME_AS && !ruleset_makes_rules(builder, terms[1], 0))
            break;
        if (at == 2 && terms[1] == V_TYPE && !ruleset_makes_rules(builder, V_TYPE, terms[2]))
            break;
        if (at == 0 && !ruleset_has_axiom(builder, terms[0], terms[1], terms[2]) && terms[0] != terms[2] &&
            (terms[1] != V_SUB_CLASS || ruleset_is_live(builder, class_key(terms[0]))) &&
            (terms[1] != V_SAME_AS || ruleset_is_predicate(builder, terms[0]) ||
             ruleset_is_predicate(builder, terms[2]))) {
            *is_new = true;
            ruleset_add_axiom(builder, terms[0], terms[1], terms[2]);
        }
    }
    base_arena_free(&scratch);
    return status;
}

/* Relations that hold no axioms are passed over as a whole. */
static bool may_hold_axioms(RulesetBuilder *builder, const ReasonerProgram *program, uint32_t r)
{
    const RelationShape *const shape = &program->relations.items[r];
    if (!shape->is_head || shape->kind == PREDICATE_LOCAL)
        return false;
    const uint32_t constant = program->predicates.items[shape->predicate].constant;
    const uint32_t term = ruleset_term(builder, &program->constants.items[constant]);
    if (shape->kind == PREDICATE_CLASS)
        return ruleset_makes_rules(builder, V_TYPE, term);
    return shape->kind == PREDICATE_TRIPLE || term == V_TYPE || term == V_SAME_AS ||
           ruleset_makes_rules(builder, term, 0);
}

static BaseStatus note_axioms(RulesetBuilder *builder, const Memory *memory, bool *is_new, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (uint32_t r = 0; r < memory->program->relations.count && status == BASE_OK; r++) {
        const Relation *const relation = &memory->evaluation.relations[r];
        uint32_t row = reasoner_relation_height_start(relation, 1);
        if (row == relation->count || !may_hold_axioms(builder, memory->program, r))
            continue;
        for (const Segment *segment = reasoner_relation_segment(relation, row); row < relation->count; segment++) {
            const bool is_passed = is_idle(&memory->program->rules.items[segment->rule]);
            for (; row < segment->end && status == BASE_OK; row++)
                if (!is_passed)
                    status = note_row(builder, memory, r, row, is_new, err);
            if (status != BASE_OK)
                break;
        }
    }
    return builder->no_memory && status == BASE_OK ? no_memory(err) : status;
}

/* Evaluates the program and adds the axioms that it derives. */
static BaseStatus derive_axioms(Making *making, const ReasonerProgram *program, bool *is_new, BaseError *err)
{
    Memory memory = {0};
    BaseStatus status = reasoner_memory_load(making->txn, program, making->job, &memory, err);
    if (status == BASE_OK)
        status = reasoner_memory_evaluate(&memory, err);
    if (status == BASE_OK)
        status = note_axioms(&making->builder, &memory, is_new, err);
    reasoner_memory_free(&memory);
    return status;
}

/* Once more with the axioms that were found. */
static BaseStatus rebuild(Making *making, BaseError *err)
{
    RulesetBuilder before = making->builder;
    making->builder = (RulesetBuilder){0};
    const BaseStatus status = build(making, &before, err);
    free_builder(&before);
    return status;
}

/* The axioms that follow from axioms alone come first, which is cheap; then those that need the facts. */
static BaseStatus settle(Making *making, ReasonerProgram **out, BaseError *err)
{
    BaseStatus status = build(making, NULL, err);
    for (bool only_schema = true, is_new = true; status == BASE_OK;) {
        is_new = false;
        status = parse(making, only_schema, out, err);
        if (status == BASE_OK && may_give_axioms(&making->builder, *out, only_schema))
            status = derive_axioms(making, *out, &is_new, err);
        if (status == BASE_OK && !is_new && !only_schema) {
            (*out)->is_ruleset = true;
            return BASE_OK;
        }
        reasoner_program_free(*out);
        *out = NULL;
        if (status == BASE_OK && is_new)
            status = rebuild(making, err);
        only_schema &= is_new;
    }
    return status;
}

BaseStatus reasoner_ruleset_program(KgTxn *txn, ReasonerRuleset kind, const ReasonerText *texts, size_t count,
                                    const ReasonerParseOptions *options, const BaseSink *sink, BaseJob *job,
                                    ReasonerProgram **out, BaseError *err)
{
    if (!txn || !out || (count > 0 && !texts))
        return base_fail(err, BASE_BAD_CALL, "reasoner_ruleset_program: a transaction and a place for the program");
    *out = NULL;
    ReasonerProgram *own = NULL;
    BaseStatus status = count > 0 ? reasoner_parse(texts, count, options, sink, &own, err) : BASE_OK;
    Making making = {.txn = txn,
                     .kind = kind,
                     .texts = texts,
                     .text_count = count,
                     .options = options,
                     .sink = sink,
                     .job = job,
                     .own = own};
    if (status == BASE_OK)
        status = settle(&making, out, err);
    free_builder(&making.builder);
    reasoner_program_free(own);
    return status;
}
