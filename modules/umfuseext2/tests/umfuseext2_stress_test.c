// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfuseext2_stress_test.c - random operations, the host as oracle
 *
 * Each operation is done in the image and in a directory of the host; results
 * must be the same, trees must be the same at the end, and e2fsck must be
 * content. UMFUSEEXT2_SEED and UMFUSEEXT2_STEPS change what is done.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_OPEN	 6
#define MAX_FILE 300000L

/* A file open in both worlds. */
struct pair {
	int fd;
	struct fuse_file_info fi;
};

struct world {
	const struct fuse_operations *op;
	const char *host;
	uint64_t rnd;
	struct pair open[N_OPEN];
	char path[64], path2[64];
	char h[160], h2[160];
	char *a, *b;
	long step;
};

static unsigned int rnd(struct world *w, unsigned int n)
{
	w->rnd = w->rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(w->rnd >> 33) % n;
}

/* The kernel follows links on the way before it asks a file system. */
static bool goes_by_link(const char *host, size_t base)
{
	char path[160];
	struct stat st;
	const char *slash = host + base + 1;

	while ((slash = strchr(slash, '/'))) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - host), host);
		if (!lstat(path, &st) && S_ISLNK(st.st_mode))
			return true;
		slash++;
	}
	return false;
}

static void pick_any(struct world *w, char *path, char *host, size_t size)
{
	static const char *const names[] = {
		"a", "b", "c", "dd", "a-longer-name-of-some-length.txt", "e",
	};
	unsigned int depth = 1 + rnd(w, 3);
	size_t n = 0;

	while (depth--)
		n += (size_t)snprintf(path + n, 64 - n, "/%.19s",
				      names[rnd(w, depth ? 4 : 6)]);
	snprintf(host, size, "%s%s", w->host, path);
}

static void pick(struct world *w, char *path, char *host, size_t size)
{
	do
		pick_any(w, path, host, size);
	while (goes_by_link(host, strlen(w->host)));
}

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static void same(struct world *w, const char *what, long got, long want)
{
	if (got != want)
		fail_msg("step %ld: %s %s %s: %ld, the host says %ld", w->step,
			 what, w->path, w->path2, got, want);
}

/* ---- operations ---- */

static void do_create(struct world *w)
{
	struct fuse_file_info fi = { .flags = O_RDWR };
	int fd = open(w->h, O_CREAT | O_EXCL | O_RDWR, 0644);
	int want = fd < 0 ? -errno : 0;

	same(w, "create", w->op->create(w->path, 0644, &fi), want);
	if (!want) {
		close(fd);
		w->op->release(w->path, &fi);
	}
}

static void do_mkdir(struct world *w)
{
	int want = result(mkdir(w->h, 0755));

	same(w, "mkdir", w->op->mkdir(w->path, 0755), want);
}

static void do_unlink(struct world *w)
{
	int want = result(unlink(w->h));

	same(w, "unlink", w->op->unlink(w->path), want);
}

static void do_rmdir(struct world *w)
{
	int want = result(rmdir(w->h));

	if (want == -EEXIST)
		want = -ENOTEMPTY;
	same(w, "rmdir", w->op->rmdir(w->path), want);
}

static void do_rename(struct world *w)
{
	static const unsigned int flags[] = { 0, 0, 0, RENAME_NOREPLACE,
					      RENAME_EXCHANGE };
	unsigned int f = flags[rnd(w, 5)];
	int want = result(renameat2(AT_FDCWD, w->h, AT_FDCWD, w->h2, f));

	same(w, "rename", w->op->rename(w->path, w->path2, f), want);
}

static void do_link(struct world *w)
{
	int want = result(link(w->h, w->h2));

	same(w, "link", w->op->link(w->path, w->path2), want);
}

static void do_symlink(struct world *w)
{
	/* targets that do not exist: the oracle would follow them */
	char target[200];
	int want, n = (int)(20 + rnd(w, 170));

	memset(target, 'x', sizeof(target));
	target[n] = '\0';
	want = result(symlink(target, w->h));
	same(w, "symlink", w->op->symlink(target, w->path), want);
}

static void do_chmod(struct world *w)
{
	mode_t mode = 0700 | rnd(w, 64);
	struct stat st;
	int want;

	if (lstat(w->h, &st) || S_ISLNK(st.st_mode))
		return;
	want = result(chmod(w->h, mode));
	same(w, "chmod", w->op->chmod(w->path, mode, NULL), want);
}

static bool is_file(const char *host)
{
	struct stat st;

	return !lstat(host, &st) && S_ISREG(st.st_mode);
}

static void do_truncate(struct world *w)
{
	off_t size = rnd(w, 3) ? rnd(w, MAX_FILE) : rnd(w, 200);
	int want;

	if (!is_file(w->h))
		return;
	want = result(truncate(w->h, size));
	same(w, "truncate", w->op->truncate(w->path, size, NULL), want);
}

