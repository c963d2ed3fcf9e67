/* The rules of RDFS and of OWL 2 RL, one by one, from the standards' tables: the conclusion is there with the premises,
 * and not there when any of them is missing. And what programs made for an ontology look like. */
#include "fixture.h"

#define PREFIXES                                                                                                       \
    "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> "                                                       \
    "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "                                                            \
    "PREFIX owl: <http://www.w3.org/2002/07/owl#> "                                                                    \
    "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "                                                                 \
    "PREFIX : <http://e/> "

enum { MOST_PREMISES = 12 };

/* Premises are triples in Turtle; the conclusion, too, or "#false" with the rule's name in the message. */
typedef struct Case {
    const char *rule, *conclusion, *premises[MOST_PREMISES];
} Case;

/* ---- Running ------------------------------------------------------------------------------------------------- */

typedef struct Heard {
    const char *name; /* of a violated rule */
    bool is_heard;
} Heard;

static void hear(void *context, const BaseError *error)
{
    Heard *const heard = context;
    heard->is_heard |=
        strncmp(error->message, heard->name, strlen(heard->name)) == 0 && error->message[strlen(heard->name)] == ' ';
}

static void update(KgTxn *txn, const char *text)
{
    BaseError err = {0};
    char whole[4000];
    snprintf(whole, sizeof whole, PREFIXES "%s", text);
    expect_ok(kg_update(txn, whole, strlen(whole), NULL, NULL, &err), &err);
}

static bool ask(KgTxn *txn, const char *pattern)
{
    BaseError err = {0};
    char whole[4000];
    KgQuery *query = NULL;
    snprintf(whole, sizeof whole, PREFIXES "ASK { %s }", pattern);
    expect_ok(kg_query_open(txn, whole, strlen(whole), NULL, &query, &err), &err);
    char *bytes = NULL;
    size_t length;
    FILE *const out = open_memstream(&bytes, &length);
    expect_ok(kg_query_write(query, KG_RESULT_JSON, 0, out, NULL, &err), &err);
    fclose(out);
    kg_query_close(query);
    const bool holds = strstr(bytes, "true") != NULL;
    free(bytes);
    return holds;
}

/* Reasons over what is in the transaction. */
static void reason(KgTxn *txn, ReasonerRuleset set, const char *own, const BaseSink *sink, ReasonerReport *report)
{
    BaseError err = {0};
    const ReasonerText text = {"own.rls", own ? own : "", own ? strlen(own) : 0};
    const ReasonerRunOptions options = {.sink = sink};
    expect_ok(reasoner_run_ruleset(txn, set, &text, own ? 1 : 0, NULL, &options, report, NULL, &err), &err);
}

/* Whether the conclusion follows from the premises but `left_out`. */
static bool follows(Fixture *f, ReasonerRuleset set, const Case *one, size_t left_out)
{
    KgTxn *const txn = begin_write(f);
    Heard heard = {.name = one->rule};
    const BaseSink sink = {hear, &heard};
    char text[400];
    for (size_t i = 0; i < MOST_PREMISES && one->premises[i]; i++) {
        snprintf(text, sizeof text, "INSERT DATA { %s }", one->premises[i]);
        if (i != left_out)
            update(txn, text);
    }
    reason(txn, set, NULL, &sink, NULL);
    const bool holds = one->conclusion[0] == '#' ? heard.is_heard : ask(txn, one->conclusion);
    kg_abort(txn);
    return holds;
}

static size_t check_cases(Fixture *f, ReasonerRuleset set, const Case *cases, size_t count)
{
    size_t wrong = 0;
    for (size_t c = 0; c < count; c++) {
        const Case *const one = &cases[c];
        if (!follows(f, set, one, MOST_PREMISES)) {
            print_message("%s: %s does not follow\n", one->rule, one->conclusion);
            wrong++;
        }
        for (size_t i = 0; i < MOST_PREMISES && one->premises[i]; i++)
            if (follows(f, set, one, i)) {
                print_message("%s: %s follows without %s\n", one->rule, one->conclusion, one->premises[i]);
                wrong++;
            }
    }
    return wrong;
}

#define CHECK(set, cases) assert_int_equal(check_cases(*state, (set), (cases), sizeof(cases) / sizeof *(cases)), 0)

/* ---- RDFS ---------------------------------------------------------------------------------------------------- */

