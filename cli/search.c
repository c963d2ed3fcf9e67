/* search.c - `kgq search`: entities by the words of their labels. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The words behind the database as one text. */
static bool join_words(const TextList *words, BaseBuffer *out)
{
    for (size_t i = 1; i < words->count; i++)
        if (!base_buffer_format(out, "%s%s", i > 1 ? " " : "", words->items[i]))
            return false;
    return true;
}

static void print_json_hit(FILE *out, const char *entity, const char *label, const char *predicate, double score)
{
    fputs("{\"entity\": ", out);
    base_json_string(out, entity, strlen(entity));
    fputs(", \"label\": ", out);
    base_json_string(out, label, strlen(label));
    fputs(", \"predicate\": ", out);
    base_json_string(out, predicate, strlen(predicate));
    fputs(", \"score\": ", out);
    base_json_number(out, score);
    fputs("}", out);
}

static BaseStatus print_hits(Cli *cli, KgTxn *txn, const KgLabelHit *hits, size_t count, BaseError *err)
{
    BaseBuffer fields[3] = {{0}, {0}, {0}}; /* entity, label, predicate */
    BaseStatus status = BASE_OK;
    const bool json = cli->output && strcmp(cli->output, "json") == 0;
    fputs(json ? "[" : "entity\tlabel\tpredicate\tscore\n", cli->out);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        const KgId ids[] = {hits[i].entity, hits[i].object, hits[i].predicate};
        for (int j = 0; j < 3 && status == BASE_OK; j++) {
            fields[j].count = 0;
            status = kg_write_term(txn, ids[j], KG_SYNTAX_NAME, &fields[j], err);
        }
        if (status != BASE_OK)
            break;
        if (json) {
            fputs(i ? ",\n " : "\n ", cli->out);
            print_json_hit(cli->out, fields[0].items, hits[i].label, fields[2].items, hits[i].score);
        } else {
            fprintf(cli->out, "%s\t%s\t%s\t%.4g\n", fields[0].items, fields[1].items, fields[2].items, hits[i].score);
        }
    }
    if (json)
        fputs("\n]\n", cli->out);
    for (int j = 0; j < 3; j++)
        base_buffer_free(&fields[j]);
    return status;
}

int command_search(Cli *cli, const Command *command, int argc, char **argv)
{
    uint64_t k = 20;
    bool whole_words = false;
    const Option options[] = {
        {"k", OPTION_POSITIVE, &k, "N", "how many entities (default 20)"},
        {"whole-words", OPTION_FLAG, &whole_words, NULL, "the last word is no beginning of one"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    BaseArena arena = {0};
    BaseBuffer text = {0};
    BaseError err = {0};
    if (!READ_OPTIONS(options, 2, SIZE_MAX))
        goto done;
    /* The index is kept where it can be; it is made in memory for this once where not. */
    store = open_database(cli, words.items[0], false, access(words.items[0], W_OK) != 0, &exit_code);
    if (!store)
        goto done;
    KgLabelHit *hits;
    size_t count = 0;
    BaseStatus status = join_words(&words, &text) ? BASE_OK : base_fail(&err, BASE_NO_MEMORY, "no memory for the text");
    if (status == BASE_OK)
        status = kg_read_begin(store, &txn, &err);
    const KgLabelOptions search = {.limit = (size_t)k, .whole_words = whole_words, .job = &cli->job};
    if (status == BASE_OK)
        status = kg_search_labels(txn, (KgText){text.items, text.count}, &search, &arena, &hits, &count, &err);
    clear_progress(cli);
    if (status == BASE_OK)
        status = print_hits(cli, txn, hits, count, &err);
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
done:
    kg_abort(txn);
    close_database(cli, store);
    base_arena_free(&arena);
    base_buffer_free(&text);
    free(words.items);
    return exit_code;
}
