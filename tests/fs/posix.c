// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * posix.c - says what a file system does, line by line
 *
 * usage: posix [--entries N] [--only PART] DIR
 *
 * Nothing is judged here: the same program is run on the kernel's ext4, and the
 * lines must be the same (posix.expected; same.sh). So they hold nothing that
 * differs from run to run: no inode numbers, no times of the clock, no order of
 * listings.
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *part;
static int entries = 100000;

void say(const char *fmt, ...)
{
	va_list ap;

	printf("%s: ", part);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

const char *result(long ret)
{
	return ret >= 0 ? "ok" : strerrorname_np(errno);
}

void broken(const char *what)
{
	printf("%s: broken: %s: %s\n", part, what, strerror(errno));
	exit(1);
}

void make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n = (ssize_t)strlen(text);

	if (fd < 0 || write(fd, text, (size_t)n) != n || close(fd) < 0)
		broken(name);
}

const char *named(const char *fmt, ...)
{
	static char ring[8][600];
	static unsigned int turn;
	char *out = ring[turn++ % 8];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, sizeof(ring[0]), fmt, ap);
	va_end(ap);
	return out;
}

static void some_entries(void)
{
	all_entries(entries);
}

static const struct {
	const char *name;
	void (*fn)(void);
} parts[] = {
	{ "names", all_names },	     { "modes", all_modes },
	{ "links", all_links },	     { "renames", all_renames },
	{ "times", all_times },	     { "holes", all_holes },
	{ "entries", some_entries }, { "space", all_space },
};

/* Each part has a directory of its own; it cleans up as part of its answer. */
static void run(int i)
{
	part = parts[i].name;
	if (mkdir(part, 0755) < 0 || chdir(part) < 0)
		broken("mkdir");
	parts[i].fn();
	if (chdir("..") < 0)
		broken("chdir");
	say("removed: %s", result(rmdir(part)));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "entries", required_argument, NULL, 'e' },
		{ "only", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	const char *only = NULL;
	size_t i;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (o == 'e')
			entries = atoi(optarg);
		else if (o == 'o')
			only = optarg;
		else
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	if (optind + 1 != argc || chdir(argv[optind]) < 0) {
		fprintf(stderr, "usage: %s [--entries N] [--only PART] DIR\n",
			argv[0]);
		return 2;
	}
	/* space is for a file system that may be filled */
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (only ? strcmp(only, parts[i].name) == 0
			 : strcmp("space", parts[i].name) != 0)
			run((int)i);
	return 0;
}
