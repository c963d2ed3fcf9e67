/* Linking. A mention's candidates are the entities that bear its words as a label; they are ordered by how well the
 * name fits, whether the entity is called after it, and how much the graph says of it. A set of labels is linked
 * jointly: the neighbours that candidates of different labels share speak for those candidates, the more the fewer else
 * have them (so that "nine" among "zero", "one", ... is the digit and not the baseball team). For free text a model's
 * vectors can say which candidates go together. A mention whose best candidate is too weak, or that has none, is NIL.
 */
#include "embed/candidates.h"
#include "embed/embed.h"
#include "embed/mentions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 5 /* of a mention */
#define USUAL_CANDIDATES 5
#define USUAL_THRESHOLD 0.05

void embed_links_free(EmbedLinks *links)
{
    base_arena_free(&links->arena);
    *links = (EmbedLinks){0};
}

/* A candidate while it is weighed. */
typedef struct Weighed {
    EmbedBearer bearer;
    double weight;
    const char *shared; /* what other labels' candidates have in common with it; "" */
} Weighed;
typedef struct Mention {
    size_t start, length;
    const char *text;
    Weighed *items;
    size_t count;
} Mention;
typedef struct Mentions {
    Mention *items;
    size_t count, capacity;
} Mentions;

typedef struct Linking {
    KgTxn *txn;
    const EmbedLinkOptions *options;
    EmbedLabels labels;
    Mentions mentions;
    BaseArena *arena; /* of the links: evidence and texts */
    BaseArena scratch;
    BaseJob *job;
} Linking;

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

static double own_weight(const EmbedBearer *bearer)
{
    return bearer->fit * (1.0 + bearer->namesake) * (1.0 + 0.3 * log2(1.0 + bearer->degree));
}

static BaseStatus add_mention(Linking *linking, const char *text, size_t start, size_t length,
                              const EmbedBearers *bearers, BaseError *err)
{
    Mention mention = {.start = start, .length = length, .text = base_arena_copy(linking->arena, text, length)};
    mention.items = base_arena_alloc(&linking->scratch, bearers->count + 1, sizeof *mention.items);
    if (!mention.text || !mention.items)
        return base_fail(err, BASE_NO_MEMORY, "no memory to link");
    for (size_t i = 0; i < bearers->count; i++)
        mention.items[mention.count++] =
            (Weighed){.bearer = bearers->items[i], .weight = own_weight(&bearers->items[i]), .shared = ""};
    return BASE_PUSH(&linking->mentions, mention) ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to link");
}

static int compare_weighed(const void *a, const void *b)
{
    const Weighed *const x = a, *const y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->bearer.entity > y->bearer.entity) - (x->bearer.entity < y->bearer.entity);
}

/* Scores: each candidate's share of the squared weights, times how well the name fits the best of them. */
static BaseStatus finish_mention(const Linking *linking, Mention *mention, EmbedMention *out, BaseError *err)
{
    const EmbedLinkOptions *const options = linking->options;
    const size_t most = options->candidates ? options->candidates : USUAL_CANDIDATES;
    const double threshold = options->threshold != 0 ? options->threshold : USUAL_THRESHOLD;
    double sum = 0, fit = 0;
    for (size_t i = 0; i < mention->count; i++) {
        sum += mention->items[i].weight * mention->items[i].weight;
        fit = mention->items[i].bearer.fit > fit ? mention->items[i].bearer.fit : fit;
    }
    qsort(mention->items, mention->count, sizeof *mention->items, compare_weighed);
    *out = (EmbedMention){.start = mention->start, .length = mention->length, .text = mention->text, .chosen = -1};
    out->candidate_count = mention->count < most ? mention->count : most;
    out->candidates = base_arena_alloc(linking->arena, out->candidate_count + 1, sizeof *out->candidates);
    if (!out->candidates)
        return base_fail(err, BASE_NO_MEMORY, "no memory to link");
    for (size_t i = 0; i < out->candidate_count; i++) {
        const Weighed *const weighed = &mention->items[i];
        BaseBuffer evidence = {0};
        const char *const copy = base_buffer_format(&evidence, "%s%s", weighed->bearer.evidence, weighed->shared)
                                     ? base_arena_copy(linking->arena, evidence.items, evidence.count)
                                     : NULL;
        base_buffer_free(&evidence);
        if (!copy)
            return base_fail(err, BASE_NO_MEMORY, "no memory to link");
        const double share = sum > 0 ? weighed->weight * weighed->weight / sum : 0;
        out->candidates[i] = (EmbedCandidate){.entity = weighed->bearer.entity, .score = share * fit, .evidence = copy};
    }
    if (out->candidate_count > 0 && out->candidates[0].score >= threshold)
        out->chosen = 0;
    return BASE_OK;
}

