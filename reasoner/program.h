/* program.h - a rule program in memory: texts, constants, predicates, relations, rules, strata. Private to the room.
 * parse.c fills it, check.c and strata.c judge it, evaluate.c and prove.c read it; nothing changes it afterwards. */
#ifndef KGQ_REASONER_PROGRAM_H
#define KGQ_REASONER_PROGRAM_H

#include "reasoner/reasoner.h"
#include "reasoner/values.h"

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
    bool is_existential; /* a variable with `!`: heads only; numbered among the rule's variables */
    uint32_t index;      /* of the rule's variable, or of the program's constant */
    Place place;
} Term;

/* Operators and functions by the names of section 6 of the language; functions.c has the table. */
typedef enum Function {
    FUNCTION_NONE,
    FUNCTION_SUM,
    FUNCTION_PRODUCT,
    FUNCTION_SUBTRACTION,
    FUNCTION_DIVISION,
    FUNCTION_MIN,
    FUNCTION_MAX,
    FUNCTION_LUKA,
    FUNCTION_REM,
    FUNCTION_POW,
    FUNCTION_LOG,
    FUNCTION_ABS,
    FUNCTION_INVERTSIGN,
    FUNCTION_SQRT,
    FUNCTION_SIN,
    FUNCTION_COS,
    FUNCTION_TAN,
    FUNCTION_ROUND,
    FUNCTION_CEIL,
    FUNCTION_FLOOR,
    FUNCTION_BITAND,
    FUNCTION_BITOR,
    FUNCTION_BITXOR,
    FUNCTION_BITSHL,
    FUNCTION_BITSHR,
    FUNCTION_BITSHRU,
    FUNCTION_NUMLESS,
    FUNCTION_NUMLESSEQ,
    FUNCTION_NUMGREATER,
    FUNCTION_NUMGREATEREQ, /* the numeric ones end here */
    FUNCTION_EQUALITY,
    FUNCTION_UNEQUALITY,
    FUNCTION_NOT,
    FUNCTION_AND,
    FUNCTION_OR,
    FUNCTION_ISINTEGER,
    FUNCTION_ISFLOAT,
    FUNCTION_ISDOUBLE,
    FUNCTION_ISNUMERIC,
    FUNCTION_ISSTRING,
    FUNCTION_ISIRI,
    FUNCTION_ISNULL,
    FUNCTION_INT,
    FUNCTION_DOUBLE,
    FUNCTION_FLOAT,
    FUNCTION_IRI,
    FUNCTION_STR,
    FUNCTION_FULLSTR,
    FUNCTION_DATATYPE,
    FUNCTION_LANG, /* tests and casts end here; texts follow */
    FUNCTION_STRLANG,
    FUNCTION_STRLEN,
    FUNCTION_STRREV,
    FUNCTION_UCASE,
    FUNCTION_LCASE,
    FUNCTION_CONCAT,
    FUNCTION_COMPARE,
    FUNCTION_CONTAINS,
    FUNCTION_STRSTARTS,
    FUNCTION_STRENDS,
    FUNCTION_REGEX,
    FUNCTION_STRBEFORE,
    FUNCTION_STRAFTER,
    FUNCTION_SUBSTR,
    FUNCTION_LEVENSHTEIN,
    FUNCTION_URIENCODE,
    FUNCTION_URIDECODE,
    FUNCTION_COUNT, /* how many there are */
} Function;

typedef enum AggregateKind { AGGREGATE_COUNT, AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX } AggregateKind;

typedef enum ExpressionKind {
    EXPRESSION_TERM, /* `term` */
    EXPRESSION_CALL, /* `function` of `arguments` */
    /* The rest is syntax only; lower.c puts something else in its place, or tells a fault. */
    EXPRESSION_ANONYMOUS,
    EXPRESSION_PARAMETER, /* `index`: of the program's parameters */
    EXPRESSION_AGGREGATE, /* `aggregate` of arguments[0], with the others distinct */
    EXPRESSION_FUNCTOR,   /* `name`(arguments) */
    EXPRESSION_TUPLE,
    EXPRESSION_MAP, /* [name]{arguments[0] = arguments[1], ...} */
} ExpressionKind;

