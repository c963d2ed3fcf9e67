# The corpora of the fuzzers are replayed in every build. The fuzzers themselves, clang only:
#     cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DKGQ_FUZZ=ON "-DKGQ_ONLY=base;kg"
#     ninja -C build/fuzz && build/fuzz/tests/fuzz_turtle -max_total_time=600 FOUND tests/fuzz/corpus/turtle
# sparql and answer take -dict=tests/fuzz/sparql.dict and, to begin with, the queries and requests of the W3C suites.
set(readers fuzz/readers.c fuzz/sparql.c kg/rdf/quads.c)
set(kinds tsv csv ntriples nquads turtle trig packed term sparql answer)
add_executable(fuzz_replay fuzz/replay.c ${readers})
target_link_libraries(fuzz_replay PRIVATE kgq_kg)
target_include_directories(fuzz_replay PRIVATE ${CMAKE_SOURCE_DIR})
add_test(NAME kg.fuzz_replay COMMAND fuzz_replay ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus)
if(KGQ_FUZZ)
  foreach(kind ${kinds})
    add_executable(fuzz_${kind} fuzz/fuzz.c ${readers})
    target_compile_definitions(fuzz_${kind} PRIVATE KGQ_FUZZ_READER="${kind}")
    target_link_libraries(fuzz_${kind} PRIVATE kgq_kg)
    target_include_directories(fuzz_${kind} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_options(fuzz_${kind} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
# The rule language, where its room is built ("-DKGQ_ONLY=base;kg;reasoner").
if(KGQ_FUZZ AND TARGET kgq_reasoner)
  add_executable(fuzz_rules fuzz/fuzz_rules.c)
  target_link_libraries(fuzz_rules PRIVATE kgq_reasoner)
  target_include_directories(fuzz_rules PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_options(fuzz_rules PRIVATE -fsanitize=fuzzer)
endif()
