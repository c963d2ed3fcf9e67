/* Training a model of a database: read the graph, hold some facts out, learn, calibrate, and keep the result as one
 * transaction. A training's file has the number of its run in its name, so that a file is never written over: until the
 * commit the catalog names the old one, afterwards the new one. What a crash leaves behind is removed by the next
 * training, which alone may write at that time. */
#include "embed/calibrate.h"
#include "embed/learn.h"
#include "embed/model.h"

#include <ctype.h>
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_VALID 2000
#define FILE_END ".safetensors"

typedef struct Training {
    KgStore *store;
    const char *name;
    const EmbedTrainOptions *options;
    EmbedTrainReport *report;
    BaseJob *job;
    double began;
    EmbedRecipe recipe;
    EmbedRows rows;
    EmbedFacts train, valid;
    EmbedKnown known; /* asserted facts and validation facts */
    EmbedModel *model;
    BasePool *pool;
} Training;

static BaseStatus check_name(const char *name, BaseError *err)
{
    bool is_good = name && *name && *name != '.' && strlen(name) <= 100;
    for (const char *c = name; is_good && *c; c++)
        is_good = isalnum((unsigned char)*c) || strchr("._-", *c);
    return is_good ? BASE_OK
                   : base_fail(err, BASE_BAD_INPUT,
                               "a model's name is made of at most 100 letters, digits, '.', '_' and '-', not \"%s\"",
                               name ? name : "");
}

/* ---- The graph --------------------------------------------------------------------------------------------------- */

typedef struct Ids {
    KgId *items;
    size_t count, capacity;
} Ids;

/* The relations that the options name; none: all. */
static BaseStatus chosen_relations(KgTxn *txn, const char *list, Ids *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    char *const copy = list ? strdup(list) : NULL;
    if (list && !copy)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the relations");
    char *rest = NULL;
    for (char *name = copy ? strtok_r(copy, ", ", &rest) : NULL; name && status == BASE_OK;
         name = strtok_r(NULL, ", ", &rest)) {
        KgId id = KG_ANY;
        status = kg_find_name(txn, name, &id, err);
        if (status == BASE_OK && !BASE_PUSH(out, id))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for the relations");
    }
    if (status == BASE_NOT_FOUND)
        status = BASE_BAD_INPUT;
    free(copy);
    return status;
}

static BaseStatus read_valid_file(Training *training, KgTxn *txn, const char *path, BaseError *err)
{
    EmbedTriples triples = {0};
    BaseStatus status = embed_read_triples(txn, path, &triples, err);
    if (status == BASE_OK && triples.count == 0)
        status = base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = path},
                              "expected triples to validate on, found none");
    if (status == BASE_OK)
        status = embed_facts_add(&training->valid, &training->rows, triples.items, triples.count, err);
    free(triples.items);
    return status;
}

/* Moves a seeded sample of the facts to `valid`, but none that is an entity's or a relation's last one. */
static BaseStatus hold_out(Training *training, BaseError *err)
{
    EmbedFacts *const train = &training->train;
    const double share = training->recipe.valid_share * (double)train->count;
    const size_t wanted = share > MOST_VALID ? MOST_VALID : (size_t)share;
    uint32_t *const degrees = calloc((size_t)training->rows.entity_count + 1, sizeof *degrees);
    uint32_t *const uses = calloc((size_t)training->rows.relation_count + 1, sizeof *uses);
    uint32_t *const order = calloc(train->count + 1, sizeof *order);
    BaseStatus status = degrees && uses && order && BASE_RESERVE(&training->valid, wanted + 1)
                            ? BASE_OK
                            : base_fail(err, BASE_NO_MEMORY, "no memory to hold out validation triples");
    for (size_t i = 0; i < train->count && status == BASE_OK; i++) {
        order[i] = (uint32_t)i;
        degrees[train->items[i].h]++;
        degrees[train->items[i].t]++;
        uses[train->items[i].r]++;
    }
    BaseRandom random;
    base_random_seed(&random, training->recipe.seed ^ 0x76616c6964u);
    if (status == BASE_OK)
        base_random_shuffle(&random, order, train->count);
    for (size_t i = 0; status == BASE_OK && i < train->count && training->valid.count < wanted; i++) {
        EmbedFact *const fact = &train->items[order[i]];
        if (degrees[fact->h] < 2 || degrees[fact->t] < 2 || uses[fact->r] < 2)
            continue;
        degrees[fact->h]--;
        degrees[fact->t]--;
        uses[fact->r]--;
        training->valid.items[training->valid.count++] = *fact;
        fact->r = EMBED_NO_ROW; /* taken out below */
    }
    size_t kept = 0;
    for (size_t i = 0; status == BASE_OK && i < train->count; i++)
        if (train->items[i].r != EMBED_NO_ROW)
            train->items[kept++] = train->items[i];
    if (status == BASE_OK)
        train->count = kept;
    free(degrees);
    free(uses);
    free(order);
    return status;
}

