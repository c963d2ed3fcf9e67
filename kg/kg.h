/* kg.h - a durable set of triples, its term dictionary, the catalog beside it, and SPARQL over both.
 * Start with kg_open, kg_read_begin, kg_scan_open / kg_scan_next, kg_abort.
 * Threads may share a KgStore; a KgTxn stays on the thread that began it. Many readers, one writer; keep reads short. A
 * child of fork() opens the database anew: what its parent opened it neither uses nor closes.
 *
 * A database is a folder: `data.mdb` and `lock.mdb` (LMDB: terms and triples), `data.sum` (a checksum of every page of
 * data.mdb), `catalog.db` (SQLite: prefixes, imports, rule sets, runs, models, metrics) and `models/`; `labels.db`
 * (SQLite: words of labels) appears when labels are first searched, and may be deleted at any time. LMDB is the one
 * point of commit: what a transaction says to the catalog is kept in LMDB until SQLite has it too (a redo log), so that
 * neither is ever ahead of the other. The files in full, and why they are so: docs/store.md. */
#ifndef KGQ_KG_KG_H
#define KGQ_KG_KG_H

#include "base/base.h"

/* ---- Terms -------------------------------------------------------------------------------------------------- */

/* A term: a tag in the top 8 bits and a number below it. Tags 1 to 3 are the kinds of terms that the dictionary keeps;
 * their numbers are dense within the kind (0, 1, 2, ...), so that an IRI's number can be an embedding row. Tags from
 * KG_INLINE_TAGS on are literals that the id itself holds (kg/inline.h): numbers, dates, short strings. Ids are stable
 * for the life of the database. */
typedef uint64_t KgId;
#define KG_ANY ((KgId)0) /* wildcard in a pattern; never names a term */

#define KG_INLINE_TAGS 0x10u /* .. 0x7f; ids from 0x80 on are nobody's, and free for a caller's own use */

typedef enum KgKind { KG_IRI = 1, KG_BLANK = 2, KG_LITERAL = 3 } KgKind;
static inline unsigned kg_tag(KgId id)
{
    return (unsigned)(id >> 56);
}
static inline KgKind kg_kind(KgId id)
{
    const unsigned tag = kg_tag(id);
    return tag >= KG_INLINE_TAGS && tag < 0x80 ? KG_LITERAL : (KgKind)tag;
}
static inline uint64_t kg_number(KgId id)
{
    return id & 0x00ffffffffffffffu;
}
static inline KgId kg_id(KgKind kind, uint64_t number)
{
    return (KgId)kind << 56 | number;
}

typedef struct KgText {
    const char *bytes;
    size_t length; /* UTF-8, no closing NUL */
} KgText;
#define KG_TEXT(literal) ((KgText){(literal), sizeof(literal) - 1})

/* What a term says. `text`: the whole IRI, a blank node's label, or a literal's lexical form. Literals: `datatype` is
 * the IRI, empty for xsd:string and for language-tagged strings; `language` is the tag in lower case, or empty. */
typedef struct KgTerm {
    KgKind kind;
    KgText text, datatype, language;
} KgTerm;

/* Names: a plain name `dog.n.01` is the IRI `kg:dog.n.01`, with the characters that IRIs forbid (and `%`)
 * percent-encoded. The syntax of one term as a TSV field, in `explain` and `predict`:
 *     plain   <iri>   _:label   "literal"   "literal"@en   "literal"^^<datatype>   "literal"^^xsd:date
 * (escapes: \t \n \r \" \\ \u \U) */
#define KG_NAME_SCHEME "kg:"

/* Parses one whole field. The term borrows from `text` or from `arena`. A fault's column is relative to the field,
 * from 1; `source` and `line` are the caller's to fill in. */
BaseStatus kg_parse_term(KgText text, BaseArena *arena, KgTerm *out, BaseError *err);

typedef enum KgSyntax {
    KG_SYNTAX_NAME,     /* as a TSV field: plain where that reads back as the same term */
    KG_SYNTAX_NTRIPLES, /* <kg:dog.n.01> */
    KG_SYNTAX_PLAIN,    /* for people: names plain, literals as their bare text */
} KgSyntax;
bool kg_format_term(const KgTerm *term, KgSyntax syntax, BaseBuffer *out); /* appends; false: no memory */

/* ---- Store and transactions --------------------------------------------------------------------------------- */

typedef struct KgStore KgStore;
typedef struct KgTxn KgTxn;
typedef struct KgOptions {
    bool read_only; /* no file of the database is written */
    bool create;    /* make the folder and the database where there is none */
} KgOptions;

/* Opens the database in folder `path`. NULL options: read and write, existing only.
 * On success *out is the caller's, to end with kg_close; on failure *out is NULL.
 * BASE_NOT_FOUND: nothing there and not create. BASE_BAD_INPUT: it is not a kgq database, or of another format
 * version, or a page that lookups go through is damaged. BASE_IO: the message names the file. BASE_BAD_CALL: open in
 * this process already (LMDB allows it once). */
BaseStatus kg_open(const char *path, const KgOptions *options, KgStore **out, BaseError *err);
void kg_close(KgStore *store); /* NULL is fine; end transactions first */
const char *kg_path(const KgStore *store);

