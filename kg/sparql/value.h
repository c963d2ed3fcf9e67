/* value.h - a term as an expression sees it: decoded, compared, and turned back into a term. */
#ifndef KGQ_KG_SPARQL_VALUE_H
#define KGQ_KG_SPARQL_VALUE_H

#include "kg/sparql/ast.h"
#include "kg/sparql/exact.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"

typedef enum ValueType {
    VALUE_BLANK, /* in the order that ORDER BY puts them */
    VALUE_IRI,
    VALUE_STRING,
    VALUE_LANGUAGE, /* a string with a language */
    VALUE_BOOLEAN,
    VALUE_INTEGER, /* with the types derived from it */
    VALUE_DECIMAL,
    VALUE_FLOAT,
    VALUE_DOUBLE,
    VALUE_DATETIME,
    VALUE_DATE,
    VALUE_OTHER, /* a datatype that is not known here, or a text that does not fit its type */
} ValueType;

typedef struct Moment {
    int64_t year;
    int month, day, hour, minute;
    int64_t nanoseconds; /* of the minute */
    bool has_zone;
    int zone; /* minutes east */
} Moment;

typedef struct Value {
    ValueType type;
    KgId id;     /* 0: not looked up yet */
    KgTerm term; /* its text may be NULL, but for strings, IRIs, blank nodes and OTHER, until sparql_value_term */
    union {
        bool truth;
        Exact exact;   /* INTEGER, DECIMAL */
        double number; /* FLOAT, DOUBLE */
        Moment moment;
    } as;
} Value;

void sparql_value_decode(const KgTerm *term, Value *out); /* the term stays borrowed */
/* Fills value->term where its text is NULL; false: no memory. */
bool sparql_value_term(Value *value, BaseArena *arena);

static inline bool value_is_numeric(const Value *value)
{
    return value->type >= VALUE_INTEGER && value->type <= VALUE_DOUBLE;
}
static inline bool value_is_literal(const Value *value)
{
    return value->type >= VALUE_STRING;
}
Value sparql_value_boolean(bool truth);
Value sparql_value_integer(int64_t number);
Value sparql_value_exact(ValueType type, Exact number);
Value sparql_value_double(ValueType type, double number);
Value sparql_value_string(KgText text);
Value sparql_value_iri(KgText text);
double sparql_value_number(const Value *value); /* of any numeric type */

/* Each is false where SPARQL says "type error"; the answer is in *out. */
bool sparql_value_truth(const Value *value, bool *out);             /* the effective boolean value, section 17.2.2 */
bool sparql_value_equal(const Value *a, const Value *b, bool *out); /* the operator =, sections 17.3 and 17.4.1.7 */
bool sparql_value_compare(ExprOp op, const Value *a, const Value *b, bool *out); /* < > <= >= */
bool sparql_value_same(const Value *a, const Value *b); /* sameTerm, of values whose terms are made */

/* ORDER BY: blank < IRI < literal, literals of one kind by value; a total order. */
int sparql_value_order(const Value *a, const Value *b);

#endif
