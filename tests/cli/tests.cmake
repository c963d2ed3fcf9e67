# The program from outside, by scripts: exit codes, messages, results. Each gets the path of kgq and of the shared data.
foreach(script contract shell kill update wordnet install readme)
  add_test(NAME cli.${script} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_${script}.sh
           WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  set_tests_properties(cli.${script} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
    ENVIRONMENT "KGQ=$<TARGET_FILE:kgq>;KGQ_SHARED=${KGQ_SHARED};KGQ_SOURCE=${CMAKE_SOURCE_DIR};KGQ_BUILD=${CMAKE_BINARY_DIR}")
endforeach()

add_executable(test_cli_statement cli/test_statement.c ${CMAKE_SOURCE_DIR}/cli/statement.c ${CMAKE_SOURCE_DIR}/cli/words.c)
target_link_libraries(test_cli_statement PRIVATE kgq_base PkgConfig::CMOCKA)
target_include_directories(test_cli_statement PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests/support)
target_compile_definitions(test_cli_statement PRIVATE KGQ_SHARED="${KGQ_SHARED}")
add_test(NAME cli.statement COMMAND test_cli_statement)
