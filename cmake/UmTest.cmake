# SPDX-License-Identifier: GPL-2.0-or-later
# UmTest - unit tests (cmocka) and scripts as entries of ctest.
#
# um_unit_test(NAME n SOURCES … [LIBS …] [ARGS …] [INCLUDES …] [DEFINES …]
#              [TIMEOUT s] [CORE] [SLOW])
#	A test program ${CMAKE_BINARY_DIR}/tests/unit/n, entry `unit.n`, label
#	`unit`, and under valgrind unless SLOW. CORE: linked with all layers of the monitor but main/main.c.
#	They are archives: a test may give its own version of what it fakes,
#	or include the .c file it tests.
#
# um_script_test(NAME n SCRIPT file [ARGS …] [LABELS …] [TIMEOUT s] [SERIAL]
#                [LOCK resource])
#	A script of tests/; exit status 77 is a skip, its reason is printed.
#
# um_fuzz_test(NAME n SOURCES … [LIBS …] [CORE] [CORPUS dir])
#	A libFuzzer target (UM_FUZZ) or a replay of its corpus (everywhere):
#	fuzz.n, and alloc.n with each allocation failing in turn.

pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
if(BUILD_TESTING AND NOT CMOCKA_FOUND)
	message(STATUS "cmocka not found: no unit tests")
endif()

# um_valgrind(NAME n COMMAND … [ENVIRONMENT …]): the entry `valgrind.n`, the
# same command under memcheck. Builds with sanitizers have none: they cannot.
find_program(VALGRIND valgrind)
function(um_valgrind)
	cmake_parse_arguments(V "" "NAME" "COMMAND;ENVIRONMENT" ${ARGV})
	if(NOT VALGRIND OR UM_SANITIZE)
		return()
	endif()
	add_test(NAME valgrind.${V_NAME} COMMAND ${VALGRIND} -q
		--error-exitcode=99 --leak-check=full
		--errors-for-leak-kinds=definite ${V_COMMAND})
	set_tests_properties(valgrind.${V_NAME} PROPERTIES LABELS valgrind
		TIMEOUT 600 ENVIRONMENT "${UM_TEST_ENV};${V_ENVIRONMENT}")
endfunction()

set(UM_TEST_ENV
	"UM_SOURCE_DIR=${CMAKE_SOURCE_DIR}"
	"UM_BUILD_DIR=${CMAKE_BINARY_DIR}"
	"UM_SANITIZE=${UM_SANITIZE}")
if(UM_SANITIZE)
	list(APPEND UM_TEST_ENV
		"ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1:detect_odr_violation=0"
		"UBSAN_OPTIONS=print_stacktrace=1"
		"TSAN_OPTIONS=second_deadlock_stack=1:abort_on_error=1")
endif()

