/* Rules on files of facts, the whole of it: reading, deriving, counting.
 *     bench_reasoner FOLDER RULES [--report]
 * FOLDER holds PREDICATE.facts, tab separated. RULES is a rule file, or Datalog with capital letters for variables.
 * Prints the tuples of every predicate that rules derive, with CPU seconds and the most memory held. */
#include "bench.h"
#include "reasoner/evaluate.h"
#include "reasoner/fact_file.h"

#include <ctype.h>
#include <string.h>
#include <sys/resource.h>

typedef struct Bench {
    const char *folder;
    ReasonerProgram *program;
    CellTable cells;
    uint32_t value_count;
    uint64_t facts_in;
    Evaluation evaluation;
} Bench;

/* Words with a capital letter become ?Words. */
static void mark_variables(const char *text, BaseBuffer *out)
{
    bool is_fine = true;
    char before = ' ';
    for (const char *at = text; *at && is_fine; before = *at++)
        is_fine =
            base_buffer_format(out, isupper((unsigned char)*at) && !isalnum((unsigned char)before) ? "?%c" : "%c", *at);
    if (!is_fine)
        exit(3);
}

static bool next_value(void *context, const char *bytes, size_t length, uint32_t *out)
{
    Bench *const bench = context;
    (void)bytes;
    (void)length;
    *out = bench->value_count++;
    return true;
}

static void parse_rules(Bench *bench, const char *path)
{
    BaseError err = {0};
    char *text = NULL;
    size_t length;
    BaseBuffer marked = {0};
    bench_want(base_read_file(path, &text, &length, &err), &err);
    if (strchr(text, '?'))
        base_buffer_add(&marked, text, length);
    else
        mark_variables(text, &marked);
    bench_want(reasoner_parse(&(ReasonerText){path, marked.items, marked.count}, 1, NULL, NULL, &bench->program, &err),
               &err);
    free(text);
    base_buffer_free(&marked);
}

static const char *plain_name(const char *name)
{
    return strncmp(name, "kg:", 3) == 0 ? name + 3 : name;
}

/* Constants of the program come first; names among them are cells, too. */
static void number_constants(Bench *bench)
{
    for (size_t c = 0; c < bench->program->constants.count; c++) {
        const KgText text = bench->program->constants.items[c].text;
        const size_t skipped = text.length > 3 && memcmp(text.bytes, "kg:", 3) == 0 ? 3 : 0;
        uint32_t value;
        if (!reasoner_cell(&bench->cells, text.bytes + skipped, text.length - skipped, &value) || value != c)
            bench->value_count = (uint32_t)c + 1;
    }
}

static void read_relation(Bench *bench, size_t r)
{
    const RelationShape *const shape = &bench->program->relations.items[r];
    Relation *const relation = &bench->evaluation.relations[r];
    BaseError err = {0};
    char path[1000];
    CellTable *tables[64];
    uint64_t records;
    relation->arity = shape->arity;
    for (size_t i = 0; i < 64; i++)
        tables[i] = &bench->cells;
    snprintf(path, sizeof path, "%s/%s.facts", bench->folder,
             plain_name(bench->program->predicates.items[shape->predicate].name));
    if (!base_is_file(path))
        return;
    bench_want(reasoner_read_facts(path, &(FactFormat){'\t', shape->arity, tables, 0, NULL, false}, relation, &records,
                                   NULL, &err),
               &err);
    bench->facts_in += relation->count;
}

static void evaluate(Bench *bench)
{
    BaseError err = {0};
    Evaluation *const evaluation = &bench->evaluation;
    evaluation->program = bench->program;
    evaluation->relations = calloc(bench->program->relations.count + 1, sizeof *evaluation->relations);
    evaluation->rules = calloc(bench->program->rules.count + 1, sizeof *evaluation->rules);
    if (!evaluation->relations || !evaluation->rules)
        exit(3);
    number_constants(bench);
    for (size_t r = 0; r < bench->program->relations.count; r++)
        read_relation(bench, r);
    for (size_t r = 0; r < bench->program->relations.count; r++)
        evaluation->relations[r].value_hint = bench->value_count;
    reasoner_cells_free(&bench->cells);
    const double read = base_cpu_seconds();
    bench_want(reasoner_evaluate(evaluation, &err), &err);
    printf("%llu facts read, %u values, %.3f CPU s; derived in %.3f CPU s\n", (unsigned long long)bench->facts_in,
           bench->value_count, read, base_cpu_seconds() - read);
}

static void print_counts(const Bench *bench)
{
    uint64_t all = 0;
    for (size_t r = 0; r < bench->program->relations.count; r++) {
        const RelationShape *const shape = &bench->program->relations.items[r];
        const uint32_t count = bench->evaluation.relations[r].count;
        if (!shape->is_head)
            continue;
        printf("%-28s %12u\n", plain_name(bench->program->predicates.items[shape->predicate].name), count);
        all += count;
    }
    printf("%-28s %12llu\n", "all", (unsigned long long)all);
}

static void print_rules(const Bench *bench)
{
    for (size_t r = 0; r < bench->program->rules.count; r++) {
        const RuleFigures *const figures = &bench->evaluation.rules[r];
        printf("%8.1f ms %10llu facts %10llu matches %10llu rows  %s\n", figures->seconds * 1e3,
               (unsigned long long)figures->facts, (unsigned long long)figures->matches,
               (unsigned long long)figures->rows, bench->program->rules.items[r].text);
    }
}

int main(int argc, char **argv)
{
    Bench bench = {.folder = argc > 1 ? argv[1] : NULL, .cells = {.make = next_value}};
    struct rusage usage;
    if (argc < 3) {
        fputs("bench_reasoner FOLDER RULES [--report]\n", stderr);
        return 2;
    }
    bench.cells.context = &bench;
    parse_rules(&bench, argv[2]);
    evaluate(&bench);
    print_counts(&bench);
    if (argc > 3)
        print_rules(&bench);
    getrusage(RUSAGE_SELF, &usage);
    printf("%u rounds, %llu derived, %.3f CPU s, %.1f MiB at most, %.1f bytes a derived fact above 50 MiB\n",
           bench.evaluation.rounds, (unsigned long long)bench.evaluation.derived, base_cpu_seconds(),
           (double)usage.ru_maxrss / 1024,
           ((double)usage.ru_maxrss * 1024 - 50 * 1048576.0) / (double)bench.evaluation.derived);
    for (size_t r = 0; r < bench.program->relations.count; r++)
        reasoner_relation_free(&bench.evaluation.relations[r]);
    free(bench.evaluation.relations);
    free(bench.evaluation.rules);
    reasoner_program_free(bench.program);
    return 0;
}
