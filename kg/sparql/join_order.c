/* join_order.c - the size of a join is the product of its parts' sizes, for every variable divided by all of its
 * numbers of distinct values but the least: values of the smaller side are taken to be found in the larger one. That
 * does not depend on the order, so it is worked out once for each set of parts. Plans are left-deep: every step joins
 * the rows so far with one part. */
#include "kg/sparql/join_order.h"

#include <math.h>

/* The rows of a set of parts, being made up. */
typedef struct Size {
    double *least; /* by variable: of the numbers of distinct values so far; 0: the variable is not bound */
    double rows;
} Size;

static void add_part(Size *size, const JoinPart *part)
{
    size->rows *= part->rows;
    for (size_t i = 0; i < part->variable_count; i++) {
        const JoinVariable *const one = &part->variables[i];
        double *const least = &size->least[one->variable];
        if (*least == 0) {
            *least = one->distinct;
            continue;
        }
        size->rows /= *least > one->distinct ? *least : one->distinct;
        *least = *least < one->distinct ? *least : one->distinct;
    }
}

/* Whether all that the filter looks at and any part binds is bound. */
static bool is_ready(const JoinFilter *filter, const Size *size, size_t width)
{
    for (uint32_t v = 0; v < width; v++)
        if (set_has(filter->variables, v) && size->least[v] == 0)
            return false;
    return true;
}

static double filtered_rows(const JoinProblem *problem, const Size *size)
{
    double rows = size->rows;
    for (size_t i = 0; i < problem->filter_count; i++)
        if (is_ready(&problem->filters[i], size, problem->width))
            rows *= problem->filters[i].selectivity;
    return rows;
}

static void begin_size(const JoinProblem *problem, Size *size)
{
    for (uint32_t v = 0; v < problem->width; v++)
        size->least[v] = set_has(problem->bound, v) ? 1 : 0;
    size->rows = problem->input_rows;
}

/* `sorted_by`: the order in which rows come. */
static double step_cost(const JoinPart *part, double in, double out, uint32_t sorted_by)
{
    bool is_near = part->rows < JOIN_LARGE;
    for (size_t i = 0; i < part->variable_count; i++)
        is_near = is_near || part->variables[i].variable == sorted_by;
    const double looked_up = in * part->probe;
    const double read = part->read + in * (JOIN_MEMORY_COST + (is_near ? 0 : JOIN_MISS_COST));
    return (looked_up < read ? looked_up : read) + out * JOIN_ROW_COST;
}

static bool is_connected(const JoinPart *part, const Size *size)
{
    for (size_t i = 0; i < part->variable_count; i++)
        if (size->least[part->variables[i].variable] > 0)
            return true;
    return part->variable_count == 0 || part->rows <= 1;
}

/* ---- All orders ---- */

typedef struct Best {
    double cost, rows; /* cost INFINITY: no plan yet */
    size_t last;
    uint32_t sorted_by;
} Best;

static void make_size(const JoinProblem *problem, size_t set, Size *size)
{
    begin_size(problem, size);
    for (size_t i = 0; i < problem->part_count; i++)
        if (set >> i & 1)
            add_part(size, &problem->parts[i]);
}

static bool have_common(const JoinPart *a, const JoinPart *b)
{
    for (size_t i = 0; i < a->variable_count; i++)
        for (size_t j = 0; j < b->variable_count; j++)
            if (a->variables[i].variable == b->variables[j].variable)
                return true;
    return false;
}

/* For each part, the set of those it shares a variable with; in *always the set of those that any set is connected
 * with, as is_connected has it. */
static void find_neighbours(const JoinProblem *problem, size_t *neighbours, size_t *always, Size *size)
{
    begin_size(problem, size);
    *always = 0;
    for (size_t i = 0; i < problem->part_count; i++) {
        *always |= (size_t)is_connected(&problem->parts[i], size) << i;
        for (size_t j = 0; j < i; j++)
            if (have_common(&problem->parts[i], &problem->parts[j])) {
                neighbours[i] |= (size_t)1 << j;
                neighbours[j] |= (size_t)1 << i;
            }
    }
}

/* Those that the parts of the set are connected with. */
static size_t reach(const size_t *neighbours, size_t always, size_t set)
{
    for (size_t rest = set; rest; rest &= rest - 1)
        always |= neighbours[__builtin_ctzll(rest)];
    return always & ~set;
}

/* The best way to the set: by which part last. Parts that share nothing with the others are joined only where no part
 * does: `reached` are those that each set is connected with. */