typedef struct Expression Expression;
struct Expression {
    ExpressionKind kind;
    Term term;
    Function function;
    AggregateKind aggregate;
    uint32_t index;
    const char *name;
    Expression **arguments;
    uint32_t count;
    Place place;
};

/* A side of a comparison: the expression where there is one, else the term. */
typedef struct Operand {
    Term term;
    const Expression *expression;
} Operand;

typedef struct Atom {
    bool is_negated;
    bool is_violation; /* the head of a constraint */
    uint32_t predicate;
    Term *terms; /* as written */
    uint32_t count;
    Place place;
    struct Aggregate *aggregate; /* heads only; NULL: none */
    Expression **written;        /* the arguments as parsed, `count` of them; lower.c makes the terms */
    /* The same atom over what is kept in memory: `triple(?x, p, ?y)` means the predicate p, with arguments ?x, ?y. */
    uint32_t meant; /* a predicate */
    uint32_t relation;
    Term *arguments;
} Atom;

typedef enum CompareOperator { EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL } CompareOperator;

/* `?v = expression` binds ?v where nothing else does (either way round). A call that stands alone as a condition is
 * compared with `true`. */
typedef struct Comparison {
    CompareOperator test;
    Operand left, right;
    bool is_of_head; /* it computes a head's argument */
    Place place;
} Comparison;

/* A head with an aggregate in one column. Matches of the body fall into groups by the values of `groups`; of a group
 * the set of distinct (input, distinct...) is folded over the input, the result is bound to `folded`, and, where there
 * is an `around`, its value to `result`, the variable that stands in the head's column. */
typedef struct Aggregate {
    AggregateKind kind;
    uint32_t column;
    Term input;
    const Term *distinct;
    uint32_t distinct_count;
    const Term *groups; /* variables: of the other columns, and of `around` */
    uint32_t group_count;
    uint32_t folded, result;  /* variables; the same when `around` is NULL */
    const Expression *around; /* over `folded` and the groups */
    Place place;
} Aggregate;

typedef struct Literal {
    bool is_comparison;
    Atom atom;             /* else */
    Comparison comparison; /* when is_comparison */
} Literal;
/* Whether it is an atom that must hold. */
static inline bool is_positive(const Literal *literal)
{
    return !literal->is_comparison && !literal->atom.is_negated;
}

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
    bool has_existential, has_aggregate, has_expression, has_external; /* some term, head, comparison, body atom */
    bool is_void;        /* faulty, or without a value; such rules are dropped when the program is lowered */
    bool is_needed;      /* some output depends on it, or it is a constraint; the others are not run */
    bool is_constraint;  /* written with the head #false: its only head holds the variables of a violation */
    double weight;       /* #[weight(w)]; NAN: none */
    Expression *display; /* #[display(...)]; NULL: none */
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
    bool is_violation;
    const ReasonerExternal *external; /* NULL: of facts */
    bool is_needed;                   /* an output, or read by a rule that is needed */
    uint32_t stratum;                 /* the rules for it run in this one */
    Place place;                      /* where first written */
} Predicate;

/* Where tuples are kept. Predicates that a view (triple, open rdf:type) of this program covers share its relation. */
typedef struct RelationShape {
    PredicateKind kind;
    uint32_t predicate; /* CLASS, PROPERTY and LOCAL: whose tuples these are */
    uint32_t arity;
    bool is_head; /* some rule or fact of the program derives into it */
} RelationShape;

/* $name: defined in a text, or supplied from outside, which wins. */
typedef struct Parameter {
    const char *name;
    Expression *definition; /* NULL: used, but not defined */
    bool is_supplied, is_resolving;
    Expression *value; /* once resolved: ground; NULL: faulty */
    bool is_resolved;
    Place place; /* of the definition, or of the first use */
} Parameter;

/* `name = value` of an @import or @export, or a binding behind it, `variable = value`. */
typedef struct Setting {
    const char *name;
    uint32_t variable;
    Expression *value;
    Place place;
} Setting;

/* @import and @export as written; transfer.c reads the settings. */
typedef struct Transfer {
    bool is_export;
    Term predicate; /* the constant that names it */
    uint32_t found; /* the predicate; NOWHERE: not known */
    const char *format;
    Setting *settings, *bindings;
    uint32_t setting_count, binding_count;
    const char **variables;
    Place place, format_place;
    struct TransferPlan *plan; /* transfer.h */
} Transfer;

