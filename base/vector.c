#include "base/vector.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool base_reserve(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count <= *capacity)
        return true;
    size_t wanted = *capacity < 8 ? 8 : *capacity + *capacity / 2;
    if (wanted < count)
        wanted = count;
    size_t bytes;
    if (__builtin_mul_overflow(wanted, size, &bytes))
        return false;
    void *const grown = realloc(*items, bytes);
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

bool base_buffer_add(BaseBuffer *buffer, const char *bytes, size_t length)
{
    if (!BASE_RESERVE(buffer, buffer->count + length + 1))
        return false;
    if (length)
        memcpy(buffer->items + buffer->count, bytes, length);
    buffer->count += length;
    buffer->items[buffer->count] = '\0';
    return true;
}

bool base_buffer_format(BaseBuffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    const bool fits = length >= 0 && BASE_RESERVE(buffer, buffer->count + (size_t)length + 1);
    if (fits) {
        vsnprintf(buffer->items + buffer->count, (size_t)length + 1, format, again);
        buffer->count += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
    return fits;
}

void base_buffer_free(BaseBuffer *buffer)
{
    free(buffer->items);
    *buffer = (BaseBuffer){0};
}