static BaseStatus know(Training *training, BaseError *err)
{
    EmbedFacts all = {0};
    BaseStatus status = BASE_OK;
    if (!BASE_RESERVE(&all, training->train.count + training->valid.count + 1))
        status = base_fail(err, BASE_NO_MEMORY, "no memory for the known triples");
    if (status == BASE_OK) {
        memcpy(all.items, training->train.items, training->train.count * sizeof *all.items);
        if (training->valid.count > 0)
            memcpy(all.items + training->train.count, training->valid.items, training->valid.count * sizeof *all.items);
        all.count = training->train.count + training->valid.count;
        status = embed_known_new(&all, &training->known, err);
    }
    free(all.items);
    return status;
}

static BaseStatus load_graph(Training *training, BaseError *err)
{
    const EmbedTrainOptions *const options = training->options;
    KgTxn *txn = NULL;
    Ids relations = {0};
    BaseStatus status = kg_read_begin(training->store, &txn, err);
    if (status == BASE_OK)
        status = chosen_relations(txn, options->relations, &relations, err);
    if (status == BASE_OK)
        status = embed_load_facts(txn, relations.items, relations.count, &training->rows, &training->train,
                                  training->job, err);
    if (status == BASE_OK && training->train.count == 0)
        status = base_fail(err, BASE_BAD_INPUT, "there is nothing to train on: no asserted triple links two entities");
    if (status == BASE_OK)
        status = embed_recipe(options, training->rows.entity_count, training->rows.relation_count,
                              training->train.count, &training->recipe, err);
    if (status == BASE_OK && options->valid_file)
        status = read_valid_file(training, txn, options->valid_file, err);
    kg_abort(txn);
    free(relations.items);
    if (status == BASE_OK && !options->valid_file)
        status = hold_out(training, err);
    if (status == BASE_OK)
        status = know(training, err);
    return status;
}

/* ---- The model --------------------------------------------------------------------------------------------------- */

static bool add_parameters(EmbedModel *model, const EmbedRecipe *recipe)
{
    const EmbedForm *const form = &recipe->form;
    /* Phases start anywhere on the circle. */
    const NnInit init = form->kind == EMBED_ROTATE ? NN_UNIFORM : NN_NORMAL;
    const float scale = form->kind == EMBED_ROTATE ? 3.14159265f : recipe->init;
    return nn_parameter_add(model->parameters, "entity", NN_SHAPE(form->entity_count, form->dim), NN_NORMAL,
                            recipe->init) >= 0 &&
           nn_parameter_add(model->parameters, "relation",
                            NN_SHAPE(embed_form_relation_rows(form), embed_form_relation_width(form)), init,
                            scale) >= 0;
}

/* The model takes the rows. */
static BaseStatus make_model(Training *training, BaseError *err)
{
    EmbedModel *const model = calloc(1, sizeof *model);
    if (!model)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the model");
    training->model = model;
    model->form = training->recipe.form;
    model->rows = training->rows;
    training->rows = (EmbedRows){0};
    model->parameters = nn_parameters_new(training->recipe.seed);
    model->habits = calloc(model->form.relation_count, sizeof *model->habits);
    if (!model->parameters || !model->habits || !add_parameters(model, &training->recipe))
        return base_fail(err, BASE_NO_MEMORY, "no memory for %u entities of %lld numbers", model->form.entity_count,
                         (long long)model->form.dim);
    embed_habits(&training->known, model->habits, model->form.relation_count);
    return BASE_OK;
}

