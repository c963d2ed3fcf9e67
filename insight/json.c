/* json.c - an explanation as one JSON object, with all that the other formats show. */
#include "insight/explain.h"

#include <string.h>

/* NULL becomes null. */
static void write_string(const char *text, FILE *out)
{
    if (text)
        base_json_string(out, text, strlen(text));
    else
        fputs("null", out);
}

static void write_field(const char *name, const char *text, FILE *out)
{
    fprintf(out, ",\"%s\":", name);
    write_string(text, out);
}

static void write_number(const char *name, double number, FILE *out)
{
    fprintf(out, ",\"%s\":", name);
    base_json_number(out, number);
}

static void write_import(const KgImport *import, FILE *out)
{
    fprintf(out, "{\"import\":%u", import->id);
    write_field("source", import->source, out);
    write_field("format", import->format, out);
    fprintf(out, ",\"time\":%lld}", (long long)import->time);
}

/* All of a node but its premises, whose list is left open. */
static void open_node(const InsightLine *line, FILE *out)
{
    const ReasonerProof *const proof = line->proof;
    fputs("{\"text\":", out);
    write_string(proof->text, out);
    for (uint32_t t = 0; t < proof->term_count; t++) {
        fputs(t == 0 ? ",\"terms\":[" : ",", out);
        write_string(proof->terms[t], out);
    }
    fputs(proof->term_count > 0 ? "]" : "", out);
    write_field("kind", line->is_missing ? "missing" : insight_kind_name(line->kind), out);
    fprintf(out, ",\"number\":%u,\"height\":%u", proof->number, proof->height);
    if (proof->rule_name && line->kind != REASONER_SHARED) {
        fputs(",\"rule\":{\"name\":", out);
        write_string(proof->rule_name, out);
        write_field("text", proof->rule_text, out);
        write_field("place", proof->rule_place, out);
        fputc('}', out);
    }
    if (proof->kind == REASONER_ASSERTED && proof->note.source)
        fprintf(out, ",\"import\":%u", proof->note.source);
    if (proof->left_out > 0)
        fprintf(out, ",\"left_out\":%u", proof->left_out);
    if (line->is_missing && proof->missing > 0)
        fprintf(out, ",\"missing\":%u", proof->missing);
    fputs(",\"premises\":[", out);
}

/* The lines from one on up to another, as nodes within one another. */
static void write_proofs(const InsightLines *lines, size_t from, size_t to, FILE *out)
{
    for (size_t i = from; i < to; i++) {
        const InsightLine *const line = &lines->items[i];
        const bool is_first = i == from || line->depth > lines->items[i - 1].depth;
        if (!is_first) { /* the nodes above are whole down to this one's level */
            for (uint32_t depth = lines->items[i - 1].depth; depth + 1 > line->depth; depth--) {
                fputs("]}", out);
                if (depth == 0)
                    break;
            }
            fputc(',', out);
        }
        open_node(line, out);
    }
    if (to > from)
        for (uint32_t depth = 0; depth <= lines->items[to - 1].depth; depth++)
            fputs("]}", out);
}

static void write_part(const InsightLines *lines, InsightPart part, const char *name, FILE *out)
{
    const size_t from = part > 0 ? lines->ends[part - 1] : 0;
    if (lines->ends[part] == from)
        return;
    fprintf(out, ",\"%s\":[", name);
    write_proofs(lines, from, lines->ends[part], out);
    fputc(']', out);
}

static void write_score(const InsightScore *score, FILE *out)
{
    fputs("{\"model\":", out);
    write_string(score->model, out);
    write_field("kind", score->kind, out);
    if (score->is_known) {
        write_number("probability", score->probability, out);
        fprintf(out, ",\"stored\":%s", score->is_stored ? "true" : "false");
        if (!score->is_stored)
            write_number("score", score->score, out);
        if (score->object_rank > 0) {
            write_number("subject_rank", score->subject_rank, out);
            write_number("object_rank", score->object_rank, out);
            fprintf(out, ",\"candidates\":%llu", (unsigned long long)score->candidates);
        }
    }
    if (score->fault)
        write_field("fault", score->fault, out);
    fputc('}', out);
}

static void write_layers(unsigned layers, FILE *out)
{
    const char *separator = "";
    fputs(",\"layers\":[", out);
    for (int layer = 0; layer < KG_LAYERS; layer++)
        if (layers & KG_IN(layer)) {
            fprintf(out, "%s\"%s\"", separator, insight_layer_name((KgLayer)layer));
            separator = ",";
        }
    fputc(']', out);
}

static void write_rows(const InsightExplanation *x, FILE *out)
{
    if (x->import) {
        fputs(",\"asserted\":", out);
        write_import(x->import, out);
    }
    if (x->run) {
        fprintf(out, ",\"inferred\":{\"run\":%u", x->run->id);
        write_field("name", x->run->name, out);
        fprintf(out, ",\"time\":%lld}", (long long)x->run->time);
    }
    if (x->layers & KG_IN(KG_OBSERVED)) {
        fputs(",\"observed\":{\"confidence\":", out);
        base_json_number(out, x->confidence);
        if (x->evidence) {
            fprintf(out, ",\"evidence\":%u", x->evidence->id);
            write_field("mention", x->evidence->mention, out);
            write_field("source", x->evidence->source, out);
            write_field("method", x->evidence->method, out);
            fprintf(out, ",\"time\":%lld", (long long)x->evidence->time);
        }
        fputc('}', out);
    }
}

bool insight_write_json(const InsightExplanation *x, const InsightLines *lines, FILE *out)
{
    fputs(x->fact ? "{\"fact\":" : "{\"subject\":", out);
    write_string(x->fact ? x->fact : x->subject, out);
    if (!x->fact) {
        write_field("predicate", x->predicate, out);
        write_field("object", x->object, out);
    }
    if (x->graph)
        write_field("graph", x->graph, out);
    write_field("summary", x->summary, out);
    write_field("verdict", insight_verdict_name(x->verdict), out);
    write_field("accord", insight_accord_name(x->accord), out);
    write_number("belief", x->belief, out);
    write_layers(x->layers, out);
    write_rows(x, out);
    if (insight_holds(x))
        fprintf(out, ",\"steps\":%u", x->steps);
    fprintf(out, ",\"%s\":[", insight_holds(x) ? "proofs" : "near_misses");
    write_proofs(lines, 0, lines->ends[INSIGHT_MAIN], out);
    fputc(']', out);
    write_part(lines, INSIGHT_OTHERS, "others", out);
    write_part(lines, INSIGHT_CONTINUED, "continued", out);
    fprintf(out, ",\"more\":%s,\"imports\":[", x->proofs.is_cut ? "true" : "false");
    for (size_t i = 0; i < x->import_count; i++) {
        fputs(i ? "," : "", out);
        write_import(&x->imports[i], out);
    }
    fputs("],\"scores\":[", out);
    for (size_t i = 0; i < x->score_count; i++) {
        fputs(i ? "," : "", out);
        write_score(&x->scores[i], out);
    }
    fputs("]}\n", out);
    return true;
}
