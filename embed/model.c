/* A model in memory and as a file. The file is what nn_save writes, with these tensors:
 *     entity        [entities, dim]
 *     relation      [relations, or twice as many with reciprocal ones; width]
 *     entity_ids    [entities, 4]    the KgId of each row in 16-bit pieces, lowest first: whole numbers below 2^24 are
 *     relation_ids  [relations, 4]   exact in float32, so ids travel with the weights in one checked file
 *     habits        [relations, 3]   mean answers to (h, r, ?), to (?, r, t), share of loops
 * and a JSON description: {"room": "embed", "version": 1, "model": "transe", "dim": 128, "norm": 2, "reciprocal": true,
 * "valid_mrr": 0.3, "calibrated": true, "platt": [[slope, offset], [slope, offset]]}. */
#include "embed/model.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ID_PIECES 4

double embed_platt(EmbedPlatt platt, double score)
{
    return 1.0 / (1.0 + exp(-(platt.slope * score + platt.offset)));
}

void embed_close(EmbedModel *model)
{
    if (!model)
        return;
    embed_asker_free(model->asker);
    nn_parameters_free(model->parameters);
    embed_rows_free(&model->rows);
    free(model->habits);
    free(model->name);
    free(model);
}

EmbedInfo embed_info(const EmbedModel *model)
{
    return (EmbedInfo){.name = model->name,
                       .kind = embed_kind_names[model->form.kind],
                       .id = model->id,
                       .entities = model->form.entity_count,
                       .relations = model->form.relation_count,
                       .dim = model->form.dim,
                       .is_calibrated = model->is_calibrated,
                       .valid_mrr = model->valid_mrr};
}

bool embed_knows_entity(const EmbedModel *model, KgId id)
{
    return embed_entity_row(&model->rows, id) != EMBED_NO_ROW;
}

bool embed_knows_relation(const EmbedModel *model, KgId id)
{
    return embed_relation_row(&model->rows, id) != EMBED_NO_ROW;
}

static float *values_of(const EmbedModel *model, const char *name)
{
    return nn_parameter_values(model->parameters, nn_parameter_find(model->parameters, name));
}

const float *embed_vector(const EmbedModel *model, KgId entity)
{
    const uint32_t row = embed_entity_row(&model->rows, entity);
    return row == EMBED_NO_ROW ? NULL : values_of(model, "entity") + (int64_t)row * model->form.dim;
}

BaseStatus embed_model_asker(EmbedModel *model, EmbedAsker **out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (!model->asker)
        status = embed_asker_new(&model->form, model->parameters, 1, &model->asker, err);
    *out = model->asker;
    return status;
}

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

static bool add_tensor(NnParameters *to, const char *name, NnShape shape, const float *values)
{
    const int parameter = nn_parameter_add(to, name, shape, NN_ZERO, 0.0f);
    if (parameter < 0)
        return false;
    const size_t count = (size_t)(shape.dims[0] * shape.dims[1]);
    if (values && count > 0)
        memcpy(nn_parameter_values(to, parameter), values, count * sizeof *values);
    return true;
}

static bool add_ids(NnParameters *to, const char *name, const KgId *ids, uint32_t count)
{
    if (!add_tensor(to, name, NN_SHAPE(count, ID_PIECES), NULL))
        return false;
    float *const values = nn_parameter_values(to, nn_parameter_find(to, name));
    for (size_t i = 0; i < count; i++)
        for (size_t piece = 0; piece < ID_PIECES; piece++)
            values[i * ID_PIECES + piece] = (float)(ids[i] >> (16 * piece) & 0xffff);
    return true;
}

static bool add_tensors(const EmbedModel *model, NnParameters *to)
{
    const EmbedForm *const form = &model->form;
    _Static_assert(sizeof(EmbedHabit) == 3 * sizeof(float), "a habit is a row of three");
    return add_tensor(to, "entity", NN_SHAPE(form->entity_count, form->dim), values_of(model, "entity")) &&
           add_tensor(to, "relation", NN_SHAPE(embed_form_relation_rows(form), embed_form_relation_width(form)),
                      values_of(model, "relation")) &&
           add_ids(to, "entity_ids", model->rows.entities, form->entity_count) &&
           add_ids(to, "relation_ids", model->rows.relations, form->relation_count) &&
           add_tensor(to, "habits", NN_SHAPE(form->relation_count, 3), model->habits[0].answers);
}

