/* datatypes.h - literals of the datatypes that OWL 2 RL supports, as values. Private to the room. */
#ifndef KGQ_REASONER_RULESETS_DATATYPES_H
#define KGQ_REASONER_RULESETS_DATATYPES_H

#include "kg/kg.h"
#include "reasoner/rulesets/vocabulary.h"

typedef enum LiteralState {
    LITERAL_UNKNOWN, /* of a datatype that is not supported */
    LITERAL_ILL_FORMED,
    LITERAL_VALUE,
} LiteralState;

/* Writes the value's key into the emptied buffer: literals have the same value if and only if they have the same key.
 * *memory is set to false without memory. */
LiteralState ruleset_literal_key(const KgTerm *literal, BaseBuffer *key, bool *has_memory);
/* Whether the value is in the value space of the datatype, one of the vocabulary's, or rdfs:Literal. */
bool ruleset_key_is_in(const char *key, VocabularyTerm datatype);
/* The datatype of that IRI; VOCABULARY_COUNT: not supported. */
VocabularyTerm ruleset_datatype(KgText iri);

#endif
