/* result.c - results by the W3C formats: SPARQL 1.1 Query Results JSON, CSV and TSV Formats, SPARQL Query Results XML
 * Format (all Recommendations of 21 March 2013). */
#include "kg/sparql/result.h"

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

static void json_cell(FILE *out, const KgTerm *term)
{
    static const char *const kinds[] = {[KG_IRI] = "uri", [KG_BLANK] = "bnode", [KG_LITERAL] = "literal"};
    fprintf(out, "{\"type\":\"%s\",\"value\":", kinds[term->kind]);
    base_json_string(out, term->text.bytes, term->text.length);
    if (term->language.length) {
        fputs(",\"xml:lang\":", out);
        base_json_string(out, term->language.bytes, term->language.length);
    } else if (term->datatype.length) {
        fputs(",\"datatype\":", out);
        base_json_string(out, term->datatype.bytes, term->datatype.length);
    }
    fputc('}', out);
}

static void json_row(KgQuery *query, FILE *out)
{
    const char *separator = "";
    fputc('{', out);
    for (size_t i = 0; i < kg_query_column_count(query); i++) {
        KgTerm term;
        if (!kg_query_cell(query, i, &term))
            continue;
        fputs(separator, out);
        base_json_string(out, kg_query_column(query, i), strlen(kg_query_column(query, i)));
        fputc(':', out);
        json_cell(out, &term);
        separator = ",";
    }
    fputc('}', out);
}

BaseStatus sparql_write_json(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
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
    BaseStatus status;
    while ((status = kg_query_next(query, err)) == BASE_OK) {
        fputs(*rows ? ",\n" : "\n", out);
        json_row(query, out);
        ++*rows;
    }
    fputs("\n]}}\n", out);
    return status == BASE_END ? BASE_OK : status;
}

/* ---- XML ---- */

/* XML 1.0 has no way to say most control characters; a carriage return must be spelled to survive. */
static void xml_text(FILE *out, KgText text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.bytes[i];
        if (c >= 0x20 || c == '\t' || c == '\n')
            continue;
        base_xml_text(out, text.bytes + start, i - start);
        fputs(c == '\r' ? "&#13;" : "\xef\xbf\xbd", out);
        start = i + 1;
    }
    base_xml_text(out, text.bytes + start, text.length - start);
}

static void xml_cell(FILE *out, const KgTerm *term)
{
    switch (term->kind) {
    case KG_IRI:
        fputs("<uri>", out);
        xml_text(out, term->text);
        fputs("</uri>", out);
        break;
    case KG_BLANK:
        fputs("<bnode>", out);
        xml_text(out, term->text);
        fputs("</bnode>", out);
        break;
    case KG_LITERAL:
        fputs("<literal", out);
        if (term->language.length) {
            fputs(" xml:lang=\"", out);
            xml_text(out, term->language);
            fputc('"', out);
        } else if (term->datatype.length) {
            fputs(" datatype=\"", out);
            xml_text(out, term->datatype);
            fputc('"', out);
        }
        fputc('>', out);
        xml_text(out, term->text);
        fputs("</literal>", out);
    }
}

static void xml_row(KgQuery *query, FILE *out)
{
    fputs("    <result>\n", out);
    for (size_t i = 0; i < kg_query_column_count(query); i++) {
        KgTerm term;
        if (!kg_query_cell(query, i, &term))
            continue;
        fprintf(out, "      <binding name=\"%s\">", kg_query_column(query, i));
        xml_cell(out, &term);
        fputs("</binding>\n", out);
    }
    fputs("    </result>\n", out);
}

BaseStatus sparql_write_xml(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    BaseStatus status = BASE_END;
    fputs("<?xml version=\"1.0\"?>\n<sparql xmlns=\"http://www.w3.org/2005/sparql-results#\">\n  <head>\n", out);
    for (size_t i = 0; i < kg_query_column_count(query); i++)
        fprintf(out, "    <variable name=\"%s\"/>\n", kg_query_column(query, i));
    fputs("  </head>\n", out);
    if (kg_query_form(query) == KG_ASK) {
        fprintf(out, "  <boolean>%s</boolean>\n", kg_query_answer(query) ? "true" : "false");
        *rows = 1;
    } else {
        fputs("  <results>\n", out);
        for (; (status = kg_query_next(query, err)) == BASE_OK; ++*rows)
            xml_row(query, out);
        fputs("  </results>\n", out);
    }
    fputs("</sparql>\n", out);
    return status == BASE_END ? BASE_OK : status;
}

/* ---- CSV and TSV ---- */

static BaseStatus plain_answer(KgQuery *query, FILE *out, uint64_t *rows)
{
    fputs(kg_query_answer(query) ? "true\n" : "false\n", out);
    *rows = 1;
    return BASE_OK;
}

static void csv_field(FILE *out, const char *before, KgText text)
{
    bool needs_quotes = false;
    for (size_t i = 0; i < text.length && !needs_quotes; i++)
        needs_quotes = text.bytes[i] && strchr("\",\r\n", text.bytes[i]);
    fputs(needs_quotes ? "\"" : "", out);
    fputs(before, out);
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] == '"')
            fputc('"', out);
        fputc(text.bytes[i], out);
    }
    fputs(needs_quotes ? "\"" : "", out);
}

BaseStatus sparql_write_csv(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    if (kg_query_form(query) == KG_ASK)
        return plain_answer(query, out, rows);
    const size_t columns = kg_query_column_count(query);
    for (size_t i = 0; i < columns; i++)
        fprintf(out, "%s%s", i ? "," : "", kg_query_column(query, i));
    fputs("\r\n", out);
    BaseStatus status;
    for (; (status = kg_query_next(query, err)) == BASE_OK; ++*rows) {
        for (size_t i = 0; i < columns; i++) {
            KgTerm term;
            if (i)
                fputc(',', out);
            if (kg_query_cell(query, i, &term))
                csv_field(out, term.kind == KG_BLANK ? "_:" : "", term.text);
        }
        fputs("\r\n", out);
    }
    return status == BASE_END ? BASE_OK : status;
}

/* A term as Turtle would have it. */
static bool tsv_term(const KgTerm *term, BaseBuffer *buffer)
{
    if (sparql_is_bare_number(term))
        return base_buffer_add(buffer, term->text.bytes, term->text.length);
    return kg_format_term(term, KG_SYNTAX_NTRIPLES, buffer);
}

BaseStatus sparql_write_tsv(KgQuery *query, FILE *out, uint64_t *rows, BaseError *err)
{
    if (kg_query_form(query) == KG_ASK)
        return plain_answer(query, out, rows);
    const size_t columns = kg_query_column_count(query);
    BaseBuffer line = {0};
    for (size_t i = 0; i < columns; i++)
        fprintf(out, "%s?%s", i ? "\t" : "", kg_query_column(query, i));
    fputc('\n', out);
    BaseStatus status;
    for (; (status = kg_query_next(query, err)) == BASE_OK; ++*rows) {
        bool is_made = true;
        line.count = 0;
        for (size_t i = 0; i < columns && is_made; i++) {
            KgTerm term;
            is_made = i == 0 || base_buffer_add(&line, "\t", 1);
            if (is_made && kg_query_cell(query, i, &term))
                is_made = tsv_term(&term, &line);
        }
        if (!is_made || !base_buffer_add(&line, "\n", 1)) {
            status = sparql_write_no_memory(err);
            break;
        }
        fwrite(line.items, 1, line.count, out);
    }
    base_buffer_free(&line);
    return status == BASE_END ? BASE_OK : status;
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
