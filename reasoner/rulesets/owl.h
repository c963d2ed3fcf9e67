/* owl.h - the parts of OWL 2 RL. Private to the room. */
#ifndef KGQ_REASONER_RULESETS_OWL_H
#define KGQ_REASONER_RULESETS_OWL_H

#include "reasoner/rulesets/rulesets.h"

#include <stdlib.h>
#include <string.h>

/* The members of an rdf:List of the axioms. */
typedef struct RulesetItem {
    uint32_t cell, term;
} RulesetItem;
typedef struct RulesetList {
    RulesetItem *items;
    size_t count, capacity;
} RulesetList;

void ruleset_add_owl_properties(RulesetBuilder *builder);
void ruleset_add_owl_classes(RulesetBuilder *builder);
BaseStatus ruleset_add_literals(RulesetBuilder *builder, BaseError *err);

/* Calls `add` for each axiom of the property, between terms that are no literals; `list`, where the object is one. */
typedef void (*RulesetAxiomMaker)(RulesetBuilder *builder, uint32_t s, uint32_t o);
void ruleset_each(RulesetBuilder *builder, uint32_t p, RulesetAxiomMaker add);
typedef void (*RulesetListMaker)(RulesetBuilder *builder, uint32_t s, uint32_t list, const RulesetList *items);
void ruleset_each_list(RulesetBuilder *builder, uint32_t p, RulesetListMaker add);
/* The same for the members of a class. */
void ruleset_each_member(RulesetBuilder *builder, uint32_t class, void (*add)(RulesetBuilder *builder, uint32_t s));

#endif
