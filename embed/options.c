/* Training options: from a JSON configuration, and made whole by defaults. */
#include "embed/options.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

typedef enum KeyType { KEY_TEXT, KEY_COUNT, KEY_NUMBER, KEY_NORM, KEY_SWITCH, KEY_BOOL, KEY_LOSS, KEY_SEED } KeyType;
typedef struct Key {
    const char *name;
    KeyType type;
    size_t offset;
    double low, high;      /* numbers */
    bool is_zero_negative; /* 0 is a value of its own, kept as -1 (see EmbedTrainOptions) */
} Key;
#define PLACE(field) offsetof(EmbedTrainOptions, field)
static const Key keys[] = {
    {"model", KEY_TEXT, PLACE(model), 0, 0, false},
    {"dim", KEY_COUNT, PLACE(dim), 1, 65536, false},
    {"norm", KEY_NORM, PLACE(norm), 1, 3, false},
    {"reciprocal", KEY_SWITCH, PLACE(reciprocal), 0, 0, false},
    {"loss", KEY_LOSS, PLACE(loss), 0, 0, false},
    {"epochs", KEY_COUNT, PLACE(epochs), 1, 1e6, false},
    {"batch", KEY_COUNT, PLACE(batch), 1, 1e6, false},
    {"negatives", KEY_COUNT, PLACE(negatives), 1, 1e6, false},
    {"optimizer", KEY_TEXT, PLACE(optimizer), 0, 0, false},
    {"rate", KEY_NUMBER, PLACE(rate), 1e-9, 100, false},
    {"decay", KEY_NUMBER, PLACE(decay), 1e-3, 1, false},
    {"dropout", KEY_NUMBER, PLACE(dropout), 0, 0.95, true},
    {"smoothing", KEY_NUMBER, PLACE(smoothing), 0, 0.95, true},
    {"regularize", KEY_NUMBER, PLACE(regularize), 0, 100, true},
    {"init", KEY_NUMBER, PLACE(init), 1e-6, 10, false},
    {"patience", KEY_COUNT, PLACE(patience), 1, 1e6, false},
    {"valid_every", KEY_COUNT, PLACE(valid_every), 1, 1e6, false},
    {"valid_share", KEY_NUMBER, PLACE(valid_share), 0, 0.5, true},
    {"valid_file", KEY_TEXT, PLACE(valid_file), 0, 0, false},
    {"relations", KEY_TEXT, PLACE(relations), 0, 0, false},
    {"time_budget", KEY_NUMBER, PLACE(time_budget), 0, 1e9, true},
    {"seed", KEY_SEED, PLACE(seed), 0, 0, false},
    {"resume", KEY_BOOL, PLACE(resume), 0, 0, false},
};
enum { KEY_TOTAL = sizeof keys / sizeof *keys };

/* jansson keeps no places of values, so a fault points at the key, found by its quoted name. */
static BaseStatus fail_at_key(const char *source, const char *text, size_t length, const char *key, BaseError *err,
                              const char *what)
{
    BaseBuffer quoted = {0};
    size_t offset = 0, width = 1;
    if (base_buffer_format(&quoted, "\"%s\"", key)) {
        const char *const found = memmem(text, length, quoted.items, quoted.count);
        offset = found ? (size_t)(found - text) : 0;
        width = found ? base_utf8_count(quoted.items, quoted.count) : 1;
    }
    base_buffer_free(&quoted);
    return base_fail_at(err, BASE_BAD_INPUT, base_source_at(source, text, length, offset, width), "%s", what);
}

static const char *set_text(const json_t *value, BaseArena *arena, const char **out)
{
    if (!json_is_string(value))
        return "a text";
    *out = base_arena_copy(arena, json_string_value(value), json_string_length(value));
    return *out ? NULL : "memory for a text";
}

static const char *set_switch(const json_t *value, EmbedSwitch *out)
{
    if (!json_is_boolean(value))
        return "true or false";
    *out = json_is_true(value) ? EMBED_ON : EMBED_OFF;
    return NULL;
}

static const char *set_loss(const json_t *value, EmbedLoss *out)
{
    const char *const word = json_string_value(value);
    if (word && strcmp(word, "all") == 0)
        *out = EMBED_LOSS_ALL;
    else if (word && strcmp(word, "sampled") == 0)
        *out = EMBED_LOSS_SAMPLED;
    else if (word && strcmp(word, "auto") == 0)
        *out = EMBED_LOSS_AUTO;
    else
        return "\"all\", \"sampled\" or \"auto\"";
    return NULL;
}

static bool in_range(const Key *key, double number)
{
    return number >= key->low && number <= key->high;
}