static void each_pattern_of_rdfs_needs_all_its_premises(void **state)
{
    static const Case cases[] = {
        {"rdfD2", ":p rdf:type rdf:Property", {":a :p :b"}},
        {"rdfs1", "xsd:integer rdf:type rdfs:Datatype", {":p rdfs:range xsd:integer"}},
        {"rdfs2", ":a rdf:type :C", {":p rdfs:domain :C", ":a :p :b"}},
        {"rdfs3", ":b rdf:type :C", {":p rdfs:range :C", ":a :p :b"}},
        {"rdfs4a", ":a rdf:type rdfs:Resource", {":a :p :b"}},
        {"rdfs4b", ":b rdf:type rdfs:Resource", {":a :p :b"}},
        {"rdfs5", ":p rdfs:subPropertyOf :r", {":p rdfs:subPropertyOf :q", ":q rdfs:subPropertyOf :r"}},
        {"rdfs6", ":p rdfs:subPropertyOf :p", {":p rdf:type rdf:Property"}},
        {"rdfs7", ":a :q :b", {":p rdfs:subPropertyOf :q", ":a :p :b"}},
        {"rdfs8", ":C rdfs:subClassOf rdfs:Resource", {":C rdf:type rdfs:Class"}},
        {"rdfs9", ":a rdf:type :D", {":C rdfs:subClassOf :D", ":a rdf:type :C"}},
        {"rdfs10", ":C rdfs:subClassOf :C", {":C rdf:type rdfs:Class"}},
        {"rdfs11", ":C rdfs:subClassOf :E", {":C rdfs:subClassOf :D", ":D rdfs:subClassOf :E"}},
        {"rdfs12", ":p rdfs:subPropertyOf rdfs:member", {":p rdf:type rdfs:ContainerMembershipProperty"}},
        {"rdfs12", ":a rdfs:member :b", {":p rdf:type rdfs:ContainerMembershipProperty", ":a :p :b"}},
        {"rdfs13", ":d rdfs:subClassOf rdfs:Literal", {":d rdf:type rdfs:Datatype"}},
        {"axiom", "rdf:_7 rdf:type rdfs:ContainerMembershipProperty", {":a rdf:_7 :b"}},
        {"axiom", ":a rdfs:member :b", {":a rdf:_7 :b"}},
        {"range of rdf:type", ":C rdf:type rdfs:Class", {":a rdf:type :C"}},
        {"domain of rdf:first", ":a rdf:type rdf:List", {":a rdf:first :b"}},
        {"below rdf:type", ":a rdf:type :D", {":p rdfs:subPropertyOf rdf:type", ":a :p :C", ":C rdfs:subClassOf :D"}},
        {"below rdfs:subClassOf", ":a rdf:type :D", {":p rdfs:subPropertyOf rdfs:subClassOf", ":a a :C", ":C :p :D"}},
        {"derived domain", ":a rdf:type :D", {":p rdfs:subPropertyOf rdfs:domain", ":q :p :D", ":a :q :b"}},
    };
    CHECK(REASONER_RDFS, cases);
}

static void axiomatic_triples_of_rdfs_hold_in_an_empty_database(void **state)
{
    static const Case cases[] = {
        {"rdf", "rdf:type rdf:type rdf:Property . rdf:nil rdf:type rdf:List", {NULL}},
        {"rdfs", "rdfs:subClassOf rdfs:domain rdfs:Class . rdfs:label rdfs:range rdfs:Literal", {NULL}},
        {"rdfs", "rdfs:Datatype rdfs:subClassOf rdfs:Class . rdf:Bag rdfs:subClassOf rdfs:Container", {NULL}},
        {"derived", "rdfs:Literal rdf:type rdfs:Class . rdfs:range rdfs:subPropertyOf rdfs:range", {NULL}},
    };
    CHECK(REASONER_RDFS, cases);
}

/* ---- OWL 2 RL ------------------------------------------------------------------------------------------------ */

static void equality_is_as_table_4_has_it(void **state)
{
    static const Case cases[] = {
        {"eq-ref", ":a owl:sameAs :a", {":a :p :b"}},
        {"eq-ref", ":p owl:sameAs :p", {":a :p :b"}},
        {"eq-ref", ":b owl:sameAs :b", {":a :p :b"}},
        {"eq-sym", ":b owl:sameAs :a", {":a owl:sameAs :b"}},
        {"eq-trans", ":a owl:sameAs :c", {":a owl:sameAs :b", ":b owl:sameAs :c"}},
        {"eq-rep-s", ":b :p :o", {":a owl:sameAs :b", ":a :p :o"}},
        {"eq-rep-s", ":b rdf:type :C", {":a owl:sameAs :b", ":a rdf:type :C"}},
        {"eq-rep-p", ":a :q :b", {":p owl:sameAs :q", ":a :p :b"}},
        {"eq-rep-p", ":a :p :b", {":p owl:sameAs :q", ":a :q :b"}},
        {"eq-rep-o", ":s :p :b", {":a owl:sameAs :b", ":s :p :a"}},
        {"eq-rep-o", ":s rdf:type :D", {":C owl:sameAs :D", ":s rdf:type :C"}},
        {"eq-diff1", "#false", {":a owl:sameAs :b", ":a owl:differentFrom :b"}},
        {"eq-diff2",
         "#false",
         {":x rdf:type owl:AllDifferent", ":x owl:members :l1", ":l1 rdf:first :a", ":l1 rdf:rest :l2",
          ":l2 rdf:first :b", ":l2 rdf:rest rdf:nil", ":a owl:sameAs :b"}},
        {"eq-diff3",
         "#false",
         {":x rdf:type owl:AllDifferent", ":x owl:distinctMembers :l1", ":l1 rdf:first :a", ":l1 rdf:rest :l2",
          ":l2 rdf:first :b", ":l2 rdf:rest rdf:nil", ":a owl:sameAs :b"}},
    };
    CHECK(REASONER_OWL2_RL, cases);
}

