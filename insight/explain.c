/* explain.c - gathers what the database has to say of one triple: its notes in the four layers, the catalog rows they
 * point to, its proof or what it lacks, and what the trained models give it. */
#include "insight/explain.h"

#include "embed/embed.h"

#include <stdlib.h>
#include <string.h>

/* ---- The triple as text ---------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t count_tabs(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\t';
    return count;
}

/* A string may have blanks in it and a quote behind a backslash; so may what stands in <...>. Where two tabs part the
 * fields, names may have blanks as well. */
static size_t field_length(const char *text, bool has_tabs)
{
    char quote = '\0';
    size_t i = 0;
    for (; text[i] && (quote || !(has_tabs ? text[i] == '\t' : is_blank(text[i]))); i++) {
        if (quote == '"' && text[i] == '\\' && text[i + 1])
            i++;
        else if (quote)
            quote = text[i] == quote ? '\0' : quote;
        else if (text[i] == '"')
            quote = '"';
        else if (i == 0 && text[i] == '<')
            quote = '>';
    }
    while (i > 0 && is_blank(text[i - 1]))
        i--;
    return i;
}

static BaseStatus fail_at_column(const char *text, size_t offset, size_t width, const char *message, BaseError *err)
{
    return base_fail_at(err, BASE_BAD_INPUT, base_source_at("<triple>", text, strlen(text), offset, width), "%s",
                        message);
}

/* `rdf:type`, as proofs write it: no plain name, but a known prefix. BASE_NOT_FOUND: it is not that either. */
static BaseStatus find_prefixed(KgTxn *txn, const char *field, BaseArena *arena, KgId *out, BaseError *err)
{
    const char *const colon = strchr(field, ':');
    KgPrefix *prefixes = NULL;
    size_t count = 0;
    if (!colon || *field == '<' || *field == '"')
        return BASE_NOT_FOUND;
    BaseStatus status = kg_prefixes(txn, arena, &prefixes, &count, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        if (strlen(prefixes[i].prefix) != (size_t)(colon - field) ||
            memcmp(prefixes[i].prefix, field, (size_t)(colon - field)) != 0)
            continue;
        BaseBuffer iri = {0};
        if (base_buffer_format(&iri, "%s%s", prefixes[i].iri, colon + 1))
            status = kg_find(txn, &(KgTerm){.kind = KG_IRI, .text = {iri.items, iri.count}}, out, err);
        else
            status = base_fail(err, BASE_NO_MEMORY, "no memory to read a triple");
        base_buffer_free(&iri);
        return status;
    }
    return status == BASE_OK ? BASE_NOT_FOUND : status;
}

/* kg_find_name's faults, with the column in the whole text. */
static BaseStatus find_field(KgTxn *txn, const char *text, size_t start, size_t length, BaseArena *arena, KgId *out,
                             BaseError *err)
{
    char *const field = base_arena_copy(arena, text + start, length);
    if (!field)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read a triple");
    BaseError fault = {0};
    const BaseStatus status = kg_find_name(txn, field, out, &fault);
    if (status == BASE_NOT_FOUND) {
        const BaseStatus second = find_prefixed(txn, field, arena, out, err);
        if (second != BASE_NOT_FOUND)
            return second;
    }
    if (status == BASE_BAD_INPUT)
        return fail_at_column(text, start + (fault.column ? fault.column - 1 : 0), length, fault.message, err);
    if (status != BASE_OK && err && err->status == BASE_OK)
        *err = fault;
    return status;
}

