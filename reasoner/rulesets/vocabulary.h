/* vocabulary.h - the terms that RDF, RDFS and OWL 2 give a meaning, by the numbers they have in every rule set. Private
 * to the room. */
#ifndef KGQ_REASONER_RULESETS_VOCABULARY_H
#define KGQ_REASONER_RULESETS_VOCABULARY_H

/* What a term is to the making of rules: a property whose triples become rules, a class whose members do (in RDFS, or
 * in OWL 2 RL), a datatype; and whether it takes several of its triples, about
 * one term, to make a rule. */
enum { KIND_NONE = 0, KIND_RDFS = 1, KIND_OWL = 2, KIND_BOTH = 3, KIND_CLASS = 4, KIND_DATATYPE = 8, KIND_PART = 16 };

/* name, prefix, local name, kind */
#define VOCABULARY(TERM)                                                                                               \
    TERM(TYPE, RDF, "type", KIND_NONE)                                                                                 \
    TERM(PROPERTY, RDF, "Property", KIND_NONE)                                                                         \
    TERM(SUBJECT, RDF, "subject", KIND_NONE)                                                                           \
    TERM(PREDICATE, RDF, "predicate", KIND_NONE)                                                                       \
    TERM(OBJECT, RDF, "object", KIND_NONE)                                                                             \
    TERM(STATEMENT, RDF, "Statement", KIND_NONE)                                                                       \
    TERM(FIRST, RDF, "first", KIND_OWL | KIND_PART)                                                                    \
    TERM(REST, RDF, "rest", KIND_OWL | KIND_PART)                                                                      \
    TERM(NIL, RDF, "nil", KIND_NONE)                                                                                   \
    TERM(LIST, RDF, "List", KIND_NONE)                                                                                 \
    TERM(VALUE, RDF, "value", KIND_NONE)                                                                               \
    TERM(ALT, RDF, "Alt", KIND_NONE)                                                                                   \
    TERM(BAG, RDF, "Bag", KIND_NONE)                                                                                   \
    TERM(SEQ, RDF, "Seq", KIND_NONE)                                                                                   \
    TERM(RESOURCE, RDFS, "Resource", KIND_NONE)                                                                        \
    TERM(CLASS, RDFS, "Class", KIND_NONE)                                                                              \
    TERM(LITERAL, RDFS, "Literal", KIND_NONE)                                                                          \
    TERM(DATATYPE, RDFS, "Datatype", KIND_CLASS | KIND_RDFS)                                                           \
    TERM(CONTAINER, RDFS, "Container", KIND_NONE)                                                                      \
    TERM(MEMBERSHIP, RDFS, "ContainerMembershipProperty", KIND_CLASS | KIND_RDFS)                                      \
    TERM(MEMBER, RDFS, "member", KIND_NONE)                                                                            \
    TERM(SUB_CLASS, RDFS, "subClassOf", KIND_BOTH)                                                                     \
    TERM(SUB_PROPERTY, RDFS, "subPropertyOf", KIND_BOTH)                                                               \
    TERM(DOMAIN, RDFS, "domain", KIND_BOTH)                                                                            \
    TERM(RANGE, RDFS, "range", KIND_BOTH)                                                                              \
    TERM(LABEL, RDFS, "label", KIND_NONE)                                                                              \
    TERM(COMMENT, RDFS, "comment", KIND_NONE)                                                                          \
    TERM(SEE_ALSO, RDFS, "seeAlso", KIND_NONE)                                                                         \
    TERM(IS_DEFINED_BY, RDFS, "isDefinedBy", KIND_NONE)                                                                \
    TERM(OWL_CLASS, OWL, "Class", KIND_CLASS | KIND_OWL)                                                               \
    TERM(THING, OWL, "Thing", KIND_NONE)                                                                               \
    TERM(NOTHING, OWL, "Nothing", KIND_NONE)                                                                           \
    TERM(OBJECT_PROPERTY, OWL, "ObjectProperty", KIND_NONE)                                                            \
    TERM(DATATYPE_PROPERTY, OWL, "DatatypeProperty", KIND_NONE)                                                        \
    TERM(ANNOTATION_PROPERTY, OWL, "AnnotationProperty", KIND_NONE)                                                    \
    TERM(SAME_AS, OWL, "sameAs", KIND_NONE)                                                                            \
    TERM(DIFFERENT_FROM, OWL, "differentFrom", KIND_NONE)                                                              \
    TERM(ALL_DIFFERENT, OWL, "AllDifferent", KIND_CLASS | KIND_OWL | KIND_PART)                                        \
    TERM(MEMBERS, OWL, "members", KIND_OWL | KIND_PART)                                                                \
    TERM(DISTINCT_MEMBERS, OWL, "distinctMembers", KIND_OWL | KIND_PART)                                               \
    TERM(FUNCTIONAL, OWL, "FunctionalProperty", KIND_CLASS | KIND_OWL)                                                 \
    TERM(INVERSE_FUNCTIONAL, OWL, "InverseFunctionalProperty", KIND_CLASS | KIND_OWL)                                  \
    TERM(IRREFLEXIVE, OWL, "IrreflexiveProperty", KIND_CLASS | KIND_OWL)                                               \
    TERM(SYMMETRIC, OWL, "SymmetricProperty", KIND_CLASS | KIND_OWL)                                                   \
    TERM(ASYMMETRIC, OWL, "AsymmetricProperty", KIND_CLASS | KIND_OWL)                                                 \
    TERM(TRANSITIVE, OWL, "TransitiveProperty", KIND_CLASS | KIND_OWL)                                                 \
    TERM(CHAIN, OWL, "propertyChainAxiom", KIND_OWL)                                                                   \
    TERM(EQUIVALENT_PROPERTY, OWL, "equivalentProperty", KIND_OWL)                                                     \
    TERM(PROPERTY_DISJOINT, OWL, "propertyDisjointWith", KIND_OWL)                                                     \
    TERM(ALL_DISJOINT_PROPERTIES, OWL, "AllDisjointProperties", KIND_CLASS | KIND_OWL | KIND_PART)                     \
    TERM(INVERSE_OF, OWL, "inverseOf", KIND_OWL)                                                                       \
    TERM(HAS_KEY, OWL, "hasKey", KIND_OWL)                                                                             \
    TERM(SOURCE_INDIVIDUAL, OWL, "sourceIndividual", KIND_NONE)                                                        \
    TERM(ASSERTION_PROPERTY, OWL, "assertionProperty", KIND_OWL)                                                       \
    TERM(TARGET_INDIVIDUAL, OWL, "targetIndividual", KIND_NONE)                                                        \
    TERM(TARGET_VALUE, OWL, "targetValue", KIND_NONE)                                                                  \
    TERM(INTERSECTION, OWL, "intersectionOf", KIND_OWL)                                                                \
    TERM(UNION, OWL, "unionOf", KIND_OWL)                                                                              \
    TERM(COMPLEMENT, OWL, "complementOf", KIND_OWL)                                                                    \
    TERM(SOME_VALUES, OWL, "someValuesFrom", KIND_OWL | KIND_PART)                                                     \
    TERM(ALL_VALUES, OWL, "allValuesFrom", KIND_OWL | KIND_PART)                                                       \
    TERM(HAS_VALUE, OWL, "hasValue", KIND_OWL | KIND_PART)                                                             \
    TERM(ON_PROPERTY, OWL, "onProperty", KIND_OWL | KIND_PART)                                                         \
    TERM(ON_CLASS, OWL, "onClass", KIND_OWL | KIND_PART)                                                               \
    TERM(MAX_CARDINALITY, OWL, "maxCardinality", KIND_OWL | KIND_PART)                                                 \
    TERM(MAX_QUALIFIED, OWL, "maxQualifiedCardinality", KIND_OWL | KIND_PART)                                          \
    TERM(ONE_OF, OWL, "oneOf", KIND_OWL)                                                                               \
    TERM(EQUIVALENT_CLASS, OWL, "equivalentClass", KIND_OWL)                                                           \
    TERM(DISJOINT, OWL, "disjointWith", KIND_OWL)                                                                      \
    TERM(ALL_DISJOINT_CLASSES, OWL, "AllDisjointClasses", KIND_CLASS | KIND_OWL | KIND_PART)                           \
    TERM(DEPRECATED, OWL, "deprecated", KIND_NONE)                                                                     \
    TERM(VERSION_INFO, OWL, "versionInfo", KIND_NONE)                                                                  \
    TERM(PRIOR_VERSION, OWL, "priorVersion", KIND_NONE)                                                                \
    TERM(BACKWARD_COMPATIBLE, OWL, "backwardCompatibleWith", KIND_NONE)                                                \
    TERM(INCOMPATIBLE, OWL, "incompatibleWith", KIND_NONE)                                                             \
    TERM(LANG_STRING, RDF, "langString", KIND_DATATYPE | KIND_RDFS)                                                    \
    TERM(PLAIN_LITERAL, RDF, "PlainLiteral", KIND_DATATYPE)                                                            \
    TERM(XML_LITERAL, RDF, "XMLLiteral", KIND_DATATYPE)                                                                \
    TERM(XSD_STRING, XSD, "string", KIND_DATATYPE | KIND_RDFS)                                                         \
    TERM(XSD_DECIMAL, XSD, "decimal", KIND_DATATYPE)                                                                   \
    TERM(XSD_INTEGER, XSD, "integer", KIND_DATATYPE)                                                                   \
    TERM(XSD_NON_NEGATIVE, XSD, "nonNegativeInteger", KIND_DATATYPE)                                                   \
    TERM(XSD_NON_POSITIVE, XSD, "nonPositiveInteger", KIND_DATATYPE)                                                   \
    TERM(XSD_POSITIVE, XSD, "positiveInteger", KIND_DATATYPE)                                                          \
    TERM(XSD_NEGATIVE, XSD, "negativeInteger", KIND_DATATYPE)                                                          \
    TERM(XSD_LONG, XSD, "long", KIND_DATATYPE)                                                                         \
    TERM(XSD_INT, XSD, "int", KIND_DATATYPE)                                                                           \
    TERM(XSD_SHORT, XSD, "short", KIND_DATATYPE)                                                                       \
    TERM(XSD_BYTE, XSD, "byte", KIND_DATATYPE)                                                                         \
    TERM(XSD_UNSIGNED_LONG, XSD, "unsignedLong", KIND_DATATYPE)                                                        \
    TERM(XSD_UNSIGNED_INT, XSD, "unsignedInt", KIND_DATATYPE)                                                          \
    TERM(XSD_UNSIGNED_SHORT, XSD, "unsignedShort", KIND_DATATYPE)                                                      \
    TERM(XSD_UNSIGNED_BYTE, XSD, "unsignedByte", KIND_DATATYPE)                                                        \
    TERM(XSD_FLOAT, XSD, "float", KIND_DATATYPE)                                                                       \
    TERM(XSD_DOUBLE, XSD, "double", KIND_DATATYPE)                                                                     \
    TERM(XSD_BOOLEAN, XSD, "boolean", KIND_DATATYPE)                                                                   \
    TERM(XSD_NORMALIZED, XSD, "normalizedString", KIND_DATATYPE)                                                       \
    TERM(XSD_TOKEN, XSD, "token", KIND_DATATYPE)                                                                       \
    TERM(XSD_LANGUAGE, XSD, "language", KIND_DATATYPE)                                                                 \
    TERM(XSD_NAME, XSD, "Name", KIND_DATATYPE)                                                                         \
    TERM(XSD_NCNAME, XSD, "NCName", KIND_DATATYPE)                                                                     \
    TERM(XSD_NMTOKEN, XSD, "NMTOKEN", KIND_DATATYPE)                                                                   \
    TERM(XSD_HEX, XSD, "hexBinary", KIND_DATATYPE)                                                                     \
    TERM(XSD_BASE64, XSD, "base64Binary", KIND_DATATYPE)                                                               \
    TERM(XSD_ANY_URI, XSD, "anyURI", KIND_DATATYPE)                                                                    \
    TERM(XSD_DATE_TIME, XSD, "dateTime", KIND_DATATYPE)                                                                \
    TERM(XSD_DATE_TIME_STAMP, XSD, "dateTimeStamp", KIND_DATATYPE)

#define VOCABULARY_NAME(name, prefix, local, kind) V_##name,
typedef enum VocabularyTerm { VOCABULARY(VOCABULARY_NAME) VOCABULARY_COUNT } VocabularyTerm;
#undef VOCABULARY_NAME

#endif
