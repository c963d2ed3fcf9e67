/* Tiles of c are summed up in registers: for each column of a, a few vectors of b's row times the tile's rows of a,
 * each number of a spread over a vector (the micro-kernel of Goto, van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication", 2008, without its packing). The sizes of the tiles are what 32 registers of 16 floats (AVX-512), or
 * 16 of 8 (AVX2), hold; the processor is asked once. */
#include "nn/product.h"

#include "nn/kernel.h"

#include <pthread.h>

typedef void Tile(const NnProduct *product, const float *a, const float *b, float *c);

/* Tiles of c that are `vectors` wide: tiles[r - 1] for r rows. */
typedef struct TileSet {
    int vectors, rows;
    Tile *const *tiles;
} TileSet;

typedef struct Kernels {
    int lanes;
    TileSet sets[3]; /* widest first */
} Kernels;

#if defined(__x86_64__) && !defined(NN_KERNEL_PLAIN)

/* clang takes its own word for it. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#define DEFINE_TILE(NAME, TARGET, VECTOR, LANES, ROWS, VECTORS)                                                        \
    __attribute__((target(TARGET))) static void NAME(const NnProduct *product, const float *a, const float *b,         \
                                                     float *c)                                                         \
    {                                                                                                                  \
        VECTOR sums[ROWS][VECTORS];                                                                                    \
        const float *rows[ROWS];                                                                                       \
        const int64_t step = product->a_step, k = product->k, b_row = product->b_row;                                  \
        UNROLL for (int i = 0; i < ROWS; i++)                                                                          \
        {                                                                                                              \
            rows[i] = a + i * product->a_row;                                                                          \
            UNROLL for (int j = 0; j < VECTORS; j++) sums[i][j] =                                                      \
                product->adds ? *(const VECTOR *)(c + i * product->c_row + j * LANES) : (VECTOR){0};                   \
        }                                                                                                              \
        for (int64_t segment = 0; segment < product->segments; segment++) {                                            \
            for (int64_t p = 0; p < k; p++, b += b_row) {                                                              \
                VECTOR row[VECTORS];                                                                                   \
                UNROLL for (int j = 0; j < VECTORS; j++) row[j] = *(const VECTOR *)(b + j * LANES);                    \
                UNROLL for (int i = 0; i < ROWS; i++)                                                                  \
                {                                                                                                      \
                    const float x = rows[i][p * step];                                                                 \
                    UNROLL for (int j = 0; j < VECTORS; j++) sums[i][j] += x * row[j];                                 \
                }                                                                                                      \
            }                                                                                                          \
            UNROLL for (int i = 0; i < ROWS; i++) rows[i] += product->a_segment;                                       \
        }                                                                                                              \
        UNROLL for (int i = 0; i < ROWS; i++) UNROLL for (int j = 0; j < VECTORS; j++) *                               \
            (VECTOR *)(c + i * product->c_row + j * LANES) = sums[i][j];                                               \
    }

/* Unaligned, and allowed to look at floats. */
typedef float Vector16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef float Vector8 __attribute__((vector_size(32), aligned(4), may_alias));

#define WIDE(ROWS, VECTORS) DEFINE_TILE(wide_##ROWS##_##VECTORS, "avx512f", Vector16, 16, ROWS, VECTORS)
#define SMALL(ROWS, VECTORS) DEFINE_TILE(small_##ROWS##_##VECTORS, "avx2,fma", Vector8, 8, ROWS, VECTORS)
#define TILES_OF_6(KIND, VECTORS)                                                                                      \
    KIND(1, VECTORS) KIND(2, VECTORS) KIND(3, VECTORS) KIND(4, VECTORS) KIND(5, VECTORS) KIND(6, VECTORS)
#define TILES_OF_12(KIND, VECTORS)                                                                                     \
    TILES_OF_6(KIND, VECTORS)                                                                                          \
    KIND(7, VECTORS) KIND(8, VECTORS) KIND(9, VECTORS) KIND(10, VECTORS) KIND(11, VECTORS) KIND(12, VECTORS)
TILES_OF_6(WIDE, 4)
TILES_OF_12(WIDE, 2)
WIDE(13, 2)
TILES_OF_12(WIDE, 1)
WIDE(13, 1)
SMALL(1, 4)
SMALL(2, 4)
SMALL(3, 4)
TILES_OF_6(SMALL, 2)
TILES_OF_12(SMALL, 1)

#define NAMES_OF_6(KIND, V) KIND##_1_##V, KIND##_2_##V, KIND##_3_##V, KIND##_4_##V, KIND##_5_##V, KIND##_6_##V
#define NAMES_OF_12(KIND, V)                                                                                           \
    NAMES_OF_6(KIND, V), KIND##_7_##V, KIND##_8_##V, KIND##_9_##V, KIND##_10_##V, KIND##_11_##V, KIND##_12_##V
static Tile *const wide_4[] = {NAMES_OF_6(wide, 4)};
static Tile *const wide_2[] = {NAMES_OF_12(wide, 2), wide_13_2};
static Tile *const wide_1[] = {NAMES_OF_12(wide, 1), wide_13_1};
static Tile *const small_4[] = {small_1_4, small_2_4, small_3_4};
static Tile *const small_2[] = {NAMES_OF_6(small, 2)};
static Tile *const small_1[] = {NAMES_OF_12(small, 1)};

static const Kernels avx512 = {16, {{4, 6, wide_4}, {2, 13, wide_2}, {1, 13, wide_1}}};
static const Kernels avx2 = {8, {{4, 3, small_4}, {2, 6, small_2}, {1, 12, small_1}}};

static const Kernels *find_kernels(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return &avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2;
    return NULL;
}
#else
static const Kernels *find_kernels(void)
{
    return NULL;
}
#endif

static const Kernels *kernels; /* NULL: none of them fits the processor */

static void choose_kernels(void)
{
    kernels = find_kernels();
}

/* Columns from `from` on, where no vector is filled. */
static void plain_columns(const NnProduct *product, int64_t from)
{
    for (int64_t i = 0; i < product->m; i++) {
        float *const c = product->c + i * product->c_row;
        for (int64_t j = from; j < product->n && !product->adds; j++)
            c[j] = 0;
        for (int64_t s = 0; s < product->segments; s++)
            for (int64_t p = 0; p < product->k; p++) {
                const float x = product->a[i * product->a_row + p * product->a_step + s * product->a_segment];
                const float *const b = product->b + (s * product->k + p) * product->b_row;
                for (int64_t j = from; j < product->n; j++)
                    c[j] += x * b[j];
            }
    }
}

/* A stripe of c as wide as the tiles, rows shared evenly among as few tiles as will do. */
static void stripe(const NnProduct *product, const TileSet *set, int64_t column)
{
    const int64_t tiles = (product->m + set->rows - 1) / set->rows;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t from = product->m * t / tiles, to = product->m * (t + 1) / tiles;
        set->tiles[to - from - 1](product, product->a + from * product->a_row, product->b + column,
                                  product->c + from * product->c_row + column);
    }
}

void nn_product(const NnProduct *product)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose_kernels);
    int64_t column = 0;
    for (int s = 0; kernels && s < 3; s++) {
        const TileSet *const set = &kernels->sets[s];
        const int64_t width = (int64_t)set->vectors * kernels->lanes;
        for (; product->n - column >= width; column += width)
            stripe(product, set, column);
    }
    if (column < product->n)
        plain_columns(product, column);
}
