/* block_pack.c - packs sorted rows into blocks (see block_layout.h for the bytes).
 *
 * First the columns of somewhat more rows than will fit are planned for as a whole. Then runs are packed one by one,
 * each column in the method that takes least, until the block is full. */
#include "kg/block_plan.h"

#include <xxhash.h>

#define FIRST_GUESS 1024

/* ---- Methods ---- */

typedef struct Part { /* one column of one run */
    int method;
    unsigned width;
    uint64_t least;
    size_t bytes;
    size_t patches;  /* how many, */
    int patch_bytes; /* of how many bytes each */
} Part;

static size_t bytes_for(size_t bits)
{
    return (bits + 7) / 8;
}

static void consider(Part *best, int method, unsigned width, size_t bytes)
{
    if (bytes < best->bytes) {
        best->method = method;
        best->width = width;
        best->bytes = bytes;
    }
}

static void consider_ascent(Part *best, const uint64_t *codes, size_t rows)
{
    uint64_t largest = 0, smallest = UINT64_MAX;
    size_t steps = 0;
    for (size_t i = 1; i < rows; i++) {
        const uint64_t step = codes[i] - codes[i - 1];
        largest = step > largest ? step : largest;
        smallest = step < smallest ? step : smallest;
        steps += step != 0;
    }
    consider(best, KG_ASCENT, kg_stored_width(largest), bytes_for(rows * kg_stored_width(largest)));
    if (rows > 1 && smallest > 0)
        consider(best, KG_CLIMB, kg_stored_width(largest - 1), bytes_for(rows * kg_stored_width(largest - 1)));
    if (largest > 0)
        consider(best, KG_STEPS, kg_stored_width(largest - 1),
                 bytes_for(rows) + bytes_for(steps * kg_stored_width(largest - 1)));
}

static void consider_patches(Part *best, const uint64_t *codes, size_t rows, uint64_t range)
{
    unsigned char counts[65] = {0};
    for (size_t i = 0; i < rows; i++)
        counts[kg_bit_width(codes[i] - best->least)]++;
    const int patch_bytes = kg_bytes_of(range);
    size_t patches = 0;
    for (unsigned width = kg_bit_width(range); width-- > 0;) {
        patches += counts[width + 1];
        const size_t bytes = 2 + patches * (1 + (size_t)patch_bytes) + bytes_for(rows * width);
        if (bytes < best->bytes && width <= 56) {
            consider(best, KG_PATCHED, width, bytes);
            best->patches = patches;
            best->patch_bytes = patch_bytes;
        }
    }
}

static bool fits_group(const Plan *plan, uint64_t code, uint64_t chosen)
{
    return code - plan->group_least[chosen] <= kg_low_bits(plan->group_widths[chosen]);
}

static void consider_groups(Part *best, const Plan *plan, const uint64_t *codes, const uint64_t *chosen, size_t rows)
{
    size_t bits = 0, patches = 0;
    for (size_t i = 0; i < rows; i++) {
        bits += plan->group_widths[chosen[i]];
        patches += !fits_group(plan, codes[i], chosen[i]);
    }
    const size_t bytes = 2 + patches * (1 + (size_t)plan->bytes) + bytes_for(bits);
    if (bytes < best->bytes) {
        consider(best, KG_GROUPED, 0, bytes);
        best->patches = patches;
        best->patch_bytes = plan->bytes;
    }
}

/* The method that takes least; `chosen`: the codes of the column that tells the group, if any. */
static Part choose_method(const Plan *plan, const uint64_t *codes, const uint64_t *chosen, size_t rows)
{
    uint64_t least = codes[0], most = codes[0];
    bool ascends = true;
    for (size_t i = 1; i < rows; i++) {
        least = codes[i] < least ? codes[i] : least;
        most = codes[i] > most ? codes[i] : most;
        ascends &= codes[i] >= codes[i - 1];
    }
    Part best = {.method = KG_FRAME, .width = kg_stored_width(most - least), .least = least};
    best.bytes = bytes_for(rows * best.width);
    if (ascends)
        consider_ascent(&best, codes, rows);
    if (plan->group)
        consider_groups(&best, plan, codes, chosen, rows);
    if (best.bytes > rows / 2)
        consider_patches(&best, codes, rows, most - least);
    return best;
}