static void find_last(const JoinProblem *problem, Best *best, size_t set, const size_t *reached)
{
    Best *const to = &best[set];
    for (size_t i = problem->part_count; i-- > 0;) {
        const size_t part = (size_t)1 << i, from = set & ~part;
        if (!(set & part) || (from && reached[from] && !(reached[from] & part)) || best[from].cost == INFINITY)
            continue;
        const double cost =
            best[from].cost + step_cost(&problem->parts[i], best[from].rows, to->rows, best[from].sorted_by);
        if (cost < to->cost) {
            to->cost = cost;
            to->last = i;
            to->sorted_by = from == 0 ? problem->parts[i].sorted_by : best[from].sorted_by;
        }
    }
}

static bool order_all(const JoinProblem *problem, BaseArena *arena, Size *size, size_t *order, double *rows)
{
    const size_t count = problem->part_count, sets = (size_t)1 << count;
    size_t neighbours[DP_PARTS] = {0}, always;
    Best *const best = base_arena_alloc(arena, sets, sizeof *best);
    size_t *const reached = base_arena_alloc(arena, sets, sizeof *reached);
    if (!best || !reached)
        return false;
    find_neighbours(problem, neighbours, &always, size);
    for (size_t set = 0; set < sets; set++) {
        make_size(problem, set, size);
        best[set] = (Best){set == 0 ? 0 : INFINITY, filtered_rows(problem, size), 0, AST_NO_VARIABLE};
        reached[set] = reach(neighbours, always, set);
        find_last(problem, best, set, reached);
    }
    size_t set = sets - 1;
    for (size_t i = count; i-- > 0;) {
        order[i] = best[set].last;
        rows[i] = best[set].rows;
        set &= ~((size_t)1 << order[i]);
    }
    return true;
}

/* ---- Greedily ---- */

typedef struct Choice {
    double cost, rows;
    bool is_connected;
} Choice;

static bool is_better(const Choice *a, const Choice *b)
{
    if (a->is_connected != b->is_connected)
        return a->is_connected;
    return a->cost < b->cost;
}

/* Undoing a part's effect costs more than saving the few numbers it changes. */
static Choice try_part(const JoinProblem *problem, const JoinPart *part, Size *size, double *saved, double in)
{
    Choice choice = {.is_connected = is_connected(part, size)};
    const double rows = size->rows;
    for (size_t i = 0; i < part->variable_count; i++)
        saved[i] = size->least[part->variables[i].variable];
    add_part(size, part);
    choice.rows = filtered_rows(problem, size);
    choice.cost = step_cost(part, in, choice.rows, AST_NO_VARIABLE);
    for (size_t i = part->variable_count; i-- > 0;)
        size->least[part->variables[i].variable] = saved[i];
    size->rows = rows;
    return choice;
}

static bool order_greedily(const JoinProblem *problem, BaseArena *arena, Size *size, size_t *order, double *rows)
{
    bool *const is_taken = base_arena_alloc(arena, problem->part_count, sizeof *is_taken);
    double *const saved = base_arena_alloc(arena, problem->width + 1, sizeof *saved);
    if (!is_taken || !saved)
        return false;
    begin_size(problem, size);
    double in = size->rows;
    for (size_t i = 0; i < problem->part_count; i++) {
        Choice best = {0};
        size_t next = problem->part_count;
        for (size_t part = 0; part < problem->part_count; part++) {
            if (is_taken[part])
                continue;
            const Choice choice = try_part(problem, &problem->parts[part], size, saved, in);
            if (next == problem->part_count || is_better(&choice, &best)) {
                best = choice;
                next = part;
            }
        }
        is_taken[next] = true;
        add_part(size, &problem->parts[next]);
        order[i] = next;
        rows[i] = in = best.rows;
    }
    return true;
}

bool sparql_join_order(const JoinProblem *problem, BaseArena *arena, size_t *order, double *rows)
{
    Size size = {.least = base_arena_alloc(arena, problem->width + 1, sizeof *size.least)};
    if (!size.least)
        return false;
    if (problem->part_count == 1) {
        add_part((begin_size(problem, &size), &size), &problem->parts[0]);
        order[0] = 0;
        rows[0] = filtered_rows(problem, &size);
        return true;
    }
    return problem->part_count <= DP_PARTS ? order_all(problem, arena, &size, order, rows)
                                           : order_greedily(problem, arena, &size, order, rows);
}
