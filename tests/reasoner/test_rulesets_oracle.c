/* Random ontologies with facts, among them odd ones (properties below rdfs:subClassOf, classes that are the same,
 * axioms that facts derive): the programs made for them derive what the rules of the standards do, evaluated naively.
 */
#include "fixture.h"
#include "generic_rules.h"

enum { ONTOLOGIES = 400 };

/* Digits stand for a random one of their kind: 0 individual, 1 class, 2 property, 3 restriction, 4 list, and 5 any. */
static const char *const for_both[] = {
    "0 2 0",
    "0 2 0",
    "0 2 0",
    "0 2 0",
    "0 rdf:type 1",
    "0 rdf:type 1",
    "0 rdf:type 1",
    "1 rdfs:subClassOf 1",
    "1 rdfs:subClassOf 1",
    "2 rdfs:subPropertyOf 2",
    "2 rdfs:domain 1",
    "2 rdfs:range 1",
    "2 rdfs:range 1",
    "2 rdfs:subPropertyOf 2",
};
static const char *const for_rdfs[] = {
    "2 rdfs:subPropertyOf rdf:type",
    "2 rdfs:subPropertyOf rdfs:subClassOf",
    "2 rdfs:subPropertyOf rdfs:domain",
    "1 2 1",
    "2 2 1",
    "2 rdf:type rdfs:ContainerMembershipProperty",
    "1 rdf:type rdfs:Datatype",
    "rdf:type rdfs:subPropertyOf 2",
    "rdfs:member rdfs:domain 1",
    "2 rdfs:domain rdfs:Datatype",
    "rdfs:Resource rdfs:subClassOf 1",
    "rdf:type rdfs:domain 1",
};
static const char *const for_owl[] = {
    "0 owl:sameAs 0",
    "1 owl:sameAs 1",
    "2 owl:sameAs 2",
    "0 owl:differentFrom 0",
    "2 rdf:type owl:FunctionalProperty",
    "2 rdf:type owl:InverseFunctionalProperty",
    "2 rdf:type owl:IrreflexiveProperty",
    "2 rdf:type owl:SymmetricProperty",
    "2 rdf:type owl:AsymmetricProperty",
    "2 rdf:type owl:TransitiveProperty",
    "2 owl:propertyChainAxiom 4",
    "2 owl:equivalentProperty 2",
    "2 owl:propertyDisjointWith 2",
    "2 owl:inverseOf 2",
    "1 owl:hasKey 4",
    "3 owl:onProperty 2",
    "3 owl:onProperty 2",
    "3 owl:someValuesFrom 1",
    "3 owl:someValuesFrom owl:Thing",
    "3 owl:allValuesFrom 1",
    "3 owl:hasValue 0",
    "3 rdfs:subClassOf 1",
    "1 rdfs:subClassOf 3",
    "1 owl:equivalentClass 3",
    "0 rdf:type 3",
    "1 owl:intersectionOf 4",
    "1 owl:unionOf 4",
    "1 owl:oneOf 4",
    "1 owl:complementOf 1",
    "1 owl:disjointWith 1",
    "1 rdf:type owl:Class",
    "2 rdf:type owl:ObjectProperty",
    "2 rdfs:subPropertyOf rdfs:subClassOf",
    "2 rdfs:subPropertyOf rdf:type",
    "2 rdfs:subPropertyOf owl:sameAs",
    "1 2 1",
    "0 rdf:type owl:AllDisjointClasses",
    "0 owl:members 4",
    "0 rdf:type owl:AllDifferent",
};

/* ---- Making -------------------------------------------------------------------------------------------------- */

static const char *pick(BaseRandom *random, char kind)
{
    static const char *const kinds[5][4] = {{":a", ":b", ":c", ":d"},
                                            {":C", ":D", ":E", ":F"},
                                            {":p", ":q", ":r", ":s"},
                                            {":R", ":S", ":R", ":S"},
                                            {":l", ":m", ":l", ":m"}};
    return kinds[kind - '0'][base_random_below(random, 4)];
}

static void add_random(GenericWorld *world, BaseRandom *random, const char *const *templates, size_t count,
                       BaseBuffer *out)
{
    char triple[120] = "", word[48];
    const char *at = templates[base_random_below(random, count)];
    for (int length, i = 0; i < 3 && sscanf(at, "%47s%n", word, &length) == 1; i++, at += length)
        snprintf(triple + strlen(triple), sizeof triple - strlen(triple), "%s%s", i > 0 ? " " : "",
                 word[0] >= '0' && word[0] <= '4' && !word[1] ? pick(random, word[0]) : word);
    generic_add(world, triple);
    assert_true(base_buffer_format(out, "%s .\n", triple));
}

/* The lists :l and :m, of classes, properties or individuals. */
static void add_lists(GenericWorld *world, BaseRandom *random, BaseBuffer *out)
{
    static const char *const lists[] = {":l", ":m"};
    for (int i = 0; i < 2; i++) {
        const char kind = (char)('0' + base_random_below(random, 3));
        char triples[4][120];
        snprintf(triples[0], sizeof triples[0], "%s rdf:first %s", lists[i], pick(random, kind));
        snprintf(triples[1], sizeof triples[1], "%s rdf:rest %s2", lists[i], lists[i]);
        snprintf(triples[2], sizeof triples[2], "%s2 rdf:first %s", lists[i], pick(random, kind));
        snprintf(triples[3], sizeof triples[3], "%s2 rdf:rest rdf:nil", lists[i]);
        for (int t = 0; t < 4; t++) {
            generic_add(world, triples[t]);
            assert_true(base_buffer_format(out, "%s .\n", triples[t]));
        }
    }
}

/* ---- Comparing ----------------------------------------------------------------------------------------------- */

