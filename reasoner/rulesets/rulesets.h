/* rulesets.h - RDFS and OWL 2 RL as rules made for one database. Private to the room.
 *
 * The rules of the standards speak of any property and any class; here each axiom gives rules of its own, in which the
 * axiom is a premise:
 *     #[name("cax-sco")] :Animal(?x) :- rdfs:subClassOf(:Dog, :Animal), :Dog(?x).
 * so that predicates keep relations of their own, a proof shows the axiom, and a fact has the height that the rule of
 * the standard gives it. Rules about axioms alone (scm-*, rdfs5, rdfs11, ...) stand as the standard has them. A rule
 * whose body cannot have facts is left out: which predicates can is known from what is asserted and from the heads of
 * the rules that are not left out. */
#ifndef KGQ_REASONER_RULESETS_RULESETS_H
#define KGQ_REASONER_RULESETS_RULESETS_H

#include "reasoner/memory.h"
#include "reasoner/rulesets/vocabulary.h"

#define RDF_NS "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define RDFS_NS "http://www.w3.org/2000/01/rdf-schema#"
#define OWL_NS "http://www.w3.org/2002/07/owl#"

/* More classes with members than this, and rules about every class speak of rdf:type with an open class. */
enum { CLASSES_APART = 4000 };

/* An axiom, by the numbers of its terms. */
typedef struct Axiom {
    uint32_t p, s, o;
} Axiom;
typedef struct Axioms {
    const Axiom *items;
    size_t count;
} Axioms;

/* A rule that is in the program once every predicate in its body may have facts. */
typedef struct Candidate {
    size_t text, length; /* in `text` */
    uint32_t heads, head_count;
    uint32_t waiting; /* body predicates, each as often as it stands there, without facts so far */
    bool is_schema;   /* one of axioms alone, as the standard has it */
    bool is_expanded; /* one about a live predicate in general */
} Candidate;

typedef struct Watch {
    uint32_t candidate, next;
} Watch;

/* What no triple can be about, literals, need not be told to be an rdfs:Resource. */
typedef enum ObjectsState {
    OBJECTS_LITERAL = 1, /* the asserted ones are all literals */
    OBJECTS_DERIVED = 2, /* and there may be others */
    OBJECTS_LEFT_OUT = 4,
} ObjectsState;

/* Predicates are keys: 2t is the property t, 2t+1 the class t. */
typedef struct RulesetBuilder {
    KgTxn *txn;
    ReasonerRuleset kind;
    bool all_classes_live;  /* some rule gives members to classes that it does not name */
    bool all_live;          /* rules of the user's derive triples of any predicate */
    ReasonerProgram *terms; /* its constants are the terms, those of the vocabulary first */
    BaseMap ids;            /* KgId to term */
    BaseArena arena;        /* names of terms */
    KgPrefix *prefixes;
    size_t prefix_count;
    bool *is_prefix_used;
    struct {
        const char **items; /* by term, in the syntax of rules; NULL: not written yet */
        size_t count, capacity;
    } names;
    struct {
        Axiom *items;
        size_t count, capacity;
    } axioms;
    size_t sorted_axioms; /* of them, which are found; those behind were added since */
    struct {
        Candidate *items;
        size_t count, capacity;
    } candidates;
    struct {
        uint32_t *items;
        size_t count, capacity;
    } heads; /* keys of candidates */
    struct {
        Watch *items;
        size_t count, capacity;
    } watches;
    struct {
        uint32_t *items; /* by key: the first watch, NOWHERE; LIVE_KEY: it may have facts */
        size_t count, capacity;
    } keys;
    struct {
        uint32_t *items; /* keys in the order in which they became live */
        size_t count, capacity;
    } live;
    BaseBuffer text;
    struct {
        uint32_t *items; /* candidates whose heads are to become live */
        size_t count, capacity;
    } ready;
    struct {
        uint8_t *items; /* by property, of its objects: bits of ObjectsState */
        size_t count, capacity;
    } objects;
    struct {
        uint32_t *items; /* properties that were left out for their objects, and are derived now */
        size_t count, capacity;
    } late;
    uint32_t class_count;            /* live classes */
    bool has_represented;            /* some terms have a representative (same.h) */
    bool is_expanding;               /* rules about each live predicate, which ask nothing */
    bool is_asked[VOCABULARY_COUNT]; /* datatypes whose members some rule looks at */
    bool is_head;                    /* the rule at hand is before its `:-` */
    bool is_type_open;               /* rules about every class speak of rdf:type */
    bool no_memory;                  /* sticky; what follows is void */
} RulesetBuilder;

static inline uint32_t property_key(uint32_t term)
{
    return 2 * term;
}
static inline uint32_t class_key(uint32_t term)
{
    return 2 * term + 1;
}

/* A key of its own for triples of owl:sameAs that are not x owl:sameAs x: these alone say something. */
enum { PROPER_SAME = 2 * V_SAME_AS + 1 };

