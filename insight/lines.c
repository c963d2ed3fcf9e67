/* lines.c - a proof laid out line by line, and the words that all formats share. */
#include "insight/explain.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool insight_holds(const InsightExplanation *explanation)
{
    return (explanation->layers & KG_FACTS) != 0;
}

/* The lines come in the order of a walk that goes down first; `waiting` holds those not yet walked, the next one last.
 */
bool insight_lay_out(const InsightExplanation *explanation, InsightLines *lines)
{
    InsightLines waiting = {0};
    bool is_done = true;
    for (size_t i = 0; i < explanation->proofs.count && is_done; i++) {
        is_done = BASE_PUSH(&waiting, (InsightLine){.proof = explanation->proofs.items[i],
                                                    .parent = lines->count,
                                                    .is_last = true,
                                                    .is_missing = !insight_holds(explanation)});
        while (is_done && waiting.count > 0) {
            const InsightLine line = waiting.items[--waiting.count];
            const size_t place = lines->count;
            is_done = BASE_PUSH(lines, line);
            for (size_t c = line.proof->child_count; c-- > 0 && is_done;)
                is_done =
                    BASE_PUSH(&waiting, (InsightLine){.proof = line.proof->children[c],
                                                      .depth = line.depth + 1,
                                                      .parent = place,
                                                      .is_last = c + 1 == line.proof->child_count,
                                                      .is_missing = line.proof->children[c]->kind == REASONER_MISSING});
        }
    }
    free(waiting.items);
    return is_done;
}

const KgImport *insight_find_import(const InsightExplanation *explanation, uint32_t id)
{
    for (size_t i = 0; i < explanation->import_count; i++)
        if (explanation->imports[i].id == id)
            return &explanation->imports[i];
    return NULL;
}

const char *insight_proof_kind(const ReasonerProof *proof)
{
    switch (proof->kind) {
    case REASONER_ASSERTED:
        return "asserted";
    case REASONER_DERIVED:
        return "derived";
    case REASONER_NEGATED:
        return "negated";
    case REASONER_COMPARED:
        return "compared";
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
