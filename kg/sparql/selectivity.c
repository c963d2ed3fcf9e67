/* selectivity.c - the share of rows that a filter lets pass: of one on the object of a large pattern by exact counts of
 * its ranges in the index, or by trying it on a sample (Lipton, Naughton, Schneider, "Practical selectivity estimation
 * through adaptive sampling", SIGMOD 1990); of others by rules of thumb. */
#include "kg/cursor.h"
#include "kg/sparql/adjacency.h"
#include "kg/sparql/id_ranges.h"
#include "kg/sparql/planner.h"

#include <stdlib.h>

#define LARGE 8192 /* matches: of fewer a bad guess costs less than a look */
#define SAMPLES 64

typedef struct Look {
    Planner *planner;
    const AstExpr *filter;
    uint32_t variable;
    KgId predicate;
    double matches;
} Look;

/* The only variable of the filter; AST_NO_VARIABLE: there are more, or none. */
static uint32_t only_variable(const Planner *planner, VarSet variables)
{
    uint32_t found = AST_NO_VARIABLE;
    for (uint32_t v = 0; v < planner->select->width; v++) {
        if (!set_has(variables, v))
            continue;
        if (found != AST_NO_VARIABLE)
            return AST_NO_VARIABLE;
        found = v;
    }
    return found;
}

static BaseStatus open_cursor(const Look *look, KgIndex index, KgCursor **out)
{
    const Builder *const builder = &look->planner->builder;
    return kg_cursor_open(builder->run->txn, builder->run->graph, builder->run->layers, index, out, builder->err);
}

bool planner_find_ranges(Planner *planner, const AstExpr *filter, uint32_t variable, FilterRanges *out)
{
    IdRange found[ID_RANGES_MOST];
    if (out->variable == variable)
        return true;
    out->variable = variable;
    out->is_told = sparql_id_ranges(filter, variable, found, &out->count, &out->is_exact);
    if (!out->is_told || out->count == 0)
        return true;
    out->items = sparql_build_alloc(&planner->builder, out->count, sizeof *out->items);
    if (out->items)
        memcpy(out->items, found, out->count * sizeof *found);
    return out->items != NULL;
}

static BaseStatus count_ranges(const Look *look, const IdRange *ranges, size_t count, double *share)
{
    BaseError *const err = look->planner->builder.err;
    KgCursor *cursor;
    uint64_t sum = 0, one;
    BaseStatus status = open_cursor(look, KG_POS, &cursor);
    for (size_t i = 0; i < count && status == BASE_OK; i++, sum += one)
        status = kg_cursor_extent(cursor, &look->predicate, 1, ranges[i].low, ranges[i].high, &one, err);
    *share = (double)sum / look->matches;
    kg_cursor_close(cursor);
    return status;
}

static size_t count_passing(const Look *look, const KgValues *objects, KgId *row)
{
    Eval *const eval = &look->planner->builder.run->eval;
    size_t passing = 0;
    eval->err = look->planner->builder.err;
    for (size_t i = 0; i < objects->count && eval->status == BASE_OK; i++) {
        const BaseArenaMark mark = base_arena_mark(&eval->scratch);
        row[look->variable] = objects->items[i];
        passing += sparql_eval_truth(eval, look->filter, row);
        base_arena_rewind(&eval->scratch, mark);
    }
    return passing;
}

static BaseStatus try_sample(const Look *look, double *share)
{
    Builder *const builder = &look->planner->builder;
    KgCursor *cursor = NULL;
    KgValues objects = {0};
    KgId *const row = sparql_build_alloc(builder, builder->width, sizeof *row);
    BaseStatus status = row ? open_cursor(look, KG_PSO, &cursor) : builder->status;
    if (status == BASE_OK)
        status = kg_cursor_sample(cursor, &look->predicate, 1, (uint64_t)(look->matches / SAMPLES), PLACE_O, &objects,
                                  builder->err);
    if (status == BASE_OK && objects.count > 0) {
        *share = ((double)count_passing(look, &objects, row) + 0.5) / ((double)objects.count + 1);
        status = builder->run->eval.status;
    }
    kg_cursor_close(cursor);
    free(objects.items);
    return status;
}

/* By what the pattern has as objects; false: it has too little to say. */
static bool look_at(Planner *planner, Algebra *node, const AstExpr *filter, uint32_t variable, FilterRanges *ranges,
                    double *share)
{
    Builder *const builder = &planner->builder;
    const size_t least = kg_limit(kg_store(builder->run->txn)->limits.sampled_matches, LARGE);
    Look look = {planner, filter, variable, KG_ANY, 0};
    Place predicate;
    if (node->kind != ALGEBRA_TRIPLE || node->o.variable != variable || node->s.variable == variable ||
        node->s.variable == AST_NO_VARIABLE || node->p.variable != AST_NO_VARIABLE)
        return false;
    look.matches = planner_count_matches(planner, node);
    if (look.matches < (double)least || !planner_place(planner, &node->p, &predicate))
        return false;
    look.predicate = predicate.id;
    if (!planner_find_ranges(planner, filter, variable, ranges))
        return false;
    const BaseStatus status =
        ranges->is_told ? count_ranges(&look, ranges->items, ranges->count, share) : try_sample(&look, share);
    if (status != BASE_OK)
        builder->status = status;
    *share = *share * look.matches < 1 ? 1 / look.matches : *share > 1 ? 1 : *share;
    return status == BASE_OK;
}

double planner_share(Planner *planner, Algebra *const *children, size_t count, const AstExpr *filter, VarSet variables,
                     FilterRanges *ranges)
{
    const uint32_t variable = count > 1 ? only_variable(planner, variables) : AST_NO_VARIABLE;
    const bool is_plain_graph = planner->builder.run->graph < MERGED_GRAPH;
    double share = planner_selectivity(filter);
    if (variable == AST_NO_VARIABLE || !is_plain_graph || !sparql_is_plain(filter))
        return share;
    for (size_t i = 0; i < count; i++)
        if (look_at(planner, children[i], filter, variable, ranges, &share))
            break;
    return share;
}