static void properties_are_as_table_5_has_it(void **state)
{
    static const Case cases[] = {
        {"prp-ap", "rdfs:label rdf:type owl:AnnotationProperty . owl:versionInfo a owl:AnnotationProperty", {NULL}},
        {"prp-dom", ":a rdf:type :C", {":p rdfs:domain :C", ":a :p :b"}},
        {"prp-rng", ":b rdf:type :C", {":p rdfs:range :C", ":a :p :b"}},
        {"prp-fp", ":b owl:sameAs :c", {":p rdf:type owl:FunctionalProperty", ":a :p :b", ":a :p :c"}},
        {"prp-ifp", ":a owl:sameAs :b", {":p rdf:type owl:InverseFunctionalProperty", ":a :p :c", ":b :p :c"}},
        {"prp-irp", "#false", {":p rdf:type owl:IrreflexiveProperty", ":a :p :a"}},
        {"prp-symp", ":b :p :a", {":p rdf:type owl:SymmetricProperty", ":a :p :b"}},
        {"prp-asyp", "#false", {":p rdf:type owl:AsymmetricProperty", ":a :p :b", ":b :p :a"}},
        {"prp-trp", ":a :p :c", {":p rdf:type owl:TransitiveProperty", ":a :p :b", ":b :p :c"}},
        {"prp-spo1", ":a :q :b", {":p rdfs:subPropertyOf :q", ":a :p :b"}},
        {"prp-spo2",
         ":a :p :d",
         {":p owl:propertyChainAxiom :l1", ":l1 rdf:first :q1", ":l1 rdf:rest :l2", ":l2 rdf:first :q2",
          ":l2 rdf:rest :l3", ":l3 rdf:first :q3", ":l3 rdf:rest rdf:nil", ":a :q1 :b", ":b :q2 :c", ":c :q3 :d"}},
        {"prp-eqp1", ":a :q :b", {":p owl:equivalentProperty :q", ":a :p :b"}},
        {"prp-eqp2", ":a :p :b", {":p owl:equivalentProperty :q", ":a :q :b"}},
        {"prp-pdw", "#false", {":p owl:propertyDisjointWith :q", ":a :p :b", ":a :q :b"}},
        {"prp-adp",
         "#false",
         {":x rdf:type owl:AllDisjointProperties", ":x owl:members :l1", ":l1 rdf:first :p", ":l1 rdf:rest :l2",
          ":l2 rdf:first :r", ":l2 rdf:rest :l3", ":l3 rdf:first :q", ":l3 rdf:rest rdf:nil", ":a :p :b", ":a :q :b"}},
        {"prp-inv1", ":b :q :a", {":p owl:inverseOf :q", ":a :p :b"}},
        {"prp-inv2", ":b :p :a", {":p owl:inverseOf :q", ":a :q :b"}},
        {"prp-key",
         ":a owl:sameAs :b",
         {":C owl:hasKey :l1", ":l1 rdf:first :p", ":l1 rdf:rest :l2", ":l2 rdf:first :q", ":l2 rdf:rest rdf:nil",
          ":a rdf:type :C", ":b rdf:type :C", ":a :p 7", ":b :p 7", ":a :q :v", ":b :q :v"}},
        {"prp-npa1",
         "#false",
         {":n owl:sourceIndividual :a", ":n owl:assertionProperty :p", ":n owl:targetIndividual :b", ":a :p :b"}},
        {"prp-npa2",
         "#false",
         {":n owl:sourceIndividual :a", ":n owl:assertionProperty :p", ":n owl:targetValue \"v\"", ":a :p \"v\""}},
    };
    CHECK(REASONER_OWL2_RL, cases);
}

