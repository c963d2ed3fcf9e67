/* provenance.c - where triples come from, asked within SPARQL: kgq's own functions and property functions, made as
 * those of any program are (docs/sparql.md lists them). Each looks at all layers, whichever the query itself sees, of
 * the graph that patterns are matched in; kgq:graph at all graphs of the dataset. */
#include "kg/sparql/extensions.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static const char *const layer_names[KG_LAYERS] = {KG_VOCABULARY "asserted", KG_VOCABULARY "inferred",
                                                   KG_VOCABULARY "predicted", KG_VOCABULARY "observed"};
#define DEFAULT_GRAPH KG_VOCABULARY "default"

bool sparql_layer_of(const KgTerm *iri, KgLayer *out)
{
    if (iri->kind != KG_IRI || iri->text.length <= sizeof KG_VOCABULARY - 1)
        return false;
    for (int layer = 0; layer < KG_LAYERS; layer++)
        if (text_is(iri->text, layer_names[layer])) {
            *out = (KgLayer)layer;
            return true;
        }
    return false;
}

/* ---- What can be told of a triple ---- */

typedef enum Column {
    COLUMN_LAYER,
    COLUMN_SOURCE,
    COLUMN_SCORE,
    COLUMN_RULE,
    COLUMN_HEIGHT,
    COLUMN_GRAPH,
    COLUMN_TIME
} Column;

/* A triple, one of its layers and what is noted there. */
typedef struct Fact {
    KgTriple triple;
    KgId graph;
    KgLayer layer;
    KgNote note;
} Fact;

static BaseStatus intern_iri(Run *run, const char *iri, KgId *out, BaseError *err)
{
    const KgTerm term = {.kind = KG_IRI, .text = {iri, strlen(iri)}, .datatype = {"", 0}, .language = {"", 0}};
    return sparql_terms_intern(&run->terms, &term, out, err);
}

static BaseStatus layer_id(Run *run, KgLayer layer, KgId *out, BaseError *err)
{
    KgId *const known = &run->provenance.layers[layer];
    const BaseStatus status = *known ? BASE_OK : intern_iri(run, layer_names[layer], known, err);
    *out = *known;
    return status;
}

static BaseStatus intern_value(Run *run, Value value, KgId *out)
{
    return sparql_eval_intern(&run->eval, &value, out) ? BASE_OK : run->eval.status;
}

static BaseStatus intern_text(Run *run, const char *text, const char *datatype, KgId *out, BaseError *err)
{
    const KgTerm term = {.kind = KG_LITERAL,
                         .text = {text, strlen(text)},
                         .datatype = {datatype, strlen(datatype)},
                         .language = {"", 0}};
    return sparql_terms_intern(&run->terms, &term, out, err);
}

/* The catalog's row of the layer's source: what it is called, and when it was. */
static BaseStatus read_source(KgTxn *txn, KgLayer layer, uint32_t number, BaseArena *arena, const char **name,
                              int64_t *when, BaseError *err)
{
    KgImport import = {0};
    KgRun reasoning = {0};
    KgModel model = {0};
    KgEvidence evidence = {0};
    BaseStatus status;
    switch (layer) {
    case KG_ASSERTED:
        status = kg_find_import(txn, number, arena, &import, err);
        *name = import.source;
        *when = import.time;
        return status;
    case KG_INFERRED:
        status = kg_find_run(txn, number, arena, &reasoning, err);
        *name = reasoning.name;
        *when = reasoning.time;
        return status;
    case KG_PREDICTED:
        status = kg_find_model_id(txn, number, arena, &model, err);
        *name = model.name;
        *when = model.time;
        return status;
    default:
        status = kg_find_evidence(txn, number, arena, &evidence, err);
        *name = evidence.source;
        *when = evidence.time;
        return status;
    }
}

