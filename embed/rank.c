/* Filtered ranking. For each test fact both sides are asked, all entities are scored (a batch of questions is one
 * matrix product), known answers other than the one asked for are passed over, and the rank is 1 + the number of better
 * ones + half the number of equal ones: the mean over all orders of the ties. Bordes et al. 2013 (filtered); Sun et al.
 * "A re-evaluation of knowledge graph completion methods", 2020 (why ties must not be won). */
#include "embed/rank.h"

#include "embed/model.h"

#include <math.h>
#include <stdlib.h>

BaseStatus embed_panel_new(const EmbedForm *form, NnParameters *parameters, BasePool *pool, EmbedPanel *out,
                           BaseError *err)
{
    *out = (EmbedPanel){.count = base_pool_threads(pool), .batch = embed_asker_batch(form->entity_count), .pool = pool};
    out->askers = calloc((size_t)out->count, sizeof(EmbedAsker *));
    if (!out->askers)
        return base_fail(err, BASE_NO_MEMORY, "no memory to rank");
    BaseStatus status = BASE_OK;
    for (int i = 0; i < out->count && status == BASE_OK; i++)
        status = embed_asker_new(form, parameters, out->batch, &out->askers[i], err);
    if (status != BASE_OK)
        embed_panel_free(out);
    return status;
}

void embed_panel_free(EmbedPanel *panel)
{
    for (int i = 0; panel->askers && i < panel->count; i++)
        embed_asker_free(panel->askers[i]);
    free(panel->askers);
    *panel = (EmbedPanel){0};
}

/* One side of one fact. */
typedef struct Question {
    uint32_t x, r, answer;
    EmbedSide side;
    double rank;
} Question;

/* Each task is a run of questions of one side that can be scored (see `order`). */
typedef struct Ranking {
    const EmbedPanel *panel;
    uint32_t entity_count;
    const EmbedKnown *known;
    Question *questions;
    uint32_t *order; /* the questions that can be scored: tails first, then heads */
    size_t side_end[2];
    size_t side_tasks[2];
    BaseStatus *statuses; /* per worker; the first fault */
    BaseError *errors;
    BaseJob *job;
    size_t first_task; /* of the round that runs */
    bool is_reported;
} Ranking;

static uint32_t answer_of(const EmbedFact *fact, EmbedSide side)
{
    return side == EMBED_TAIL ? fact->t : fact->h;
}

static double rank_among(const float *scores, uint32_t entity_count, const Question *question, const EmbedKnown *known)
{
    const float own = scores[question->answer];
    int32_t better = 0, equal = 0;
    for (uint32_t i = 0; i < entity_count; i++) {
        better += scores[i] > own;
        equal += scores[i] == own;
    }
    size_t known_count = 0;
    const EmbedFact *const facts =
        embed_known_answers(known, question->side == EMBED_HEAD, question->x, question->r, &known_count);
    for (size_t i = 0; i < known_count; i++) {
        const uint32_t other = answer_of(&facts[i], question->side);
        if (other == question->answer)
            continue;
        better -= scores[other] > own;
        equal -= scores[other] == own;
    }
    /* The answer ties with itself, which costs nothing. A score that is not a number loses to all. */
    if (isnan(own))
        return (double)entity_count;
    return 1.0 + (double)better + (double)(equal - 1) / 2.0;
}

static BaseStatus rank_run(Ranking *ranking, const uint32_t *order, int64_t count, int worker, BaseError *err)
{
    EmbedQuery queries[256] = {0};
    for (int64_t i = 0; i < count; i++) {
        const Question *const question = &ranking->questions[order[i]];
        queries[i] = (EmbedQuery){.x = question->x, .r = question->r, .side = question->side};
    }
    const float *scores = NULL;
    const BaseStatus status = embed_ask(ranking->panel->askers[worker], queries, count, &scores, err);
    for (int64_t i = 0; i < count && status == BASE_OK; i++) {
        Question *const question = &ranking->questions[order[i]];
        question->rank =
            rank_among(scores + i * (int64_t)ranking->entity_count, ranking->entity_count, question, ranking->known);
    }
    return status;
}