/* NULL, or what was expected. */
static const char *set_number(const Key *key, const json_t *value, char *field, char expected[64])
{
    const bool is_whole = key->type == KEY_COUNT || key->type == KEY_NORM;
    if (!(is_whole ? json_is_integer(value) : json_is_number(value)) || !in_range(key, json_number_value(value))) {
        snprintf(expected, 64, "a %snumber from %g to %g", is_whole ? "whole " : "", key->low, key->high);
        return expected;
    }
    if (key->type == KEY_COUNT)
        *(int64_t *)field = json_integer_value(value);
    else if (key->type == KEY_NORM)
        *(int *)field = (int)json_integer_value(value);
    else
        *(double *)field = key->is_zero_negative && json_number_value(value) <= 0 ? -1.0 : json_number_value(value);
    return NULL;
}

static const char *set_key(const Key *key, const json_t *value, BaseArena *arena, EmbedTrainOptions *options,
                           char expected[64])
{
    char *const field = (char *)options + key->offset;
    switch (key->type) {
    case KEY_TEXT:
        return set_text(value, arena, (const char **)field);
    case KEY_SWITCH:
        return set_switch(value, (EmbedSwitch *)field);
    case KEY_LOSS:
        return set_loss(value, (EmbedLoss *)field);
    case KEY_BOOL:
        *(bool *)field = json_is_true(value);
        return json_is_boolean(value) ? NULL : "true or false";
    case KEY_SEED:
        *(uint64_t *)field = (uint64_t)json_integer_value(value);
        return json_is_integer(value) && json_integer_value(value) >= 0 ? NULL : "a whole number from 0 on";
    case KEY_COUNT:
    case KEY_NUMBER:
    case KEY_NORM:
        return set_number(key, value, field, expected);
    }
    return "nothing";
}

static BaseStatus fail_unknown_key(const char *source, const char *text, size_t length, const char *name,
                                   BaseError *err)
{
    const char *names[KEY_TOTAL];
    for (size_t i = 0; i < KEY_TOTAL; i++)
        names[i] = keys[i].name;
    char what[200];
    const char *const near = base_nearest(name, names, KEY_TOTAL);
    snprintf(what, sizeof what, "unknown key \"%.60s\"%s%s%s", name, near ? ", did you mean \"" : "", near ? near : "",
             near ? "\"?" : "");
    const BaseStatus status = fail_at_key(source, text, length, name, err, what);
    base_hint(err, "keys: model, dim, epochs, rate, batch, negatives, dropout, regularize, reciprocal, loss, ...");
    return status;
}

BaseStatus embed_parse_options(const char *text, size_t length, const char *source, BaseArena *arena,
                               EmbedTrainOptions *options, BaseError *err)
{
    json_error_t fault;
    json_t *const json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    if (!json) {
        const size_t offset = fault.position > 0 ? (size_t)fault.position - 1 : 0;
        return base_fail_at(err, BASE_BAD_INPUT,
                            base_source_at(source, text, length, offset < length ? offset : length, 1),
                            "not valid JSON: %s", fault.text);
    }
    BaseStatus status = BASE_OK;
    if (!json_is_object(json))
        status = base_fail_at(err, BASE_BAD_INPUT, base_source_at(source, text, length, 0, 1),
                              "expected a JSON object of training options");
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        const Key *key = NULL;
        for (size_t i = 0; i < KEY_TOTAL; i++)
            if (strcmp(keys[i].name, name) == 0)
                key = &keys[i];
        if (!key) {
            status = fail_unknown_key(source, text, length, name, err);
            break;
        }
        char expected[64], what[160];
        const char *const wanted = set_key(key, value, arena, options, expected);
        if (wanted) {
            snprintf(what, sizeof what, "\"%s\": expected %s", name, wanted);
            status = fail_at_key(source, text, length, name, err, what);
            break;
        }
    }
    json_decref(json);
    return status;
}

BaseStatus embed_read_options(const char *path, BaseArena *arena, EmbedTrainOptions *options, BaseError *err)
{
    char *text = NULL;
    size_t length = 0;
    BaseStatus status = base_read_file(path, &text, &length, err);
    if (status == BASE_OK)
        status = embed_parse_options(text, length, path, arena, options, err);
    free(text);
    return status;
}

/* ---- Defaults ---------------------------------------------------------------------------------------------------- */

