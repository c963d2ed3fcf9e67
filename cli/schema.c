/* schema.c - what the database speaks of: its classes with the predicates of their members, and its predicates with
 * what stands on either side. Counts are exact; what is told of members and sides is so of the first hundred of them.
 */
#include "cli/grid.h"
#include "cli/pager.h"
#include "cli/prefixed_names.h"
#include "cli/shell.h"

#include <stdlib.h>
#include <string.h>

#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
#define MOST_CLASSES 100
#define MOST_PREDICATES 1000
#define SAMPLE 100 /* members of a class, and triples of a predicate, that are looked at */
#define MOST_KINDS 64

typedef struct Tally {
    KgId id;
    uint64_t count;
} Tally;
typedef struct TallyList {
    Tally *items;
    size_t count, capacity;
} TallyList;

typedef struct Schema {
    Shell *shell;
    KgTxn *txn;
    BaseArena arena;
    NameSpaces names;
    KgId type; /* rdf:type, or KG_ANY: the database has none */
    const char *only;
    BaseError *err;
} Schema;

static BaseStatus no_memory(Schema *schema)
{
    return base_fail(schema->err, BASE_NO_MEMORY, "no memory for the schema");
}

static bool is_cancelled(const Schema *schema)
{
    return base_job_cancelled(&schema->shell->cli->job);
}

static int compare_tallies(const void *left, const void *right)
{
    const Tally *const a = left, *const b = right;
    return a->count != b->count ? (a->count < b->count ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

static void sort_tallies(TallyList *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_tallies);
}

/* One more of `id`, among few. */
static bool count_one(TallyList *list, KgId id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].id == id) {
            list->items[i].count++;
            return true;
        }
    return list->count >= MOST_KINDS || BASE_PUSH(list, (Tally){id, 1});
}

/* Calls `take` with up to `most` matches. */
typedef BaseStatus Take(Schema *schema, KgTriple triple, void *context);
static BaseStatus each(Schema *schema, KgTriple pattern, KgOrder order, uint64_t most, Take *take, void *context)
{
    KgScan *scan = NULL;
    KgTriple triple;
    BaseStatus status = kg_scan_open(schema->txn, KG_FACTS, pattern, order, &scan, schema->err);
    for (uint64_t i = 0; status == BASE_OK && i < most; i++) {
        status = is_cancelled(schema) ? BASE_CANCELLED : kg_scan_next(scan, &triple, schema->err);
        if (status == BASE_OK)
            status = take(schema, triple, context);
    }
    kg_scan_close(scan);
    if (status == BASE_CANCELLED)
        base_fail(schema->err, BASE_CANCELLED, "cancelled");
    return status == BASE_END ? BASE_OK : status;
}

static const char *name_of(Schema *schema, KgId id)
{
    KgTerm term;
    if (kg_term(schema->txn, id, &schema->arena, &term, schema->err) != BASE_OK)
        return NULL;
    return term.kind == KG_IRI ? names_shorten(&schema->names, term.text) : "a blank node";
}

/* ---- Classes ---- */

/* Objects of rdf:type come in order. */
static BaseStatus take_class(Schema *schema, KgTriple triple, void *context)
{
    TallyList *const classes = context;
    if (classes->count > 0 && classes->items[classes->count - 1].id == triple.o)
        classes->items[classes->count - 1].count++;
    else if (!BASE_PUSH(classes, (Tally){triple.o, 1}))
        return no_memory(schema);
    return BASE_OK;
}

typedef struct Members {
    TallyList predicates;
    KgId last; /* of the member being read */
    uint64_t count;
} Members;

/* Of a member's triples; those of one predicate stand together. */
static BaseStatus take_member_triple(Schema *schema, KgTriple triple, void *context)
{
    Members *const members = context;
    if (triple.p == members->last || triple.p == schema->type)
        return BASE_OK;
    members->last = triple.p;
    return count_one(&members->predicates, triple.p) ? BASE_OK : no_memory(schema);
}

static BaseStatus take_member(Schema *schema, KgTriple triple, void *context)
{
    Members *const members = context;
    members->last = KG_ANY;
    members->count++;
    return each(schema, (KgTriple){.s = triple.s}, KG_ORDER_SPO, SAMPLE, take_member_triple, members);
}

/* "v:label, v:price, v:stock 40 %": most used first; a share where not all have it. */
static BaseStatus describe_members(Schema *schema, KgId class, BaseBuffer *out)
{
    Members members = {0};
    BaseStatus status =
        each(schema, (KgTriple){.p = schema->type, .o = class}, KG_ORDER_POS, SAMPLE, take_member, &members);
    sort_tallies(&members.predicates);
    out->count = 0;
    bool is_made = base_buffer_add(out, "", 0);
    for (size_t i = 0; i < members.predicates.count && status == BASE_OK && is_made; i++) {
        const Tally *const one = &members.predicates.items[i];
        const char *const name = name_of(schema, one->id);
        is_made = name && base_buffer_format(out, "%s%s", i ? ", " : "", name);
        if (is_made && one->count < members.count)
            is_made =
                base_buffer_format(out, " %u %%", (unsigned)((100 * one->count + members.count - 1) / members.count));
    }
    free(members.predicates.items);
    return status == BASE_OK && !is_made ? no_memory(schema) : status;
}

