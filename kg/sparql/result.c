/* result.c - results by the W3C formats: SPARQL 1.1 Query Results JSON, CSV and TSV Formats, SPARQL Query Results XML
 * Format (all Recommendations of 21 March 2013). */
#include "kg/sparql/result.h"

#include "kg/sparql/cells.h"
#include "kg/sparql/operator.h"

#include <errno.h>
#include <stdlib.h>

BaseStatus sparql_write_no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to write the results");
}

static bool is_xsd(const KgTerm *term, const char *type)
{
    static const size_t xsd = sizeof XSD - 1;
    return term->kind == KG_LITERAL && term->datatype.length > xsd && memcmp(term->datatype.bytes, XSD, xsd) == 0 &&
           text_is((KgText){term->datatype.bytes + xsd, term->datatype.length - xsd}, type);
}

bool sparql_is_number(const KgTerm *term)
{
    Value value;
    sparql_value_decode(term, &value);
    return value_is_numeric(&value);
}

/* The lexical form must be one that Turtle reads as that very datatype. */
bool sparql_is_bare_number(const KgTerm *term)
{
    const bool is_integer = is_xsd(term, "integer"), is_decimal = is_xsd(term, "decimal"),
               is_double = is_xsd(term, "double");
    if (!is_integer && !is_decimal && !is_double)
        return false;
    const KgText text = term->text;
    size_t at = text.length > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+');
    size_t whole = 0, part = 0, exponent = 0;
    for (; at < text.length && text.bytes[at] >= '0' && text.bytes[at] <= '9'; at++)
        whole++;
    const bool has_point = at < text.length && text.bytes[at] == '.';
    for (at += has_point; has_point && at < text.length && text.bytes[at] >= '0' && text.bytes[at] <= '9'; at++)
        part++;
    const bool has_exponent = at < text.length && (text.bytes[at] | 0x20) == 'e';
    if (has_exponent) {
        at++;
        at += at < text.length && (text.bytes[at] == '-' || text.bytes[at] == '+');
        for (; at < text.length && text.bytes[at] >= '0' && text.bytes[at] <= '9'; at++)
            exponent++;
    }
    if (at != text.length)
        return false;
    if (is_integer)
        return whole > 0 && !has_point && !has_exponent;
    if (is_decimal)
        return has_point && part > 0 && !has_exponent;
    return has_exponent && exponent > 0 && whole + part > 0;
}

/* ---- JSON ---- */

static bool add(BaseBuffer *out, const char *text)
{
    return base_buffer_add(out, text, strlen(text));
}

static bool json_cell(const KgTerm *term, const char *name, BaseBuffer *out)
{
    static const char *const kinds[] = {[KG_IRI] = "uri", [KG_BLANK] = "bnode", [KG_LITERAL] = "literal"};
    const bool has_language = term->language.length > 0;
    const KgText more = has_language ? term->language : term->datatype;
    return base_buffer_json(out, name, strlen(name)) && add(out, ":{\"type\":\"") && add(out, kinds[term->kind]) &&
           add(out, "\",\"value\":") && base_buffer_json(out, term->text.bytes, term->text.length) &&
           (!more.length || (add(out, has_language ? ",\"xml:lang\":" : ",\"datatype\":") &&
                             base_buffer_json(out, more.bytes, more.length))) &&
           add(out, "}");
}

BaseStatus sparql_write_json(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    static const CellFormat format = {
        .add = json_cell, .start = "\n{", .separator = ",", .end = "}", .between = ",", .skips_unbound = true};
    if (kg_query_form(query) == KG_ASK) {
        fprintf(out, "{\"head\":{},\"boolean\":%s}\n", kg_query_answer(query) ? "true" : "false");
        *rows = 1;
        return BASE_OK;
    }
    fputs("{\"head\":{\"vars\":[", out);
    for (size_t i = 0; i < kg_query_column_count(query); i++) {
        if (i)
            fputc(',', out);
        base_json_string(out, kg_query_column(query, i), strlen(kg_query_column(query, i)));
    }
    fputs("]},\"results\":{\"bindings\":[", out);
    const BaseStatus status = sparql_write_rows(query, &format, out, rows, err);
    fputs("\n]}}\n", out);
    return status;
}

