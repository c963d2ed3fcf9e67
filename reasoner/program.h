/* program.h - a rule program in memory: texts, constants, predicates, relations, rules, strata. Private to the room.
 * parse.c fills it, check.c and strata.c judge it, evaluate.c and prove.c read it; nothing changes it afterwards. */
#ifndef KGQ_REASONER_PROGRAM_H
#define KGQ_REASONER_PROGRAM_H

#include "reasoner/reasoner.h"

#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
#define XSD "http://www.w3.org/2001/XMLSchema#"
#define NOWHERE UINT32_MAX /* no index */
#define ARITY_LIMIT 64     /* columns are told apart by the bits of a word */

/* A stretch of one of the program's texts. */
typedef struct Place {
    uint32_t text, offset, length; /* bytes */
} Place;

typedef struct Term {
    bool is_variable;
    uint32_t index; /* of the rule's variable, or of the program's constant */
    Place place;
} Term;

typedef struct Atom {
    bool is_negated;
    uint32_t predicate;
    Term *terms; /* as written */
    uint32_t count;
    Place place;
    /* The same atom over what is kept in memory: `triple(?x, p, ?y)` means the predicate p, with arguments ?x, ?y. */
    uint32_t meant; /* a predicate */
    uint32_t relation;
    Term *arguments;
} Atom;

typedef enum CompareOperator { EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL } CompareOperator;

typedef struct Comparison {
    CompareOperator test;
    Term left, right;
    Place place;
} Comparison;

typedef struct Literal {
    bool is_comparison;
    Atom atom;             /* else */
    Comparison comparison; /* when is_comparison */
} Literal;

typedef struct Rule {
    const char *name, *text, *place_text; /* see reasoner.h */
    Place place;
    Atom *heads;
    uint32_t head_count;
    Literal *body; /* none: a fact */
    uint32_t body_count;
    const char **variables; /* names with '?'; anonymous ones are "_" */
    uint32_t variable_count;
    bool *is_safe; /* by variable: bound once all positive atoms are; set by check.c */
} Rule;

/* What rules speak of. `triple` covers every unary and binary predicate; rdf:type with an open class every unary one.
 */
typedef enum PredicateKind { PREDICATE_CLASS, PREDICATE_PROPERTY, PREDICATE_TRIPLE, PREDICATE_LOCAL } PredicateKind;
typedef struct Predicate {
    PredicateKind kind;
    const char *iri, *name; /* the name as a TSV field would write it */
    uint32_t arity;
    uint32_t constant; /* the constant that is this IRI */
    bool is_written;   /* some atom names it so, for the check of arities */
    bool is_meant;     /* some atom speaks of it; `triple` with a given ?p is written but not meant */
    bool is_head, is_output, is_stored;
    uint32_t stratum; /* the rules for it run in this one */
    Place place;      /* where first written */
} Predicate;

/* Where tuples are kept. Predicates that a view (triple, open rdf:type) of this program covers share its relation. */
typedef struct RelationShape {
    PredicateKind kind;
    uint32_t predicate; /* CLASS, PROPERTY and LOCAL: whose tuples these are */
    uint32_t arity;
    bool is_head; /* some rule or fact of the program derives into it */
} RelationShape;

struct ReasonerProgram {
    BaseArena arena; /* holds all that the arrays below point to; the arrays themselves are malloc'ed */
    struct {
        ReasonerText *items;
        size_t count, capacity;
    } texts;
    struct {
        KgTerm *items;
        size_t count, capacity;
    } constants;
    struct {
        Predicate *items;
        size_t count, capacity;
    } predicates;
    struct {
        RelationShape *items;
        size_t count, capacity;
    } relations;
    struct {
        Rule *items;
        size_t count, capacity;
    } rules;
    BaseMap constant_index, predicate_index; /* by hash */
    uint32_t type_constant;                  /* rdf:type */
    uint32_t stratum_count;
    struct {
        Term *items; /* what @output names, as constants */
        size_t count, capacity;
    } outputs;
    bool has_order; /* some comparison needs numbers */
};

ReasonerProgram *reasoner_program_new(void); /* NULL: no memory */
/* The term's index, copied into the program when it is new; NOWHERE: no memory. */
uint32_t reasoner_program_constant(ReasonerProgram *program, const KgTerm *term);
/* The predicate's index, made when it is new; NOWHERE: no memory. */
uint32_t reasoner_program_predicate(ReasonerProgram *program, PredicateKind kind, KgText iri, uint32_t arity);
/* A place for base_fail_at; borrows from the program. */
BaseSource reasoner_program_source(const ReasonerProgram *program, Place place);

/* The next faulty or surprising thing goes to the sink; the first is kept for *err. */
typedef struct Faults {
    const ReasonerProgram *program;
    const BaseSink *sink;
    BaseError first;
    size_t count;
} Faults;
/* Hint may be NULL. */
void reasoner_fault(Faults *faults, Place place, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* check.c: faults of one rule that the grammar does not see: unsafe variables, no positive atom. */
void reasoner_check_rule(Rule *rule, Faults *faults);

/* layout.c: what each predicate is, where its tuples are kept, and the arguments of each atom there; what is output. */
BaseStatus reasoner_lay_out(ReasonerProgram *program, Faults *faults, BaseError *err);

/* strata.c: gives each predicate its stratum; a cycle through negation is a fault. BASE_NO_MEMORY. */
BaseStatus reasoner_stratify(ReasonerProgram *program, Faults *faults, BaseError *err);

#endif
