/* vocabularies.c - prefixes that the world agrees on: suggested, never taken for granted. */
#include "kg/kg.h"

const KgPrefix kg_vocabularies[] = {
    {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
    {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
    {"owl", "http://www.w3.org/2002/07/owl#"},
    {"xsd", "http://www.w3.org/2001/XMLSchema#"},
    {"sh", "http://www.w3.org/ns/shacl#"},
    {"skos", "http://www.w3.org/2004/02/skos/core#"},
    {"foaf", "http://xmlns.com/foaf/0.1/"},
    {"dc", "http://purl.org/dc/elements/1.1/"},
    {"dcterms", "http://purl.org/dc/terms/"},
    {"schema", "http://schema.org/"},
    {"prov", "http://www.w3.org/ns/prov#"},
    {"void", "http://rdfs.org/ns/void#"},
    {"dcat", "http://www.w3.org/ns/dcat#"},
    {"geo", "http://www.w3.org/2003/01/geo/wgs84_pos#"},
    {"time", "http://www.w3.org/2006/time#"},
    {"vcard", "http://www.w3.org/2006/vcard/ns#"},
    {"wd", "http://www.wikidata.org/entity/"},
    {"wdt", "http://www.wikidata.org/prop/direct/"},
    {"dbo", "http://dbpedia.org/ontology/"},
    {"dbr", "http://dbpedia.org/resource/"},
    {NULL, NULL},
};