typedef struct Taste {
    int64_t dim;
    int norm;
    NnMethod method;
    float rate, dropout, smoothing, regularize, init;
} Taste;
static const Taste tastes[EMBED_KINDS] = {
    [EMBED_TRANSE] = {128, 0, NN_ADAM, 0.01f, 0.1f, 0.0f, 0.0f, 0.3f},
    [EMBED_DISTMULT] = {128, 0, NN_ADAGRAD, 0.1f, 0.2f, 0.0f, 0.005f, 0.1f},
    [EMBED_COMPLEX] = {128, 0, NN_ADAGRAD, 0.1f, 0.2f, 0.0f, 0.005f, 0.1f},
    [EMBED_ROTATE] = {128, 0, NN_ADAM, 0.002f, 0.0f, 0.0f, 0.0f, 0.1f},
};
static const char *const method_names[] = {[NN_SGD] = "sgd", [NN_ADAM] = "adam", [NN_ADAGRAD] = "adagrad"};

/* A whole run should cost about this many multiplications by default: about a minute on two cores. */
#define RUN_FLOPS 2.5e12
/* Above this cost of an epoch over all entities, a sample of them serves. */
#define EPOCH_FLOPS 4e11
/* TransE ranks better by L1, which is no matrix product: it is the default where an epoch of it costs less than this.
 */
#define L1_EPOCH_FLOPS 5e10

/* So few epochs neither overfit nor leave time for small steps. */
#define FEW_EPOCHS 15

static BaseStatus choose(const char *what, const char *word, const char *const *names, size_t count, int *out,
                         BaseError *err)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, names[i]) == 0) {
            *out = (int)i;
            return BASE_OK;
        }
    }
    BaseBuffer list = {0};
    for (size_t i = 0; i < count; i++)
        if (!base_buffer_format(&list, "%s%s", i ? ", " : "", names[i]))
            break;
    base_fail(err, BASE_BAD_INPUT, "unknown %s \"%s\", expected one of: %s", what, word, list.items ? list.items : "");
    const char *const near = base_nearest(word, names, count);
    if (near)
        base_hint(err, "did you mean \"%s\"?", near);
    base_buffer_free(&list);
    return BASE_BAD_INPUT;
}

static float or_default(double given, float usual)
{
    return given > 0 ? (float)given : given < 0 ? 0.0f : usual;
}

static int64_t clamp(double value, int64_t low, int64_t high)
{
    return value < (double)low ? low : value > (double)high ? high : (int64_t)value;
}

/* What scoring costs per pair of query and candidate, forward and back, in multiplications: a matrix product has 2, two
 * more for the gradients; distances that are not matrix products run several times slower. */
static double pair_flops(const EmbedForm *form)
{
    const bool is_product =
        form->kind == EMBED_DISTMULT || form->kind == EMBED_COMPLEX || (form->kind == EMBED_TRANSE && form->norm >= 2);
    return (double)form->dim * (is_product ? 6.0 : form->kind == EMBED_ROTATE ? 60.0 : 30.0) + 40.0;
}

/* Norm, batch, loss and epochs by the cost of an epoch. */
static void choose_work(const EmbedTrainOptions *options, size_t triple_count, EmbedRecipe *recipe)
{
    const double queries = 2.0 * (double)triple_count, entities = recipe->form.entity_count;
    if (recipe->form.kind == EMBED_TRANSE && recipe->form.norm == 0) {
        recipe->form.norm = 1;
        if (queries * entities * pair_flops(&recipe->form) > L1_EPOCH_FLOPS)
            recipe->form.norm = 2;
    }
    const double all = queries * entities * pair_flops(&recipe->form);
    recipe->is_sampled = options->loss == EMBED_LOSS_SAMPLED || (options->loss == EMBED_LOSS_AUTO && all > EPOCH_FLOPS);
    /* An epoch of a small graph is not one step. A sample's cost grows with the batch too, as its answers are in it. */
    recipe->batch = options->batch > 0 ? options->batch : clamp(queries / 60.0, 64, recipe->is_sampled ? 256 : 1024);
    recipe->negatives = options->negatives > 0 ? options->negatives : 256;
    const double candidates = recipe->is_sampled ? (double)(recipe->negatives + recipe->batch) : entities;
    /* Gathering and updating single rows adds about as much again as half the products. */
    const double rows_factor = recipe->is_sampled ? 1.4 : 1.0;
    const double epoch =
        rows_factor * queries * (candidates < entities ? candidates : entities) * pair_flops(&recipe->form) + 1.0;
    recipe->epochs = options->epochs > 0 ? options->epochs : clamp(RUN_FLOPS / epoch, 6, 100);
    recipe->valid_every = options->valid_every > 0 ? options->valid_every : clamp((double)recipe->epochs / 20, 1, 50);
    recipe->patience = options->patience > 0 ? options->patience : 6;
}

/* One in fifty, but with few triples a few hundred: the MRR of less is mostly noise. */
static double usual_valid_share(double triple_count)
{
    const double share = triple_count > 0 ? 300 / triple_count : 0;
    return share > 0.05 ? 0.05 : share < 0.02 ? 0.02 : share;
}

