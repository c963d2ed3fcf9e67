/* algebra.h - the meaning of a query: its syntax tree as the operators of the SPARQL algebra (SPARQL 1.1,
 * section 18.2), paths taken apart as far as triples, unions and joins can say them, aggregates given variables of
 * their own. */
#ifndef KGQ_KG_SPARQL_ALGEBRA_H
#define KGQ_KG_SPARQL_ALGEBRA_H

#include "kg/sparql/extensions.h"
#include "kg/sparql/varset.h"

typedef enum AlgebraKind {
    ALGEBRA_UNIT, /* one row that binds nothing */
    ALGEBRA_TRIPLE,
    ALGEBRA_PATH,      /* one with * + or ? */
    ALGEBRA_JOIN,      /* of all children, in any order */
    ALGEBRA_LEFT_JOIN, /* children[0], and where `filters` hold children[1] */
    ALGEBRA_FILTER,
    ALGEBRA_UNION,
    ALGEBRA_MINUS,
    ALGEBRA_EXTEND,
    ALGEBRA_VALUES,
    ALGEBRA_SELECT,
    ALGEBRA_GRAPH,    /* children[0] in the graph `s`, or in each in turn */
    ALGEBRA_SERVICE,  /* `service` at the endpoint `s` */
    ALGEBRA_PROPERTY, /* a property function */
} AlgebraKind;

typedef struct Algebra {
    AlgebraKind kind;
    AstNode s, p, o; /* TRIPLE, PATH; GRAPH, SERVICE: s */
    const AstPath *path;
    struct Algebra **children;
    size_t count, capacity;
    AstExpr **filters;
    size_t filter_count;
    Assignment assignment; /* EXTEND */
    uint32_t marker;       /* LEFT_JOIN: a variable for sparql_new_optional */
    const AstValues *values;
    const ServiceSpec *service;
    const PropertySpec *property;
    struct SelectAlgebra *select;
    VarSet possible, certain; /* variables it may bind, and does bind in every row; set by sparql_find_bindings */
    double matches;           /* TRIPLE: those of its constants; negative: not counted yet */
} Algebra;

typedef struct SelectAlgebra {
    AstSelect *ast;
    size_t width; /* variables, with those the translation made */
    Algebra *where;
    Assignment *group_assignments; /* GROUP BY expressions */
    size_t group_assignment_count;
    GroupSpec group;
    Assignment *assignments; /* SELECT expressions */
    size_t assignment_count;
    Algebra *values; /* the VALUES behind the query; NULL: none */
} SelectAlgebra;

/* In the run's arena. */
BaseStatus sparql_translate(Run *run, AstSelect *select, SelectAlgebra **out, BaseError *err);

#endif
