/* text.c - an explanation for people: the sentence, the proof as a tree, the scores, the evidence. */
#include "insight/explain.h"

#include <stdlib.h>
#include <string.h>

/* Deeper lines stand below one another: the width of a proof of a thousand steps stays bounded. */
#define MAX_INDENT 40

/* Which levels have a line going on below; by depth. */
typedef struct Branches {
    bool *items;
    size_t count, capacity;
} Branches;

/* What is not for a terminal to obey: control characters show as their codes. */
static void write_plain(const char *text, FILE *out)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
    }
}

static void write_branches(const Branches *branches, uint32_t depth, FILE *out)
{
    for (uint32_t level = 1; level < depth && level < MAX_INDENT; level++)
        fputs(branches->items[level] ? "│  " : "   ", out);
}

static void write_import(const InsightExplanation *x, uint32_t id, FILE *out)
{
    char time[32];
    const KgImport *const import = insight_find_import(x, id);
    if (!import) {
        fputs(x->fact ? "given" : "asserted", out);
        return;
    }
    insight_format_time(import->time, time);
    fprintf(out, "asserted by import %u: ", import->id);
    write_plain(import->source, out);
    fprintf(out, ", %s", time);
}

static bool is_stated(const ReasonerProof *proof)
{
    return proof->kind == REASONER_DERIVED && proof->child_count == 0 && proof->rule_place &&
           strstr(proof->rule_text, ":-") == NULL;
}

static void write_tag(const InsightExplanation *x, const InsightLines *lines, size_t place, FILE *out)
{
    const InsightLine *const line = &lines->items[place];
    const ReasonerProof *const proof = line->proof;
    switch (line->kind) {
    case REASONER_ASSERTED:
        fputs("  [", out);
        write_import(x, proof->note.source, out);
        fputs("]", out);
        break;
    case REASONER_NEGATED:
        fputs("  [nothing matches]", out);
        break;
    case REASONER_COMPARED:
        fputs("  [compared]", out);
        break;
    case REASONER_SHARED:
        fputs(line->shown > place ? "  [shown below]" : "  [shown above]", out);
        break;
    case REASONER_MISSING:
        if (line->depth > 0)
            fprintf(out, "  [%s]", insight_missing_words(proof));
        break;
    case REASONER_UNTESTED:
        fputs("  [not tested]", out);
        break;
    case REASONER_LOST:
        fputs("  [derived once; its premises are gone]", out);
        break;
    case REASONER_MATCH:
        break;
    case REASONER_DERIVED: /* a fact of the program itself needs no line for its rule */
        if (is_stated(proof)) {
            fputs("  [stated at ", out);
            write_plain(proof->rule_place, out);
            fputc(']', out);
        }
        break;
    }
}

/* A rule that its own conclusion just was a premise of: its text stands right above. */
static bool is_told(const InsightLine *line, const InsightLines *lines)
{
    const char *const above = lines->items[line->parent].proof->rule_place;
    return line->depth > 0 && above && line->proof->rule_place && strcmp(above, line->proof->rule_place) == 0;
}

static void write_line(const InsightExplanation *x, const InsightLines *lines, size_t place, const Branches *branches,
                       FILE *out)
{
    const InsightLine *const line = &lines->items[place];
    const ReasonerProof *const proof = line->proof;
    write_branches(branches, line->depth, out);
    if (line->depth > 0)
        fputs(line->is_last ? "└─ " : "├─ ", out);
    write_plain(proof->text, out);
    write_tag(x, lines, place, out);
    fputc('\n', out);
    if (!proof->rule_name || line->kind == REASONER_SHARED || is_stated(proof))
        return;
    write_branches(branches, line->depth + 1, out);
    fprintf(out, "%s%s %s", proof->child_count ? "│  " : "   ", line->is_missing ? "would follow by" : "by",
            insight_before_rule(proof->rule_name));
    write_plain(proof->rule_name, out);
    fputs(insight_after_rule(proof->rule_name), out);
    if (!is_told(line, lines)) {
        fputs(": ", out);
        write_plain(proof->rule_text, out);
    }
    if (proof->left_out > 0)
        fprintf(out, "  [over %zu matches, of which %u are not shown]", proof->child_count + proof->left_out,
                proof->left_out);
    else if (proof->child_count > 0 && proof->children[0]->kind == REASONER_MATCH)
        fprintf(out, "  [over %zu match%s]", proof->child_count, insight_plural(proof->child_count, "es"));
    fputc('\n', out);
}

