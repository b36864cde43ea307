/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h - what the commands have in common: help, messages, exit status
 *
 * Exit status of every command: 0 done, 1 refused or failed, 2 wrong usage or
 * not inside a view. Results and --help go to standard output, messages to
 * standard error as "NAME: what: why; what to do".
 */
#ifndef UM_CMDS_CMD_H
#define UM_CMDS_CMD_H

#include <stdbool.h>
#include <stdio.h>

enum {
	CMD_OK = 0,
	CMD_FAIL = 1,
	CMD_USAGE = 2,
};

/* What getopt_long() returns for --version, which has no short form. */
#define CMD_OPT_VERSION 256

/* The end of every command's table of long options. */
#define CMD_LONG_OPTIONS                                                       \
	{ "help", no_argument, NULL, 'h' },                                    \
		{ "version", no_argument, NULL, CMD_OPT_VERSION },             \
	{                                                                      \
		NULL, 0, NULL, 0                                               \
	}

/**
 * struct cmd - description of a command
 * @name: its name, which begins every message
 * @usage: its arguments; several forms are separated by '\n'
 * @help: the rest of the help text: purpose, options, examples
 */
struct cmd {
	const char *name;
	const char *usage;
	const char *help;
};

/**
 * struct cmd_reason - what an errno means for one call
 * @err: the errno; 0 ends a table
 * @text: why, and what to do about it
 */
struct cmd_reason {
	int err;
	const char *text;
};

/* Both print on standard output. Return: the exit status. */
int cmd_help(const struct cmd *cmd);
int cmd_version(const struct cmd *cmd);

/* Say what is wrong with the arguments. Return: CMD_USAGE. */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Point to --help, after getopt_long() has said what is wrong. */
int cmd_try_help(const struct cmd *cmd);

/* Say that the command makes sense only in a view. Return: CMD_USAGE. */
int cmd_outside(const struct cmd *cmd);

/**
 * cmd_fail() - say what failed
 * @err: the errno
 * @reasons: what it means here; strerror(3) for what it lacks. May be NULL
 * @fmt: what was tried, on what
 *
 * Return: CMD_FAIL
 */
int cmd_fail(const struct cmd *cmd, int err, const struct cmd_reason *reasons,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Flush the results. Return: status, or CMD_FAIL when they were not written. */
int cmd_finish(const struct cmd *cmd, int status);

/* A whole number from 0 to max, in decimal. Return: whether text is one. */
bool cmd_parse_number(const char *text, long max, long *out);

/* Write text as a JSON string; what is not UTF-8 becomes U+FFFD. */
void cmd_print_json(FILE *to, const char *text);

#endif