static BaseStatus resume(Training *training, BaseError *err)
{
    KgTxn *txn = NULL;
    EmbedModel *old = NULL;
    BaseStatus status = kg_read_begin(training->store, &txn, err);
    if (status == BASE_OK)
        status = embed_open(txn, training->name, &old, err);
    if (status == BASE_OK && !embed_model_copy_rows(old, training->model))
        status = base_fail(err, BASE_BAD_INPUT,
                           "model \"%s\" is a %s of dimension %lld: a training that goes on with it must be the same",
                           training->name, embed_kind_names[old->form.kind], (long long)old->form.dim);
    embed_close(old);
    kg_abort(txn);
    return status;
}

static double deadline(const Training *training)
{
    const double budget = training->recipe.time_budget;
    /* Validation, calibration and the file come after it. */
    return budget > 0 ? training->began + 0.93 * budget : INFINITY;
}

static BaseStatus learn(Training *training, BaseError *err)
{
    EmbedTrainReport *const report = training->report;
    const EmbedLesson lesson = {.recipe = &training->recipe,
                                .train = &training->train,
                                .valid = &training->valid,
                                .known = &training->known,
                                .parameters = training->model->parameters,
                                .pool = training->pool,
                                .deadline = deadline(training)};
    const BaseStatus status = embed_learn(&lesson, report, training->job, err);
    if (status == BASE_BAD_INPUT)
        base_hint(err, "the training diverged: try a smaller rate than %g", (double)training->recipe.rate);
    training->model->valid_mrr = report->valid_mrr;
    return status;
}

static BaseStatus calibrate(Training *training, BaseError *err)
{
    EmbedPanel panel = {0};
    const EmbedFacts *const facts = training->valid.count > 0 ? &training->valid : &training->train;
    BaseStatus status =
        embed_panel_new(&training->model->form, training->model->parameters, training->pool, &panel, err);
    if (status == BASE_OK)
        status = embed_calibrate(training->model, &panel, facts, &training->known, training->recipe.seed, err);
    embed_panel_free(&panel);
    return status;
}

/* ---- Keeping it -------------------------------------------------------------------------------------------------- */

/* Removes files of trainings that no model names; faults do not matter, they only cost room. */
static void sweep(const char *folder, const KgModel *models, size_t count)
{
    DIR *const dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        const size_t length = strlen(entry->d_name);
        bool is_stray = length > strlen(FILE_END) && strcmp(entry->d_name + length - strlen(FILE_END), FILE_END) == 0;
        for (size_t i = 0; i < count; i++)
            is_stray = is_stray && strcmp(models[i].file, entry->d_name) != 0;
        char *const path = is_stray ? base_join_path(folder, entry->d_name) : NULL;
        if (path)
            remove(path);
        free(path);
    }
    if (dir)
        closedir(dir);
}

static char *metrics_json(const EmbedTrainReport *report)
{
    json_t *const json = json_pack(
        "{sf sI sI sf sI sI sI sI sf ss}", "valid_mrr", report->valid_mrr, "epochs", (json_int_t)report->epochs,
        "best_epoch", (json_int_t)report->best_epoch, "loss", report->loss, "triples", (json_int_t)report->triples,
        "valid_triples", (json_int_t)report->valid_triples, "entities", (json_int_t)report->entities, "relations",
        (json_int_t)report->relations, "seconds", report->seconds, "stopped", report->stopped);
    char *const text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
    json_decref(json);
    return text;
}

/* Within the write transaction: file first, then the rows that name it. */
static BaseStatus put_model(Training *training, KgTxn *txn, const char *folder, char **path, BaseError *err)
{
    EmbedTrainReport *const report = training->report;
    report->seconds = base_wall_seconds() - training->began;
    char *const config = embed_recipe_json(&training->recipe), *const metrics = metrics_json(report);
    char file[160];
    BaseStatus status = config && metrics ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to save the model");
    if (status == BASE_OK)
        status = kg_put_run(txn,
                            &(KgRun){.kind = "train",
                                     .name = training->name,
                                     .text = config,
                                     .details = metrics,
                                     .seconds = report->seconds},
                            &report->run, err);
    if (status == BASE_OK) {
        snprintf(file, sizeof file, "%s-%u" FILE_END, training->name, report->run);
        *path = base_join_path(folder, file);
        status = *path ? embed_model_save(training->model, *path, err)
                       : base_fail(err, BASE_NO_MEMORY, "no memory to save the model");
    }
    if (status == BASE_OK)
        status = kg_put_model(txn,
                              &(KgModel){.name = training->name,
                                         .kind = embed_kind_names[training->recipe.form.kind],
                                         .file = file,
                                         .config = config,
                                         .metrics = metrics},
                              &report->model, err);
    free(config);
    free(metrics);
    return status;
}

