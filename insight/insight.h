/* insight.h - one reading of why: what asserts, derives, predicts and observes a triple, joined in one answer.
 * Start with insight_parse_triple, insight_explain, insight_explain_write, insight_explanation_free.
 *
 * How proof and score are joined. A proof decides: what is asserted or inferred holds, and no score outvotes it; a
 * model that thinks little of it is told as a conflict, which is worth an audit. Without a proof the voices are
 * weighed: the models together are one voice, the mean of their log-odds (a logarithmic opinion pool: they learned from
 * the same facts), and evidence from a classifier or linker is another, independent of it; their log-odds add up (naive
 * Bayes with even prior odds, on which the models' probabilities are calibrated). Each probability counts within 0.001
 * .. 0.999. With no voice at all the answer is unknown. */
#ifndef KGQ_INSIGHT_INSIGHT_H
#define KGQ_INSIGHT_INSIGHT_H

#include "kg/kg.h"
#include "reasoner/reasoner.h"

typedef enum InsightVerdict {
    INSIGHT_HOLDS,    /* asserted or inferred */
    INSIGHT_LIKELY,   /* no proof; belief of at least 0.5 */
    INSIGHT_UNLIKELY, /* no proof; belief below 0.5 */
    INSIGHT_UNKNOWN,  /* no proof, no score, no evidence */
} InsightVerdict;

typedef enum InsightAccord {
    INSIGHT_ALONE,    /* one voice, or none */
    INSIGHT_AGREE,    /* all on the same side of 0.5 */
    INSIGHT_DISAGREE, /* on both sides, none far out */
    INSIGHT_CONFLICT, /* one at INSIGHT_LOW or below beside a proof, or beside another at INSIGHT_HIGH or above */
} InsightAccord;
#define INSIGHT_LOW 0.2
#define INSIGHT_HIGH 0.8

typedef struct InsightOptions {
    const char *model; /* ask this one; NULL: the newest in the catalog, at most INSIGHT_MAX_MODELS */
    bool no_models;    /* ask none: proofs and notes only */
    bool all;          /* every rule instance that gives the triple, not one lowest proof */
    bool forest;       /* and of each conclusion on the way */
    size_t limit;      /* of those, for one conclusion; 0: 20 */
    KgId graph;        /* that the triple is in; KG_ANY: the default graph. In another rules and models have no say */
} InsightOptions;
#define INSIGHT_MAX_MODELS 4

/* What one model says of the triple. */
typedef struct InsightScore {
    const char *model, *kind; /* "m1", "transe" */
    uint32_t id;              /* catalog number; 0: no longer there */
    bool is_known;            /* it has vectors for all three terms; else the numbers below are 0 */
    bool is_stored;           /* the probability is the one kept in KG_PREDICTED, not asked for anew */
    double score, probability;
    double subject_rank, object_rank; /* among all that could stand there, known answers left out; ties: their mean;
                                         0: not ranked */
    uint64_t candidates;
    const char *fault; /* why it could not be asked; NULL: it could */
} InsightScore;

/* Strings and arrays belong to the explanation, those of imports, runs, models and evidence to its explainer. */
typedef struct InsightExplanation {
    KgTriple triple;
    const char *subject, *predicate, *object; /* as in KG_SYNTAX_NAME */
    const char *fact;                         /* of a program by itself, instead of these; NULL: a triple */
    const char *graph;                        /* likewise; NULL: the default graph */
    const char *summary;                      /* one sentence: the verdict and what speaks for and against it */
    InsightVerdict verdict;
    InsightAccord accord;
    double belief;   /* holds: 1; likely, unlikely: as weighed; unknown: 0.5 */
    unsigned layers; /* KG_IN bits of where the triple is */

    const KgImport *import;     /* that asserted it; NULL: not asserted, or not by an import */
    const KgRun *run;           /* that inferred it; NULL */
    ReasonerExplanation proofs; /* of a triple that holds: why; without a proof: why not, nearest miss first */
    uint32_t steps;             /* applications of rules in the first proof, shared parts counted once */
    const KgImport *imports;    /* of all asserted premises in `proofs` */
    size_t import_count;
    const InsightScore *scores; /* newest model first */
    size_t score_count;
    const KgEvidence *evidence; /* of an observed triple; NULL */
    double confidence;          /* of that observation */
    BaseArena memory;
    bool borrows_proofs;
    struct InsightExplainer *explainer; /* its own; NULL: that of insight_ask's caller */
} InsightExplanation;

/* "dog.n.01 is_a entity.n.01": three fields in the syntax of a TSV, with two tabs or with spaces between; where no
 * term is called `rdf:type`, a known prefix counts as one. BASE_BAD_INPUT: not
 * three fields, or one malformed, with its column. BASE_NOT_FOUND: a term that the database does not know, by name,
 * with near ones as the hint. */
BaseStatus insight_parse_triple(KgTxn *txn, const char *text, KgTriple *out, BaseError *err);

/* Gathers all there is to say of the triple. NULL options: defaults. *out is the caller's, to end with
 * insight_explanation_free; NULL on failure. A triple that holds nowhere is explained as well: which premises are
 * missing and what the models say. BASE_NOT_FOUND: options->model is not there. BASE_BAD_CALL: KG_ANY in the triple. */
BaseStatus insight_explain(KgTxn *txn, KgTriple triple, const InsightOptions *options, InsightExplanation **out,
                           BaseJob *job, BaseError *err);
void insight_explanation_free(InsightExplanation *explanation); /* NULL is fine */

/* The same for many triples in one transaction: programs are parsed and models opened once. Open one, ask, close after
 * its explanations were freed, before the transaction ends. */
typedef struct InsightExplainer InsightExplainer;
BaseStatus insight_open(KgTxn *txn, const InsightOptions *options, InsightExplainer **out, BaseError *err);
void insight_close(InsightExplainer *explainer); /* NULL is fine */
BaseStatus insight_ask(InsightExplainer *explainer, KgTriple triple, InsightExplanation **out, BaseJob *job,
                       BaseError *err);

/* What reasoner_run_files explains, in the form of the others: `proofs` says why the fact holds or why it does not, and
 * is borrowed. *out is the caller's, to end with insight_explanation_free before it. */
BaseStatus insight_explain_fact(const char *fact, bool holds, const ReasonerExplanation *proofs,
                                InsightExplanation **out, BaseError *err);

typedef enum InsightFormat {
    INSIGHT_TEXT, /* a tree for people */
    INSIGHT_JSON, /* one object */
    INSIGHT_DOT,  /* Graphviz */
    INSIGHT_HTML, /* a page that stands by itself */
} InsightFormat;
/* BASE_IO: it could not be written. */
BaseStatus insight_explain_write(const InsightExplanation *explanation, InsightFormat format, FILE *out,
                                 BaseError *err);

/* Adds to SPARQL kgq:why(?s, ?p, ?o), the summary of an explanation without models, and kgq:ruleName(?s, ?p, ?o), the
 * rule that gives the triple in the first proof. */
BaseStatus insight_add_functions(KgExtensions *extensions, BaseError *err);

const char *insight_verdict_name(InsightVerdict verdict); /* "holds", "likely", "unlikely", "unknown" */
const char *insight_accord_name(InsightAccord accord);    /* "alone", "agree", "disagree", "conflict" */

#endif
