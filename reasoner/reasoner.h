/* reasoner.h - rules over a knowledge graph: parse and check a program, derive all that follows, say why a fact holds.
 * Start with reasoner_parse, reasoner_run, kg_commit; then reasoner_prove for any fact.
 *
 * The language is that of `.rls` files (its docs): Datalog with stratified negation, comparisons, arithmetic,
 * functions, aggregates, existential variables by the restricted chase, and constraints. In a database program
 *
 *     p(?x)              is the triple ?x rdf:type p,
 *     p(?x, ?y)          is the triple ?x p ?y,
 *     triple(?s, ?p, ?o) is any triple,
 *
 * and a predicate of another arity lives inside the program only. A bare name `hypernym` is the plain name of kg.h, the
 * IRI `kg:hypernym`. The prefixes kg: and : and rdf: rdfs: owl: xsd: sh: are known.
 *
 * Input is what is asserted; what follows goes to the layer KG_INFERRED, each fact with the height of its lowest proof:
 * 1 + the highest premise; asserted facts, negated atoms and comparisons are 0, facts written in a program are 1. An
 * aggregate is 1 + the highest premise of its group, where each distinct input has the lowest match that gives it. A
 * fact with a null is 1 + the highest premise of a match of the rule for which that null was created.
 *
 * Values of a database are its terms: joins and `=` are of terms ("1"^^xsd:int is not "1"^^xsd:integer), while order,
 * arithmetic and functions take what a literal stands for. What is computed is stored in its canonical form, a null as
 * a blank node whose label depends on rule, variable and frontier only, so that a program run again makes the same. */
#ifndef KGQ_REASONER_REASONER_H
#define KGQ_REASONER_REASONER_H

#include "kg/kg.h"

/* ---- External predicates -------------------------------------------------------------------------------------- */

/* A term to and from a callback. `id`: of a database; KG_ANY where it lacks the term, or there is no database. */
typedef struct ReasonerTerm {
    KgTerm term;
    KgId id;
} ReasonerTerm;

typedef struct ReasonerAnswers ReasonerAnswers;
/* One answer for row `row` of the inputs: a term for each argument that is no input, in order; NULL where all are. Of a
 * term with an id the rest is not looked at. false: no memory, or the database failed; the callback returns then. */
bool reasoner_answer(ReasonerAnswers *answers, size_t row, const ReasonerTerm *outputs);

/* A predicate whose tuples a caller computes, for the bodies of rules: scores, distances, lookups elsewhere. It is
 * asked with its inputs bound, many at a time, and each input once in a run; its answers must not depend on when they
 * are asked for. In proofs an answer is of height 0, as a comparison is. */
typedef struct ReasonerExternal {
    const char *iri; /* the whole IRI, "kg:score"; in a program by itself the name */
    uint32_t arity;
    uint64_t inputs; /* bit c: argument c is given to it; the others it gives, any number of times */
    /* `inputs` has `count` rows of the input arguments, in their order. */
    BaseStatus (*ask)(void *context, const ReasonerTerm *inputs, size_t count, ReasonerAnswers *answers,
                      BaseError *err);
    void *context;
} ReasonerExternal;

/* ---- Programs ------------------------------------------------------------------------------------------------ */

typedef struct ReasonerProgram ReasonerProgram; /* parsed, checked and stratified; keeps a copy of its texts */

typedef struct ReasonerText {
    const char *name; /* for messages: the file's name, "<rule>", ... */
    const char *text; /* UTF-8 */
    size_t length;
} ReasonerText;

typedef struct ReasonerParseOptions {
    const KgPrefix *prefixes; /* known besides the built-in ones, e.g. of kg_prefixes; a text may define them anew */
    size_t prefix_count;
    /* A program by itself, for reasoner_run_files: no predicate is a triple, a bare name is the IRI of that text, and
     * no prefix is built in. */
    bool for_files;
    const char *const *parameters; /* "name=term": values for `$name`, before what the texts define */
    size_t parameter_count;
    const ReasonerExternal *externals; /* borrowed until the program is freed */
    size_t external_count;
} ReasonerParseOptions;

/* Several texts make one program; @base and @prefix hold within their own text. NULL options: none.
 * Every fault goes to `sink` with place, excerpt and hint; BASE_BAD_INPUT when there was one, and *err is then the
 * first of them again (a caller who prints what the sink got need not print it). Warnings go to the sink only. On
 * success *out is the caller's, to end with reasoner_program_free; on failure *out is NULL. */
