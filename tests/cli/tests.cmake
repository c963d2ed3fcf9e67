# Makes the n-th call of a kind fail, or kills there; loaded before all other libraries.
add_library(kgq_shim MODULE faults/shim.c)
target_link_libraries(kgq_shim PRIVATE ${CMAKE_DL_LIBS})
if(KGQ_SANITIZE)
  target_compile_options(kgq_shim PRIVATE -fno-sanitize=all)
  target_link_options(kgq_shim PRIVATE -fno-sanitize=all)
endif()

# Proofs that the scripts get as JSON are checked apart from the reasoner.
add_executable(check_explanations support/check_explanations.c support/proof_checker.c
               support/proof_fold.c support/proof_instance.c support/proof_rules.c)
target_link_libraries(check_explanations PRIVATE kgq_base PkgConfig::JANSSON)
target_include_directories(check_explanations PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests/support)

# The program from outside, by scripts: exit codes, messages, results. Each gets the path of kgq and of the shared data.
option(KGQ_BITROT "Run cli.bitrot: flipped bits of data.mdb are found, and no question is answered wrongly" ON)
set(scripts contract provenance serve shell terminal kill kill_many faults full_disk update run jobs incremental explain wordnet install readme)
if(KGQ_BITROT)
  list(APPEND scripts bitrot)
endif()
foreach(script IN LISTS scripts)
  add_test(NAME cli.${script} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_${script}.sh
           WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  set_tests_properties(cli.${script} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
    ENVIRONMENT "KGQ=$<TARGET_FILE:kgq>;KGQ_SHARED=${KGQ_SHARED};KGQ_SOURCE=${CMAKE_SOURCE_DIR};KGQ_BUILD=${CMAKE_BINARY_DIR};KGQ_SHIM=$<TARGET_FILE:kgq_shim>;KGQ_CHECKER=$<TARGET_FILE:check_explanations>;KGQ_SANITIZE=${KGQ_SANITIZE}")
endforeach()

kgq_test(cli statement)
kgq_test(cli form)
kgq_test(cli editor)
kgq_test(cli complete)
kgq_test(cli protocol SOURCES kg/sparql/turtle.c LINK PkgConfig::SERD PkgConfig::LIBCURL)
set_tests_properties(cli.protocol PROPERTIES ENVIRONMENT "KGQ=$<TARGET_FILE:kgq>")