static BaseStatus finish_links(Linking *linking, EmbedLinks *out, BaseError *err)
{
    out->mentions = base_arena_alloc(linking->arena, linking->mentions.count + 1, sizeof *out->mentions);
    if (!out->mentions)
        return base_fail(err, BASE_NO_MEMORY, "no memory to link");
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < linking->mentions.count && status == BASE_OK; i++)
        status = finish_mention(linking, &linking->mentions.items[i], &out->mentions[out->count++], err);
    return status;
}

/* ---- Vectors ----------------------------------------------------------------------------------------------------- */

static double cosine(const float *a, const float *b, int64_t dim)
{
    double product = 0, a_square = 0, b_square = 0;
    for (int64_t i = 0; i < dim; i++) {
        product += (double)a[i] * (double)b[i];
        a_square += (double)a[i] * (double)a[i];
        b_square += (double)b[i] * (double)b[i];
    }
    return a_square > 0 && b_square > 0 ? product / sqrt(a_square * b_square) : 0;
}

/* The best likeness of a candidate to any other mention's candidate, each counted by its share of its mention. */
static double coherence(const Linking *linking, size_t mention, KgId entity)
{
    const EmbedModel *const model = linking->options->model;
    const float *const own = embed_vector(model, entity);
    const int64_t dim = embed_info(model).dim;
    double best = 0;
    for (size_t i = 0; own && i < linking->mentions.count; i++) {
        const Mention *const other = &linking->mentions.items[i];
        double top = 0;
        for (size_t j = 0; j < other->count; j++)
            top = own_weight(&other->items[j].bearer) > top ? own_weight(&other->items[j].bearer) : top;
        for (size_t j = 0; i != mention && j < other->count; j++) {
            const float *const vector = embed_vector(model, other->items[j].bearer.entity);
            const double near = vector ? cosine(own, vector, dim) * own_weight(&other->items[j].bearer) / top : 0;
            best = near > best ? near : best;
        }
    }
    return best;
}

static void weigh_by_model(Linking *linking)
{
    if (!linking->options->model)
        return;
    for (size_t i = 0; i < linking->mentions.count; i++) {
        Mention *const mention = &linking->mentions.items[i];
        for (size_t j = 0; j < mention->count; j++) {
            const double near = coherence(linking, i, mention->items[j].bearer.entity);
            mention->items[j].weight = own_weight(&mention->items[j].bearer) * (1.0 + near);
        }
    }
}

/* ---- Labels that belong together --------------------------------------------------------------------------------- */

/* A neighbour of a candidate: what its `predicate` leads to, or what leads to it. */
typedef struct Neighbour {
    KgId predicate, entity;
    uint32_t mention, item;
    bool is_incoming;
} Neighbour;
typedef struct Neighbours {
    Neighbour *items;
    size_t count, capacity;
} Neighbours;

static int compare_ids(KgId a, KgId b)
{
    return (a > b) - (a < b);
}

static int compare_key(const Neighbour *x, const Neighbour *y)
{
    if (x->entity != y->entity)
        return compare_ids(x->entity, y->entity);
    if (x->predicate != y->predicate)
        return compare_ids(x->predicate, y->predicate);
    return (int)x->is_incoming - (int)y->is_incoming;
}

