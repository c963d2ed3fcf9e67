/* generate.h - random queries over a random world. Half of their triple patterns are facts of the world with variables
 * in place of terms, so that they have answers. */
#ifndef KGQ_TESTS_SPARQL_GENERATE_H
#define KGQ_TESTS_SPARQL_GENERATE_H

#include "tree.h"
#include "world.h"

Node *random_query(BaseArena *arena, BaseRandom *random, const World *world);
Node *random_where(BaseArena *arena, BaseRandom *random, const World *world); /* a GROUP */

#endif
