/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounter.h - the two halves of umview-mounter: what to run, and the running */
#ifndef UM_CMDS_MOUNTER_H
#define UM_CMDS_MOUNTER_H

#include <stdbool.h>

/* Exit status, as mount(8) has it. */
enum {
	MOUNTER_USAGE = 1,
	MOUNTER_INTERRUPTED = 8,
	MOUNTER_FAILED = 32,
};

/*
 * Run the program until `point` is mounted and answers. Return: 0 or, with a
 * message, nothing mounted and no process left, the exit status.
 */
int mounter_run(const char *program, char **argv, const char *point);

/* A loop device ("loop0") that is neither more nor less than its file. */
bool mounter_is_whole_loop(const char *device);

#endif
