/* explain.h - what the files of an explanation share. Private to insight. */
#ifndef KGQ_INSIGHT_EXPLAIN_H
#define KGQ_INSIGHT_EXPLAIN_H

#include "insight/insight.h"

/* Verdict, accord, belief and summary from all that has been gathered. */
BaseStatus insight_fuse(InsightExplanation *explanation, BaseError *err);

/* A proof laid out line by line, premises below their conclusion: trees may be deeper than a stack should be. */
typedef struct InsightLine {
    const ReasonerProof *proof;
    ReasonerProofKind kind; /* as it is shown here: SHARED, too, where its premises come further down */
    uint32_t depth;         /* 0: a root */
    size_t parent;          /* its line; its own for a root */
    size_t shown;           /* the line where this conclusion stands with its premises; its own where that is all */
    bool is_last;           /* of its parent's premises */
    bool is_missing;        /* it does not hold: a premise that is missing, or the conclusion of a near miss */
} InsightLine;

/* What the roots of a stretch of lines are. */
typedef enum InsightPart {
    INSIGHT_MAIN,      /* the explanation's items */
    INSIGHT_OTHERS,    /* more instances of conclusions shown */
    INSIGHT_CONTINUED, /* conclusions that were too deep to go on with in their place */
    INSIGHT_PARTS,
} InsightPart;
typedef struct InsightLines {
    InsightLine *items; /* owned: free() */
    size_t count, capacity;
    size_t ends[INSIGHT_PARTS]; /* of each part, one behind the other */
} InsightLines;
/* Lays out all proofs; a conclusion of depth `deepest` has its premises further down. false: no memory. */
bool insight_lay_out(const InsightExplanation *explanation, uint32_t deepest, InsightLines *lines);

const KgImport *insight_find_import(const InsightExplanation *explanation, uint32_t id); /* NULL: none of that number */
bool insight_holds(const InsightExplanation *explanation);
/* What is explained, in up to five pieces; a piece may be "". */
enum { INSIGHT_TITLE = 5 };
void insight_title(const InsightExplanation *explanation, const char *pieces[INSIGHT_TITLE]);
const char *insight_kind_name(ReasonerProofKind kind); /* "derived", "asserted", "missing", ... */
/* "missing"; of a test that it does not hold, of a negation that something matches. */
const char *insight_missing_words(const ReasonerProof *proof);
const char *insight_layer_name(KgLayer layer);
/* Around a rule's name: `rule "` and `"`, or nothing for one that is a place and says itself that it is a rule. */
const char *insight_before_rule(const char *name);
const char *insight_after_rule(const char *name);

void insight_format_time(int64_t time, char out[32]);           /* 2026-11-23 21:08:27 UTC */
void insight_format_count(double count, char out[32]);          /* 117,659 or, a mean of ties, 2.5 */
const char *insight_plural(uint64_t count, const char *ending); /* `ending`, or "" for one */

/* One format each; false: no memory. A fault of the stream is left for the caller to find. */
bool insight_write_text(const InsightExplanation *explanation, const InsightLines *lines, FILE *out);
bool insight_write_json(const InsightExplanation *explanation, const InsightLines *lines, FILE *out);
bool insight_write_dot(const InsightExplanation *explanation, const InsightLines *lines, FILE *out);
bool insight_write_html(const InsightExplanation *explanation, const InsightLines *lines, FILE *out);

#endif
