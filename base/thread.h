/* thread.h - a pool of workers and a parallel loop. */
#ifndef KGQ_BASE_THREAD_H
#define KGQ_BASE_THREAD_H

#include <stddef.h>

typedef struct BasePool BasePool;

/* `threads` counts the caller, who works too; 0: one per core. NULL: no memory or no threads to be had. */
BasePool *base_pool_new(int threads);
void base_pool_free(BasePool *pool);         /* NULL is fine */
int base_pool_threads(const BasePool *pool); /* 1 for NULL */
/* Calls work(context, task, worker) for each task in [0, tasks), worker in [0, threads). Returns when all are done.
 * Tasks are dealt dynamically: a result must not depend on which worker ran it. One loop at a time per pool.
 * With a NULL pool the caller does all. */
void base_parallel_for(BasePool *pool, size_t tasks, void (*work)(void *context, size_t task, int worker),
                       void *context);
int base_core_count(void);

#endif
