/* tree.h - a random query as a tree, made so that it can be written as text, evaluated, and cut smaller. */
#ifndef KGQ_TESTS_SPARQL_TREE_H
#define KGQ_TESTS_SPARQL_TREE_H

#include "lexicon.h"

#define VARIABLES 8
/* A place is a term's number, a variable, or one of these. */
#define VARIABLE(v) (-2 - (v)) /* ?v0 .. ?v7 */
#define NOTHING (-1)           /* no place here; UNDEF in VALUES */
#define ANONYMOUS (-100)       /* [] */
static inline bool is_variable(int place)
{
    return place <= VARIABLE(0) && place > VARIABLE(VARIABLES);
}
static inline int variable_of(int place)
{
    return -2 - place;
}

typedef enum Kind {
    /* Patterns */
    GROUP,    /* children: elements */
    TRIPLE,   /* places s, p, o */
    PATH,     /* places s, -, o; child: the path */
    FILTER,   /* child: expression */
    BIND,     /* place 0: variable; child: expression */
    VALUES,   /* places: up to 3 variables; children: ROW */
    ROW,      /* places: terms */
    OPTIONAL, /* child: GROUP; MINUS likewise */
    MINUS,
    UNION,    /* children: GROUPs */
    GRAPH,    /* place 0; child: GROUP */
    SUBQUERY, /* child: SELECT */
    /* A query: first child is the WHERE group */
    SELECT, /* is_distinct, limit, offset */
    ITEM,   /* place 0: variable; child: expression, if any */
    KEY,    /* GROUP BY: likewise */
    HAVING, /* child: expression */
    ORDER,  /* child: expression; is_distinct: DESC */
    FROM,   /* place 0; FROM_NAMED likewise */
    FROM_NAMED,
    TRAILING, /* VALUES behind the query; child: VALUES */
    /* Paths */
    LINK, /* place 0 */
    INVERSE,
    SEQUENCE,
    ALTERNATIVE,
    STAR,
    PLUS,
    MAYBE,
    NEGATED, /* children: LINK, and INVERSE of LINK */
    /* Expressions: children are the arguments */
    TERM, /* place 0: a term or a variable */
    OR,
    AND,
    NOT,
    EQUAL,
    DIFFERENT,
    LESS,
    GREATER,
    AT_MOST,
    AT_LEAST,
    IN,
    NOT_IN,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    BOUND,
    EXISTS, /* child: GROUP */
    NOT_EXISTS,
    IF,
    COALESCE,
    SAME_TERM,
    STR,
    LANG,
    DATATYPE,
    STRLEN,
    STRSTARTS,
    STRENDS,
    CONTAINS,
    REGEX, /* its pattern is plain text */
    IS_IRI,
    IS_BLANK,
    IS_LITERAL,
    IS_NUMERIC,
    /* Aggregates: is_distinct; child: expression, none in COUNT(*) */
    COUNT,
    SUM,
    MIN,
    MAX,
    AVG,
    SAMPLE,
    GROUP_CONCAT,
} Kind;

typedef struct Node {
    Kind kind;
    int places[3];
    bool is_distinct;
    int limit, offset; /* SELECT: NOTHING where there is none */
    struct Node *child, *next;
} Node;

static inline bool is_aggregate(Kind kind)
{
    return kind >= COUNT;
}

/* The first child of that kind; NULL: none. */
static inline const Node *child_of(const Node *node, Kind kind)
{
    for (const Node *child = node->child; child; child = child->next)
        if (child->kind == kind)
            return child;
    return NULL;
}

/* Bits of the variables in scope: SPARQL 1.1, section 18.2.1. */
unsigned visible_variables(const Node *node);
bool has_aggregate(const Node *node); /* in this expression or one below, patterns left out */
bool is_grouped(const Node *select);  /* GROUP BY, HAVING or an aggregate */
void write_query(FILE *out, const Lexicon *lexicon, const Node *select);
Node *copy_tree(BaseArena *arena, const Node *node);
/* The n-th way to make the tree smaller, done in place. False: there is none. */
bool cut_tree(BaseArena *arena, Node *select, int n);

#endif
