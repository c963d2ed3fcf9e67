/* odd_terms.h - terms at the edges of what ids hold, as queries write them. */
#ifndef KGQ_TESTS_SPARQL_ODD_TERMS_H
#define KGQ_TESTS_SPARQL_ODD_TERMS_H

#define IRI_OF_XSD "<http://www.w3.org/2001/XMLSchema#"
#define TYPED(text, type) "\"" text "\"^^" IRI_OF_XSD type ">"

/* Terms of all kinds in one column: held by ids, and of the same datatypes in the dictionary. */
static const char *const odd_terms[] = {
    /* numbers */
    TYPED("1", "integer"),
    TYPED("-7", "integer"),
    TYPED("01", "integer"),
    TYPED("+5", "integer"),
    TYPED("36028797018963967", "integer"),
    TYPED("36028797018963968", "integer"),
    TYPED("-36028797018963969", "integer"),
    TYPED("9007199254740993", "integer"),
    TYPED("123456789012345678901234567890", "integer"),
    TYPED("7", "int"),
    TYPED("1.5", "decimal"),
    TYPED("1.50", "decimal"),
    TYPED("-0.000001", "decimal"),
    TYPED("0.0000001", "decimal"),
    TYPED("5000000000.5", "decimal"),
    TYPED("1.0", "decimal"),
    TYPED("1.0E0", "double"),
    TYPED("1", "double"),
    TYPED("-0.0E0", "double"),
    TYPED("0.0E0", "double"),
    TYPED("0.1", "double"),
    TYPED("1.0E300", "double"),
    TYPED("9007199254740992", "double"),
    TYPED("NaN", "double"),
    TYPED("INF", "double"),
    TYPED("-INF", "double"),
    TYPED("1.5", "float"),
    TYPED("0.1", "float"),
    TYPED("NaN", "float"),
    /* others */
    TYPED("true", "boolean"),
    TYPED("false", "boolean"),
    TYPED("1", "boolean"),
    TYPED("maybe", "boolean"),
    TYPED("one", "integer"),
    TYPED("", "date"),
    TYPED("2020-01-01", "date"),
    TYPED("2020-01-01Z", "date"),
    TYPED("2020-01-01+14:00", "date"),
    TYPED("2019-12-31-13:30", "date"),
    TYPED("12020-01-01", "date"),
    TYPED("-0044-03-15", "date"),
    TYPED("2020-01-01T12:00:00", "dateTime"),
    TYPED("2020-01-01T12:00:00Z", "dateTime"),
    TYPED("2020-01-01T12:00:00.000Z", "dateTime"),
    TYPED("2020-01-01T12:00:00.0001Z", "dateTime"),
    TYPED("2020-01-01T24:00:00Z", "dateTime"),
    TYPED("2020-01-02T02:30:00+14:00", "dateTime"),
    TYPED("x", "duration"),
    "\"\"",
    "\"a\"",
    "\"abcdefg\"",
    "\"abcdefgh\"",
    "\"zz\"",
    "\"\xc3\xa9t\xc3\xa9\"",
    "\"a\"@en",
    "\"a\"@de",
    "\"abcdefgh\"@en",
    "<kg:cat>",
    "<kg:dog>",
};
#define ODD_TERMS (sizeof odd_terms / sizeof *odd_terms)
#define ODD_NUMBERS 29

#endif