BaseStatus reasoner_parse(const ReasonerText *texts, size_t count, const ReasonerParseOptions *options,
                          const BaseSink *sink, ReasonerProgram **out, BaseError *err);
/* The same for files; "-" is standard input. BASE_NOT_FOUND, BASE_IO: the message names the file. */
BaseStatus reasoner_parse_files(const char *const *files, size_t count, const ReasonerParseOptions *options,
                                const BaseSink *sink, ReasonerProgram **out, BaseError *err);
void reasoner_program_free(ReasonerProgram *program); /* NULL is fine */

/* The files' texts, in *out with their names borrowed, to end with reasoner_free_texts, also after a failure. */
BaseStatus reasoner_read_texts(const char *const *files, size_t count, const BaseSink *sink, ReasonerText **out,
                               BaseError *err);
void reasoner_free_texts(ReasonerText *texts, size_t count); /* NULL is fine */

/* The texts of a run again (`joined` is KgRun.text), borrowing from it; names are copied into the arena. A string that
 * was not joined by a run is one text named `name`. */
BaseStatus reasoner_split_texts(const char *joined, const char *name, BaseArena *arena, ReasonerText **out,
                                size_t *count, BaseError *err);

/* True when the text ends a statement: its last token outside comments and strings is a `.`. For a shell that reads
 * line by line. */
bool reasoner_is_complete(const char *text, size_t length);

/* Rules and facts in textual order; `rule` of a KgNote counts in this order. Strings live as long as the program. */
size_t reasoner_rule_count(const ReasonerProgram *program);
const char *reasoner_rule_name(const ReasonerProgram *program, size_t rule);  /* #[name(..)], or "rule at FILE:LINE" */
const char *reasoner_rule_text(const ReasonerProgram *program, size_t rule);  /* as written, without attributes */
const char *reasoner_rule_place(const ReasonerProgram *program, size_t rule); /* "FILE:LINE" */
double reasoner_rule_weight(const ReasonerProgram *program, size_t rule);     /* #[weight(w)], @weight(w); NAN: none */

/* ---- Rule sets ----------------------------------------------------------------------------------------------- */

/* RDFS entailment (RDF 1.1 Semantics), and OWL 2 RL (OWL 2 Profiles, section 4.3). */
typedef enum ReasonerRuleset { REASONER_RDFS = 1, REASONER_OWL2_RL } ReasonerRuleset;
bool reasoner_find_ruleset(const char *name, ReasonerRuleset *out); /* "rdfs", "owl2-rl"; false: no such set */

/* The rules of the set made for the database: those of each axiom that is asserted or follows, for reasoner_run; with
 * the texts' own rules beside them, if any. They stand until axioms change or predicates come into use. `job`: what
 * follows may have to be derived to find all axioms. Else as reasoner_parse. */
BaseStatus reasoner_ruleset_program(KgTxn *txn, ReasonerRuleset set, const ReasonerText *texts, size_t count,
                                    const ReasonerParseOptions *options, const BaseSink *sink, BaseJob *job,
                                    ReasonerProgram **out, BaseError *err);

/* The texts of a run (reasoner_split_texts) for another one: a rule set among them is made anew. */
BaseStatus reasoner_parse_again(KgTxn *txn, const ReasonerText *texts, size_t count,
                                const ReasonerParseOptions *options, const BaseSink *sink, BaseJob *job,
                                ReasonerProgram **out, BaseError *err);

/* ---- Running ------------------------------------------------------------------------------------------------- */

/* Whether what is inferred is kept current: every transaction that changes what is asserted then updates it, in
 * processes that have called reasoner_keep on their store. Kept in the database. */
typedef enum ReasonerKeep { REASONER_KEEP_AS_IT_IS, REASONER_KEEP_CURRENT, REASONER_KEEP_NOT } ReasonerKeep;

typedef struct ReasonerRunOptions {
    const char *name;     /* of the run in the catalog; NULL: the names of the program's texts */
    const BaseSink *sink; /* violations of constraints; NULL: only the report has them */
    ReasonerKeep keep;
    double seconds_limit;     /* of the derivation; 0: none */
    uint64_t memory_limit;    /* bytes of facts and values; 0: half of the machine's memory */
    bool is_dry;              /* derive and report, but store nothing: a read transaction will do */
    const BaseSink *warnings; /* predicates that nothing gives; NULL: not wanted */
} ReasonerRunOptions;

