/* The rules of RDF 1.1 Semantics, sections 8 and 9, and of OWL 2 Profiles, section 4.3, tables 4 to 9, word for word.
 */
#include "generic_rules.h"

#include "expect.h"

#include <stdlib.h>
#include <string.h>

#define SUB " rdfs:subClassOf "
#define SUBP " rdfs:subPropertyOf "
#define A " rdf:type "
#define SAME " owl:sameAs "
#define EQC " owl:equivalentClass "
#define EQP " owl:equivalentProperty "
#define ON " owl:onProperty "
#define LIST(l, a, b) "?" l " rdf:first " a " . ?" l " rdf:rest ?m . ?m rdf:first " b " . ?m rdf:rest rdf:nil"

static const char *const rdfs[] = {
    "?p" A "rdf:Property :- ?x ?p ?y",
    "?x" A "?c :- ?p rdfs:domain ?c . ?x ?p ?y",
    "?y" A "?c :- ?p rdfs:range ?c . ?x ?p ?y",
    "?x" A "rdfs:Resource :- ?x ?p ?y",
    "?y" A "rdfs:Resource :- ?x ?p ?y",
    "?x" SUBP "?z :- ?x" SUBP "?y . ?y" SUBP "?z",
    "?x" SUBP "?x :- ?x" A "rdf:Property",
    "?x ?q ?y :- ?p" SUBP "?q . ?x ?p ?y",
    "?x" SUB "rdfs:Resource :- ?x" A "rdfs:Class",
    "?x" A "?d :- ?c" SUB "?d . ?x" A "?c",
    "?x" SUB "?x :- ?x" A "rdfs:Class",
    "?x" SUB "?z :- ?x" SUB "?y . ?y" SUB "?z",
    "?x" SUBP "rdfs:member :- ?x" A "rdfs:ContainerMembershipProperty",
    "?x" SUB "rdfs:Literal :- ?x" A "rdfs:Datatype",
};

static const char *const rdfs_facts[] = {
    "rdf:type" A "rdf:Property",
    "rdf:subject" A "rdf:Property",
    "rdf:predicate" A "rdf:Property",
    "rdf:object" A "rdf:Property",
    "rdf:first" A "rdf:Property",
    "rdf:rest" A "rdf:Property",
    "rdf:value" A "rdf:Property",
    "rdf:nil" A "rdf:List",
    "rdf:type rdfs:domain rdfs:Resource",
    "rdfs:domain rdfs:domain rdf:Property",
    "rdfs:range rdfs:domain rdf:Property",
    "rdfs:subPropertyOf rdfs:domain rdf:Property",
    "rdfs:subClassOf rdfs:domain rdfs:Class",
    "rdf:subject rdfs:domain rdf:Statement",
    "rdf:predicate rdfs:domain rdf:Statement",
    "rdf:object rdfs:domain rdf:Statement",
    "rdfs:member rdfs:domain rdfs:Resource",
    "rdf:first rdfs:domain rdf:List",
    "rdf:rest rdfs:domain rdf:List",
    "rdfs:seeAlso rdfs:domain rdfs:Resource",
    "rdfs:isDefinedBy rdfs:domain rdfs:Resource",
    "rdfs:comment rdfs:domain rdfs:Resource",
    "rdfs:label rdfs:domain rdfs:Resource",
    "rdf:value rdfs:domain rdfs:Resource",
    "rdf:type rdfs:range rdfs:Class",
    "rdfs:domain rdfs:range rdfs:Class",
    "rdfs:range rdfs:range rdfs:Class",
    "rdfs:subPropertyOf rdfs:range rdf:Property",
    "rdfs:subClassOf rdfs:range rdfs:Class",
    "rdf:subject rdfs:range rdfs:Resource",
    "rdf:predicate rdfs:range rdfs:Resource",
    "rdf:object rdfs:range rdfs:Resource",
    "rdfs:member rdfs:range rdfs:Resource",
    "rdf:first rdfs:range rdfs:Resource",
    "rdf:rest rdfs:range rdf:List",
    "rdfs:seeAlso rdfs:range rdfs:Resource",
    "rdfs:isDefinedBy rdfs:range rdfs:Resource",
    "rdfs:comment rdfs:range rdfs:Literal",
    "rdfs:label rdfs:range rdfs:Literal",
    "rdf:value rdfs:range rdfs:Resource",
    "rdf:Alt" SUB "rdfs:Container",
    "rdf:Bag" SUB "rdfs:Container",
    "rdf:Seq" SUB "rdfs:Container",
    "rdfs:ContainerMembershipProperty" SUB "rdf:Property",
    "rdfs:isDefinedBy" SUBP "rdfs:seeAlso",
    "rdfs:Datatype" SUB "rdfs:Class",
    "rdf:langString" A "rdfs:Datatype",
    "xsd:string" A "rdfs:Datatype",
};