static const char prefixes[][2][48] = {{"rdf:", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
                                       {"rdfs:", "http://www.w3.org/2000/01/rdf-schema#"},
                                       {"owl:", "http://www.w3.org/2002/07/owl#"},
                                       {"xsd:", "http://www.w3.org/2001/XMLSchema#"},
                                       {":", "http://e/"}};

/* The term's word; -1: none of the world's, as the datatypes are. */
static int find_word(const GenericWorld *world, const KgTerm *term)
{
    char word[200];
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const size_t length = strlen(prefixes[i][1]);
        if (term->text.length <= length || memcmp(term->text.bytes, prefixes[i][1], length) != 0)
            continue;
        snprintf(word, sizeof word, "%.10s%.*s", prefixes[i][0], (int)(term->text.length - length),
                 term->text.bytes + length);
        for (int t = 0; t < world->term_count; t++)
            if (strcmp(world->terms[t], word) == 0)
                return t;
    }
    return -1;
}

typedef struct Found {
    const GenericWorld *world;
    bool (*derived)[GENERIC_TERMS][GENERIC_TERMS];
    size_t count, wrong;
} Found;

static bool take(void *context, const ReasonerFact *fact)
{
    Found *const found = context;
    int terms[3];
    if (!fact->is_triple)
        return true;
    for (int i = 0; i < 3; i++)
        if ((terms[i] = find_word(found->world, &fact->terms[i])) < 0)
            return true;
    found->derived[terms[0]][terms[1]][terms[2]] = true;
    found->count++;
    if (!found->world->holds[terms[0]][terms[1]][terms[2]]) {
        print_error("derived, but does not follow: %s %s %s\n", found->world->terms[terms[0]],
                    found->world->terms[terms[1]], found->world->terms[terms[2]]);
        found->wrong++;
    }
    return true;
}

static void compare(Fixture *f, ReasonerRuleset set, const GenericWorld *world, const char *triples, size_t *facts)
{
    static bool derived[GENERIC_TERMS][GENERIC_TERMS][GENERIC_TERMS];
    BaseError err = {0};
    BaseBuffer text = {0};
    ReasonerProgram *program = NULL;
    ReasonerReport report = {0};
    Found found = {.world = world, .derived = derived};
    memset(derived, 0, sizeof derived);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        assert_true(base_buffer_format(&text, "PREFIX %s <%s> ", prefixes[i][0], prefixes[i][1]));
    assert_true(base_buffer_format(&text, "INSERT DATA { %s }", triples));
    KgTxn *const txn = begin_write(f);
    expect_ok(kg_update(txn, text.items, text.count, NULL, NULL, &err), &err);
    expect_ok(reasoner_ruleset_program(txn, set, NULL, 0, NULL, NULL, NULL, &program, &err), &err);
    expect_ok(reasoner_derive(txn, program, take, &found, &report, NULL, &err), &err);
    for (size_t i = 0; i < world->facts.count; i++) {
        const GenericTriple *const fact = &world->facts.items[i];
        bool is_asserted = false;
        char asserted[200];
        snprintf(asserted, sizeof asserted, "%s %s %s .\n", world->terms[fact->s], world->terms[fact->p],
                 world->terms[fact->o]);
        const char *const at = strstr(triples, asserted);
        is_asserted = at && (at == triples || at[-1] == '\n');
        if (!derived[fact->s][fact->p][fact->o] && !is_asserted) {
            print_error("not derived: %s", asserted);
            found.wrong++;
        }
    }
    if ((report.violations_found > 0) != world->is_violated) {
        print_error("violations: %llu, expected %s\n", (unsigned long long)report.violations_found,
                    world->is_violated ? "some" : "none");
        found.wrong++;
    }
    if (found.wrong > 0) {
        print_error("%s", triples);
        fail();
    }
    *facts += found.count;
    reasoner_report_free(&report);
    reasoner_program_free(program);
    base_buffer_free(&text);
    kg_abort(txn);
}

static void run(Fixture *f, ReasonerRuleset set)
{
    static GenericWorld world;
    BaseRandom random;
    size_t facts = 0, violated = 0;
    const bool is_owl = set == REASONER_OWL2_RL;
    generic_open(is_owl ? "owl2-rl" : "rdfs", &world);
    base_random_seed(&random, getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 5);
    for (int i = 0; i < ONTOLOGIES; i++) {
        BaseBuffer triples = {0};
        const uint32_t count = 4 + (uint32_t)base_random_below(&random, 12);
        generic_forget(&world);
        if (is_owl)
            add_lists(&world, &random, &triples);
        for (uint32_t t = 0; t < count; t++)
            add_random(&world, &random, for_both, sizeof for_both / sizeof *for_both, &triples);
        for (uint32_t t = 0; t < (is_owl ? 2 * count : count); t++)
            add_random(&world, &random, is_owl ? for_owl : for_rdfs,
                       is_owl ? sizeof for_owl / sizeof *for_owl : sizeof for_rdfs / sizeof *for_rdfs, &triples);
        generic_evaluate(&world);
        compare(f, set, &world, triples.items, &facts);
        violated += world.is_violated;
        base_buffer_free(&triples);
    }
    print_message("%zu facts derived, %zu ontologies violated\n", facts, violated);
    generic_free(&world);
}

static void rdfs_programs_derive_what_the_rules_of_the_standard_do(void **state)
{
    run(*state, REASONER_RDFS);
}

static void owl_programs_derive_what_the_rules_of_the_standard_do(void **state)
{
    run(*state, REASONER_OWL2_RL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(rdfs_programs_derive_what_the_rules_of_the_standard_do),
        TEST(owl_programs_derive_what_the_rules_of_the_standard_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