static unsigned char *put_number(unsigned char *out, uint64_t number, size_t bytes)
{
    number = htole64(number);
    memcpy(out, &number, bytes);
    return out + bytes;
}

/* `bytes` are 0 from `place` on, and 15 more than what is written. */
static void put_bits(unsigned char *bytes, size_t place, uint64_t number)
{
    unsigned char *const at = bytes + (place >> 3);
    kg_save(at, kg_load(at) | number << (place & 7));
}

/* Writes the patches as they are met; the other numbers lie behind all of them. */
typedef struct PatchWriter {
    unsigned char *rows, *codes, *bits;
    size_t size;
} PatchWriter;

static PatchWriter begin_patches(const Part *part, unsigned char *out)
{
    const size_t size = (size_t)part->patch_bytes;
    out[0] = (unsigned char)part->patches;
    out[1] = (unsigned char)size;
    unsigned char *const codes = out + 2 + part->patches;
    return (PatchWriter){out + 2, codes, codes + part->patches * size, size};
}

static void put_patch(PatchWriter *writer, size_t row, uint64_t code)
{
    *writer->rows++ = (unsigned char)row;
    writer->codes = put_number(writer->codes, code, writer->size);
}

static void write_patched(const Part *part, const uint64_t *codes, size_t rows, unsigned char *out)
{
    PatchWriter writer = begin_patches(part, out);
    for (size_t i = 0; i < rows; i++) {
        const uint64_t number = codes[i] - part->least;
        if (number <= kg_low_bits(part->width))
            put_bits(writer.bits, i * part->width, number);
        else
            put_patch(&writer, i, number);
    }
}

static void write_grouped(const Plan *plan, const Part *part, const uint64_t *codes, const uint64_t *chosen,
                          size_t rows, unsigned char *out)
{
    PatchWriter writer = begin_patches(part, out);
    for (size_t i = 0, place = 0; i < rows; i++) {
        if (fits_group(plan, codes[i], chosen[i]))
            put_bits(writer.bits, place, codes[i] - plan->group_least[chosen[i]]);
        else
            put_patch(&writer, i, codes[i]);
        place += plan->group_widths[chosen[i]];
    }
}

static void write_steps(const Part *part, const uint64_t *codes, size_t rows, unsigned char *out)
{
    unsigned char *const steps = out + bytes_for(rows);
    for (size_t i = 1, place = 0; i < rows; i++) {
        if (codes[i] == codes[i - 1])
            continue;
        out[i / 8] = (unsigned char)(out[i / 8] | 1u << i % 8);
        put_bits(steps, place, codes[i] - codes[i - 1] - 1);
        place += part->width;
    }
}

static void write_part(const Plan *plan, const Part *part, const uint64_t *codes, const uint64_t *chosen, size_t rows,
                       unsigned char *out)
{
    const uint64_t one = part->method == KG_CLIMB;
    switch (part->method) {
    case KG_FRAME:
        for (size_t i = 0; i < rows; i++)
            put_bits(out, i * part->width, codes[i] - part->least);
        break;
    case KG_ASCENT:
    case KG_CLIMB:
        for (size_t i = 1; i < rows; i++)
            put_bits(out, i * part->width, codes[i] - codes[i - 1] - one);
        break;
    case KG_STEPS:
        write_steps(part, codes, rows, out);
        break;
    case KG_PATCHED:
        write_patched(part, codes, rows, out);
        break;
    default:
        write_grouped(plan, part, codes, chosen, rows, out);
    }
}

/* ---- Blocks ---- */

typedef struct Packer {
    KgShape shape;
    int columns;
    size_t rows; /* that the plans cover */
    const uint64_t *const *values;
    Plan plans[KG_BLOCK_COLUMNS];
    uint64_t codes[KG_BLOCK_COLUMNS][KG_RUN_ROWS]; /* of one run */
    size_t head_bytes;                             /* of one run */
    unsigned char heads[KG_BLOCK_BYTES], payload[KG_BLOCK_BYTES + 16];
} Packer;