static const char *const owl[] = {
    /* table 4 */
    "?s" SAME "?s :- ?s ?p ?o",
    "?p" SAME "?p :- ?s ?p ?o",
    "?o" SAME "?o :- ?s ?p ?o",
    "?y" SAME "?x :- ?x" SAME "?y",
    "?x" SAME "?z :- ?x" SAME "?y . ?y" SAME "?z",
    "?t ?p ?o :- ?s" SAME "?t . ?s ?p ?o",
    "?s ?q ?o :- ?p" SAME "?q . ?s ?p ?o",
    "?s ?p ?t :- ?o" SAME "?t . ?s ?p ?o",
    "false :- ?x" SAME "?y . ?x owl:differentFrom ?y",
    "false :- ?x" A "owl:AllDifferent . ?x owl:members ?l . " LIST("l", "?y", "?z") " . ?y" SAME "?z",
    "false :- ?x" A "owl:AllDifferent . ?x owl:distinctMembers ?l . " LIST("l", "?y", "?z") " . ?y" SAME "?z",
    /* table 5 */
    "?x" A "?c :- ?p rdfs:domain ?c . ?x ?p ?y",
    "?y" A "?c :- ?p rdfs:range ?c . ?x ?p ?y",
    "?y" SAME "?z :- ?p" A "owl:FunctionalProperty . ?x ?p ?y . ?x ?p ?z",
    "?x" SAME "?z :- ?p" A "owl:InverseFunctionalProperty . ?x ?p ?y . ?z ?p ?y",
    "false :- ?p" A "owl:IrreflexiveProperty . ?x ?p ?x",
    "?y ?p ?x :- ?p" A "owl:SymmetricProperty . ?x ?p ?y",
    "false :- ?p" A "owl:AsymmetricProperty . ?x ?p ?y . ?y ?p ?x",
    "?x ?p ?z :- ?p" A "owl:TransitiveProperty . ?x ?p ?y . ?y ?p ?z",
    "?x ?q ?y :- ?p" SUBP "?q . ?x ?p ?y",
    "?x ?p ?z :- ?p owl:propertyChainAxiom ?l . " LIST("l", "?q", "?r") " . ?x ?q ?y . ?y ?r ?z",
    "?x ?q ?y :- ?p" EQP "?q . ?x ?p ?y",
    "?x ?p ?y :- ?p" EQP "?q . ?x ?q ?y",
    "false :- ?p owl:propertyDisjointWith ?q . ?x ?p ?y . ?x ?q ?y",
    "false :- ?d" A "owl:AllDisjointProperties . ?d owl:members ?l . " LIST("l", "?p", "?q") " . ?x ?p ?y . ?x ?q ?y",
    "?y ?q ?x :- ?p owl:inverseOf ?q . ?x ?p ?y",
    "?y ?p ?x :- ?p owl:inverseOf ?q . ?x ?q ?y",
    "?x" SAME "?y :- ?c owl:hasKey ?l . " LIST("l", "?p", "?q") " . ?x" A "?c . ?x ?p ?u . ?x ?q ?v . ?y" A
                                                                "?c . ?y ?p ?u . ?y ?q ?v",
    "false :- ?n owl:sourceIndividual ?x . ?n owl:assertionProperty ?p . ?n owl:targetIndividual ?y . ?x ?p ?y",
    /* table 6 */
    "false :- ?x" A "owl:Nothing",
    "?x" A "?c :- ?c owl:intersectionOf ?l . " LIST("l", "?d", "?e") " . ?x" A "?d . ?x" A "?e",
    "?x" A "?d :- ?c owl:intersectionOf ?l . " LIST("l", "?d", "?e") " . ?x" A "?c",
    "?x" A "?e :- ?c owl:intersectionOf ?l . " LIST("l", "?d", "?e") " . ?x" A "?c",
    "?x" A "?c :- ?c owl:unionOf ?l . " LIST("l", "?d", "?e") " . ?x" A "?d",
    "?x" A "?c :- ?c owl:unionOf ?l . " LIST("l", "?d", "?e") " . ?x" A "?e",
    "false :- ?c owl:complementOf ?d . ?x" A "?c . ?x" A "?d",
    "?x" A "?c :- ?c owl:someValuesFrom ?d . ?c" ON "?p . ?x ?p ?y . ?y" A "?d",
    "?x" A "?c :- ?c owl:someValuesFrom owl:Thing . ?c" ON "?p . ?x ?p ?y",
    "?y" A "?d :- ?c owl:allValuesFrom ?d . ?c" ON "?p . ?x" A "?c . ?x ?p ?y",
    "?x ?p ?y :- ?c owl:hasValue ?y . ?c" ON "?p . ?x" A "?c",
    "?x" A "?c :- ?c owl:hasValue ?y . ?c" ON "?p . ?x ?p ?y",
    "?d" A "?c :- ?c owl:oneOf ?l . " LIST("l", "?d", "?e"),
    "?e" A "?c :- ?c owl:oneOf ?l . " LIST("l", "?d", "?e"),
    /* table 7 */
    "?x" A "?d :- ?c" SUB "?d . ?x" A "?c",
    "?x" A "?d :- ?c" EQC "?d . ?x" A "?c",
    "?x" A "?c :- ?c" EQC "?d . ?x" A "?d",
    "false :- ?c owl:disjointWith ?d . ?x" A "?c . ?x" A "?d",
    "false :- ?d" A "owl:AllDisjointClasses . ?d owl:members ?l . " LIST("l", "?p", "?q") " . ?x" A "?p . ?x" A "?q",
    /* table 9 */
    "?c" SUB "?c :- ?c" A "owl:Class",
    "?c" EQC "?c :- ?c" A "owl:Class",
    "?c" SUB "owl:Thing :- ?c" A "owl:Class",
    "owl:Nothing" SUB "?c :- ?c" A "owl:Class",
    "?x" SUB "?z :- ?x" SUB "?y . ?y" SUB "?z",
    "?c" SUB "?d :- ?c" EQC "?d",
    "?d" SUB "?c :- ?c" EQC "?d",
    "?c" EQC "?d :- ?c" SUB "?d . ?d" SUB "?c",
    "?p" SUBP "?p :- ?p" A "owl:ObjectProperty",
    "?p" EQP "?p :- ?p" A "owl:ObjectProperty",
    "?p" SUBP "?p :- ?p" A "owl:DatatypeProperty",
    "?p" EQP "?p :- ?p" A "owl:DatatypeProperty",
    "?x" SUBP "?z :- ?x" SUBP "?y . ?y" SUBP "?z",
    "?c" SUBP "?d :- ?c" EQP "?d",
    "?d" SUBP "?c :- ?c" EQP "?d",
    "?c" EQP "?d :- ?c" SUBP "?d . ?d" SUBP "?c",
    "?p rdfs:domain ?d :- ?p rdfs:domain ?c . ?c" SUB "?d",
    "?p rdfs:domain ?c :- ?q rdfs:domain ?c . ?p" SUBP "?q",
    "?p rdfs:range ?d :- ?p rdfs:range ?c . ?c" SUB "?d",
    "?p rdfs:range ?c :- ?q rdfs:range ?c . ?p" SUBP "?q",
    "?c" SUB "?d :- ?c owl:hasValue ?i . ?c" ON "?p . ?d owl:hasValue ?i . ?d" ON "?q . ?p" SUBP "?q",
    "?c" SUB "?d :- ?c owl:someValuesFrom ?y . ?c" ON "?p . ?d owl:someValuesFrom ?z . ?d" ON "?p . ?y" SUB "?z",
    "?c" SUB "?d :- ?c owl:someValuesFrom ?y . ?c" ON "?p . ?d owl:someValuesFrom ?y . ?d" ON "?q . ?p" SUBP "?q",
    "?c" SUB "?d :- ?c owl:allValuesFrom ?y . ?c" ON "?p . ?d owl:allValuesFrom ?z . ?d" ON "?p . ?y" SUB "?z",
    "?d" SUB "?c :- ?c owl:allValuesFrom ?y . ?c" ON "?p . ?d owl:allValuesFrom ?y . ?d" ON "?q . ?p" SUBP "?q",
    "?c" SUB "?d :- ?c owl:intersectionOf ?l . " LIST("l", "?d", "?e"),
    "?c" SUB "?e :- ?c owl:intersectionOf ?l . " LIST("l", "?d", "?e"),
    "?d" SUB "?c :- ?c owl:unionOf ?l . " LIST("l", "?d", "?e"),
    "?e" SUB "?c :- ?c owl:unionOf ?l . " LIST("l", "?d", "?e"),
};