static char *describe(const EmbedModel *model)
{
    json_t *const json = json_pack(
        "{ss si ss sI si sb sf sb s[[ff][ff]]}", "room", "embed", "version", 1, "model",
        embed_kind_names[model->form.kind], "dim", (json_int_t)model->form.dim, "norm", model->form.norm, "reciprocal",
        (int)model->form.reciprocal, "valid_mrr", model->valid_mrr, "calibrated", (int)model->is_calibrated, "platt",
        model->platt[0].slope, model->platt[0].offset, model->platt[1].slope, model->platt[1].offset);
    char *const text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

BaseStatus embed_model_save(EmbedModel *model, const char *path, BaseError *err)
{
    NnParameters *const file = nn_parameters_new(0);
    char *const description = describe(model);
    BaseStatus status = file && description && add_tensors(model, file)
                            ? BASE_OK
                            : base_fail(err, BASE_NO_MEMORY, "no memory to save %s", path);
    if (status == BASE_OK)
        status = nn_save(file, path, description, err);
    nn_parameters_free(file);
    free(description);
    return status;
}

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

static BaseStatus read_description(EmbedModel *model, const char *path, const char *text, BaseError *err)
{
    const char *room = NULL, *kind = NULL;
    int version = 0, norm = 0, reciprocal = 0, calibrated = 0;
    json_int_t dim = 0;
    json_error_t fault;
    json_t *const json = text ? json_loads(text, 0, &fault) : NULL;
    const int failed =
        !json || json_unpack(json, "{ss si ss sI si sb sF sb s[[FF][FF]]}", "room", &room, "version", &version, "model",
                             &kind, "dim", &dim, "norm", &norm, "reciprocal", &reciprocal, "valid_mrr",
                             &model->valid_mrr, "calibrated", &calibrated, "platt", &model->platt[0].slope,
                             &model->platt[0].offset, &model->platt[1].slope, &model->platt[1].offset) != 0;
    BaseStatus status = BASE_OK;
    int found = EMBED_KINDS;
    for (int i = 0; !failed && i < EMBED_KINDS; i++)
        if (strcmp(embed_kind_names[i], kind) == 0)
            found = i;
    if (failed || strcmp(room, "embed") != 0 || version != 1)
        status = base_fail(err, BASE_BAD_INPUT, "%s: not an embedding model of this version", path);
    else if (found == EMBED_KINDS)
        status = base_fail(err, BASE_BAD_INPUT, "%s: unknown model kind \"%s\"", path, kind);
    else
        model->form = (EmbedForm){.kind = (EmbedKind)found, .norm = norm, .dim = dim, .reciprocal = reciprocal != 0};
    model->is_calibrated = calibrated != 0;
    json_decref(json);
    return status;
}

/* The tensor `name` of `columns` (-1: any) columns. */
static BaseStatus find_tensor(EmbedModel *model, const char *path, const char *name, int64_t rows, int64_t columns,
                              float **out, int64_t *found_rows, BaseError *err)
{
    const int parameter = nn_parameter_find(model->parameters, name);
    if (parameter < 0)
        return base_fail(err, BASE_BAD_INPUT, "%s: no tensor \"%s\"", path, name);
    const NnShape shape = nn_parameter_shape(model->parameters, parameter);
    if (shape.rank != 2 || (rows >= 0 && shape.dims[0] != rows) || shape.dims[1] != columns || shape.dims[0] < 1 ||
        shape.dims[0] > INT32_MAX / 2)
        return base_fail(err, BASE_BAD_INPUT, "%s: tensor \"%s\" has the wrong shape", path, name);
    *out = nn_parameter_values(model->parameters, parameter);
    if (found_rows)
        *found_rows = shape.dims[0];
    return BASE_OK;
}

static BaseStatus read_ids(EmbedModel *model, const char *path, const char *name, KgId **ids, uint32_t *count,
                           BaseError *err)
{
    float *values = NULL;
    int64_t rows = 0;
    const BaseStatus status = find_tensor(model, path, name, -1, ID_PIECES, &values, &rows, err);
    if (status != BASE_OK)
        return status;
    *ids = calloc((size_t)rows, sizeof **ids);
    if (!*ids)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    *count = (uint32_t)rows;
    for (size_t i = 0; i < (size_t)rows; i++) {
        for (size_t piece = 0; piece < ID_PIECES; piece++) {
            const float value = values[i * ID_PIECES + piece];
            if (!(value >= 0.0f && value <= 65535.0f) || value != floorf(value))
                return base_fail(err, BASE_BAD_INPUT, "%s: row %zu of \"%s\" is not an id", path, i, name);
            (*ids)[i] |= (KgId)value << (16 * piece);
        }
        if (i > 0 && (*ids)[i] <= (*ids)[i - 1])
            return base_fail(err, BASE_BAD_INPUT, "%s: the ids of \"%s\" are not in order", path, name);
    }
    return BASE_OK;
}

static BaseStatus check_form(const EmbedForm *form, const char *path, BaseError *err)
{
    const bool is_complex = form->kind == EMBED_COMPLEX || form->kind == EMBED_ROTATE;
    if (form->dim < 1 || form->dim > 65536 || (is_complex && form->dim % 2 != 0))
        return base_fail(err, BASE_BAD_INPUT, "%s: a dimension of %lld", path, (long long)form->dim);
    if (form->kind == EMBED_TRANSE && (form->norm < 1 || form->norm > 3))
        return base_fail(err, BASE_BAD_INPUT, "%s: a norm of %d, expected 1, 2 or 3", path, form->norm);
    return BASE_OK;
}

static BaseStatus read_tensors(EmbedModel *model, const char *path, BaseError *err)
{
    EmbedForm *const form = &model->form;
    float *values = NULL;
    BaseStatus status = read_ids(model, path, "entity_ids", &model->rows.entities, &model->rows.entity_count, err);
    if (status == BASE_OK)
        status = read_ids(model, path, "relation_ids", &model->rows.relations, &model->rows.relation_count, err);
    if (status != BASE_OK)
        return status;
    form->entity_count = model->rows.entity_count;
    form->relation_count = model->rows.relation_count;
    status = find_tensor(model, path, "entity", form->entity_count, form->dim, &values, NULL, err);
    if (status == BASE_OK)
        status = find_tensor(model, path, "relation", embed_form_relation_rows(form), embed_form_relation_width(form),
                             &values, NULL, err);
    if (status == BASE_OK)
        status = find_tensor(model, path, "habits", form->relation_count, 3, &values, NULL, err);
    if (status != BASE_OK)
        return status;
    model->habits = calloc(form->relation_count, sizeof *model->habits);
    if (!model->habits)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    memcpy(model->habits, values, form->relation_count * sizeof *model->habits);
    return BASE_OK;
}

BaseStatus embed_model_load(const char *path, EmbedModel **out, BaseError *err)
{
    *out = NULL;
    char *description = NULL;
    EmbedModel *const model = calloc(1, sizeof *model);
    if (!model)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", path);
    BaseStatus status = nn_load(path, &model->parameters, &description, err);
    if (status == BASE_OK)
        status = read_description(model, path, description, err);
    if (status == BASE_OK)
        status = check_form(&model->form, path, err);
    if (status == BASE_OK)
        status = read_tensors(model, path, err);
    free(description);
    if (status != BASE_OK) {
        embed_close(model);
        return status;
    }
    *out = model;
    return BASE_OK;
}

static void name_the_others(KgTxn *txn, BaseArena *arena, BaseError *err)
{
    KgModel *models = NULL;
    size_t count = 0;
    BaseBuffer list = {0};
    if (kg_models(txn, arena, &models, &count, NULL) != BASE_OK || count == 0) {
        base_hint(err, "this database has no models yet: kgq train makes one");
        return;
    }
    for (size_t i = 0; i < count && list.count < 120; i++)
        if (!base_buffer_format(&list, "%s%s", i ? ", " : "", models[i].name))
            break;
    base_hint(err, "its models: %s", list.items ? list.items : "");
    base_buffer_free(&list);
}

BaseStatus embed_open(KgTxn *txn, const char *name, EmbedModel **out, BaseError *err)
{
    *out = NULL;
    BaseArena arena = {0};
    KgModel row = {0};
    char *path = NULL;
    BaseStatus status = kg_find_model(txn, name, &arena, &row, err);
    if (status == BASE_NOT_FOUND) {
        base_fail(err, status, "no model named \"%s\"", name);
        name_the_others(txn, &arena, err);
    }
    if (status == BASE_OK && asprintf(&path, "%s/models/%s", kg_path(kg_store(txn)), row.file) < 0) {
        path = NULL;
        status = base_fail(err, BASE_NO_MEMORY, "no memory to open model %s", name);
    }
    if (status == BASE_OK)
        status = embed_model_load(path, out, err);
    if (status == BASE_NOT_FOUND && path)
        status = base_fail(err, BASE_BAD_INPUT, "%s: the file of model \"%s\" is missing", path, name);
    if (status == BASE_OK) {
        (*out)->id = row.id;
        (*out)->name = strdup(name);
        if (!(*out)->name) {
            embed_close(*out);
            *out = NULL;
            status = base_fail(err, BASE_NO_MEMORY, "no memory to open model %s", name);
        }
    }
    free(path);
    base_arena_free(&arena);
    return status;
}

bool embed_model_copy_rows(const EmbedModel *from, EmbedModel *to)
{
    const EmbedForm *const a = &from->form, *const b = &to->form;
    if (a->kind != b->kind || a->dim != b->dim || a->norm != b->norm || a->reciprocal != b->reciprocal)
        return false;
    const size_t dim = (size_t)a->dim, width = (size_t)embed_form_relation_width(a);
    for (uint32_t i = 0; i < b->entity_count; i++) {
        const uint32_t row = embed_entity_row(&from->rows, to->rows.entities[i]);
        if (row != EMBED_NO_ROW)
            memcpy(values_of(to, "entity") + i * dim, values_of(from, "entity") + row * dim, dim * sizeof(float));
    }
    for (uint32_t i = 0; i < b->relation_count; i++) {
        const uint32_t row = embed_relation_row(&from->rows, to->rows.relations[i]);
        for (uint32_t half = 0; row != EMBED_NO_ROW && half <= (uint32_t)a->reciprocal; half++)
            memcpy(values_of(to, "relation") + (i + half * b->relation_count) * width,
                   values_of(from, "relation") + (row + half * a->relation_count) * width, width * sizeof(float));
    }
    return true;
}
