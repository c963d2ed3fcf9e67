#include "base/job.h"

#include "base/thread.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECONDS_BETWEEN_REPORTS 0.1

static double read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double base_wall_seconds(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double base_cpu_seconds(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

bool base_job_cancelled(const BaseJob *job)
{
    return job && atomic_load_explicit(&job->cancelled, memory_order_relaxed);
}

int base_job_threads(const BaseJob *job)
{
    return job && job->threads > 0 ? job->threads : base_core_count();
}

void base_job_step(BaseJob *job, const char *stage, const char *unit, uint64_t done, uint64_t total, const char *note)
{
    if (!job || !job->report)
        return;
    const double now = base_wall_seconds();
    const bool is_new = strncmp(job->stage_name, stage, sizeof job->stage_name - 1) != 0;
    if (is_new) {
        snprintf(job->stage_name, sizeof job->stage_name, "%s", stage);
        job->stage_began = now;
        job->stage_before = done;
    }
    if (now < job->next_report && done != total && !is_new)
        return;
    job->next_report = now + SECONDS_BETWEEN_REPORTS;
    const BaseStep step = {.stage = stage,
                           .unit = unit,
                           .done = done,
                           .total = total,
                           .before = job->stage_before,
                           .seconds = now - job->stage_began,
                           .note = note};
    job->report(job->context, &step);
}
