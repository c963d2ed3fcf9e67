/* thread.c - workers that sleep until a loop is handed out; tasks are taken from one atomic counter. */
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct Worker {
    BasePool *pool;
    pthread_t thread;
    int number;
} Worker;

struct BasePool {
    int threads, started;
    Worker *workers;
    pthread_mutex_t mutex;
    pthread_cond_t begin, finished;
    unsigned long loop; /* counts the loops handed out */
    int busy;           /* workers still in the current one */
    bool ending;
    cpu_set_t cores; /* that threads may run on; none: not known */
    /* the current loop: */
    void (*work)(void *context, size_t task, int worker);
    void *context;
    size_t tasks;
    atomic_size_t next;
};

int base_core_count(void)
{
    cpu_set_t cores;
    const int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    return count > 0 ? count : 1;
}

static void take_tasks(BasePool *pool, int worker)
{
    for (;;) {
        const size_t task = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (task >= pool->tasks)
            return;
        pool->work(pool->context, task, worker);
    }
}

static void *run_worker(void *argument)
{
    const Worker *const worker = argument;
    BasePool *const pool = worker->pool;
    unsigned long seen = 0;
    if (CPU_COUNT(&pool->cores) > 1)
        sched_setaffinity(0, sizeof pool->cores, &pool->cores);
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->ending && pool->loop == seen)
            pthread_cond_wait(&pool->begin, &pool->mutex);
        if (pool->ending)
            break;
        seen = pool->loop;
        pthread_mutex_unlock(&pool->mutex);
        take_tasks(pool, worker->number);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->finished);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Begins on another core than the caller's: Linux may put a new thread behind the one that made it, and takes some
 * milliseconds to notice that a core is idle beside them. Once it runs it may go anywhere. */
static int start_worker(BasePool *pool, Worker *worker)
{
    pthread_attr_t attributes;
    cpu_set_t others = pool->cores;
    const int here = sched_getcpu();
    if (here >= 0 && here < CPU_SETSIZE)
        CPU_CLR((size_t)here, &others);
    if (CPU_COUNT(&others) == 0 || pthread_attr_init(&attributes) != 0)
        return pthread_create(&worker->thread, NULL, run_worker, worker);
    pthread_attr_setaffinity_np(&attributes, sizeof others, &others);
    int code = pthread_create(&worker->thread, &attributes, run_worker, worker);
    pthread_attr_destroy(&attributes);
    if (code == EINVAL) /* that core has just gone */
        code = pthread_create(&worker->thread, NULL, run_worker, worker);
    return code;
}

BasePool *base_pool_new(int threads)
{
    BasePool *const pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->threads = threads > 0 ? threads : base_core_count();
    if (sched_getaffinity(0, sizeof pool->cores, &pool->cores) != 0)
        CPU_ZERO(&pool->cores);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->begin, NULL);
    pthread_cond_init(&pool->finished, NULL);
    pool->workers = calloc((size_t)pool->threads, sizeof *pool->workers);
    if (!pool->workers) {
        base_pool_free(pool);
        return NULL;
    }
    for (int i = 1; i < pool->threads; i++) {
        Worker *const worker = &pool->workers[i];
        *worker = (Worker){.pool = pool, .number = i};
        if (start_worker(pool, worker) != 0) {
            base_pool_free(pool);
            return NULL;
        }
        pool->started++;
    }
    return pool;
}

void base_pool_free(BasePool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->ending = true;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i <= pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->begin);
    pthread_cond_destroy(&pool->finished);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

int base_pool_threads(const BasePool *pool)
{
    return pool ? pool->threads : 1;
}

void base_parallel_for(BasePool *pool, size_t tasks, void (*work)(void *context, size_t task, int worker),
                       void *context)
{
    if (!pool || pool->threads == 1 || tasks <= 1) {
        for (size_t task = 0; task < tasks; task++)
            work(context, task, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->work = work;
    pool->context = context;
    pool->tasks = tasks;
    atomic_store(&pool->next, 0);
    pool->busy = pool->threads - 1;
    pool->loop++;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->mutex);
    take_tasks(pool, 0);
    pthread_mutex_lock(&pool->mutex);
    while (pool->busy > 0)
        pthread_cond_wait(&pool->finished, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
