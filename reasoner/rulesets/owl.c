/* OWL 2 RL (OWL 2 Profiles, second edition, 2012, section 4.3): what holds in every ontology, rules of axioms alone
 * (table 9, and 8 in part), and equality (table 4). Classes are in owl_classes.c, properties in owl_properties.c. */
#include "reasoner/rulesets/same.h"

/* ---- Lists --------------------------------------------------------------------------------------------------- */

/* A way through cells that may have several items and several rests, when cells are the same or lists are faulty: each
 * combination is a list. */
typedef struct Step {
    Axioms firsts, rests;
    size_t first, rest; /* chosen */
} Step;
typedef struct Way {
    struct {
        Step *items;
        size_t count, capacity;
    } steps;
    RulesetList list; /* the items chosen so far */
} Way;

static bool take_step(RulesetBuilder *builder, Way *way, uint32_t cell)
{
    const Step step = {.firsts = ruleset_axioms_of(builder, V_FIRST, cell),
                       .rests = ruleset_axioms_of(builder, V_REST, cell)};
    if (step.firsts.count == 0 || step.rests.count == 0)
        return false;
    const bool is_fine =
        BASE_PUSH(&way->steps, step) && BASE_PUSH(&way->list, ((RulesetItem){cell, step.firsts.items[0].o}));
    builder->no_memory |= !is_fine;
    return is_fine;
}

/* To the next choice at the last step that has one; false: there is none left. */
static bool choose_next(Way *way)
{
    while (way->steps.count > 0) {
        Step *const last = &way->steps.items[way->steps.count - 1];
        RulesetItem *const item = &way->list.items[way->list.count - 1];
        if (++last->first >= last->firsts.count) {
            last->first = 0;
            last->rest++;
        }
        if (last->rest < last->rests.count) {
            item->term = last->firsts.items[last->first].o;
            return true;
        }
        way->steps.count--;
        way->list.count--;
    }
    return false;
}

/* Calls `add` for each list that begins at the cell, up to LISTS_AT_MOST. */
static void each_way(RulesetBuilder *builder, uint32_t s, uint32_t list, RulesetListMaker add)
{
    enum { LISTS_AT_MOST = 1000 };
    const size_t longest = ruleset_axioms(builder, V_REST).count; /* a longer one goes in circles */
    Way way = {0};
    size_t found = 0;
    bool is_going = true;
    if (list == V_NIL)
        add(builder, s, list, &way.list);
    else
        is_going = take_step(builder, &way, list);
    while (is_going && way.steps.count > 0 && found < LISTS_AT_MOST && !builder->no_memory) {
        const Step *const last = &way.steps.items[way.steps.count - 1];
        const uint32_t rest = last->rests.items[last->rest].o;
        if (rest == V_NIL) {
            found++;
            add(builder, s, list, &way.list);
        }
        if (rest == V_NIL || way.steps.count >= longest || !take_step(builder, &way, rest))
            is_going = choose_next(&way);
    }
    free(way.steps.items);
    free(way.list.items);
}

void ruleset_each(RulesetBuilder *builder, uint32_t p, RulesetAxiomMaker add)
{
    const Axioms axioms = ruleset_axioms(builder, p);
    for (size_t i = 0; i < axioms.count; i++)
        if (ruleset_is_named(builder, axioms.items[i].s) && ruleset_is_named(builder, axioms.items[i].o))
            add(builder, axioms.items[i].s, axioms.items[i].o);
}

void ruleset_each_list(RulesetBuilder *builder, uint32_t p, RulesetListMaker add)
{
    const Axioms axioms = ruleset_axioms(builder, p);
    for (size_t i = 0; i < axioms.count; i++)
        each_way(builder, axioms.items[i].s, axioms.items[i].o, add);
}

void ruleset_each_member(RulesetBuilder *builder, uint32_t class, void (*add)(RulesetBuilder *builder, uint32_t s))
{
    const Axioms axioms = ruleset_axioms(builder, V_TYPE);
    for (size_t i = 0; i < axioms.count; i++)
        if (axioms.items[i].o == class)
            add(builder, axioms.items[i].s);
}

/* ---- What always holds --------------------------------------------------------------------------------------- */