static size_t table_bytes(const Packer *packer)
{
    size_t bytes = 0;
    for (int c = 0; c < packer->columns; c++) {
        const Plan *const plan = &packer->plans[c];
        if (plan->kind == KG_COLUMN_CONSTANT)
            bytes += 8;
        else if (plan->kind == KG_COLUMN_DICTIONARY)
            bytes += 8 + (size_t)(plan->count * plan->size);
        else
            bytes += 8 * (size_t)plan->count << (plan->kind == KG_COLUMN_STEPPED);
        if (plan->group)
            bytes += packer->plans[plan->group - 1].codes * ((size_t)plan->bytes + 1);
    }
    return bytes;
}

static unsigned char *write_table(const Plan *plan, unsigned char *out)
{
    if (plan->kind == KG_COLUMN_CONSTANT)
        return put_number(out, plan->least, 8);
    if (plan->kind == KG_COLUMN_DICTIONARY) {
        out = put_number(out, plan->least, 8);
        for (int i = 0; i < plan->count; i++)
            out = put_number(out, plan->values[i] - plan->least, (size_t)plan->size);
        return out;
    }
    for (int i = 0; i < plan->count; i++)
        out = put_number(out, plan->stretches[i].least, 8);
    for (int i = 0; i < plan->count && plan->kind == KG_COLUMN_STEPPED; i++)
        out = put_number(out, plan->stretches[i].step, 8);
    return out;
}

static unsigned char *write_front(const Packer *packer, size_t rows, unsigned char *out)
{
    out = put_number(out, rows, 2);
    *out++ = (unsigned char)packer->shape.keys;
    *out++ = (unsigned char)packer->shape.values;
    for (int c = 0; c < packer->columns; c++) {
        const Plan *const plan = &packer->plans[c];
        const bool constant = plan->kind == KG_COLUMN_CONSTANT;
        *out++ = (unsigned char)plan->kind;
        *out++ = (unsigned char)(constant ? 0 : plan->count);
        *out++ = (unsigned char)(constant ? 0 : plan->size);
        *out++ = (unsigned char)(plan->bytes | plan->group << 4);
    }
    for (int c = 0; c < packer->columns; c++)
        out = write_table(&packer->plans[c], out);
    for (int c = 0; c < packer->columns; c++) {
        const Plan *const plan = &packer->plans[c];
        for (unsigned g = 0; plan->group && g < packer->plans[plan->group - 1].codes; g++) {
            *out++ = plan->group_widths[g];
            out = put_number(out, plan->group_least[g], (size_t)plan->bytes);
        }
    }
    return out;
}

static const uint64_t *chosen_by(const Packer *packer, int c)
{
    return packer->plans[c].group ? packer->codes[packer->plans[c].group - 1] : NULL;
}

/* The parts of the first `rows` of the run whose codes are there; returns their bytes. */
static size_t choose_parts(const Packer *packer, size_t rows, Part parts[KG_BLOCK_COLUMNS])
{
    size_t bytes = 0;
    for (int c = 0; c < packer->columns; c++)
        if (packer->plans[c].kind != KG_COLUMN_CONSTANT) {
            parts[c] = choose_method(&packer->plans[c], packer->codes[c], chosen_by(packer, c), rows);
            bytes += parts[c].bytes;
        }
    return bytes;
}

static void write_run(Packer *packer, const Part *parts, size_t rows, unsigned char *head, size_t payload)
{
    for (int c = 0; c < packer->columns; c++) {
        const Plan *const plan = &packer->plans[c];
        if (plan->kind == KG_COLUMN_CONSTANT)
            continue;
        head = put_number(head, payload | (size_t)parts[c].method << 12, 2);
        *head++ = (unsigned char)parts[c].width;
        head = put_number(head, parts[c].method == KG_GROUPED ? 0 : parts[c].least, (size_t)plan->bytes);
        write_part(plan, &parts[c], packer->codes[c], chosen_by(packer, c), rows, packer->payload + payload);
        payload += parts[c].bytes;
    }
}

