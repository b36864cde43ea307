// SPDX-License-Identifier: GPL-2.0-or-later
/* threads.c - many threads at work in one directory */

#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 60 };

static atomic_int winners;

static void in_threads(void *(*fn)(void *))
{
	static int numbers[THREADS];
	pthread_t thread[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		CHECK_EQ(pthread_create(&thread[i], NULL, fn, &numbers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

static void *make_stat_remove(void *arg)
{
	const int *me = arg;
	char name[64];
	char text[64];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "t%d.%d", *me, i);
		snprintf(text, sizeof(text), "text %d of %d", i, *me);
		t_put(name, text);
		CHECK_FILE(name, text);
		CHECK_EQ(t_size(name), strlen(text));
		if (i % 2)
			CHECK_OK(unlink(name));
	}
	return NULL;
}

static void each_on_its_own_files(void)
{
	struct dirent *de;
	DIR *dir;
	int n = 0;

	in_threads(make_stat_remove);
	dir = opendir(".");
	while (dir && (de = readdir(dir)) != NULL)
		n += de->d_name[0] == 't';
	CHECK_EQ(n, THREADS * ROUNDS / 2);
	if (dir)
		closedir(dir);
}

/* The number of a removed file goes to a file that another thread makes. */
static void *make_and_remove(void *arg)
{
	const int *me = arg;
	char name[64];
	char text[64] = "";
	int i;

	snprintf(name, sizeof(name), "n%d", *me);
	for (i = 0; i < 4 * ROUNDS; i++) {
		memset(text, 'a' + *me, sizeof(text) - 1);
		text[1 + (i * 7 + *me) % 60] = '\0';
		t_put(name, text);
		CHECK_EQ(t_size(name), strlen(text));
		CHECK_FILE(name, text);
		CHECK_OK(unlink(name));
	}
	return NULL;
}

static void a_new_file_holds_nothing_of_an_old_one(void)
{
	in_threads(make_and_remove);
}

/* O_CREAT without O_EXCL: whether the name is there or not is all the same. */
static void *make_or_open(void *arg)
{
	const int *me = arg;
	int fd;
	int i;

	for (i = 0; i < 4 * ROUNDS; i++) {
		fd = open("o", O_RDWR | O_CREAT, 0644);
		CHECK(fd >= 0);
		close(fd);
		if (*me % 2 && unlink("o") < 0)
			CHECK_EQ(errno, ENOENT);
	}
	return NULL;
}

static void a_name_that_comes_and_goes_can_be_made(void)
{
	in_threads(make_or_open);
}

static void *race_to_create(void *arg)
{
	char name[64];
	int fd;
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
		if (fd >= 0) {
			winners++;
			close(fd);
		} else {
			CHECK_EQ(errno, EEXIST);
		}
	}
	return NULL;
}

static void *race_to_remove(void *arg)
{
	char name[64];
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		if (unlink(name) == 0)
			winners++;
		else
			CHECK_EQ(errno, ENOENT);
	}
	return NULL;
}

static void one_winner_per_name(void)
{
	winners = 0;
	in_threads(race_to_create);
	CHECK_EQ(winners, ROUNDS);
	winners = 0;
	in_threads(race_to_remove);
	CHECK_EQ(winners, ROUNDS);
}

static int shared_fd;

static void *append_shared(void *arg)
{
	const int *me = arg;
	char rec[20];
	int i;

	memset(rec, 'a' + *me, sizeof(rec));
	for (i = 0; i < ROUNDS; i++)
		CHECK_EQ(write(shared_fd, rec, sizeof(rec)), 20);
	return NULL;
}

static void one_descriptor_for_all(void)
{
	char *buf = malloc(20 * THREADS * ROUNDS + 1);
	char rec[20];
	int i;

	shared_fd = t_open("f", O_WRONLY | O_CREAT);
	in_threads(append_shared);
	CHECK_EQ(t_get("f", buf, 20 * THREADS * ROUNDS + 1),
		 20 * THREADS * ROUNDS);
	for (i = 0; i < THREADS * ROUNDS; i++) {
		memset(rec, buf[i * 20], 20);
		CHECK_MEM(buf + i * 20, rec, 20);
	}
	free(buf);
}

static void *rename_around(void *arg)
{
	const int *me = arg;
	char a[32];
	char b[32];
	int i;

	snprintf(a, sizeof(a), "x%d/f", *me % 2);
	snprintf(b, sizeof(b), "x%d/f", (*me + 1) % 2);
	for (i = 0; i < ROUNDS; i++)
		if (rename(a, b) < 0)
			CHECK_EQ(errno, ENOENT);
	return NULL;
}

static void a_renamed_file_is_never_lost(void)
{
	CHECK_OK(mkdir("x0", 0755));
	CHECK_OK(mkdir("x1", 0755));
	t_put("x0/f", "kept");
	in_threads(rename_around);
	CHECK_EQ(t_exists("x0/f") + t_exists("x1/f"), 1);
	CHECK_FILE(t_exists("x0/f") ? "x0/f" : "x1/f", "kept");
}

static void *make_dirs(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		if (mkdir("d", 0755) < 0)
			CHECK_EQ(errno, EEXIST);
		if (rmdir("d") < 0)
			CHECK_EQ(errno, ENOENT);
	}
	return NULL;
}

static void directories_come_and_go(void)
{
	in_threads(make_dirs);
	CHECK(!t_exists("d"));
	CHECK_EQ(t_nlink("."), 2);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(each_on_its_own_files);
	RUN(a_new_file_holds_nothing_of_an_old_one);
	RUN(a_name_that_comes_and_goes_can_be_made);
	RUN(one_winner_per_name);
	RUN(one_descriptor_for_all);
	RUN(a_renamed_file_is_never_lost);
	RUN(directories_come_and_go);
	return t_done();
}
