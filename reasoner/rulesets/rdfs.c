/* RDF and RDFS entailment: the patterns rdfD2 and rdfs1 to rdfs13 of "RDF 1.1 Semantics" (Hayes, Patel-Schneider 2014),
 * sections 8 and 9, with their axiomatic triples; those about rdf:_1, rdf:_2, ... only as far as these are used. */
#include "reasoner/rulesets/rulesets.h"

#include <string.h>

static const struct {
    VocabularyTerm s, p, o;
} axiomatic[] = {
    {V_TYPE, V_TYPE, V_PROPERTY},
    {V_SUBJECT, V_TYPE, V_PROPERTY},
    {V_PREDICATE, V_TYPE, V_PROPERTY},
    {V_OBJECT, V_TYPE, V_PROPERTY},
    {V_FIRST, V_TYPE, V_PROPERTY},
    {V_REST, V_TYPE, V_PROPERTY},
    {V_VALUE, V_TYPE, V_PROPERTY},
    {V_NIL, V_TYPE, V_LIST},
    {V_TYPE, V_DOMAIN, V_RESOURCE},
    {V_DOMAIN, V_DOMAIN, V_PROPERTY},
    {V_RANGE, V_DOMAIN, V_PROPERTY},
    {V_SUB_PROPERTY, V_DOMAIN, V_PROPERTY},
    {V_SUB_CLASS, V_DOMAIN, V_CLASS},
    {V_SUBJECT, V_DOMAIN, V_STATEMENT},
    {V_PREDICATE, V_DOMAIN, V_STATEMENT},
    {V_OBJECT, V_DOMAIN, V_STATEMENT},
    {V_MEMBER, V_DOMAIN, V_RESOURCE},
    {V_FIRST, V_DOMAIN, V_LIST},
    {V_REST, V_DOMAIN, V_LIST},
    {V_SEE_ALSO, V_DOMAIN, V_RESOURCE},
    {V_IS_DEFINED_BY, V_DOMAIN, V_RESOURCE},
    {V_COMMENT, V_DOMAIN, V_RESOURCE},
    {V_LABEL, V_DOMAIN, V_RESOURCE},
    {V_VALUE, V_DOMAIN, V_RESOURCE},
    {V_TYPE, V_RANGE, V_CLASS},
    {V_DOMAIN, V_RANGE, V_CLASS},
    {V_RANGE, V_RANGE, V_CLASS},
    {V_SUB_PROPERTY, V_RANGE, V_PROPERTY},
    {V_SUB_CLASS, V_RANGE, V_CLASS},
    {V_SUBJECT, V_RANGE, V_RESOURCE},
    {V_PREDICATE, V_RANGE, V_RESOURCE},
    {V_OBJECT, V_RANGE, V_RESOURCE},
    {V_MEMBER, V_RANGE, V_RESOURCE},
    {V_FIRST, V_RANGE, V_RESOURCE},
    {V_REST, V_RANGE, V_LIST},
    {V_SEE_ALSO, V_RANGE, V_RESOURCE},
    {V_IS_DEFINED_BY, V_RANGE, V_RESOURCE},
    {V_COMMENT, V_RANGE, V_LITERAL},
    {V_LABEL, V_RANGE, V_LITERAL},
    {V_VALUE, V_RANGE, V_RESOURCE},
    {V_ALT, V_SUB_CLASS, V_CONTAINER},
    {V_BAG, V_SUB_CLASS, V_CONTAINER},
    {V_SEQ, V_SUB_CLASS, V_CONTAINER},
    {V_MEMBERSHIP, V_SUB_CLASS, V_PROPERTY},
    {V_IS_DEFINED_BY, V_SUB_PROPERTY, V_SEE_ALSO},
    {V_DATATYPE, V_SUB_CLASS, V_CLASS},
};

