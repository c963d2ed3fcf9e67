/* The rules of tables 6 and 7 of OWL 2 RL, those of classes, and eq-diff2, eq-diff3, scm-int and scm-uni, which also go
 * over lists; cax-sco is in hierarchies.c. */
#include "reasoner/rulesets/datatypes.h"
#include "reasoner/rulesets/owl.h"

/* ---- Lists --------------------------------------------------------------------------------------------------- */

static void add_intersection(RulesetBuilder *b, uint32_t c, uint32_t list, const RulesetList *items)
{
    if (items->count > 0) {
        ruleset_open(b, false, "cls-int1");
        ruleset_part(b, "%c(?x) :- owl:intersectionOf(%t, %t)", c, c, list);
        for (size_t i = 0; i < items->count; i++)
            ruleset_part(b, ", %c(?x)", items->items[i].term);
        ruleset_close(b);
    }
    for (size_t i = 0; i < items->count; i++) {
        const uint32_t part = items->items[i].term;
        ruleset_rule(b, "cls-int2", "%c(?x) :- owl:intersectionOf(%t, %t), %c(?x)", part, c, list, c);
        ruleset_schema_rule(b, "scm-int", "%p(%t, %t) :- owl:intersectionOf(%t, %t)", V_SUB_CLASS, c, part, c, list);
    }
}

static void add_union(RulesetBuilder *b, uint32_t c, uint32_t list, const RulesetList *items)
{
    for (size_t i = 0; i < items->count; i++) {
        const uint32_t part = items->items[i].term;
        ruleset_rule(b, "cls-uni", "%c(?x) :- owl:unionOf(%t, %t), %c(?x)", c, c, list, part);
        ruleset_schema_rule(b, "scm-uni", "%p(%t, %t) :- owl:unionOf(%t, %t)", V_SUB_CLASS, part, c, c, list);
    }
}

/* The members are read from the list's cells: they may be literals. */
static void add_one_of(RulesetBuilder *b, uint32_t c, uint32_t list, const RulesetList *items)
{
    for (size_t i = 0; i < items->count; i++)
        ruleset_rule(b, "cls-oo", "%c(?x) :- owl:oneOf(%t, %t), rdf:first(%t, ?x)", c, c, list, items->items[i].cell);
}

static void add_disjoint_members(RulesetBuilder *b, uint32_t s, uint32_t list, const RulesetList *items)
{
    if (!ruleset_has_axiom(b, s, V_TYPE, V_ALL_DISJOINT_CLASSES))
        return;
    for (size_t i = 0; i < items->count; i++)
        for (size_t j = i + 1; j < items->count; j++)
            ruleset_rule(b, "cax-adc", "#false :- owl:AllDisjointClasses(%t), owl:members(%t, %t), %c(?x), %c(?x)", s,
                         s, list, items->items[i].term, items->items[j].term);
}

static void add_different(RulesetBuilder *b, const char *name, const char *property, uint32_t s, uint32_t list,
                          const RulesetList *items)
{
    if (!ruleset_has_axiom(b, s, V_TYPE, V_ALL_DIFFERENT))
        return;
    for (size_t i = 0; i < items->count; i++)
        for (size_t j = i + 1; j < items->count; j++) {
            const RulesetItem *const x = &items->items[i], *const y = &items->items[j];
            /* One term twice is the same as itself (eq-ref). */
            ruleset_rule(b, name,
                         "#false :- owl:AllDifferent(%t), %s(%t, %t), rdf:first(%t, ?x), rdf:first(%t, ?y), "
                         "owl:sameAs(?x, ?y)%+",
                         s, property, s, list, x->cell, y->cell,
                         x->term == y->term ? property_key(V_FIRST) : (uint32_t)PROPER_SAME);
        }
}

static void add_members(RulesetBuilder *b, uint32_t s, uint32_t list, const RulesetList *items)
{
    add_disjoint_members(b, s, list, items);
    add_different(b, "eq-diff2", "owl:members", s, list, items);
}

static void add_distinct_members(RulesetBuilder *b, uint32_t s, uint32_t list, const RulesetList *items)
{
    add_different(b, "eq-diff3", "owl:distinctMembers", s, list, items);
}

/* ---- Restrictions -------------------------------------------------------------------------------------------- */

