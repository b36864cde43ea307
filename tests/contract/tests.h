/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests.h - the groups of the contract; each returns how many tests failed */
#ifndef CONTRACT_TESTS_H
#define CONTRACT_TESTS_H

#include "kit.h"

typedef int (*fixture_fn)(void **state);

/* An array of cmocka tests with one fixture. */
#define RUN_TESTS(name, setup, teardown, ...)                                  \
	do {                                                                   \
		struct CMUnitTest tests[] = { __VA_ARGS__ };                   \
                                                                               \
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]);       \
		     i++) {                                                    \
			tests[i].setup_func = (setup);                         \
			tests[i].teardown_func = (teardown);                   \
		}                                                              \
		return cmocka_run_group_tests_name(name, tests, NULL, NULL);   \
	} while (0)
#define T(fn) cmocka_unit_test(fn)

int run_files(fixture_fn setup, fixture_fn teardown);
int run_names(fixture_fn setup, fixture_fn teardown);
int run_attrs(fixture_fn setup, fixture_fn teardown);
int run_threads(fixture_fn setup, fixture_fn teardown);
/* For file systems that cannot be written. */
int run_readonly(fixture_fn setup, fixture_fn teardown);
/* For file systems whose root is a regular file. */
int run_one_file(fixture_fn setup, fixture_fn teardown);

#endif
