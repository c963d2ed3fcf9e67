/* Candidates for the sampled loss. One sample serves all queries of a step, so that scoring stays one matrix product.
 */
#include "embed/sample.h"

#include <math.h>
#include <stdlib.h>

EmbedAsk embed_ask_of(const EmbedFacts *facts, uint32_t number)
{
    const EmbedFact *const fact = &facts->items[number / 2];
    return number % 2 == 0 ? (EmbedAsk){{fact->h, fact->r, EMBED_TAIL}, fact->t}
                           : (EmbedAsk){{fact->t, fact->r, EMBED_HEAD}, fact->h};
}

/* An entity is in the sample when it answers one of `batch` queries, or is drawn as one of the rest. */
static void set_chances(EmbedSample *sample, const EmbedFacts *facts, int64_t batch, int64_t negatives)
{
    for (size_t i = 0; i < facts->count; i++) {
        sample->chances[facts->items[i].h] += 1.0f;
        sample->chances[facts->items[i].t] += 1.0f;
    }
    const double total = 2.0 * (double)facts->count + 1e-9;
    double drawn = (double)negatives / (double)sample->entity_count;
    drawn = drawn > 1.0 ? 1.0 : drawn;
    for (uint32_t i = 0; i < sample->entity_count; i++) {
        double share = (double)sample->chances[i] / total;
        share = share < 1.0 ? share : 1.0;
        const double chance = 1.0 - pow(1.0 - share, (double)batch) * (1.0 - drawn);
        sample->chances[i] = (float)-log(chance > 1e-12 ? chance : 1e-12);
    }
}

BaseStatus embed_sample_new(const EmbedFacts *facts, uint32_t entity_count, int64_t batch, int64_t negatives,
                            EmbedSample *out, BaseError *err)
{
    const int64_t wanted = batch + negatives;
    const uint32_t size = wanted < entity_count ? (uint32_t)wanted : entity_count;
    *out = (EmbedSample){.size = size,
                         .entity_count = entity_count,
                         .candidates = calloc(size, sizeof *out->candidates),
                         .corrections = calloc(size, sizeof *out->corrections),
                         .places = calloc(entity_count, sizeof *out->places),
                         .stamps = calloc(entity_count, sizeof *out->stamps),
                         .chances = calloc(entity_count, sizeof *out->chances)};
    if (!out->candidates || !out->corrections || !out->places || !out->stamps || !out->chances) {
        embed_sample_free(out);
        return base_fail(err, BASE_NO_MEMORY, "no memory to sample %u entities", entity_count);
    }
    set_chances(out, facts, batch, negatives);
    return BASE_OK;
}

void embed_sample_free(EmbedSample *sample)
{
    free(sample->candidates);
    free(sample->corrections);
    free(sample->places);
    free(sample->stamps);
    free(sample->chances);
    *sample = (EmbedSample){0};
}

static uint32_t take(EmbedSample *sample, uint32_t entity, uint32_t *used)
{
    if (sample->stamps[entity] != sample->step) {
        sample->stamps[entity] = sample->step;
        sample->places[entity] = *used;
        sample->candidates[*used] = (int32_t)entity;
        sample->corrections[*used] = sample->chances[entity];
        ++*used;
    }
    return sample->places[entity];
}

void embed_sample_draw(EmbedSample *sample, const EmbedAsk *asks, size_t count, BaseRandom *random, int32_t *labels)
{
    uint32_t used = 0;
    sample->step++;
    for (size_t i = 0; i < count; i++)
        labels[i] = (int32_t)take(sample, asks[i].answer, &used);
    if (sample->size == sample->entity_count) /* all of them: drawing the last ones by chance would take long */
        for (uint32_t i = 0; i < sample->entity_count; i++)
            take(sample, i, &used);
    while (used < sample->size)
        take(sample, (uint32_t)base_random_below(random, sample->entity_count), &used);
}
