/* explain_row.c - `kgq explain --query`: what a row of an answer rests on, each of its triples explained in turn. */
#include "cli/cli.h"

#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for an explanation");
}

/* `?x = dog, ?n = "Hund"@de` */
static BaseStatus print_bindings(FILE *out, uint64_t number, const KgRowTriples *row, BaseError *err)
{
    BaseBuffer text = {0};
    bool ok = base_buffer_format(&text, "row %llu", (unsigned long long)number);
    for (size_t i = 0; i < row->binding_count && ok; i++)
        ok = base_buffer_format(&text, "%s?%s = ", i ? ", " : ": ", row->bindings[i].variable) &&
             kg_format_term(&row->bindings[i].term, KG_SYNTAX_NAME, &text);
    if (ok)
        fprintf(out, "%s\n", text.items);
    base_buffer_free(&text);
    return ok ? BASE_OK : no_memory(err);
}

static BaseStatus print_json_bindings(FILE *out, uint64_t number, const KgRowTriples *row, BaseError *err)
{
    BaseStatus status = BASE_OK;
    fprintf(out, "{\"row\":%llu,\"bindings\":{", (unsigned long long)number);
    for (size_t i = 0; i < row->binding_count && status == BASE_OK; i++) {
        BaseBuffer text = {0};
        if (kg_format_term(&row->bindings[i].term, KG_SYNTAX_NAME, &text)) {
            fputs(i ? "," : "", out);
            base_json_string(out, row->bindings[i].variable, strlen(row->bindings[i].variable));
            fputc(':', out);
            base_json_string(out, text.items ? text.items : "", text.count);
        } else {
            status = no_memory(err);
        }
        base_buffer_free(&text);
    }
    fprintf(out, "},\"whole\":%s,\"triples\":[", row->is_whole ? "true" : "false");
    return status;
}

static BaseStatus explain_triples(Cli *cli, KgTxn *txn, const KgRowTriples *row, const InsightOptions *options,
                                  InsightFormat format, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < row->count && status == BASE_OK; i++) {
        InsightOptions mine = *options; /* graphs may differ */
        InsightExplanation *explanation = NULL;
        mine.graph = row->items[i].graph;
        status = insight_explain(txn, row->items[i].triple, &mine, &explanation, &cli->job, err);
        clear_progress(cli);
        if (format == INSIGHT_TEXT)
            fputc('\n', cli->out);
        else
            fputs(i ? "," : "", cli->out);
        if (status == BASE_OK)
            status = insight_explain_write(explanation, format, cli->out, err);
        insight_explanation_free(explanation);
    }
    return status;
}

static void print_end(FILE *out, const KgRowTriples *row, InsightFormat format)
{
    if (format == INSIGHT_JSON)
        fputs("]}\n", out);
    else if (!row->is_whole)
        fputs("\nThe row also rests on paths, subqueries, services, property functions or EXISTS, which are not taken "
              "apart here.\n",
              out);
    else if (row->count == 0)
        fputs("It rests on no triple.\n", out);
}

BaseStatus explain_row(Cli *cli, KgTxn *txn, const RowToExplain *row, const InsightOptions *options,
                       InsightFormat format, BaseError *err)
{
    BaseArena arena = {0};
    KgRowTriples triples = {0};
    const uint64_t number = row->number ? row->number : 1;
    const KgQueryOptions query = {
        .layers = cli->query.layers, .job = &cli->job, .extensions = cli->extensions, .services = &query_services};
    BaseStatus status = kg_row_triples(txn, row->query, strlen(row->query), &query, number, &arena, &triples, err);
    if (status == BASE_OK)
        status = (format == INSIGHT_JSON ? print_json_bindings : print_bindings)(cli->out, number, &triples, err);
    if (status == BASE_OK)
        status = explain_triples(cli, txn, &triples, options, format, err);
    if (status == BASE_OK)
        print_end(cli->out, &triples, format);
    base_arena_free(&arena);
    return status;
}
