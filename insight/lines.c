/* lines.c - a proof laid out line by line, and the words that all formats share. */
#include "insight/explain.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool insight_holds(const InsightExplanation *explanation)
{
    return (explanation->layers & KG_FACTS) != 0;
}

void insight_title(const InsightExplanation *x, const char *pieces[INSIGHT_TITLE])
{
    const char *const triple[INSIGHT_TITLE] = {x->subject, " ", x->predicate, " ", x->object};
    for (int i = 0; i < INSIGHT_TITLE; i++)
        pieces[i] = !x->fact ? triple[i] : i == 0 ? x->fact : "";
}

typedef struct LayOut {
    InsightLines *lines, waiting; /* not yet walked, the next one last */
    InsightLines later;           /* roots of the part that continues */
    uint32_t deepest;
} LayOut;

static InsightLine root_line(const LayOut *layout, const ReasonerProof *proof)
{
    return (InsightLine){.proof = proof, .kind = proof->kind, .parent = layout->lines->count, .is_last = true};
}

/* The lines come in the order of a walk that goes down first. */
static bool walk(LayOut *layout, InsightLine root)
{
    bool is_done = BASE_PUSH(&layout->waiting, root);
    while (is_done && layout->waiting.count > 0) {
        InsightLine line = layout->waiting.items[--layout->waiting.count];
        const size_t place = layout->lines->count;
        const ReasonerProof *const proof = line.proof;
        if (line.depth >= layout->deepest && proof->kind == REASONER_DERIVED && proof->child_count > 0) {
            line.kind = REASONER_SHARED;
            is_done = BASE_PUSH(&layout->later, line);
        }
        is_done = is_done && BASE_PUSH(layout->lines, line);
        if (line.kind == REASONER_SHARED)
            continue;
        for (size_t c = proof->child_count; c-- > 0 && is_done;)
            is_done =
                BASE_PUSH(&layout->waiting, (InsightLine){.proof = proof->children[c],
                                                          .kind = proof->children[c]->kind,
                                                          .depth = line.depth + 1,
                                                          .parent = place,
                                                          .is_last = c + 1 == proof->child_count,
                                                          .is_missing = proof->children[c]->kind == REASONER_MISSING});
    }
    return is_done;
}

/* For each line, where its conclusion is shown first with all that it has. */
static bool find_shown(InsightLines *lines)
{
    BaseMap first = {0};
    bool is_done = true;
    for (size_t i = 0; i < lines->count && is_done; i++)
        if (lines->items[i].proof->number && lines->items[i].kind != REASONER_SHARED)
            is_done = base_map_put(&first, lines->items[i].proof->number, i, NULL) != NULL;
    for (size_t i = 0; i < lines->count; i++) {
        InsightLine *const line = &lines->items[i];
        const uint64_t *const place = line->proof->number ? base_map_get(&first, line->proof->number) : NULL;
        line->shown = place ? (size_t)*place : i;
    }
    base_map_free(&first);
    return is_done;
}

bool insight_lay_out(const InsightExplanation *explanation, uint32_t deepest, InsightLines *lines)
{
    const ReasonerExplanation *const proofs = &explanation->proofs;
    LayOut layout = {.lines = lines, .deepest = deepest};
    bool is_done = true;
    for (size_t i = 0; i < proofs->count && is_done; i++) {
        InsightLine root = root_line(&layout, proofs->items[i]);
        root.is_missing = !insight_holds(explanation);
        is_done = walk(&layout, root);
    }
    lines->ends[INSIGHT_MAIN] = lines->count;
    for (size_t i = 0; i < proofs->other_count && is_done; i++)
        is_done = walk(&layout, root_line(&layout, proofs->others[i]));
    lines->ends[INSIGHT_OTHERS] = lines->count;
    for (size_t i = 0; i < layout.later.count && is_done; i++)
        is_done = walk(&layout, root_line(&layout, layout.later.items[i].proof));
    lines->ends[INSIGHT_CONTINUED] = lines->count;
    free(layout.waiting.items);
    free(layout.later.items);
    return is_done && find_shown(lines);
}

const KgImport *insight_find_import(const InsightExplanation *explanation, uint32_t id)
{
    for (size_t i = 0; i < explanation->import_count; i++)
        if (explanation->imports[i].id == id)
            return &explanation->imports[i];
    return NULL;
}

const char *insight_kind_name(ReasonerProofKind kind)
{
    switch (kind) {
    case REASONER_ASSERTED:
        return "asserted";
    case REASONER_DERIVED:
        return "derived";
    case REASONER_NEGATED:
        return "negated";
    case REASONER_COMPARED:
        return "compared";
    case REASONER_MATCH:
        return "match";
    case REASONER_SHARED:
        return "shared";
    case REASONER_MISSING:
        return "missing";
    case REASONER_UNTESTED:
        return "untested";
    case REASONER_LOST:
        return "lost";
    }
    return "";
}

const char *insight_missing_words(const ReasonerProof *proof)
{
    const bool is_negated =
        proof->term_count > 0 && strncmp(proof->text, "not ", 4) == 0 && strncmp(proof->terms[0], "not ", 4) != 0;
    return proof->term_count == 0 && proof->kind == REASONER_MISSING && !proof->rule_name ? "does not hold"
           : is_negated                                                                   ? "something matches"
                                                                                          : "missing";
}

const char *insight_layer_name(KgLayer layer)
{
    static const char *const names[KG_LAYERS] = {"asserted", "inferred", "predicted", "observed"};
    return layer < KG_LAYERS ? names[layer] : "";
}

static bool is_place(const char *rule_name)
{
    return strncmp(rule_name, "rule at ", 8) == 0;
}

const char *insight_before_rule(const char *name)
{
    return is_place(name) ? "" : "rule \"";
}

const char *insight_after_rule(const char *name)
{
    return is_place(name) ? "" : "\"";
}

const char *insight_verdict_name(InsightVerdict verdict)
{
    static const char *const names[] = {"holds", "likely", "unlikely", "unknown"};
    return verdict <= INSIGHT_UNKNOWN ? names[verdict] : "";
}

const char *insight_accord_name(InsightAccord accord)
{
    static const char *const names[] = {"alone", "agree", "disagree", "conflict"};
    return accord <= INSIGHT_CONFLICT ? names[accord] : "";
}

void insight_format_time(int64_t time, char out[32])
{
    const time_t seconds = (time_t)time;
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || !strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &parts))
        snprintf(out, 32, "at an unknown time");
}

void insight_format_count(double count, char out[32])
{
    const uint64_t whole = (uint64_t)count;
    char *const end = out + strlen(base_group_digits(whole, out));
    const int tenth = (int)((count - (double)whole) * 10 + 0.5); /* ties share halves */
    if (tenth > 0)
        snprintf(end, 3, ".%d", tenth < 10 ? tenth : 9);
}

const char *insight_plural(uint64_t count, const char *ending)
{
    return count == 1 ? "" : ending;
}