static void classes_are_as_table_6_has_it(void **state)
{
    static const Case cases[] = {
        {"cls-thing", "owl:Thing rdf:type owl:Class", {NULL}},
        {"cls-nothing1", "owl:Nothing rdf:type owl:Class", {NULL}},
        {"cls-nothing2", "#false", {":a rdf:type owl:Nothing"}},
        {"cls-int1",
         ":a rdf:type :C",
         {":C owl:intersectionOf :l1", ":l1 rdf:first :D", ":l1 rdf:rest :l2", ":l2 rdf:first :E",
          ":l2 rdf:rest rdf:nil", ":a rdf:type :D", ":a rdf:type :E"}},
        {"cls-int2",
         ":a rdf:type :E",
         {":C owl:intersectionOf :l1", ":l1 rdf:first :D", ":l1 rdf:rest :l2", ":l2 rdf:first :E",
          ":l2 rdf:rest rdf:nil", ":a rdf:type :C"}},
        {"cls-uni",
         ":a rdf:type :C",
         {":C owl:unionOf :l1", ":l1 rdf:first :D", ":l1 rdf:rest :l2", ":l2 rdf:first :E", ":l2 rdf:rest rdf:nil",
          ":a rdf:type :E"}},
        {"cls-com", "#false", {":C owl:complementOf :D", ":a rdf:type :C", ":a rdf:type :D"}},
        {"cls-svf1",
         ":a rdf:type :C",
         {":C owl:someValuesFrom :D", ":C owl:onProperty :p", ":a :p :b", ":b rdf:type :D"}},
        {"cls-svf2", ":a rdf:type :C", {":C owl:someValuesFrom owl:Thing", ":C owl:onProperty :p", ":a :p :b"}},
        {"cls-avf",
         ":b rdf:type :D",
         {":C owl:allValuesFrom :D", ":C owl:onProperty :p", ":a rdf:type :C", ":a :p :b"}},
        {"cls-hv1", ":a :p :v", {":C owl:hasValue :v", ":C owl:onProperty :p", ":a rdf:type :C"}},
        {"cls-hv1", ":a :p \"v\"@en", {":C owl:hasValue \"v\"@en", ":C owl:onProperty :p", ":a rdf:type :C"}},
        {"cls-hv2", ":a rdf:type :C", {":C owl:hasValue :v", ":C owl:onProperty :p", ":a :p :v"}},
        {"cls-hv2", ":a rdf:type :C", {":C owl:hasValue 5", ":C owl:onProperty :p", ":a :p 5"}},
        {"cls-maxc1",
         "#false",
         {":C owl:maxCardinality \"0\"^^xsd:nonNegativeInteger", ":C owl:onProperty :p", ":a rdf:type :C", ":a :p :b"}},
        {"cls-maxc2",
         ":b owl:sameAs :c",
         {":C owl:maxCardinality \"1\"^^xsd:nonNegativeInteger", ":C owl:onProperty :p", ":a rdf:type :C", ":a :p :b",
          ":a :p :c"}},
        {"cls-maxqc1",
         "#false",
         {":C owl:maxQualifiedCardinality \"0\"^^xsd:nonNegativeInteger", ":C owl:onProperty :p", ":C owl:onClass :D",
          ":a rdf:type :C", ":a :p :b", ":b rdf:type :D"}},
        {"cls-maxqc2",
         "#false",
         {":C owl:maxQualifiedCardinality \"0\"^^xsd:nonNegativeInteger", ":C owl:onProperty :p",
          ":C owl:onClass owl:Thing", ":a rdf:type :C", ":a :p :b"}},
        {"cls-maxqc3",
         ":b owl:sameAs :c",
         {":C owl:maxQualifiedCardinality \"1\"^^xsd:nonNegativeInteger", ":C owl:onProperty :p", ":C owl:onClass :D",
          ":a rdf:type :C", ":a :p :b", ":b rdf:type :D", ":a :p :c", ":c rdf:type :D"}},
        {"cls-maxqc4",
         ":b owl:sameAs :c",
         {":C owl:maxQualifiedCardinality \"1\"^^xsd:nonNegativeInteger", ":C owl:onProperty :p",
          ":C owl:onClass owl:Thing", ":a rdf:type :C", ":a :p :b", ":a :p :c"}},
        {"cls-oo",
         ":b rdf:type :C",
         {":C owl:oneOf :l1", ":l1 rdf:first :a", ":l1 rdf:rest :l2", ":l2 rdf:first :b", ":l2 rdf:rest rdf:nil"}},
    };
    CHECK(REASONER_OWL2_RL, cases);
}

static void class_axioms_are_as_table_7_has_it(void **state)
{
    static const Case cases[] = {
        {"cax-sco", ":a rdf:type :D", {":C rdfs:subClassOf :D", ":a rdf:type :C"}},
        {"cax-eqc1", ":a rdf:type :D", {":C owl:equivalentClass :D", ":a rdf:type :C"}},
        {"cax-eqc2", ":a rdf:type :C", {":C owl:equivalentClass :D", ":a rdf:type :D"}},
        {"cax-dw", "#false", {":C owl:disjointWith :D", ":a rdf:type :C", ":a rdf:type :D"}},
        {"cax-adc",
         "#false",
         {":x rdf:type owl:AllDisjointClasses", ":x owl:members :l1", ":l1 rdf:first :C", ":l1 rdf:rest :l2",
          ":l2 rdf:first :D", ":l2 rdf:rest rdf:nil", ":a rdf:type :C", ":a rdf:type :D"}},
    };
    CHECK(REASONER_OWL2_RL, cases);
}

