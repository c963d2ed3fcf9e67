/* Axioms that programs derive: which rules can, and what of the derived is an axiom that has not made its rules yet. */
#include "reasoner/rulesets/rulesets.h"

#include <string.h>

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
        "eq-ref",   "eq-sym",   "eq-trans", "rdfs5",    "rdfs6",    "rdfs8",   "rdfs10", "rdfs11",  "rdfs12",
        "rdfs13",   "scm-cls",  "scm-sco",  "scm-eqc1", "scm-eqc2", "scm-op",  "scm-dp", "scm-spo", "scm-eqp1",
        "scm-eqp2", "scm-dom1", "scm-dom2", "scm-rng1", "scm-rng2", "scm-int", "scm-uni"};
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

/* Equality takes the parts of an axiom from one term to another, where they may meet other parts; whole axioms that it
 * takes along are idle. */
static bool replaces(const Rule *rule)
{
    static const char *const replacing[] = {"eq-rep-s", "eq-rep-o"};
    return IS_ONE_OF(rule->name, replacing);
}

static bool gives_axioms(RulesetBuilder *builder, const ReasonerProgram *program, const Rule *rule)
{
    for (uint32_t h = 0; h < rule->head_count && !rule->is_constraint; h++) {
        const Predicate *const predicate = &program->predicates.items[rule->heads[h].meant];
        const uint32_t term = ruleset_term(builder, &program->constants.items[predicate->constant]);
        const bool is_class = predicate->kind == PREDICATE_CLASS, is_property = predicate->kind == PREDICATE_PROPERTY;
        if (predicate->kind == PREDICATE_TRIPLE || (is_property && term == V_TYPE))
            return true;
        if (replaces(rule) ? ruleset_is_part(is_class ? V_TYPE : term, term)
                           : (is_property && (term == V_SAME_AS || ruleset_makes_rules(builder, term, 0))) ||
                                 (is_class && ruleset_makes_rules(builder, V_TYPE, term)))
            return true;
    }
    return false;
}

/* Whether the program may derive axioms that make rules. Those that follow from axioms alone are known before the
 * rules of facts are looked at. */
bool ruleset_may_give_axioms(RulesetBuilder *builder, const ReasonerProgram *program, bool only_schema)
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

/* A derived triple that makes rules which are not there. */
static bool is_wanted(RulesetBuilder *builder, const uint32_t terms[3], bool is_replaced)
{
    const uint32_t s = terms[0], p = terms[1], o = terms[2];
    if (ruleset_has_axiom(builder, s, p, o) || (is_replaced && !ruleset_is_part(p, o)))
        return false;
    if (p == V_SAME_AS)
        return s != o && (ruleset_is_predicate(builder, s) || ruleset_is_predicate(builder, o));
    /* Without members of the class there is nothing to say of them. */
    return p != V_SUB_CLASS || (s != o && ruleset_is_live(builder, class_key(s)));
}

static bool may_be_wanted(const RulesetBuilder *builder, uint32_t p)
{
    return p == V_TYPE || p == V_SAME_AS || ruleset_makes_rules(builder, p, 0);
}

/* Adds the row's triple where it is a new axiom. */
static BaseStatus note_row(RulesetBuilder *builder, const Memory *memory, uint32_t r, uint32_t row, bool is_replaced,
                           bool *is_new, BaseError *err)
{
    static const int order[] = {1, 2, 0}; /* most are known by the predicate not to be wanted */
    uint32_t values[3], terms[3];
    KgTerm term;
    bool may_be = reasoner_memory_triple(memory, r, row, values);
    BaseArena scratch = {0};
    BaseStatus status = BASE_OK;
    for (int i = 0; i < 3 && status == BASE_OK && may_be; i++) {
        status = reasoner_terms_read(&memory->terms, values[order[i]], &scratch, &term, err);
        terms[order[i]] = status == BASE_OK ? ruleset_term(builder, &term) : 0;
        if (i == 0)
            may_be = may_be_wanted(builder, terms[1]);
        if (i == 1)
            may_be = terms[1] != V_TYPE || ruleset_makes_rules(builder, V_TYPE, terms[2]);
    }
    if (status == BASE_OK && may_be && is_wanted(builder, terms, is_replaced)) {
        *is_new = true;
        ruleset_add_axiom(builder, terms[0], terms[1], terms[2]);
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
    return shape->kind == PREDICATE_TRIPLE || may_be_wanted(builder, term);
}

BaseStatus ruleset_note_axioms(RulesetBuilder *builder, const Memory *memory, bool *is_new, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (uint32_t r = 0; r < memory->program->relations.count && status == BASE_OK; r++) {
        const Relation *const relation = &memory->evaluation.relations[r];
        uint32_t row = reasoner_relation_height_start(relation, 1);
        if (row == relation->count || !may_hold_axioms(builder, memory->program, r))
            continue;
        for (const Segment *segment = reasoner_relation_segment(relation, row); row < relation->count; segment++) {
            const Rule *const rule = &memory->program->rules.items[segment->rule];
            const bool is_passed = is_idle(rule), is_replaced = replaces(rule);
            for (; row < segment->end && status == BASE_OK; row++)
                if (!is_passed)
                    status = note_row(builder, memory, r, row, is_replaced, is_new, err);
            if (status != BASE_OK)
                break;
        }
    }
    if (status == BASE_OK && builder->no_memory)
        status = base_fail(err, BASE_NO_MEMORY, "no memory for the rules of the ontology");
    return status;
}
