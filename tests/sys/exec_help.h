// SPDX-License-Identifier: GPL-2.0-or-later
/* exec_help.h - a program that reports how it was started, and its starter */

#ifndef SYS_EXEC_HELP_H
#define SYS_EXEC_HELP_H

#include "check.h"

/*
 * Called first by main(): where argv[1] is "@WORD ..." the program is the
 * helper, does what WORD says and exits.  @report prints how it was started,
 * a line each: pid, argc, argv0.., cmdline, exe, comm, execfn, T_ENV.
 * @count prints the number of arguments and their length; @fd N says whether
 * descriptor N is open; @exit N exits with N; @again N executes itself N times
 * and exits with 7.  A script's name may stand before the word.
 */
void x_helper(int argc, char **argv);

/* Makes a copy of this program. */
void x_copy(const char *path);

struct x_call {
	int fd;
	const char *path;
	const char *const *argv;
	const char *const *envp;
	int flags;
	bool at;
};

/*
 * Runs the call in a child and keeps what it printed in x_out; an exec that
 * fails prints "errno=NAME".  Return: exit status as t_wait().
 */
int x_run(const struct x_call *call);
/* The same for execve(path, { argv0, "@report" }, environment). */
int x_report(const char *path, const char *argv0);
extern char x_out[65536];
/* The text after "name=" of the report, until the line's end. */
const char *x_field(const char *name);

/* Calls about "f", which has "contents", and "g", which is made. */
void x_calls_are_right(void);
/* @fn and then an exec, in a child: what @fn sets outlives it. */
void x_in_child(void (*fn)(void));

#define X_CHECK_ERRNO(path, err)                                               \
	do {                                                                   \
		x_report(path, path);                                          \
		CHECK_STR(x_field("errno"), #err);                             \
	} while (0)

#endif