static void schemas_are_as_table_9_has_it(void **state)
{
    static const Case cases[] = {
        {"scm-cls", ":C rdfs:subClassOf :C", {":C rdf:type owl:Class"}},
        {"scm-cls", ":C owl:equivalentClass :C", {":C rdf:type owl:Class"}},
        {"scm-cls", ":C rdfs:subClassOf owl:Thing", {":C rdf:type owl:Class"}},
        {"scm-cls", "owl:Nothing rdfs:subClassOf :C", {":C rdf:type owl:Class"}},
        {"scm-cls and cax-sco", ":a rdf:type owl:Thing", {":C rdf:type owl:Class", ":a rdf:type :C"}},
        {"scm-sco", ":C rdfs:subClassOf :E", {":C rdfs:subClassOf :D", ":D rdfs:subClassOf :E"}},
        {"scm-eqc1", ":C rdfs:subClassOf :D", {":C owl:equivalentClass :D"}},
        {"scm-eqc1", ":D rdfs:subClassOf :C", {":C owl:equivalentClass :D"}},
        {"scm-eqc2", ":C owl:equivalentClass :D", {":C rdfs:subClassOf :D", ":D rdfs:subClassOf :C"}},
        {"scm-op", ":p rdfs:subPropertyOf :p", {":p rdf:type owl:ObjectProperty"}},
        {"scm-op", ":p owl:equivalentProperty :p", {":p rdf:type owl:ObjectProperty"}},
        {"scm-dp", ":p rdfs:subPropertyOf :p", {":p rdf:type owl:DatatypeProperty"}},
        {"scm-dp", ":p owl:equivalentProperty :p", {":p rdf:type owl:DatatypeProperty"}},
        {"scm-spo", ":p rdfs:subPropertyOf :r", {":p rdfs:subPropertyOf :q", ":q rdfs:subPropertyOf :r"}},
        {"scm-eqp1", ":p rdfs:subPropertyOf :q", {":p owl:equivalentProperty :q"}},
        {"scm-eqp1", ":q rdfs:subPropertyOf :p", {":p owl:equivalentProperty :q"}},
        {"scm-eqp2", ":p owl:equivalentProperty :q", {":p rdfs:subPropertyOf :q", ":q rdfs:subPropertyOf :p"}},
        {"scm-dom1", ":p rdfs:domain :D", {":p rdfs:domain :C", ":C rdfs:subClassOf :D"}},
        {"scm-dom2", ":q rdfs:domain :C", {":p rdfs:domain :C", ":q rdfs:subPropertyOf :p"}},
        {"scm-rng1", ":p rdfs:range :D", {":p rdfs:range :C", ":C rdfs:subClassOf :D"}},
        {"scm-rng2", ":q rdfs:range :C", {":p rdfs:range :C", ":q rdfs:subPropertyOf :p"}},
        {"scm-hv",
         ":C rdfs:subClassOf :D",
         {":C owl:hasValue :i", ":C owl:onProperty :p", ":D owl:hasValue :i", ":D owl:onProperty :q",
          ":p rdfs:subPropertyOf :q"}},
        {"scm-svf1",
         ":C rdfs:subClassOf :D",
         {":C owl:someValuesFrom :X", ":C owl:onProperty :p", ":D owl:someValuesFrom :Y", ":D owl:onProperty :p",
          ":X rdfs:subClassOf :Y"}},
        {"scm-svf2",
         ":C rdfs:subClassOf :D",
         {":C owl:someValuesFrom :X", ":C owl:onProperty :p", ":D owl:someValuesFrom :X", ":D owl:onProperty :q",
          ":p rdfs:subPropertyOf :q"}},
        {"scm-avf1",
         ":C rdfs:subClassOf :D",
         {":C owl:allValuesFrom :X", ":C owl:onProperty :p", ":D owl:allValuesFrom :Y", ":D owl:onProperty :p",
          ":X rdfs:subClassOf :Y"}},
        {"scm-avf2",
         ":D rdfs:subClassOf :C",
         {":C owl:allValuesFrom :X", ":C owl:onProperty :p", ":D owl:allValuesFrom :X", ":D owl:onProperty :q",
          ":p rdfs:subPropertyOf :q"}},
        {"scm-svf1 and cax-sco",
         ":a rdf:type :D",
         {":C owl:someValuesFrom :X", ":C owl:onProperty :p", ":D owl:someValuesFrom :Y", ":D owl:onProperty :p",
          ":X rdfs:subClassOf :Y", ":a rdf:type :C"}},
        {"scm-int",
         ":C rdfs:subClassOf :E",
         {":C owl:intersectionOf :l1", ":l1 rdf:first :D", ":l1 rdf:rest :l2", ":l2 rdf:first :E",
          ":l2 rdf:rest rdf:nil"}},
        {"scm-uni", ":D rdfs:subClassOf :C", {":C owl:unionOf :l1", ":l1 rdf:first :D", ":l1 rdf:rest rdf:nil"}},
    };
    CHECK(REASONER_OWL2_RL, cases);
}

