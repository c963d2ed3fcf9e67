/* pipe.c - chunks of whole lines go around a ring: read by one thread at a time (unpacking is done there), parsed by
 * any, and taken in order by the caller's, who reads and parses too while there is nothing to take. Memory is bounded
 * by the ring. The extra threads are started when a file has more than one chunk. */
#include "kg/io/pipe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)1 << 20)
#define MOST_THREADS 16 /* taking is done by one, who keeps fewer busy than these */

typedef struct Chunk {
    char *bytes;
    size_t capacity;
    uint64_t position; /* of the input, after reading it */
    KgPart part;
    bool is_parsed;
    BaseStatus status; /* of parsing */
    BaseError error;
} Chunk;

typedef struct Pipe {
    KgImporter *importer;
    KgTakeLine *take;
    size_t chunk_bytes;
    Chunk *chunks;
    size_t chunk_count;
    pthread_mutex_t mutex; /* over all below; a chunk is its worker's alone between the numbers */
    pthread_cond_t changed;
    uint64_t read, begun, taken; /* how many chunks are read, have been begun to be parsed, are taken */
    bool is_reading, has_ended, is_stopping;
    BaseStatus status; /* of the reading that ended it; told after the chunks before it */
    BaseError error;
    BaseBuffer rest; /* the beginning of a line whose end is not yet read */
    pthread_t threads[MOST_THREADS];
    int thread_count;
} Pipe;

static Chunk *chunk_of(const Pipe *pipe, uint64_t number)
{
    return &pipe->chunks[number % pipe->chunk_count];
}

/* ---- Reading ---- */

static BaseStatus make_room(Pipe *pipe, Chunk *chunk, size_t length)
{
    if (base_reserve((void **)&chunk->bytes, &chunk->capacity, length + pipe->chunk_bytes, 1))
        return BASE_OK;
    return base_fail(&pipe->error, BASE_NO_MEMORY, "no memory for a line of %s",
                     base_input_name(pipe->importer->input));
}

/* Appends up to a newline at least; *length then is that of the whole lines, the rest kept for the next chunk.
 * BASE_END: all of the input is in. */
static BaseStatus read_lines(Pipe *pipe, Chunk *chunk, size_t *length)
{
    BaseStatus status = make_room(pipe, chunk, pipe->rest.count);
    size_t count = pipe->rest.count;
    *length = 0;
    if (status != BASE_OK)
        return status;
    if (count)
        memcpy(chunk->bytes, pipe->rest.items, count);
    pipe->rest.count = 0;
    while (status == BASE_OK && (count < pipe->chunk_bytes || *length == 0)) {
        size_t got = 0;
        status = make_room(pipe, chunk, count);
        if (status == BASE_OK)
            status =
                base_input_read(pipe->importer->input, chunk->bytes + count, pipe->chunk_bytes, &got, &pipe->error);
        const char *const newline = got ? memrchr(chunk->bytes + count, '\n', got) : NULL;
        if (newline)
            *length = (size_t)(newline - chunk->bytes) + 1;
        count += got;
    }
    if (status == BASE_END)
        *length = count;
    if (count > *length && !base_buffer_add(&pipe->rest, chunk->bytes + *length, count - *length))
        return base_fail(&pipe->error, BASE_NO_MEMORY, "no memory for a line of %s",
                         base_input_name(pipe->importer->input));
    return status;
}

/* Reads the next chunk. One thread at a time, without the mutex. */
static BaseStatus read_chunk(Pipe *pipe, Chunk *chunk, bool is_first, bool *has_lines)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    size_t length = 0;
    const BaseStatus status = read_lines(pipe, chunk, &length);
    const char *start = chunk->bytes;
    if (is_first && length >= sizeof mark && memcmp(start, mark, sizeof mark) == 0) {
        start += sizeof mark;
        length -= sizeof mark;
    }
    chunk->part.text = (KgText){start, length};
    chunk->position = base_input_position(pipe->importer->input);
    *has_lines = length > 0;
    return status;
}

/* ---- The ring; the mutex is held, but for the work itself ---- */

static void parse_next(Pipe *pipe)
{
    Chunk *const chunk = chunk_of(pipe, pipe->begun++);
    pthread_mutex_unlock(&pipe->mutex);
    chunk->error = (BaseError){0};
    chunk->status = kg_part_read_lines(&chunk->part, pipe->take, &chunk->error);
    pthread_mutex_lock(&pipe->mutex);
    chunk->is_parsed = true;
    pthread_cond_broadcast(&pipe->changed);
}