typedef struct ReasonerPredicateReport {
    const char *name; /* as a TSV field would write it */
    uint32_t arity;
    bool is_stored;
    uint64_t given;   /* asserted facts */
    uint64_t derived; /* facts that the rules added */
} ReasonerPredicateReport;

typedef struct ReasonerRuleReport {
    const char *name, *place;
    uint64_t facts; /* new facts it was the first to give */
    /* Matches of the body met, a measure of the work: what is known without looking is not counted, and in a program
     * that computes one may be counted for each of its new premises. */
    uint64_t matches;
    uint64_t rows; /* rows looked at by its joins */
    double seconds;
} ReasonerRuleReport;

/* What a variable is in a match. */
typedef struct ReasonerBinding {
    const char *variable; /* "?x" */
    KgTerm term;
    KgId id; /* KG_ANY: no database, or one that does not know the term */
} ReasonerBinding;

/* A match of a constraint, a rule with the head #false. */
typedef struct ReasonerViolation {
    uint32_t rule;
    const char *text;                /* "RULE is violated: ?x = ann, ?y = bob" */
    const ReasonerBinding *bindings; /* the variables that its positive atoms and assignments bind */
    size_t binding_count;
    struct ReasonerProof *proof; /* `text`, from its premises down to what is given; NULL past the first hundred */
} ReasonerViolation;

typedef struct ReasonerReport {
    uint32_t run;                     /* catalog number; 0: nothing was stored */
    uint64_t facts_in;                /* asserted triples read */
    uint64_t derived;                 /* new facts, stored or not */
    uint64_t stored;                  /* triples put into KG_INFERRED; of a dry run: 0 */
    uint32_t strata, rounds, highest; /* highest: the largest height */
    /* Of reasoner_update: whether it was an update, or else why it was a full run; asserted facts that came or went;
     * inferred ones that were added, deleted, or got another height or rule; rows looked at for that. */
    bool is_update;
    const char *full_because;
    uint64_t changes, added, deleted, changed, looked_at;
    double wall_seconds, cpu_seconds, load_seconds, derive_seconds, store_seconds;
    ReasonerPredicateReport *predicates; /* those that rules derive, in order of their first use */
    size_t predicate_count;
    ReasonerRuleReport *rules; /* in the order of reasoner_rule_name */
    size_t rule_count;
    ReasonerViolation *violations; /* the first thousand, by rule */
    size_t violation_count;
    uint64_t violations_found;
    BaseArena memory; /* holds all of the above */
} ReasonerReport;
void reasoner_report_free(ReasonerReport *report); /* {0} again afterwards */

/* Replaces KG_INFERRED, within the write transaction, by all that follows from KG_ASSERTED; the run, with the program's
 * whole text, goes to the catalog. A fact that is asserted is not stored again. After a failure abort the transaction.
 * Violations of constraints are told and counted, and are no failure: what follows is stored all the same.
 * NULL options: defaults. `report` may be NULL, else start from {0} and end with reasoner_report_free.
 * BASE_CANCELLED: job->cancelled was set. BASE_LIMIT: a limit was passed; the message names rule and round. */
BaseStatus reasoner_run(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                        ReasonerReport *report, BaseJob *job, BaseError *err);

/* reasoner_run with the program of reasoner_ruleset_program, for less: where axioms have to be looked for among what
 * follows, that is derived once. Faults of the texts go to options->sink. */
BaseStatus reasoner_run_ruleset(KgTxn *txn, ReasonerRuleset set, const ReasonerText *texts, size_t count,
                                const ReasonerParseOptions *parse_options, const ReasonerRunOptions *options,
                                ReasonerReport *report, BaseJob *job, BaseError *err);

/* Brings KG_INFERRED up to what was asserted and deleted since the last run or update, and to the program, of which
 * rules may have been added or removed; NULL: the program of that run. The result is what reasoner_run gives, heights
 * and rules alike, under the number of the run that is updated. It takes time by what changes, not by what there is;
 * where much has changed, or the program has what cannot be maintained (aggregates, nulls, constraints, facts that are
 * not stored), it is a full run, and the report says why. BASE_BAD_CALL: program is NULL and nothing has run. */