/* Calls `add` for each axiom of the restriction's property p with each property it is on. */
static void each_restriction(RulesetBuilder *builder, uint32_t p,
                             void (*add)(RulesetBuilder *builder, uint32_t c, uint32_t on, uint32_t value))
{
    const Axioms axioms = ruleset_axioms(builder, p);
    for (size_t i = 0; i < axioms.count; i++) {
        const Axioms on = ruleset_axioms_of(builder, V_ON_PROPERTY, axioms.items[i].s);
        for (size_t j = 0; j < on.count; j++)
            if (ruleset_is_named(builder, on.items[j].o))
                add(builder, axioms.items[i].s, on.items[j].o, axioms.items[i].o);
    }
}

static void add_some_values(RulesetBuilder *b, uint32_t c, uint32_t on, uint32_t filler)
{
    if (filler == V_THING)
        ruleset_rule(b, "cls-svf2", "%c(?x) :- owl:someValuesFrom(%t, owl:Thing), owl:onProperty(%t, %t), %p(?x, _)", c,
                     c, c, on, on);
    if (ruleset_is_named(b, filler))
        ruleset_rule(b, "cls-svf1", "%c(?x) :- owl:someValuesFrom(%t, %t), owl:onProperty(%t, %t), %p(?x, ?y), %c(?y)",
                     c, c, filler, c, on, on, filler);
}

static void add_all_values(RulesetBuilder *b, uint32_t c, uint32_t on, uint32_t filler)
{
    if (ruleset_is_named(b, filler))
        ruleset_rule(b, "cls-avf", "%c(?y) :- owl:allValuesFrom(%t, %t), owl:onProperty(%t, %t), %c(?x), %p(?x, ?y)",
                     filler, c, filler, c, on, c, on);
}

/* The value is read from the axiom, for it may be a literal; of rdf:type it is a class. */
static void add_has_value(RulesetBuilder *b, uint32_t c, uint32_t on, uint32_t value)
{
    if (on == V_TYPE && ruleset_is_named(b, value)) {
        ruleset_rule(b, "cls-hv1", "%c(?x) :- owl:hasValue(%t, %t), owl:onProperty(%t, %t), %c(?x)", value, c, value, c,
                     on, c);
        ruleset_rule(b, "cls-hv2", "%c(?x) :- owl:hasValue(%t, %t), owl:onProperty(%t, %t), %c(?x)", c, c, value, c, on,
                     value);
        return;
    }
    ruleset_rule(b, "cls-hv1", "%p(?x, ?y) :- owl:hasValue(%t, ?y), owl:onProperty(%t, %t), %c(?x)", on, c, c, on, c);
    ruleset_rule(b, "cls-hv2", "%c(?x) :- owl:hasValue(%t, ?y), owl:onProperty(%t, %t), %p(?x, ?y)", c, c, c, on, on);
}

/* 0 or 1, or something else that OWL 2 RL has no rule for: -1. */
static int small_number(RulesetBuilder *builder, uint32_t term)
{
    BaseBuffer key = {0};
    bool has_memory = true;
    int number = -1;
    const KgTerm *const literal = &builder->terms->constants.items[term];
    if (literal->kind == KG_LITERAL && ruleset_literal_key(literal, &key, &has_memory) == LITERAL_VALUE && has_memory)
        number = strcmp(key.items, "n0") == 0 ? 0 : strcmp(key.items, "n1") == 0 ? 1 : -1;
    builder->no_memory |= !has_memory;
    base_buffer_free(&key);
    return number;
}

static void add_max(RulesetBuilder *b, uint32_t c, uint32_t on, uint32_t number)
{
    if (small_number(b, number) == 0)
        ruleset_rule(b, "cls-maxc1", "#false :- owl:maxCardinality(%t, _), owl:onProperty(%t, %t), %c(?x), %p(?x, ?y)",
                     c, c, on, c, on);
    if (small_number(b, number) == 1)
        ruleset_rule(b, "cls-maxc2",
                     "%p(?y, ?z) :- owl:maxCardinality(%t, _), owl:onProperty(%t, %t), %c(?x), %p(?x, ?y), %p(?x, ?z), "
                     "?y != ?z",
                     V_SAME_AS, c, c, on, c, on, on);
}

