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
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            fputc(' ', out);
        else
            fputc(*text, out);
    }
}

static const char *style_of(const InsightLine *line)
{
    if (line->is_missing)
        return "style=\"rounded,dashed\"";
    switch (line->kind) {
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
    if (line->kind == REASONER_ASSERTED) {
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
    } else if (line->kind == REASONER_MISSING) {
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

/* An instance beside the one that stands in its conclusion's node: a point between it and its premises. */
static void write_other(const InsightLine *line, size_t number, FILE *out)
{
    fprintf(out, "  n%zu [shape=point];\n  n%zu -> n%zu [style=dashed, label=\"or by ", number, line->shown, number);
    write_label(insight_before_rule(line->proof->rule_name), out);
    write_label(line->proof->rule_name, out);
    write_label(insight_after_rule(line->proof->rule_name), out);
    fputs("\"];\n", out);
}

bool insight_write_dot(const InsightExplanation *x, const InsightLines *lines, FILE *out)
{
    fputs("digraph explanation {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n  label=\"", out);
    write_label(x->summary, out);
    fputs("\";\n  labelloc=t;\n", out);
    if (lines->count == 0) {
        fputs("  n0 [label=\"", out);
        const char *title[INSIGHT_TITLE];
        insight_title(x, title);
        for (int i = 0; i < INSIGHT_TITLE; i++)
            write_label(title[i], out);
        fputs("\", style=\"dashed\"];\n", out);
    }
    for (size_t i = 0; i < lines->count; i++) {
        const InsightLine *const line = &lines->items[i];
        const bool is_other = line->depth == 0 && i >= lines->ends[INSIGHT_MAIN] && line->proof->rule_name;
        const size_t node = line->kind == REASONER_SHARED ? line->shown : i;
        if (is_other)
            write_other(line, i, out);
        else if (node == i)
            write_node(x, line, i, out);
        if (line->depth > 0)
            fprintf(out, "  n%zu -> n%zu;\n", line->parent, node);
    }
    write_scores(x, out);
    fputs("}\n", out);
    return true;
}
