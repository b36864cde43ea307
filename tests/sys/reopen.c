// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reopen.c - names and files that were looked at before, and have changed since
 *
 * Whoever remembers what a name meant (the kernel's dentries, a view's agents)
 * has to notice each change, by whatever name, descriptor or process it came.
 */

#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/file.h>

/* Twice: what the first opening left is what the second may go by. */
static void look_at(const char *path)
{
	char buf[64];

	t_get(path, buf, sizeof(buf));
	t_get(path, buf, sizeof(buf));
	t_size(path);
}

static void each_opening_has_its_own_offset_and_flags(void)
{
	char buf[8];
	int fd[2];

	t_put("f", "0123456789");
	look_at("f");
	fd[0] = (int)CHECK_OK(open("f", O_RDONLY | O_APPEND));
	fd[1] = (int)CHECK_OK(open("f", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	CHECK_EQ(read(fd[0], buf, 4), 4);
	CHECK_EQ(read(fd[1], buf, 2), 2);
	CHECK_MEM(buf, "01", 2);
	CHECK_EQ(lseek(fd[0], 0, SEEK_CUR), 4);
	CHECK_EQ(fcntl(fd[0], F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
		 O_RDONLY | O_APPEND);
	CHECK_EQ(fcntl(fd[1], F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
		 O_RDONLY | O_NONBLOCK);
	CHECK_EQ(fcntl(fd[0], F_GETFD), 0);
	CHECK_EQ(fcntl(fd[1], F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(write(fd[0], "x", 1), EBADF);
}

static void flags_that_do_not_fit_the_node(void)
{
	t_put("f", "x");
	CHECK_OK(mkdir("d", 0755));
	look_at("f");
	look_at("d");
	CHECK_ERRNO(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("f/.", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("f", O_RDONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERRNO(open("d", O_WRONLY), EISDIR);
	CHECK_OK(open("d/", O_RDONLY));
	CHECK_OK(open("./d/./", O_RDONLY));
	CHECK_OK(open(".//f", O_RDONLY));
}

static void a_write_is_seen_by_the_next_opening(void)
{
	int fd;

	t_put("f", "old");
	look_at("f");
	t_put("f", "newer");
	CHECK_FILE("f", "newer");
	CHECK_EQ(t_size("f"), 5);
	CHECK_OK(truncate("f", 2));
	CHECK_FILE("f", "ne");
	fd = t_open("f", O_RDWR | O_APPEND);
	CHECK_EQ(write(fd, "w!", 2), 2);
	CHECK_FILE("f", "new!");
}

static void a_removed_file_stays_for_who_has_it_open(void)
{
	struct stat st;
	char buf[8];
	int fd;

	t_put("f", "gone");
	look_at("f");
	fd = t_open("f", O_RDONLY);
	CHECK_OK(unlink("f"));
	CHECK_ERRNO(open("f", O_RDONLY), ENOENT);
	CHECK(!t_exists("f"));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 4);
	CHECK_EQ(pread(fd, buf, 8, 0), 4);
	CHECK_MEM(buf, "gone", 4);
	CHECK_OK(fchmod(fd, 0600));
	t_put("f", "another");
	CHECK_FILE("f", "another");
	CHECK_EQ(pread(fd, buf, 8, 0), 4);
	CHECK_MEM(buf, "gone", 4);
}

static void a_replaced_file_stays_for_who_has_it_open(void)
{
	struct stat st;
	char buf[8];
	int fd;

	t_put("f", "one");
	t_put("g", "two!");
	look_at("f");
	look_at("g");
	fd = t_open("f", O_RDONLY);
	CHECK_OK(rename("g", "f"));
	CHECK_FILE("f", "two!");
	CHECK(!t_exists("g"));
	CHECK_EQ(pread(fd, buf, 8, 0), 3);
	CHECK_MEM(buf, "one", 3);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
}

/* As git makes its objects. */
static void the_name_that_is_left_leads_to_it(void)
{
	struct stat st;
	int fd;

	CHECK_ERRNO(open("final", O_RDONLY), ENOENT);
	t_put("temporary", "object");
	CHECK_OK(link("temporary", "final"));
	CHECK_OK(unlink("temporary"));
	look_at("final");
	fd = t_open("final", O_RDONLY);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_size, 6);
}

static void what_was_absent_comes(void)
{
	CHECK(!t_exists("a/b/f"));
	CHECK(!t_exists("a/b"));
	CHECK(!t_exists("a"));
	CHECK_OK(mkdir("a", 0755));
	CHECK(t_exists("a"));
	CHECK(!t_exists("a/b/f"));
	CHECK_OK(mkdir("a/b", 0755));
	CHECK(!t_exists("a/b/f"));
	t_put("a/b/f", "x");
	CHECK_FILE("a/b/f", "x");
	CHECK_OK(access("a/b/f", R_OK));
}

static void names_in_a_directory_that_changes(void)
{
	CHECK_OK(mkdir("a", 0755));
	t_put("a/f", "a's");
	t_put("top", "x");
	look_at("a/f");
	look_at("a/../top");
	CHECK(!t_exists("b/f"));
	CHECK_OK(rename("a", "b"));
	CHECK(!t_exists("a/f"));
	CHECK(!t_exists("a/../top"));
	CHECK_FILE("b/f", "a's");
	CHECK_OK(symlink("b", "a"));
	CHECK_FILE("a/f", "a's");
	CHECK_OK(unlink("a"));
	CHECK_OK(mkdir("a", 0755));
	CHECK(!t_exists("a/f"));
	CHECK_OK(unlink("b/f"));
	CHECK_OK(rmdir("b"));
	CHECK_ERRNO(open("b/../top", O_RDONLY), ENOENT);
	CHECK_OK(rmdir("a"));
	t_put("a", "a file now");
	CHECK_ERRNO(open("a/f", O_RDONLY), ENOTDIR);
}

static void names_from_a_directory_that_is_open(void)
{
	struct stat st;
	int dir;
	int fd;

	CHECK_OK(mkdir("d", 0755));
	t_put("d/f", "first");
	dir = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_OK(fstatat(dir, "f", &st, 0));
	fd = (int)CHECK_OK(openat(dir, "f", O_RDONLY));
	close(fd);
	CHECK_ERRNO(openat(dir, "g", O_RDONLY), ENOENT);
	CHECK_OK(rename("d", "e"));
	t_put("e/g", "second");
	fd = (int)CHECK_OK(openat(dir, "g", O_RDONLY));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 6);
	CHECK_OK(fstatat(dir, "f", &st, 0));
	CHECK_OK(unlink("e/f"));
	CHECK_OK(unlink("e/g"));
	CHECK_OK(rmdir("e"));
	CHECK_ERRNO(openat(dir, "f", O_RDONLY), ENOENT);
	CHECK_OK(fstat(dir, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK(S_ISDIR(st.st_mode));
	CHECK_OK(mkdir("e", 0755));
	t_put("e/f", "other");
	CHECK_ERRNO(openat(dir, "f", O_RDONLY), ENOENT);
}

/* How often the file is read, and how often it is replaced, at once. */
enum { ROUNDS = 300, READERS = 3 };

static volatile int finished;

/* All of a file is from one writer, whichever that was. */
static void check_content(int fd, dev_t dev)
{
	char buf[64];
	struct stat st;
	ssize_t n = pread(fd, buf, sizeof(buf), 0);

	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_dev, dev);
	CHECK_EQ(st.st_size, n);
	CHECK(n == 0 || buf[0] == 'a' + n % 26);
	for (ssize_t i = 1; i < n; i++)
		if (buf[i] != buf[0])
			CHECK_EQ(buf[i], buf[0]);
}

static void *keep_reading(void *arg)
{
	struct stat st;

	(void)arg;
	CHECK_OK(stat(".", &st));
	while (!finished) {
		int fd = open("f", O_RDONLY);

		if (fd < 0) {
			CHECK_EQ(errno, ENOENT);
			continue;
		}
		check_content(fd, st.st_dev);
		close(fd);
	}
	return NULL;
}

static void make_version(const char *path, int i)
{
	size_t n = (size_t)(1 + i % 60);
	char *text = t_long(n, (char)('a' + n % 26));

	t_put(path, text);
	free(text);
}

/* The mode tells the size, where it was changed: of this file, no other. */
static void *keep_changing(void *arg)
{
	(void)arg;
	while (!finished) {
		int fd = open("f", O_RDONLY);
		struct stat st;

		if (fd < 0) {
			CHECK_EQ(errno, ENOENT);
			continue;
		}
		CHECK_OK(fstat(fd, &st));
		if ((st.st_mode & 0777) != 0644)
			CHECK_EQ(st.st_mode & 0777, 0600 | st.st_size);
		CHECK_OK(fchmod(fd, (mode_t)(0600 | st.st_size)));
		close(fd);
	}
	return NULL;
}

static void replace_while(void *(*others)(void *))
{
	pthread_t t[READERS];

	finished = 0;
	make_version("f", 0);
	for (int i = 0; i < READERS; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, others, NULL), 0);
	for (int i = 1; i < ROUNDS; i++) {
		make_version("next", i);
		if (i % 3 == 0)
			CHECK_OK(unlink("f"));
		CHECK_OK(rename("next", "f"));
	}
	finished = 1;
	for (int i = 0; i < READERS; i++)
		pthread_join(t[i], NULL);
}

static void readers_of_a_file_that_is_replaced(void)
{
	replace_while(keep_reading);
}

static void changes_of_a_file_that_is_replaced(void)
{
	umask(022);
	replace_while(keep_changing);
}

static int count_entries(DIR *d)
{
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	return n;
}

/* What a listing shows is as new as its first entry. */
static void entries_that_come_after_the_opening(void)
{
	DIR *d;

	CHECK_OK(mkdir("d", 0755));
	t_put("d/a", "");
	d = opendir("d");
	CHECK(d != NULL);
	if (!d)
		return;
	t_put("d/b", "");
	CHECK_EQ(count_entries(d), 2);
	CHECK_EQ(count_entries(d), 0);
	CHECK_OK(unlink("d/a"));
	rewinddir(d);
	CHECK_EQ(count_entries(d), 1);
	CHECK_OK(unlink("d/b"));
	rewinddir(d);
	CHECK_EQ(count_entries(d), 0);
	closedir(d);
}

/* As rm -r: with a buffer for a few entries, each removed when it was seen. */
static void entries_that_go_while_they_are_listed(void)
{
	enum { N = 40 };
	char buf[256] __attribute__((aligned(8)));
	int removed = 0;
	int dir;
	long n;

	CHECK_OK(mkdir("d", 0755));
	for (int i = 0; i < N; i++)
		t_put(t_fmt("d/file-%02d", i), "");
	dir = t_open("d", O_RDONLY | O_DIRECTORY);
	while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			unsigned short len;

			memcpy(&len, buf + at + 16, sizeof(len));
			if (buf[at + 19] != '.')
				removed += unlinkat(dir, buf + at + 19, 0) == 0;
			at += len;
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(removed, N);
	CHECK_OK(rmdir("d"));
}

/* How many entries the directory has, read by a new opening. */
static int look_into(const char *path)
{
	DIR *d = opendir(path);
	int n;

	CHECK(d != NULL);
	if (!d)
		return -1;
	n = count_entries(d);
	closedir(d);
	/* who keeps what was closed is to have heard of it */
	usleep(20000);
	return n;
}

static void a_directory_that_is_opened_again(void)
{
	struct stat st;
	int fd;

	CHECK_OK(mkdir("d", 0755));
	CHECK_EQ(look_into("d"), 0);
	t_put("d/a", "");
	CHECK_EQ(look_into("d"), 1);
	CHECK_EQ(look_into("d"), 1);
	CHECK_OK(rename("d", "e"));
	CHECK_ERRNO(open("d", O_RDONLY | O_DIRECTORY), ENOENT);
	CHECK_EQ(look_into("e"), 1);
	CHECK_OK(mkdir("d", 0755));
	CHECK_EQ(look_into("d"), 0);
	CHECK_OK(rmdir("d"));
	CHECK_OK(mkdir("d", 0700));
	fd = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode & 0777, 0700);
	CHECK_OK(unlink("e/a"));
	CHECK_EQ(look_into("e"), 0);
}

static void openings_of_a_directory_are_apart(void)
{
	DIR *d[2];
	int fd;

	CHECK_OK(mkdir("d", 0755));
	t_put("d/a", "");
	t_put("d/b", "");
	CHECK_EQ(look_into("d"), 2);
	d[0] = opendir("d");
	d[1] = opendir("d");
	CHECK(d[0] && d[1]);
	if (!d[0] || !d[1])
		return;
	CHECK_EQ(count_entries(d[0]), 2);
	CHECK_EQ(count_entries(d[0]), 0);
	CHECK_EQ(count_entries(d[1]), 2);
	rewinddir(d[0]);
	CHECK_EQ(count_entries(d[0]), 2);
	CHECK_OK(flock(dirfd(d[0]), LOCK_EX));
	CHECK_ERRNO(flock(dirfd(d[1]), LOCK_EX | LOCK_NB), EWOULDBLOCK);
	closedir(d[0]);
	CHECK_OK(flock(dirfd(d[1]), LOCK_EX));
	closedir(d[1]);
	usleep(20000);
	fd = t_open("d", O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	CHECK_OK(flock(fd, LOCK_EX | LOCK_NB));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_NONBLOCK);
	CHECK_EQ(look_into("d"), 2);
}

static void a_listing_wants_room_and_a_buffer(void)
{
	char buf[64];
	int dir;

	CHECK_OK(mkdir("d", 0755));
	t_put("d/a-name-that-does-not-fit-into-so-few-bytes", "");
	dir = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_ERRNO(syscall(SYS_getdents64, dir, T_BAD_PTR, sizeof(buf)),
		    EFAULT);
	CHECK_ERRNO(syscall(SYS_getdents64, dir, buf, 8), EINVAL);
	CHECK_EQ(fcntl(dir, F_GETFL) & (O_ACCMODE | O_DIRECTORY),
		 O_RDONLY | O_DIRECTORY);
	CHECK_ERRNO(read(dir, buf, sizeof(buf)), EISDIR);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(each_opening_has_its_own_offset_and_flags);
	RUN(flags_that_do_not_fit_the_node);
	RUN(a_write_is_seen_by_the_next_opening);
	RUN(a_removed_file_stays_for_who_has_it_open);
	RUN(a_replaced_file_stays_for_who_has_it_open);
	RUN(the_name_that_is_left_leads_to_it);
	RUN(what_was_absent_comes);
	RUN(names_in_a_directory_that_changes);
	RUN(names_from_a_directory_that_is_open);
	RUN(readers_of_a_file_that_is_replaced);
	RUN(changes_of_a_file_that_is_replaced);
	RUN(entries_that_come_after_the_opening);
	RUN(entries_that_go_while_they_are_listed);
	RUN(a_directory_that_is_opened_again);
	RUN(openings_of_a_directory_are_apart);
	RUN(a_listing_wants_room_and_a_buffer);
	return t_done();
}
