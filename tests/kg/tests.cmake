kgq_test(kg triples)
include(${CMAKE_CURRENT_LIST_DIR}/sparql.cmake OPTIONAL)
