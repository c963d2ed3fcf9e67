/* extensions.h - functions and property functions that are not SPARQL's own: those that a program registers, and those
 * of kgq, which are made in the same way. */
#ifndef KGQ_KG_SPARQL_EXTENSIONS_H
#define KGQ_KG_SPARQL_EXTENSIONS_H

#include "kg/sparql/operator.h"

struct KgCall {
    Run *run;
    BaseArena *arena;
    Value *arguments; /* of a function */
};

const KgFunction *sparql_find_function(const Run *run, KgText iri);                  /* NULL: none */
const KgPropertyFunction *sparql_find_property_function(const Run *run, KgText iri); /* likewise */
/* Sets expr->function. BASE_BAD_INPUT: there is no such function, or it takes another number of arguments. */
BaseStatus sparql_resolve_function(Run *run, AstExpr *expr, BaseError *err);

/* ---- Property functions in patterns (property_call.c) ---- */

typedef struct PropertySpec {
    const KgPropertyFunction *function;
    AstPlace place; /* of the whole */
    BaseSource at;  /* of its name, for messages while it runs */
    AstNode *arguments;
    size_t subjects, count;
} PropertySpec;

/* By triple of a pattern: the call it is, or whether it belongs to the list of a call. Both NULL: there is no call. */
typedef struct PropertyCalls {
    const PropertySpec **specs;
    bool *is_taken;
} PropertyCalls;
/* BASE_BAD_INPUT: one with another number of arguments. */
BaseStatus sparql_find_property_calls(Run *run, const AstPattern *pattern, PropertyCalls *out, BaseError *err);

/* A place in the query, with copies of its texts: those of the query may be gone when it is spoken of. False: no
 * memory. */
bool sparql_keep_place(const Run *run, AstPlace place, BaseSource *out);

/* property_operator.c */
Operator *sparql_new_property(Builder *builder, Operator *input, const PropertySpec *spec, const Place *arguments);

/* ---- kgq's own (provenance.c) ---- */

const KgFunction *sparql_own_function(KgText iri);
const KgPropertyFunction *sparql_own_property_function(KgText iri);
bool sparql_layer_of(const KgTerm *iri, KgLayer *out); /* false: it names none */

#endif
