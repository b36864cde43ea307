// SPDX-License-Identifier: GPL-2.0-or-later
/* posix_files.c - modes, times, holes, large files, a full file system */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static mode_t mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) < 0 ? 0 : st.st_mode & 07777;
}

/* ---- modes ---- */

static void every_mode(const char *name)
{
	mode_t m;
	int wrong = 0;

	for (m = 0; m < 010000; m++)
		wrong += chmod(name, m) < 0 || mode_of(name) != m;
	say("every mode of a %s: %d wrong", name, wrong);
}

void all_modes(void)
{
	const char *got;
	int fd;

	make_file("file", "x");
	mkdir("dir", 0755);
	every_mode("file");
	every_mode("dir");
	rmdir("dir");
	umask(0137);
	mkdir("dir", 07777);
	say("made under a umask: %#o", mode_of("dir"));
	fd = open("made", O_CREAT | O_WRONLY, 07777);
	say("made under a umask: %#o", mode_of("made"));
	close(fd);
	umask(022);
	chmod("dir", 02755);
	mkdir("dir/sub", 0755);
	make_file("dir/file", "x");
	say("in a directory with sgid: %#o, %#o", mode_of("dir/sub"),
	    mode_of("dir/file"));
	chmod("file", 06755);
	fd = open("file", O_WRONLY);
	say("before a write: %#o", mode_of("file"));
	if (write(fd, "y", 1) != 1)
		broken("write");
	say("after a write: %#o", mode_of("file"));
	chmod("file", 06755);
	got = result(ftruncate(fd, 0));
	say("ftruncate: %s, %#o", got, mode_of("file"));
	chmod("file", 06755);
	got = result(chown("file", (uid_t)-1, getgid()));
	say("chown: %s, %#o", got, mode_of("file"));
	close(fd);
	unlink("dir/file");
	rmdir("dir/sub");
	rmdir("dir");
	unlink("file");
	unlink("made");
}

/* ---- times ---- */

static struct stat stat_of(const char *name)
{
	struct stat st = { 0 };

	if (lstat(name, &st) < 0)
		broken(name);
	return st;
}