static void add_facts(RulesetBuilder *b)
{
    static const VocabularyTerm annotations[] = {
        V_LABEL,        V_COMMENT,      V_SEE_ALSO,      V_IS_DEFINED_BY,
        V_DEPRECATED,   V_VERSION_INFO, V_PRIOR_VERSION, V_BACKWARD_COMPATIBLE,
        V_INCOMPATIBLE,
    };
    for (size_t i = 0; i < sizeof annotations / sizeof *annotations; i++)
        ruleset_schema_rule(b, "prp-ap", "%c(%t)", V_ANNOTATION_PROPERTY, annotations[i]);
    ruleset_schema_rule(b, "cls-thing", "%c(%t)", V_OWL_CLASS, V_THING);
    ruleset_schema_rule(b, "cls-nothing1", "%c(%t)", V_OWL_CLASS, V_NOTHING);
    ruleset_add_axiom(b, V_THING, V_TYPE, V_OWL_CLASS);
    ruleset_add_axiom(b, V_NOTHING, V_TYPE, V_OWL_CLASS);
    for (uint32_t v = 0; v < VOCABULARY_COUNT; v++)
        if (ruleset_is_datatype(v) && v != V_LANG_STRING)
            ruleset_schema_rule(b, "dt-type1", "%c(%t)", V_DATATYPE, v);
    ruleset_schema_rule(b, "dt-type1", "%c(%t)", V_DATATYPE, V_LITERAL);
}

/* ---- Axioms alone -------------------------------------------------------------------------------------------- */

static void add_class_schema(RulesetBuilder *b)
{
    ruleset_schema_rule(b, "scm-cls", "%p(?c, ?c), %p(?c, ?c), %p(?c, %t), %p(%t, ?c) :- %c(?c)", V_SUB_CLASS,
                        V_EQUIVALENT_CLASS, V_SUB_CLASS, V_THING, V_SUB_CLASS, V_NOTHING, V_OWL_CLASS);
    ruleset_schema_rule(b, "scm-sco", "%p(?a, ?c) :- %p(?a, ?b), %p(?b, ?c)", V_SUB_CLASS, V_SUB_CLASS, V_SUB_CLASS);
    ruleset_schema_rule(b, "scm-eqc1", "%p(?a, ?b), %p(?b, ?a) :- %p(?a, ?b)", V_SUB_CLASS, V_SUB_CLASS,
                        V_EQUIVALENT_CLASS);
    ruleset_schema_rule(b, "scm-eqc2", "%p(?a, ?b) :- %p(?a, ?b), %p(?b, ?a)", V_EQUIVALENT_CLASS, V_SUB_CLASS,
                        V_SUB_CLASS);
    ruleset_schema_rule(b, "scm-hv", "%p(?c, ?d) :- %p(?c, ?i), %p(?c, ?p), %p(?d, ?i), %p(?d, ?q), %p(?p, ?q)",
                        V_SUB_CLASS, V_HAS_VALUE, V_ON_PROPERTY, V_HAS_VALUE, V_ON_PROPERTY, V_SUB_PROPERTY);
    ruleset_schema_rule(b, "scm-svf1", "%p(?c, ?d) :- %p(?c, ?y), %p(?c, ?p), %p(?d, ?z), %p(?d, ?p), %p(?y, ?z)",
                        V_SUB_CLASS, V_SOME_VALUES, V_ON_PROPERTY, V_SOME_VALUES, V_ON_PROPERTY, V_SUB_CLASS);
    ruleset_schema_rule(b, "scm-svf2", "%p(?c, ?d) :- %p(?c, ?y), %p(?c, ?p), %p(?d, ?y), %p(?d, ?q), %p(?p, ?q)",
                        V_SUB_CLASS, V_SOME_VALUES, V_ON_PROPERTY, V_SOME_VALUES, V_ON_PROPERTY, V_SUB_PROPERTY);
    ruleset_schema_rule(b, "scm-avf1", "%p(?c, ?d) :- %p(?c, ?y), %p(?c, ?p), %p(?d, ?z), %p(?d, ?p), %p(?y, ?z)",
                        V_SUB_CLASS, V_ALL_VALUES, V_ON_PROPERTY, V_ALL_VALUES, V_ON_PROPERTY, V_SUB_CLASS);
    ruleset_schema_rule(b, "scm-avf2", "%p(?d, ?c) :- %p(?c, ?y), %p(?c, ?p), %p(?d, ?y), %p(?d, ?q), %p(?p, ?q)",
                        V_SUB_CLASS, V_ALL_VALUES, V_ON_PROPERTY, V_ALL_VALUES, V_ON_PROPERTY, V_SUB_PROPERTY);
}

