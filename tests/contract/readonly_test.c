// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * readonly_test.c - file systems that cannot be written
 *
 * What a tree must be like, whatever is in it: every listed name has
 * attributes, its number and type are those that its directory tells, and the
 * contents are the same however they are asked for.
 */
#include "tests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_READ (1u << 20)

typedef void (*visit_fn)(struct kit *k, const char *path,
			 const struct stat *st);

struct listing {
	struct kit *k;
	const char *path;
	visit_fn visit;
	char **names;
	uint64_t *inos;
	unsigned char *types;
	size_t count;
	size_t dots;
};

static int take(void *arg, const char *name, uint64_t ino, unsigned char type)
{
	struct listing *l = arg;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		l->dots++;
		return 0;
	}
	l->names = realloc(l->names, (l->count + 1) * sizeof(*l->names));
	l->inos = realloc(l->inos, (l->count + 1) * sizeof(*l->inos));
	l->types = realloc(l->types, l->count + 1);
	assert_true(l->names && l->inos && l->types);
	l->names[l->count] = strdup(name);
	l->inos[l->count] = ino;
	l->types[l->count++] = type;
	return 0;
}

static void walk(struct kit *k, const char *dir, visit_fn visit);

static void visit_entry(struct listing *l, size_t i)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", l->path[1] ? l->path : "",
		 l->names[i]);
	assert_int_equal(kit_lstat(l->k, path, &st), 0);
	if (l->inos[i])
		assert_int_equal(l->inos[i], st.st_ino);
	if (l->types[i] != DT_UNKNOWN)
		assert_int_equal(l->types[i], IFTODT(st.st_mode));
	l->visit(l->k, path, &st);
	if (S_ISDIR(st.st_mode))
		walk(l->k, path, l->visit);
}

static void walk(struct kit *k, const char *dir, visit_fn visit)
{
	struct listing l = { .k = k, .path = dir, .visit = visit };

	kit_enter(k);
	assert_int_equal(k->ops->readdir(k->fs, dir, take, &l), 0);
	kit_leave(k);
	assert_int_equal(l.dots, 2);
	for (size_t i = 0; i < l.count; i++) {
		visit_entry(&l, i);
		free(l.names[i]);
	}
	free(l.names);
	free(l.inos);
	free(l.types);
}

static void has_attributes(struct kit *k, const char *path,
			   const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n;

	assert_true(st->st_ino != 0);
	assert_true(st->st_nlink > 0);
	assert_true(st->st_mode & S_IFMT);
	kit_enter(k);
	n = k->ops->readlink(k->fs, path, target, sizeof(target));
	kit_leave(k);
	assert_int_equal(n, S_ISLNK(st->st_mode) ? st->st_size : -EINVAL);
}

static void every_name_has_attributes(void **state)
{
	walk(*state, "/", has_attributes);
}

static ssize_t read_at(struct kit *k, struct um_fh *fh, void *buf, size_t n,
		       off_t off)
{
	ssize_t ret;

	kit_enter(k);
	ret = k->ops->read(k->fs, fh, buf, n, off);
	kit_leave(k);
	return ret;
}

/* From the end to the begin, in odd pieces: the same as at once. */
static void reads_any_way(struct kit *k, const char *path,
			  const struct stat *st)
{
	const off_t piece = 70001;
	size_t n = (size_t)st->st_size;
	char *whole, *part;
	struct um_fh fh;

	if (!S_ISREG(st->st_mode) || n > MAX_READ)
		return;
	whole = malloc(n + 1);
	part = malloc((size_t)piece);
	assert_true(whole && part);
	assert_int_equal(kit_open(k, path, O_RDONLY, &fh), 0);
	assert_int_equal(read_at(k, &fh, whole, n + 1, 0), n);
	for (off_t at = st->st_size / piece * piece; at >= 0; at -= piece) {
		ssize_t got = read_at(k, &fh, part, (size_t)piece, at);

		assert_int_equal(got, st->st_size - at < piece
					      ? st->st_size - at
					      : piece);
		assert_memory_equal(part, whole + at, (size_t)got);
	}
	assert_int_equal(read_at(k, &fh, part, 1, st->st_size + 1), 0);
	kit_close(k, &fh);
	free(whole);
	free(part);
}

static void contents_are_the_same_any_way(void **state)
{
	walk(*state, "/", reads_any_way);
}

static void absent_names_are_absent(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;

	assert_int_equal(kit_lstat(k, "/no such name", &st), -ENOENT);
	assert_int_equal(kit_lstat(k, "/no/such/path", &st), -ENOENT);
	assert_int_equal(kit_open(k, "/no such name", O_RDONLY, &fh), -ENOENT);
}

static void nothing_is_opened_for_writing(struct kit *k, const char *path,
					  const struct stat *st)
{
	struct um_fh fh;

	if (S_ISREG(st->st_mode))
		assert_int_equal(kit_open(k, path, O_RDWR, &fh), -EROFS);
}

static void says_read_only(void **state)
{
	struct kit *k = *state;

	assert_true(k->fs->readonly);
	walk(k, "/", nothing_is_opened_for_writing);
}

static void statfs_answers(void **state)
{
	struct kit *k = *state;
	struct statfs st;

	NEEDS(k, statfs);
	assert_int_equal(k->ops->statfs(k->fs, &st), 0);
	assert_true(st.f_bsize > 0);
	assert_true(st.f_namelen > 0);
}

static void *walk_in_thread(void *arg)
{
	walk(arg, "/", reads_any_way);
	return NULL;
}

static void many_threads_read(void **state)
{
	pthread_t t[4];

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&t[i], NULL, walk_in_thread, *state), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

int run_readonly(fixture_fn setup, fixture_fn teardown)
{
	RUN_TESTS("readonly", setup, teardown, T(every_name_has_attributes),
		  T(contents_are_the_same_any_way), T(absent_names_are_absent),
		  T(says_read_only), T(statfs_answers), T(many_threads_read));
}
