# Tests of the SPARQL room.
kgq_test(kg sparql_w3c SOURCES kg/sparql/turtle.c kg/sparql/solutions.c LINK PkgConfig::JANSSON PkgConfig::SERD)
kgq_test(kg sparql_parse)
kgq_test(kg sparql_eval)
kgq_test(kg sparql_oracle)
kgq_test(kg sparql_values)
kgq_test(kg rows)
kgq_test(kg sparql_results)
kgq_test(kg update)
kgq_test(kg graphs)
kgq_test(kg sparql_allocations)
target_link_options(test_kg_sparql_allocations PRIVATE
                    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc)