struct ReasonerProgram {
    bool is_ruleset; /* literals are checked against the datatypes that they are put in */
    bool for_files;  /* a program by itself: every predicate lives inside, values are those of the language */
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
    struct {
        Value *items; /* of the constants */
        size_t count, capacity;
    } values;
    struct {
        Parameter *items;
        size_t count, capacity;
    } parameters;
    struct {
        Transfer *items;
        size_t count, capacity;
    } transfers;
    BaseMap constant_index, predicate_index; /* by hash */
    uint32_t type_constant;                  /* rdf:type */
    uint32_t stratum_count;
    struct {
        Term *items; /* what @output names, as constants */
        size_t count, capacity;
    } outputs;
    bool is_incomplete; /* some statement could not be read */
    bool needs_values;  /* some rule compares by size, computes, aggregates or creates */
};

/* `<_:b1>` in rules on a database: its blank node of that label, where an IRI may stand. (No IRI begins so.) */
static inline bool reasoner_is_node(KgText iri)
{
    return iri.length > 2 && iri.bytes[0] == '_' && iri.bytes[1] == ':';
}

ReasonerProgram *reasoner_program_new(bool for_files); /* NULL: no memory */
/* The term's index, copied into the program when it is new; NOWHERE: no memory. */
uint32_t reasoner_program_constant(ReasonerProgram *program, const KgTerm *term);
/* The same for a value. A term and a value are the same constant where the value is the term's, and only the 32-bit
 * floats have no term of their own. */
uint32_t reasoner_program_value(ReasonerProgram *program, const Value *value);
/* The predicate's index, made when it is new; NOWHERE: no memory. */
uint32_t reasoner_program_predicate(ReasonerProgram *program, PredicateKind kind, KgText iri, uint32_t arity);
/* Whether the literal is an atom of an external predicate. */
bool reasoner_is_external(const ReasonerProgram *program, const Literal *literal);
/* A place for base_fail_at; borrows from the program. */
BaseSource reasoner_program_source(const ReasonerProgram *program, Place place);

/* What is faulty or surprising, told to the sink in the order of places once all is known. */
typedef struct Fault {
    Place place;
    size_t number; /* in the order found */
    BaseError error;
} Fault;
typedef struct Faults {
    const ReasonerProgram *program;
    struct {
        Fault *items;
        size_t count, capacity;
    } told;
    size_t count, warnings;
} Faults;
/* Hint may be NULL. */
void reasoner_fault(Faults *faults, Place place, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void reasoner_warn(Faults *faults, Place place, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Takes back the warnings that were told from the one on and before the other. */
void reasoner_forget_faults(Faults *faults, size_t from, size_t to);
/* Tells all to the sink and empties *faults; *first is the first that is no warning, and may be NULL. */
void reasoner_tell_faults(Faults *faults, const BaseSink *sink, BaseError *first);

/* lower.c: gives parameters their values, computes what is ground, makes terms, comparisons and aggregates of what was
 * written, and checks each rule. BASE_NO_MEMORY. */
BaseStatus reasoner_lower(ReasonerProgram *program, Faults *faults, BaseError *err);

/* check.c: faults of one rule that the grammar does not see: unsafe variables, no positive atom. */
bool reasoner_check_rule(const ReasonerProgram *program, Rule *rule, Faults *faults); /* false: no memory */

/* transfer.c: reads the settings of @import and @export, and gives each its predicate. BASE_NO_MEMORY. */
BaseStatus reasoner_plan_transfers(ReasonerProgram *program, Faults *faults, BaseError *err);

/* need.c: which predicates and rules the outputs need; warns of the others. BASE_NO_MEMORY. */
BaseStatus reasoner_find_needs(ReasonerProgram *program, Faults *faults, BaseError *err);

/* layout.c: what each predicate is, where its tuples are kept, and the arguments of each atom there; what is output. */
BaseStatus reasoner_lay_out(ReasonerProgram *program, Faults *faults, BaseError *err);

/* strata.c: gives each predicate its stratum; a cycle through negation is a fault. BASE_NO_MEMORY. */
BaseStatus reasoner_stratify(ReasonerProgram *program, Faults *faults, BaseError *err);

#endif