/* No triple that is stored has a literal as its subject, so what literals are shows in what follows from it. */
static void literals_are_as_table_8_has_it(void **state)
{
    static const Case cases[] = {
        {"dt-type1", "xsd:integer rdf:type rdfs:Datatype . rdf:PlainLiteral rdf:type rdfs:Datatype", {NULL}},
        {"dt-type2",
         ":a rdf:type :C",
         {":C owl:someValuesFrom xsd:integer", ":C owl:onProperty :p", ":a :p \"7\"^^xsd:byte"}},
        {"dt-type2",
         ":a rdf:type :C",
         {":C owl:someValuesFrom xsd:token", ":C owl:onProperty :p", ":a :p \"some text\""}},
        {"dt-type2",
         ":a rdf:type :C",
         {":C owl:someValuesFrom :D", ":C owl:onProperty :p", "xsd:dateTime rdfs:subClassOf :D",
          ":a :p \"2001-01-01T00:00:00Z\"^^xsd:dateTime"}},
        {"dt-eq", ":a :p \"07\"^^xsd:int", {":a :p 7", ":b :q \"07\"^^xsd:int"}},
        {"dt-eq", ":a :p \"7.0\"^^xsd:decimal", {":a :p 7", ":b :q \"7.0\"^^xsd:decimal"}},
        {"dt-eq", ":a :p \"x\"^^xsd:token", {":a :p \"x\"", ":b :q \"x\"^^xsd:token"}},
        {"dt-eq", ":a owl:sameAs :b", {":p a owl:InverseFunctionalProperty", ":a :p 7", ":b :p \"7\"^^xsd:short"}},
        {"\"8\"^^<http://www.w3.org/2001/XMLSchema#integer>",
         "#false",
         {":p rdf:type owl:FunctionalProperty", ":a :p 7", ":a :p 8"}},
        {"\"x\"", "#false", {":p rdfs:range xsd:integer", ":a :p \"x\""}},
        {"\"300\"^^<http://www.w3.org/2001/XMLSchema#integer>", "#false", {":p rdfs:range xsd:byte", ":a :p 300"}},
        {"\"x\"^^<http://www.w3.org/2001/XMLSchema#integer>", "#false", {":a :p \"x\"^^xsd:integer"}},
    };
    CHECK(REASONER_OWL2_RL, cases);
}

static void literals_of_other_values_say_nothing(void **state)
{
    static const char *const premises[] = {
        ":C owl:someValuesFrom xsd:integer ; owl:onProperty :p . :a :p 7.5",
        ":C owl:someValuesFrom xsd:byte ; owl:onProperty :p . :a :p 128",
        ":C owl:someValuesFrom xsd:float ; owl:onProperty :p . :a :p 1.0e0",
        ":C owl:someValuesFrom xsd:string ; owl:onProperty :p . :a :p \"text\"@en",
        ":C owl:someValuesFrom xsd:dateTimeStamp ; owl:onProperty :p . :a :p \"2001-01-01T00:00:00\"^^xsd:dateTime",
        ":p a owl:InverseFunctionalProperty . :a :p 7 . :C owl:hasValue 7.5 ; owl:onProperty :p",
    };
    for (size_t i = 0; i < sizeof premises / sizeof *premises; i++) {
        KgTxn *const txn = begin_write(*state);
        ReasonerReport report = {0};
        char text[600];
        snprintf(text, sizeof text, "INSERT DATA { %s }", premises[i]);
        update(txn, text);
        reason(txn, REASONER_OWL2_RL, NULL, NULL, &report);
        assert_false(ask(txn, ":a rdf:type :C"));
        assert_int_equal(report.violations_found, 0);
        reasoner_report_free(&report);
        kg_abort(txn);
    }
}