static void write_pair(struct world *w, struct pair *p)
{
	off_t off = rnd(w, 2) ? rnd(w, MAX_FILE) : rnd(w, 150);
	size_t len = rnd(w, 3) ? rnd(w, 9000) : rnd(w, 150000);
	unsigned char c = (unsigned char)rnd(w, 256);
	size_t i;
	long want;

	if (!rnd(w, 3)) {
		off = rnd(w, 60);
		len = rnd(w, 100);
	}
	for (i = 0; i < len; i++)
		w->a[i] = (char)(c + i * 7 + i / 251);
	want = pwrite(p->fd, w->a, len, off);
	same(w, "write", w->op->write(NULL, w->a, len, off, &p->fi), want);
}

static void read_pair(struct world *w, struct pair *p)
{
	off_t off = rnd(w, MAX_FILE);
	size_t len = rnd(w, 150000);
	long i, want = pread(p->fd, w->a, len, off);

	same(w, "read", w->op->read(NULL, w->b, len, off, &p->fi), want);
	for (i = 0; i < want; i++)
		if (w->a[i] != w->b[i])
			fail_msg("step %ld: byte %ld is %#x, not %#x", w->step,
				 (long)off + i, w->b[i], w->a[i]);
}

static void punch_pair(struct world *w, struct pair *p)
{
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
				     FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE,
				     FALLOC_FL_ZERO_RANGE };
	int mode = modes[rnd(w, 5)];
	off_t off = rnd(w, MAX_FILE), len = 1 + rnd(w, 60000);
	off_t size = lseek(p->fd, 0, SEEK_END);
	int ret = w->op->fallocate(NULL, mode, off, len, &p->fi);

	if (ret == -EOPNOTSUPP)
		return;
	same(w, "fallocate", ret, 0);
	/* not every host can: what it means for the contents */
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) &&
	    off < size) {
		off_t end = off + len > size ? size : off + len;

		memset(w->a, 0, (size_t)(end - off));
		same(w, "zero", pwrite(p->fd, w->a, (size_t)(end - off), off),
		     end - off);
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > size)
		same(w, "grow", ftruncate(p->fd, off + len), 0);
}

static void open_pair(struct world *w, struct pair *p)
{
	if (!is_file(w->h))
		return;
	p->fd = open(w->h, O_RDWR);
	same(w, "open", open_file(w->op, w->path, O_RDWR, &p->fi), 0);
	assert_true(p->fd >= 0);
}

static void close_pair(struct world *w, struct pair *p)
{
	close(p->fd);
	same(w, "release", w->op->release(NULL, &p->fi), 0);
	p->fd = -1;
}

static void do_io(struct world *w)
{
	struct pair *p = &w->open[rnd(w, N_OPEN)];

	if (p->fd < 0) {
		open_pair(w, p);
		return;
	}
	switch (rnd(w, 12)) {
	case 0:
		close_pair(w, p);
		break;
	case 1:
		punch_pair(w, p);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		read_pair(w, p);
		break;
	default:
		write_pair(w, p);
	}
}

static void do_xattr(struct world *w)
{
	char name[] = "user.0";
	size_t len = rnd(w, 4) ? rnd(w, 40) : rnd(w, 500);
	int ret;

	if (!is_file(w->h))
		return;
	name[5] = (char)('0' + rnd(w, 5));
	memset(w->a, name[5], len);
	if (rnd(w, 3)) {
		ret = w->op->setxattr(w->path, name, w->a, len, 0);
		if (ret != -ENOSPC)
			same(w, "setxattr", ret, 0);
		if (ret)
			return;
		same(w, "getxattr", w->op->getxattr(w->path, name, w->b, 1000),
		     (long)len);
		assert_memory_equal(w->a, w->b, len);
	} else {
		ret = w->op->removexattr(w->path, name);
		if (ret != -ENODATA)
			same(w, "removexattr", ret, 0);
	}
}

static void one_step(struct world *w)
{
	static void (*const ops[])(struct world *) = {
		do_create,  do_create, do_create,   do_mkdir,  do_mkdir,
		do_unlink,  do_rmdir,  do_rename,   do_rename, do_link,
		do_symlink, do_chmod,  do_truncate, do_io,     do_io,
		do_io,	    do_io,     do_io,	    do_xattr,
	};

	pick(w, w->path, w->h, sizeof(w->h));
	pick(w, w->path2, w->h2, sizeof(w->h2));
	ops[rnd(w, sizeof(ops) / sizeof(ops[0]))](w);
}

/* ---- comparing ---- */

static void compare(struct world *w, const char *path);

static int count_entry(void *buf, const char *name, const struct stat *st,
		       off_t off, enum fuse_fill_dir_flags flags)
{
	(void)name;
	(void)st;
	(void)off;
	(void)flags;
	++*(int *)buf;
	return 0;
}

