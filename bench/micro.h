/* SPDX-License-Identifier: GPL-2.0-or-later */
/* micro.h - the calls that micro times */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

/*
 * Each works in the current directory, on what bench/data.sh made there: file
 * (4 KiB), link (to file), dir (100 names). open() is called once before the
 * first call, where there is one; call() returns 0 or -errno.
 */
struct op {
	const char *name;
	int (*open)(void);
	int (*call)(void);
};

extern const struct op micro_files[];
extern const struct op micro_procs[];

#endif
