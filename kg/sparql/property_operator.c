/* property_operator.c - a property function joined with its input: a cursor for each row, opened with what the row
 * binds. */
#include "kg/sparql/extensions.h"

typedef struct Property {
    Operator base;
    const PropertySpec *spec;
    const Place *places;
    Batch in;
    size_t row;
    void *cursor; /* of row `row` */
    bool is_open;
    BaseArena arena; /* of the cursor */
    KgId arguments[KG_MOST_ARGUMENTS], values[KG_MOST_ARGUMENTS];
} Property;

static void end_row(Property *property)
{
    if (property->is_open)
        property->spec->function->close(property->cursor);
    property->is_open = false;
    property->cursor = NULL;
    base_arena_rewind(&property->arena, (BaseArenaMark){0});
}

static KgCall call_for(Property *property)
{
    return (KgCall){.run = property->base.run, .arena = &property->arena};
}

/* A fault of the callback, with its place in the query. */
static BaseStatus fail_call(const Property *property, BaseStatus status, const BaseError *fault, BaseError *err)
{
    base_fail_at(err, status, property->spec->at, "%s",
                 fault->message[0] ? fault->message : "the property function failed");
    if (fault->hint[0])
        base_hint(err, "%s", fault->hint);
    return status;
}

/* BASE_END: it has no rows. */
static BaseStatus open_row(Property *property, BaseError *err)
{
    const PropertySpec *const spec = property->spec;
    const KgId *const row = batch_row(&property->in, property->row);
    for (size_t i = 0; i < spec->count; i++) {
        const Place place = property->places[i];
        property->arguments[i] = place.variable == AST_NO_VARIABLE ? place.id : row[place.variable];
    }
    KgCall call = call_for(property);
    BaseError fault = {0};
    const BaseStatus status = spec->function->open(spec->function->context, &call, property->arguments, spec->subjects,
                                                   spec->count - spec->subjects, &property->cursor, &fault);
    property->is_open = status == BASE_OK;
    return status == BASE_OK || status == BASE_END ? status : fail_call(property, status, &fault, err);
}

/* False: the row says something else. */
static bool merge(const Property *property, KgId *row)
{
    for (size_t i = 0; i < property->spec->count; i++) {
        const Place place = property->places[i];
        const KgId value = property->values[i];
        if (place.variable == AST_NO_VARIABLE) {
            if (value != place.id)
                return false;
        } else if (row[place.variable] == 0) {
            row[place.variable] = value;
        } else if (value && value != row[place.variable]) {
            return false;
        }
    }
    return true;
}

/* Rows of the open cursor until the batch is full (BASE_OK) or they end (BASE_END). */
static BaseStatus drain_row(Property *property, Batch *out, BaseError *err)
{
    Run *const run = property->base.run;
    KgCall call = call_for(property);
    while (!batch_is_full(out)) {
        BaseError fault = {0};
        const BaseArenaMark start = base_arena_mark(&run->eval.scratch);
        memcpy(property->values, property->arguments, property->spec->count * sizeof *property->values);
        BaseStatus status = property->spec->function->next(property->cursor, &call, property->values, &fault);
        base_arena_rewind(&run->eval.scratch, start);
        if (status != BASE_OK && status != BASE_END)
            return fail_call(property, status, &fault, err);
        if (status == BASE_OK && !merge(property, batch_add(out, batch_row(&property->in, property->row)))) {
            out->count--;
            status = sparql_cancelled(run, err);
        }
        if (status != BASE_OK)
            return status;
    }
    return BASE_OK;
}

static BaseStatus property_next(Operator *op, Batch *out, BaseError *err)
{
    Property *const property = (Property *)op;
    while (!batch_is_full(out)) {
        BaseStatus status = BASE_OK;
        if (property->row >= property->in.count) {
            property->row = 0;
            status = sparql_next(op->input, &property->in, err);
            if (status != BASE_OK)
                property->in.count = 0;
            if (status == BASE_END)
                break;
        } else if (!property->is_open) {
            status = open_row(property, err);
        }
        if (status == BASE_OK && property->is_open)
            status = drain_row(property, out, err);
        if (status == BASE_END) {
            end_row(property);
            property->row++;
        } else if (status != BASE_OK) {
            return status;
        }
    }
    return out->count ? BASE_OK : BASE_END;
}

static void property_rewind(Operator *op)
{
    Property *const property = (Property *)op;
    end_row(property);
    property->row = property->in.count = 0;
}

static void property_close(Operator *op)
{
    Property *const property = (Property *)op;
    end_row(property);
    base_arena_free(&property->arena);
}

static size_t property_bytes(const Operator *op)
{
    return base_arena_bytes(&((const Property *)op)->arena);
}

Operator *sparql_new_property(Builder *builder, Operator *input, const PropertySpec *spec, const Place *arguments)
{
    static const OperatorType type = {.name = "property function",
                                      .next = property_next,
                                      .rewind = property_rewind,
                                      .close = property_close,
                                      .bytes = property_bytes};
    Property *const property = sparql_new_operator(builder, &type, sizeof *property, input);
    if (!property)
        return NULL;
    sparql_new_batch(builder, &property->in);
    property->spec = spec;
    property->places = arguments;
    return &property->base;
}
