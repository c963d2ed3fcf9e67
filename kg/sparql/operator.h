/* operator.h - what a running query is made of: operators that pull batches of rows from the one below. `next` fills
 * the batch with at least one row, or says BASE_END. An operator given an input joins with it: each row that comes out
 * is a row of the input, with more of its variables bound. The lowest is a seed, which gives the rows it was told to.
 */
#ifndef KGQ_KG_SPARQL_OPERATOR_H
#define KGQ_KG_SPARQL_OPERATOR_H

#include "kg/sparql/expr.h"
#include "kg/sparql/rows.h"

/* What all operators of a query share. */
typedef struct Run {
    KgTxn *txn;
    KgId graph; /* that patterns are matched in now; KG_ANY: the database's default graph */
    struct {
        KgId *ids;
        size_t count;
        bool is_listed;
    } named; /* the graphs that GRAPH may name */
    struct {
        KgId *items;
        size_t count, capacity;
    } merged; /* by FROM or USING of several: the default graph */
    unsigned layers;
    BaseJob *job;
    const KgExtensions *extensions; /* may be NULL */
    const KgServices *services;     /* NULL: not allowed */
    struct {
        size_t held, most; /* bytes: what sparql_hold was told; at most, 0: no limit */
        size_t told;       /* `most` of the whole query */
        unsigned ticks;
    } memory;
    bool is_split; /* batches have all their room at once: what is in one must not depend on those before it */
    bool is_copy;  /* of another run, for a thread beside it: nothing in it is split again */
    struct Operator *const *operators; /* the chain of all */
    int64_t deadline;                  /* microseconds of the steady clock; 0: none */
    double timeout;                    /* seconds, for the message */
    bool is_explained, is_profiled;
    BaseArena *arena;        /* of the query: operators lie in it */
    const char *name, *text; /* of the query, for messages while it is opened */
    size_t length;
    Terms terms;
    Eval eval;
    struct {
        KgId layers[KG_LAYERS]; /* their names; 0: not looked up yet */
        struct {
            bool is_known;
            uint32_t number;
            KgId name, time;
        } sources[KG_LAYERS]; /* what was last looked up of each layer */
    } provenance;             /* provenance.c */
} Run;

typedef struct Operator Operator;
typedef struct OperatorType {
    const char *name;
    BaseStatus (*next)(Operator *op, Batch *out, BaseError *err);
    void (*rewind)(Operator *op); /* its own state; the input is rewound by sparql_rewind */
    void (*close)(Operator *op);  /* frees what is not in the arena */
    /* For --explain: how it does its work, behind its name; and its sides beside the input, one a call, NULL behind the
     * last. Either may be NULL. */
    bool (*describe)(const Operator *op, BaseBuffer *out);
    const Operator *(*side)(const Operator *op, size_t number);
    size_t (*bytes)(const Operator *op); /* that it holds and close frees; NULL: few */
    /* Whether several threads may run it, each a copy of its own; NULL: never. */
    bool (*may_split)(const Operator *op);
    /* Finds what its copies have in common and lends it to them, between two parts of the work; NULL: nothing. Sets
     * *is_final to false where another time it may be something else. */
    BaseStatus (*lend)(Operator *op, Operator *const *copies, size_t count, bool *is_final, BaseError *err);
} OperatorType;

struct Operator {
    const OperatorType *type;
    Run *run;
    Operator *input; /* NULL: it begins by itself */
    size_t width, batch_rows;
    Operator *all;    /* chain of all operators of the query, for closing */
    const char *text; /* what it is about, for --explain; NULL: nothing */
    double estimate;  /* rows it will give, as the planner thinks; negative: it did not think */
    size_t held;      /* bytes accounted for by sparql_hold */
    struct {
        uint64_t rows, batches;
        uint64_t lookups;
        int64_t nanoseconds; /* with all below it */
    } profile;
};

void sparql_start_run(Run *run); /* given its transaction, layers, job, arena and text */
void sparql_end_run(Run *run);   /* frees what it holds, but not the arena */
void sparql_close_all(Operator *all);
BaseStatus sparql_next(Operator *op, Batch *out, BaseError *err); /* checks for cancellation, empties `out` first */
bool sparql_may_split(const Operator *op);                        /* and all that it reads from */
bool sparql_always_splits(const Operator *op);                    /* an OperatorType's may_split: true */
void sparql_rewind(Operator *op);                                 /* with all below it: begin again */
BaseStatus sparql_cancelled(Run *run, BaseError *err);            /* BASE_OK when not, and within the time given */
BaseStatus sparql_no_memory(BaseError *err);
/* Tells how many bytes the operator holds by now beside the arena; fails when that is more than the query may have. */
BaseStatus sparql_hold(Operator *op, size_t bytes, BaseError *err);
size_t sparql_memory_used(const Run *run); /* bytes, of all that the query has */
/* Room for so many rows, whatever was in it; false: no memory. */
bool sparql_batch_reserve(Run *run, Batch *batch, size_t rows);
/* What an evaluation left behind: the machine's failure, or BASE_OK. */
BaseStatus sparql_eval_status(Run *run);