BaseStatus insight_parse_triple(KgTxn *txn, const char *text, KgTriple *out, BaseError *err)
{
    *out = (KgTriple){0};
    struct {
        size_t start, length;
    } fields[3];
    size_t count = 0, at = 0;
    const bool has_tabs = count_tabs(text) == 2;
    for (;;) {
        while (is_blank(text[at]))
            at++;
        if (!text[at])
            break;
        const size_t length = field_length(text + at, has_tabs);
        if (count == 3)
            return fail_at_column(text, at, length, "expected three fields (subject, predicate, object), found more",
                                  err);
        fields[count].start = at;
        fields[count++].length = length;
        at += length;
    }
    if (count < 3)
        return fail_at_column(text, at, 1, "expected three fields: subject, predicate, object", err);
    KgId *const ids[3] = {&out->s, &out->p, &out->o};
    BaseArena arena = {0};
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < 3 && status == BASE_OK; i++)
        status = find_field(txn, text, fields[i].start, fields[i].length, &arena, ids[i], err);
    base_arena_free(&arena);
    return status;
}

/* ---- What the layers and the catalog say ------------------------------------------------------------------------ */

#define MOST_ROWS 64 /* of the catalog that are kept, for each table */

/* Catalog rows read, by id; NULL: there is none of that number. */
typedef struct Row {
    uint32_t id;
    const void *row;
} Row;
typedef struct Rows {
    Row *items;
    size_t count, capacity;
} Rows;

struct InsightExplainer {
    KgTxn *txn;
    InsightOptions options;
    ReasonerProver *prover;
    Rows imports, runs, evidence, models;
    BaseArena memory; /* of the rows */
    KgModel *listed;  /* models to ask, newest first */
    size_t listed_count;
    bool has_listed;
    EmbedModel *open[INSIGHT_MAX_MODELS]; /* of those listed; NULL: not open */
};

typedef struct Gathering {
    InsightExplainer *explainer;
    KgTxn *txn;
    const InsightOptions *options;
    InsightExplanation *explanation;
    KgNote notes[KG_LAYERS]; /* of the layers that explanation->layers names */
    BaseJob *job;
} Gathering;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for an explanation");
}

static BaseStatus name_term(Gathering *gathering, KgId id, const char **out, BaseError *err)
{
    BaseBuffer text = {0};
    BaseStatus status = kg_write_term(gathering->txn, id, KG_SYNTAX_NAME, &text, err);
    if (status == BASE_OK) {
        *out = base_arena_copy(&gathering->explanation->memory, text.items ? text.items : "", text.count);
        if (!*out)
            status = no_memory(err);
    }
    base_buffer_free(&text);
    return status;
}

static BaseStatus gather_names(Gathering *gathering, BaseError *err)
{
    InsightExplanation *const x = gathering->explanation;
    BaseStatus status = name_term(gathering, x->triple.s, &x->subject, err);
    if (status == BASE_OK)
        status = name_term(gathering, x->triple.p, &x->predicate, err);
    if (status == BASE_OK)
        status = name_term(gathering, x->triple.o, &x->object, err);
    if (status == BASE_OK && gathering->options->graph)
        status = name_term(gathering, gathering->options->graph, &x->graph, err);
    return status;
}

static BaseStatus gather_notes(Gathering *gathering, BaseError *err)
{
    InsightExplanation *const x = gathering->explanation;
    for (int layer = 0; layer < KG_LAYERS; layer++) {
        const BaseStatus status = kg_get_in(gathering->txn, gathering->options->graph, (KgLayer)layer, x->triple,
                                            &gathering->notes[layer], err);
        if (status == BASE_OK)
            x->layers |= KG_IN(layer);
        else if (status != BASE_NOT_FOUND)
            return status;
    }
    return BASE_OK;
}

/* A row that the catalog does not have is no fault: what was entered by hand has none. */
static BaseStatus unless_absent(BaseStatus status, const BaseError *fault, BaseError *err)
{
    if (status == BASE_OK || status == BASE_NOT_FOUND)
        return BASE_OK;
    if (err && err->status == BASE_OK)
        *err = *fault;
    return status;
}

