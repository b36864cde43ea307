// SPDX-License-Identifier: GPL-2.0-or-later
/* chance.c - repeatable random numbers, and the last steps for who fails */
#include "chance.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT 40

static uint64_t state;
static char kept[KEPT][160];
static long steps;
static const struct chance *running;

static void usage(const char *prog)
{
	fprintf(stderr,
		"usage: %s [--ops N] [--seed N] [--base BYTES] [--size BYTES]\n"
		"\t[--without WORD,...] [--leave DIR] [--file] DIR|FILE\n",
		prog);
	exit(2);
}

void chance_init(struct chance *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "ops", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "base", required_argument, NULL, 'b' },
		{ "size", required_argument, NULL, 'z' },
		{ "without", required_argument, NULL, 'w' },
		{ "leave", required_argument, NULL, 'l' },
		{ "file", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	const char *without = "";
	bool is_file = false;
	int o;

	*c = (struct chance){ .ops = 10000, .seed = 1, .size = 200000 };
	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (o == 'o')
			c->ops = atol(optarg);
		else if (o == 's')
			c->seed = strtoull(optarg, NULL, 0);
		else if (o == 'b')
			c->base = atol(optarg);
		else if (o == 'z')
			c->size = atol(optarg);
		else if (o == 'w')
			without = optarg;
		else if (o == 'l')
			c->leave = optarg;
		else if (o == 'f')
			is_file = true;
		else
			usage(argv[0]);
	}
	if (optind + 1 != argc || c->ops < 1 || c->base % 4096 || c->size < 1 ||
	    asprintf(&c->without, ",%s,", without) < 0)
		usage(argv[0]);
	*(is_file ? &c->file : &c->dir) = argv[optind];
	state = c->seed * 977 + 1;
	running = c;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%s: seed %llu, %ld operations\n", argv[0],
	       (unsigned long long)c->seed, c->ops);
}

bool chance_has(const struct chance *c, const char *what)
{
	char word[40];

	snprintf(word, sizeof(word), ",%s,", what);
	return !strstr(c->without, word);
}

/* splitmix64 */
uint64_t rnd(uint64_t n)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (z ^ (z >> 31)) % n;
}

bool one_in(unsigned int n)
{
	return rnd(n) == 0;
}

void step(const char *fmt, ...)
{
	char *line = kept[steps++ % KEPT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(kept[0]), fmt, ap);
	va_end(ap);
}

long step_count(void)
{
	return steps;
}

void blame(const char *fmt, ...)
{
	long i = steps > KEPT ? steps - KEPT : 0;
	int err = errno;
	va_list ap;

	for (; i < steps; i++)
		printf("%8ld %s\n", i, kept[i % KEPT]);
	printf("FAIL: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (errno %s); seed %llu\n", strerrorname_np(err),
	       (unsigned long long)running->seed);
	exit(1);
}

void chance_done(const struct chance *c)
{
	printf("seed %llu: %ld operations, as the model says\n",
	       (unsigned long long)c->seed, steps);
	free(c->without);
}
