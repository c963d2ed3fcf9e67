/* fuse.c - proof, scores and evidence agree on one answer, by the rule that insight.h states, and on the sentence that
 * says so. Pooling of the models: Genest, Zidek 1986, "Combining probability distributions", the logarithmic pool. */
#include "insight/explain.h"

#include <math.h>

static double log_odds(double probability)
{
    const double p = fmin(0.999, fmax(0.001, probability));
    return log(p / (1 - p));
}

/* How far the voices reach, and how many there are. */
typedef struct Voices {
    int count;
    double lowest, highest;
} Voices;

static void hear(Voices *voices, double probability)
{
    voices->lowest = voices->count ? fmin(voices->lowest, probability) : probability;
    voices->highest = voices->count ? fmax(voices->highest, probability) : probability;
    voices->count++;
}

static InsightAccord judge_accord(const Voices *voices)
{
    if (voices->count < 2)
        return INSIGHT_ALONE;
    if (voices->lowest <= INSIGHT_LOW && voices->highest >= INSIGHT_HIGH)
        return INSIGHT_CONFLICT;
    return (voices->lowest >= 0.5) == (voices->highest >= 0.5) ? INSIGHT_AGREE : INSIGHT_DISAGREE;
}

static bool is_observed(const InsightExplanation *x)
{
    return (x->layers & KG_IN(KG_OBSERVED)) != 0;
}

static void weigh(InsightExplanation *x)
{
    Voices voices = {0};
    double pooled = 0, odds = 0;
    int models = 0;
    for (size_t i = 0; i < x->score_count; i++)
        if (x->scores[i].is_known) {
            hear(&voices, x->scores[i].probability);
            pooled += log_odds(x->scores[i].probability);
            models++;
        }
    if (models)
        odds += pooled / models;
    if (is_observed(x)) {
        hear(&voices, x->confidence);
        odds += log_odds(x->confidence);
    }
    x->belief = voices.count ? 1 / (1 + exp(-odds)) : 0.5;
    x->verdict = voices.count == 0 ? INSIGHT_UNKNOWN : x->belief >= 0.5 ? INSIGHT_LIKELY : INSIGHT_UNLIKELY;
    if (insight_holds(x)) {
        hear(&voices, 1);
        x->belief = 1;
        x->verdict = INSIGHT_HOLDS;
    }
    x->accord = judge_accord(&voices);
}

/* ---- The sentence ------------------------------------------------------------------------------------------------ */

static bool say_rule(BaseBuffer *text, const char *name)
{
    return base_buffer_format(text, "%s%s%s", insight_before_rule(name), name, insight_after_rule(name));
}

static bool say_derived(const InsightExplanation *x, const ReasonerProof *proof, BaseBuffer *text)
{
    bool ok = base_buffer_format(text, "derived ");
    if (x->proofs.count > 1)
        ok = ok &&
             base_buffer_format(text, "in %s%zu ways, first ", x->proofs.is_cut ? "more than " : "", x->proofs.count);
    ok = ok && base_buffer_format(text, "by ") && say_rule(text, proof->rule_name);
    if (proof->kind == REASONER_LOST)
        return ok && base_buffer_format(text, ", but its premises are no longer there: reason again");
    return ok && base_buffer_format(text, " in %u step%s", x->steps, insight_plural(x->steps, "s"));
}

static bool say_proof(const InsightExplanation *x, BaseBuffer *text)
{
    bool ok = true;
    const bool is_asserted = (x->layers & KG_IN(KG_ASSERTED)) != 0;
    if (is_asserted && x->import)
        ok = base_buffer_format(text, "asserted by import %u: %s", x->import->id, x->import->source);
    else if (is_asserted)
        ok = base_buffer_format(text, x->fact ? "given" : "asserted");
    const ReasonerProof *derived = NULL;
    for (size_t i = 0; i < x->proofs.count && !derived; i++)
        if (x->proofs.items[i]->rule_name)
            derived = x->proofs.items[i];
    if (derived && !(is_asserted && x->proofs.count == 1))
        ok = ok && base_buffer_format(text, "%s", is_asserted ? ", and " : "") && say_derived(x, derived, text);
    else if (!is_asserted)
        ok = ok && base_buffer_format(text, "derived");
    return ok;
}