/* ---- XML ---- */

/* XML 1.0 has no way to say most control characters; a carriage return must be spelled to survive. */
static bool xml_text(KgText text, BaseBuffer *out)
{
    for (size_t at = 0; at < text.length; at++) {
        const char *const bytes = text.bytes + at;
        const size_t plain = base_plain_length(bytes, text.length - at, 0x20, "&<>\"'", 5);
        if (!base_buffer_add(out, bytes, plain))
            return false;
        at += plain;
        if (at == text.length)
            break;
        const char byte = text.bytes[at];
        const bool is_control = (unsigned char)byte < 0x20 && byte != '\t' && byte != '\n';
        if (!(is_control ? add(out, byte == '\r' ? "&#13;" : "\xef\xbf\xbd")
                         : base_buffer_xml(out, text.bytes + at, 1)))
            return false;
    }
    return true;
}

static bool xml_attribute(const char *name, KgText value, BaseBuffer *out)
{
    return value.length == 0 ||
           (add(out, " ") && add(out, name) && add(out, "=\"") && xml_text(value, out) && add(out, "\""));
}

static bool xml_cell(const KgTerm *term, const char *name, BaseBuffer *out)
{
    static const char *const kinds[] = {[KG_IRI] = "uri", [KG_BLANK] = "bnode", [KG_LITERAL] = "literal"};
    const char *const kind = kinds[term->kind];
    const bool has_language = term->language.length > 0;
    return add(out, "      <binding name=\"") && add(out, name) && add(out, "\"><") && add(out, kind) &&
           xml_attribute(has_language ? "xml:lang" : "datatype", has_language ? term->language : term->datatype, out) &&
           add(out, ">") && xml_text(term->text, out) && add(out, "</") && add(out, kind) && add(out, "></binding>\n");
}

BaseStatus sparql_write_xml(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    static const CellFormat format = {.add = xml_cell,
                                      .start = "    <result>\n",
                                      .separator = "",
                                      .end = "    </result>\n",
                                      .between = "",
                                      .skips_unbound = true};
    BaseStatus status = BASE_OK;
    fputs("<?xml version=\"1.0\"?>\n<sparql xmlns=\"http://www.w3.org/2005/sparql-results#\">\n  <head>\n", out);
    for (size_t i = 0; i < kg_query_column_count(query); i++)
        fprintf(out, "    <variable name=\"%s\"/>\n", kg_query_column(query, i));
    fputs("  </head>\n", out);
    if (kg_query_form(query) == KG_ASK) {
        fprintf(out, "  <boolean>%s</boolean>\n", kg_query_answer(query) ? "true" : "false");
        *rows = 1;
    } else {
        fputs("  <results>\n", out);
        status = sparql_write_rows(query, &format, out, rows, err);
        fputs("  </results>\n", out);
    }
    fputs("</sparql>\n", out);
    return status;
}

/* ---- CSV and TSV ---- */

static BaseStatus plain_answer(KgQuery *query, FILE *out, uint64_t *rows)
{
    fputs(kg_query_answer(query) ? "true\n" : "false\n", out);
    *rows = 1;
    return BASE_OK;
}

/* Quotes are doubled. */
static bool csv_text(KgText text, BaseBuffer *out)
{
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] != '"')
            continue;
        if (!base_buffer_add(out, text.bytes + start, i + 1 - start))
            return false;
        start = i; /* once more */
    }
    return base_buffer_add(out, text.bytes + start, text.length - start);
}

