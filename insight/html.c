/* html.c - an explanation as a page that stands by itself: no script, no file besides it. */
#include "insight/explain.h"

#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n"
    "body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222; }\n"
    "h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; }\n"
    ".holds { border-left: 4px solid #3a7d34; } .likely { border-left: 4px solid #7aa95c; }\n"
    ".unlikely { border-left: 4px solid #b06a30; } .unknown { border-left: 4px solid #888; }\n"
    ".summary { padding-left: .8rem; } .conflict { background: #fbeaea; }\n"
    "ul { list-style: none; padding-left: 1.2rem; border-left: 1px solid #ccc; } ul.proofs { padding: 0; border: 0; }\n"
    "summary { cursor: pointer; } summary::marker { color: #888; } :target { background: #fff6d8; }\n"
    "code { background: #f3f3f3; padding: 0 .2rem; } small { color: #555; } .missing { color: #a02020; }\n"
    "table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: .2rem .6rem; text-align: left; }\n"
    "</style>\n";

/* Control characters, which no page may have, become blanks. */
static void write_escaped(const char *text, FILE *out)
{
    while (*text) {
        size_t length = 0;
        while ((unsigned char)text[length] >= 0x20 || text[length] == '\n' || text[length] == '\t')
            length++;
        base_xml_text(out, text, length);
        text += length;
        if (*text) {
            fputc(' ', out);
            text++;
        }
    }
}

static void write_element(const char *name, const char *text, FILE *out)
{
    fprintf(out, "<%s>", name);
    write_escaped(text, out);
    fprintf(out, "</%s>", name);
}

static void write_title(const InsightExplanation *x, FILE *out)
{
    const char *title[INSIGHT_TITLE];
    insight_title(x, title);
    for (int i = 0; i < INSIGHT_TITLE; i++)
        write_escaped(title[i], out);
}

static void write_import(const InsightExplanation *x, const ReasonerProof *proof, FILE *out)
{
    const KgImport *const import = insight_find_import(x, proof->note.source);
    char time[32];
    fputs(" <small>asserted", out);
    if (import) {
        insight_format_time(import->time, time);
        fprintf(out, " by import %u: ", import->id);
        write_escaped(import->source, out);
        fprintf(out, ", %s", time);
    }
    fputs("</small>", out);
}

static void write_rule(const InsightLine *line, FILE *out)
{
    const ReasonerProof *const proof = line->proof;
    fprintf(out, "<br><small>%s ", line->is_missing ? "would follow by" : "by");
    write_escaped(insight_before_rule(proof->rule_name), out);
    write_escaped(proof->rule_name, out);
    write_escaped(insight_after_rule(proof->rule_name), out);
    fputs(": ", out);
    write_element("code", proof->rule_text, out);
    if (proof->left_out > 0)
        fprintf(out, " (and %u matches that are not shown)", proof->left_out);
    fputs("</small>", out);
}

static void write_tag(const InsightExplanation *x, const InsightLines *lines, size_t place, FILE *out)
{
    const InsightLine *const line = &lines->items[place];
    const char *const kind = line->kind == REASONER_NEGATED    ? "nothing matches"
                             : line->kind == REASONER_UNTESTED ? "not tested"
                             : line->kind == REASONER_MISSING  ? insight_missing_words(line->proof)
                                                               : insight_kind_name(line->kind);
    if (line->kind == REASONER_SHARED) {
        fprintf(out, " <small><a href=\"#p%zu\">shown %s</a></small>", line->shown,
                line->shown > place ? "below" : "above");
        return;
    }
    if (line->kind == REASONER_ASSERTED)
        write_import(x, line->proof, out);
    else if (line->kind != REASONER_DERIVED && line->kind != REASONER_MATCH &&
             !(line->kind == REASONER_MISSING && line->depth == 0))
        fprintf(out, " <small>%s</small>", kind);
    if (line->proof->rule_name)
        write_rule(line, out);
}

/* Premises fold; those far down are folded to begin with. */
enum { OPEN_LEVELS = 8 };

static bool has_premises(const InsightLines *lines, size_t place)
{
    return place + 1 < lines->count && lines->items[place + 1].depth > lines->items[place].depth;
}

