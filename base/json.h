/* json.h - writing JSON; reading it is jansson's work. */
#ifndef KGQ_BASE_JSON_H
#define KGQ_BASE_JSON_H

#include "base/vector.h"

#include <stddef.h>
#include <stdio.h>

/* `bytes` as a JSON string, with its quotes. */
void base_json_string(FILE *out, const char *bytes, size_t length);
bool base_buffer_json(BaseBuffer *out, const char *bytes, size_t length); /* appends; false: no memory */
/* A number that reads back as the same double; NaN and infinities, which JSON lacks, become null. */
void base_json_number(FILE *out, double number);
/* The same escapes for text in HTML and XML: & < > " ' */
void base_xml_text(FILE *out, const char *bytes, size_t length);
bool base_buffer_xml(BaseBuffer *out, const char *bytes, size_t length);

#endif
