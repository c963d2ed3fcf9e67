/* main.c - `kgq`: finds the command and hands it its words. The contract of the commands is docs/cli.md's. */
#include "cli/cli.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

const Command commands[] = {
    {"import", "DB FILE... [options]",
     "Adds the triples of TSV, CSV, N-Triples, N-Quads, Turtle or TriG files; - is standard input.", command_import,
     NULL},
    {"export", "DB [options]", "Writes the triples, sorted by subject, predicate, object.", command_export,
     "tsv csv nt ttl nq trig ntriples turtle nquads"},
    {"query", "DB 'SPARQL' | DB -f FILE [options]", "Answers a SPARQL query over asserted and inferred triples.",
     command_query, "table tsv csv json xml markdown ntriples turtle"},
    {"search", "DB 'text' [options]", "Finds entities by the words of their labels.", command_search, "tsv json"},
    {"update", "DB 'SPARQL UPDATE' | DB -f FILE [options]",
     "Changes the triples by SPARQL 1.1 Update, in one transaction: all of it, or nothing.", command_update, NULL},
    {"reason", "DB [-r FILE.rls]... [options]", "Derives what follows by rules, as a batch job.", command_reason,
     "tsv json"},
    {"run", "FILE.rls [options]", "Runs a rule program by itself: its @import and @export read and write files.",
     command_run, "tsv text json dot html"},
    {"explain", "DB 'head relation tail' | DB --facts FILE | DB --query 'SPARQL' [--row N] [options]",
     "Says why a triple holds, is predicted, or is not there; or what a row of an answer rests on.", command_explain,
     "text json dot html"},
    {"train", "DB --model KIND --name NAME [options]", "Trains an embedding: transe, distmult, complex, rotate.",
     command_train, NULL},
    {"evaluate", "DB --name NAME --test FILE [options]", "Ranks test triples: filtered MRR, hits@k, mean rank.",
     command_evaluate, "tsv json"},
    {"predict", "DB --name NAME 'head relation ?' [options]", "The best answers that are not known yet.",
     command_predict, "tsv json"},
    {"score", "DB --name NAME FILE [options]", "A score and a probability for each triple of a TSV file.",
     command_score, "tsv"},
    {"classifier", "train|evaluate|predict ... [options]", "Image classifiers: train, evaluate, predict.",
     command_classifier, NULL},
    {"link", "DB FILE | --text '...' | --image F --model C [options]",
     "Finds the entities that texts and pictures speak of.", command_link, "tsv"},
    {"datasets", "[list | NAME -o DIR]", "Converts a public data set found on this machine into files ready to import.",
     command_datasets, "tsv"},
    {"serve", "DB [options]", "Answers SPARQL over HTTP, at /sparql.", command_serve, NULL},
    {"stats", "DB", "Counts per predicate, imports, runs, models.", command_stats, "tsv"},
    {"check", "DB", "Verifies every index against every other, the dictionary and the catalog.", command_check, "text"},
    {"backup", "DB DEST", "A consistent copy while the database is in use.", command_backup, NULL},
    {"compact", "DB", "Gives space that is no longer used back to the disk; nobody else may have the database open.",
     command_compact, NULL},
};
const size_t command_count = sizeof commands / sizeof *commands;

const Command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *out)
{
    fputs("kgq " KGQ_VERSION ": a knowledge-graph reasoning database with neural scoring\n\n"
          "  kgq                      the shell, on a temporary database\n"
          "  kgq DB                   the shell on the database in folder DB\n"
          "  kgq COMMAND --help       what a command takes\n\n",
          out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  kgq %-11s %s\n", commands[i].name, commands[i].summary);
}

bool is_later_command(const char *name)
{
    static const char *const names[] = {"mine", "audit"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int unknown_command(const char *word)
{
    if (is_later_command(word))
        return usage_error(NULL, "the command %s is not there yet", word);
    const char *names[sizeof commands / sizeof *commands];
    for (size_t i = 0; i < command_count; i++)
        names[i] = commands[i].name;
    const char *const near = base_nearest(word, names, command_count);
    if (near)
        return usage_error(NULL, "\"%s\" is neither a command nor a database folder; did you mean %s?", word, near);
    return usage_error(NULL, "\"%s\" is neither a command nor a database folder", word);
}

/* What did not reach its reader is not done: a full disk or a closed pipe behind stdout is the machine's failure. */
static int finish(Cli *cli, int exit_code)
{
    clear_progress(cli);
    const bool lost = ferror(stdout) != 0 || fflush(stdout) != 0;
    if (lost && exit_code == EXIT_DONE) {
        fputs("error: standard output could not be written\n", stderr);
        return EXIT_MACHINE;
    }
    return exit_code;
}

static int run(Cli *cli, int argc, char **argv)
{
    if (argc < 2)
        return finish(cli, run_shell(cli, NULL));
    const char *const word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_usage(stdout);
        return finish(cli, EXIT_DONE);
    }
    if (strcmp(word, "--version") == 0) {
        puts("kgq " KGQ_VERSION);
        return finish(cli, EXIT_DONE);
    }
    const Command *const command = find_command(word);
    if (command)
        return finish(cli, command->run(cli, command, argc - 2, argv + 2));
    if (word[0] != '-' && base_is_folder(word)) {
        if (argc > 2)
            return usage_error(NULL, "after a database folder, which opens the shell, nothing more is expected: \"%s\"",
                               argv[2]);
        return finish(cli, run_shell(cli, word));
    }
    return unknown_command(word);
}

/* Before there are threads. */
static void set_up_process(void)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 0); /* threads of ours compute products side by side */
    /* Answers and batches come and go by the megabyte: given back to the system, their pages would be cleared for us
     * again and again. */
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
}

int main(int argc, char **argv)
{
    Cli cli = {.seed = 1, .extensions = kg_extensions_new()};
    BaseError err = {0};
    set_up_process();
    screen_begin(&cli);
    const BaseStatus status = cli.extensions ? insight_add_functions(cli.extensions, &err)
                                             : base_fail(&err, BASE_NO_MEMORY, "no memory to begin with");
    const int exit_code = status == BASE_OK ? run(&cli, argc, argv) : report_error(&cli, &err);
    kg_extensions_free(cli.extensions);
    return exit_code;
}