/* A triple that holds whatever is asserted; what it makes rules of, too. */
static void add_triple(RulesetBuilder *builder, uint32_t s, uint32_t p, uint32_t o)
{
    if (p == V_TYPE)
        ruleset_schema_rule(builder, "axiomatic triple", "%c(%t)", o, s);
    else
        ruleset_schema_rule(builder, "axiomatic triple", "%p(%t, %t)", p, s, o);
    if (ruleset_makes_rules(builder, p, o))
        ruleset_add_axiom(builder, s, p, o);
}

/* rdf:_1, rdf:_2, ... */
static bool is_membership(const RulesetBuilder *builder, uint32_t term)
{
    const KgTerm *const property = &builder->terms->constants.items[term];
    const size_t length = strlen(RDF_NS "_");
    if (property->kind != KG_IRI || property->text.length <= length ||
        memcmp(property->text.bytes, RDF_NS "_", length) != 0 || property->text.bytes[length] == '0')
        return false;
    for (size_t i = length; i < property->text.length; i++)
        if (property->text.bytes[i] < '0' || property->text.bytes[i] > '9')
            return false;
    return true;
}

static void add_axiomatic_triples(RulesetBuilder *builder)
{
    for (size_t i = 0; i < sizeof axiomatic / sizeof *axiomatic; i++)
        add_triple(builder, axiomatic[i].s, axiomatic[i].p, axiomatic[i].o);
    for (uint32_t t = 0; t < builder->terms->constants.count; t++) {
        if (!is_membership(builder, t))
            continue;
        add_triple(builder, t, V_TYPE, V_PROPERTY);
        add_triple(builder, t, V_TYPE, V_MEMBERSHIP);
        add_triple(builder, t, V_DOMAIN, V_RESOURCE);
        add_triple(builder, t, V_RANGE, V_RESOURCE);
    }
    for (uint32_t v = 0; v < VOCABULARY_COUNT; v++)
        if (ruleset_is_datatype(v) && (v == V_LANG_STRING || v == V_XSD_STRING || ruleset_is_mentioned(builder, v))) {
            ruleset_schema_rule(builder, "rdfs1", "%c(%t)", V_DATATYPE, v);
            ruleset_add_axiom(builder, v, V_TYPE, V_DATATYPE);
        }
}

/* Rules of axioms alone. */
static void add_schema_rules(RulesetBuilder *b)
{
    ruleset_schema_rule(b, "rdfs5", "%p(?x, ?z) :- %p(?x, ?y), %p(?y, ?z)", V_SUB_PROPERTY, V_SUB_PROPERTY,
                        V_SUB_PROPERTY);
    ruleset_schema_rule(b, "rdfs6", "%p(?x, ?x) :- %c(?x)", V_SUB_PROPERTY, V_PROPERTY);
    ruleset_schema_rule(b, "rdfs8", "%p(?x, %t) :- %c(?x)", V_SUB_CLASS, V_RESOURCE, V_CLASS);
    ruleset_schema_rule(b, "rdfs10", "%p(?x, ?x) :- %c(?x)", V_SUB_CLASS, V_CLASS);
    ruleset_schema_rule(b, "rdfs11", "%p(?x, ?z) :- %p(?x, ?y), %p(?y, ?z)", V_SUB_CLASS, V_SUB_CLASS, V_SUB_CLASS);
    ruleset_schema_rule(b, "rdfs12", "%p(?x, %t) :- %c(?x)", V_SUB_PROPERTY, V_MEMBER, V_MEMBERSHIP);
    ruleset_schema_rule(b, "rdfs13", "%p(?x, %t) :- %c(?x)", V_SUB_CLASS, V_LITERAL, V_DATATYPE);
}

