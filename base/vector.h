/* vector.h - growable arrays: any struct with `items`, `count` and `capacity` is one.
 *     struct { KgTriple *items; size_t count, capacity; } found = {0};
 *     if (!BASE_PUSH(&found, triple)) return base_fail(err, BASE_NO_MEMORY, ...);
 *     free(found.items); */
#ifndef KGQ_BASE_VECTOR_H
#define KGQ_BASE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

/* Makes room for `count` items of `size` bytes; false and the array unchanged when there is no memory. */
bool base_reserve(void **items, size_t *capacity, size_t count, size_t size);

#define BASE_RESERVE(vector, n)                                                                                        \
    base_reserve((void **)&(vector)->items, &(vector)->capacity, (n), sizeof *(vector)->items)
#define BASE_PUSH(vector, ...)                                                                                         \
    (BASE_RESERVE((vector), (vector)->count + 1) ? ((vector)->items[(vector)->count++] = (__VA_ARGS__), true) : false)

/* Bytes with a closing NUL that is not counted. */
typedef struct BaseBuffer {
    char *items;
    size_t count, capacity;
} BaseBuffer;
bool base_buffer_add(BaseBuffer *buffer, const char *bytes, size_t length);
bool base_buffer_format(BaseBuffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void base_buffer_free(BaseBuffer *buffer);

#endif
