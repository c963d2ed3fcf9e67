/* digits.c - pictures of digits as hands write them, drawn here so that a classifier can be shown without shipping or
 * fetching anyone's pictures. A digit has a few ways of being written; each is a handful of strokes through points on
 * a sheet of 100 x 100. A picture shakes the points, joins them by straight lines or Catmull-Rom curves (Catmull, Rom
 * 1974), slants, turns, stretches and moves the sheet, and inks every pixel by its distance from the nearest stroke. */
#include "datasets/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE DATASETS_DIGIT_SIDE
#define PIXELS (SIDE * SIDE)
#define MAX_POINTS 12
#define MAX_STROKES 3
#define MAX_WAYS 4
#define PIECES 8 /* straight ones to a curve between two points */

typedef struct Point {
    float x, y;
} Point;
typedef struct Stroke {
    enum { STRAIGHT = 1, CURVED, CLOSED } kind; /* closed: a curve back to where it began */
    int count;
    Point points[MAX_POINTS];
} Stroke;
typedef struct Way {
    Stroke strokes[MAX_STROKES]; /* until one of kind 0 */
} Way;

static const Way ways[10][MAX_WAYS] = {
    /* until one without strokes */
    {
        {{{CLOSED, 8, {{50, 0}, {27, 13}, {18, 50}, {27, 87}, {50, 100}, {73, 87}, {82, 50}, {73, 13}}}}},
        {{{CLOSED, 6, {{55, 0}, {30, 30}, {28, 70}, {48, 100}, {70, 72}, {72, 28}}}}},
        {{{CURVED, 9, {{62, 6}, {36, 6}, {20, 38}, {24, 80}, {50, 100}, {77, 82}, {82, 42}, {66, 8}, {42, 12}}}}},
    },
    {
        {{{STRAIGHT, 2, {{50, 0}, {50, 100}}}}},
        {{{STRAIGHT, 3, {{32, 24}, {54, 0}, {54, 100}}}}},
        {{{STRAIGHT, 3, {{30, 22}, {52, 0}, {52, 100}}}, {STRAIGHT, 2, {{30, 100}, {74, 100}}}}},
        {{{CURVED, 3, {{54, 0}, {49, 50}, {47, 100}}}}},
    },
    {
        {{{CURVED, 7, {{18, 26}, {30, 6}, {54, 0}, {76, 16}, {72, 42}, {48, 70}, {18, 100}}},
          {STRAIGHT, 2, {{18, 100}, {84, 100}}}}},
        {{{CURVED,
           11,
           {{20, 22},
            {36, 2},
            {62, 2},
            {76, 24},
            {66, 52},
            {40, 86},
            {22, 98},
            {16, 86},
            {32, 80},
            {56, 94},
            {86, 92}}}}},
        {{{CURVED, 5, {{22, 10}, {50, 0}, {76, 18}, {62, 52}, {20, 94}}}, {CURVED, 3, {{20, 94}, {50, 90}, {84, 98}}}}},
    },
    {
        {{{CURVED, 6, {{20, 12}, {44, 0}, {72, 12}, {68, 36}, {52, 46}, {38, 48}}},
          {CURVED, 6, {{38, 48}, {62, 52}, {80, 72}, {70, 92}, {46, 100}, {18, 90}}}}},
        {{{STRAIGHT, 3, {{20, 2}, {76, 2}, {46, 40}}},
          {CURVED, 6, {{46, 40}, {68, 46}, {80, 68}, {70, 92}, {44, 100}, {18, 90}}}}},
        {{{CURVED, 9, {{24, 8}, {56, 0}, {72, 20}, {48, 44}, {38, 47}, {58, 50}, {78, 72}, {56, 98}, {20, 94}}}}},
    },
    {
        {{{STRAIGHT, 3, {{60, 0}, {14, 66}, {86, 66}}}, {STRAIGHT, 2, {{60, 0}, {60, 100}}}}},
        {{{STRAIGHT, 3, {{26, 4}, {18, 56}, {82, 56}}}, {STRAIGHT, 2, {{70, 0}, {66, 100}}}}},
        {{{CURVED, 5, {{24, 2}, {20, 34}, {26, 52}, {52, 54}, {80, 46}}}, {CURVED, 3, {{76, 2}, {72, 50}, {66, 100}}}}},
        {{{STRAIGHT, 3, {{50, 2}, {16, 58}, {84, 54}}}, {STRAIGHT, 2, {{66, 28}, {60, 100}}}}},
    },
    {
        {{{STRAIGHT, 3, {{76, 2}, {30, 2}, {26, 44}}},
          {CURVED, 6, {{26, 44}, {54, 38}, {78, 58}, {74, 86}, {48, 100}, {18, 90}}}}},
        {{{STRAIGHT, 2, {{78, 0}, {34, 4}}},
          {CURVED, 7, {{34, 4}, {30, 40}, {56, 42}, {76, 62}, {70, 88}, {44, 100}, {20, 92}}}}},
        {{{CURVED, 8, {{78, 4}, {44, 4}, {30, 20}, {38, 42}, {64, 54}, {72, 80}, {48, 100}, {18, 92}}}}},
    },
    {
        {{{CURVED,
           10,
           {{70, 2}, {42, 20}, {24, 52}, {26, 84}, {50, 100}, {74, 86}, {74, 64}, {54, 52}, {34, 60}, {25, 76}}}}},
        {{{CURVED, 8, {{54, 0}, {34, 36}, {22, 74}, {40, 98}, {66, 94}, {74, 74}, {56, 60}, {28, 74}}}}},
        {{{STRAIGHT, 2, {{62, 0}, {28, 62}}},
          {CLOSED, 6, {{26, 72}, {36, 96}, {60, 100}, {76, 80}, {64, 60}, {40, 58}}}}},
    },
    {
        {{{STRAIGHT, 3, {{16, 2}, {82, 2}, {42, 100}}}}},
        {{{STRAIGHT, 3, {{16, 2}, {80, 2}, {44, 100}}}, {STRAIGHT, 2, {{34, 50}, {78, 50}}}}},
        {{{STRAIGHT, 2, {{18, 6}, {80, 2}}}, {CURVED, 4, {{80, 2}, {60, 34}, {48, 66}, {44, 100}}}}},
        {{{STRAIGHT, 4, {{18, 18}, {20, 2}, {80, 2}, {40, 100}}}}},
    },
    {
        {{{CLOSED,
           10,
           {{50, 0}, {28, 12}, {32, 34}, {66, 58}, {76, 82}, {50, 100}, {24, 82}, {34, 58}, {68, 34}, {72, 12}}}}},
        {{{CLOSED, 6, {{50, 0}, {28, 12}, {30, 36}, {50, 46}, {70, 36}, {72, 12}}},
          {CLOSED, 6, {{50, 46}, {24, 60}, {26, 90}, {50, 100}, {74, 90}, {76, 60}}}}},
        {{{CURVED,
           11,
           {{72, 10},
            {46, 0},
            {28, 16},
            {42, 42},
            {70, 66},
            {66, 94},
            {40, 98},
            {26, 78},
            {46, 50},
            {74, 26},
            {70, 6}}}}},
    },
    {
        {{{CLOSED, 6, {{72, 24}, {52, 2}, {28, 14}, {24, 40}, {46, 54}, {70, 44}}},
          {STRAIGHT, 2, {{74, 16}, {66, 100}}}}},
        {{{CURVED,
           10,
           {{74, 22}, {54, 0}, {28, 12}, {26, 42}, {52, 52}, {74, 26}, {76, 56}, {66, 86}, {48, 100}, {24, 94}}}}},
        {{{CURVED, 7, {{72, 8}, {42, 4}, {26, 30}, {44, 52}, {66, 40}, {74, 12}, {75, 8}}},
          {CURVED, 3, {{75, 8}, {70, 54}, {50, 100}}}}},
    },
};

