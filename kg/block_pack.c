/* block_pack.c - packs sorted rows into blocks (see block_layout.h for the bytes).
 *
 * First the columns of somewhat more rows than will fit are looked at as a whole: which values, in which stretches, and
 * whether another column's codes tell where they lie (what a predicate's objects have in common). Then runs are packed
 * one by one, each column in the method that takes least, until the block is full. */
#include "kg/block_layout.h"

#include <xxhash.h>

#define FIRST_GUESS 1024
#define SLOTS 256 /* of the hash table of distinct values: a power of two, more than twice KG_GROUPS */
#define TABLES_MOST (KG_BLOCK_BYTES / 2)

typedef struct Stretch {
    uint64_t least, most;
    uint64_t step;
    unsigned shift;   /* step = odd << shift */
    uint64_t inverse; /* of the odd part, modulo 2^64: exact division is a product */
} Stretch;

typedef struct Plan {
    int kind, count, size, bytes;
    int group;            /* 0, or 1 + the column */
    unsigned codes;       /* how many there are when KG_GROUPS or fewer, else 0 */
    uint64_t least, most; /* values */
    uint64_t largest_code;
    unsigned char stretch_of[256]; /* by a value's top byte; counted from 1 */
    Stretch stretches[KG_STRETCHES];
    uint64_t values[KG_GROUPS]; /* the dictionary */
    uint64_t slots[SLOTS];
    unsigned char slot_codes[SLOTS]; /* 1 + code; 0: a free slot */
    uint64_t group_least[KG_GROUPS];
    unsigned char group_widths[KG_GROUPS];
} Plan;

static unsigned width_of(uint64_t number) /* as stored */
{
    const unsigned width = kg_bit_width(number);
    return width > 56 ? 64 : width;
}

static int bytes_of(uint64_t number) /* at least 1 */
{
    return number ? (int)(kg_bit_width(number) + 7) / 8 : 1;
}

/* ---- Codes ---- */

/* Is `distance` a multiple of the odd number whose inverse this is? (Granlund, Montgomery 1994, section 9.) */
static bool divides(uint64_t odd, uint64_t inverse, uint64_t distance)
{
    return distance * inverse <= UINT64_MAX / odd;
}

