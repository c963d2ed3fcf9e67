/* generic_rules.h - RDFS and OWL 2 RL as the standards have them, rules over any triple, evaluated by trying all
 * matches until nothing changes. It shares nothing with the reasoner: rules are text ("?x rdfs:subClassOf ?z :- ?x
 * rdfs:subClassOf ?y . ?y rdfs:subClassOf ?z"), terms are the words in them. Lists have two members. */
#ifndef KGQ_TESTS_GENERIC_RULES_H
#define KGQ_TESTS_GENERIC_RULES_H

#include "base/base.h"

enum { GENERIC_TERMS = 96, GENERIC_LITERALS = 20, GENERIC_VARIABLES = 12 };

typedef struct GenericTriple {
    int s, p, o; /* terms; in rules, variables are -1, -2, ... */
} GenericTriple;

typedef struct GenericRule {
    GenericTriple head; /* of a constraint: unused */
    bool is_constraint;
    GenericTriple body[GENERIC_LITERALS];
    int body_count, variable_count;
} GenericRule;

typedef struct GenericWorld {
    char terms[GENERIC_TERMS][48];
    int term_count;
    GenericRule rules[160];
    int rule_count;
    bool holds[GENERIC_TERMS][GENERIC_TERMS][GENERIC_TERMS];
    struct {
        GenericTriple *items;
        size_t count, capacity;
    } facts;
    bool is_violated;
} GenericWorld;

/* The rules of a set: "rdfs" or "owl2-rl". *out is large: static, or allocated; end with generic_free. */
void generic_open(const char *set, GenericWorld *out);
void generic_free(GenericWorld *world);
int generic_term(GenericWorld *world, const char *word); /* made when it is new */
void generic_add(GenericWorld *world, const char *triple);
void generic_forget(GenericWorld *world); /* all facts */
void generic_evaluate(GenericWorld *world);

#endif
