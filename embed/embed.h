/* embed.h - vectors for the entities and relations of a graph: trained on its facts, ranked, calibrated, used to
 * predict what is missing; and linking: words and class names to entities. Start with embed_train, then embed_open, and
 * embed_evaluate, embed_predict or embed_score on the opened model. Terms are KgIds in and out. A test triple may hold
 * KG_ANY for a term that the database does not know. */
#ifndef KGQ_EMBED_EMBED_H
#define KGQ_EMBED_EMBED_H

#include "base/base.h"
#include "kg/kg.h"

/* ---- Training -------------------------------------------------------------------------------------------------- */

typedef enum EmbedSwitch { EMBED_DEFAULT, EMBED_ON, EMBED_OFF } EmbedSwitch;
typedef enum EmbedLoss {
    EMBED_LOSS_AUTO,    /* by the graph's size */
    EMBED_LOSS_ALL,     /* softmax over all entities */
    EMBED_LOSS_SAMPLED, /* softmax over the batch's answers and a shared sample of other entities */
} EmbedLoss;

/* How to train. {0} is the default for the model and the graph's size; where 0 itself would mean something (`dropout`,
 * `smoothing`, `regularize`, `valid_share`), a negative number means none. Strings are borrowed for the call, except
 * that those set by embed_parse_options belong to its arena. */
typedef struct EmbedTrainOptions {
    const char *model;      /* "transe", "distmult", "complex", "rotate"; NULL: "transe" */
    int64_t dim;            /* floats per entity; even for complex and rotate */
    int norm;               /* transe: 1 = L1, 2 = L2, 3 = L2 squared */
    EmbedSwitch reciprocal; /* r and its inverse have vectors of their own, so that both sides are asked as (x, r, ?) */
    EmbedLoss loss;
    int64_t epochs;        /* at most */
    int64_t batch;         /* queries per step; each triple gives two */
    int64_t negatives;     /* size of the shared sample (sampled loss) */
    const char *optimizer; /* "adam", "adagrad", "sgd" */
    double rate;
    double decay;        /* what the rate has fallen to, evenly, by the last epoch, as a share of itself; 1: stays */
    double dropout;      /* of entity and relation vectors in the query */
    double smoothing;    /* label smoothing */
    double regularize;   /* weight of N3 (complex, distmult) or of L3 (transe, rotate) */
    double init;         /* scale of the start values */
    int64_t patience;    /* validations without a better MRR before it stops */
    int64_t valid_every; /* epochs between validations */
    double valid_share;  /* of the triples held out where `valid_file` is NULL: 0: about 0.02 (300 to 2,000 triples) */
    const char *valid_file; /* TSV of triples; NULL: a seeded sample is held out of training */
    const char *relations;  /* plain names or <IRI>s with commas between: train on these only; NULL: all */
    double time_budget;     /* wall seconds for everything; 0: 900; negative: none */
    uint64_t seed;
    bool resume; /* start from the vectors of the model of this name */
} EmbedTrainOptions;

/* A JSON object with the names above as keys, e.g. {"model": "transe", "dim": 128, "reciprocal": true, "loss": "all"}.
 * Sets only the fields it names. BASE_BAD_INPUT with place for bad JSON, a wrong type or range, or an unknown key (the
 * nearest one is named). Strings are copied into `arena`. */
BaseStatus embed_parse_options(const char *text, size_t length, const char *source, BaseArena *arena,
                               EmbedTrainOptions *options, BaseError *err);
BaseStatus embed_read_options(const char *path, BaseArena *arena, EmbedTrainOptions *options, BaseError *err);

typedef struct EmbedTrainReport {
    uint32_t model, run; /* catalog numbers */
    uint64_t triples, valid_triples, valid_unseen, entities, relations, parameters;
    int64_t epochs, best_epoch;
    int64_t dim;
    double valid_mrr; /* filtered, of the best epoch; -1: nothing to validate on */
    double loss;      /* of the last epoch */
    double seconds;
    bool saved;       /* also true when the job was cancelled after something had been learned */
    char stopped[64]; /* why: "all epochs done", "no better in 5 validations", "time budget", "cancelled" */
} EmbedTrainReport;