static bool write_proofs(const InsightExplanation *x, const InsightLines *lines, FILE *out)
{
    Branches branches = {0};
    bool ok = true;
    for (size_t i = 0; i < lines->count && ok; i++) {
        const InsightLine *const line = &lines->items[i];
        ok = BASE_RESERVE(&branches, (size_t)line->depth + 1);
        if (!ok)
            break;
        branches.items[line->depth] = !line->is_last;
        if (line->depth == 0)
            fputc('\n', out);
        if (i == lines->ends[INSIGHT_MAIN] && i < lines->ends[INSIGHT_OTHERS])
            fputs("other ways to conclusions above\n\n", out);
        else if (i == lines->ends[INSIGHT_OTHERS])
            fputs("continued\n\n", out);
        write_line(x, lines, i, &branches, out);
    }
    if (x->proofs.is_cut)
        fputs("\n... and more\n", out);
    free(branches.items);
    return ok;
}

static void write_rank(const char *place, double rank, double candidates, FILE *out)
{
    char number[32], of[32];
    insight_format_count(rank, number);
    insight_format_count(candidates, of);
    fprintf(out, ", rank %s of %s as %s", number, of, place);
}

static void write_scores(const InsightExplanation *x, FILE *out)
{
    if (x->score_count > 0)
        fputs("\nscores\n", out);
    for (size_t i = 0; i < x->score_count; i++) {
        const InsightScore *const score = &x->scores[i];
        fprintf(out, "  %s (model %s): ", score->kind, score->model);
        if (score->fault) {
            fprintf(out, "could not be asked: %s\n", score->fault);
            continue;
        }
        if (!score->is_known) {
            fputs("has no vector for one of the terms\n", out);
            continue;
        }
        fprintf(out, "probability %.3f%s", score->probability, score->is_stored ? " as stored" : "");
        if (!score->is_stored)
            fprintf(out, ", score %.4g", score->score);
        if (score->object_rank > 0)
            write_rank("object", score->object_rank, (double)score->candidates, out);
        if (score->subject_rank > 0)
            write_rank("subject", score->subject_rank, (double)score->candidates, out);
        fputc('\n', out);
    }
}

static void write_rows(const InsightExplanation *x, FILE *out)
{
    char time[32];
    if (x->run) {
        insight_format_time(x->run->time, time);
        fprintf(out, "\ninferred by run %u: %s, %s\n", x->run->id, x->run->name, time);
    }
    if (x->evidence) {
        insight_format_time(x->evidence->time, time);
        fprintf(out, "\nobserved with confidence %.3f\n  evidence %u: \"", x->confidence, x->evidence->id);
        write_plain(x->evidence->mention, out);
        fputs("\" in ", out);
        write_plain(x->evidence->source, out);
        fprintf(out, ", by %s, %s\n", x->evidence->method, time);
    }
}

bool insight_write_text(const InsightExplanation *x, const InsightLines *lines, FILE *out)
{
    const char *title[INSIGHT_TITLE];
    insight_title(x, title);
    for (int i = 0; i < INSIGHT_TITLE; i++)
        write_plain(title[i], out);
    fputc('\n', out);
    write_plain(x->summary, out);
    fputc('\n', out);
    const bool ok = write_proofs(x, lines, out);
    write_rows(x, out);
    write_scores(x, out);
    return ok;
}