static void rules_of_the_user_and_of_the_set_feed_each_other(void **state)
{
    static const char rules[] = "@prefix : <http://e/> . :p(?x, ?y) :- :given(?x, ?y). :seen(?x) :- :D(?x). "
                                "triple(?x, ?q, ?y) :- :says(?q, ?x), triple(?x, :object, ?y).";
    static const char without[] = "@prefix : <http://e/> . :p(?x, ?y) :- :given(?x, ?y). :seen(?x) :- :D(?x).";
    for (int i = 0; i < 4; i++) {
        KgTxn *const txn = begin_write(*state);
        update(txn, "INSERT DATA { :p rdfs:domain :C . :C rdfs:subClassOf :D . :a :given :b . :says2 :x :y . "
                    ":q :says :s . :s :object :t . :q rdfs:domain :E }");
        reason(txn, i % 2 ? REASONER_OWL2_RL : REASONER_RDFS, i < 2 ? without : rules, NULL, NULL);
        assert_true(ask(txn, ":a a :C, :D, :seen"));
        assert_true(ask(txn, ":s a :E") == (i >= 2));
        kg_abort(txn);
    }
}

/* Two steps of rules made anew: a chain derives a subclass of a restriction, which derives an equality of classes. */
static void axioms_that_facts_derive_make_rules(void **state)
{
    KgTxn *const txn = begin_write(*state);
    update(txn, "INSERT DATA { :sub rdfs:subPropertyOf rdfs:subClassOf . :link owl:inverseOf :sub . :D :link :C . "
                ":x a :C . :f a owl:FunctionalProperty . :D rdfs:subClassOf [ owl:onProperty :f ; owl:hasValue :E ] . "
                ":x :f :F . :y a :F . :E rdfs:subClassOf :G }");
    reason(txn, REASONER_OWL2_RL, NULL, NULL, NULL);
    assert_true(ask(txn, ":C rdfs:subClassOf :D . :x a :D . :x :f :E . :E owl:sameAs :F"));
    assert_true(ask(txn, ":y a :E . :y a :G"));
    kg_abort(txn);
}

/* A property of literals, of which nothing is derived about the objects, may be derived to have others. */
static void objects_beside_literals_are_not_forgotten(void **state)
{
    for (ReasonerRuleset set = REASONER_RDFS; set <= REASONER_OWL2_RL; set++) {
        ReasonerReport report = {0};
        KgTxn *const txn = begin_write(*state);
        update(txn, "INSERT DATA { :x rdfs:label \"x\" ; :n 5 . rdfs:label rdfs:range rdfs:Literal }");
        reason(txn, set, NULL, NULL, &report);
        assert_int_equal(report.derived, report.stored); /* nothing about literals */
        update(txn, "INSERT DATA { :p rdfs:subPropertyOf rdfs:label . :a :p :b }");
        reason(txn, set, NULL, NULL, NULL);
        assert_true(ask(txn, set == REASONER_RDFS ? ":b a rdfs:Resource, rdfs:Literal" : ":b owl:sameAs :b"));
        assert_true(ask(txn, ":b a rdfs:Literal"));
        reasoner_report_free(&report);
        kg_abort(txn);
    }
}

/* One IRI may be a class, a property and an individual. */
static void names_may_be_classes_and_properties_at_once(void **state)
{
    for (ReasonerRuleset set = REASONER_RDFS; set <= REASONER_OWL2_RL; set++) {
        KgTxn *const txn = begin_write(*state);
        update(txn, "INSERT DATA { :n rdfs:domain :n ; rdfs:subClassOf :m . :m rdfs:subPropertyOf :k . :a :n :b . "
                    ":n a :n . owl:sameAs a :sameAs . :x a owl:sameAs . owl:sameAs rdfs:subClassOf :C }");
        reason(txn, set, NULL, NULL, NULL);
        assert_true(ask(txn, ":a a :n, :m . :n a :m . :x a :C"));
        assert_false(ask(txn, ":a :m :b"));
        kg_abort(txn);
    }
}

/* Twenty terms in a chain, twenty more by a property, and a link that derives between the two: each has what all have.
 */
static void large_classes_of_the_same_are_whole(void **state)
{
    enum { MEMBERS = 20 };
    Fixture *const f = *state;
    KgTxn *txn = begin_write(f);
    BaseError err = {0};
    char text[200];
    update(txn, "INSERT DATA { :key a owl:InverseFunctionalProperty . :f a owl:FunctionalProperty . :z :f :x3 , :y7 . "
                ":x0 :one :x1 . :x5 a :C . :C rdfs:subClassOf :D . :y2 :two :y2 }");
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(text, sizeof text, "INSERT DATA { :x%d owl:sameAs :x%d . :y%d :key :k . :x%d :p :o%d }", i, i + 1, i,
                 i, i);
        update(txn, text);
    }
    reason(txn, REASONER_OWL2_RL, NULL, NULL, NULL);
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(text, sizeof text, ":x%d a :D ; :p :o0, :o13 ; :key :k ; owl:sameAs :x0, :x20, :y0 ; :two :y%d", i, i);
        assert_true(ask(txn, text));
        snprintf(text, sizeof text, ":y%d a :D ; :p :o0, :o13 ; :one :x%d ; owl:sameAs :x0, :x20, :y%d", i, i, i);
        assert_true(ask(txn, text));
    }
    commit(txn);
    txn = begin_read(f);
    uint64_t count = 0;
    KgTriple same = {0};
    expect_ok(kg_find_name(txn, "<http://www.w3.org/2002/07/owl#sameAs>", &same.p, &err), &err);
    expect_ok(kg_find_name(txn, "<http://e/y4>", &same.s, &err), &err);
    expect_ok(kg_count(txn, KG_FACTS, same, &count, &err), &err);
    assert_int_equal(count, 2 * MEMBERS + 1);
    ReasonerExplanation proof = {0};
    expect_ok(kg_find_name(txn, "<http://e/x17>", &same.o, &err), &err);
    expect_ok(reasoner_prove(txn, same, NULL, &proof, &err), &err);
    assert_int_equal(proof.items[0]->kind, REASONER_DERIVED);
    reasoner_explanation_free(&proof);
    kg_abort(txn);
}

