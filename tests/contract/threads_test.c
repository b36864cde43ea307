// SPDX-License-Identifier: GPL-2.0-or-later
/* threads_test.c - the contract: several guests at once */
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define WORKERS 4
#define ROUNDS	50

/* Assertions of cmocka are for the main thread: workers count failures. */
struct worker {
	struct kit *k;
	int number;
	int failed;
	pthread_t thread;
};

#define CALL(w, op, ...)                                                       \
	({                                                                     \
		kit_enter((w)->k);                                             \
		ssize_t r = (w)->k->ops->op((w)->k->fs, __VA_ARGS__);          \
		kit_leave((w)->k);                                             \
		r;                                                             \
	})
#define CHECK(w, cond)                                                         \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "# worker: %s\n", #cond);              \
			(w)->failed++;                                         \
		}                                                              \
	} while (0)

static int count(void *arg, const char *name, uint64_t ino, unsigned char type)
{
	(void)name;
	(void)ino;
	(void)type;
	++*(int *)arg;
	return 0;
}

static void round_of(struct worker *w, const char *dir, int i)
{
	char a[128], b[128], text[32], buf[32] = "";
	ssize_t n = snprintf(text, sizeof(text), "w%d r%d", w->number, i);
	struct um_fh fh;
	struct stat st;
	int names = 0;

	snprintf(a, sizeof(a), "%s/a%d", dir, i);
	snprintf(b, sizeof(b), "%s/b%d", dir, i);
	CHECK(w, kit_create(w->k, a, 0644, O_RDWR, &fh) == 0);
	CHECK(w, CALL(w, write, &fh, text, (size_t)n, 0) == n);
	CHECK(w, CALL(w, rename, a, b, 0) == 0);
	CHECK(w, CALL(w, read, &fh, buf, sizeof(buf), 0) == n);
	CHECK(w, strcmp(buf, text) == 0);
	kit_close(w->k, &fh);
	CHECK(w, kit_lstat(w->k, b, &st) == 0 && st.st_size == n);
	CHECK(w, CALL(w, readdir, dir, count, &names) == 0);
	CHECK(w, names == 3);
	CHECK(w, CALL(w, unlink, b) == 0);
	CHECK(w, kit_lstat(w->k, b, &st) == -ENOENT);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct um_cred who = { 100u + (unsigned int)w->number, 100,
			       1000 + w->number, 022 };
	char dir[100];

	if (!kit_can(w->k, "callers"))
		who = *um_caller();
	host_set_caller(&who);
	snprintf(dir, sizeof(dir), "%s/w%d", w->k->dir, w->number);
	CHECK(w, CALL(w, mkdir, dir, 0755) == 0);
	for (int i = 0; i < ROUNDS; i++)
		round_of(w, dir, i);
	CHECK(w, CALL(w, rmdir, dir) == 0);
	host_set_caller(NULL);
	return NULL;
}

static void many_threads_work(void **state)
{
	struct worker w[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){ .k = *state, .number = i };
		assert_int_equal(
			pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(w[i].thread, NULL);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(w[i].failed, 0);
}

int run_threads(fixture_fn setup, fixture_fn teardown)
{
	RUN_TESTS("threads", setup, teardown, T(many_threads_work));
}