/* Trains on the asserted triples between non-literal terms and stores the best checkpoint as model `name` (letters,
 * digits, '.', '_', '-') in catalog and `models/`; a model of that name is replaced, in one transaction. The same
 * seed, data, build and threads give the same vectors unless the time budget ends it.
 * BASE_BAD_INPUT: nothing to train on, an unknown model, a bad valid file. BASE_CANCELLED: see report->saved. */
BaseStatus embed_train(KgStore *store, const char *name, const EmbedTrainOptions *options, EmbedTrainReport *report,
                       BaseJob *job, BaseError *err);

/* ---- Models ---------------------------------------------------------------------------------------------------- */

typedef struct EmbedModel EmbedModel;

/* Reads a trained model; *out ends with embed_close and does not need the transaction afterwards. It only changes
 * inside calls: one thread at a time. BASE_NOT_FOUND: no such model, naming those that are. BASE_BAD_INPUT: its file
 * is missing, damaged or not one of embed's. */
BaseStatus embed_open(KgTxn *txn, const char *name, EmbedModel **out, BaseError *err);
void embed_close(EmbedModel *model); /* NULL is fine */

typedef struct EmbedInfo {
    const char *name, *kind; /* borrowed from the model */
    uint32_t id;             /* catalog number */
    uint64_t entities, relations;
    int64_t dim;
    bool is_calibrated; /* else there was nothing to calibrate on: the probability is that of slope 1, offset 0 */
    double valid_mrr;
} EmbedInfo;
EmbedInfo embed_info(const EmbedModel *model);
bool embed_knows_entity(const EmbedModel *model, KgId id);
bool embed_knows_relation(const EmbedModel *model, KgId id);
/* The entity's vector, borrowed: embed_info().dim floats. NULL: the model does not know it. */
const float *embed_vector(const EmbedModel *model, KgId entity);

/* ---- Triple files ------------------------------------------------------------------------------------------------ */

typedef struct EmbedTriples {
    KgTriple *items; /* KG_ANY where the database has no such term */
    size_t count, capacity;
} EmbedTriples;
/* Appends the triples of a TSV (also .gz, .zst) in the syntax of an import. BASE_BAD_INPUT: a malformed line, with its
 * place. Free out->items with free(). */
BaseStatus embed_read_triples(KgTxn *txn, const char *path, EmbedTriples *out, BaseError *err);

/* ---- Ranking ----------------------------------------------------------------------------------------------------- */

typedef struct EmbedRanking {
    double mrr, hits1, hits3, hits10, mean_rank;
    uint64_t queries;
    uint64_t unseen; /* of them, with a term the model has no vector for */
} EmbedRanking;
typedef struct EmbedEvaluation {
    EmbedRanking all, head, tail;
    uint64_t candidates; /* entities ranked against */
    double seconds;
} EmbedEvaluation;

/* Filtered ranking: for each test triple the queries (h, r, ?) and (?, r, t) over all entities of the model; answers
 * that are asserted in the database, in `known`, or in `test` itself are passed over, the one asked for excepted. An
 * answer's rank is 1 + those scored higher + half of those scored the same (mean rank of ties). A query the model
 * cannot score, because one of its terms has no vector, counts as a tie of all entities left, and in `unseen`. */
BaseStatus embed_evaluate(KgTxn *txn, EmbedModel *model, const KgTriple *test, size_t test_count, const KgTriple *known,
                          size_t known_count, EmbedEvaluation *out, BaseJob *job, BaseError *err);
/* {"mrr":…,"hits@1":…,"hits@3":…,"hits@10":…,"mean_rank":…,"head":{…},"tail":{…},"queries":…,"unseen":…} and a
 * newline. */
void embed_write_evaluation(const EmbedEvaluation *evaluation, FILE *out);

/* ---- Prediction -------------------------------------------------------------------------------------------------- */

/* A score is comparable between questions: log of the answer's share in a softmax over all entities + log of the mean
 * number of answers that such questions have. 0: as likely as an average answer. */