/* Defines find_NAME: the catalog's row of that number, kept by the explainer; *out NULL: there is none. */
#define DEFINE_FIND(name, Type, kept, find)                                                                            \
    static BaseStatus name(Gathering *gathering, uint32_t id, const Type **out, BaseError *err)                        \
    {                                                                                                                  \
        InsightExplainer *const explainer = gathering->explainer;                                                      \
        BaseError fault = {0};                                                                                         \
        *out = NULL;                                                                                                   \
        for (size_t i = 0; i < explainer->kept.count; i++)                                                             \
            if (explainer->kept.items[i].id == id) {                                                                   \
                *out = explainer->kept.items[i].row;                                                                   \
                return BASE_OK;                                                                                        \
            }                                                                                                          \
        Type *const row = base_arena_alloc(&explainer->memory, 1, sizeof *row);                                        \
        if (!row)                                                                                                      \
            return no_memory(err);                                                                                     \
        const BaseStatus status = find(explainer->txn, id, &explainer->memory, row, &fault);                           \
        if (status == BASE_OK)                                                                                         \
            *out = row;                                                                                                \
        if ((status == BASE_OK || status == BASE_NOT_FOUND) && explainer->kept.count < MOST_ROWS &&                    \
            !BASE_PUSH(&explainer->kept, ((Row){id, *out})))                                                           \
            return no_memory(err);                                                                                     \
        return unless_absent(status, &fault, err);                                                                     \
    }
DEFINE_FIND(find_import, KgImport, imports, kg_find_import)
DEFINE_FIND(find_run, KgRun, runs, kg_find_run)
DEFINE_FIND(find_evidence, KgEvidence, evidence, kg_find_evidence)
DEFINE_FIND(find_model, KgModel, models, kg_find_model_id)

static BaseStatus gather_rows(Gathering *gathering, BaseError *err)
{
    InsightExplanation *const x = gathering->explanation;
    BaseStatus status = BASE_OK;
    if (x->layers & KG_IN(KG_ASSERTED))
        status = find_import(gathering, gathering->notes[KG_ASSERTED].source, &x->import, err);
    if (status == BASE_OK && x->layers & KG_IN(KG_INFERRED))
        status = find_run(gathering, gathering->notes[KG_INFERRED].source, &x->run, err);
    if (status == BASE_OK && x->layers & KG_IN(KG_OBSERVED)) {
        status = find_evidence(gathering, gathering->notes[KG_OBSERVED].source, &x->evidence, err);
        x->confidence = (double)gathering->notes[KG_OBSERVED].score;
    }
    return status;
}

/* ---- Proofs ------------------------------------------------------------------------------------------------------ */

static BaseStatus gather_proofs(Gathering *gathering, BaseError *err)
{
    InsightExplanation *const x = gathering->explanation;
    const ReasonerProveOptions options = {.all = gathering->options->all,
                                          .forest = gathering->options->forest,
                                          .limit = gathering->options->limit,
                                          .with_trees = true};
    BaseError fault = {0};
    BaseStatus status;
    if (gathering->options->graph)
        return BASE_OK;
    if (insight_holds(x))
        status = reasoner_prover_ask(gathering->explainer->prover, x->triple, &options, &x->proofs, &fault);
    else /* not found: no rules have run yet */
        status = reasoner_prover_ask_why_not(gathering->explainer->prover, x->triple, &options, &x->proofs, &fault);
    return unless_absent(status, &fault, err);
}

static BaseStatus add_import(Gathering *gathering, uint32_t id, KgImport *imports, size_t *count, BaseError *err)
{
    for (size_t i = 0; i < *count; i++)
        if (imports[i].id == id)
            return BASE_OK;
    const KgImport *row;
    const BaseStatus status = find_import(gathering, id, &row, err);
    if (status == BASE_OK && row)
        imports[(*count)++] = *row;
    return status;
}

/* How many rules the first proof applies, and how many premises in all are asserted. */
static void count_steps(InsightExplanation *x, const InsightLines *lines, size_t *asserted)
{
    size_t roots = 0;
    *asserted = 0;
    for (size_t i = 0; i < lines->count; i++) {
        roots += lines->items[i].depth == 0;
        *asserted += lines->items[i].kind == REASONER_ASSERTED;
        x->steps += roots == 1 && lines->items[i].kind == REASONER_DERIVED && insight_holds(x);
    }
}