static void add_property_schema(RulesetBuilder *b)
{
    ruleset_schema_rule(b, "scm-op", "%p(?p, ?p), %p(?p, ?p) :- %c(?p)", V_SUB_PROPERTY, V_EQUIVALENT_PROPERTY,
                        V_OBJECT_PROPERTY);
    ruleset_schema_rule(b, "scm-dp", "%p(?p, ?p), %p(?p, ?p) :- %c(?p)", V_SUB_PROPERTY, V_EQUIVALENT_PROPERTY,
                        V_DATATYPE_PROPERTY);
    ruleset_schema_rule(b, "scm-spo", "%p(?p, ?r) :- %p(?p, ?q), %p(?q, ?r)", V_SUB_PROPERTY, V_SUB_PROPERTY,
                        V_SUB_PROPERTY);
    ruleset_schema_rule(b, "scm-eqp1", "%p(?p, ?q), %p(?q, ?p) :- %p(?p, ?q)", V_SUB_PROPERTY, V_SUB_PROPERTY,
                        V_EQUIVALENT_PROPERTY);
    ruleset_schema_rule(b, "scm-eqp2", "%p(?p, ?q) :- %p(?p, ?q), %p(?q, ?p)", V_EQUIVALENT_PROPERTY, V_SUB_PROPERTY,
                        V_SUB_PROPERTY);
    ruleset_schema_rule(b, "scm-dom1", "%p(?p, ?d) :- %p(?p, ?c), %p(?c, ?d)", V_DOMAIN, V_DOMAIN, V_SUB_CLASS);
    ruleset_schema_rule(b, "scm-dom2", "%p(?p, ?c) :- %p(?q, ?c), %p(?p, ?q)", V_DOMAIN, V_DOMAIN, V_SUB_PROPERTY);
    ruleset_schema_rule(b, "scm-rng1", "%p(?p, ?d) :- %p(?p, ?c), %p(?c, ?d)", V_RANGE, V_RANGE, V_SUB_CLASS);
    ruleset_schema_rule(b, "scm-rng2", "%p(?p, ?c) :- %p(?q, ?c), %p(?p, ?q)", V_RANGE, V_RANGE, V_SUB_PROPERTY);
}

/* ---- Equality ------------------------------------------------------------------------------------------------ */

/* Two equal things are so by a third; in a large class the third, or one of the two, is its representative. */
static void add_transitivity(RulesetBuilder *b)
{
    const uint32_t proper = PROPER_SAME;
    if (!b->has_represented) {
        ruleset_rule(b, "eq-trans", "owl:sameAs(?x, ?z) :- owl:sameAs(?x, ?y)%+, owl:sameAs(?y, ?z)", proper);
        return;
    }
    ruleset_rule(b, "eq-trans",
                 "owl:sameAs(?x, ?z) :- owl:sameAs(?x, ?y)%+, ~<kgq:represented>(?y, _, _), owl:sameAs(?y, ?z)",
                 proper);
    ruleset_rule(b, "eq-trans",
                 "owl:sameAs(?x, ?r) :- owl:sameAs(?x, ?y)%+, <kgq:represented>(?y, ?r, ?r), owl:sameAs(?y, ?r)",
                 proper);
    ruleset_rule(b, "eq-trans",
                 "owl:sameAs(?x, ?z) :- <kgq:represented>(?r, ?r, ?r), owl:sameAs(?x, ?r)%+, owl:sameAs(?r, ?z)",
                 proper);
}

/* What holds of a thing holds of what is the same: `head` and `body` are the predicate with ?y, and with ?x, in the
 * place that varies. In a large class it goes to the representative and from there to all. */
static void add_replacement(RulesetBuilder *b, const char *name, const char *pattern, uint32_t predicate)
{
    static const char *const ways[] = {
        "owl:sameAs(?x, ?y)%+, ?x != ?y",
        "owl:sameAs(?x, ?y)%+, ~<kgq:represented>(?x, _, _), ?x != ?y",
        "<kgq:represented>(?x, ?y, ?y), owl:sameAs(?x, ?y)%+, ?x != ?y",
        "<kgq:represented>(?x, ?x, ?x), owl:sameAs(?x, ?y)%+, ?x != ?y",
    };
    for (size_t way = b->has_represented ? 1 : 0; way < (b->has_represented ? 4 : 1); way++) {
        ruleset_open(b, false, name);
        ruleset_part(b, pattern, predicate, 'y');
        ruleset_part(b, " :- ");
        ruleset_part(b, pattern, predicate, 'x');
        ruleset_part(b, ", ");
        ruleset_part(b, ways[way], (uint32_t)PROPER_SAME);
        ruleset_close(b);
    }
}

static void add_equality(RulesetBuilder *b)
{
    ruleset_rule(b, "eq-ref", "owl:sameAs(rdf:type, rdf:type) :- %c(%t)", V_OWL_CLASS, V_THING);
    ruleset_rule(b, "eq-sym", "owl:sameAs(?y, ?x) :- owl:sameAs(?x, ?y)%+", (uint32_t)PROPER_SAME);
    add_transitivity(b);
    ruleset_rule(b, "eq-diff1", "#false :- %p(?x, ?y), owl:sameAs(?x, ?y)", V_DIFFERENT_FROM);
    const Axioms same = ruleset_axioms(b, V_SAME_AS);
    for (size_t i = 0; i < same.count; i++)
        for (int way = 0; way < 2; way++) { /* the other way round is eq-sym's */
            const uint32_t from = way ? same.items[i].o : same.items[i].s, to = way ? same.items[i].s : same.items[i].o;
            if (!ruleset_is_named(b, from) || !ruleset_is_named(b, to))
                continue;
            ruleset_rule(b, "eq-rep-p", "%p(?x, ?y) :- owl:sameAs(%t, %t), %p(?x, ?y)", to, from, to, from);
            ruleset_rule(b, "eq-rep-o", "%c(?x) :- owl:sameAs(%t, %t), %c(?x)", to, from, to, from);
        }
}