static uint64_t inverse_of(uint64_t odd) /* Newton: each turn doubles the bits that are right, 3 at first */
{
    uint64_t inverse = odd;
    for (int i = 0; i < 5; i++)
        inverse *= 2 - odd * inverse;
    return inverse;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* False: more stretches than there is room for. */
static bool find_stretches(Plan *plan, const uint64_t *values, size_t count)
{
    memset(plan->stretch_of, 0, sizeof plan->stretch_of);
    plan->count = 0;
    for (size_t i = 0; i < count; i++) {
        const unsigned place = plan->stretch_of[values[i] >> 56];
        if (place) {
            Stretch *const stretch = &plan->stretches[place - 1];
            stretch->least = values[i] < stretch->least ? values[i] : stretch->least;
            stretch->most = values[i] > stretch->most ? values[i] : stretch->most;
        } else {
            if (plan->count == KG_STRETCHES)
                return false;
            plan->stretches[plan->count++] = (Stretch){.least = values[i], .most = values[i]};
            plan->stretch_of[values[i] >> 56] = (unsigned char)plan->count;
        }
    }
    return true;
}

static void order_stretches(Plan *plan)
{
    for (int i = 1; i < plan->count; i++) {
        const Stretch moved = plan->stretches[i];
        int to = i;
        for (; to > 0 && plan->stretches[to - 1].least > moved.least; to--)
            plan->stretches[to] = plan->stretches[to - 1];
        plan->stretches[to] = moved;
    }
    for (int i = 0; i < plan->count; i++)
        plan->stretch_of[plan->stretches[i].least >> 56] = (unsigned char)(i + 1);
}

static void set_step(Stretch *stretch, uint64_t step)
{
    stretch->step = step;
    stretch->shift = step ? (unsigned)__builtin_ctzll(step) : 0;
    stretch->inverse = step ? inverse_of(step >> stretch->shift) : 0;
}

/* The greatest common divisor of the distances in each stretch; most are 1 after a few values, which ends the search.
 */
static void find_steps(Plan *plan, const uint64_t *values, size_t count)
{
    int open = 0;
    for (int i = 0; i < plan->count; i++) {
        Stretch *const stretch = &plan->stretches[i];
        set_step(stretch, stretch->most - stretch->least);
        open += stretch->step > 1;
    }
    for (size_t i = 0; i < count && open; i++) {
        Stretch *const stretch = &plan->stretches[plan->stretch_of[values[i] >> 56] - 1];
        const uint64_t distance = values[i] - stretch->least;
        if (stretch->step <= 1 || ((distance & (((uint64_t)1 << stretch->shift) - 1)) == 0 &&
                                   divides(stretch->step >> stretch->shift, stretch->inverse, distance)))
            continue;
        set_step(stretch, common_divisor(stretch->step, distance));
        open -= stretch->step == 1;
    }
    for (int i = 0; i < plan->count; i++)
        if (plan->stretches[i].step == 0) /* one value */
            set_step(&plan->stretches[i], 1);
}

static size_t slot_of(const Plan *plan, uint64_t value)
{
    size_t slot = (size_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> 56);
    while (plan->slot_codes[slot] && plan->slots[slot] != value)
        slot = (slot + 1) % SLOTS;
    return slot;
}

/* How many distinct values there are, all in plan->values; 0: more than a dictionary may have. */
static int find_distinct(Plan *plan, const uint64_t *values, size_t count)
{
    int found = 0;
    memset(plan->slot_codes, 0, sizeof plan->slot_codes);
    for (size_t i = 0; i < count; i++) {
        const size_t slot = slot_of(plan, values[i]);
        if (plan->slot_codes[slot])
            continue;
        if (found == KG_GROUPS)
            return 0;
        plan->slots[slot] = plan->values[found] = values[i];
        plan->slot_codes[slot] = (unsigned char)++found;
    }
    return found;
}

static void use_dictionary(Plan *plan, int distinct)
{
    for (int i = 1; i < distinct; i++) {
        const uint64_t moved = plan->values[i];
        int to = i;
        for (; to > 0 && plan->values[to - 1] > moved; to--)
            plan->values[to] = plan->values[to - 1];
        plan->values[to] = moved;
    }
    for (int i = 0; i < distinct; i++)
        plan->slot_codes[slot_of(plan, plan->values[i])] = (unsigned char)(i + 1);
    plan->kind = KG_COLUMN_DICTIONARY;
    plan->count = distinct;
    plan->size = bytes_of(plan->most - plan->least);
    plan->largest_code = (uint64_t)distinct - 1;
}

static void use_stretches(Plan *plan)
{
    uint64_t largest = 0;
    bool stepped = false;
    for (int i = 0; i < plan->count; i++) {
        const Stretch *const stretch = &plan->stretches[i];
        const uint64_t code = (stretch->most - stretch->least) / stretch->step;
        largest = code > largest ? code : largest;
        stepped |= stretch->step != 1;
    }
    plan->kind = stepped ? KG_COLUMN_STEPPED : KG_COLUMN_PLAIN;
    plan->largest_code = largest;
    plan->size = largest < KG_GROUPS ? (int)largest + 1 : 0;
    if (plan->count > 1) {
        plan->size = (int)kg_bit_width(largest);
        const Stretch *const last = &plan->stretches[plan->count - 1];
        plan->largest_code = ((uint64_t)plan->count - 1) << plan->size | (last->most - last->least) / last->step;
    }
}

static void plan_column(Plan *plan, const uint64_t *values, size_t count, bool sorted)
{
    plan->group = 0;
    plan->kind = KG_COLUMN_CONSTANT;
    plan->least = plan->most = values[0];
    for (size_t i = 1; i < count; i++) {
        plan->least = values[i] < plan->least ? values[i] : plan->least;
        plan->most = values[i] > plan->most ? values[i] : plan->most;
    }
    plan->codes = 0;
    plan->bytes = 0;
    if (plan->least == plan->most)
        return;
    if (find_stretches(plan, values, count)) {
        order_stretches(plan);
        find_steps(plan, values, count);
    } else {
        memset(plan->stretch_of, 1, sizeof plan->stretch_of);
        plan->count = 1;
        plan->stretches[0] = (Stretch){.least = plan->least, .most = plan->most};
        set_step(&plan->stretches[0], 1);
    }
    use_stretches(plan);
    const int distinct = sorted ? 0 : find_distinct(plan, values, count);
    if (distinct) {
        const unsigned saved = kg_bit_width(plan->largest_code) - kg_bit_width((uint64_t)distinct - 1);
        if (count * saved > 8 * (size_t)(8 + distinct * bytes_of(plan->most - plan->least)))
            use_dictionary(plan, distinct);
    }
    plan->bytes = bytes_of(plan->largest_code);
    if (plan->kind == KG_COLUMN_DICTIONARY || (plan->count == 1 && plan->size))
        plan->codes = (unsigned)plan->largest_code + 1;
}

static void encode(const Plan *plan, const uint64_t *values, size_t count, uint64_t *codes)
{
    if (plan->kind == KG_COLUMN_DICTIONARY) {
        for (size_t i = 0; i < count; i++)
            codes[i] = plan->slot_codes[slot_of(plan, values[i])] - 1u;
    } else if (plan->count == 1) {
        const Stretch stretch = plan->stretches[0];
        for (size_t i = 0; i < count; i++)
            codes[i] = ((values[i] - stretch.least) >> stretch.shift) * stretch.inverse;
    } else {
        for (size_t i = 0; i < count; i++) {
            const uint64_t place = plan->stretch_of[values[i] >> 56] - 1u;
            const Stretch *const stretch = &plan->stretches[place];
            codes[i] = place << plan->size | ((values[i] - stretch->least) >> stretch->shift) * stretch->inverse;
        }
    }
}

/* ---- Methods ---- */

typedef struct Part { /* one column of one run */
    int method;
    unsigned width;
    uint64_t least;
    size_t bytes;
    size_t patches;  /* PATCHED: how many, */
    int patch_bytes; /* of how many bytes each; */
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
    consider(best, KG_ASCENT, width_of(largest), bytes_for(rows * width_of(largest)));
    if (rows > 1 && smallest > 0)
        consider(best, KG_CLIMB, width_of(largest - 1), bytes_for(rows * width_of(largest - 1)));
    if (largest > 0)
        consider(best, KG_STEPS, width_of(largest - 1), bytes_for(rows) + bytes_for(steps * width_of(largest - 1)));
}

static void consider_patches(Part *best, const uint64_t *codes, size_t rows, uint64_t range)
{
    unsigned char counts[65] = {0};
    for (size_t i = 0; i < rows; i++)
        counts[kg_bit_width(codes[i] - best->least)]++;
    const int patch_bytes = bytes_of(range);
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

static size_t grouped_bits(const Plan *plan, const uint64_t *chosen, size_t rows)
{
    size_t bits = 0;
    for (size_t i = 0; i < rows; i++)
        bits += plan->group_widths[chosen[i]];
    return bits;
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
    Part best = {.method = KG_FRAME, .width = width_of(most - least), .least = least};
    best.bytes = bytes_for(rows * best.width);
    if (ascends)
        consider_ascent(&best, codes, rows);
    if (plan->group)
        consider(&best, KG_GROUPED, 0, bytes_for(grouped_bits(plan, chosen, rows)));
    if (best.bytes > rows / 2)
        consider_patches(&best, codes, rows, most - least);
    return best;
}

/* `bytes` are 0 from `place` on, and 15 more than what is written. */
static void put_bits(unsigned char *bytes, size_t place, uint64_t number)
{
    unsigned char *const at = bytes + (place >> 3);
    kg_save(at, kg_load(at) | number << (place & 7));
}

static void write_patched(const Part *part, const uint64_t *codes, size_t rows, unsigned char *out)
{
    const size_t size = (size_t)part->patch_bytes;
    out[0] = (unsigned char)part->patches;
    out[1] = (unsigned char)size;
    unsigned char *const places = out + 2, *const high = places + part->patches;
    unsigned char *const low = high + part->patches * size;
    size_t patched = 0;
    for (size_t i = 0; i < rows; i++) {
        const uint64_t code = codes[i] - part->least;
        if (kg_bit_width(code) <= part->width) {
            put_bits(low, i * part->width, code);
            continue;
        }
        const uint64_t stored = htole64(code);
        memcpy(high + patched * size, &stored, size);
        places[patched++] = (unsigned char)i;
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
        for (size_t i = 0, place = 0; i < rows; i++) {
            put_bits(out, place, codes[i] - plan->group_least[chosen[i]]);
            place += plan->group_widths[chosen[i]];
        }
    }
}

/* ---- Groups ---- */

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

/* What column `c` takes in frames and ascents of its own, and in frames that column `by` chooses; in bits. */
static void weigh(const Packer *packer, int c, int by, size_t *alone, size_t *grouped, uint64_t *least,
                  unsigned char *widths)
{
    const Plan *const plan = &packer->plans[c], *const chooser = &packer->plans[by];
    uint64_t codes[KG_RUN_ROWS], chosen[KG_RUN_ROWS], most[KG_GROUPS];
    size_t counts[KG_GROUPS] = {0};
    memset(least, 0xff, KG_GROUPS * sizeof *least);
    memset(most, 0, sizeof most);
    *alone = 0;
    for (size_t row = 0; row < packer->rows; row += KG_RUN_ROWS) {
        const size_t rows = packer->rows - row < KG_RUN_ROWS ? packer->rows - row : KG_RUN_ROWS;
        encode(plan, packer->values[c] + row, rows, codes);
        encode(chooser, packer->values[by] + row, rows, chosen);
        uint64_t low = codes[0], high = codes[0];
        for (size_t i = 0; i < rows; i++) {
            const uint64_t code = codes[i];
            low = code < low ? code : low;
            high = code > high ? code : high;
            uint64_t *const group_low = &least[chosen[i]], *const group_high = &most[chosen[i]];
            *group_low = code < *group_low ? code : *group_low;
            *group_high = code > *group_high ? code : *group_high;
            counts[chosen[i]]++;
        }
        *alone += rows * width_of(high - low);
    }
    *grouped = 8 * chooser->codes * ((size_t)plan->bytes + 1);
    for (unsigned g = 0; g < chooser->codes; g++) {
        if (!counts[g])
            least[g] = most[g] = 0;
        widths[g] = (unsigned char)width_of(most[g] - least[g]);
        *grouped += counts[g] * widths[g];
        if (widths[g] > 56)
            *grouped = SIZE_MAX / 2;
    }
}

static void plan_groups(Packer *packer)
{
    bool chooses[KG_BLOCK_COLUMNS] = {false};
    for (int c = packer->columns - 1; c > 0; c--) {
        Plan *const plan = &packer->plans[c];
        size_t best = 0;
        if (plan->kind == KG_COLUMN_CONSTANT || plan->bytes == 8 || chooses[c])
            continue;
        for (int by = 0; by < packer->shape.keys; by++) {
            const Plan *const chooser = &packer->plans[by];
            uint64_t least[KG_GROUPS];
            unsigned char widths[KG_GROUPS];
            size_t alone, grouped;
            if (by == c || chooser->group || chooser->codes < 2)
                continue;
            weigh(packer, c, by, &alone, &grouped, least, widths);
            if (alone < grouped || alone - grouped <= best)
                continue;
            best = alone - grouped;
            plan->group = by + 1;
            memcpy(plan->group_least, least, sizeof least);
            memcpy(plan->group_widths, widths, sizeof widths);
        }
        if (plan->group)
            chooses[plan->group - 1] = true;
    }
}

/* ---- Blocks ---- */

static unsigned char *put_number(unsigned char *out, uint64_t number, size_t bytes)
{
    number = htole64(number);
    memcpy(out, &number, bytes);
    return out + bytes;
}

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
            out = put_number(out, plan->group_least[g], (size_t)plan->bytes);
            *out++ = plan->group_widths[g];
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
                encode(&packer->plans[c], packer->values[c] + done, rows, packer->codes[c]);
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
    packer->rows = rows;
    packer->head_bytes = 0;
    for (int c = 0; c < packer->columns; c++) {
        Plan *const plan = &packer->plans[c];
        plan_column(plan, packer->values[c], rows, c == 0);
        if (plan->kind != KG_COLUMN_CONSTANT)
            packer->head_bytes += KG_RUN_HEAD + (size_t)plan->bytes;
    }
    plan_groups(packer);
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
        if (done == rows && rows < most && *bytes < KG_BLOCK_BYTES * 19 / 20 && tries < 8)
            rows = rows * KG_BLOCK_BYTES / *bytes * 17 / 16 + 8;
        else if (done == 0 && rows > 1)
            rows = rows / 4 + 1;
        else
            return done;
    }
}
