/* rdf_xml.h - an RDF/XML document as a list of triples: some data of the suites is in no other form. */
#ifndef KGQ_TESTS_SPARQL_RDF_XML_H
#define KGQ_TESTS_SPARQL_RDF_XML_H

#include "turtle.h"

bool read_rdf_xml(const char *path, const char *base, Document *out);

#endif