/* Looked up anew only where it differs from the last one of its layer. Both 0: the catalog does not have it. */
static BaseStatus find_source(Run *run, const Fact *fact, KgId *name, KgId *when, BaseError *err)
{
    const uint32_t number = fact->note.source;
    if (!run->provenance.sources[fact->layer].is_known || run->provenance.sources[fact->layer].number != number) {
        BaseArena arena = {0};
        BaseError fault = {0};
        const char *text = NULL;
        int64_t seconds = 0;
        char moment[32] = "";
        struct tm parts;
        KgId ids[2] = {0};
        BaseStatus status =
            number ? read_source(run->txn, fact->layer, number, &arena, &text, &seconds, &fault) : BASE_NOT_FOUND;
        if (status == BASE_OK && text)
            status = intern_text(run, text, "", &ids[0], &fault);
        if (status == BASE_OK && seconds && gmtime_r(&(time_t){seconds}, &parts) &&
            strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
            status = intern_text(run, moment, XSD "dateTime", &ids[1], &fault);
        base_arena_free(&arena);
        if (status != BASE_OK && status != BASE_NOT_FOUND) {
            if (err && err->status == BASE_OK)
                *err = fault;
            return status;
        }
        run->provenance.sources[fact->layer].is_known = true;
        run->provenance.sources[fact->layer].number = number;
        run->provenance.sources[fact->layer].name = ids[0];
        run->provenance.sources[fact->layer].time = ids[1];
    }
    *name = run->provenance.sources[fact->layer].name;
    *when = run->provenance.sources[fact->layer].time;
    return BASE_OK;
}

/* The shortest decimal that reads back as the same number. */
static BaseStatus intern_score(Run *run, float score, KgId *out, BaseError *err)
{
    char text[64];
    int digits = 1;
    if (!isfinite(score) || fabsf(score) > 1e15f)
        return intern_value(run, sparql_value_double(VALUE_FLOAT, (double)score), out);
    do
        snprintf(text, sizeof text, "%.*f", digits, (double)score);
    while (strtof(text, NULL) != score && digits++ < 20);
    return intern_text(run, text, XSD "decimal", out, err);
}

/* *out is 0 where the layer has no such thing. */
static BaseStatus tell(Run *run, const Fact *fact, Column column, KgId *out, BaseError *err)
{
    KgId other;
    *out = 0;
    switch (column) {
    case COLUMN_LAYER:
        return layer_id(run, fact->layer, out, err);
    case COLUMN_SOURCE:
        return find_source(run, fact, out, &other, err);
    case COLUMN_TIME:
        return find_source(run, fact, &other, out, err);
    case COLUMN_SCORE:
        return fact->layer == KG_PREDICTED || fact->layer == KG_OBSERVED ? intern_score(run, fact->note.score, out, err)
                                                                         : BASE_OK;
    case COLUMN_RULE:
        return fact->layer == KG_INFERRED ? intern_value(run, sparql_value_integer(fact->note.rule), out) : BASE_OK;
    case COLUMN_HEIGHT:
        return fact->layer == KG_INFERRED || fact->layer == KG_ASSERTED
                   ? intern_value(run, sparql_value_integer(fact->note.height), out)
                   : BASE_OK;
    case COLUMN_GRAPH:
        if (!fact->graph)
            return intern_iri(run, DEFAULT_GRAPH, out, err);
        *out = fact->graph;
        return BASE_OK;
    }
    return BASE_OK;
}

/* ---- Property functions: facts that fit, one after another ---- */

typedef struct Relation {
    Column columns[7];
    bool is_whole;      /* rows lack nothing: a fact that has no such column is passed over */
    bool is_layered;    /* one row for each layer a triple is in; else one for the triple */
    bool is_everywhere; /* in all graphs of the dataset */
} Relation;

static const Relation layers = {{COLUMN_LAYER}, true, true, false}, scores = {{COLUMN_SCORE}, true, true, false},
                      sources = {{COLUMN_SOURCE}, true, true, false}, rules = {{COLUMN_RULE}, true, true, false},
                      heights = {{COLUMN_HEIGHT}, true, true, false}, times = {{COLUMN_TIME}, true, true, false},
                      graphs = {{COLUMN_GRAPH}, true, false, true},
                      provenance = {{COLUMN_LAYER, COLUMN_SOURCE, COLUMN_SCORE, COLUMN_RULE, COLUMN_HEIGHT,
                                     COLUMN_GRAPH, COLUMN_TIME},
                                    false,
                                    true,
                                    false};

typedef struct Facts {
    const Relation *relation;
    KgTriple pattern;
    bool has_layer; /* the subjects have a fourth */
    bool has_note;  /* what is told takes more than the triple and its layer */
    size_t objects;
    unsigned wanted; /* layers */
    size_t graph;    /* number of the one at hand */
    int layer;       /* the one at hand; where layers are not told apart: 0 */
    KgScan *scan;    /* of that graph and layer */
    bool is_asked;   /* the pattern has no open place, and has been looked up there */
} Facts;

/* Those that patterns are matched in, or all. BASE_END: no more. */
static BaseStatus graph_at(Run *run, const Relation *relation, size_t number, KgId *out, BaseError *err)
{
    const bool is_merged = run->graph == MERGED_GRAPH;
    const size_t count = is_merged ? run->merged.count : run->graph != NO_GRAPH;
    if (number < count) {
        *out = is_merged ? run->merged.items[number] : run->graph;
        return BASE_OK;
    }
    if (!relation->is_everywhere || (run->graph != KG_ANY && run->graph < MERGED_GRAPH))
        return BASE_END;
    const BaseStatus status = sparql_list_graphs(run, err);
    if (status != BASE_OK)
        return status;
    if (number - count >= run->named.count)
        return BASE_END;
    *out = run->named.ids[number - count];
    return BASE_OK;
}

/* A layer that is named already narrows the search. BASE_END: it is none. */
static BaseStatus choose_layers(Run *run, KgId layer, unsigned *out, BaseError *err)
{
    *out = layer ? 0 : KG_ALL_LAYERS;
    for (int i = 0; i < KG_LAYERS && layer; i++) {
        KgId id;
        const BaseStatus status = layer_id(run, (KgLayer)i, &id, err);
        if (status != BASE_OK)
            return status;
        if (id == layer)
            *out = KG_IN(i);
    }
    return *out ? BASE_OK : BASE_END;
}

static BaseStatus open_facts(void *context, KgCall *call, const KgId *arguments, size_t subjects, size_t objects,
                             void **cursor, BaseError *err)
{
    const Relation *const relation = context;
    Facts *const facts = base_arena_alloc(call->arena, 1, sizeof *facts);
    if (!facts)
        return sparql_no_memory(err);
    *facts = (Facts){.relation = relation,
                     .pattern = {arguments[0], arguments[1], arguments[2]},
                     .has_layer = subjects > 3,
                     .has_note = relation->is_layered && (objects > 1 || relation->columns[0] != COLUMN_LAYER),
                     .objects = objects};
    *cursor = facts;
    for (int i = 0; i < 3; i++)
        if (is_local(arguments[i]))
            return BASE_END; /* no triple has it */
    KgId layer = subjects > 3 ? arguments[3] : 0;
    if (relation->columns[0] == COLUMN_LAYER && !layer)
        layer = arguments[subjects];
    return choose_layers(call->run, layer, &facts->wanted, err);
}

static void close_facts(void *cursor)
{
    kg_scan_close(((Facts *)cursor)->scan);
}

static bool is_ground(const Facts *facts)
{
    return facts->pattern.s && facts->pattern.p && facts->pattern.o;
}

static unsigned layers_at_hand(const Facts *facts)
{
    return facts->relation->is_layered ? facts->wanted & KG_IN(facts->layer) : facts->wanted;
}

/* The next triple in the graph and layers at hand. BASE_END: no more there. */
static BaseStatus next_there(Facts *facts, KgTxn *txn, KgId graph, KgTriple *out, BaseError *err)
{
    const unsigned at_hand = layers_at_hand(facts);
    if (!at_hand)
        return BASE_END;
    if (is_ground(facts)) {
        bool is_there = false;
        *out = facts->pattern;
        if (facts->is_asked)
            return BASE_END;
        facts->is_asked = true;
        const BaseStatus status = kg_holds_in(txn, graph, at_hand, facts->pattern, &is_there, err);
        return status == BASE_OK && !is_there ? BASE_END : status;
    }
    BaseStatus status = BASE_OK;
    if (!facts->scan)
        status = kg_scan_open_in(txn, graph, at_hand, facts->pattern, KG_ORDER_BEST, &facts->scan, err);
    return status == BASE_OK ? kg_scan_next(facts->scan, out, err) : status;
}

static void go_on(Facts *facts)
{
    kg_scan_close(facts->scan);
    facts->scan = NULL;
    facts->is_asked = false;
    if (!facts->relation->is_layered || ++facts->layer == KG_LAYERS) {
        facts->layer = 0;
        facts->graph++;
    }
}

static BaseStatus next_fact(Facts *facts, Run *run, Fact *out, BaseError *err)
{
    for (;;) {
        KgId graph;
        BaseStatus status = graph_at(run, facts->relation, facts->graph, &graph, err);
        if (status != BASE_OK)
            return status;
        *out = (Fact){.graph = graph, .layer = (KgLayer)facts->layer};
        status = next_there(facts, run->txn, graph, &out->triple, err);
        if (status == BASE_OK && facts->has_note)
            return kg_get_in(run->txn, graph, out->layer, out->triple, &out->note, err);
        if (status != BASE_END)
            return status;
        go_on(facts);
    }
}

static BaseStatus next_row(void *cursor, KgCall *call, KgId *row, BaseError *err)
{
    Facts *const facts = cursor;
    Fact fact;
    for (;;) {
        BaseStatus status = next_fact(facts, call->run, &fact, err);
        if (status != BASE_OK)
            return status;
        KgId *cell = row;
        *cell++ = fact.triple.s;
        *cell++ = fact.triple.p;
        *cell++ = fact.triple.o;
        if (facts->has_layer)
            status = layer_id(call->run, fact.layer, cell++, err);
        bool is_whole = true;
        for (size_t i = 0; i < facts->objects && status == BASE_OK; i++) {
            status = tell(call->run, &fact, facts->relation->columns[i], cell, err);
            is_whole &= *cell++ != 0;
        }
        if (status != BASE_OK || is_whole || !facts->relation->is_whole)
            return status;
    }
}

/* With all three places given a triple has a row or two; each that is open widens the search. */
static double expect_facts(void *context, KgTxn *txn, uint32_t bound, size_t subjects, size_t objects)
{
    (void)context;
    (void)subjects;
    (void)objects;
    uint64_t all = 0;
    const int given = (int)(bound & 1) + (int)(bound >> 1 & 1) + (int)(bound >> 2 & 1);
    if (given == 3 || kg_count(txn, KG_ALL_LAYERS, (KgTriple){0}, &all, NULL) != BASE_OK)
        return 1;
    return pow((double)all + 1, given == 0 ? 1 : given == 1 ? 0.6 : 0.3);
}

#define RELATION(name, most_subjects, most_objects, is_open, relation)                                                 \
    {                                                                                                                  \
        KG_VOCABULARY name, 3, (most_subjects), 1, (most_objects), (is_open), (void *)&(relation), NULL, expect_facts, \
            open_facts, next_row, close_facts                                                                          \
    }

const KgPropertyFunction *sparql_own_property_function(KgText iri)
{
    static const KgPropertyFunction own[] = {
        RELATION("layer", 3, 1, false, layers),   RELATION("score", 4, 1, false, scores),
        RELATION("source", 4, 1, false, sources), RELATION("rule", 4, 1, false, rules),
        RELATION("height", 4, 1, false, heights), RELATION("time", 4, 1, false, times),
        RELATION("graph", 3, 1, false, graphs),   RELATION("provenance", 3, 7, true, provenance),
    };
    if (iri.length <= sizeof KG_VOCABULARY - 1 || memcmp(iri.bytes, KG_VOCABULARY, sizeof KG_VOCABULARY - 1) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (text_is(iri, own[i].iri))
            return &own[i];
    return NULL;
}

/* ---- Functions: the first value there is ---- */

static BaseStatus call_relation(void *context, KgCall *call, const KgTerm *arguments, size_t count, KgTerm *out,
                                BaseError *err)
{
    (void)arguments;
    KgId ids[KG_MOST_ARGUMENTS + 1] = {0};
    void *cursor = NULL;
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < count && status == BASE_OK; i++)
        status = kg_call_argument(call, i, &ids[i], err);
    if (status == BASE_OK)
        status = open_facts(context, call, ids, count, 1, &cursor, err);
    if (status == BASE_OK) {
        status = next_row(cursor, call, ids, err);
        close_facts(cursor);
    }
    if (status != BASE_OK)
        return status == BASE_END ? BASE_NOT_FOUND : status;
    return kg_call_term(call, ids[count], out, err);
}

#define FUNCTION(name, most, relation)                                                                                 \
    {                                                                                                                  \
        KG_VOCABULARY name, 3, (most), false, (void *)&(relation), NULL, call_relation                                 \
    }

const KgFunction *sparql_own_function(KgText iri)
{
    static const KgFunction own[] = {
        FUNCTION("layer", 3, layers), FUNCTION("score", 4, scores),   FUNCTION("source", 4, sources),
        FUNCTION("rule", 4, rules),   FUNCTION("height", 4, heights), FUNCTION("time", 4, times),
        FUNCTION("graph", 3, graphs),
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (text_is(iri, own[i].iri))
            return &own[i];
    return NULL;
}