static void rank_task(void *context, size_t offset, int worker)
{
    Ranking *const ranking = context;
    if (ranking->statuses[worker] != BASE_OK || base_job_cancelled(ranking->job))
        return;
    const size_t task = ranking->first_task + offset;
    const bool is_head = task >= ranking->side_tasks[0];
    const size_t begin = is_head ? ranking->side_end[0] : 0, end = ranking->side_end[is_head];
    const size_t batch = (size_t)ranking->panel->batch;
    const size_t first = begin + (is_head ? task - ranking->side_tasks[0] : task) * batch;
    const size_t count = end - first < batch ? end - first : batch;
    ranking->statuses[worker] =
        rank_run(ranking, ranking->order + first, (int64_t)count, worker, &ranking->errors[worker]);
}

/* The mean rank of a tie of all that is left. */
static double unseen_rank(const Ranking *ranking, const Question *question)
{
    size_t passed = 0;
    if (question->x != EMBED_NO_ROW && question->r != EMBED_NO_ROW)
        embed_known_answers(ranking->known, question->side == EMBED_HEAD, question->x, question->r, &passed);
    const double left = (double)ranking->entity_count - (double)passed + (question->answer == EMBED_NO_ROW);
    return left < 1.0 ? 1.0 : (left + 1.0) / 2.0;
}

static void add_rank(EmbedRanking *ranking, double rank, bool is_unseen)
{
    ranking->queries++;
    ranking->unseen += is_unseen;
    ranking->mrr += 1.0 / rank;
    ranking->mean_rank += rank;
    ranking->hits1 += rank <= 1.0;
    ranking->hits3 += rank <= 3.0;
    ranking->hits10 += rank <= 10.0;
}

static void finish(EmbedRanking *ranking)
{
    const double count = ranking->queries ? (double)ranking->queries : 1.0;
    ranking->mrr /= count;
    ranking->mean_rank /= count;
    ranking->hits1 /= count;
    ranking->hits3 /= count;
    ranking->hits10 /= count;
}

static bool is_unseen(const Question *question)
{
    return question->x == EMBED_NO_ROW || question->r == EMBED_NO_ROW || question->answer == EMBED_NO_ROW;
}

static void summarize(const Ranking *ranking, size_t question_count, EmbedEvaluation *out)
{
    for (size_t i = 0; i < question_count; i++) {
        const Question *const question = &ranking->questions[i];
        const double rank = is_unseen(question) ? unseen_rank(ranking, question) : question->rank;
        add_rank(&out->all, rank, is_unseen(question));
        add_rank(question->side == EMBED_HEAD ? &out->head : &out->tail, rank, is_unseen(question));
    }
    finish(&out->all);
    finish(&out->head);
    finish(&out->tail);
}

static void lay_out(Ranking *ranking, const EmbedFact *facts, size_t count)
{
    size_t used = 0;
    for (int side = EMBED_TAIL; side <= EMBED_HEAD; side++) {
        const size_t begin = used;
        for (size_t i = 0; i < count; i++) {
            Question *const question = &ranking->questions[2 * i + (size_t)side];
            *question = (Question){.x = side == EMBED_TAIL ? facts[i].h : facts[i].t,
                                   .r = facts[i].r,
                                   .answer = answer_of(&facts[i], (EmbedSide)side),
                                   .side = (EmbedSide)side};
            if (!is_unseen(question))
                ranking->order[used++] = (uint32_t)(2 * i + (size_t)side);
        }
        const size_t batch = (size_t)ranking->panel->batch;
        ranking->side_end[side] = used;
        ranking->side_tasks[side] = (used - begin + batch - 1) / batch;
    }
}

/* In rounds, so that whoever waits hears of progress between them. */
static BaseStatus rank_all(Ranking *ranking, BaseError *err)
{
    const size_t tasks = ranking->side_tasks[0] + ranking->side_tasks[1], round = 16;
    for (size_t first = 0; first < tasks; first += round) {
        ranking->first_task = first;
        base_parallel_for(ranking->panel->pool, tasks - first < round ? tasks - first : round, rank_task, ranking);
        if (base_job_cancelled(ranking->job))
            return base_fail(err, BASE_CANCELLED, "cancelled while ranking");
        for (int i = 0; i < ranking->panel->count; i++) {
            if (ranking->statuses[i] == BASE_OK)
                continue;
            if (err && err->status == BASE_OK)
                *err = ranking->errors[i];
            return ranking->statuses[i];
        }
        if (ranking->is_reported)
            base_job_step(ranking->job, "ranking", "batches", first + round < tasks ? first + round : tasks, tasks,
                          NULL);
    }
    return BASE_OK;
}