# Helpers of unit tests (um_tail_alloc() and friends), when there are any.
file(GLOB um_harness_sources CONFIGURE_DEPENDS
	${CMAKE_SOURCE_DIR}/tests/harness/*.c)
if(BUILD_TESTING AND um_harness_sources AND CMOCKA_FOUND)
	add_library(um_harness STATIC ${um_harness_sources})
	target_include_directories(um_harness PUBLIC
		${CMAKE_SOURCE_DIR}/tests/harness)
	target_link_libraries(um_harness PUBLIC um_api PkgConfig::CMOCKA)
endif()

function(um_unit_test)
	if(NOT BUILD_TESTING OR NOT CMOCKA_FOUND)
		return()
	endif()
	if(NOT "${ARGV0}" STREQUAL "NAME")
		list(PREPEND ARGV NAME)
	endif()
	cmake_parse_arguments(T "CORE;SLOW" "NAME;TIMEOUT"
		"SOURCES;LIBS;ARGS;INCLUDES;DEFINES" ${ARGV})
	if(NOT T_TIMEOUT)
		set(T_TIMEOUT 180)
	endif()
	foreach(source IN LISTS T_SOURCES)
		cmake_path(ABSOLUTE_PATH source
			BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
		if(NOT EXISTS ${source})
			message(WARNING "unit test ${T_NAME}: no ${source}")
			return()
		endif()
	endforeach()
	set(target unit-${T_NAME})
	add_executable(${target} ${T_SOURCES})
	set_target_properties(${target} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/unit
		OUTPUT_NAME ${T_NAME})
	target_include_directories(${target} PRIVATE
		${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/umview
		${CMAKE_SOURCE_DIR}/tests ${T_INCLUDES})
	target_compile_definitions(${target} PRIVATE ${T_DEFINES})
	# um_api first: what T_LIBS switch off comes after it.
	target_link_libraries(${target} PRIVATE um_api ${T_LIBS}
		PkgConfig::CMOCKA Threads::Threads)
	if(TARGET um_harness)
		target_link_libraries(${target} PRIVATE um_harness)
	endif()
	if(T_CORE AND TARGET um_core)
		target_link_libraries(${target} PRIVATE um_core)
	endif()
	add_test(NAME unit.${T_NAME}
		COMMAND $<TARGET_FILE:${target}> ${T_ARGS})
	set_tests_properties(unit.${T_NAME} PROPERTIES
		LABELS unit TIMEOUT ${T_TIMEOUT}
		ENVIRONMENT "${UM_TEST_ENV}")
	if(NOT T_SLOW)
		um_valgrind(NAME ${T_NAME}
			COMMAND $<TARGET_FILE:${target}> ${T_ARGS})
	endif()
endfunction()

function(um_script_test)
	cmake_parse_arguments(T "SERIAL" "NAME;SCRIPT;TIMEOUT;LOCK"
		"ARGS;LABELS" ${ARGV})
	if(NOT BUILD_TESTING)
		return()
	endif()
	if(NOT T_TIMEOUT)
		set(T_TIMEOUT 300)
	endif()
	cmake_path(ABSOLUTE_PATH T_SCRIPT
		BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
	add_test(NAME ${T_NAME} COMMAND bash ${T_SCRIPT} ${T_ARGS})
	set_tests_properties(${T_NAME} PROPERTIES
		LABELS "${T_LABELS}" TIMEOUT ${T_TIMEOUT}
		SKIP_RETURN_CODE 77 ENVIRONMENT "${UM_TEST_ENV}")
	if(T_SERIAL)
		set_tests_properties(${T_NAME} PROPERTIES RUN_SERIAL TRUE)
	endif()
	if(T_LOCK)
		set_tests_properties(${T_NAME} PROPERTIES
			RESOURCE_LOCK ${T_LOCK})
	endif()
endfunction()

function(um_fuzz_test)
	cmake_parse_arguments(T "CORE;NO_ALLOC" "NAME;CORPUS" "SOURCES;LIBS;INCLUDES"
		${ARGV})
	if(NOT BUILD_TESTING)
		return()
	endif()
	set(target fuzz-${T_NAME})
	add_executable(${target} ${T_SOURCES})
	set_target_properties(${target} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz
		OUTPUT_NAME ${T_NAME})
	target_include_directories(${target} PRIVATE
		${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/umview
		${CMAKE_SOURCE_DIR}/tests ${T_INCLUDES})
	target_link_libraries(${target} PRIVATE um_api ${T_LIBS}
		Threads::Threads)
	if(T_CORE AND TARGET um_core)
		target_link_libraries(${target} PRIVATE um_core)
	endif()
	if(UM_FUZZ)
		target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
		target_link_options(${target} PRIVATE -fsanitize=fuzzer)
	else()
		target_sources(${target} PRIVATE
			${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.c)
	endif()
	target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/alloc.c)
	foreach(function malloc calloc realloc strdup strndup)
		target_link_options(${target} PRIVATE -Wl,--wrap=${function})
	endforeach()
	if(T_CORPUS)
		file(GLOB inputs CONFIGURE_DEPENDS ${T_CORPUS}/*)
		set(tests fuzz.${T_NAME})
		add_test(NAME fuzz.${T_NAME} COMMAND
			$<TARGET_FILE:${target}> ${inputs})
		if(NOT UM_FUZZ AND NOT T_NO_ALLOC)
			list(APPEND tests alloc.${T_NAME})
			add_test(NAME alloc.${T_NAME} COMMAND
				$<TARGET_FILE:${target}> --alloc ${inputs})
		endif()
		set_tests_properties(${tests} PROPERTIES
			LABELS fuzz TIMEOUT 300 ENVIRONMENT "${UM_TEST_ENV}")
		um_valgrind(NAME fuzz.${T_NAME} ENVIRONMENT UM_FUZZ_SELF=1
			COMMAND $<TARGET_FILE:${target}> ${inputs})
	endif()
endfunction()
