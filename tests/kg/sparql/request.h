/* request.h - random SPARQL updates, done twice: as text for kgq, and to the facts of a world by the definitions of
 * SPARQL 1.1 Update, section 4. Updates write what is asserted; what is inferred stays. */
#ifndef KGQ_TESTS_SPARQL_REQUEST_H
#define KGQ_TESTS_SPARQL_REQUEST_H

#include "generate.h"
#include "naive.h"

typedef enum Effect { DONE, REFUSED, OPEN } Effect; /* OPEN: more than one outcome is right, or it is too large */

/* Appends one operation to `text` and does it to the world. `folder`: for the files that LOAD reads. */
Effect random_operation(BaseRandom *random, World *world, const char *folder, FILE *text);

void sort_facts(World *world);
void copy_facts(World *to, const World *from); /* the lexicon and names are shared */

#endif