BaseStatus kg_read_begin(KgStore *store, KgTxn **out, BaseError *err);
/* Waits for the writer, of whatever thread or process; BASE_BAD_CALL when that is this very thread. BASE_IO, among
 * others: the database's file is no longer the one that kg_open found. */
BaseStatus kg_write_begin(KgStore *store, KgTxn **out, BaseError *err);
/* Durable when it returns BASE_OK. The txn is gone afterwards, whatever is returned. BASE_BAD_CALL, and nothing is
 * committed, after a write of the transaction that failed half way (no memory, disk full, cancelled). */
BaseStatus kg_commit(KgTxn *txn, BaseError *err);
void kg_abort(KgTxn *txn); /* ends a read, or drops all that a write did; NULL is fine */
KgStore *kg_store(KgTxn *txn);

/* The term's id, made when it is new (kg_intern, write transactions) or BASE_NOT_FOUND (kg_find; err untouched). A
 * literal that its id holds is always found. */
BaseStatus kg_intern(KgTxn *txn, const KgTerm *term, KgId *out, BaseError *err);
BaseStatus kg_find(KgTxn *txn, const KgTerm *term, KgId *out, BaseError *err);
/* What the id says; its texts are copied into the arena. BASE_BAD_INPUT: the database is damaged there. */
BaseStatus kg_term(KgTxn *txn, KgId id, BaseArena *arena, KgTerm *out, BaseError *err);
/* The term of `id` appended in `syntax`. */
BaseStatus kg_write_term(KgTxn *txn, KgId id, KgSyntax syntax, BaseBuffer *out, BaseError *err);
/* The id of a field in the syntax of kg_parse_term ("dog.n.01", "<http://…>", "\"text\"@en"). BASE_NOT_FOUND with a
 * message that names it, and near names where there are some. */
BaseStatus kg_find_name(KgTxn *txn, const char *field, KgId *out, BaseError *err);
uint64_t kg_term_count(KgTxn *txn, KgKind kind); /* in the dictionary: numbers in use are 0 .. count-1 */

/* ---- Triples ------------------------------------------------------------------------------------------------ */

typedef struct KgTriple {
    KgId s, p, o;
} KgTriple;

/* Four sets kept apart, in every graph. A triple may be in several. */
typedef enum KgLayer {
    KG_ASSERTED,  /* imported or entered: note.source = import */
    KG_INFERRED,  /* derived by rules: note.source = run, note.rule, note.height */
    KG_PREDICTED, /* by an embedding: note.source = model, note.score = probability */
    KG_OBSERVED,  /* seen by a classifier or linker: note.source = evidence, note.score = confidence */
    KG_LAYERS
} KgLayer;
#define KG_IN(layer) (1u << (layer))
#define KG_FACTS (KG_IN(KG_ASSERTED) | KG_IN(KG_INFERRED)) /* what a query sees unless it asks for more */
#define KG_ALL_LAYERS ((1u << KG_LAYERS) - 1)

/* Where a triple comes from, per layer (see KgLayer). Unused fields are 0. */
typedef struct KgNote {
    uint32_t source; /* a catalog number: import, run, model or evidence */
    uint32_t rule;   /* which rule of the run's program first gave it, from 0 */
    uint32_t height; /* of its lowest proof: 1 + the highest premise; asserted facts are 0 */
    float score;
} KgNote;

typedef struct KgRecord {
    KgTriple triple;
    KgNote note;
} KgRecord;

/* Adding what is already there succeeds with *added = false and keeps the first note. `added` may be NULL.
 * BASE_BAD_CALL: an id that is no term of the database. That subjects are no literals is the caller's care. */
BaseStatus kg_add(KgTxn *txn, KgLayer layer, const KgRecord *record, bool *added, BaseError *err);
BaseStatus kg_delete(KgTxn *txn, KgLayer layer, KgTriple triple, bool *deleted, BaseError *err);
/* Adds many at once: sorts them (in place; the order afterwards is unspecified) and merges each index in one pass.
 * *added counts the new ones; of equal triples the first given stays. */
BaseStatus kg_add_many(KgTxn *txn, KgLayer layer, KgRecord *records, size_t count, size_t *added, BaseJob *job,
                       BaseError *err);
/* Deletes many at once; what is in `triples` afterwards is unspecified. *deleted counts those that were there. */
BaseStatus kg_delete_many(KgTxn *txn, KgLayer layer, KgTriple *triples, size_t count, size_t *deleted, BaseJob *job,
                          BaseError *err);
/* Triples by columns, all with one note. What the rows have in common is in `same`; of the other places (KG_ANY there),
 * row i has the term terms[columns[c][i * stride]] of the call. */
typedef struct KgColumns {
    KgId same[3]; /* subject, predicate, object */
    const uint32_t *columns[3];
    size_t stride, count;
    KgNote note;
} KgColumns;
/* Adds the rows of all parts; the quickest way into a layer that is empty. Rows that are no triples of RDF, as their
 * subject is a literal, their predicate no IRI or a term KG_ANY, are left out; of equal triples the first given stays.
 */