BaseStatus reasoner_update(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                           ReasonerReport *report, BaseJob *job, BaseError *err);
/* Transactions of this store update what is inferred before they commit, where the database is set so. */
void reasoner_keep(KgStore *store);

/* ---- Why ----------------------------------------------------------------------------------------------------- */

typedef enum ReasonerProofKind {
    REASONER_ASSERTED, /* leaf; note.source is the import */
    REASONER_DERIVED,  /* by `rule_name` from the children, one per body literal in the rule's order */
    REASONER_NEGATED,  /* leaf: nothing matches a negated atom */
    REASONER_COMPARED, /* leaf: a comparison that holds, or an external predicate's answer */
    REASONER_MATCH,    /* below what an aggregate gives: one match that it folds, with children as of DERIVED */
    REASONER_SHARED,   /* leaf: proved elsewhere in this tree, at the node with the same `number` */
    /* Of reasoner_why_not only: */
    REASONER_MISSING,  /* does not hold; below it, where more is known: what would give it by `rule_name`, or, of what
                          is negated, the fact that fits it */
    REASONER_UNTESTED, /* leaf: a test about what only a missing premise would tell */
    REASONER_LOST,     /* leaf, in any proof: stored as derived, but its premises are no longer there; reason again */
} ReasonerProofKind;

typedef struct ReasonerProof ReasonerProof;
struct ReasonerProof {
    ReasonerProofKind kind;
    bool is_triple;
    KgTriple triple;  /* when is_triple; KG_ANY where a term is open or unknown to the database */
    const char *text; /* "dog.n.01 is_a canine.n.02", "not ...", "3 < 5", "p(a, b, c)"; open variables as ?x */
    const char *const
        *terms; /* of `text`: subject, predicate, object, or predicate and arguments; NULL: a comparison */
    uint32_t term_count;
    const char *rule_name, *rule_text, *rule_place; /* DERIVED, LOST; NULL: not known */
    uint32_t number; /* of this conclusion within the explanation, from 1; SHARED repeats it */
    uint32_t height;
    KgNote note;       /* ASSERTED, DERIVED, LOST: as stored, when it is stored */
    uint32_t left_out; /* of an aggregate: matches that are not shown */
    uint32_t missing;  /* reasoner_why_not: how many children are MISSING */
    ReasonerProof **children;
    size_t child_count;
};

typedef struct ReasonerExplanation {
    ReasonerProof **items; /* best first */
    size_t count;
    ReasonerProof **others; /* `forest`: more instances of conclusions in `items`, and of premises of these */
    size_t other_count;
    bool is_cut;      /* there are more than were asked for, or the search was bounded */
    BaseArena memory; /* holds all of the above */
} ReasonerExplanation;
void reasoner_explanation_free(ReasonerExplanation *explanation); /* NULL is fine; {0} again afterwards */

typedef struct ReasonerProveOptions {
    bool all;        /* every rule instance that gives the fact, each premise with its lowest proof */
    bool forest;     /* as `all`, and every rule instance of each conclusion on the way, in `others` */
    size_t limit;    /* how many instances of one conclusion at most; 0: 20 */
    bool with_trees; /* reasoner_why_not: premises that hold come with their proofs, not as single nodes */
} ReasonerProveOptions;

/* ---- Programs by themselves ----------------------------------------------------------------------------------- */

typedef struct ReasonerFilesOptions {
    const char *import_folder; /* relative resources of @import; NULL: the working directory */
    const char *export_folder; /* all resources of @export, made when missing; NULL: "results" */
    FILE *output;              /* of an @export with resource = ""; NULL: that is a fault */
    double seconds_limit;      /* of the derivation; 0: none */
    uint64_t memory_limit;     /* bytes of facts, indexes and values; 0: half of the machine's memory */
    const BaseSink *sink;      /* bad rows of imports (as warnings), and violations; NULL: not wanted */
    /* Facts to explain once all is derived and exported, "p(a, 1)" in the words of a rule without prefixes: `explained`
     * gets what reasoner_prove or, of one that does not hold, reasoner_why_not would say; borrowed for the call. */
    const char *const *facts;
    size_t fact_count;
    ReasonerProveOptions how;
    BaseStatus (*explained)(void *context, const char *fact, bool holds, const ReasonerExplanation *explanation,
                            BaseError *err);
    void *context;
} ReasonerFilesOptions;