static bool is_wanted(const Schema *schema, const char *name)
{
    return !schema->only || strcasestr(name, schema->only);
}

static BaseStatus add_class(Schema *schema, Tally class, Grid *grid, BaseBuffer *text)
{
    const char *const name = name_of(schema, class.id);
    if (!name)
        return no_memory(schema);
    if (!is_wanted(schema, name))
        return BASE_OK;
    const BaseStatus status = describe_members(schema, class.id, text);
    if (status != BASE_OK)
        return status;
    return grid_add(grid, name) && grid_add(grid, grouped(class.count)) && grid_add(grid, text->items)
               ? BASE_OK
               : no_memory(schema);
}

static void write_grid(const Schema *schema, const Grid *grid, size_t all)
{
    const Cli *const cli = schema->shell->cli;
    const bool is_boxed = cli->output ? strcmp(cli->output, "table") == 0 : cli->out_is_terminal;
    const int width = screen_width();
    const size_t shown = grid->cells.count / grid->columns;
    grid_write(grid, !is_boxed ? 0 : width > 0 && cli->out_is_terminal ? (size_t)width : 10000, cli->out);
    if (is_boxed && shown < all && !schema->only)
        fprintf(cli->out, "%s of %s\n", grouped(shown), grouped(all));
}

static BaseStatus show_classes(Schema *schema)
{
    static const char *const heads[] = {"class", "members", "predicates of members"};
    static const bool is_number[] = {false, true, false};
    Grid grid = {.heads = heads, .columns = 3, .is_number = is_number};
    TallyList classes = {0};
    BaseBuffer text = {0};
    BaseStatus status = BASE_OK;
    if (schema->type != KG_ANY)
        status = each(schema, (KgTriple){.p = schema->type}, KG_ORDER_POS, UINT64_MAX, take_class, &classes);
    sort_tallies(&classes);
    for (size_t i = 0; i < classes.count && grid.cells.count < 3 * MOST_CLASSES && status == BASE_OK; i++)
        status = add_class(schema, classes.items[i], &grid, &text);
    if (status == BASE_OK && grid.cells.count > 0)
        write_grid(schema, &grid, classes.count);
    grid_free(&grid);
    free(classes.items);
    base_buffer_free(&text);
    return status;
}

/* ---- Predicates ---- */

/* What stands on one side of a predicate: classes and datatypes, by their short names. */
typedef struct Side {
    struct {
        const char *name;
        uint64_t count;
    } kinds[MOST_KINDS];
    size_t count;
} Side;
typedef struct Sides {
    Side from, to;
} Sides;

static void count_kind(Side *side, const char *name)
{
    for (size_t i = 0; i < side->count; i++)
        if (strcmp(side->kinds[i].name, name) == 0) {
            side->kinds[i].count++;
            return;
        }
    if (side->count < MOST_KINDS) {
        side->kinds[side->count].name = name;
        side->kinds[side->count++].count = 1;
    }
}

static BaseStatus take_type(Schema *schema, KgTriple triple, void *context)
{
    const char *const name = name_of(schema, triple.o);
    if (!name)
        return no_memory(schema);
    count_kind(context, name);
    return BASE_OK;
}

static BaseStatus count_term(Schema *schema, KgId id, Side *side)
{
    if (kg_kind(id) != KG_LITERAL) {
        uint64_t classes = 0;
        const KgTriple pattern = {.s = id, .p = schema->type};
        BaseStatus found = BASE_OK;
        if (schema->type != KG_ANY)
            found = kg_count(schema->txn, KG_FACTS, pattern, &classes, schema->err);
        if (found == BASE_OK && classes == 0)
            count_kind(side, kg_kind(id) == KG_BLANK ? "a blank node" : "an IRI");
        return classes > 0 ? each(schema, pattern, KG_ORDER_SPO, 4, take_type, side) : found;
    }
    KgTerm term;
    const BaseStatus status = kg_term(schema->txn, id, &schema->arena, &term, schema->err);
    if (status != BASE_OK)
        return status;
    const char *const name = term.language.length   ? "rdf:langString"
                             : term.datatype.length ? names_shorten(&schema->names, term.datatype)
                                                    : "xsd:string";
    if (!name)
        return no_memory(schema);
    count_kind(side, name);
    return BASE_OK;
}

static BaseStatus take_sides(Schema *schema, KgTriple triple, void *context)
{
    Sides *const sides = context;
    const BaseStatus status = count_term(schema, triple.s, &sides->from);
    return status == BASE_OK ? count_term(schema, triple.o, &sides->to) : status;
}

/* The commonest kind, and that there are others. */
static bool write_side(const Side *side, BaseBuffer *out)
{
    size_t best = 0;
    for (size_t i = 1; i < side->count; i++)
        best = side->kinds[i].count > side->kinds[best].count ? i : best;
    out->count = 0;
    return base_buffer_format(out, "%s%s", side->count ? side->kinds[best].name : "", side->count > 1 ? ", ..." : "");
}