BaseStatus embed_rank(const EmbedPanel *panel, uint32_t entity_count, const EmbedFact *facts, size_t count,
                      const EmbedKnown *known, bool is_reported, EmbedEvaluation *out, BaseJob *job, BaseError *err)
{
    *out = (EmbedEvaluation){.candidates = entity_count};
    if (count > UINT32_MAX / 2)
        return base_fail(err, BASE_BAD_INPUT, "too many test triples: %zu", count);
    const double began = base_wall_seconds();
    Ranking ranking = {
        .panel = panel, .entity_count = entity_count, .known = known, .job = job, .is_reported = is_reported};
    ranking.questions = calloc(2 * count + 1, sizeof *ranking.questions);
    ranking.order = calloc(2 * count + 1, sizeof *ranking.order);
    ranking.statuses = calloc((size_t)panel->count, sizeof *ranking.statuses);
    ranking.errors = calloc((size_t)panel->count, sizeof *ranking.errors);
    BaseStatus status = BASE_OK;
    if (!ranking.questions || !ranking.order || !ranking.statuses || !ranking.errors)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to rank %zu triples", count);
    if (status == BASE_OK) {
        lay_out(&ranking, facts, count);
        status = rank_all(&ranking, err);
    }
    if (status == BASE_OK)
        summarize(&ranking, 2 * count, out);
    out->seconds = base_wall_seconds() - began;
    free(ranking.questions);
    free(ranking.order);
    free(ranking.statuses);
    free(ranking.errors);
    return status;
}

static BaseStatus gather_known(KgTxn *txn, const EmbedRows *rows, const KgTriple *test, size_t test_count,
                               const KgTriple *known, size_t known_count, EmbedKnown *out, BaseError *err)
{
    EmbedFacts facts = {0};
    BaseStatus status = embed_load_known(txn, rows, &facts, err);
    if (status == BASE_OK)
        status = embed_facts_add(&facts, rows, known, known_count, err);
    if (status == BASE_OK)
        status = embed_facts_add(&facts, rows, test, test_count, err);
    if (status == BASE_OK)
        status = embed_known_new(&facts, out, err);
    free(facts.items);
    return status;
}

BaseStatus embed_evaluate(KgTxn *txn, EmbedModel *model, const KgTriple *test, size_t test_count, const KgTriple *known,
                          size_t known_count, EmbedEvaluation *out, BaseJob *job, BaseError *err)
{
    EmbedKnown filter = {0};
    EmbedFacts facts = {0};
    EmbedPanel panel = {0};
    BasePool *const pool = base_pool_new(base_job_threads(job));
    BaseStatus status = pool ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no threads to rank with");
    if (status == BASE_OK)
        status = gather_known(txn, &model->rows, test, test_count, known, known_count, &filter, err);
    if (status == BASE_OK)
        status = embed_facts_add(&facts, &model->rows, test, test_count, err);
    if (status == BASE_OK)
        status = embed_panel_new(&model->form, model->parameters, pool, &panel, err);
    if (status == BASE_OK)
        status = embed_rank(&panel, model->form.entity_count, facts.items, facts.count, &filter, true, out, job, err);
    embed_panel_free(&panel);
    embed_known_free(&filter);
    free(facts.items);
    base_pool_free(pool);
    return status;
}

static void write_figures(const EmbedRanking *ranking, FILE *out)
{
    const struct {
        const char *name;
        double value;
    } figures[] = {{"mrr", ranking->mrr},
                   {"hits@1", ranking->hits1},
                   {"hits@3", ranking->hits3},
                   {"hits@10", ranking->hits10},
                   {"mean_rank", ranking->mean_rank}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        fprintf(out, "\"%s\":", figures[i].name);
        base_json_number(out, figures[i].value);
        fputc(',', out);
    }
}

static void write_side(const char *name, const EmbedRanking *ranking, FILE *out)
{
    fprintf(out, "\"%s\":{", name);
    write_figures(ranking, out);
    fprintf(out, "\"queries\":%llu,\"unseen\":%llu},", (unsigned long long)ranking->queries,
            (unsigned long long)ranking->unseen);
}

void embed_write_evaluation(const EmbedEvaluation *evaluation, FILE *out)
{
    fputc('{', out);
    write_figures(&evaluation->all, out);
    write_side("head", &evaluation->head, out);
    write_side("tail", &evaluation->tail, out);
    fprintf(out, "\"queries\":%llu,\"unseen\":%llu}\n", (unsigned long long)evaluation->all.queries,
            (unsigned long long)evaluation->all.unseen);
}
