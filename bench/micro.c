// SPDX-License-Identifier: GPL-2.0-or-later
/* micro.c - nanoseconds of one system call: micro NAME MILLISECONDS */
#include "micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Return: nanoseconds of @count calls, or -errno. */
static double repeat(int (*call)(void), long count)
{
	double start = now();
	long i;
	int r;

	for (i = 0; i < count; i++) {
		r = call();
		if (r < 0)
			return r;
	}
	return now() - start;
}

/*
 * Doubles the count until it takes @ns: what came before has warmed the
 * caches, and only the last turn counts.
 */
static double measure(const struct op *op, double ns)
{
	double took;
	long count = 1;
	int r = op->open ? op->open() : 0;

	if (r < 0)
		return r;
	for (;; count *= 2) {
		took = repeat(op->call, count);
		if (took < 0)
			return took;
		if (took >= ns)
			return took / (double)count;
	}
}

static const struct op *find(const struct op *ops, const char *name)
{
	for (; ops->name; ops++)
		if (strcmp(ops->name, name) == 0)
			return ops;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct op *op;
	double ns;

	/* What fork+exec starts: a program that does nothing. */
	if (argc == 2 && strcmp(argv[1], "nothing") == 0)
		return 0;
	if (argc != 3) {
		fprintf(stderr, "usage: micro NAME MILLISECONDS\n");
		return 2;
	}
	op = find(micro_files, argv[1]);
	if (!op)
		op = find(micro_procs, argv[1]);
	if (!op) {
		fprintf(stderr, "micro: no such call: %s\n", argv[1]);
		return 2;
	}
	ns = measure(op, strtod(argv[2], NULL) * 1e6);
	if (ns < 0) {
		fprintf(stderr, "micro: %s: %s\n", argv[1], strerror((int)-ns));
		return 1;
	}
	printf("%.1f\n", ns);
	return 0;
}