typedef struct EmbedAnswer {
    KgId id;
    float score;
    double probability; /* the score calibrated (Platt) on held-out triples against corrupted ones */
} EmbedAnswer;

/* The best answers for the one place of `pattern` that is KG_ANY (head, relation or tail), best first, those that are
 * asserted or inferred left out. Fills at most `k`. BASE_NOT_FOUND: the model has no vector for a term, naming it.
 * BASE_BAD_CALL: not exactly one place is open. */
BaseStatus embed_predict(KgTxn *txn, EmbedModel *model, KgTriple pattern, size_t k, EmbedAnswer *out, size_t *count,
                         BaseError *err);
/* Keeps the answers with a probability of at least `threshold` in KG_PREDICTED (note.source = model, note.score =
 * probability). `txn` writes. `stored` may be NULL. */
BaseStatus embed_store_predictions(KgTxn *txn, const EmbedModel *model, KgTriple pattern, const EmbedAnswer *answers,
                                   size_t count, double threshold, size_t *stored, BaseError *err);

typedef struct EmbedScore {
    float score;        /* the mean of (h, r, ?) and (?, r, t); NaN when !known */
    double probability; /* 0 when !known */
    bool known;         /* the model has vectors for all three terms */
} EmbedScore;
BaseStatus embed_score(EmbedModel *model, const KgTriple *triples, size_t count, EmbedScore *out, BaseJob *job,
                       BaseError *err);
/* Entities with the most similar vectors (score = cosine, probability = 0), the entity itself left out. */
BaseStatus embed_nearest(EmbedModel *model, KgId entity, size_t k, EmbedAnswer *out, size_t *count, BaseError *err);

/* ---- Linking ----------------------------------------------------------------------------------------------------- */

typedef struct EmbedLinkOptions {
    const char *const *predicates; /* that carry labels, as TSV fields, best first; NULL: kg_label_predicates's */
    size_t predicate_count;
    EmbedModel *model; /* re-ranks by likeness to the other mentions' entities; NULL: by label and graph alone */
    size_t candidates; /* kept per mention; 0: 5 */
    double threshold;  /* the best candidate below this: NIL; 0: 0.05; negative: none is too low */
    unsigned layers;   /* where labels and neighbours are read; 0: KG_FACTS */
} EmbedLinkOptions;

typedef struct EmbedCandidate {
    KgId entity;
    double score;         /* in (0, 1]; the candidates of a mention add up to at most 1 */
    const char *evidence; /* e.g. `lemma "nine"; shares digit.n.01 by hypernym with 9 of 9 other labels` */
} EmbedCandidate;
typedef struct EmbedMention {
    size_t start, length; /* bytes of the text; for labels 0 and the label's length */
    const char *text;     /* those bytes, closed by NUL */
    EmbedCandidate *candidates;
    size_t candidate_count; /* best first */
    int chosen;             /* a candidate, or -1: NIL */
} EmbedMention;
typedef struct EmbedLinks {
    BaseArena arena; /* owns all below; start from {0} */
    EmbedMention *mentions;
    size_t count;
} EmbedLinks;
void embed_links_free(EmbedLinks *links);

/* Finds mentions in free text: the longest runs of up to five words that are a label; words without any are NIL, stop
 * words are passed over. */
BaseStatus embed_link_text(KgTxn *txn, const char *text, size_t length, const EmbedLinkOptions *options,
                           EmbedLinks *out, BaseJob *job, BaseError *err);
/* Links a set of names that belong together, such as a classifier's classes ("zero", ..., "nine"): what the candidates
 * of different labels have as common neighbours speaks for them. Mention i is label i. */
BaseStatus embed_link_labels(KgTxn *txn, const char *const *labels, size_t count, const EmbedLinkOptions *options,
                             EmbedLinks *out, BaseJob *job, BaseError *err);
/* Adds the triple to KG_OBSERVED with the evidence's catalog number as source and `confidence` as score. `txn` writes.
 */
BaseStatus embed_store_link(KgTxn *txn, KgTriple triple, double confidence, const KgEvidence *evidence, bool *added,
                            BaseError *err);

#endif