BaseStatus kg_add_columns(KgTxn *txn, KgLayer layer, const KgId *terms, size_t term_count, const KgColumns *parts,
                          size_t part_count, size_t *added, BaseJob *job, BaseError *err);
BaseStatus kg_clear_layer(KgTxn *txn, KgLayer layer, BaseError *err);
typedef struct KgChange {
    KgRecord record;
    bool is_gone; /* else it comes, or gets this note */
    /* Whether the layer has the triple, for a caller who knows; else it is looked up. */
    enum { KG_PRESENCE_UNKNOWN, KG_IS_THERE, KG_IS_NOT_THERE } presence;
} KgChange;
/* Adds, deletes and notes anew, many at once, each triple named once. */
BaseStatus kg_change_many(KgTxn *txn, KgLayer layer, const KgChange *changes, size_t count, BaseJob *job,
                          BaseError *err);

/* BASE_NOT_FOUND, with no message, when it is not in that layer. `note` may be NULL. */
BaseStatus kg_get(KgTxn *txn, KgLayer layer, KgTriple triple, KgNote *note, BaseError *err);
BaseStatus kg_holds(KgTxn *txn, unsigned layers, KgTriple triple, bool *out, BaseError *err);
/* Exact number of matches, without a scan; only where a triple is in several of the layers is the range read. */
BaseStatus kg_count(KgTxn *txn, unsigned layers, KgTriple pattern, uint64_t *out, BaseError *err);

/* Matches of a pattern (KG_ANY = any) in the union of `layers` (KG_IN bits), each triple once, sorted by the ids of the
 * unbound places in the order that `order` names (or, KG_ORDER_BEST, in that of the index that suits the pattern).
 * Several scans may be open in a transaction; one that is does not survive a write in it. */
typedef enum KgOrder { KG_ORDER_BEST, KG_ORDER_SPO, KG_ORDER_POS, KG_ORDER_OSP, KG_ORDER_PSO } KgOrder;
typedef struct KgScan KgScan;
BaseStatus kg_scan_open(KgTxn *txn, unsigned layers, KgTriple pattern, KgOrder order, KgScan **out, BaseError *err);
BaseStatus kg_scan_next(KgScan *scan, KgTriple *out, BaseError *err); /* BASE_END after the last */
/* Up to `capacity` triples at once, the fastest way through a range: *count is at least 1, or BASE_END. The layers of
 * single triples are not told by kg_scan_layer then. */
BaseStatus kg_scan_many(KgScan *scan, KgTriple *out, size_t capacity, size_t *count, BaseError *err);
/* For the triple just returned: its first layer, and all of the scan's layers it is in (KG_IN bits). */
KgLayer kg_scan_layer(const KgScan *scan);
unsigned kg_scan_layers(const KgScan *scan);
void kg_scan_close(KgScan *scan); /* NULL is fine; before the transaction ends */

/* Looks up one pattern after the other in one layer of the default graph; quickest where they ascend in the order that
 * suits them. It does not survive a write in the transaction. Bound places must be a prefix of some order, as every
 * choice of them is. */
typedef struct KgFinder KgFinder;
BaseStatus kg_finder_open(KgTxn *txn, KgLayer layer, KgFinder **out, BaseError *err);
BaseStatus kg_finder_seek(KgFinder *finder, KgTriple pattern, BaseError *err);
/* The next match; `note` may be NULL. BASE_END after the last. */
BaseStatus kg_finder_next(KgFinder *finder, KgTriple *out, KgNote *note, BaseError *err);
/* One triple. BASE_NOT_FOUND, with no message: it is not in that layer. */
BaseStatus kg_finder_get(KgFinder *finder, KgTriple triple, KgNote *note, BaseError *err);
void kg_finder_close(KgFinder *finder); /* NULL is fine */

/* ---- Tracking ------------------------------------------------------------------------------------------------ */

/* What came to the asserted layer of the default graph, and what went, since a moment, for those who keep something up
 * to it. It is part of each transaction that changes facts. Given up (is_lost) when more than an eighth of the facts
 * changed, or someone else changes what is inferred; kg_track begins anew. */
typedef struct KgTracking {
    bool is_on, is_lost;
    uint32_t run, flags; /* whoever tracks says so */
    KgText text;         /* and so; borrowed until the next write in the transaction, or its end */
    uint64_t changes;
} KgTracking;
BaseStatus kg_track(KgTxn *txn, const KgTracking *wanted, BaseError *err); /* run, flags and text; forgets changes */
BaseStatus kg_track_stop(KgTxn *txn, BaseError *err);
BaseStatus kg_tracking(KgTxn *txn, KgTracking *out, BaseError *err);
typedef struct KgChanged {
    KgTriple triple;
    bool was_there; /* it went; else it came */
} KgChanged;
/* In the order of ids; *out is the caller's to free(). */
BaseStatus kg_tracked(KgTxn *txn, KgChanged **out, size_t *count, BaseError *err);

/* A call within kg_commit of transactions with tracked changes, before it settles anything: it may write. What it
 * returns, if not BASE_OK, is what kg_commit returns, with nothing committed. NULL: none any more. */