/* New axioms, and predicates that come into use, have their rules when what was inferred is updated. */
static void updates_make_the_rules_of_the_set_anew(void **state)
{
    Fixture *const f = *state;
    static const char own[] = "@prefix : <http://e/> . :seen(?x) :- :E(?x).";
    for (ReasonerRuleset set = REASONER_RDFS; set <= REASONER_OWL2_RL; set++) {
        BaseError err = {0};
        ReasonerReport report = {0};
        KgTxn *txn = begin_write(f);
        update(txn, "CLEAR ALL");
        update(txn, "INSERT DATA { :C rdfs:subClassOf :D . :a a :C ; rdfs:label \"a\" ; :age 7 }");
        reason(txn, set, own, NULL, NULL);
        commit(txn);
        txn = begin_write(f);
        update(txn, "INSERT DATA { :D rdfs:subClassOf :E . :b :p :a . :p rdfs:domain :C } ; DELETE DATA { :a a :C }");
        expect_ok(reasoner_update(txn, NULL, NULL, &report, NULL, &err), &err);
        assert_true(ask(txn, ":b a :C, :D, :E, :seen"));
        assert_false(ask(txn, ":a a :D"));
        assert_true(report.is_update);
        const uint64_t updated = count_layer(txn, KG_INFERRED);
        reason(txn, set, own, NULL, NULL);
        assert_int_equal(count_layer(txn, KG_INFERRED), updated);
        reasoner_report_free(&report);
        kg_abort(txn);
    }
}

static void every_derived_triple_has_a_proof(void **state)
{
    Fixture *const f = *state;
    KgTxn *txn = begin_write(f);
    BaseError err = {0};
    update(txn, "INSERT DATA { :C rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :D ] , :B . :a a :C ; :p :b "
                ". :b a :D . :E owl:equivalentClass [ owl:intersectionOf ( :B [ owl:onProperty :p ; owl:someValuesFrom "
                ":D ] ) ] . :b owl:sameAs :c . :p rdfs:label \"p\" . :a :n \"01\"^^xsd:int , 1 }");
    reason(txn, REASONER_OWL2_RL, NULL, NULL, NULL);
    commit(txn);
    txn = begin_read(f);
    KgScan *scan = NULL;
    KgTriple triple;
    size_t count = 0;
    expect_ok(kg_scan_open(txn, KG_IN(KG_INFERRED), (KgTriple){0}, KG_ORDER_BEST, &scan, &err), &err);
    while (kg_scan_next(scan, &triple, &err) == BASE_OK) {
        ReasonerExplanation proof = {0};
        expect_ok(reasoner_prove(txn, triple, NULL, &proof, &err), &err);
        assert_int_equal(proof.items[0]->kind, REASONER_DERIVED);
        reasoner_explanation_free(&proof);
        count++;
    }
    kg_scan_close(scan);
    assert_true(count > 100);
    kg_abort(txn);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(each_pattern_of_rdfs_needs_all_its_premises),
        TEST(axiomatic_triples_of_rdfs_hold_in_an_empty_database),
        TEST(equality_is_as_table_4_has_it),
        TEST(properties_are_as_table_5_has_it),
        TEST(classes_are_as_table_6_has_it),
        TEST(class_axioms_are_as_table_7_has_it),
        TEST(schemas_are_as_table_9_has_it),
        TEST(literals_are_as_table_8_has_it),
        TEST(literals_of_other_values_say_nothing),
        TEST(rules_of_the_user_and_of_the_set_feed_each_other),
        TEST(axioms_that_facts_derive_make_rules),
        TEST(objects_beside_literals_are_not_forgotten),
        TEST(names_may_be_classes_and_properties_at_once),
        TEST(large_classes_of_the_same_are_whole),
        TEST(updates_make_the_rules_of_the_set_anew),
        TEST(every_derived_triple_has_a_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