/* ---- builder.c */
bool ruleset_is_live(RulesetBuilder *builder, uint32_t key);
void ruleset_set_live(RulesetBuilder *builder, uint32_t key);
void ruleset_settle(RulesetBuilder *builder); /* until no candidate becomes a rule */
/* The number of a term that the database has, or any. */
uint32_t ruleset_term(RulesetBuilder *builder, const KgTerm *term);
BaseStatus ruleset_term_of(RulesetBuilder *builder, KgId id, uint32_t *out, BaseError *err);
bool ruleset_is_predicate(const RulesetBuilder *builder, uint32_t term); /* a property or class in use */
bool ruleset_is_named(const RulesetBuilder *builder, uint32_t term);     /* no literal: it may be a class or property */

/* Adds a rule. In the pattern %t is a term, %c one that stands as a class (unary), %p as a property (binary), each a
 * uint32_t; %+ a key that the rule gives or needs besides, %s a string put in as it is, and %v
 * a letter (a char). Without `:-` it is a fact.
 */
void ruleset_rule(RulesetBuilder *builder, const char *name, const char *pattern, ...);
void ruleset_schema_rule(RulesetBuilder *builder, const char *name, const char *pattern, ...);
/* The same in parts. */
void ruleset_open(RulesetBuilder *builder, bool is_schema, const char *name);
void ruleset_part(RulesetBuilder *builder, const char *pattern, ...);
void ruleset_close(RulesetBuilder *builder);
/* All rules that are in the program; only_schema: those of axioms alone, and facts. */
bool ruleset_write(RulesetBuilder *builder, bool only_schema, BaseBuffer *out);

/* Settles, and gives each live key to `add`, which adds the rules about it, and each property whose objects may be
 * other than literals to `add_objects`, until there are no more. */
void ruleset_expand(RulesetBuilder *builder, void (*add)(RulesetBuilder *builder, uint32_t key),
                    void (*add_objects)(RulesetBuilder *builder, uint32_t property));
void ruleset_note_objects(RulesetBuilder *builder, uint32_t property, ObjectsState state);
bool ruleset_has_literals_only(const RulesetBuilder *builder, uint32_t property); /* as far as is known now */

/* ---- axioms.c: what of the database makes rules. */
bool ruleset_begin(RulesetBuilder *builder); /* the terms of the vocabulary; false: no memory */
const char *ruleset_vocabulary_iri(uint32_t term);
bool ruleset_is_datatype(uint32_t term); /* one that the sets know */
BaseStatus ruleset_read_axioms(RulesetBuilder *builder, BaseError *err);
/* Which properties and classes have asserted facts. */
BaseStatus ruleset_read_predicates(RulesetBuilder *builder, BaseError *err);
bool ruleset_add_axiom(RulesetBuilder *builder, uint32_t s, uint32_t p, uint32_t o);
void ruleset_sort_axioms(RulesetBuilder *builder);
Axioms ruleset_axioms(const RulesetBuilder *builder, uint32_t p);
Axioms ruleset_axioms_of(const RulesetBuilder *builder, uint32_t p, uint32_t s);
bool ruleset_has_axiom(const RulesetBuilder *builder, uint32_t s, uint32_t p, uint32_t o);
bool ruleset_is_mentioned(const RulesetBuilder *builder, uint32_t term); /* in some axiom */
/* Whether triples of the property, or members of the class, make rules. */
bool ruleset_is_part(uint32_t p, uint32_t o); /* several such triples about one term make a rule together */
bool ruleset_makes_rules(const RulesetBuilder *builder, uint32_t p, uint32_t o);

/* ---- derived.c: axioms that programs derive. */
/* Whether the program may derive axioms that make rules, beyond those known. Those that follow from axioms alone are
 * looked at (only_schema) before the rules of facts are. */
bool ruleset_may_give_axioms(RulesetBuilder *builder, const ReasonerProgram *program, bool only_schema);
/* Adds the axioms that were derived; *is_new: there are some that the builder did not know. */
BaseStatus ruleset_note_axioms(RulesetBuilder *builder, const Memory *memory, bool *is_new, BaseError *err);

/* ---- rdfs.c, owl.c: the rules of a set, of the axioms at hand. */
void ruleset_add_rdfs(RulesetBuilder *builder);
/* Warnings go to the sink. */
BaseStatus ruleset_add_owl(RulesetBuilder *builder, const BaseSink *sink, BaseError *err);
/* Rules that both sets have: domains, ranges, property and class hierarchies. */
void ruleset_add_hierarchies(RulesetBuilder *builder);
/* That objects of the property are of rdfs:Literal; of all properties, once it is known whether some rule asks. */
void ruleset_add_literal_range(RulesetBuilder *builder, uint32_t property);
void ruleset_add_literal_ranges(RulesetBuilder *builder);

#endif
