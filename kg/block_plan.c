/* block_plan.c - what the columns of a block have in common: stretches of values and their steps, few distinct values,
 * and columns whose codes tell where those of another lie (what a predicate's objects have in common). */
#include "kg/block_plan.h"

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
        slot = (slot + 1) % KG_SLOTS;
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
    plan->size = kg_bytes_of(plan->most - plan->least);
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
        if (count * saved > 8 * (size_t)(8 + distinct * kg_bytes_of(plan->most - plan->least)))
            use_dictionary(plan, distinct);
    }
    plan->bytes = kg_bytes_of(plan->largest_code);
    if (plan->kind == KG_COLUMN_DICTIONARY || (plan->count == 1 && plan->size))
        plan->codes = (unsigned)plan->largest_code + 1;
}

void kg_encode(const Plan *plan, const uint64_t *values, size_t count, uint64_t *codes)
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
/* ---- Groups ---- */

typedef struct Groups {
    uint64_t least[KG_GROUPS], most[KG_GROUPS];
    size_t counts[KG_GROUPS];
    unsigned char widths[KG_GROUPS];
    size_t alone, grouped; /* bits the column takes by itself, and in frames that the other column chooses */
} Groups;

/* By itself, one run takes a frame or, if it ascends, its steps. */
static size_t bits_alone(const uint64_t *codes, size_t rows)
{
    uint64_t low = codes[0], high = codes[0], largest_step = 0;
    for (size_t i = 1; i < rows; i++) {
        const uint64_t step = codes[i] - codes[i - 1]; /* huge when it descends */
        low = codes[i] < low ? codes[i] : low;
        high = codes[i] > high ? codes[i] : high;
        largest_step = step > largest_step ? step : largest_step;
    }
    const uint64_t range = high - low;
    return rows * kg_stored_width(largest_step < range ? largest_step : range);
}

typedef struct Pair { /* a column and one that may choose its frames */
    const Plan *plan, *chooser;
    const uint64_t *values, *choosing;
    size_t count;
} Pair;

static size_t encode_pair(const Pair *pair, size_t row, uint64_t *codes, uint64_t *chosen)
{
    const size_t rows = pair->count - row < KG_RUN_ROWS ? pair->count - row : KG_RUN_ROWS;
    kg_encode(pair->plan, pair->values + row, rows, codes);
    kg_encode(pair->chooser, pair->choosing + row, rows, chosen);
    return rows;
}

static void find_ranges(const Pair *pair, Groups *out)
{
    uint64_t codes[KG_RUN_ROWS], chosen[KG_RUN_ROWS];
    memset(out, 0, sizeof *out);
    memset(out->least, 0xff, sizeof out->least);
    for (size_t row = 0; row < pair->count; row += KG_RUN_ROWS) {
        const size_t rows = encode_pair(pair, row, codes, chosen);
        out->alone += bits_alone(codes, rows);
        for (size_t i = 0; i < rows; i++) {
            uint64_t *const least = &out->least[chosen[i]], *const most = &out->most[chosen[i]];
            *least = codes[i] < *least ? codes[i] : *least;
            *most = codes[i] > *most ? codes[i] : *most;
            out->counts[chosen[i]]++;
        }
    }
    for (unsigned g = 0; g < pair->chooser->codes; g++)
        if (!out->counts[g])
            out->least[g] = out->most[g] = 0;
}

/* Widths that leave some numbers to be patches, where that takes less. Returns the bits of all groups' numbers. */
static size_t find_widths(const Pair *pair, Groups *groups)
{
    uint64_t codes[KG_RUN_ROWS], chosen[KG_RUN_ROWS];
    uint16_t counts[KG_GROUPS][65] = {{0}};
    for (size_t row = 0; row < pair->count; row += KG_RUN_ROWS) {
        const size_t rows = encode_pair(pair, row, codes, chosen);
        for (size_t i = 0; i < rows; i++)
            counts[chosen[i]][kg_bit_width(codes[i] - groups->least[chosen[i]])]++;
    }
    const size_t patch_bits = 8 * ((size_t)pair->plan->bytes + 1);
    size_t total = 0;
    for (unsigned g = 0; g < pair->chooser->codes; g++) {
        size_t patches = 0, best = SIZE_MAX;
        for (unsigned width = 65; width-- > 0;) {
            const size_t bits = groups->counts[g] * width + patches * patch_bits;
            if (width <= 56 && bits <= best) {
                best = bits;
                groups->widths[g] = (unsigned char)width;
            }
            patches += counts[g][width];
        }
        total += best;
    }
    return total;
}

#define WIDE 32 /* bits: a group so wide has numbers of different stretches */

static void weigh(const Pair *pair, Groups *out)
{
    find_ranges(pair, out);
    size_t bits = 0;
    bool wide = false;
    for (unsigned g = 0; g < pair->chooser->codes; g++) {
        const unsigned width = kg_bit_width(out->most[g] - out->least[g]);
        out->widths[g] = (unsigned char)width;
        bits += out->counts[g] * width;
        wide |= width > WIDE;
    }
    out->grouped = 8 * pair->chooser->codes * ((size_t)pair->plan->bytes + 1) + (wide ? find_widths(pair, out) : bits);
}

/* From the last column to the second, as the object gains most; the first ascends. One that chooses is not chosen for.
 */
static void plan_groups(KgShape shape, const uint64_t *const columns[], size_t count, Plan plans[KG_BLOCK_COLUMNS])
{
    bool chooses[KG_BLOCK_COLUMNS] = {false};
    for (int c = shape.keys + shape.values - 1; c > 0; c--) {
        Plan *const plan = &plans[c];
        size_t best = 0;
        if (plan->kind == KG_COLUMN_CONSTANT || chooses[c])
            continue;
        for (int by = 0; by < shape.keys; by++) {
            Groups groups;
            if (by == c || plans[by].group || plans[by].codes < 2)
                continue;
            weigh(&(Pair){plan, &plans[by], columns[c], columns[by], count}, &groups);
            if (groups.alone < groups.grouped || groups.alone - groups.grouped <= best)
                continue;
            best = groups.alone - groups.grouped;
            plan->group = by + 1;
            memcpy(plan->group_least, groups.least, sizeof groups.least);
            memcpy(plan->group_widths, groups.widths, sizeof groups.widths);
        }
        if (plan->group)
            chooses[plan->group - 1] = true;
    }
}

void kg_plan(KgShape shape, const uint64_t *const columns[], size_t count, Plan plans[KG_BLOCK_COLUMNS])
{
    for (int c = 0; c < shape.keys + shape.values; c++)
        plan_column(&plans[c], columns[c], count, c == 0);
    plan_groups(shape, columns, count, plans);
}