static void open_item(const InsightExplanation *x, const InsightLines *lines, size_t place, FILE *out)
{
    const InsightLine *const line = &lines->items[place];
    fprintf(out, "<li class=\"%s\"", insight_kind_name(line->kind));
    if (line->shown == place && line->proof->number)
        fprintf(out, " id=\"p%zu\"", place);
    fputc('>', out);
    if (has_premises(lines, place))
        fprintf(out, "<details%s><summary>", line->depth < OPEN_LEVELS ? " open" : "");
    write_escaped(line->proof->text, out);
    write_tag(x, lines, place, out);
    if (has_premises(lines, place))
        fputs("</summary>\n<ul>\n", out);
}

/* After a line: closes it, and the conclusions of which it was the last premise. */
static void close_items(const InsightLines *lines, size_t place, FILE *out)
{
    if (has_premises(lines, place))
        return;
    const uint32_t next = place + 1 < lines->count ? lines->items[place + 1].depth : 0;
    fputs("</li>\n", out);
    for (uint32_t depth = lines->items[place].depth; depth > next; depth--)
        fputs("</ul></details></li>\n", out);
}

static void write_part(const InsightExplanation *x, const InsightLines *lines, InsightPart part, const char *title,
                       FILE *out)
{
    const size_t from = part > 0 ? lines->ends[part - 1] : 0;
    if (lines->ends[part] == from)
        return;
    write_element("h2", title, out);
    fputs("\n<ul class=\"proofs\">\n", out);
    for (size_t i = from; i < lines->ends[part]; i++) {
        open_item(x, lines, i, out);
        close_items(lines, i, out);
    }
    fputs("</ul>\n", out);
}

static void write_proofs(const InsightExplanation *x, const InsightLines *lines, FILE *out)
{
    write_part(x, lines, INSIGHT_MAIN, insight_holds(x) ? "Proof" : "What is missing", out);
    write_part(x, lines, INSIGHT_OTHERS, "Other ways to conclusions above", out);
    write_part(x, lines, INSIGHT_CONTINUED, "Continued", out);
    if (x->proofs.is_cut)
        write_element("p", "... and more", out);
}

static void write_rank(double rank, FILE *out)
{
    char text[32] = "";
    if (rank > 0)
        insight_format_count(rank, text);
    write_element("td", text, out);
}

static void write_scores(const InsightExplanation *x, FILE *out)
{
    if (x->score_count == 0)
        return;
    fputs("<h2>Scores</h2>\n<table>\n<tr><th>model</th><th>kind</th><th>probability</th><th>score</th>"
          "<th>rank as object</th><th>rank as subject</th><th>of</th></tr>\n",
          out);
    for (size_t i = 0; i < x->score_count; i++) {
        const InsightScore *const score = &x->scores[i];
        fputs("<tr>", out);
        write_element("td", score->model, out);
        write_element("td", score->kind, out);
        if (!score->is_known) {
            fputs("<td colspan=\"5\">", out);
            write_escaped(score->fault ? score->fault : "has no vector for one of the terms", out);
            fputs("</td></tr>\n", out);
            continue;
        }
        fprintf(out, "<td>%.3f%s</td>", score->probability, score->is_stored ? " (stored)" : "");
        if (score->is_stored)
            fputs("<td></td>", out);
        else
            fprintf(out, "<td>%.4g</td>", score->score);
        write_rank(score->object_rank, out);
        write_rank(score->subject_rank, out);
        write_rank((double)score->candidates, out);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

static void write_evidence(const InsightExplanation *x, FILE *out)
{
    if (!x->evidence)
        return;
    fprintf(out, "<h2>Evidence</h2>\n<p>Observed with confidence %.3f: &quot;", x->confidence);
    write_escaped(x->evidence->mention, out);
    fputs("&quot; in ", out);
    write_escaped(x->evidence->source, out);
    fputs(", by ", out);
    write_escaped(x->evidence->method, out);
    fputs("</p>\n", out);
}

bool insight_write_html(const InsightExplanation *x, const InsightLines *lines, FILE *out)
{
    fputs(head, out);
    fputs("<title>", out);
    write_title(x, out);
    fputs("</title>\n</head>\n<body>\n<h1>", out);
    write_title(x, out);
    fprintf(out, "</h1>\n<p class=\"summary %s %s\">", insight_verdict_name(x->verdict),
            insight_accord_name(x->accord));
    write_escaped(x->summary, out);
    fputs("</p>\n", out);
    write_proofs(x, lines, out);
    write_scores(x, out);
    write_evidence(x, out);
    fputs("</body>\n</html>\n", out);
    return true;
}