/* The imports of all asserted premises. */
static BaseStatus gather_imports(Gathering *gathering, BaseError *err)
{
    InsightExplanation *const x = gathering->explanation;
    InsightLines lines = {0};
    BaseStatus status = BASE_OK;
    size_t asserted = 0;
    if (!insight_lay_out(x, UINT32_MAX, &lines)) {
        status = no_memory(err);
        goto done;
    }
    count_steps(x, &lines, &asserted);
    KgImport *const imports = base_arena_alloc(&x->memory, asserted + 1, sizeof *imports);
    if (!imports) {
        status = no_memory(err);
        goto done;
    }
    for (size_t i = 0; i < lines.count && status == BASE_OK; i++)
        if (lines.items[i].proof->kind == REASONER_ASSERTED)
            status = add_import(gathering, lines.items[i].proof->note.source, imports, &x->import_count, err);
    x->imports = imports;
done:
    free(lines.items);
    return status;
}

/* ---- Scores ------------------------------------------------------------------------------------------------------ */

static BaseStatus ask_model(Gathering *gathering, EmbedModel *model, InsightScore *score, BaseError *err)
{
    const KgTriple triple = gathering->explanation->triple;
    EmbedScore given = {0};
    BaseStatus status = embed_score(model, &triple, 1, &given, gathering->job, err);
    if (status != BASE_OK || !given.known)
        return status;
    score->is_known = true;
    score->score = (double)given.score;
    score->probability = given.probability;
    EmbedEvaluation ranks = {0};
    status = embed_evaluate(gathering->txn, model, &triple, 1, NULL, 0, &ranks, gathering->job, err);
    if (status == BASE_OK) {
        score->subject_rank = ranks.head.mean_rank;
        score->object_rank = ranks.tail.mean_rank;
        score->candidates = ranks.candidates;
    }
    return status;
}

/* A damaged model spoils its own line only, unless it is the one that was asked for. */
static BaseStatus add_model(Gathering *gathering, size_t place, InsightScore *score, BaseError *err)
{
    const KgModel *const row = &gathering->explainer->listed[place];
    EmbedModel **const model = &gathering->explainer->open[place];
    *score = (InsightScore){.model = row->name, .kind = row->kind, .id = row->id};
    BaseError fault = {0};
    BaseStatus status = *model ? BASE_OK : embed_open(gathering->txn, row->name, model, &fault);
    if (status == BASE_OK)
        status = ask_model(gathering, *model, score, &fault);
    if (status == BASE_OK)
        return BASE_OK;
    if (gathering->options->model || status == BASE_NO_MEMORY || status == BASE_CANCELLED) {
        if (err && err->status == BASE_OK)
            *err = fault;
        return status;
    }
    *score = (InsightScore){.model = row->name, .kind = row->kind, .id = row->id};
    score->fault = base_arena_copy(&gathering->explanation->memory, fault.message, strlen(fault.message));
    return score->fault ? BASE_OK : no_memory(err);
}

static int compare_newest_first(const void *a, const void *b)
{
    const KgModel *const left = a, *const right = b;
    if (left->time != right->time)
        return left->time > right->time ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

/* A stored prediction counts when its model could not be asked anew. */
static BaseStatus add_stored(Gathering *gathering, InsightScore *scores, size_t *count, BaseError *err)
{
    if (!(gathering->explanation->layers & KG_IN(KG_PREDICTED)))
        return BASE_OK;
    const KgNote note = gathering->notes[KG_PREDICTED];
    size_t place = 0;
    while (place < *count && scores[place].id != note.source)
        place++;
    if (place < *count && scores[place].is_known)
        return BASE_OK;
    if (place == *count) {
        const KgModel *row;
        const BaseStatus status = find_model(gathering, note.source, &row, err);
        if (status != BASE_OK)
            return status;
        scores[place] = row ? (InsightScore){.model = row->name, .kind = row->kind, .id = row->id}
                            : (InsightScore){.model = "no longer there", .kind = "a model"};
        (*count)++;
    }
    scores[place].is_known = scores[place].is_stored = true;
    scores[place].probability = (double)note.score;
    return BASE_OK;
}

static BaseStatus fail_no_model(const char *name, const KgModel *models, size_t count, BaseError *err)
{
    BaseBuffer names = {0};
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++)
        ok = base_buffer_format(&names, "%s%s", i ? ", " : "", models[i].name);
    base_fail(err, BASE_NOT_FOUND, "no model is called \"%s\"", name);
    if (count == 0)
        base_hint(err, "no model has been trained yet");
    else if (ok)
        base_hint(err, "there are: %s", names.items);
    base_buffer_free(&names);
    return BASE_NOT_FOUND;
}

