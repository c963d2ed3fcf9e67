/* A shop of any size as TSV on stdout, as fast as a database can read it; nothing is kept:
 *     gen_big TRIPLES [SEED 42] | kgq import DATABASE - --format tsv
 * Products, their makers and features, people who follow and like, reviews: about as many triples as asked for, a
 * distinct term for every four of them, popular ones by a power law, titles, integers, decimals and dates. */
#include "base/base.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS 3000
#define MOST_WORD 16
#define CLASSES 341
#define COUNTRIES 25
#define TRIPLES_A_PRODUCT 46.5 /* with the people and reviews that come with it */

static BaseRandom random_state;
static char words[WORDS][MOST_WORD];
static uint64_t triple_count;

static uint64_t below(uint64_t limit)
{
    return (uint64_t)(base_random_unit(&random_state) * (double)limit);
}

/* A rank out of `count`, 0 the most popular: a bounded power law by inversion. */
static uint64_t popular(uint64_t count)
{
    const double u = base_random_unit(&random_state);
    return (uint64_t)(u * u * sqrt(u) * (double)count);
}

static void make_words(void)
{
    static const char *const syllables[] = {"ka", "lo", "mi",  "ter", "van", "zu",  "pre", "shi",
                                            "on", "da", "rel", "ix",  "bo",  "qua", "nes"};
    for (size_t i = 0; i < WORDS; i++) {
        const uint64_t parts = 2 + below(3);
        for (uint64_t k = 0, at = 0; k < parts; k++)
            at += (uint64_t)snprintf(words[i] + at, MOST_WORD - at, "%s", syllables[below(15)]);
    }
}

/* ---- Lines ---- */

static void say(const char *kind, uint64_t number, const char *predicate)
{
    printf("%s%" PRIu64 "\t%s\t", kind, number, predicate);
    triple_count++;
}

static void say_link(const char *kind, uint64_t number, const char *predicate, const char *to, uint64_t to_number)
{
    say(kind, number, predicate);
    printf("%s%" PRIu64 "\n", to, to_number);
}

static void say_class(const char *kind, uint64_t number, const char *name)
{
    say(kind, number, "type");
    printf("v:%s\n", name);
}

static void say_text(const char *kind, uint64_t number, const char *predicate, int length)
{
    say(kind, number, predicate);
    for (int i = 0; i < length; i++)
        printf("%s%s", i ? " " : "\"", words[popular(WORDS)]);
    puts("\"");
}

static void say_integer(const char *kind, uint64_t number, const char *predicate, uint64_t value)
{
    say(kind, number, predicate);
    printf("\"%" PRIu64 "\"^^xsd:integer\n", value);
}

static void say_date(const char *kind, uint64_t number)
{
    say(kind, number, "date");
    printf("\"%u-%02u-%02u\"^^xsd:date\n", (unsigned)(2010 + below(15)), (unsigned)(1 + below(12)),
           (unsigned)(1 + below(28)));
}

/* Up to `most` (at most 32) links to popular things, each once. */
static void say_links(const char *kind, uint64_t number, const char *predicate, const char *to, uint64_t count,
                      uint64_t most)
{
    uint64_t told[32];
    size_t told_count = 0;
    for (uint64_t i = 0; i < most; i++) {
        const uint64_t one = popular(count);
        bool is_new = true;
        for (size_t k = 0; is_new && k < told_count; k++)
            is_new = told[k] != one;
        if (!is_new)
            continue;
        told[told_count++] = one;
        say_link(kind, number, predicate, to, one);
    }
}

/* ---- The shop ---- */

typedef struct Shop {
    uint64_t products, people, makers, features, reviews;
} Shop;

static void say_product(const Shop *shop, uint64_t number)
{
    const double dear = base_random_unit(&random_state);
    say_link("Product", number, "type", "Class", 85 + popular(CLASSES - 85));
    say_text("Product", number, "label", 4);
    say("Product", number, "price");
    printf("\"%u.%02u\"^^xsd:decimal\n", 1 + (unsigned)(999 * dear * dear), (unsigned)below(100));
    say_link("Product", number, "producer", "Maker", popular(shop->makers));
    say_date("Product", number);
    say_integer("Product", number, "stock", below(1000));
    say_links("Product", number, "feature", "Feature", shop->features, 3 + below(7));
    if (below(10) < 4)
        say_link("Product", number, "homepage", "home/", number);
}

static void say_person(const Shop *shop, uint64_t number)
{
    say_class("User", number, "User");
    say_text("User", number, "name", 2);
    say_integer("User", number, "age", 16 + below(70));
    say_link("User", number, "country", "Country", popular(COUNTRIES));
    say_links("User", number, "follows", "User", shop->people, 1 + below(20));
    say_links("User", number, "likes", "Product", shop->products, below(13));
}

static void say_review(const Shop *shop, uint64_t number)
{
    say_class("Review", number, "Review");
    say_link("Review", number, "reviewFor", "Product", popular(shop->products));
    say_link("Review", number, "reviewer", "User", popular(shop->people));
    say_integer("Review", number, "rating", 1 + below(10));
    say_text("Review", number, "title", 5);
    say_date("Review", number);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: gen_big TRIPLES [SEED 42]\n");
        return 2;
    }
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    base_random_seed(&random_state, argc > 2 ? strtoull(argv[2], NULL, 10) : 42);
    make_words();
    const uint64_t products = (uint64_t)(strtod(argv[1], NULL) / TRIPLES_A_PRODUCT) + 50;
    const Shop shop = {products, products / 2, products / 50 + 10, products / 20 + 40, 4 * products};
    for (uint64_t i = 1; i < CLASSES; i++)
        say_link("Class", i, "subClassOf", "Class", (i - 1) / 4);
    for (uint64_t i = 0; i < shop.makers; i++) {
        say_class("Maker", i, "Maker");
        say_text("Maker", i, "label", 2);
        say_link("Maker", i, "country", "Country", popular(COUNTRIES));
    }
    for (uint64_t i = 0; i < shop.features; i++)
        say_text("Feature", i, "label", 2);
    for (uint64_t i = 0; i < shop.products; i++)
        say_product(&shop, i);
    for (uint64_t i = 0; i < shop.people; i++)
        say_person(&shop, i);
    for (uint64_t i = 0; i < shop.reviews; i++)
        say_review(&shop, i);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("gen_big");
        return 3;
    }
    fprintf(stderr, "%" PRIu64 " triples\n", triple_count);
    return 0;
}