static void read_next(Pipe *pipe)
{
    Chunk *const chunk = chunk_of(pipe, pipe->read);
    const bool is_first = pipe->read == 0;
    bool has_lines = false;
    pipe->is_reading = true;
    pthread_mutex_unlock(&pipe->mutex);
    const BaseStatus status = read_chunk(pipe, chunk, is_first, &has_lines);
    pthread_mutex_lock(&pipe->mutex);
    pipe->is_reading = false;
    pipe->status = status;
    pipe->has_ended = status != BASE_OK;
    if (has_lines) {
        chunk->is_parsed = false;
        pipe->read++;
    }
    pthread_cond_broadcast(&pipe->changed);
}

/* False: nothing to do at the moment. */
static bool do_some_work(Pipe *pipe)
{
    if (pipe->begun < pipe->read) {
        parse_next(pipe);
        return true;
    }
    if (pipe->is_reading || pipe->has_ended || pipe->read - pipe->taken == pipe->chunk_count)
        return false;
    read_next(pipe);
    return true;
}

static void *run_worker(void *argument)
{
    Pipe *const pipe = argument;
    pthread_mutex_lock(&pipe->mutex);
    while (!pipe->is_stopping && !(pipe->has_ended && pipe->begun == pipe->read))
        if (!do_some_work(pipe))
            pthread_cond_wait(&pipe->changed, &pipe->mutex);
    pthread_mutex_unlock(&pipe->mutex);
    return NULL;
}

/* As many as can be had: the caller's thread is enough. */
static void start_workers(Pipe *pipe, int wanted)
{
    while (pipe->thread_count < wanted &&
           pthread_create(&pipe->threads[pipe->thread_count], NULL, run_worker, pipe) == 0)
        pipe->thread_count++;
}

static void stop_workers(Pipe *pipe)
{
    pipe->is_stopping = true;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->mutex);
    for (int i = 0; i < pipe->thread_count; i++)
        pthread_join(pipe->threads[i], NULL);
    pthread_mutex_lock(&pipe->mutex);
}

static BaseStatus take_next(Pipe *pipe, BaseError *err)
{
    Chunk *const chunk = chunk_of(pipe, pipe->taken);
    pthread_mutex_unlock(&pipe->mutex);
    pipe->importer->position = chunk->position;
    BaseStatus status = chunk->status;
    if (status == BASE_OK)
        status = kg_import_take(pipe->importer, &chunk->part, err);
    else if (err)
        *err = chunk->error;
    pthread_mutex_lock(&pipe->mutex);
    pipe->taken++;
    pthread_cond_broadcast(&pipe->changed);
    return status;
}

static BaseStatus run_pipe(Pipe *pipe, int threads, BaseError *err)
{
    BaseStatus status = BASE_OK;
    while (status == BASE_OK) {
        if (pipe->taken < pipe->begun && chunk_of(pipe, pipe->taken)->is_parsed)
            status = take_next(pipe, err);
        else if (pipe->has_ended && pipe->taken == pipe->read)
            break;
        else if (!do_some_work(pipe))
            pthread_cond_wait(&pipe->changed, &pipe->mutex);
        if (pipe->thread_count == 0 && pipe->read > 1)
            start_workers(pipe, threads - 1);
    }
    stop_workers(pipe);
    if (status != BASE_OK || pipe->status == BASE_END)
        return status;
    if (err)
        *err = pipe->error;
    return pipe->status;
}

BaseStatus kg_read_lines(KgImporter *importer, KgTakeLine *take, BaseError *err)
{
    int threads = base_job_threads(importer->job);
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    Pipe pipe = {.importer = importer,
                 .take = take,
                 .chunk_bytes = importer->chunk_bytes ? importer->chunk_bytes : CHUNK_BYTES,
                 .chunk_count = (size_t)threads + 2};
    pipe.chunks = calloc(pipe.chunk_count, sizeof *pipe.chunks);
    if (!pipe.chunks)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", base_input_name(importer->input));
    for (size_t i = 0; i < pipe.chunk_count; i++)
        pipe.chunks[i].part.reading = &importer->reading;
    pthread_mutex_init(&pipe.mutex, NULL);
    pthread_cond_init(&pipe.changed, NULL);
    pthread_mutex_lock(&pipe.mutex);
    const BaseStatus status = run_pipe(&pipe, threads, err);
    pthread_mutex_unlock(&pipe.mutex);
    pthread_cond_destroy(&pipe.changed);
    pthread_mutex_destroy(&pipe.mutex);
    for (size_t i = 0; i < pipe.chunk_count; i++) {
        kg_part_free(&pipe.chunks[i].part);
        free(pipe.chunks[i].bytes);
    }
    base_buffer_free(&pipe.rest);
    free(pipe.chunks);
    return status;
}