static bool csv_cell(const KgTerm *term, const char *name, BaseBuffer *out)
{
    (void)name;
    const KgText text = term->text;
    const bool is_plain = base_plain_length(text.bytes, text.length, 0x20, "\",", 2) == text.length;
    bool needs_quotes = false;
    for (size_t i = 0; i < text.length && !is_plain && !needs_quotes; i++)
        needs_quotes = text.bytes[i] && strchr("\",\r\n", text.bytes[i]);
    if (term->kind == KG_BLANK && !add(out, "_:"))
        return false;
    return needs_quotes ? add(out, "\"") && csv_text(text, out) && add(out, "\"")
                        : base_buffer_add(out, text.bytes, text.length);
}

BaseStatus sparql_write_csv(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    static const CellFormat format = {.add = csv_cell, .start = "", .separator = ",", .end = "\r\n", .between = ""};
    if (kg_query_form(query) == KG_ASK)
        return plain_answer(query, out, rows);
    for (size_t i = 0; i < kg_query_column_count(query); i++)
        fprintf(out, "%s%s", i ? "," : "", kg_query_column(query, i));
    fputs("\r\n", out);
    return sparql_write_rows(query, &format, out, rows, err);
}

/* A term as Turtle would have it. */
static bool tsv_cell(const KgTerm *term, const char *name, BaseBuffer *out)
{
    (void)name;
    if (sparql_is_bare_number(term))
        return base_buffer_add(out, term->text.bytes, term->text.length);
    return kg_format_term(term, KG_SYNTAX_NTRIPLES, out);
}

BaseStatus sparql_write_tsv(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    static const CellFormat format = {.add = tsv_cell, .start = "", .separator = "\t", .end = "\n", .between = ""};
    if (kg_query_form(query) == KG_ASK)
        return plain_answer(query, out, rows);
    for (size_t i = 0; i < kg_query_column_count(query); i++)
        fprintf(out, "%s?%s", i ? "\t" : "", kg_query_column(query, i));
    fputc('\n', out);
    return sparql_write_rows(query, &format, out, rows, err);
}

/* ---- The call ---- */

static BaseStatus write_format(KgQuery *query, KgResultFormat format, int width, FILE *out, uint64_t *rows,
                               BaseError *err)
{
    const KgQueryForm form = kg_query_form(query);
    const bool is_graph = form == KG_CONSTRUCT || form == KG_DESCRIBE;
    if (is_graph && (format == KG_RESULT_JSON || format == KG_RESULT_XML))
        return base_fail(err, BASE_BAD_CALL,
                         "CONSTRUCT and DESCRIBE give triples: ntriples, turtle, tsv, csv, markdown or table");
    if (!is_graph && (format == KG_RESULT_NTRIPLES || format == KG_RESULT_TURTLE))
        return base_fail(err, BASE_BAD_CALL, "ntriples and turtle are for CONSTRUCT and DESCRIBE only");
    switch (format) {
    case KG_RESULT_TABLE:
        return sparql_write_table(query, width, out, rows, err);
    case KG_RESULT_TSV:
        return sparql_write_tsv(query, out, rows, err);
    case KG_RESULT_CSV:
        return sparql_write_csv(query, out, rows, err);
    case KG_RESULT_JSON:
        return sparql_write_json(query, out, rows, err);
    case KG_RESULT_XML:
        return sparql_write_xml(query, out, rows, err);
    case KG_RESULT_MARKDOWN:
        return sparql_write_markdown(query, out, rows, err);
    case KG_RESULT_NTRIPLES:
        return sparql_write_ntriples(query, out, rows, err);
    case KG_RESULT_TURTLE:
        return sparql_write_turtle(query, out, rows, err);
    }
    return base_fail(err, BASE_BAD_CALL, "kg_query_write: no such format");
}

BaseStatus kg_query_write(KgQuery *query, KgResultFormat format, int width, FILE *out, uint64_t *rows, BaseError *err)
{
    uint64_t unwanted = 0;
    uint64_t *const count = rows ? rows : &unwanted;
    *count = 0;
    errno = 0;
    const BaseStatus status = write_format(query, format, width, out, count, err);
    if (status == BASE_OK && (fflush(out) != 0 || ferror(out)))
        return base_fail_errno(err, "the results cannot be written");
    return status;
}