/* What building a chain needs: the SELECT's row width and how many rows at a time. On failure constructors return NULL
 * and note it in *status. */
typedef struct Builder {
    Run *run;
    size_t width, batch_rows;
    Operator **all;
    BaseStatus status;
    BaseError *err;
} Builder;

void *sparql_new_operator(Builder *builder, const OperatorType *type, size_t size, Operator *input);
void sparql_new_batch(const Builder *builder, Batch *out); /* of the chain's width, and without room yet */
void *sparql_build_alloc(Builder *builder, size_t count, size_t size);

/* ---- Leaves ---- */

typedef struct Seed {
    Operator base;
    const KgId *rows; /* borrowed from whoever set them */
    size_t count, at;
    uint64_t generation; /* counts the times it was set */
} Seed;
Seed *sparql_new_seed(Builder *builder);
void sparql_seed_set(Seed *seed, const KgId *rows, size_t count);

/* A place of a pattern: a variable's cell, or a constant. */
typedef struct Place {
    uint32_t variable; /* AST_NO_VARIABLE: `id` */
    KgId id;
} Place;
Operator *sparql_new_scan(Builder *builder, Operator *input, Place s, Place p, Place o);
/* One row with the number of matches of the pattern in each of the cells. */
Operator *sparql_new_count(Builder *builder, KgTriple pattern, const uint32_t *cells, size_t cell_count);
/* rows * width ids, 0 for UNDEF. */
Operator *sparql_new_values(Builder *builder, Operator *input, const uint32_t *variables, size_t width,
                            const KgId *cells, size_t rows);

/* ---- Joins (join_operators.c) ---- */

/* A chain of its own that is fed through its seed. */
typedef struct SubPlan {
    Seed *seed;
    Operator *top;
    Batch buffer;
} SubPlan;
Operator *sparql_new_union(Builder *builder, Operator *input, const SubPlan *arms, size_t count);
/* `marker` is a variable of nobody else: it carries the number of the left row through `right`. */
Operator *sparql_new_optional(Builder *builder, Operator *input, SubPlan right, uint32_t marker);
/* Rows that have a match in `pattern`, or, not wanted, that have none; `marker` likewise (exists_operator.c). */
Operator *sparql_new_exists(Builder *builder, Operator *input, SubPlan pattern, uint32_t marker, bool is_wanted);
/* `right` is computed once, from the row of `root`, and kept by hash. `shared`: variables both sides may bind. */
Operator *sparql_new_hash_join(Builder *builder, Operator *input, SubPlan right, const Seed *root,
                               const uint32_t *shared, size_t shared_count);
Operator *sparql_new_minus(Builder *builder, Operator *input, SubPlan right, const Seed *root, const uint32_t *shared,
                           size_t shared_count);

/* ---- Graphs (graph_operator.c) ---- */

/* As run->graph: */
#define NO_GRAPH UINT64_MAX            /* an empty one */
#define MERGED_GRAPH (UINT64_MAX - 1u) /* run->merged as one */
/* In the arena; NULL: no memory, or no graphs at all. */
AstDataset *sparql_make_dataset(const KgDataset *dataset, BaseArena *arena);
/* Those graphs instead of the query's own; NULL or no graphs: its own. */
BaseStatus sparql_give_dataset(AstSelect *ast, const KgDataset *dataset, BaseArena *arena, BaseError *err);
/* FROM or USING: which graph is the default one, and which may be named. */
BaseStatus sparql_choose_dataset(Run *run, const AstDataset *dataset, BaseError *err);
BaseStatus sparql_list_graphs(Run *run, BaseError *err); /* fills run->named unless it is */
bool sparql_has_graph(const Run *run, KgId id);
/* `inside` for each graph that `name` may be. `root`: that of the joins inside; `outer`: what it is set to. */
Operator *sparql_new_graph(Builder *builder, Operator *input, SubPlan inside, Seed *root, const Seed *outer,
                           Place name);

/* `inside` with only those layers seen; `root` and `outer` likewise (layer_operator.c). */
Operator *sparql_new_layers(Builder *builder, Operator *input, SubPlan inside, Seed *root, const Seed *outer,
                            unsigned layers);