static bool say_miss(const InsightExplanation *x, BaseBuffer *text)
{
    if (x->proofs.count == 0)
        return base_buffer_format(text, "not %s, and no rule concludes it", x->fact ? "given" : "asserted");
    const ReasonerProof *const near = x->proofs.items[0];
    bool ok = base_buffer_format(text, "not %s, and no rule derives it", x->fact ? "given" : "asserted");
    if (near->rule_name)
        ok = ok && base_buffer_format(text, " (nearest: ") && say_rule(text, near->rule_name) &&
             base_buffer_format(text, ", %u of %zu premise%s missing)", near->missing, near->child_count,
                                insight_plural(near->child_count, "s"));
    return ok;
}

static bool say_evidence(const InsightExplanation *x, const char *link, BaseBuffer *text)
{
    bool ok = base_buffer_format(text, "%s", link);
    if (!x->evidence)
        return ok && base_buffer_format(text, "it was observed with confidence %.2f", x->confidence);
    return ok && base_buffer_format(text, "observed in \"%s\" with confidence %.2f (%s)", x->evidence->mention,
                                    x->confidence, x->evidence->method);
}

static bool say_score(const InsightScore *score, const char *link, BaseBuffer *text)
{
    char rank[32], candidates[32];
    bool ok = base_buffer_format(text, "%s%s (model %s) %s it probability %.2f", link, score->kind, score->model,
                                 score->is_stored ? "gave" : "gives", score->probability);
    if (score->object_rank > 0) {
        insight_format_count(score->object_rank, rank);
        insight_format_count((double)score->candidates, candidates);
        ok = ok && base_buffer_format(text, ", rank %s of %s", rank, candidates);
    }
    return ok;
}

/* What stands against the proof is told as such. */
static const char *link_word(const InsightExplanation *x, double probability)
{
    return insight_holds(x) && probability <= INSIGHT_LOW ? ", although " : "; ";
}

static bool say_all(const InsightExplanation *x, BaseBuffer *text)
{
    bool ok = base_buffer_format(text, "%s", insight_verdict_name(x->verdict));
    if (x->verdict == INSIGHT_LIKELY || x->verdict == INSIGHT_UNLIKELY)
        ok = ok && base_buffer_format(text, " (belief %.2f)", x->belief);
    if (x->graph)
        ok = ok && base_buffer_format(text, " in graph %s", x->graph);
    ok = ok && base_buffer_format(text, ": ") && (insight_holds(x) ? say_proof(x, text) : say_miss(x, text));
    if (is_observed(x))
        ok = ok && say_evidence(x, link_word(x, x->confidence), text);
    size_t known = 0;
    for (size_t i = 0; i < x->score_count; i++)
        if (x->scores[i].is_known) {
            ok = ok && say_score(&x->scores[i], link_word(x, x->scores[i].probability), text);
            known++;
        }
    if (known == 0 && !insight_holds(x) && !x->fact)
        ok = ok && base_buffer_format(text, x->score_count ? "; no model knows all its terms" : "; no model was asked");
    if (x->accord == INSIGHT_CONFLICT)
        ok = ok && base_buffer_format(text, insight_holds(x) ? ": a conflict worth an audit" : "; these conflict");
    else if (x->accord == INSIGHT_DISAGREE && !insight_holds(x)) /* a lukewarm score beside a proof is no news */
        ok = ok && base_buffer_format(text, "; these disagree");
    return ok;
}

BaseStatus insight_fuse(InsightExplanation *explanation, BaseError *err)
{
    weigh(explanation);
    BaseBuffer text = {0};
    if (say_all(explanation, &text))
        explanation->summary = base_arena_copy(&explanation->memory, text.items, text.count);
    base_buffer_free(&text);
    return explanation->summary ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for an explanation");
}