/* Packs runs of the rows that are planned for until the block is full. Returns how many rows; 0: not even one. */
static size_t fill(Packer *packer, uint64_t seed, unsigned char *out, size_t *bytes)
{
    const size_t front = KG_BLOCK_HEADER + KG_BLOCK_COLUMN * (size_t)packer->columns + table_bytes(packer);
    if (front + KG_BLOCK_PADDING > KG_BLOCK_BYTES)
        return 0;
    size_t room = KG_BLOCK_BYTES - KG_BLOCK_PADDING - front, payload = 0, heads = 0, done = 0, rows = 0;
    memset(packer->payload, 0, sizeof packer->payload);
    for (; done < packer->rows && rows % KG_RUN_ROWS == 0; done += rows) {
        Part parts[KG_BLOCK_COLUMNS];
        rows = packer->rows - done < KG_RUN_ROWS ? packer->rows - done : KG_RUN_ROWS;
        for (int c = 0; c < packer->columns; c++)
            if (packer->plans[c].kind != KG_COLUMN_CONSTANT)
                kg_encode(&packer->plans[c], packer->values[c] + done, rows, packer->codes[c]);
        size_t taken = choose_parts(packer, rows, parts);
        if (taken + packer->head_bytes > room) {
            size_t fits = 0;
            for (size_t step = KG_RUN_ROWS / 2; step > 0; step /= 2)
                if (fits + step < rows && choose_parts(packer, fits + step, parts) + packer->head_bytes <= room)
                    fits += step;
            rows = fits;
            if (rows == 0)
                break;
            taken = choose_parts(packer, rows, parts);
        }
        write_run(packer, parts, rows, packer->heads + heads, payload);
        payload += taken;
        heads += packer->head_bytes;
        room -= taken + packer->head_bytes;
    }
    if (done == 0)
        return 0;
    unsigned char *to = write_front(packer, done, out + 8);
    memcpy(to, packer->heads, heads);
    memcpy(to + heads, packer->payload, payload);
    memset(to + heads + payload, 0, KG_BLOCK_PADDING);
    *bytes = (size_t)(to - out) + heads + payload + KG_BLOCK_PADDING;
    kg_block_seal(out, *bytes, seed);
    return done;
}

static void make_plan(Packer *packer, size_t rows)
{
    kg_plan(packer->shape, packer->values, rows, packer->plans);
    packer->rows = rows;
    packer->head_bytes = 0;
    for (int c = 0; c < packer->columns; c++)
        if (packer->plans[c].kind != KG_COLUMN_CONSTANT)
            packer->head_bytes += KG_RUN_HEAD + (size_t)packer->plans[c].bytes;
}

void kg_block_seal(unsigned char *block, size_t length, uint64_t seed)
{
    kg_save(block, XXH3_64bits_withSeed(block + 8, length - 8, seed));
}

size_t kg_block_pack(KgShape shape, const uint64_t *const columns[], size_t count, size_t guess, uint64_t seed,
                     unsigned char out[KG_BLOCK_BYTES], size_t *bytes)
{
    *bytes = 0;
    if (count == 0)
        return 0;
    Packer packer;
    packer.shape = shape;
    packer.columns = shape.keys + shape.values;
    packer.values = columns;
    const size_t most = count < KG_BLOCK_ROWS ? count : KG_BLOCK_ROWS;
    size_t rows = guess ? guess + guess / 16 + 8 : FIRST_GUESS;
    for (int tries = 0;; tries++) {
        rows = rows < most ? rows : most;
        make_plan(&packer, rows);
        const size_t done = fill(&packer, seed, out, bytes);
        if (done == rows && rows < most && *bytes < KG_BLOCK_BYTES * 49 / 50 && tries < 8)
            rows = rows * KG_BLOCK_BYTES / *bytes * 17 / 16 + 8;
        else if (done == 0 && rows > 1)
            rows = rows / 4 + 1;
        else
            return done;
    }
}
