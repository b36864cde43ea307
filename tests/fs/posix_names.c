// SPDX-License-Identifier: GPL-2.0-or-later
/* posix_names.c - names, links, rename for each pair, large directories */
#include "posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- names ---- */

static int listed(const char *name)
{
	DIR *dir = opendir(".");
	struct dirent *de;
	int n = 0;

	if (!dir)
		broken("opendir");
	while ((de = readdir(dir)))
		n += strcmp(de->d_name, name) == 0;
	closedir(dir);
	return n;
}

static void every_byte(const char *before, const char *after)
{
	char name[8];
	int b;

	for (b = 1; b < 256; b++) {
		snprintf(name, sizeof(name), "%s%c%s", before, b, after);
		if (b == '/' || strcmp(name, ".") == 0)
			continue;
		if (mknod(name, S_IFREG | 0644, 0) < 0)
			say("byte %d in <%sB%s>: %s", b, before, after,
			    result(-1));
		else if (listed(name) != 1)
			say("byte %d in <%sB%s>: listed %d times", b, before,
			    after, listed(name));
		if (unlink(name) < 0)
			say("byte %d: unlink: %s", b, result(-1));
	}
	say("every byte in <%sB%s>", before, after);
}

void all_names(void)
{
	static const char *const odd[] = { " ",	  "...", ". .", "-",  "a.",
					   "a ",  "con", "nul", "~",  "a\nb",
					   "\\0", "a:b", "*",	"a|b" };
	const char *got;
	char name[258];
	size_t i;

	every_byte("", "");
	every_byte("x", "y");
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		got = result(mknod(odd[i], S_IFREG | 0644, 0));
		say("odd %zu: %s, %d", i, got, listed(odd[i]));
		unlink(odd[i]);
	}
	for (i = 254; i <= 256; i++) {
		memset(name, 'n', sizeof(name));
		name[i] = '\0';
		say("%zu bytes: %s", i, result(mkdir(name, 0755)));
		say("%zu bytes: %d", i, listed(name));
		rmdir(name);
	}
	make_file("case", "lower");
	say("other case: %s", result(mknod("CASE", S_IFREG | 0644, 0)));
	unlink("CASE");
	say("lower is left: %s", result(unlink("case")));
}

/* ---- links ---- */

static long links_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) < 0 ? -1 : (long)st.st_nlink;
}

static void symlinks_of_all_lengths(void)
{
	static const int sizes[] = { 1,	  59,	60,   61,   255,
				     256, 1023, 1024, 4095, 4096 };
	char text[4100], got[4200];
	struct stat st = { 0 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ssize_t n;

		memset(text, 't', sizeof(text));
		text[sizes[i]] = '\0';
		say("symlink of %d: %s", sizes[i], result(symlink(text, "s")));
		n = readlink("s", got, sizeof(got));
		lstat("s", &st);
		if (n != sizes[i] || st.st_size != n ||
		    memcmp(text, got, (size_t)n) != 0)
			say("symlink of %d: reads %zd, size %lld", sizes[i], n,
			    (long long)st.st_size);
		unlink("s");
	}
}

void all_links(void)
{
	int i;

	make_file("a", "text");
	for (i = 0; i < 100; i++)
		if (link("a", named("l%d", i)) < 0)
			broken("link");
	say("101 names: %ld", links_of("a"));
	for (i = 0; i < 100; i++)
		unlink(named("l%d", i));
	say("one name: %ld", links_of("a"));
	for (i = 0; i < 10; i++)
		mkdir(named("d%d", i), 0755);
	say("ten directories: %ld", links_of("."));
	say("link to a directory: %s", result(link("d0", "x")));
	for (i = 0; i < 10; i++)
		rmdir(named("d%d", i));
	say("none: %ld", links_of("."));
	symlinks_of_all_lengths();
	say("empty symlink: %s", result(symlink("", "s")));
	say("symlink over a file: %s", result(symlink("x", "a")));
	say("removed: %s", result(unlink("a")));
}

/* ---- rename ---- */

enum kind { NONE, FILE_, SAME, EMPTY, FULL, LINK, FIFO, KINDS };

static const char *const kind_name[] = { "nothing", "file", "same file",
					 "empty",   "full", "link",
					 "fifo" };

static void make_kind(const char *name, enum kind kind)
{
	if (kind == FILE_)
		make_file(name, name);
	else if (kind == SAME && link("the-file", name) < 0)
		broken("link");
	else if ((kind == EMPTY || kind == FULL) && mkdir(name, 0755) < 0)
		broken("mkdir");
	else if (kind == LINK && symlink("nowhere", name) < 0)
		broken("symlink");
	else if (kind == FIFO && mkfifo(name, 0644) < 0)
		broken("mkfifo");
	if (kind == FULL)
		make_file(named("%s/in", name), "in");
}

static const char *what_is(const char *name)
{
	struct stat st, in;

	if (lstat(name, &st) < 0)
		return errno == ENOENT ? "nothing" : result(-1);
	if (S_ISDIR(st.st_mode))
		return lstat(named("%s/in", name), &in) == 0 ? "full" : "empty";
	if (S_ISLNK(st.st_mode))
		return "link";
	if (S_ISFIFO(st.st_mode))
		return "fifo";
	return st.st_nlink > 1 ? "same file" : "file";
}

static void remove_inside(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *de;

	while (dir && (de = readdir(dir)))
		unlinkat(dirfd(dir), de->d_name, 0);
	if (dir)
		closedir(dir);
}