typedef BaseStatus KgBeforeCommit(void *context, KgTxn *txn, BaseError *err);
void kg_before_commit(KgStore *store, KgBeforeCommit *call, void *context);

/* ---- Named graphs -------------------------------------------------------------------------------------------- */

/* The calls above speak of the default graph; these of the graph named by an IRI or blank node, KG_ANY being the
 * default graph. A graph exists while it has triples. BASE_BAD_CALL: a name that is a literal or no term. */
BaseStatus kg_add_in(KgTxn *txn, KgId graph, KgLayer layer, const KgRecord *record, bool *added, BaseError *err);
BaseStatus kg_delete_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple triple, bool *deleted, BaseError *err);
BaseStatus kg_add_many_in(KgTxn *txn, KgId graph, KgLayer layer, KgRecord *records, size_t count, size_t *added,
                          BaseJob *job, BaseError *err);
BaseStatus kg_delete_many_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple *triples, size_t count, size_t *deleted,
                             BaseJob *job, BaseError *err);
BaseStatus kg_clear_layer_in(KgTxn *txn, KgId graph, KgLayer layer, BaseError *err);
BaseStatus kg_get_in(KgTxn *txn, KgId graph, KgLayer layer, KgTriple triple, KgNote *note, BaseError *err);
BaseStatus kg_holds_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple triple, bool *out, BaseError *err);
BaseStatus kg_count_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple pattern, uint64_t *out, BaseError *err);
BaseStatus kg_scan_open_in(KgTxn *txn, KgId graph, unsigned layers, KgTriple pattern, KgOrder order, KgScan **out,
                           BaseError *err);
/* The named graphs that have triples, by id; *out is the caller's to free(). */
BaseStatus kg_graphs(KgTxn *txn, KgId **out, size_t *count, BaseError *err);

/* ---- Reading and writing files ------------------------------------------------------------------------------- */

typedef enum KgFormat {
    KG_FORMAT_AUTO, /* by file name */
    KG_TSV,
    KG_CSV,
    KG_NTRIPLES,
    KG_TURTLE,
    KG_NQUADS,
    KG_TRIG,
} KgFormat;

typedef struct KgImportOptions {
    KgFormat format;
    const char *columns;       /* which fields are head, relation, tail: "h,r,t" when NULL; "-" skips one */
    bool object_literal;       /* --object literal: the tail field is plain text, taken as it stands */
    const char *type_relation; /* the plain name that means rdf:type; NULL: none */
    uint64_t max_errors;       /* more bad lines than this: nothing at all is imported */
    const char *rejects;       /* file that gets the bad lines as they are, not an input itself; NULL: none */
    const char *graph;         /* a field as kg_parse_term has it: triples go there, not to the default graph; NULL */
    uint64_t memory; /* bytes to use at most, beyond which sorted runs go to disk; 0: a third of the machine's */
} KgImportOptions;

typedef struct KgImportReport {
    uint32_t import; /* catalog number of the last file */
    uint64_t lines, triples, added, rejected;
    double seconds;
} KgImportReport;

/* Imports the files ("-": stdin) as one transaction: all, or nothing. Every bad line goes to `sink` with file, line and
 * column (the first thousand). BASE_BAD_INPUT: more than max_errors of them, or a fault in Turtle, which leaves the
 * rest without meaning. A database that kg_open made for this import is removed by kg_close when the import fails. A
 * blank node's label names a node of the database in TSV and CSV, and one of that file alone in RDF formats. */
BaseStatus kg_import(KgStore *store, const char *const *files, size_t file_count, const KgImportOptions *options,
                     KgImportReport *report, const BaseSink *sink, BaseJob *job, BaseError *err);

/* The same for one file in a transaction that the caller commits, or not. */
BaseStatus kg_import_into(KgTxn *txn, const char *file, const KgImportOptions *options, KgImportReport *report,
                          const BaseSink *sink, BaseJob *job, BaseError *err);

/* Writes the layers (KG_IN bits) in the order of subject, predicate and object ids; each triple once. N-Quads and TriG
 * hold the default graph and then all named ones, by their ids; other formats hold the default graph alone. */
BaseStatus kg_export(KgTxn *txn, unsigned layers, KgFormat format, FILE *out, uint64_t *written, BaseJob *job,
                     BaseError *err);
/* The same of one graph, in any format. */
BaseStatus kg_export_in(KgTxn *txn, KgId graph, unsigned layers, KgFormat format, FILE *out, uint64_t *written,
                        BaseJob *job, BaseError *err);

/* ---- Care ---------------------------------------------------------------------------------------------------- */

/* Verifies every page of data.mdb against its checksum, every order against every other, the dictionary both ways,
 * counts, catalog, and the statistics and labels' index where they claim to be current. Each fault goes to `sink`;
 * BASE_BAD_INPUT when there was one. */
BaseStatus kg_check(KgTxn *txn, uint64_t *faults, const BaseSink *sink, BaseJob *job, BaseError *err);

/* A copy of the database, as of one commit, in the folder `destination`, which must not exist or be empty. Readers and
 * writers, this process's and others', go on meanwhile. On failure nothing of it is left. */