static int compare_neighbours(const void *a, const void *b)
{
    const Neighbour *const x = a, *const y = b;
    const int order = compare_key(x, y);
    if (order != 0)
        return order;
    if (x->mention != y->mention)
        return x->mention < y->mention ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static BaseStatus add_neighbours(Linking *linking, size_t mention, size_t item, Neighbours *out, BaseError *err)
{
    const KgId entity = linking->mentions.items[mention].items[item].bearer.entity;
    for (int side = 0; side < 2; side++) {
        KgScan *scan = NULL;
        KgTriple triple;
        size_t seen = 0;
        const KgTriple pattern = side == 0 ? (KgTriple){.s = entity} : (KgTriple){.o = entity};
        BaseStatus status = kg_scan_open(linking->txn, KG_IN(KG_ASSERTED), pattern, KG_ORDER_BEST, &scan, err);
        while (status == BASE_OK && seen++ < EMBED_MOST_LINKS &&
               (status = kg_scan_next(scan, &triple, err)) == BASE_OK) {
            if (kg_kind(triple.o) == KG_LITERAL)
                continue;
            const Neighbour neighbour = {.predicate = triple.p,
                                         .entity = side == 0 ? triple.o : triple.s,
                                         .mention = (uint32_t)mention,
                                         .item = (uint32_t)item,
                                         .is_incoming = side == 1};
            if (!BASE_PUSH(out, neighbour))
                status = base_fail(err, BASE_NO_MEMORY, "no memory to link");
        }
        kg_scan_close(scan);
        if (status != BASE_OK && status != BASE_END)
            return status;
    }
    return BASE_OK;
}

/* How many entities are tied to the neighbour in this way. */
static BaseStatus count_others(Linking *linking, const Neighbour *key, uint64_t *out, BaseError *err)
{
    const KgTriple pattern = key->is_incoming ? (KgTriple){.s = key->entity, .p = key->predicate}
                                              : (KgTriple){.p = key->predicate, .o = key->entity};
    return kg_count(linking->txn, KG_IN(KG_ASSERTED), pattern, out, err);
}

static BaseStatus describe_shared(Linking *linking, const Neighbour *key, size_t support, Weighed *weighed,
                                  BaseError *err)
{
    BaseBuffer words = {0};
    bool is_written =
        base_buffer_format(&words, "; shares ") &&
        kg_write_term(linking->txn, key->entity, KG_SYNTAX_PLAIN, &words, NULL) == BASE_OK &&
        base_buffer_format(&words, " by ") &&
        kg_write_term(linking->txn, key->predicate, KG_SYNTAX_PLAIN, &words, NULL) == BASE_OK &&
        base_buffer_format(&words, " with %zu of %zu other labels", support - 1, linking->mentions.count - 1);
    weighed->shared = is_written ? base_arena_copy(&linking->scratch, words.items, words.count) : NULL;
    is_written = weighed->shared != NULL;
    base_buffer_free(&words);
    return is_written ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to link");
}

/* What shared neighbours add to a candidate. A neighbour counts once, by its strongest tie: a symmetric relation,
 * stated both ways, says nothing twice. */
typedef struct Bonus {
    double sum, strongest;
    KgId neighbour; /* the last one counted, and for how much */
    double counted;
} Bonus;

static void count_neighbour(Bonus *bonus, KgId neighbour, double value)
{
    if (bonus->neighbour != neighbour) {
        bonus->neighbour = neighbour;
        bonus->counted = 0;
    }
    if (value > bonus->counted) {
        bonus->sum += value - bonus->counted;
        bonus->counted = value;
    }
}

/* One neighbour shared by one relation: `group` is all candidates that have it, by label. */
static BaseStatus weigh_group(Linking *linking, const Neighbour *group, size_t size, Bonus *const *bonuses,
                              BaseError *err)
{
    size_t support = 0; /* different labels */
    for (size_t i = 0; i < size; i++)
        support += i == 0 || group[i].mention != group[i - 1].mention;
    if (support < 2)
        return BASE_OK;
    uint64_t others = 0;
    BaseStatus status = count_others(linking, group, &others, err);
    if (status != BASE_OK)
        return status;
    const double share = (double)(support - 1) / (double)(linking->mentions.count - 1);
    const double value = share / log2(2.0 + (double)others);
    for (size_t i = 0; i < size && status == BASE_OK; i++) {
        const Neighbour *const one = &group[i];
        if (i > 0 && one->mention == one[-1].mention && one->item == one[-1].item)
            continue;
        Bonus *const bonus = &bonuses[one->mention][one->item];
        count_neighbour(bonus, one->entity, value);
        if (value > bonus->strongest) {
            bonus->strongest = value;
            status =
                describe_shared(linking, one, support, &linking->mentions.items[one->mention].items[one->item], err);
        }
    }
    return status;
}

static Bonus **bonus_per_candidate(Linking *linking)
{
    Bonus **const table = base_arena_alloc(&linking->scratch, linking->mentions.count + 1, sizeof *table);
    for (size_t i = 0; table && i < linking->mentions.count; i++) {
        table[i] = base_arena_alloc(&linking->scratch, linking->mentions.items[i].count + 1, sizeof **table);
        if (!table[i])
            return NULL;
    }
    return table;
}

static BaseStatus weigh_jointly(Linking *linking, BaseError *err)
{
    if (linking->mentions.count < 2)
        return BASE_OK;
    Neighbours all = {0};
    Bonus **const bonuses = bonus_per_candidate(linking);
    BaseStatus status = bonuses ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to link");
    for (size_t i = 0; i < linking->mentions.count; i++)
        for (size_t j = 0; j < linking->mentions.items[i].count && status == BASE_OK; j++)
            status = add_neighbours(linking, i, j, &all, err);
    if (status == BASE_OK && all.count > 0)
        qsort(all.items, all.count, sizeof *all.items, compare_neighbours);
    for (size_t first = 0, last; first < all.count && status == BASE_OK; first = last) {
        for (last = first + 1; last < all.count && compare_key(&all.items[first], &all.items[last]) == 0; last++)
            ;
        status = weigh_group(linking, all.items + first, last - first, bonuses, err);
    }
    for (size_t i = 0; i < linking->mentions.count && status == BASE_OK; i++)
        for (size_t j = 0; j < linking->mentions.items[i].count; j++)
            linking->mentions.items[i].items[j].weight *= 1.0 + 20.0 * bonuses[i][j].sum;
    free(all.items);
    return status;
}

BaseStatus embed_link_labels(KgTxn *txn, const char *const *labels, size_t count, const EmbedLinkOptions *options,
                             EmbedLinks *out, BaseJob *job, BaseError *err)
{
    const EmbedLinkOptions usual = {0};
    *out = (EmbedLinks){0};
    Linking linking = {.txn = txn, .options = options ? options : &usual, .arena = &out->arena, .job = job};
    EmbedBearers bearers = {0};
    BaseStatus status = embed_labels_open(txn, linking.options, &linking.scratch, &linking.labels, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        const size_t length = strlen(labels[i]);
        status = embed_labels_find(&linking.labels, labels[i], length, &linking.scratch, &bearers, err);
        if (status == BASE_OK)
            status = add_mention(&linking, labels[i], 0, length, &bearers, err);
        if (status == BASE_OK && base_job_cancelled(job))
            status = base_fail(err, BASE_CANCELLED, "cancelled while linking");
    }
    if (status == BASE_OK) {
        weigh_by_model(&linking);
        status = weigh_jointly(&linking, err);
    }
    if (status == BASE_OK)
        status = finish_links(&linking, out, err);
    if (status != BASE_OK)
        embed_links_free(out);
    free(bearers.items);
    free(linking.mentions.items);
    base_arena_free(&linking.scratch);
    return status;
}

/* ---- Free text --------------------------------------------------------------------------------------------------- */

/* How many words from `first` on may be one mention. */
static size_t phrase_length(const EmbedWords *words, size_t first)
{
    size_t length = 1;
    while (length < MOST_WORDS && first + length < words->count && !words->items[first + length - 1].ends_phrase)
        length++;
    return length;
}

/* The longest mention that starts at word `first`; *taken words. */
static BaseStatus find_mention(Linking *linking, const char *text, const EmbedWords *words, size_t first,
                               EmbedBearers *bearers, size_t *taken, BaseError *err)
{
    const EmbedWord *const word = &words->items[first];
    for (size_t n = phrase_length(words, first); n >= 1; n--) {
        const EmbedWord *const last = word + n - 1;
        /* A phrase does not end in a function word, and one alone is no mention. */
        if (last->is_stop)
            continue;
        const size_t length = last->start + last->length - word->start;
        const BaseStatus status =
            embed_labels_find(&linking->labels, text + word->start, length, &linking->scratch, bearers, err);
        if (status != BASE_OK)
            return status;
        if (bearers->count > 0 || n == 1) {
            *taken = n;
            return add_mention(linking, text + word->start, word->start, length, bearers, err);
        }
    }
    *taken = 1;
    return BASE_OK;
}

BaseStatus embed_link_text(KgTxn *txn, const char *text, size_t length, const EmbedLinkOptions *options,
                           EmbedLinks *out, BaseJob *job, BaseError *err)
{
    const EmbedLinkOptions usual = {0};
    *out = (EmbedLinks){0};
    Linking linking = {.txn = txn, .options = options ? options : &usual, .arena = &out->arena, .job = job};
    EmbedWords words = {0};
    EmbedBearers bearers = {0};
    const size_t bad = base_utf8_check(text, length);
    BaseStatus status = BASE_OK;
    if (bad < length)
        status = base_fail(err, BASE_BAD_INPUT, "the text is not valid UTF-8 at byte %zu", bad);
    if (status == BASE_OK)
        status = embed_labels_open(txn, linking.options, &linking.scratch, &linking.labels, err);
    if (status == BASE_OK)
        status = embed_words(text, length, &words, err);
    for (size_t i = 0, taken; i < words.count && status == BASE_OK; i += taken) {
        status = find_mention(&linking, text, &words, i, &bearers, &taken, err);
        base_job_step(job, "linking", "words", i, words.count, NULL);
        if (status == BASE_OK && base_job_cancelled(job))
            status = base_fail(err, BASE_CANCELLED, "cancelled while linking");
    }
    if (status == BASE_OK) {
        weigh_by_model(&linking);
        status = finish_links(&linking, out, err);
    }
    if (status != BASE_OK)
        embed_links_free(out);
    free(words.items);
    free(bearers.items);
    free(linking.mentions.items);
    base_arena_free(&linking.scratch);
    return status;
}

/* ---- Keeping a link ---------------------------------------------------------------------------------------------- */

BaseStatus embed_store_link(KgTxn *txn, KgTriple triple, double confidence, const KgEvidence *evidence, bool *added,
                            BaseError *err)
{
    uint32_t id = 0;
    const BaseStatus status = kg_put_evidence(txn, evidence, &id, err);
    if (status != BASE_OK)
        return status;
    const KgRecord record = {.triple = triple, .note = {.source = id, .score = (float)confidence}};
    return kg_add(txn, KG_OBSERVED, &record, added, err);
}