static BaseStatus keep(Training *training, BaseError *err)
{
    BaseArena arena = {0};
    KgTxn *txn = NULL;
    KgModel *models = NULL;
    size_t count = 0;
    char *path = NULL;
    char *const folder = base_join_path(kg_path(training->store), "models");
    BaseStatus status = folder ? base_make_folder(folder, err) : base_fail(err, BASE_NO_MEMORY, "no memory to save");
    if (status == BASE_OK)
        status = kg_write_begin(training->store, &txn, err);
    if (status == BASE_OK)
        status = kg_models(txn, &arena, &models, &count, err);
    if (status == BASE_OK) {
        sweep(folder, models, count);
        status = put_model(training, txn, folder, &path, err);
    }
    if (status == BASE_OK) {
        status = kg_commit(txn, err);
        txn = NULL;
    }
    kg_abort(txn);
    if (status != BASE_OK && path)
        remove(path);
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        char *const old = strcmp(models[i].name, training->name) == 0 ? base_join_path(folder, models[i].file) : NULL;
        if (old && strcmp(old, path) != 0)
            remove(old);
        free(old);
    }
    training->report->saved = status == BASE_OK;
    free(path);
    free(folder);
    base_arena_free(&arena);
    return status;
}

static void fill_report(Training *training)
{
    EmbedTrainReport *const report = training->report;
    const EmbedForm *const form = &training->recipe.form;
    report->triples = training->train.count;
    report->valid_triples = training->valid.count;
    for (size_t i = 0; i < training->valid.count; i++) {
        const EmbedFact *const fact = &training->valid.items[i];
        report->valid_unseen += fact->h == EMBED_NO_ROW || fact->r == EMBED_NO_ROW || fact->t == EMBED_NO_ROW;
    }
    report->entities = form->entity_count;
    report->relations = form->relation_count;
    report->dim = form->dim;
    report->parameters = (uint64_t)form->entity_count * (uint64_t)form->dim +
                         (uint64_t)(embed_form_relation_rows(form) * embed_form_relation_width(form));
}

BaseStatus embed_train(KgStore *store, const char *name, const EmbedTrainOptions *options, EmbedTrainReport *report,
                       BaseJob *job, BaseError *err)
{
    const EmbedTrainOptions usual = {0};
    EmbedTrainReport unread;
    Training training = {.store = store,
                         .name = name,
                         .options = options ? options : &usual,
                         .report = report ? report : &unread,
                         .job = job,
                         .began = base_wall_seconds()};
    *training.report = (EmbedTrainReport){.valid_mrr = -1.0};
    bool is_cancelled = false;
    BaseStatus status = check_name(name, err);
    if (status == BASE_OK)
        status = load_graph(&training, err);
    if (status == BASE_OK) {
        fill_report(&training);
        training.pool = base_pool_new(base_job_threads(job));
        status =
            training.pool ? make_model(&training, err) : base_fail(err, BASE_NO_MEMORY, "no threads to train with");
    }
    if (status == BASE_OK && training.options->resume)
        status = resume(&training, err);
    if (status == BASE_OK)
        status = learn(&training, err);
    if (status == BASE_CANCELLED && training.report->best_epoch > 0) {
        is_cancelled = true;
        status = BASE_OK;
    }
    if (status == BASE_OK)
        status = calibrate(&training, err);
    if (status == BASE_OK)
        status = keep(&training, err);
    training.report->seconds = base_wall_seconds() - training.began;
    if (status == BASE_CANCELLED || (status == BASE_OK && is_cancelled))
        status = base_fail(err, BASE_CANCELLED,
                           training.report->saved ? "cancelled; the best checkpoint so far is kept as model \"%s\""
                                                  : "cancelled before there was anything to keep as model \"%s\"",
                           name);
    embed_close(training.model);
    embed_rows_free(&training.rows);
    embed_known_free(&training.known);
    free(training.train.items);
    free(training.valid.items);
    base_pool_free(training.pool);
    return status;
}