/* What rdfs12 and rdfs13 say of each property and datatype. */
static void add_derived_axioms(RulesetBuilder *builder)
{
    const Axioms types = ruleset_axioms(builder, V_TYPE);
    for (size_t i = 0; i < types.count; i++) {
        const Axiom *const axiom = &types.items[i];
        if (axiom->o == V_MEMBERSHIP)
            ruleset_rule(builder, "rdfs7", "%p(?x, ?y) :- rdfs:subPropertyOf(%t, rdfs:member), %p(?x, ?y)", V_MEMBER,
                         axiom->s, axiom->s);
        else if (axiom->o == V_DATATYPE)
            ruleset_rule(builder, "rdfs9", "%c(?x) :- rdfs:subClassOf(%t, rdfs:Literal), %c(?x)", V_LITERAL, axiom->s,
                         axiom->s);
    }
}

/* rdfs4a, rdfs4b, rdfD2, and rdfs3 with rdf:type, whose range is rdfs:Class, for all that any rule could name. */
static void add_open_rules(RulesetBuilder *b, bool is_of_types)
{
    if (is_of_types) {
        ruleset_rule(b, "rdfs4a", "%c(?x) :- %p(?x, _)", V_RESOURCE, V_TYPE);
        ruleset_rule(b, "rdfs4b", "%c(?y) :- %p(_, ?y)", V_RESOURCE, V_TYPE);
        ruleset_rule(b, "rdfs3", "%c(?y) :- rdfs:range(rdf:type, rdfs:Class), %p(_, ?y)", V_CLASS, V_TYPE);
    } else {
        ruleset_rule(b, "rdfs4a", "%c(?x) :- triple(?x, _, _)", V_RESOURCE);
        ruleset_rule(b, "rdfs4b", "%c(?y) :- triple(_, _, ?y)", V_RESOURCE);
        ruleset_rule(b, "rdfD2", "%c(?p) :- triple(_, ?p, _)", V_PROPERTY);
    }
}

static void add_property(RulesetBuilder *builder, uint32_t p)
{
    ruleset_rule(builder, "rdfD2", "%c(%t) :- %p(_, _)", V_PROPERTY, p, p);
    ruleset_rule(builder, "rdfs4a", "%c(?x) :- %p(?x, _)", V_RESOURCE, p);
}

static void add_objects(RulesetBuilder *builder, uint32_t p)
{
    if (!builder->all_live)
        ruleset_rule(builder, "rdfs4b", "%c(?y) :- %p(_, ?y)", V_RESOURCE, p);
    if (!builder->is_asked[V_LITERAL])
        ruleset_add_literal_range(builder, p);
}

static void add_class(RulesetBuilder *builder, uint32_t c)
{
    if (c != V_RESOURCE)
        ruleset_rule(builder, "rdfs4a", "%c(?x) :- %c(?x)", V_RESOURCE, c);
    ruleset_rule(builder, "rdfs4b", "%c(%t) :- %c(_)", V_RESOURCE, c, c);
    ruleset_rule(builder, "rdfs3", "%c(%t) :- rdfs:range(rdf:type, rdfs:Class), %c(_)", V_CLASS, c, c);
}

static void add_predicate(RulesetBuilder *builder, uint32_t key)
{
    if (!builder->is_type_open && builder->class_count > CLASSES_APART) {
        builder->is_type_open = true;
        add_open_rules(builder, true);
    }
    if (builder->all_live)
        return;
    if (key % 2 == 0 && key != property_key(V_TYPE))
        add_property(builder, key / 2);
    if (key % 2 == 1 && !builder->is_type_open)
        add_class(builder, key / 2);
}

void ruleset_add_rdfs(RulesetBuilder *builder)
{
    add_axiomatic_triples(builder);
    ruleset_sort_axioms(builder);
    add_schema_rules(builder);
    ruleset_add_hierarchies(builder);
    add_derived_axioms(builder);
    ruleset_add_literal_ranges(builder);
    ruleset_settle(builder);
    if (builder->all_live)
        add_open_rules(builder, false);
    if (builder->all_live || builder->all_classes_live)
        add_open_rules(builder, true);
    ruleset_expand(builder, add_predicate, add_objects);
}