/* At most `number` values in the class d; of owl:Thing are all. */
static void add_max_of(RulesetBuilder *b, uint32_t c, uint32_t on, uint32_t number, uint32_t d)
{
    if (number == 0)
        ruleset_rule(b, "cls-maxqc1",
                     "#false :- owl:maxQualifiedCardinality(%t, _), owl:onProperty(%t, %t), owl:onClass(%t, %t), "
                     "%c(?x), %p(?x, ?y), %c(?y)",
                     c, c, on, c, d, c, on, d);
    if (number == 0 && d == V_THING)
        ruleset_rule(b, "cls-maxqc2",
                     "#false :- owl:maxQualifiedCardinality(%t, _), owl:onProperty(%t, %t), owl:onClass(%t, %t), "
                     "%c(?x), %p(?x, ?y)",
                     c, c, on, c, d, c, on);
    if (number == 1)
        ruleset_rule(b, "cls-maxqc3",
                     "%p(?y, ?z) :- owl:maxQualifiedCardinality(%t, _), owl:onProperty(%t, %t), owl:onClass(%t, %t), "
                     "%c(?x), %p(?x, ?y), %c(?y), %p(?x, ?z), %c(?z), ?y != ?z",
                     V_SAME_AS, c, c, on, c, d, c, on, d, on, d);
    if (number == 1 && d == V_THING)
        ruleset_rule(b, "cls-maxqc4",
                     "%p(?y, ?z) :- owl:maxQualifiedCardinality(%t, _), owl:onProperty(%t, %t), owl:onClass(%t, %t), "
                     "%c(?x), %p(?x, ?y), %p(?x, ?z), ?y != ?z",
                     V_SAME_AS, c, c, on, c, d, c, on, on);
}

static void add_max_qualified(RulesetBuilder *b, uint32_t c, uint32_t on, uint32_t number)
{
    const Axioms classes = ruleset_axioms_of(b, V_ON_CLASS, c);
    const int most = small_number(b, number);
    for (size_t i = 0; i < classes.count && most >= 0; i++)
        if (ruleset_is_named(b, classes.items[i].o))
            add_max_of(b, c, on, (uint32_t)most, classes.items[i].o);
}

/* ---- Between classes ----------------------------------------------------------------------------------------- */

static void add_complement(RulesetBuilder *b, uint32_t c, uint32_t d)
{
    ruleset_rule(b, "cls-com", "#false :- owl:complementOf(%t, %t), %c(?x), %c(?x)", c, d, c, d);
}

static void add_equivalent(RulesetBuilder *b, uint32_t c, uint32_t d)
{
    if (c == d)
        return;
    ruleset_rule(b, "cax-eqc1", "%c(?x) :- owl:equivalentClass(%t, %t), %c(?x)", d, c, d, c);
    ruleset_rule(b, "cax-eqc2", "%c(?x) :- owl:equivalentClass(%t, %t), %c(?x)", c, c, d, d);
}

static void add_disjoint(RulesetBuilder *b, uint32_t c, uint32_t d)
{
    ruleset_rule(b, "cax-dw", "#false :- owl:disjointWith(%t, %t), %c(?x), %c(?x)", c, d, c, d);
}

/* What scm-cls says of each class. */
static void add_thing(RulesetBuilder *b, uint32_t c)
{
    if (c != V_THING)
        ruleset_rule(b, "cax-sco", "%c(?x) :- rdfs:subClassOf(%t, owl:Thing), %c(?x)", V_THING, c, c);
}

void ruleset_add_owl_classes(RulesetBuilder *builder)
{
    ruleset_rule(builder, "cls-nothing2", "#false :- %c(?x)", V_NOTHING);
    ruleset_each_list(builder, V_INTERSECTION, add_intersection);
    ruleset_each_list(builder, V_UNION, add_union);
    ruleset_each_list(builder, V_ONE_OF, add_one_of);
    ruleset_each_list(builder, V_MEMBERS, add_members);
    ruleset_each_list(builder, V_DISTINCT_MEMBERS, add_distinct_members);
    each_restriction(builder, V_SOME_VALUES, add_some_values);
    each_restriction(builder, V_ALL_VALUES, add_all_values);
    each_restriction(builder, V_HAS_VALUE, add_has_value);
    each_restriction(builder, V_MAX_CARDINALITY, add_max);
    each_restriction(builder, V_MAX_QUALIFIED, add_max_qualified);
    ruleset_each(builder, V_COMPLEMENT, add_complement);
    ruleset_each(builder, V_EQUIVALENT_CLASS, add_equivalent);
    ruleset_each(builder, V_DISJOINT, add_disjoint);
    if (builder->class_count <= CLASSES_APART) /* else one rule covers them all */
        ruleset_each_member(builder, V_OWL_CLASS, add_thing);
}
