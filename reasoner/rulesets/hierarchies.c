/* The rules that RDFS and OWL 2 RL share, one per axiom: domains and ranges, property and class hierarchies. */
#include "reasoner/rulesets/rulesets.h"

typedef struct Names {
    const char *domain, *range, *sub_property, *sub_class;
} Names;

static const Names *names_of(const RulesetBuilder *builder)
{
    static const Names rdfs = {"rdfs2", "rdfs3", "rdfs7", "rdfs9"}, owl = {"prp-dom", "prp-rng", "prp-spo1", "cax-sco"};
    return builder->kind == REASONER_OWL2_RL ? &owl : &rdfs;
}

/* In RDFS everything is an rdfs:Resource, and every class an rdfs:Class, by rules of their own. */
static bool is_said_otherwise(const RulesetBuilder *builder, const Axiom *axiom)
{
    if (axiom->p == V_RANGE && axiom->o == V_LITERAL)
        return true; /* by ruleset_add_literal_range */
    return builder->kind == REASONER_RDFS &&
           (axiom->o == V_RESOURCE || (axiom->p == V_RANGE && axiom->s == V_TYPE && axiom->o == V_CLASS));
}

static bool is_between_names(const RulesetBuilder *builder, const Axiom *axiom)
{
    return ruleset_is_named(builder, axiom->s) && ruleset_is_named(builder, axiom->o);
}

static bool is_circle(const Axiom *axiom)
{
    return axiom->s == axiom->o && (axiom->p == V_SUB_CLASS || axiom->p == V_SUB_PROPERTY);
}

/* Rules of the pattern for every axiom of the property: p(s, o). */
static void add_each(RulesetBuilder *builder, uint32_t p, const char *name, const char *pattern)
{
    const Axioms axioms = ruleset_axioms(builder, p);
    for (size_t i = 0; i < axioms.count; i++) {
        const Axiom *const axiom = &axioms.items[i];
        if (is_between_names(builder, axiom) && !is_said_otherwise(builder, axiom) && !is_circle(axiom))
            ruleset_rule(builder, name, pattern, axiom->o, axiom->s, axiom->o, axiom->s);
    }
}

/* Members of subclasses; one rule for all where classes are too many to keep apart. */
static void add_sub_classes(RulesetBuilder *builder, const char *name)
{
    if (builder->class_count > CLASSES_APART)
        ruleset_rule(builder, name, "%p(?x, ?b) :- rdfs:subClassOf(?a, ?b), %p(?x, ?a)", V_TYPE, V_TYPE);
    else
        add_each(builder, V_SUB_CLASS, name, "%c(?x) :- rdfs:subClassOf(%t, %t), %c(?x)");
}

void ruleset_add_hierarchies(RulesetBuilder *builder)
{
    const Names *const names = names_of(builder);
    /* The patterns take o, s, o, s. */
    add_each(builder, V_DOMAIN, names->domain, "%c(?x) :- rdfs:domain(%t, %t), %p(?x, _)");
    add_each(builder, V_RANGE, names->range, "%c(?y) :- rdfs:range(%t, %t), %p(_, ?y)");
    add_each(builder, V_SUB_PROPERTY, names->sub_property, "%p(?x, ?y) :- rdfs:subPropertyOf(%t, %t), %p(?x, ?y)");
    add_sub_classes(builder, names->sub_class);
}

void ruleset_add_literal_range(RulesetBuilder *builder, uint32_t property)
{
    if (ruleset_has_axiom(builder, property, V_RANGE, V_LITERAL))
        ruleset_rule(builder, names_of(builder)->range, "%c(?y) :- rdfs:range(%t, rdfs:Literal), %p(_, ?y)", V_LITERAL,
                     property, property);
}

void ruleset_add_literal_ranges(RulesetBuilder *builder)
{
    const Axioms axioms = ruleset_axioms(builder, V_RANGE);
    for (size_t i = 0; i < axioms.count && builder->is_asked[V_LITERAL]; i++)
        if (axioms.items[i].o == V_LITERAL && ruleset_is_named(builder, axioms.items[i].s))
            ruleset_add_literal_range(builder, axioms.items[i].s);
}