static const char *const owl_facts[] = {"owl:Thing" A "owl:Class", "owl:Nothing" A "owl:Class"};

/* ---- Reading rules ------------------------------------------------------------------------------------------- */

int generic_term(GenericWorld *world, const char *word)
{
    for (int t = 0; t < world->term_count; t++)
        if (strcmp(world->terms[t], word) == 0)
            return t;
    assert_true(world->term_count < GENERIC_TERMS);
    snprintf(world->terms[world->term_count], sizeof *world->terms, "%s", word);
    return world->term_count++;
}

static int read_word(GenericWorld *world, GenericRule *rule, char names[GENERIC_VARIABLES][8], const char *word)
{
    if (*word != '?')
        return generic_term(world, word);
    for (int v = 0; v < rule->variable_count; v++)
        if (strcmp(names[v], word) == 0)
            return -1 - v;
    assert_true(rule->variable_count < GENERIC_VARIABLES);
    snprintf(names[rule->variable_count], 8, "%.7s", word);
    return -1 - rule->variable_count++;
}

static void read_rule(GenericWorld *world, const char *text)
{
    char words[400], names[GENERIC_VARIABLES][8], *rest = words;
    GenericRule *const rule = &world->rules[world->rule_count++];
    snprintf(words, sizeof words, "%s", text);
    *rule = (GenericRule){.is_constraint = strncmp(text, "false", 5) == 0};
    int *to = &rule->head.s;
    int left = rule->is_constraint ? 0 : 3;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (!*word || strcmp(word, "false") == 0)
            continue;
        if (strcmp(word, ":-") == 0 || strcmp(word, ".") == 0) {
            assert_int_equal(left, 0);
            assert_true(rule->body_count < GENERIC_LITERALS);
            to = &rule->body[rule->body_count++].s;
            left = 3;
            continue;
        }
        assert_true(left > 0);
        *to++ = read_word(world, rule, names, word);
        left--;
    }
    assert_int_equal(left, 0);
}

