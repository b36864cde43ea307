/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chance.h - repeatable random numbers, and the last steps for who fails */
#ifndef FS_CHANCE_H
#define FS_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct chance - what both exercisers are asked for
 * @dir: an empty directory, or the file of --file
 * @without: what the file system lacks, ",punch,link,"
 * @base: file offset at which the window of contents begins
 * @leave: a directory elsewhere: at the end what is in dir stays, and copies
 *	of what it should hold are left here
 */
struct chance {
	const char *dir;
	const char *file;
	const char *leave;
	char *without;
	uint64_t seed;
	long ops;
	long base;
	long size;
};

/* Reads the arguments; tells the seed. Ends the program on wrong use. */
void chance_init(struct chance *c, int argc, char **argv);
/* False if the file system is known to lack it. */
bool chance_has(const struct chance *c, const char *what);

/* 0..n-1 */
uint64_t rnd(uint64_t n);
bool one_in(unsigned int n);

/* Notes a step; the last ones are printed by blame(). */
void step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Number of the step that goes on. */
long step_count(void);
/* A difference: says what, the steps that led there and the seed; ends. */
void blame(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
/* Says what else happened in this run, last line. */
void chance_done(const struct chance *c);

#endif