BaseStatus kg_backup(KgStore *store, const char *destination, BaseError *err);
/* Writes data.mdb anew without the pages that nothing uses any more; *before and *after are its bytes (either may be
 * NULL). The database must be open nowhere: BASE_BAD_CALL when it is. */
BaseStatus kg_compact(const char *path, uint64_t *before, uint64_t *after, BaseError *err);

typedef struct KgPredicateCount {
    KgId predicate;
    uint64_t asserted, inferred, predicted, observed;
} KgPredicateCount;
/* Counts per predicate, most first; *out is the caller's to free(). */
BaseStatus kg_predicate_counts(KgTxn *txn, KgPredicateCount **out, size_t *count, BaseError *err);

/* Statistics of the facts (asserted or inferred) of the default graph, as a planner of queries wants them. They are
 * taken at the end of a bulk change, in its transaction: kg_import, kg_add_many and kg_clear_layer, when these changed
 * an eighth of the facts or there are fewer than 100,000, and kg_compact. Smaller changes leave them as they are. */
typedef struct KgPredicateStatistics {
    KgId predicate;
    uint64_t triples, subjects, objects; /* the latter distinct */
} KgPredicateStatistics;
typedef struct KgStatistics {
    bool is_current; /* no fact came or went since */
    uint64_t triples, subject_count, predicate_count;
    uint64_t set_count;          /* distinct characteristic sets; where there are too many to tell apart (about a
                                    million), those that were */
    KgPredicateStatistics *rows; /* most triples first; no more than 10,000 */
    size_t row_count;
} KgStatistics;
/* What the statistics say; all 0 when none were taken yet. Rows are the arena's. In a write transaction: as of the last
 * commit. */
BaseStatus kg_statistics(KgTxn *txn, BaseArena *arena, KgStatistics *out, BaseError *err);

/* The subjects that have exactly these predicates, and how many triples with each. */
typedef struct KgCharacteristicSet {
    uint64_t subjects;
    size_t predicate_count;
    const KgId *predicates; /* ascending */
    const uint64_t *triples;
} KgCharacteristicSet;
typedef struct KgCharacteristicSets {
    bool is_current;
    KgCharacteristicSet *sets; /* most subjects first; no more than 10,000, of 200,000 predicates in all */
    size_t count;
    uint64_t other_subjects, other_triples; /* of the sets that are not kept */
} KgCharacteristicSets;
BaseStatus kg_characteristic_sets(KgTxn *txn, BaseArena *arena, KgCharacteristicSets *out, BaseError *err);
/* Takes them anew, of what the write transaction sees. Two passes over the facts. */
BaseStatus kg_refresh_statistics(KgTxn *txn, BaseJob *job, BaseError *err);

/* ---- Labels -------------------------------------------------------------------------------------------------- */

/* The predicates of the database that give entities their names: those whose IRI ends, behind its last '#', '/' or ':',
 * in label, prefLabel, name, lemma, title, alias, synonym or altLabel (rdfs:, skos:, foaf:, schema:, dc:, plain names).
 * Best first, in that order; the array is the arena's. */
typedef struct KgLabelPredicate {
    KgId predicate;
    double fit; /* (0, 1]: how much such a label says; 1 for label */
} KgLabelPredicate;
BaseStatus kg_label_predicates(KgTxn *txn, BaseArena *arena, KgLabelPredicate **out, size_t *count, BaseError *err);

typedef struct KgLabelOptions {
    size_t limit;     /* hits at most; 0: 20 */
    bool whole_words; /* else the last word may be the beginning of one */
    unsigned layers;  /* of the labels, within KG_FACTS; 0: KG_FACTS */
    BaseJob *job;     /* progress and cancellation while the index is made; may be NULL */
} KgLabelOptions;
typedef struct KgLabelHit {
    KgId entity, predicate, object; /* the triple that says so */
    const char *label;              /* the object's text */
    double score;                   /* BM25, higher is nearer; says nothing across searches */
} KgLabelHit;
/* Entities of the default graph with a label that has all words of `text` (the first 32; no syntax in it has a
 * meaning), without regard to case and marks, best first, each once by its best label. Labels are literals and plain
 * names. `out` is the arena's. The index behind it is made by the first search and brought up by the first one after a
 * change of facts, in a time that grows with the number of labels; where the folder cannot be written, in memory, for
 * as long as the store is open. In a write transaction: as of the last commit. */
BaseStatus kg_search_labels(KgTxn *txn, KgText text, const KgLabelOptions *options, BaseArena *arena, KgLabelHit **out,
                            size_t *count, BaseError *err);

/* ---- Catalog ------------------------------------------------------------------------------------------------- */
/* Writes belong to the transaction and appear when it commits. Reads see what was last committed. Strings read are
 * copied into the arena the caller gives. Times are seconds since 1970, UTC. */

typedef struct KgPrefix {
    const char *prefix, *iri; /* "rdfs", "http://…#"; the empty prefix is "" */
} KgPrefix;
/* The database's own and the known ones (kg: and : , kgq rdf rdfs owl xsd sh). */
BaseStatus kg_prefixes(KgTxn *txn, BaseArena *arena, KgPrefix **out, size_t *count, BaseError *err);
BaseStatus kg_put_prefix(KgTxn *txn, const char *prefix, const char *iri, BaseError *err);
/* What prefixes usually stand for, for suggestions: rdf, skos, foaf, ... Closed by one without a prefix. */
extern const KgPrefix kg_vocabularies[];