/* Distinct subjects and objects, where the statistics know them. */
static bool add_distinct(const KgStatistics *statistics, KgId predicate, Grid *grid)
{
    for (size_t i = 0; i < statistics->row_count; i++)
        if (statistics->rows[i].predicate == predicate)
            return grid_add(grid, grouped(statistics->rows[i].subjects)) &&
                   grid_add(grid, grouped(statistics->rows[i].objects));
    return grid_add(grid, "") && grid_add(grid, "");
}

typedef struct Columns {
    bool inferred, predicted, observed; /* some predicate has such triples */
} Columns;

static bool add_counts(const KgPredicateCount *count, Columns columns, Grid *grid)
{
    return grid_add(grid, grouped(count->asserted)) &&
           (!columns.inferred || grid_add(grid, grouped(count->inferred))) &&
           (!columns.predicted || grid_add(grid, grouped(count->predicted))) &&
           (!columns.observed || grid_add(grid, grouped(count->observed)));
}

static BaseStatus add_predicate(Schema *schema, const KgPredicateCount *count, Columns columns,
                                const KgStatistics *statistics, Grid *grid, BaseBuffer *text)
{
    const char *const name = name_of(schema, count->predicate);
    if (!name)
        return no_memory(schema);
    if (!is_wanted(schema, name))
        return BASE_OK;
    Sides sides = {0};
    const BaseStatus status = each(schema, (KgTriple){.p = count->predicate}, KG_ORDER_POS, SAMPLE, take_sides, &sides);
    if (status != BASE_OK)
        return status;
    return grid_add(grid, name) && add_counts(count, columns, grid) &&
                   add_distinct(statistics, count->predicate, grid) && write_side(&sides.from, text) &&
                   grid_add(grid, text->items) && write_side(&sides.to, text) && grid_add(grid, text->items)
               ? BASE_OK
               : no_memory(schema);
}

static Columns find_columns(const KgPredicateCount *counts, size_t count)
{
    Columns columns = {0};
    for (size_t i = 0; i < count; i++) {
        columns.inferred |= counts[i].inferred > 0;
        columns.predicted |= counts[i].predicted > 0;
        columns.observed |= counts[i].observed > 0;
    }
    return columns;
}

static size_t name_heads(Columns columns, const char **heads, bool *is_number)
{
    const struct {
        const char *head;
        bool is_there, is_number;
    } all[] = {{"predicate", true, false},
               {"asserted", true, true},
               {"inferred", columns.inferred, true},
               {"predicted", columns.predicted, true},
               {"observed", columns.observed, true},
               {"subjects", true, true},
               {"objects", true, true},
               {"from", true, false},
               {"to", true, false}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].is_there) {
            heads[count] = all[i].head;
            is_number[count++] = all[i].is_number;
        }
    return count;
}

static BaseStatus show_predicates(Schema *schema)
{
    KgPredicateCount *counts = NULL;
    size_t count = 0;
    KgStatistics statistics;
    const char *heads[GRID_MOST_COLUMNS];
    bool is_number[GRID_MOST_COLUMNS];
    BaseBuffer text = {0};
    BaseStatus status = kg_predicate_counts(schema->txn, &counts, &count, schema->err);
    if (status == BASE_OK)
        status = kg_statistics(schema->txn, &schema->arena, &statistics, schema->err);
    const Columns columns = find_columns(counts, count);
    Grid grid = {.heads = heads, .is_number = is_number, .columns = name_heads(columns, heads, is_number)};
    for (size_t i = 0; i < count && status == BASE_OK && grid.cells.count < MOST_PREDICATES * grid.columns; i++)
        status = add_predicate(schema, &counts[i], columns, &statistics, &grid, &text);
    if (status == BASE_OK && grid.cells.count > 0)
        write_grid(schema, &grid, count);
    if (status == BASE_OK && count == 0)
        fputs("the database is empty: .import FILE adds triples\n", schema->shell->cli->out);
    grid_free(&grid);
    free(counts);
    base_buffer_free(&text);
    return status;
}

int show_schema(Shell *shell, const char *only)
{
    BaseError err = {0};
    Schema schema = {.shell = shell, .only = only, .err = &err};
    const KgTerm type = {.kind = KG_IRI, .text = KG_TEXT(RDF_TYPE)};
    FILE *const before = begin_results(shell);
    BaseStatus status = kg_read_begin(shell->cli->store, &schema.txn, &err);
    if (status == BASE_OK)
        status = names_open(&schema.names, shell->cli->store, "", 0, &schema.arena);
    if (status == BASE_OK && kg_find(schema.txn, &type, &schema.type, NULL) != BASE_OK)
        schema.type = KG_ANY;
    if (status == BASE_OK)
        status = show_classes(&schema);
    if (status == BASE_OK)
        status = show_predicates(&schema);
    kg_abort(schema.txn);
    names_close(&schema.names);
    base_arena_free(&schema.arena);
    const bool was_left = pager_was_left(shell->cli->out);
    end_results(shell, before);
    return status == BASE_OK || was_left ? EXIT_DONE : report_error(shell->cli, &err);
}