static void compare_dir(struct world *w, const char *path, const char *host)
{
	struct fuse_file_info fi = { .flags = O_RDONLY };
	char child[1200];
	struct dirent *d;
	int n = 0, want = 0;
	DIR *dir = opendir(host);

	assert_non_null(dir);
	while ((d = readdir(dir))) {
		want++;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%.1000s/%.60s",
			 strcmp(path, "/") ? path : "", d->d_name);
		compare(w, child);
	}
	closedir(dir);
	assert_int_equal(w->op->opendir(path, &fi), 0);
	assert_int_equal(w->op->readdir(path, &n, count_entry, 0, &fi, 0), 0);
	assert_int_equal(w->op->releasedir(path, &fi), 0);
	if (!strcmp(path, "/"))
		want++; /* lost+found */
	same(w, "readdir", n, want);
}

static void compare_file(struct world *w, const char *path, const char *host,
			 off_t size)
{
	struct fuse_file_info fi;
	int fd = open(host, O_RDONLY);

	assert_true(fd >= 0);
	assert_true((size_t)size <= 2 * MAX_FILE);
	assert_int_equal(read(fd, w->a, (size_t)size), size);
	close(fd);
	assert_int_equal(open_file(w->op, path, O_RDONLY, &fi), 0);
	same(w, "size of", w->op->read(path, w->b, 2 * MAX_FILE, 0, &fi), size);
	assert_memory_equal(w->a, w->b, (size_t)size);
	w->op->release(path, &fi);
}

static void compare(struct world *w, const char *path)
{
	struct stat want, got;
	char host[1400], link1[256] = "", link2[256] = "";

	snprintf(host, sizeof(host), "%s%s", w->host, path);
	snprintf(w->path, sizeof(w->path), "%.60s", path);
	w->path2[0] = '\0';
	assert_int_equal(lstat(host, &want), 0);
	same(w, "getattr", w->op->getattr(path, &got, NULL), 0);
	if (strcmp(path, "/") != 0) {
		same(w, "mode", got.st_mode, want.st_mode);
		if (!S_ISDIR(want.st_mode))
			same(w, "links", (long)got.st_nlink,
			     (long)want.st_nlink);
	}
	if (S_ISDIR(want.st_mode)) {
		compare_dir(w, path, host);
	} else if (S_ISLNK(want.st_mode)) {
		assert_true(readlink(host, link1, sizeof(link1) - 1) > 0);
		assert_int_equal(w->op->readlink(path, link2, sizeof(link2)),
				 0);
		assert_string_equal(link1, link2);
	} else {
		compare_file(w, path, host, want.st_size);
	}
}

static long number(const char *name, long otherwise)
{
	const char *s = getenv(name);

	return s ? atol(s) : otherwise;
}

static void body(const struct fuse_operations *op, void *arg)
{
	struct world *w = arg;
	long steps = number("UMFUSEEXT2_STEPS", 3000), i;

	w->op = op;
	for (i = 0; i < N_OPEN; i++)
		w->open[i].fd = -1;
	for (i = 0; i < steps; i++) {
		w->step = i;
		one_step(w);
		if (i % 1000 == 999)
			same(w, "fsync", op->fsync("/", 0, NULL), 0);
	}
	compare(w, "/");
	/* half of them stay open for destroy */
	for (i = 0; i < N_OPEN / 2; i++)
		if (w->open[i].fd >= 0)
			close_pair(w, &w->open[i]);
}

static void compare_again(const struct fuse_operations *op, void *arg)
{
	struct world *w = arg;

	w->op = op;
	compare(w, "/");
}

static void stress(const struct kind *kind, uint64_t seed)
{
	struct world w = { .rnd = seed };
	char host[80];
	struct box b;
	int i;

	box_make(&b);
	snprintf(host, sizeof(host), "%s/host", b.dir);
	assert_int_equal(mkdir(host, 0755), 0);
	w.host = host;
	w.a = malloc(2 * MAX_FILE + 8);
	w.b = malloc(2 * MAX_FILE + 8);
	box_mkfs(&b, kind);
	assert_int_equal(box_mount(&b, "rw", body, &w), 0);
	for (i = 0; i < N_OPEN; i++)
		if (w.open[i].fd >= 0)
			close(w.open[i].fd);
	box_check(&b);
	assert_int_equal(box_mount(&b, "ro", compare_again, &w), 0);
	free(w.a);
	free(w.b);
	box_remove(&b);
}

static void does_what_the_host_does(void **state)
{
	long seed = number("UMFUSEEXT2_SEED", 1);
	const char *only = getenv("UMFUSEEXT2_KIND");
	size_t i;

	(void)state;
	if (!has_tools())
		skip();
	fixture_context.uid = getuid();
	fixture_context.gid = getgid();
	umask(0);
	for (i = 0; i < n_kinds; i++) {
		if (only && strcmp(only, kinds[i].name) != 0)
			continue;
		print_message("  %s\n", kinds[i].name);
		stress(&kinds[i], (uint64_t)seed * 977 + i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_what_the_host_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