typedef struct KgImport {
    uint32_t id;
    const char *source, *format;
    int64_t time;
    uint64_t lines, triples, added, rejected;
    double seconds;
    uint64_t bytes;    /* of the file, as it lay there, packed or not */
    int64_t modified;  /* the file's time; 0: it has none, as standard input */
    const char *graph; /* where the triples went, as KgImportOptions has it; empty: the default graph */
} KgImport;
BaseStatus kg_imports(KgTxn *txn, BaseArena *arena, KgImport **out, size_t *count, BaseError *err);
BaseStatus kg_find_import(KgTxn *txn, uint32_t id, BaseArena *arena, KgImport *out, BaseError *err);

/* An inference run, a training, a linking: what was done, when, with which text (the rule program, the configuration).
 * `details` is a JSON object of figures. */
typedef struct KgRun {
    uint32_t id;
    const char *kind; /* "reason", "train", "link" */
    const char *name; /* rule files, model name, ... */
    const char *text;
    const char *details;
    int64_t time;
    double seconds;
} KgRun;
BaseStatus kg_put_run(KgTxn *txn, const KgRun *run, uint32_t *id, BaseError *err); /* run->id, run->time are ignored */
BaseStatus kg_replace_run(KgTxn *txn, const KgRun *run, BaseError *err); /* the one with run->id, its time too */
BaseStatus kg_find_run(KgTxn *txn, uint32_t id, BaseArena *arena, KgRun *out, BaseError *err);
BaseStatus kg_runs(KgTxn *txn, const char *kind, BaseArena *arena, KgRun **out, size_t *count, BaseError *err);

/* A trained model of this database; its weights are the file `models/FILE` in the database's folder. */
typedef struct KgModel {
    uint32_t id;
    const char *name; /* unique; putting a name again replaces its row and keeps the id */
    const char *kind; /* "transe", ... */
    const char *file;
    const char *config;  /* JSON */
    const char *metrics; /* JSON */
    int64_t time;
} KgModel;
BaseStatus kg_put_model(KgTxn *txn, const KgModel *model, uint32_t *id, BaseError *err);
BaseStatus kg_find_model(KgTxn *txn, const char *name, BaseArena *arena, KgModel *out, BaseError *err);
BaseStatus kg_find_model_id(KgTxn *txn, uint32_t id, BaseArena *arena, KgModel *out, BaseError *err);
BaseStatus kg_models(KgTxn *txn, BaseArena *arena, KgModel **out, size_t *count, BaseError *err);

/* Evidence behind an observed triple: what was read (file, text), by which model, what it said. */
typedef struct KgEvidence {
    uint32_t id;
    const char *mention; /* the words, or the picture's name */
    const char *source;  /* file or "--text" */
    const char *method;  /* "label", "classifier digits.kgc", ... */
    double score;
    int64_t time;
} KgEvidence;
BaseStatus kg_put_evidence(KgTxn *txn, const KgEvidence *evidence, uint32_t *id, BaseError *err);
BaseStatus kg_find_evidence(KgTxn *txn, uint32_t id, BaseArena *arena, KgEvidence *out, BaseError *err);

/* ---- SPARQL -------------------------------------------------------------------------------------------------- */

/* What SERVICE asks an endpoint: a query that stands by itself. */
typedef struct KgServiceRequest {
    const char *endpoint; /* its IRI */
    const char *query;
    size_t length;
    double seconds; /* to wait for the whole answer */
    uint64_t bytes; /* that it may have */
    BaseJob *job;   /* cancellation; may be NULL */
} KgServiceRequest;
/* Appends SPARQL 1.1 results in JSON to `answer`. Called on the thread that runs the query. */
typedef BaseStatus KgServiceCall(void *context, const KgServiceRequest *request, BaseBuffer *answer, BaseError *err);
/* By SPARQL 1.1 Protocol over HTTP or HTTPS: POST, at most 5 redirections, no cookies, no credentials but those in the
 * IRI; proxies are taken from the environment. `context` is not looked at. */
KgServiceCall kg_service_http;
typedef struct KgServices {
    KgServiceCall *call; /* NULL: kg_service_http */
    void *context;
    double seconds; /* for one request; 0: 60 */
    uint64_t bytes; /* of one answer; 0: 64 MiB */
    size_t rows;    /* of bindings that go along with one request; 0: 100 */
} KgServices;

/* What a program adds to SPARQL, by IRI: functions, called in expressions as <iri>(?a, ?b), and property functions,
 * which stand where a predicate does. A registry is filled once and then given to queries by their options; it must
 * outlive them and not change while one is open. Queries of several threads may share it: callbacks run on the thread
 * of their query, several at a time, and what `context` points to is theirs to guard. */
typedef struct KgExtensions KgExtensions;