/* ---- From strokes to pixels ------------------------------------------------------------------------------------ */

static float between(BaseRandom *random, double low, double high)
{
    return (float)(low + (high - low) * base_random_unit(random));
}

/* From the sheet to the picture. */
typedef struct Sheet {
    float xx, xy, yx, yy; /* x' = xx x + xy y + x0 */
    float x0, y0;
} Sheet;

static Sheet lay_sheet(BaseRandom *random)
{
    const float turn = between(random, -0.16, 0.16);
    const float slant = between(random, -0.28, 0.14); /* most hands lean to the right */
    const float width = between(random, 0.13, 0.205), height = between(random, 0.155, 0.205);
    const float cosine = cosf(turn), sine = sinf(turn);
    return (Sheet){
        .xx = width * cosine,
        .xy = height * (slant * cosine - sine),
        .yx = width * sine,
        .yy = height * (slant * sine + cosine),
        .x0 = (float)SIDE / 2 + between(random, -1.8, 1.8),
        .y0 = (float)SIDE / 2 + between(random, -1.8, 1.8),
    };
}

static Point place_on(const Sheet *sheet, Point p)
{
    const float x = p.x - 50, y = p.y - 50;
    return (Point){sheet->xx * x + sheet->xy * y + sheet->x0, sheet->yx * x + sheet->yy * y + sheet->y0};
}

