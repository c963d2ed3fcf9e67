/* lines.h - private to kg/io: lines of an input as they stand, terminators included, so that a bad one can be given
 * back byte for byte. A record of CSV may take several. */
#ifndef KGQ_KG_IO_LINES_H
#define KGQ_KG_IO_LINES_H

#include "kg/kg.h"

typedef struct KgLines {
    BaseInput *input; /* borrowed */
    char *bytes;
    size_t start, end, capacity; /* what is read and not yet passed */
    size_t length;               /* of the current record, from `start` */
    size_t first_length;         /* of its first line */
    uint32_t line, line_count;   /* number of its first line; how many lines it has */
    bool ended;
} KgLines;

/* Start from {.input = ...}; the record is borrowed until the next call. BASE_END after the last line. A byte order
 * mark at the start of the input is left out. */
BaseStatus kg_lines_next(KgLines *lines, KgText *record, BaseError *err);
/* The record with the line after it. BASE_END: there is none, and the record stays. */
BaseStatus kg_lines_extend(KgLines *lines, KgText *record, BaseError *err);
/* The record's first line alone; the others will come again. */
KgText kg_lines_shrink(KgLines *lines);
void kg_lines_free(KgLines *lines);
/* The line without "\n" or "\r\n". */
KgText kg_without_newline(KgText line);

#endif
