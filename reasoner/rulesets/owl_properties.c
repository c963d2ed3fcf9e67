/* The rules of table 5 of OWL 2 RL, those of properties; prp-dom, prp-rng and prp-spo1 are in hierarchies.c. */
#include "reasoner/rulesets/owl.h"

static void add_functional(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "prp-fp", "%p(?y, ?z) :- owl:FunctionalProperty(%t), %p(?x, ?y), %p(?x, ?z), ?y != ?z", V_SAME_AS,
                 p, p, p);
}

static void add_inverse_functional(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "prp-ifp", "%p(?x, ?z) :- owl:InverseFunctionalProperty(%t), %p(?x, ?y), %p(?z, ?y), ?x != ?z",
                 V_SAME_AS, p, p, p);
}

static void add_irreflexive(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "prp-irp", "#false :- owl:IrreflexiveProperty(%t), %p(?x, ?x)", p, p);
}

static void add_symmetric(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "prp-symp", "%p(?y, ?x) :- owl:SymmetricProperty(%t), %p(?x, ?y)", p, p, p);
}

static void add_asymmetric(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "prp-asyp", "#false :- owl:AsymmetricProperty(%t), %p(?x, ?y), %p(?y, ?x)", p, p, p);
}

static void add_transitive(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "prp-trp", "%p(?x, ?z) :- owl:TransitiveProperty(%t), %p(?x, ?y), %p(?y, ?z)", p, p, p, p);
}

static void add_equivalent(RulesetBuilder *b, uint32_t p, uint32_t q)
{
    if (p == q)
        return;
    ruleset_rule(b, "prp-eqp1", "%p(?x, ?y) :- owl:equivalentProperty(%t, %t), %p(?x, ?y)", q, p, q, p);
    ruleset_rule(b, "prp-eqp2", "%p(?x, ?y) :- owl:equivalentProperty(%t, %t), %p(?x, ?y)", p, p, q, q);
}

static void add_disjoint(RulesetBuilder *b, uint32_t p, uint32_t q)
{
    ruleset_rule(b, "prp-pdw", "#false :- owl:propertyDisjointWith(%t, %t), %p(?x, ?y), %p(?x, ?y)", p, q, p, q);
}

static void add_inverse(RulesetBuilder *b, uint32_t p, uint32_t q)
{
    ruleset_rule(b, "prp-inv1", "%p(?y, ?x) :- owl:inverseOf(%t, %t), %p(?x, ?y)", q, p, q, p);
    ruleset_rule(b, "prp-inv2", "%p(?y, ?x) :- owl:inverseOf(%t, %t), %p(?x, ?y)", p, p, q, q);
}

/* p(?x0, ?xn) :- p1(?x0, ?x1), ..., pn(?xn-1, ?xn) */
static void add_chain(RulesetBuilder *b, uint32_t p, uint32_t list, const RulesetList *items)
{
    char last[24];
    snprintf(last, sizeof last, "?x%zu", items->count);
    if (items->count == 0)
        return;
    ruleset_open(b, false, "prp-spo2");
    ruleset_part(b, "%p(?x0, %s) :- owl:propertyChainAxiom(%t, %t)", p, last, p, list);
    for (size_t i = 0; i < items->count; i++) {
        char from[24], to[24];
        snprintf(from, sizeof from, "?x%zu", i);
        snprintf(to, sizeof to, "?x%zu", i + 1);
        ruleset_part(b, ", %p(%s, %s)", items->items[i].term, from, to);
    }
    ruleset_close(b);
}

/* sameAs(?x, ?y) :- C(?x), p1(?x, ?z1), ..., C(?y), p1(?y, ?z1), ... */
static void add_key(RulesetBuilder *b, uint32_t class, uint32_t list, const RulesetList *items)
{
    if (items->count == 0) /* then all members are one; the standard's lists have at least one property */
        return;
    ruleset_open(b, false, "prp-key");
    ruleset_part(b, "%p(?x, ?y) :- owl:hasKey(%t, %t), %c(?x), %c(?y), ?x != ?y", V_SAME_AS, class, list, class, class);
    for (size_t i = 0; i < items->count; i++) {
        char value[24];
        snprintf(value, sizeof value, "?z%zu", i);
        ruleset_part(b, ", %p(?x, %s), %p(?y, %s)", items->items[i].term, value, items->items[i].term, value);
    }
    ruleset_close(b);
}

/* Every two of the list. */
static void add_disjoint_members(RulesetBuilder *b, uint32_t s, uint32_t list, const RulesetList *items)
{
    if (!ruleset_has_axiom(b, s, V_TYPE, V_ALL_DISJOINT_PROPERTIES))
        return;
    for (size_t i = 0; i < items->count; i++)
        for (size_t j = i + 1; j < items->count; j++)
            ruleset_rule(b, "prp-adp",
                         "#false :- owl:AllDisjointProperties(%t), owl:members(%t, %t), %p(?x, ?y), %p(?x, ?y)", s, s,
                         list, items->items[i].term, items->items[j].term);
}

/* Negative assertions, one rule for all of a property. */
static void add_negative(RulesetBuilder *b, uint32_t p)
{
    ruleset_rule(b, "prp-npa1", "#false :- owl:assertionProperty(?n, %t), %p(?n, ?i), %p(?n, ?j), %p(?i, ?j)", p,
                 V_SOURCE_INDIVIDUAL, V_TARGET_INDIVIDUAL, p);
    ruleset_rule(b, "prp-npa2", "#false :- owl:assertionProperty(?n, %t), %p(?n, ?i), %p(?n, ?v), %p(?i, ?v)", p,
                 V_SOURCE_INDIVIDUAL, V_TARGET_VALUE, p);
}

static void add_negatives(RulesetBuilder *builder)
{
    const Axioms axioms = ruleset_axioms(builder, V_ASSERTION_PROPERTY);
    BaseMap seen = {0};
    for (size_t i = 0; i < axioms.count; i++) {
        bool is_new = false;
        const uint32_t p = axioms.items[i].o;
        builder->no_memory |= !base_map_put(&seen, p, 1, &is_new);
        if (is_new && ruleset_is_named(builder, p))
            add_negative(builder, p);
    }
    base_map_free(&seen);
}

void ruleset_add_owl_properties(RulesetBuilder *builder)
{
    ruleset_each_member(builder, V_FUNCTIONAL, add_functional);
    ruleset_each_member(builder, V_INVERSE_FUNCTIONAL, add_inverse_functional);
    ruleset_each_member(builder, V_IRREFLEXIVE, add_irreflexive);
    ruleset_each_member(builder, V_SYMMETRIC, add_symmetric);
    ruleset_each_member(builder, V_ASYMMETRIC, add_asymmetric);
    ruleset_each_member(builder, V_TRANSITIVE, add_transitive);
    ruleset_each(builder, V_EQUIVALENT_PROPERTY, add_equivalent);
    ruleset_each(builder, V_PROPERTY_DISJOINT, add_disjoint);
    ruleset_each(builder, V_INVERSE_OF, add_inverse);
    ruleset_each_list(builder, V_CHAIN, add_chain);
    ruleset_each_list(builder, V_HAS_KEY, add_key);
    ruleset_each_list(builder, V_MEMBERS, add_disjoint_members);
    add_negatives(builder);
}
