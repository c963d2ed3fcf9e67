/* explain.h - what the files of an explanation share. Private to insight. */
#ifndef KGQ_INSIGHT_EXPLAIN_H
#define KGQ_INSIGHT_EXPLAIN_H

#include "insight/insight.h"

/* Verdict, accord, belief and summary from all that has been gathered. */
BaseStatus insight_fuse(InsightExplanation *explanation, BaseError *err);

/* A proof laid out line by line, premises below their conclusion: trees may be deeper than a stack should be. */
typedef struct InsightLine {
    const ReasonerProof *proof;
    uint32_t depth;  /* 0: a root */
    size_t parent;   /* its line; its own for a root */
    bool is_last;    /* of its parent's premises */
    bool is_missing; /* it does not hold: a premise that is missing, or the conclusion of a near miss */
} InsightLine;
typedef struct InsightLines {
    InsightLine *items; /* owned: free() */
    size_t count, capacity;
} InsightLines;
/* Appends the lines of all proofs; false: no memory. */
bool insight_lay_out(const InsightExplanation *explanation, InsightLines *lines);

const KgImport *insight_find_import(const InsightExplanation *explanation, uint32_t id); /* NULL: none of that number */
bool insight_holds(const InsightExplanation *explanation);
const char *insight_proof_kind(const ReasonerProof *proof); /* "derived", "asserted", "missing", ... */
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