/* Runs a program parsed with for_files: reads what the outputs need of its @imports, derives, writes its @exports, each
 * file whole or not at all. Records of the wrong width or with cells that their column refuses are left out, and told
 * with file, line and column. Each match of a constraint (head #false) is told too, and makes it BASE_BAD_INPUT with
 * the exports written. BASE_NOT_FOUND, BASE_IO: a file, named. BASE_CANCELLED: the job was cancelled. BASE_LIMIT: a
 * limit was passed; the message names rule and round. NULL options: defaults. `report` as of reasoner_run. */
BaseStatus reasoner_run_files(const ReasonerProgram *program, const ReasonerFilesOptions *options,
                              ReasonerReport *report, BaseJob *job, BaseError *err);

/* ---- Dropping, handing over ----------------------------------------------------------------------------------- */

/* Empties KG_INFERRED; *dropped counts the triples and may be NULL. */
BaseStatus reasoner_drop(KgTxn *txn, uint64_t *dropped, BaseError *err);

/* A derived fact as reasoner_derive hands it over; borrowed for the call. */
typedef struct ReasonerFact {
    KgText predicate; /* the whole IRI */
    const KgTerm *terms;
    size_t arity;
    bool is_triple;  /* terms[0..2] are then subject, predicate, object, and arity is 3 */
    KgTriple triple; /* ids; a term that the database does not know has KG_ANY */
    uint32_t rule, height;
} ReasonerFact;

/* Derives without storing (a read transaction will do) and hands over each new fact of the program's outputs. `take`
 * returns false to stop early. For audits, and for trying a rule in the shell. */
BaseStatus reasoner_derive(KgTxn *txn, const ReasonerProgram *program,
                           bool (*take)(void *context, const ReasonerFact *fact), void *context, ReasonerReport *report,
                           BaseJob *job, BaseError *err);

/* ---- Proofs ---------------------------------------------------------------------------------------------------- */

/* Why the fact holds: without `all` one item, a proof of least height; it is asserted, or derived through rules of its
 * run down to asserted facts. *out starts from {0}, to end with reasoner_explanation_free.
 * BASE_NOT_FOUND, with no message: it is neither asserted nor inferred. */
BaseStatus reasoner_prove(KgTxn *txn, KgTriple fact, const ReasonerProveOptions *options, ReasonerExplanation *out,
                          BaseError *err);

/* Why it does not hold: per rule of `program` (NULL: of the latest run) whose head fits, the instance that lacks the
 * least: a node as of kind DERIVED with `missing` > 0 (0: it would follow, reason again). A missing premise of which no
 * like is asserted is looked into in turn, a few rules deep. Nearest first: by the facts lacking in the end, then by
 * the rules on the way. The search is bounded; is_cut says where that told. No item: no rule has such a head.
 * BASE_NOT_FOUND, with no message: program is NULL and nothing has run. */
BaseStatus reasoner_why_not(KgTxn *txn, const ReasonerProgram *program, KgTriple fact,
                            const ReasonerProveOptions *options, ReasonerExplanation *out, BaseError *err);

/* The same for many facts in one transaction: each program is parsed, and run in memory where that is needed, once.
 * Open one, ask, close before the transaction ends or writes. */
typedef struct ReasonerProver ReasonerProver;
BaseStatus reasoner_prover_open(KgTxn *txn, ReasonerProver **out, BaseError *err);
void reasoner_prover_close(ReasonerProver *prover); /* NULL is fine; explanations outlive it */
/* External predicates that the programs of runs ask, borrowed; before the first question. Without them a fact that
 * rests on one is REASONER_LOST. */
void reasoner_prover_know(ReasonerProver *prover, const ReasonerExternal *externals, size_t count);
BaseStatus reasoner_prover_ask(ReasonerProver *prover, KgTriple fact, const ReasonerProveOptions *options,
                               ReasonerExplanation *out, BaseError *err);
BaseStatus reasoner_prover_ask_why_not(ReasonerProver *prover, KgTriple fact, const ReasonerProveOptions *options,
                                       ReasonerExplanation *out, BaseError *err); /* of the latest run's program */

/* The proof as an indented tree of lines, for people. BASE_IO: it could not be written. */
BaseStatus reasoner_print_proof(FILE *out, const ReasonerProof *proof, BaseError *err);

#endif
