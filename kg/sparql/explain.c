/* explain.c - the operators of a query as a tree for --explain and --profile: the last to run first, each above what it
 * reads from; its sides (arms of a union, the right of an optional, ...) before its input. */
#include "kg/sparql/explain.h"

#include "kg/sparql/result.h"

/* How deep a drawn tree goes; what is below is said to be there. */
#define DEEPEST 60

typedef struct Drawing {
    FILE *out;
    bool is_profiled;
    bool is_last[DEEPEST]; /* by level: nothing is to be drawn beside it below */
    BaseBuffer line;
} Drawing;

/* A seed only hands rows on, from whatever stands above. */
static bool is_seed(const Operator *op)
{
    return strcmp(op->type->name, "seed") == 0;
}

static const Operator *child(const Operator *op, size_t number)
{
    size_t sides = 0;
    while (op->type->side && op->type->side(op, sides)) {
        if (sides == number)
            return op->type->side(op, number);
        sides++;
    }
    return number == sides && op->input && !is_seed(op->input) ? op->input : NULL;
}

static int64_t own_nanoseconds(const Operator *op)
{
    int64_t time = op->profile.nanoseconds;
    const Operator *one;
    for (size_t i = 0; (one = child(op, i)); i++)
        time -= one->profile.nanoseconds;
    return time > 0 ? time : 0;
}

static bool add_branches(Drawing *drawing, int depth)
{
    for (int i = 1; i < depth; i++)
        if (!base_buffer_format(&drawing->line, "%s", drawing->is_last[i] ? "   " : "│  "))
            return false;
    return depth == 0 || base_buffer_format(&drawing->line, "%s", drawing->is_last[depth] ? "└─ " : "├─ ");
}

static bool add_text(Drawing *drawing, const char *text)
{
    bool was_blank = false;
    for (; *text; text++) {
        const bool is_blank = *text == ' ' || *text == '\n' || *text == '\t' || *text == '\r';
        if (!(is_blank && was_blank) && !base_buffer_add(&drawing->line, is_blank ? " " : text, 1))
            return false;
        was_blank = is_blank;
    }
    return true;
}

static bool add_operator(Drawing *drawing, const Operator *op)
{
    BaseBuffer *const line = &drawing->line;
    if (!base_buffer_format(line, "%s", op->type->name))
        return false;
    if (op->text && (!base_buffer_add(line, " ", 1) || !add_text(drawing, op->text)))
        return false;
    if (op->type->describe &&
        (!base_buffer_add(line, " (", 2) || !op->type->describe(op, line) || !base_buffer_add(line, ")", 1)))
        return false;
    if (op->estimate >= 0 && !base_buffer_format(line, "  ~%.0f rows", op->estimate))
        return false;
    return !drawing->is_profiled ||
           base_buffer_format(line, "  %llu rows in %llu batches, %.3f ms", (unsigned long long)op->profile.rows,
                              (unsigned long long)op->profile.batches, (double)own_nanoseconds(op) / 1e6);
}

static BaseStatus draw(Drawing *drawing, const Operator *op, int depth, BaseError *err)
{
    drawing->line.count = 0;
    if (!add_branches(drawing, depth) || !add_operator(drawing, op) || !base_buffer_add(&drawing->line, "\n", 1))
        return sparql_write_no_memory(err);
    fwrite(drawing->line.items, 1, drawing->line.count, drawing->out);
    if (depth + 1 == DEEPEST) {
        fprintf(drawing->out, "...\n");
        return BASE_OK;
    }
    BaseStatus status = BASE_OK;
    const Operator *one;
    for (size_t i = 0; status == BASE_OK && (one = child(op, i)); i++) {
        drawing->is_last[depth + 1] = !child(op, i + 1);
        status = draw(drawing, one, depth + 1, err);
    }
    return status;
}

BaseStatus sparql_explain(const Operator *top, FILE *out, BaseError *err)
{
    Drawing drawing = {.out = out, .is_profiled = top->run->is_profiled};
    const BaseStatus status = draw(&drawing, top, 0, err);
    base_buffer_free(&drawing.line);
    if (status == BASE_OK && ferror(out))
        return base_fail_errno(err, "the plan cannot be written");
    return status;
}
