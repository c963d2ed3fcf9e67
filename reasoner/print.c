/* A proof as lines of text: each conclusion with its rule, its premises indented below. Nodes wait on a stack of their
 * own, for proofs may be deep; past a depth the indentation stops growing. */
#include "reasoner/reasoner.h"

#include <errno.h>
#include <stdlib.h>

#define DEEPEST_INDENT 60

typedef struct Line {
    const ReasonerProof *node;
    size_t depth;
    bool is_last;
} Line;

typedef struct Printer {
    FILE *out;
    struct {
        Line *items;
        size_t count, capacity;
    } lines;
    bool has_more[DEEPEST_INDENT]; /* at each depth: a later sibling follows */
} Printer;

static void print_indent(const Printer *printer, const Line *line)
{
    if (line->depth == 0)
        return;
    if (line->depth >= DEEPEST_INDENT) {
        fprintf(printer->out, "[%zu] ", line->depth);
        return;
    }
    for (size_t depth = 1; depth < line->depth; depth++)
        fputs(printer->has_more[depth] ? "│  " : "   ", printer->out);
    fputs(line->is_last ? "└─ " : "├─ ", printer->out);
}

static void print_line(const Printer *printer, const Line *line)
{
    const ReasonerProof *const node = line->node;
    print_indent(printer, line);
    fputs(node->text, printer->out);
    switch (node->kind) {
    case REASONER_ASSERTED:
        fprintf(printer->out, "  [asserted, import %u]", node->note.source);
        break;
    case REASONER_DERIVED:
        if (node->rule_name)
            fprintf(printer->out, "  [%s]", node->rule_name);
        break;
    case REASONER_NEGATED:
        fputs("  [nothing matches]", printer->out);
        break;
    case REASONER_SHARED:
        fprintf(printer->out, "  [see above, %u]", node->number);
        break;
    case REASONER_MISSING:
        fprintf(printer->out, node->rule_name ? "  [missing, would follow by %s]" : "  [missing]", node->rule_name);
        break;
    case REASONER_UNTESTED:
        fputs("  [not tested]", printer->out);
        break;
    case REASONER_LOST:
        fputs("  [its premises are gone: reason again]", printer->out);
        break;
    case REASONER_COMPARED:
    case REASONER_MATCH:
        break;
    }
    fputc('\n', printer->out);
}

BaseStatus reasoner_print_proof(FILE *out, const ReasonerProof *proof, BaseError *err)
{
    Printer printer = {.out = out};
    BaseStatus status = BASE_PUSH(&printer.lines, (Line){.node = proof, .is_last = true})
                            ? BASE_OK
                            : base_fail(err, BASE_NO_MEMORY, "no memory to print a proof");
    while (printer.lines.count > 0 && status == BASE_OK) {
        const Line line = printer.lines.items[--printer.lines.count];
        print_line(&printer, &line);
        if (line.depth < DEEPEST_INDENT)
            printer.has_more[line.depth] = !line.is_last;
        for (size_t c = line.node->child_count; c-- > 0 && status == BASE_OK;)
            if (!BASE_PUSH(&printer.lines,
                           (Line){line.node->children[c], line.depth + 1, c + 1 == line.node->child_count}))
                status = base_fail(err, BASE_NO_MEMORY, "no memory to print a proof");
    }
    free(printer.lines.items);
    if (status == BASE_OK && ferror(out)) {
        errno = EIO;
        status = base_fail_errno(err, "cannot write the proof");
    }
    return status;
}
