/* dot.c - an explanation as a Graphviz graph: an edge goes from a conclusion to each of its premises; what is used
 * twice is one node. https://graphviz.org/doc/info/lang.html */
#include "insight/explain.h"

#include <string.h>

static void write_label(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        if (*text == '\n')
            fputs("\\n", out);
        else
            fputc(*text, out);
    }
}

static const char *style_of(const InsightLine *line)
{
    if (line->is_missing)
        return "style=\"rounded,dashed\"";
    switch (line->proof->kind) {
    case REASONER_ASSERTED:
        return "style=filled, fillcolor=\"#e7f0e4\"";
    case REASONER_MISSING:
    case REASONER_LOST:
        return "style=\"dashed\", color=\"#b03030\"";
    case REASONER_NEGATED:
    case REASONER_COMPARED:
        return "style=dotted";
    default:
        return "style=rounded";
    }
}

static void write_node(const InsightExplanation *x, const InsightLine *line, size_t number, FILE *out)
{
    const ReasonerProof *const proof = line->proof;
    fprintf(out, "  n%zu [label=\"", number);
    write_label(proof->text, out);
    if (proof->kind == REASONER_ASSERTED) {
        const KgImport *const import = insight_find_import(x, proof->note.source);
        if (import) {
            fprintf(out, "\\nimport %u: ", import->id);
            write_label(import->source, out);
        }
    } else if (proof->rule_name) {
        fprintf(out, "\\n%s ", line->is_missing ? "would follow by" : "by");
        write_label(insight_before_rule(proof->rule_name), out);
        write_label(proof->rule_name, out);
        write_label(insight_after_rule(proof->rule_name), out);
    } else if (proof->kind == REASONER_MISSING) {
        fputs("\\nmissing", out);
    }
    fprintf(out, "\", %s];\n", style_of(line));
}

static void write_scores(const InsightExplanation *x, FILE *out)
{
    for (size_t i = 0; i < x->score_count; i++) {
        const InsightScore *const score = &x->scores[i];
        if (!score->is_known)
            continue;
        fprintf(out, "  s%zu [shape=ellipse, label=\"", i);
        write_label(score->kind, out);
        fputc(' ', out);
        write_label(score->model, out);
        fprintf(out, "\\nprobability %.3f\"];\n  n0 -> s%zu [style=dashed, arrowhead=none];\n", score->probability, i);
    }
}

/* Where each numbered conclusion is shown in full; BASE_MAP's keys are the numbers. */
static bool find_first(const InsightLines *lines, BaseMap *first)
{
    bool is_new;
    for (size_t i = 0; i < lines->count; i++)
        if (lines->items[i].proof->number && lines->items[i].proof->kind != REASONER_SHARED &&
            !base_map_put(first, lines->items[i].proof->number, i, &is_new))
            return false;
    return true;
}

bool insight_write_dot(const InsightExplanation *x, const InsightLines *lines, FILE *out)
{
    BaseMap first = {0};
    const bool ok = find_first(lines, &first);
    fputs("digraph explanation {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n  label=\"", out);
    write_label(x->summary, out);
    fputs("\";\n  labelloc=t;\n", out);
    if (lines->count == 0) {
        fputs("  n0 [label=\"", out);
        write_label(x->subject, out);
        fputc(' ', out);
        write_label(x->predicate, out);
        fputc(' ', out);
        write_label(x->object, out);
        fputs("\", style=\"dashed\"];\n", out);
    }
    for (size_t i = 0; i < lines->count && ok; i++) {
        const InsightLine *const line = &lines->items[i];
        const bool is_shared = line->proof->kind == REASONER_SHARED;
        const uint64_t *const shown = is_shared ? base_map_get(&first, line->proof->number) : NULL;
        const size_t node = shown ? (size_t)*shown : i;
        if (node == i)
            write_node(x, line, i, out);
        if (line->depth > 0)
            fprintf(out, "  n%zu -> n%zu;\n", line->parent, node);
    }
    write_scores(x, out);
    fputs("}\n", out);
    base_map_free(&first);
    return ok;
}
