/* exists_operator.c - FILTER EXISTS and FILTER NOT EXISTS for a batch of rows at once: the rows, numbered by a variable
 * of nobody else, go through the pattern, and those whose numbers come out have a match. */
#include "kg/sparql/lookup.h"

typedef struct Exists {
    Operator base;
    SubPlan pattern;
    uint32_t marker;
    bool is_wanted; /* a match */
    Batch in;
    bool *matched; /* by row of `in` */
    bool is_open;
    size_t at;
} Exists;

static BaseStatus open_rows(Exists *exists, BaseError *err)
{
    BaseStatus status = sparql_next(exists->base.input, &exists->in, err);
    if (status != BASE_OK)
        return status;
    for (size_t i = 0; i < exists->in.count; i++) {
        batch_row(&exists->in, i)[exists->marker] = i + 1;
        exists->matched[i] = false;
    }
    sparql_seed_set(exists->pattern.seed, exists->in.cells, exists->in.count);
    sparql_rewind(exists->pattern.top);
    while ((status = sparql_next(exists->pattern.top, &exists->pattern.buffer, err)) == BASE_OK)
        for (size_t i = 0; i < exists->pattern.buffer.count; i++)
            exists->matched[batch_row(&exists->pattern.buffer, i)[exists->marker] - 1] = true;
    exists->at = 0;
    exists->is_open = status == BASE_END;
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus exists_next(Operator *op, Batch *out, BaseError *err)
{
    Exists *const exists = (Exists *)op;
    while (!batch_is_full(out)) {
        if (!exists->is_open) {
            const BaseStatus status = open_rows(exists, err);
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        for (; exists->at < exists->in.count && !batch_is_full(out); exists->at++)
            if (exists->matched[exists->at] == exists->is_wanted)
                batch_add(out, batch_row(&exists->in, exists->at))[exists->marker] = 0;
        exists->is_open = exists->at < exists->in.count;
    }
    return out->count ? BASE_OK : BASE_END;
}

static void exists_rewind(Operator *op)
{
    ((Exists *)op)->is_open = false;
}

static bool exists_describe(const Operator *op, BaseBuffer *out)
{
    return ((const Exists *)op)->is_wanted || base_buffer_format(out, "not");
}

static bool exists_may_split(const Operator *op)
{
    return sparql_may_split(((const Exists *)op)->pattern.top);
}

static const Operator *exists_side(const Operator *op, size_t number)
{
    return number == 0 ? ((const Exists *)op)->pattern.top : NULL;
}

Operator *sparql_new_exists(Builder *builder, Operator *input, SubPlan pattern, uint32_t marker, bool is_wanted)
{
    static const OperatorType type = {.name = "exists",
                                      .next = exists_next,
                                      .rewind = exists_rewind,
                                      .describe = exists_describe,
                                      .side = exists_side,
                                      .may_split = exists_may_split};
    Exists *const exists = sparql_new_operator(builder, &type, sizeof *exists, input);
    bool *const matched = sparql_build_alloc(builder, builder->batch_rows, sizeof *matched);
    if (!exists || !matched)
        return NULL;
    sparql_new_batch(builder, &exists->in);
    exists->pattern = pattern;
    exists->marker = marker;
    exists->is_wanted = is_wanted;
    exists->matched = matched;
    if (pattern.top->input == &pattern.seed->base)
        sparql_want_first_only(pattern.top); /* one match is enough */
    return &exists->base;
}
