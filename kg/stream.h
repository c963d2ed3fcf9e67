/* stream.h - private to kg: the matches in one layer of a graph, from the packed rows of one order with the changes not
 * merged into them yet, and the matches of several layers merged. A stream finds again and again, quickest where keys
 * ascend or lie near the last one: the block it found last stays open, and a run that is hit twice is decoded. */
#ifndef KGQ_KG_STREAM_H
#define KGQ_KG_STREAM_H

#include "kg/delta.h"
#include "kg/table.h"

/* Rows between two keys. The first `fixed` columns have one value, of the next one there may be a range, the others are
 * 0 in `low` and UINT64_MAX in `high`. */
typedef struct KgSpan {
    uint64_t low[3], high[3];
    int fixed, width; /* width: columns that bound it, `fixed` or one more */
} KgSpan;

static inline KgSpan kg_span(const uint64_t *key, int width)
{
    KgSpan span = {{0}, {UINT64_MAX, UINT64_MAX, UINT64_MAX}, width, width};
    for (int c = 0; c < width; c++)
        span.low[c] = span.high[c] = key[c];
    return span;
}

typedef struct KgStream {
    KgTxn *txn;
    KgTable table;
    KgIndex index;
    KgLayer layer;
    uint32_t space;
    bool may_change;    /* the space has changes not merged */
    bool has_block;     /* `place` is open */
    bool is_at_block;   /* `cursor` stands there */
    bool has_first;     /* `floor` is not above the block's first row */
    bool more;          /* the block after this one may have matches */
    bool has_next;      /* `next` is a match not handed out */
    MDB_cursor *cursor; /* its own, from the second search on; not for a writer */
    const KgSpan *span;
    KgDeltaRows changes;
    size_t change; /* the next one */
    KgPlace place;
    uint64_t floor[3];     /* what is sought from here to place.last begins in the block */
    uint64_t run_floor[3]; /* what is sought from here on begins in the run, or behind it */
    uint32_t end;          /* rows of the block before it match */
    uint32_t run;          /* of the block */
    uint32_t rows;         /* of the run */
    uint32_t at;           /* the next row, in the run */
    uint32_t count;        /* rows of the run that match end here */
    uint32_t hits;         /* finds that began in the run */
    unsigned decoded;      /* bits: columns of which all of the run is in `columns` */
    uint64_t next[3];
    uint64_t columns[3][KG_RUN_ROWS]; /* by row in the run */
} KgStream;

/* The layers among those asked for that have triples in the graph, and its number. */
BaseStatus kg_layers_in_use(KgTxn *txn, KgId graph, unsigned layers, uint32_t *number, unsigned *out, BaseError *err);

BaseStatus kg_stream_open(KgStream *stream, KgTxn *txn, KgIndex index, uint32_t graph, KgLayer layer, BaseError *err);
void kg_stream_close(KgStream *stream);
/* Goes to the matches, if there are any; borrows `span` for as long as they are read. */
BaseStatus kg_stream_find(KgStream *stream, const KgSpan *span, BaseError *err);
/* As if nothing had been found. */
void kg_stream_leave(KgStream *stream);

/* One layer without changes among the matches needs no merging. */
static inline bool kg_streams_are_plain(const KgStream *streams, int count)
{
    return count == 1 && streams[0].changes.count == 0;
}
/* Of a plain stream: makes `at` .. `count` the next rows, at least one; BASE_END: no more. */
BaseStatus kg_stream_want_rows(KgStream *stream, BaseError *err);
/* Those rows of one column of the order; borrowed until the next call. */
const uint64_t *kg_stream_column(KgStream *stream, int column);
/* The first of them, whole. */
void kg_stream_row(KgStream *stream, uint64_t out[3]);
/* The next match of the table's rows and the changes together, in order, and its note (NULL: not wanted), which only
 * the order SPO has. BASE_END: no more. Not to be mixed with kg_streams_next. */
BaseStatus kg_stream_next(KgStream *stream, uint64_t keys[3], KgNote *note, BaseError *err);
/* The note of a row of a block in the order SPO. */
KgNote kg_stream_note(const KgBlock *block, uint32_t run, uint32_t row);
/* The next match of all, each once and in order, and the layers it is in; BASE_END: no more. */
BaseStatus kg_streams_next(KgStream *streams, int count, uint64_t out[3], unsigned *layers, BaseError *err);

#endif
