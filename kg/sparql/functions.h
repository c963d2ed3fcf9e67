/* functions.h - the functions of SPARQL 1.1 (section 17.4) and the casts of XML Schema types (17.5), by name. */
#ifndef KGQ_KG_SPARQL_FUNCTIONS_H
#define KGQ_KG_SPARQL_FUNCTIONS_H

#include "kg/sparql/expr.h"

typedef enum BuiltinForm {
    BUILTIN_PLAIN,    /* takes values, by `call` */
    BUILTIN_VOLATILE, /* likewise, and gives something else each time */
    BUILTIN_BOUND,    /* these three look at their arguments' expressions */
    BUILTIN_IF,
    BUILTIN_COALESCE,
} BuiltinForm;

#define BUILTIN_ANY UINT8_MAX /* no upper bound on arguments */

/* Arguments may be changed (a number's text filled in). False: error; eval->status tells a machine's from a type's. */
typedef bool BuiltinCall(Eval *eval, Value *arguments, size_t count, Value *out);

typedef struct Builtin {
    const char *name;
    uint8_t least, most;
    BuiltinForm form;
    BuiltinCall *call;
} Builtin;

const Builtin *sparql_find_builtin(KgText name); /* in any case; NULL: none */
const char *sparql_nearest_builtin(KgText name);
const Builtin *sparql_find_cast(KgText iri);

/* Whether the pattern is found in the text; false where that is an error. */
bool sparql_regex_matches(Eval *eval, KgText text, KgText pattern, KgText flags, bool *out);

/* The calls, by the file they are in. functions.c, as far as others look for them: */
BuiltinCall sparql_call_str;
/* text_functions.c: */
BuiltinCall sparql_call_strlen, sparql_call_substr, sparql_call_ucase, sparql_call_lcase, sparql_call_strstarts,
    sparql_call_strends, sparql_call_contains, sparql_call_strbefore, sparql_call_strafter, sparql_call_concat,
    sparql_call_langmatches, sparql_call_regex, sparql_call_replace, sparql_call_encode_for_uri;
/* casts.c: */
BuiltinCall sparql_cast_boolean, sparql_cast_double, sparql_cast_float, sparql_cast_decimal, sparql_cast_integer,
    sparql_cast_datetime, sparql_cast_date, sparql_cast_string;
/* digests.c: */
BuiltinCall sparql_call_md5, sparql_call_sha1, sparql_call_sha256, sparql_call_sha384, sparql_call_sha512;

#endif
