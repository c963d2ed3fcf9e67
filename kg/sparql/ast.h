/* ast.h - a parsed query or update. Everything lies in one arena and knows its place in the text. Prefixes and relative
 * IRIs are resolved, variables are numbers in the scope of their SELECT (a subquery has its own), blank nodes in
 * patterns are variables nobody can name. */
#ifndef KGQ_KG_SPARQL_AST_H
#define KGQ_KG_SPARQL_AST_H

#include "kg/kg.h"

#include <string.h>

static inline bool text_is(KgText text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

typedef struct AstPlace {
    uint32_t offset, width; /* bytes */
} AstPlace;

#define AST_NO_VARIABLE UINT32_MAX

typedef struct AstNode {
    AstPlace place;
    uint32_t variable; /* AST_NO_VARIABLE: `term` */
    KgTerm term;
} AstNode;

typedef enum AstPathKind {
    PATH_LINK,         /* iri */
    PATH_INVERSE,      /* ^first */
    PATH_SEQUENCE,     /* first / second */
    PATH_ALTERNATIVE,  /* first | second */
    PATH_ZERO_OR_MORE, /* first* */
    PATH_ONE_OR_MORE,  /* first+ */
    PATH_ZERO_OR_ONE,  /* first? */
    PATH_NEGATED,      /* !(…): `first` is a chain, by `next`, of LINK and INVERSE of LINK */
} AstPathKind;

typedef struct AstPath {
    AstPathKind kind;
    AstPlace place;
    KgTerm iri;
    struct AstPath *first, *second, *next;
    uint32_t depth; /* of the tree: evaluation recurses along it */
} AstPath;

typedef struct AstTriple {
    AstNode subject, predicate, object;
    AstPath *path; /* instead of the predicate; never a bare LINK */
} AstTriple;

typedef enum ExprOp {
    EXPR_VARIABLE,
    EXPR_TERM,
    EXPR_OR,
    EXPR_AND,
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_GT,
    EXPR_LE,
    EXPR_GE,
    EXPR_IN,     /* arguments[0] in the rest */
    EXPR_NOT_IN, /* likewise */
    EXPR_ADD,
    EXPR_SUBTRACT,
    EXPR_MULTIPLY,
    EXPR_DIVIDE,
    EXPR_NOT,
    EXPR_PLUS,
    EXPR_MINUS,
    EXPR_EXISTS,
    EXPR_NOT_EXISTS,
    EXPR_AGGREGATE, /* `aggregate`; no argument: COUNT(*) */
    EXPR_CALL,      /* `builtin` */
    EXPR_CAST,      /* node.term(...); `builtin` NULL: no such function is known */
} ExprOp;

typedef enum Aggregate {
    AGGREGATE_COUNT,
    AGGREGATE_SUM,
    AGGREGATE_MIN,
    AGGREGATE_MAX,
    AGGREGATE_AVG,
    AGGREGATE_SAMPLE,
    AGGREGATE_GROUP_CONCAT,
} Aggregate;

struct AstPattern;
struct Builtin; /* functions.h */

typedef struct AstExpr {
    ExprOp op;
    AstPlace place;
    bool distinct; /* AGGREGATE */
    AstNode node;  /* VARIABLE, TERM; CAST: the function's IRI */
    Aggregate aggregate;
    const struct Builtin *builtin; /* CALL, CAST */
    const KgFunction *function;    /* CAST without a builtin; found by the translation */
    const BaseSource *function_at; /* likewise: where the query calls it */
    KgText separator;              /* GROUP_CONCAT */
    struct AstExpr **arguments;
    size_t count;
    uint32_t depth;               /* of the tree: evaluation recurses along it */
    struct AstPattern *pattern;   /* EXISTS: the group */
    const struct Value *constant; /* TERM: decoded once, by the translation */
    struct Algebra *algebra;      /* EXISTS: likewise */
    uint32_t marker;              /* EXISTS: a variable for sparql_new_exists */
    struct SubPlan *plan;         /* EXISTS: what runs it, by the planner */
} AstExpr;

typedef struct AstValues {
    AstPlace place;
    uint32_t *variables;
    size_t width, rows;
    AstNode *cells; /* row by row */
    bool *is_bound; /* UNDEF: false */
} AstValues;

typedef enum AstPatternKind {
    PATTERN_TRIPLES,
    PATTERN_GROUP,    /* children: its elements */
    PATTERN_UNION,    /* children: groups */
    PATTERN_OPTIONAL, /* children: one group; likewise MINUS */
    PATTERN_MINUS,
    PATTERN_FILTER,
    PATTERN_BIND,
    PATTERN_VALUES,
    PATTERN_SELECT,
    PATTERN_GRAPH,   /* target: its name; children: one group */
    PATTERN_SERVICE, /* target: the endpoint; children: one group, which is only looked at for its variables */
} AstPatternKind;

/* SERVICE: what is sent. */
typedef struct AstService {
    bool silent;
    KgText prologue; /* BASE and PREFIX for the names in `body` */
    KgText body;     /* the group as it is written, with its braces */
} AstService;

typedef struct AstPattern {
    AstPatternKind kind;
    AstPlace place;
    struct AstPattern *next;     /* sibling */
    struct AstPattern *children; /* first of them */
    AstTriple *triples;
    size_t triple_count;
    AstExpr *expr;  /* FILTER, BIND */
    AstNode target; /* BIND, GRAPH, SERVICE */
    AstValues *values;
    struct AstSelect *select;
    AstService *service;
} AstPattern;

typedef struct AstVariable {
    const char *name; /* without '?'; NULL: a blank node, or made by the translation */
    AstPlace place;   /* where it is first seen */
} AstVariable;

/* `variable`, or `(expr AS variable)`; in GROUP BY also an expression without a variable of its own. */
typedef struct AstItem {
    AstExpr *expr; /* NULL: the variable as it is */
    AstNode target;
    uint32_t outer; /* in a subquery: the variable of the scope around it */
} AstItem;

typedef struct AstOrder {
    AstExpr *expr;
    bool descending;
} AstOrder;

/* FROM and FROM NAMED; USING and USING NAMED. */
typedef struct AstDataset {
    bool is_named;
    AstPlace place;
    KgTerm iri;
    struct AstDataset *next;
} AstDataset;

/* SELECT, and the rest of the query forms, which have the same body and modifiers. */
typedef struct AstSelect {
    KgQueryForm form;
    AstPlace place;
    KgText base; /* for IRI() */
    bool distinct, reduced, star;
    struct {
        AstVariable *items;
        size_t count;
    } variables;    /* the scope */
    AstItem *items; /* projection; filled for `*` too, except DESCRIBE's IRIs */
    size_t item_count;
    AstNode *described; /* DESCRIBE */
    size_t described_count;
    AstTriple *template; /* CONSTRUCT */
    size_t template_count;
    AstDataset *dataset; /* NULL: the database's own graphs */
    AstPattern *where;   /* a GROUP; NULL: DESCRIBE without one */
    AstItem *groups;
    size_t group_count;
    bool is_grouped; /* GROUP BY, HAVING, or an aggregate somewhere */
    AstExpr **having;
    size_t having_count;
    AstOrder *order;
    size_t order_count;
    uint64_t limit, offset; /* limit UINT64_MAX: none */
    AstValues *values;      /* behind the modifiers; NULL: none */
} AstSelect;

/* ---- Updates (SPARQL 1.1 Update) ---- */

/* Triples of one graph, of data or of a template. */
typedef struct AstQuads {
    bool is_named; /* by GRAPH; otherwise: of the default graph, or of WITH's */
    AstNode graph;
    AstTriple *triples;
    size_t count;
    struct AstQuads *next;
} AstQuads;

typedef enum AstGraphsKind { GRAPHS_DEFAULT, GRAPHS_NAMED, GRAPHS_ALL, GRAPHS_IRI } AstGraphsKind;
typedef struct AstGraphs {
    AstGraphsKind kind;
    AstPlace place;
    KgTerm iri;
} AstGraphs;

typedef enum AstOperationKind {
    UPDATE_INSERT_DATA,
    UPDATE_DELETE_DATA,
    UPDATE_MODIFY, /* DELETE and INSERT by templates; DELETE WHERE, its pattern being the template */
    UPDATE_LOAD,
    UPDATE_CLEAR, /* DROP likewise: a graph that has no triples is not there */
    UPDATE_CREATE,
    UPDATE_ADD,
    UPDATE_MOVE,
    UPDATE_COPY,
} AstOperationKind;

typedef struct AstOperation {
    AstOperationKind kind;
    AstPlace place; /* of its first word */
    AstQuads *deleted, *inserted;
    AstSelect *select; /* DATA: only its variables, which are the blank nodes; MODIFY: USING, WHERE and all variables */
    bool has_with;
    KgTerm with;
    bool silent;
    AstGraphs from, to; /* CLEAR: from; LOAD, CREATE: to; ADD, MOVE, COPY: both */
    KgTerm source;      /* LOAD */
    struct AstOperation *next;
} AstOperation;

typedef struct AstUpdate {
    AstOperation *first;
    size_t count;
} AstUpdate;

#endif