static void set_times(const char *what, long long sec, long nsec)
{
	struct timespec ts[2] = { { sec, nsec }, { sec, nsec } };
	int ret = utimensat(AT_FDCWD, "f", ts, 0);
	struct stat st = stat_of("f");

	say("%s: %s, %lld.%09ld, %lld.%09ld", what, result(ret),
	    (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* Which times of f and of its directory a step changed. */
static void changed(const char *what, const struct stat *f,
		    const struct stat *dir, const char *name)
{
	struct stat now = stat_of(name);
	struct stat dir_now = stat_of(".");

	say("%s changes%s%s%s%s", what,
	    is_later(&now.st_mtim, &f->st_mtim) ? " mtime" : "",
	    is_later(&now.st_ctim, &f->st_ctim) ? " ctime" : "",
	    is_later(&dir_now.st_mtim, &dir->st_mtim) ? " dir-mtime" : "",
	    is_later(&dir_now.st_ctim, &dir->st_ctim) ? " dir-ctime" : "");
	/* the kernel's clock of file times goes by ticks of up to 10 ms */
	usleep(20000);
}

static void what_changes_times(void)
{
	int fd = open("f", O_RDWR | O_CLOEXEC);
	struct stat f, dir;
	char c;

#define STEP(what, name, call)                                                 \
	do {                                                                   \
		f = stat_of("f");                                              \
		dir = stat_of(".");                                            \
		if ((call) < 0)                                                \
			broken(what);                                          \
		changed(what, &f, &dir, name);                                 \
	} while (0)
	usleep(20000);
	STEP("read", "f", pread(fd, &c, 1, 0));
	STEP("write", "f", pwrite(fd, "x", 1, 0));
	STEP("ftruncate", "f", ftruncate(fd, 100));
	STEP("truncate to the same size", "f", truncate("f", 100));
	STEP("chmod", "f", chmod("f", 0600));
	STEP("link", "f", link("f", "g"));
	STEP("unlink", "f", unlink("g"));
	STEP("rename", "h", rename("f", "h"));
	if (rename("h", "f") < 0)
		broken("rename");
	usleep(20000);
	STEP("open with O_TRUNC", "f", close(open("f", O_WRONLY | O_TRUNC)));
	STEP("mkdir", "f", mkdir("d", 0755));
	STEP("rmdir", "f", rmdir("d"));
#undef STEP
	close(fd);
}

void all_times(void)
{
	struct timespec ts[2] = { { 5, 6 }, { 7, 8 } };
	struct stat st;

	make_file("f", "x");
	set_times("zero", 0, 0);
	set_times("last ns", 1000000000, 999999999);
	set_times("2038", 0x7fffffff, 1);
	set_times("after 2038", 0x80000000LL, 2);
	set_times("2106", 0x100000000LL, 3);
	set_times("2446", 15032385535LL, 4);
	set_times("before 1970", -1, 5);
	set_times("1901", -0x80000000LL, 6);
	set_times("bad ns", 1, 1000000000);
	set_times("set", 1000, 5);
	ts[0].tv_nsec = UTIME_OMIT;
	say("omit: %s", result(utimensat(AT_FDCWD, "f", ts, 0)));
	st = stat_of("f");
	say("omit: %lld, %lld.%09ld", (long long)st.st_atim.tv_sec,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	ts[1].tv_nsec = UTIME_NOW;
	say("now: %s", result(utimensat(AT_FDCWD, "f", ts, 0)));
	st = stat_of("f");
	say("now: %lld, %d", (long long)st.st_atim.tv_sec,
	    st.st_mtim.tv_sec > 1600000000);
	if (symlink("f", "l") < 0)
		broken("symlink");
	ts[0] = (struct timespec){ 11, 12 };
	ts[1] = (struct timespec){ 13, 14 };
	say("link: %s",
	    result(utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW)));
	st = stat_of("l");
	say("link: %lld.%09ld", (long long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec);
	what_changes_times();
	unlink("l");
	unlink("f");
}

/* ---- holes, large files ---- */

static void put_at(int fd, off_t off)
{
	char block[4096];

	memset(block, 'x', sizeof(block));
	say("write at %lld: %s", (long long)off,
	    result(pwrite(fd, block, sizeof(block), off)));
}

static void show_map(int fd)
{
	off_t at = 0;
	int i;

	for (i = 0; i < 20; i++) {
		off_t data = lseek(fd, at, SEEK_DATA);

		if (data < 0)
			break;
		at = lseek(fd, data, SEEK_HOLE);
		say("  data %lld to %lld", (long long)data, (long long)at);
	}
}

void all_holes(void)
{
	const off_t far = 5LL << 30;
	char buf[8] = "";
	struct stat st;
	ssize_t n;
	int fd = open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	put_at(fd, 1 << 20);
	put_at(fd, 3 << 20);
	put_at(fd, (1LL << 32) - 4096);
	put_at(fd, 1LL << 32);
	say("ftruncate: %s", result(ftruncate(fd, far)));
	if (fsync(fd) < 0 || fstat(fd, &st) < 0)
		broken("fsync");
	say("size %lld, few blocks: %d", (long long)st.st_size,
	    st.st_blocks < 200);
	show_map(fd);
	say("read over 4 GiB: %zd", pread(fd, buf, 8, (1LL << 32) - 4));
	say("  %.8s", buf);
	n = pread(fd, buf, 8, far - 20);
	say("read of a hole: %zd, %d", n, buf[0]);
	say("read at the end: %zd", pread(fd, buf, 8, far - 3));
	say("punch: %s",
	    result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     3 << 20, 4096)));
	show_map(fd);
	say("truncate: %s", result(ftruncate(fd, (1LL << 32) - 4094)));
	say("read at the end: %zd", pread(fd, buf, 8, (1LL << 32) - 4096));
	say("longer: %s", result(ftruncate(fd, far)));
	n = pread(fd, buf, 8, (1LL << 32) - 4096);
	say("read of the old end: %zd, %d, %d", n, buf[1], buf[2]);
	close(fd);
	say("removed: %s", result(unlink("f")));
}

/* ---- no space ---- */

static int pattern(int file, size_t i)
{
	return (file * 31 + (int)(i % 251)) & 0xff;
}

/* Fills one file; how much went in. */
static off_t fill_file(int file, const char **last)
{
	int fd = open(named("f%d", file), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	char buf[10000];
	off_t size = 0;
	ssize_t n = -1;
	size_t i;

	if (fd < 0) {
		*last = result(fd);
		return -1;
	}
	do {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = (char)pattern(file, (size_t)size + i);
		n = write(fd, buf, sizeof(buf));
		if (n > 0)
			size += n;
	} while (n > 0 && size < 400000);
	*last = result(n);
	if (close(fd) < 0)
		broken("close");
	return size;
}

static int wrong_bytes(int file, off_t size)
{
	int fd = open(named("f%d", file), O_RDONLY | O_CLOEXEC), wrong = 0;
	struct stat st;
	char buf[4096];
	off_t at = 0;
	ssize_t n, i;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 1000000;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++)
			wrong += (unsigned char)buf[i] !=
				 pattern(file, (size_t)(at + i));
		at += n;
	}
	close(fd);
	return wrong + (at != size) + (st.st_size != size);
}

#define MAX_FILES 1000

void all_space(void)
{
	off_t sizes[MAX_FILES];
	const char *last = "ok";
	int files = 0, i, wrong = 0, fd;

	for (; files < MAX_FILES && strcmp(last, "ok") == 0; files++)
		sizes[files] = fill_file(files, &last);
	say("the last write: %s", last);
	fd = open("f0", O_RDWR | O_CLOEXEC);
	say("over what is there: %s", result(pwrite(fd, "\0\1", 2, 0)));
	say("a hole costs nothing: %s", result(ftruncate(fd, 1 << 30)));
	say("appended: %s",
	    pwrite(fd, sizes, sizeof(sizes), 1 << 29) == sizeof(sizes) ? "ok"
								       : "not");
	say("back: %s", result(ftruncate(fd, sizes[0])));
	close(fd);
	say("attributes: %s", result(chmod("f0", 0600)));
	say("rename: %s", result(rename("f0", "g")));
	say("rename: %s", result(rename("g", "f0")));
	for (i = 0; i < files; i++)
		if (sizes[i] >= 0)
			wrong += wrong_bytes(i, sizes[i]);
	say("%d bytes lost", wrong);
	for (i = 0; i < files; i++)
		if (sizes[i] >= 0 && unlink(named("f%d", i)) < 0)
			broken("unlink");
	say("again: %s", fill_file(0, &last) == 400000 ? "ok" : last);
	unlink("f0");
}