/* The query that calls, as a callback sees it. */
typedef struct KgCall KgCall;
KgTxn *kg_call_txn(const KgCall *call);
BaseJob *kg_call_job(const KgCall *call); /* for calls that take long; may be NULL */
/* For what is returned: until the value of a function has been taken, until the end of a property function's cursor. */
BaseArena *kg_call_arena(KgCall *call);
/* Ids are those of the database or, for terms that it lacks, the query's own (kg_tag of 0x80 or more), which only these
 * calls take. Equal ids mean the same term. */
BaseStatus kg_call_term(KgCall *call, KgId id, KgTerm *out, BaseError *err);
BaseStatus kg_call_intern(KgCall *call, const KgTerm *term, KgId *out, BaseError *err);
/* The id of a function's argument, counted from 0. */
BaseStatus kg_call_argument(KgCall *call, size_t number, KgId *out, BaseError *err);

#define KG_ANY_COUNT UINT8_MAX
typedef struct KgFunction {
    const char *iri;
    uint8_t least, most; /* arguments; most KG_ANY_COUNT: no bound */
    bool is_volatile;    /* gives something else each time, as RAND() does */
    void *context;
    void (*release)(void *context); /* by kg_extensions_free; may be NULL */
    /* Called with the values of all arguments, which are borrowed. What *out says may lie in them, in the call's arena,
     * or be there for good. BASE_NOT_FOUND, err untouched: there is no value, a type error (what is assigned stays
     * unbound, a filter is false). Whatever else is not BASE_OK ends the query. */
    BaseStatus (*call)(void *context, KgCall *call, const KgTerm *arguments, size_t count, KgTerm *out, BaseError *err);
} KgFunction;

/* `?s <iri> ?o`, `(?a ?b) <iri> (?c ?d)`: a relation between its arguments, first those before the IRI, then those
 * behind it. For each row there is a cursor, which gives rows of values. */
#define KG_MOST_ARGUMENTS 32
typedef struct KgPropertyFunction {
    const char *iri;
    /* How many arguments: one stands by itself or as a list, several as a list. */
    uint8_t least_subjects, most_subjects, least_objects, most_objects;
    bool leaves_unbound; /* a row may leave an argument without a value */
    void *context;
    void (*release)(void *context);
    /* For the planner: how many rows a cursor gives when the arguments whose bits are set in `bound` (the first is bit
     * 0) have values; INFINITY: it cannot be opened then. NULL: 1. */
    double (*expect)(void *context, KgTxn *txn, uint32_t bound, size_t subjects, size_t objects);
    /* `arguments`: ids, KG_ANY where there is no value yet. BASE_END: no rows, and no cursor. BASE_BAD_CALL with a
     * message: it needs more values than that. */
    BaseStatus (*open)(void *context, KgCall *call, const KgId *arguments, size_t subjects, size_t objects,
                       void **cursor, BaseError *err);
    /* Fills a value for each argument; rows that differ from the values given are passed over. BASE_END: no more. */
    BaseStatus (*next)(void *cursor, KgCall *call, KgId *row, BaseError *err);
    void (*close)(void *cursor);
} KgPropertyFunction;

KgExtensions *kg_extensions_new(void); /* NULL: no memory */
void kg_extensions_free(KgExtensions *extensions);
/* Copies the description. BASE_BAD_CALL: something is missing in it, or the IRI is taken; release is not called then.
 */
BaseStatus kg_add_function(KgExtensions *extensions, const KgFunction *function, BaseError *err);
BaseStatus kg_add_property_function(KgExtensions *extensions, const KgPropertyFunction *function, BaseError *err);

/* The names of kgq's own functions and of the layers (docs/sparql.md); the prefix kgq: is known. */
#define KG_VOCABULARY "https://kgq.dev/ns#"

/* A dataset (SPARQL 1.1, section 13) by the IRIs of graphs: merged to the default one, and those that GRAPH may name.
 */
typedef struct KgDataset {
    const char *const *graphs, *const *named;
    size_t graph_count, named_count;
} KgDataset;

typedef enum KgQueryForm { KG_SELECT, KG_ASK, KG_CONSTRUCT, KG_DESCRIBE } KgQueryForm;
typedef enum KgExplain {
    KG_EXPLAIN_NONE,
    KG_EXPLAIN_PLAN,    /* kg_query_explain shows the plan with its estimates */
    KG_EXPLAIN_PROFILE, /* operators count their rows and time too, which takes a little of it */
} KgExplain;
typedef struct KgQueryOptions {
    unsigned layers;          /* 0: KG_FACTS */
    const char *name;         /* for messages; NULL: "<query>" */
    BaseJob *job;             /* cancellation; may be NULL */
    uint64_t memory;          /* bytes that rows kept by operators may take, past it BASE_LIMIT; 0: no limit */
    double timeout;           /* seconds from kg_query_open on, past them BASE_LIMIT; 0: none */
    KgExplain explain;        /* what kg_query_explain is to know */
    const char *base;         /* that relative IRIs are resolved against where the query has no BASE; may be NULL */
    const KgDataset *dataset; /* takes the place of FROM and FROM NAMED; NULL: the query's own */
    const KgExtensions *extensions; /* may be NULL */
    const KgServices *services;     /* NULL: a query with SERVICE is refused, as it reaches out to other machines */
    const BaseSink *warnings;       /* about predicates that no triple has; while the query is opened; NULL: none */
} KgQueryOptions;
typedef struct KgQuery KgQuery;