static BaseStatus check(const EmbedRecipe *recipe, BaseError *err)
{
    const EmbedForm *const form = &recipe->form;
    if ((form->kind == EMBED_COMPLEX || form->kind == EMBED_ROTATE) && form->dim % 2 != 0)
        return base_fail(err, BASE_BAD_INPUT, "%s needs an even dimension, not %lld", embed_kind_names[form->kind],
                         (long long)form->dim);
    if (form->dim > 65536 || recipe->batch > 1000000 || recipe->negatives > 1000000)
        return base_fail(err, BASE_BAD_INPUT, "a dimension is at most 65536, batch and negatives at most a million");
    if (form->kind == EMBED_TRANSE && (form->norm < 1 || form->norm > 3))
        return base_fail(err, BASE_BAD_INPUT, "the norm is 1, 2 or 3 (L2 squared), not %d", form->norm);
    if (!(recipe->dropout < 1.0f) || !(recipe->smoothing < 1.0f) || !isfinite(recipe->rate) ||
        !(recipe->valid_share <= 0.5))
        return base_fail(err, BASE_BAD_INPUT, "dropout and smoothing are below 1, the validation share at most 0.5");
    return BASE_OK;
}

BaseStatus embed_recipe(const EmbedTrainOptions *options, uint32_t entity_count, uint32_t relation_count,
                        size_t triple_count, EmbedRecipe *out, BaseError *err)
{
    *out = (EmbedRecipe){0};
    int kind = EMBED_TRANSE, method = 0;
    BaseStatus status =
        choose("model", options->model ? options->model : "transe", embed_kind_names, EMBED_KINDS, &kind, err);
    if (status != BASE_OK)
        return status;
    const Taste *const taste = &tastes[kind];
    method = (int)taste->method;
    if (options->optimizer)
        status = choose("optimizer", options->optimizer, method_names, 3, &method, err);
    if (status != BASE_OK)
        return status;
    out->form = (EmbedForm){.kind = (EmbedKind)kind,
                            .norm = options->norm ? options->norm : taste->norm,
                            .dim = options->dim > 0 ? options->dim : taste->dim,
                            .reciprocal = options->reciprocal != EMBED_OFF,
                            .entity_count = entity_count,
                            .relation_count = relation_count};
    out->method = (NnMethod)method;
    out->decay = or_default(options->decay, 0.02f);
    out->smoothing = or_default(options->smoothing, taste->smoothing);
    out->regularize = or_default(options->regularize, taste->regularize);
    out->init = or_default(options->init, taste->init);
    out->valid_share = options->valid_share > 0   ? options->valid_share
                       : options->valid_share < 0 ? 0.0
                                                  : usual_valid_share((double)triple_count);
    out->time_budget = options->time_budget > 0 ? options->time_budget : options->time_budget < 0 ? 0.0 : 900.0;
    out->is_time_given = options->time_budget > 0;
    out->seed = options->seed;
    choose_work(options, triple_count, out);
    const bool is_brief = out->epochs < FEW_EPOCHS && out->is_sampled;
    out->rate = or_default(options->rate, is_brief ? 3.0f * taste->rate : taste->rate);
    out->dropout = or_default(options->dropout, is_brief ? 0.0f : taste->dropout);
    return check(out, err);
}

char *embed_recipe_json(const EmbedRecipe *recipe)
{
    const EmbedForm *const form = &recipe->form;
    json_t *const json = json_pack(
        "{ss sI si sb ss sI sI sI ss sf sf sf sf sf sf sI sI sf sf sI}", "model", embed_kind_names[form->kind], "dim",
        (json_int_t)form->dim, "norm", form->norm, "reciprocal", (int)form->reciprocal, "loss",
        recipe->is_sampled ? "sampled" : "all", "epochs", (json_int_t)recipe->epochs, "batch",
        (json_int_t)recipe->batch, "negatives", (json_int_t)recipe->negatives, "optimizer",
        method_names[recipe->method], "rate", (double)recipe->rate, "decay", (double)recipe->decay, "dropout",
        (double)recipe->dropout, "smoothing", (double)recipe->smoothing, "regularize", (double)recipe->regularize,
        "init", (double)recipe->init, "patience", (json_int_t)recipe->patience, "valid_every",
        (json_int_t)recipe->valid_every, "valid_share", recipe->valid_share, "time_budget", recipe->time_budget, "seed",
        (json_int_t)recipe->seed);
    if (json && form->kind != EMBED_TRANSE)
        json_object_del(json, "norm"); /* 0 there, which a configuration file may not say */
    char *const text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
    json_decref(json);
    return text;
}