/*
 * libfuse gives a file that is removed while it is open a hidden name in its
 * directory, until it hears of the last close. close(2) does not wait for that;
 * and if it is told just then, the hidden file stays for good. This makes room
 * for what is tried next and is no question, so it removes what it finds.
 */
static void remove_any(const char *name)
{
	int i;

	for (i = 0; i < 2000; i++) {
		if (unlink(name) == 0 || rmdir(name) == 0 || errno == ENOENT)
			return;
		remove_inside(name);
		usleep(i * 10);
	}
	broken(name);
}

static void rename_pair(enum kind a, enum kind b, unsigned int flags,
			const char *word, const char *to)
{
	const char *got;

	make_file("the-file", "same");
	make_kind("a", a);
	make_kind(to, b);
	got = result(renameat2(AT_FDCWD, "a", AT_FDCWD, to, flags));
	say("%s%s, %s to %s: %s", word, strchr(to, '/') ? " across" : "",
	    kind_name[a], kind_name[b], got);
	say("  %s, %s", what_is("a"), what_is(to));
	remove_any("a");
	remove_any(to);
	unlink("the-file");
}

static void rename_ancestors(unsigned int flags, const char *word)
{
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	make_file("d/e/in", "x");
	say("%s into itself: %s", word,
	    result(renameat2(AT_FDCWD, "d", AT_FDCWD, "d/x", flags)));
	say("%s into its child: %s", word,
	    result(renameat2(AT_FDCWD, "d", AT_FDCWD, "d/e/x", flags)));
	say("%s to its child: %s", word,
	    result(renameat2(AT_FDCWD, "d", AT_FDCWD, "d/e", flags)));
	say("%s to its parent: %s", word,
	    result(renameat2(AT_FDCWD, "d/e", AT_FDCWD, "d", flags)));
	say("%s a file above: %s", word,
	    result(renameat2(AT_FDCWD, "d/e/in", AT_FDCWD, "d", flags)));
	remove_any("d/e");
	remove_any("d");
}

void all_renames(void)
{
	static const struct {
		unsigned int flags;
		const char *word;
	} ways[] = { { 0, "plain" },
		     { RENAME_NOREPLACE, "noreplace" },
		     { RENAME_EXCHANGE, "exchange" } };
	size_t i;
	int a, b;

	mkdir("other", 0755);
	for (i = 0; i < 3; i++) {
		for (a = NONE; a < KINDS; a++) {
			for (b = NONE; b < KINDS; b++) {
				rename_pair((enum kind)a, (enum kind)b,
					    ways[i].flags, ways[i].word, "b");
				rename_pair((enum kind)a, (enum kind)b,
					    ways[i].flags, ways[i].word,
					    "other/b");
			}
		}
		rename_ancestors(ways[i].flags, ways[i].word);
	}
	say("removed: %s", result(rmdir("other")));
}

/* ---- large directories ---- */

static unsigned char *seen;

/* Reads on; every entry%d is counted. Removes what `drop` says. */
static void read_on(DIR *dir, int count, bool drop)
{
	struct dirent *de;
	int i, n = 0;

	while (n++ < count && (de = readdir(dir))) {
		if (sscanf(de->d_name, "entry%d", &i) != 1)
			continue;
		seen[i]++;
		if (drop && i % 2 && unlink(de->d_name) < 0)
			broken(de->d_name);
	}
}

static void count_seen(const char *what, int entries, int step)
{
	int i, missed = 0, twice = 0;

	for (i = 0; i < entries; i += step) {
		missed += seen[i] == 0;
		twice += seen[i] > 1;
	}
	say("%s: %d missed, %d twice", what, missed, twice);
	for (i = 0; i < entries; i++)
		seen[i] = 0;
}

/* Places that telldir told lead to the same names again. */
static void check_places(DIR *dir)
{
	long places[50];
	char names[50][20];
	struct dirent *de;
	int i, n = 0, wrong = 0;

	rewinddir(dir);
	for (n = 0; n < 50; n++) {
		for (i = 0; i < 7; i++)
			(void)readdir(dir);
		places[n] = telldir(dir);
		de = readdir(dir);
		if (!de)
			break;
		snprintf(names[n], sizeof(names[0]), "%.19s", de->d_name);
	}
	while (n-- > 0) {
		seekdir(dir, places[n]);
		de = readdir(dir);
		wrong += !de || strcmp(de->d_name, names[n]) != 0;
	}
	say("seekdir: %d wrong", wrong);
}

void all_entries(int entries)
{
	int i, fd;
	DIR *dir;

	seen = calloc((size_t)entries + 1, 1);
	for (i = 0; i < entries; i++) {
		fd = open(named("entry%d", i),
			  O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0)
			broken("create");
		close(fd);
	}
	dir = opendir(".");
	if (!dir)
		broken("opendir");
	read_on(dir, entries + 10, false);
	count_seen("all", entries, 1);
	check_places(dir);
	rewinddir(dir);
	read_on(dir, entries / 3, false);
	for (i = 0; i < 100; i++)
		make_file(named("new%d", i), "");
	read_on(dir, entries, false);
	count_seen("while names come", entries, 1);
	for (i = 0; i < 100; i++)
		unlink(named("new%d", i));
	rewinddir(dir);
	read_on(dir, entries + 10, true);
	count_seen("while names go", entries, 1);
	rewinddir(dir);
	read_on(dir, entries + 10, false);
	count_seen("what is left", entries, 2);
	closedir(dir);
	for (i = 0; i < entries; i += 2)
		if (unlink(named("entry%d", i)) < 0)
			broken("unlink");
	free(seen);
}