static float distance_to(Point p, Point a, Point b)
{
    const float dx = b.x - a.x, dy = b.y - a.y;
    const float length2 = dx * dx + dy * dy;
    float t = length2 > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypotf(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/* A line of the pen: each pixel keeps the darkest ink it got. A pixel at the edge is inked in part, by how far its
 * middle is from the edge: that smooths the outline. */
static void ink_line(float ink[PIXELS], Point a, Point b, float radius)
{
    const float reach = radius + 1;
    const int left = (int)fmaxf(0, floorf(fminf(a.x, b.x) - reach));
    const int right = (int)fminf(SIDE - 1, ceilf(fmaxf(a.x, b.x) + reach));
    const int top = (int)fmaxf(0, floorf(fminf(a.y, b.y) - reach));
    const int bottom = (int)fminf(SIDE - 1, ceilf(fmaxf(a.y, b.y) + reach));
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++) {
            const Point middle = {(float)x + 0.5f, (float)y + 0.5f};
            const float covered = fminf(1, fmaxf(0, radius + 0.5f - distance_to(middle, a, b)));
            ink[y * SIDE + x] = fmaxf(ink[y * SIDE + x], covered);
        }
}

/* The Catmull-Rom curve from p[1] to p[2]. */
static Point on_curve(const Point p[4], float t)
{
    const float t2 = t * t, t3 = t2 * t;
    const float w0 = -t3 + 2 * t2 - t, w1 = 3 * t3 - 5 * t2 + 2, w2 = -3 * t3 + 4 * t2 + t, w3 = t3 - t2;
    return (Point){(w0 * p[0].x + w1 * p[1].x + w2 * p[2].x + w3 * p[3].x) / 2,
                   (w0 * p[0].y + w1 * p[1].y + w2 * p[2].y + w3 * p[3].y) / 2};
}

/* Point i of the stroke; past the ends the first and last one again, or for a closed one the round begins anew. */
static Point point_of(const Stroke *stroke, const Point *points, int i)
{
    if (stroke->kind == CLOSED)
        return points[(i + stroke->count) % stroke->count];
    return points[i < 0 ? 0 : i >= stroke->count ? stroke->count - 1 : i];
}

static void ink_stroke(float ink[PIXELS], const Stroke *stroke, const Point *points, float radius)
{
    const int spans = stroke->kind == CLOSED ? stroke->count : stroke->count - 1;
    for (int i = 0; i < spans; i++) {
        const Point p[4] = {point_of(stroke, points, i - 1), point_of(stroke, points, i),
                            point_of(stroke, points, i + 1), point_of(stroke, points, i + 2)};
        if (stroke->kind == STRAIGHT) {
            ink_line(ink, p[1], p[2], radius);
            continue;
        }
        for (int piece = 0; piece < PIECES; piece++)
            ink_line(ink, on_curve(p, (float)piece / PIECES), on_curve(p, (float)(piece + 1) / PIECES), radius);
    }
}

static const Way *choose_way(int digit, BaseRandom *random)
{
    size_t count = 0;
    while (count < MAX_WAYS && ways[digit][count].strokes[0].kind)
        count++;
    return &ways[digit][base_random_below(random, count)];
}

void datasets_draw_digit(int digit, BaseRandom *random, uint8_t pixels[PIXELS])
{
    float ink[PIXELS] = {0};
    const Way *const way = choose_way(digit, random);
    const Sheet sheet = lay_sheet(random);
    const float radius = between(random, 0.75, 1.9), shake = between(random, 0.5, 4.2);
    for (int s = 0; s < MAX_STROKES && way->strokes[s].kind; s++) {
        const Stroke *const stroke = &way->strokes[s];
        Point points[MAX_POINTS];
        for (int i = 0; i < stroke->count; i++)
            points[i] = place_on(&sheet, (Point){stroke->points[i].x + shake * (float)base_random_normal(random),
                                                 stroke->points[i].y + shake * (float)base_random_normal(random)});
        ink_stroke(ink, stroke, points, radius * between(random, 0.9, 1.1));
    }
    const float strength = between(random, 185, 255), noise = between(random, 0, 22);
    for (int i = 0; i < PIXELS; i++) {
        const float value = strength * ink[i] + noise * (float)base_random_normal(random);
        pixels[i] = (uint8_t)fminf(255, fmaxf(0, roundf(value)));
    }
}

/* ---- The set --------------------------------------------------------------------------------------------------- */

#define USUAL_SEED 28
static const char *const class_names[10] = {"zero", "one", "two",   "three", "four",
                                            "five", "six", "seven", "eight", "nine"};

/* As many of each digit, in a random order. */
static BaseStatus draw_part(const char *part, uint32_t count, uint64_t seed, DatasetsOutput *output, BaseJob *job,
                            BaseError *err)
{
    char name[48], stage[64];
    DatasetsPart *image_part, *label_part;
    BaseRandom random;
    base_random_seed(&random, seed);
    uint8_t *const pixels = malloc((size_t)count * PIXELS);
    uint8_t *const labels = malloc(count);
    uint32_t *const order = malloc(count * sizeof *order);
    BaseStatus status = BASE_OK;
    if (!pixels || !labels || !order) {
        status = base_fail(err, BASE_NO_MEMORY, "no memory to draw %u digits", count);
        goto done;
    }
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    base_random_shuffle(&random, order, count);
    snprintf(stage, sizeof stage, "drawing %s", part);
    for (uint32_t i = 0; i < count; i++) {
        labels[i] = (uint8_t)(order[i] % 10);
        datasets_draw_digit(labels[i], &random, pixels + (size_t)i * PIXELS);
        base_job_step(job, stage, "images", i + 1, count, NULL);
        if (base_job_cancelled(job)) {
            status = base_fail(err, BASE_CANCELLED, "cancelled while %s", stage);
            goto done;
        }
    }
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
    status = datasets_output_add(output, name, "images", &image_part, err);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
    if (status == BASE_OK)
        status = datasets_output_add(output, name, "labels", &label_part, err);
    if (status == BASE_OK) {
        datasets_put_idx(image_part->file.stream,
                         &(DatasetsIdx){.rank = 3, .dims = {count, SIDE, SIDE}, .bytes = pixels});
        datasets_put_idx(label_part->file.stream, &(DatasetsIdx){.rank = 1, .dims = {count}, .bytes = labels});
        image_part->count = label_part->count = count;
    }
done:
    free(pixels);
    free(labels);
    free(order);
    return status;
}

static BaseStatus write_classes(DatasetsOutput *output, BaseError *err)
{
    DatasetsPart *part;
    const BaseStatus status = datasets_output_add(output, "classes.txt", "classes", &part, err);
    if (status != BASE_OK)
        return status;
    for (int i = 0; i < 10; i++)
        fprintf(part->file.stream, "%s\n", class_names[i]);
    part->count = 10;
    return BASE_OK;
}

/* A picture that is in neither part, for showing what a classifier makes of it. */
static BaseStatus write_picture(const char *name, int digit, uint64_t seed, DatasetsOutput *output, BaseError *err)
{
    DatasetsPart *part;
    uint8_t pixels[PIXELS];
    BaseRandom random;
    base_random_seed(&random, seed);
    datasets_draw_digit(digit, &random, pixels);
    const BaseStatus status = datasets_output_add(output, name, "pictures", &part, err);
    if (status != BASE_OK)
        return status;
    datasets_put_pgm(part->file.stream, &(DatasetsImage){.width = SIDE, .height = SIDE, .pixels = pixels});
    part->count = 1;
    return BASE_OK;
}

static BaseStatus write_readme(uint64_t seed, DatasetsOutput *output, BaseError *err)
{
    DatasetsPart *part;
    const BaseStatus status = datasets_output_add(output, "README", "notes", &part, err);
    if (status != BASE_OK)
        return status;
    fprintf(part->file.stream,
            "Drawn digits: 28 x 28 grey pictures of 0 to 9, white on black, with their labels.\n\n"
            "Made by `kgq datasets digits`, seed %llu, from strokes defined in kgq's datasets/digits.c; no person's\n"
            "handwriting is in them. The same seed makes the same files.\n\n"
            "train-images-idx3-ubyte, train-labels-idx1-ubyte   to learn from (IDX)\n"
            "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte     to test with\n"
            "classes.txt                                        the name of class n on line n + 1\n"
            "nine.pgm                                           one more picture, of a nine\n\n"
            "Licence: CC0 1.0, https://creativecommons.org/publicdomain/zero/1.0/\n",
            (unsigned long long)seed);
    part->count = 1;
    return BASE_OK;
}

BaseStatus datasets_convert_digits(const char *folder, const DatasetsOptions *options, DatasetsOutput *output,
                                   BaseJob *job, BaseError *err)
{
    (void)folder;
    const uint64_t seed = options->seed ? options->seed : USUAL_SEED;
    BaseStatus status = draw_part("train", 6000, base_mix(seed), output, job, err);
    if (status == BASE_OK)
        status = draw_part("t10k", 1000, base_mix(seed + 1), output, job, err);
    if (status == BASE_OK)
        status = write_classes(output, err);
    if (status == BASE_OK)
        status = write_picture("nine.pgm", 9, base_mix(seed + 2), output, err);
    if (status == BASE_OK)
        status = write_readme(seed, output, err);
    return status;
}