void generic_add(GenericWorld *world, const char *triple)
{
    char s[48], p[48], o[48];
    assert_int_equal(sscanf(triple, "%47s %47s %47s", s, p, o), 3);
    const GenericTriple fact = {generic_term(world, s), generic_term(world, p), generic_term(world, o)};
    if (!world->holds[fact.s][fact.p][fact.o])
        assert_true(BASE_PUSH(&world->facts, fact));
    world->holds[fact.s][fact.p][fact.o] = true;
}

void generic_forget(GenericWorld *world)
{
    for (size_t i = 0; i < world->facts.count; i++)
        world->holds[world->facts.items[i].s][world->facts.items[i].p][world->facts.items[i].o] = false;
    world->facts.count = 0;
    world->is_violated = false;
}

void generic_open(const char *set, GenericWorld *out)
{
    const bool is_owl = strcmp(set, "owl2-rl") == 0;
    const size_t count = is_owl ? sizeof owl / sizeof *owl : sizeof rdfs / sizeof *rdfs;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++)
        read_rule(out, is_owl ? owl[i] : rdfs[i]);
}

void generic_free(GenericWorld *world)
{
    free(world->facts.items);
}

/* ---- Evaluation ---------------------------------------------------------------------------------------------- */

static bool bind(int *values, int pattern, int term)
{
    if (pattern >= 0)
        return pattern == term;
    if (values[-1 - pattern] < 0)
        values[-1 - pattern] = term;
    return values[-1 - pattern] == term;
}

static int value(const int *values, int pattern)
{
    return pattern >= 0 ? pattern : values[-1 - pattern];
}

static void match(GenericWorld *world, const GenericRule *rule, int at, const int *values)
{
    if (at == rule->body_count) {
        const int s = value(values, rule->head.s), p = value(values, rule->head.p), o = value(values, rule->head.o);
        world->is_violated |= rule->is_constraint;
        if (rule->is_constraint || world->holds[s][p][o])
            return;
        world->holds[s][p][o] = true;
        assert_true(BASE_PUSH(&world->facts, (GenericTriple){s, p, o}));
        return;
    }
    const GenericTriple *const wanted = &rule->body[at];
    const int s = value(values, wanted->s), p = value(values, wanted->p), o = value(values, wanted->o);
    if (s >= 0 && p >= 0 && o >= 0) {
        if (world->holds[s][p][o])
            match(world, rule, at + 1, values);
        return;
    }
    for (size_t i = 0; i < world->facts.count; i++) { /* also those that are added meanwhile */
        const GenericTriple fact = world->facts.items[i];
        int next[GENERIC_VARIABLES];
        memcpy(next, values, sizeof next);
        if (bind(next, wanted->p, fact.p) && bind(next, wanted->s, fact.s) && bind(next, wanted->o, fact.o))
            match(world, rule, at + 1, next);
    }
}

void generic_evaluate(GenericWorld *world)
{
    const bool is_owl = world->rule_count == (int)(sizeof owl / sizeof *owl);
    for (size_t i = 0; i < (is_owl ? sizeof owl_facts / sizeof *owl_facts : sizeof rdfs_facts / sizeof *rdfs_facts);
         i++)
        generic_add(world, is_owl ? owl_facts[i] : rdfs_facts[i]);
    for (size_t before = SIZE_MAX; before != world->facts.count;) {
        before = world->facts.count;
        for (int r = 0; r < world->rule_count; r++) {
            int values[GENERIC_VARIABLES];
            for (int v = 0; v < GENERIC_VARIABLES; v++)
                values[v] = -1;
            match(world, &world->rules[r], 0, values);
        }
    }
}