/* The models to ask, newest first. */
static BaseStatus list_models(InsightExplainer *explainer, BaseError *err)
{
    const char *const wanted = explainer->options.model;
    KgModel *models = NULL;
    size_t count = 0;
    if (explainer->has_listed || explainer->options.no_models)
        return BASE_OK;
    const BaseStatus status = kg_models(explainer->txn, &explainer->memory, &models, &count, err);
    if (status != BASE_OK)
        return status;
    if (wanted) {
        size_t place = 0;
        while (place < count && strcmp(models[place].name, wanted) != 0)
            place++;
        if (place == count)
            return fail_no_model(wanted, models, count, err);
        models += place;
        count = 1;
    } else if (count > 1) {
        qsort(models, count, sizeof *models, compare_newest_first);
    }
    explainer->listed = models;
    explainer->listed_count = count < INSIGHT_MAX_MODELS ? count : INSIGHT_MAX_MODELS;
    explainer->has_listed = true;
    return BASE_OK;
}

static BaseStatus gather_scores(Gathering *gathering, BaseError *err)
{
    InsightExplanation *const x = gathering->explanation;
    InsightScore *const scores = base_arena_alloc(&x->memory, INSIGHT_MAX_MODELS + 1, sizeof *scores);
    if (!scores)
        return no_memory(err);
    x->scores = scores;
    if (gathering->options->graph)
        return add_stored(gathering, scores, &x->score_count, err);
    BaseStatus status = list_models(gathering->explainer, err);
    for (size_t i = 0; status == BASE_OK && i < gathering->explainer->listed_count; i++)
        status = add_model(gathering, i, &scores[x->score_count++], err);
    return status == BASE_OK ? add_stored(gathering, scores, &x->score_count, err) : status;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

BaseStatus insight_open(KgTxn *txn, const InsightOptions *options, InsightExplainer **out, BaseError *err)
{
    *out = NULL;
    InsightExplainer *const explainer = calloc(1, sizeof *explainer);
    if (!explainer)
        return no_memory(err);
    explainer->txn = txn;
    explainer->options = options ? *options : (InsightOptions){0};
    const BaseStatus status = reasoner_prover_open(txn, &explainer->prover, err);
    if (status == BASE_OK)
        *out = explainer;
    else
        insight_close(explainer);
    return status;
}

void insight_close(InsightExplainer *explainer)
{
    if (!explainer)
        return;
    for (size_t i = 0; i < INSIGHT_MAX_MODELS; i++)
        embed_close(explainer->open[i]);
    reasoner_prover_close(explainer->prover);
    free(explainer->imports.items);
    free(explainer->runs.items);
    free(explainer->evidence.items);
    free(explainer->models.items);
    base_arena_free(&explainer->memory);
    free(explainer);
}

BaseStatus insight_ask(InsightExplainer *explainer, KgTriple triple, InsightExplanation **out, BaseJob *job,
                       BaseError *err)
{
    *out = NULL;
    if (triple.s == KG_ANY || triple.p == KG_ANY || triple.o == KG_ANY)
        return base_fail(err, BASE_BAD_CALL, "insight_ask: a triple without open places is needed");
    InsightExplanation *const explanation = calloc(1, sizeof *explanation);
    if (!explanation)
        return no_memory(err);
    explanation->triple = triple;
    Gathering gathering = {.explainer = explainer,
                           .txn = explainer->txn,
                           .options = &explainer->options,
                           .explanation = explanation,
                           .job = job};
    BaseStatus status = gather_names(&gathering, err);
    if (status == BASE_OK)
        status = gather_notes(&gathering, err);
    if (status == BASE_OK)
        status = gather_rows(&gathering, err);
    if (status == BASE_OK)
        status = gather_proofs(&gathering, err);
    if (status == BASE_OK)
        status = gather_imports(&gathering, err);
    if (status == BASE_OK)
        status = gather_scores(&gathering, err);
    if (status == BASE_OK)
        status = insight_fuse(explanation, err);
    if (status != BASE_OK) {
        insight_explanation_free(explanation);
        return status;
    }
    *out = explanation;
    return BASE_OK;
}

BaseStatus insight_explain(KgTxn *txn, KgTriple triple, const InsightOptions *options, InsightExplanation **out,
                           BaseJob *job, BaseError *err)
{
    InsightExplainer *explainer;
    *out = NULL;
    BaseStatus status = insight_open(txn, options, &explainer, err);
    if (status == BASE_OK)
        status = insight_ask(explainer, triple, out, job, err);
    if (status == BASE_OK)
        (*out)->explainer = explainer; /* what it borrows lives as long as itself */
    else
        insight_close(explainer);
    return status;
}

BaseStatus insight_explain_fact(const char *fact, bool holds, const ReasonerExplanation *proofs,
                                InsightExplanation **out, BaseError *err)
{
    InsightLines lines = {0};
    size_t asserted;
    *out = NULL;
    InsightExplanation *const x = calloc(1, sizeof *x);
    if (!x)
        return no_memory(err);
    x->borrows_proofs = true;
    x->proofs = *proofs;
    const bool is_given = holds && proofs->count > 0 && proofs->items[0]->kind == REASONER_ASSERTED;
    x->layers = is_given ? KG_IN(KG_ASSERTED) : holds ? KG_IN(KG_INFERRED) : 0;
    x->subject = x->predicate = x->object = "";
    x->fact = base_arena_copy(&x->memory, fact, strlen(fact));
    BaseStatus status = x->fact && insight_lay_out(x, UINT32_MAX, &lines) ? BASE_OK : no_memory(err);
    if (status == BASE_OK) {
        count_steps(x, &lines, &asserted);
        status = insight_fuse(x, err);
    }
    free(lines.items);
    if (status == BASE_OK)
        *out = x;
    else
        insight_explanation_free(x);
    return status;
}

void insight_explanation_free(InsightExplanation *explanation)
{
    if (!explanation)
        return;
    if (!explanation->borrows_proofs)
        reasoner_explanation_free(&explanation->proofs);
    base_arena_free(&explanation->memory);
    insight_close(explanation->explainer);
    free(explanation);
}

BaseStatus insight_explain_write(const InsightExplanation *explanation, InsightFormat format, FILE *out, BaseError *err)
{
    /* How deep lines may stand: text has a width, and readers of JSON and of pages a stack. In a graph all is one. */
    static const uint32_t deepest[] = {
        [INSIGHT_TEXT] = 30, [INSIGHT_JSON] = 200, [INSIGHT_DOT] = UINT32_MAX, [INSIGHT_HTML] = 30};
    InsightLines lines = {0};
    bool is_written = insight_lay_out(explanation, deepest[format], &lines);
    if (is_written) {
        switch (format) {
        case INSIGHT_TEXT:
            is_written = insight_write_text(explanation, &lines, out);
            break;
        case INSIGHT_JSON:
            is_written = insight_write_json(explanation, &lines, out);
            break;
        case INSIGHT_DOT:
            is_written = insight_write_dot(explanation, &lines, out);
            break;
        case INSIGHT_HTML:
            is_written = insight_write_html(explanation, &lines, out);
            break;
        }
    }
    free(lines.items);
    if (!is_written)
        return no_memory(err);
    if (fflush(out) != 0 || ferror(out))
        return base_fail_errno(err, "cannot write the explanation");
    return BASE_OK;
}
