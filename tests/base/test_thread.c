/* The pool runs every task once, over and over; jobs report at a bounded rate. */
#include "expect.h"

#include <stdatomic.h>

enum { TASKS = 1000 };

static void count_task(void *context, size_t task, int worker)
{
    atomic_int *const runs = context;
    assert_in_range(worker, 0, 3);
    atomic_fetch_add(&runs[task], 1);
}

static void every_task_runs_exactly_once_in_each_loop(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        BasePool *const pool = base_pool_new(threads);
        assert_non_null(pool);
        assert_int_equal(base_pool_threads(pool), threads);
        static atomic_int runs[TASKS];
        memset(runs, 0, sizeof runs);
        for (int loop = 0; loop < 200; loop++)
            base_parallel_for(pool, TASKS, count_task, runs);
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(runs[i], 200);
        base_parallel_for(pool, 0, count_task, runs);
        base_pool_free(pool);
    }
    static atomic_int alone[TASKS];
    base_parallel_for(NULL, TASKS, count_task, alone);
    assert_int_equal(alone[TASKS - 1], 1);
}

static void count_report(void *context, const BaseStep *step)
{
    int *const counts = context;
    counts[step->done == step->total]++;
}

static void progress_is_bounded_in_rate_but_the_end_is_always_told(void **state)
{
    (void)state;
    int counts[2] = {0};
    BaseJob job = {.report = count_report, .context = counts};
    for (uint64_t i = 0; i <= 100000; i++)
        base_job_step(&job, "counting", "things", i, 100000, NULL);
    assert_int_equal(counts[1], 1);
    assert_in_range(counts[0], 1, 50);
    base_job_step(NULL, "nobody", "listens", 1, 1, NULL);
    assert_false(base_job_cancelled(NULL));
    atomic_store(&job.cancelled, true);
    assert_true(base_job_cancelled(&job));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_exactly_once_in_each_loop),
        cmocka_unit_test(progress_is_bounded_in_rate_but_the_end_is_always_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