static void add_property(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "eq-ref", "owl:sameAs(?s, ?s) :- %p(?s, _)", p);
    ruleset_rule(b, "eq-ref", "owl:sameAs(%t, %t) :- %p(_, _)", p, p, p);
    if (p == V_SAME_AS)
        return;
    add_replacement(b, "eq-rep-s", "%p(?%v, ?o)", p);
    add_replacement(b, "eq-rep-o", "%p(?s, ?%v)", p);
}

static void add_objects(RulesetBuilder *b, uint32_t p)
{
    if (!b->all_live)
        ruleset_rule(b, "eq-ref", "owl:sameAs(?o, ?o) :- %p(_, ?o)", p);
    if (!b->is_asked[V_LITERAL])
        ruleset_add_literal_range(b, p);
}

static void add_class(RulesetBuilder *b, uint32_t c)
{
    ruleset_rule(b, "eq-ref", "owl:sameAs(?x, ?x) :- %c(?x)", c);
    ruleset_rule(b, "eq-ref", "owl:sameAs(%t, %t) :- %c(_)", c, c, c);
    add_replacement(b, "eq-rep-s", "%c(?%v)", c);
}

/* The same for predicates that cannot be named apart. */
static void add_open_rules(RulesetBuilder *b, bool is_of_types)
{
    if (is_of_types) {
        ruleset_rule(b, "eq-ref", "owl:sameAs(?x, ?x) :- rdf:type(?x, _)");
        ruleset_rule(b, "eq-ref", "owl:sameAs(?c, ?c) :- rdf:type(_, ?c)");
        ruleset_rule(b, "eq-rep-s", "rdf:type(?y, ?c) :- owl:sameAs(?x, ?y)%+, rdf:type(?x, ?c), ?x != ?y",
                     (uint32_t)PROPER_SAME);
        return;
    }
    ruleset_rule(b, "eq-ref", "owl:sameAs(?s, ?s), owl:sameAs(?p, ?p), owl:sameAs(?o, ?o) :- triple(?s, ?p, ?o)");
    ruleset_rule(b, "eq-rep-s", "triple(?y, ?p, ?o) :- owl:sameAs(?x, ?y)%+, triple(?x, ?p, ?o), ?x != ?y",
                 (uint32_t)PROPER_SAME);
    ruleset_rule(b, "eq-rep-p", "triple(?s, ?q, ?o) :- owl:sameAs(?p, ?q)%+, triple(?s, ?p, ?o), ?p != ?q",
                 (uint32_t)PROPER_SAME);
    ruleset_rule(b, "eq-rep-o", "triple(?s, ?p, ?y) :- owl:sameAs(?x, ?y)%+, triple(?s, ?p, ?x), ?x != ?y",
                 (uint32_t)PROPER_SAME);
}

static void add_predicate(RulesetBuilder *builder, uint32_t key)
{
    if (!builder->is_type_open && builder->class_count > CLASSES_APART) {
        builder->is_type_open = true;
        add_open_rules(builder, true);
    }
    if (builder->all_live || key == PROPER_SAME || key == property_key(V_TYPE))
        return;
    if (key % 2 == 0)
        add_property(builder, key / 2);
    else if (!builder->is_type_open)
        add_class(builder, key / 2);
}

BaseStatus ruleset_add_owl(RulesetBuilder *builder, const BaseSink *sink, BaseError *err)
{
    ruleset_set_live(builder, property_key(V_SAME_AS)); /* by eq-ref */
    add_facts(builder);
    ruleset_sort_axioms(builder);
    add_class_schema(builder);
    add_property_schema(builder);
    ruleset_add_hierarchies(builder);
    ruleset_add_owl_properties(builder);
    ruleset_add_owl_classes(builder);
    BaseStatus status = ruleset_add_literals(builder, err);
    if (status == BASE_OK)
        status = ruleset_add_represented(builder, sink, err);
    add_equality(builder);
    ruleset_add_literal_ranges(builder);
    ruleset_settle(builder);
    if (builder->all_live)
        add_open_rules(builder, false);
    else if (builder->all_classes_live)
        add_open_rules(builder, true);
    ruleset_expand(builder, add_predicate, add_objects);
    return status;
}