/* Parses, plans and starts a query; it lives no longer than its transaction. BASE_BAD_INPUT: a syntax error or an
 * unknown prefix, with place, source line and hint. */
BaseStatus kg_query_open(KgTxn *txn, const char *text, size_t length, const KgQueryOptions *options, KgQuery **out,
                         BaseError *err);
void kg_query_close(KgQuery *query); /* NULL is fine */
KgQueryForm kg_query_form(const KgQuery *query);
/* SELECT: the variables without '?'. CONSTRUCT and DESCRIBE: three columns "subject", "predicate", "object". ASK: 0. */
size_t kg_query_column_count(const KgQuery *query);
const char *kg_query_column(const KgQuery *query, size_t column);
BaseStatus kg_query_next(KgQuery *query, BaseError *err); /* BASE_END after the last row */
/* A cell of the current row, borrowed until the next row; false: unbound. */
bool kg_query_cell(KgQuery *query, size_t column, KgTerm *out);
bool kg_query_answer(const KgQuery *query); /* ASK; known once opened */
/* Prints the plan as a tree of operators, the last to run first. For KG_EXPLAIN_PROFILE call it when the last row was
 * read. */
BaseStatus kg_query_explain(KgQuery *query, FILE *out, BaseError *err);

/* What a row of an answer rests on. All of it lies in the arena that was given. */
typedef struct KgRowTriple {
    KgTriple triple;
    KgId graph; /* KG_ANY: the default graph */
} KgRowTriple;
typedef struct KgRowBinding {
    const char *variable;
    KgTerm term;
} KgRowBinding;
typedef struct KgRowTriples {
    KgRowBinding *bindings; /* the row: of its columns those that are bound */
    size_t binding_count;
    KgRowTriple *items; /* as the patterns of WHERE have them, each once */
    size_t count;
    /* False: the row also rests on paths of any length, subqueries, services, property functions or EXISTS, which are
     * not in items. */
    bool is_whole;
} KgRowTriples;
/* Row `row`, from 1, of a SELECT, or 1 of an ASK that is true. Where several solutions give the same row (DISTINCT,
 * GROUP BY, variables that are not selected), the triples are those of one of them. BASE_NOT_FOUND: there are fewer
 * rows. BASE_BAD_CALL: a query of another form. */
BaseStatus kg_row_triples(KgTxn *txn, const char *text, size_t length, const KgQueryOptions *options, uint64_t row,
                          BaseArena *arena, KgRowTriples *out, BaseError *err);

typedef enum KgResultFormat {
    KG_RESULT_TABLE, /* boxed, names plain */
    KG_RESULT_TSV,   /* SPARQL 1.1 results TSV */
    KG_RESULT_CSV,   /* SPARQL 1.1 results CSV */
    KG_RESULT_JSON,  /* SPARQL 1.1 results JSON */
    KG_RESULT_XML,   /* SPARQL results XML */
    KG_RESULT_MARKDOWN,
    KG_RESULT_NTRIPLES, /* CONSTRUCT and DESCRIBE */
    KG_RESULT_TURTLE,
} KgResultFormat;
/* Runs the query to its end and writes it. *rows counts rows or triples; ASK counts 1. `width`: the terminal's columns
 * for tables, 0: as wide as needed. BASE_BAD_CALL: a format that does not fit the form. */
BaseStatus kg_query_write(KgQuery *query, KgResultFormat format, int width, FILE *out, uint64_t *rows, BaseError *err);

typedef struct KgUpdateOptions {
    const char *name; /* for messages, and as the source of the import that the catalog gets; NULL: "<update>" */
    BaseJob *job;     /* cancellation; may be NULL */
    const char *base; /* as KgQueryOptions has it */
    const KgDataset *dataset; /* for patterns, as USING would have it; an update with USING or WITH is refused then */
    bool no_load;             /* LOAD, which reads local files, is refused */
    const KgExtensions *extensions; /* as KgQueryOptions has them */
    const KgServices *services;
} KgUpdateOptions;
typedef struct KgUpdateReport {
    uint64_t operations, inserted, deleted; /* triples: those that were new, those that were there */
} KgUpdateReport;

/* Runs a SPARQL 1.1 Update, all its operations in turn, in a write transaction that the caller commits. Updates write
 * the asserted layer: what is only inferred is not deleted, and what was inferred stays until it is inferred anew.
 * Patterns see asserted and inferred triples, as queries do. New triples have as their note's source an import of the
 * catalog, whose format is "sparql"; those of LOAD, which reads any local file that kg_import does, one of their own.
 * BASE_BAD_INPUT: a syntax error, before anything is written, or an operation that cannot be done, with its place.
 * After a failure of an operation the transaction cannot be committed any more: all or nothing. `options` and `report`
 * may be NULL. */
BaseStatus kg_update(KgTxn *txn, const char *text, size_t length, const KgUpdateOptions *options,
                     KgUpdateReport *report, BaseError *err);

#endif
