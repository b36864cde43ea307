/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - tests that also run without a C library of the build's own
 *
 * cmocka exists for one libc only; these programs are also linked statically
 * with others. Each test is a process: what it captures ends with it.
 */
#ifndef PURE_CHECK_H
#define PURE_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what)                                                            \
	do {                                                                   \
		if (!(what)) {                                                 \
			dprintf(2, "%s:%d: not true: %s\n", __FILE__,          \
				__LINE__, #what);                              \
			_exit(1);                                              \
		}                                                              \
	} while (0)

#define SKIP 77
/* Seconds; a busy machine takes some. */
#define HANGS_AFTER 150

struct check_test {
	const char *name;
	void (*run)(void);
};
#define TEST(function)                                                         \
	{                                                                      \
#function, function                                            \
	}

/* The tests end with one without a name. Return: how many failed. */
static inline int check_run(const struct check_test *tests, const char *only)
{
	int bad = 0;

	for (size_t i = 0; tests[i].name; i++) {
		int status;
		pid_t pid;

		if (only && strcmp(only, tests[i].name) != 0)
			continue;
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			alarm(HANGS_AFTER);
			tests[i].run();
			_exit(0);
		}
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
			printf("skip %s\n", tests[i].name);
		else
			printf("%s %s (%x)\n", status ? "FAIL" : "ok",
			       tests[i].name, (unsigned int)status);
		bad += status &&
		       !(WIFEXITED(status) && WEXITSTATUS(status) == SKIP);
	}
	return bad;
}

#endif
