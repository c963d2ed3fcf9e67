/* job.h - what a long call shares with whoever waits for it: progress out, cancellation in. */
#ifndef KGQ_BASE_JOB_H
#define KGQ_BASE_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BaseStep {
    const char *stage;    /* "reading triples.tsv", "round 7: is_a", "epoch 3" */
    const char *unit;     /* "lines", "bytes", "facts", "images" */
    uint64_t done, total; /* total 0: unknown */
    uint64_t before;      /* what was done when the stage began */
    double seconds;       /* since then */
    const char *note;     /* more words for the line, e.g. "loss 0.031"; may be NULL */
} BaseStep;

/* Long calls take a BaseJob * that may be NULL. Start from {0}. `report` is called at most about ten times a second
 * (and at each stage's beginning and end, done == total), on the thread that works. */
typedef struct BaseJob {
    void (*report)(void *context, const BaseStep *step);
    void *context;
    atomic_bool cancelled; /* may be set from a signal handler or another thread */
    int threads;           /* 0: one per core */
    /* private to job.c: */
    char stage_name[80];
    double stage_began, next_report;
    uint64_t stage_before;
} BaseJob;

bool base_job_cancelled(const BaseJob *job);
int base_job_threads(const BaseJob *job);
/* Tells how far the stage is; a new `stage` text starts its clock. */
void base_job_step(BaseJob *job, const char *stage, const char *unit, uint64_t done, uint64_t total, const char *note);

double base_wall_seconds(void); /* monotonic */
double base_cpu_seconds(void);  /* of the whole process */

#endif