/* kg_holds_in and so on, in the run's graph; of several graphs that are one, each triple once. */
typedef struct RunScan {
    KgScan *scan; /* NULL: not open */
    bool is_merged;
    size_t at; /* among the merged graphs */
    KgTriple pattern;
    KgOrder order;
} RunScan;
BaseStatus sparql_holds(Run *run, KgTriple triple, bool *out, BaseError *err);
BaseStatus sparql_count(Run *run, KgTriple pattern, uint64_t *out, BaseError *err);
BaseStatus sparql_count_at_most(Run *run, KgTriple pattern, uint64_t *out, BaseError *err);      /* without a scan */
BaseStatus sparql_scan(Run *run, KgTriple pattern, KgOrder order, RunScan *out, BaseError *err); /* BASE_END: empty */
BaseStatus sparql_scan_merged(Run *run, RunScan *scan, KgTriple *out, BaseError *err);
static inline BaseStatus sparql_scan_next(Run *run, RunScan *scan, KgTriple *out, BaseError *err)
{
    return scan->is_merged ? sparql_scan_merged(run, scan, out, err) : kg_scan_next(scan->scan, out, err);
}
/* Up to `capacity` at once; *count is at least 1, or BASE_END. */
BaseStatus sparql_scan_many(Run *run, RunScan *scan, KgTriple *out, size_t capacity, size_t *count, BaseError *err);
void sparql_scan_close(RunScan *scan); /* one that is not open is fine */

/* ---- Paths (path_operator.c) ---- */

typedef struct Path {
    AstPathKind kind;
    KgId iri; /* LINK; 0: the database does not have it */
    struct Path *first, *second, *next;
} Path;
Operator *sparql_new_path(Builder *builder, Operator *input, Place s, const Path *path, Place o);

/* ---- Services (service_operator.c) ---- */

typedef struct ServiceSpec {
    const AstService *ast;
    BaseSource at; /* of the endpoint, for messages; its texts are the query's */
    size_t count;  /* variables that come back */
    const uint32_t *variables;
    const char *const *names;
    const char *number; /* a variable that the pattern does not have: which of the rows sent */
} ServiceSpec;
/* Of a PATTERN_SERVICE within `select`. BASE_BAD_INPUT: the query may not use SERVICE. */
BaseStatus sparql_specify_service(Run *run, const AstSelect *select, const AstPattern *pattern, const ServiceSpec **out,
                                  BaseError *err);
Operator *sparql_new_service(Builder *builder, Operator *input, Place endpoint, const ServiceSpec *spec);

/* ---- Rows (row_operators.c) ---- */

typedef struct Assignment {
    const AstExpr *expr;
    uint32_t variable;
} Assignment;
Operator *sparql_new_filter(Builder *builder, Operator *input, AstExpr *const *exprs, size_t count);
Operator *sparql_new_extend(Builder *builder, Operator *input, const Assignment *assignments, size_t count);
Operator *sparql_new_distinct(Builder *builder, Operator *input, const uint32_t *columns, size_t count);
Operator *sparql_new_slice(Builder *builder, Operator *input, uint64_t offset, uint64_t limit);
/* Rows of a subquery as rows around it: column i of the inner row goes to cell to[i] of the outer one. */
Operator *sparql_new_subquery(Builder *builder, Operator *inner, const uint32_t *from, const uint32_t *to,
                              size_t count);

/* ---- Whole inputs (group_operator.c, sort_operator.c) ---- */

typedef struct AggregateSpec {
    const AstExpr *call; /* EXPR_AGGREGATE, its argument translated */
    uint32_t variable;   /* that gets the answer */
} AggregateSpec;
/* Without keys there is one group, even of nothing. `named`: the variables that make up a solution, for
 * COUNT(DISTINCT *). */
typedef struct GroupSpec {
    const uint32_t *keys, *named;
    const AggregateSpec *aggregates;
    size_t key_count, named_count, aggregate_count;
} GroupSpec;
Operator *sparql_new_group(Builder *builder, Operator *input, const GroupSpec *spec);
/* Stable. `most`: only that many rows are wanted; UINT64_MAX: all. */
Operator *sparql_new_sort(Builder *builder, Operator *input, const AstOrder *order, size_t count, uint64_t most);

/* ---- Triples (triple_operators.c): rows of three cells ---- */

typedef struct TemplateTriple {
    Place s, p, o;
} TemplateTriple;
/* Variables in `blanks` become new blank nodes in every row. */
Operator *sparql_new_construct(Builder *builder, Operator *input, const TemplateTriple *triples, size_t count,
                               const bool *blanks);
/* All triples of the things named and found, and of the blank nodes in them. */
Operator *sparql_new_describe(Builder *builder, Operator *input, const Place *things, size_t count);

#endif
