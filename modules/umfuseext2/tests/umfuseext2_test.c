// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfuseext2_test.c - the operations and their errors
 *
 * Every image is checked with e2fsck -fn after each test. Without e2fsprogs
 * the tests are skipped.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

typedef const struct fuse_operations *ops_t;

static const struct kind ext4 = { "ext4", "-t ext4", "32M" };
static const struct kind tiny = { "tiny",
				  "-t ext4 -b 1024 -N 64 -O ^has_journal",
				  "512K" };

/* Mounts, runs the body, unmounts and checks. */
static void with(struct box *b, const struct kind *kind, body_fn body)
{
	box_mkfs(b, kind);
	assert_int_equal(box_mount(b, "rw", body, NULL), 0);
	box_check(b);
}

static void with_all(void **state, body_fn body)
{
	size_t i;

	if (!has_tools())
		skip();
	for (i = 0; i < n_kinds; i++)
		with(*state, &kinds[i], body);
}

/* ---- names ---- */

static void names_body(ops_t op, void *arg)
{
	char name[300];
	struct stat st;

	(void)arg;
	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[257] = '\0';
	assert_int_equal(op->mkdir(name, 0755), -ENAMETOOLONG);
	name[256] = '\0';
	assert_int_equal(op->mkdir(name, 0755), 0);
	assert_int_equal(op->mkdir(name, 0755), -EEXIST);
	put_file(op, "/f", "x", 1);
	assert_int_equal(op->mkdir("/f/g", 0755), -ENOTDIR);
	assert_int_equal(op->unlink(name), -EISDIR);
	assert_int_equal(op->rmdir("/f"), -ENOTDIR);
	assert_int_equal(op->rmdir("/none"), -ENOENT);
	assert_int_equal(op->mknod("/ff", S_IFIFO | 0600, 0), 0);
	assert_int_equal(op->mknod("/c", S_IFCHR | 0600, makedev(5, 1)), 0);
	assert_int_equal(op->mknod("/b", S_IFBLK | 0600, makedev(259, 70000)),
			 0);
	assert_int_equal(op->getattr("/c", &st, NULL), 0);
	assert_int_equal(st.st_rdev, makedev(5, 1));
	assert_int_equal(op->getattr("/b", &st, NULL), 0);
	assert_int_equal(st.st_rdev, makedev(259, 70000));
	assert_int_equal(op->link("/f", "/f2"), 0);
	assert_int_equal(op->getattr("/f2", &st, NULL), 0);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(op->link(name, "/dirlink"), -EPERM);
}

static void makes_and_refuses_names(void **state)
{
	with_all(state, names_body);
}

static nlink_t links_of(ops_t op, const char *path)
{
	struct stat st;

	assert_int_equal(op->getattr(path, &st, NULL), 0);
	return st.st_nlink;
}

static void rename_body(ops_t op, void *arg)
{
	(void)arg;
	assert_int_equal(op->mkdir("/a", 0755), 0);
	assert_int_equal(op->mkdir("/a/d", 0755), 0);
	assert_int_equal(op->mkdir("/b", 0755), 0);
	put_file(op, "/b/f", "data", 4);
	assert_int_equal(op->rename("/a", "/a/d/x", 0), -EINVAL);
	assert_int_equal(op->rename("/a/d", "/b/f", 0), -ENOTDIR);
	assert_int_equal(op->rename("/b/f", "/a/d", 0), -EISDIR);
	assert_int_equal(op->rename("/a/d", "/b", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(op->rename("/a/d", "/b", 0), -ENOTEMPTY);
	assert_int_equal(op->rename("/a/d", "/b/x", RENAME_EXCHANGE), -ENOENT);
	assert_int_equal(op->rename("/a/d", "/b/d", 0), 0);
	assert_int_equal(links_of(op, "/a"), 2);
	assert_int_equal(links_of(op, "/b"), 3);
	assert_int_equal(op->rename("/a", "/b/f", RENAME_EXCHANGE), 0);
	assert_int_equal(links_of(op, "/b"), 4);
	expect_file(op, "/a", "data", 4);
	assert_int_equal(op->rename("/b/d", "/b/f", 0), 0);
	assert_int_equal(links_of(op, "/b"), 3);
}

static void renames_like_the_kernel(void **state)
{
	with_all(state, rename_body);
}

static void many_body(ops_t op, void *arg)
{
	char path[64];
	int i;

	(void)arg;
	assert_int_equal(op->mkdir("/many", 0755), 0);
	for (i = 0; i < 2500; i++) {
		snprintf(path, sizeof(path), "/many/some-file-name-%d", i);
		assert_int_equal(op->mknod(path, S_IFREG | 0644, 0), 0);
	}
	for (i = 0; i < 2500; i += 2) {
		snprintf(path, sizeof(path), "/many/some-file-name-%d", i);
		assert_int_equal(op->unlink(path), 0);
	}
	assert_int_equal(op->rmdir("/many"), -ENOTEMPTY);
}

static void keeps_large_directories(void **state)
{
	with_all(state, many_body);
}

static void hashed_body(ops_t op, void *arg)
{
	char path[64];
	struct stat st;
	int i;

	(void)arg;
	for (i = 0; i < 1500; i++) {
		snprintf(path, sizeof(path), "/h/new-file-name-%d", i);
		assert_int_equal(op->mknod(path, S_IFREG | 0644, 0), 0);
		snprintf(path, sizeof(path), "/h/old-file-name-%d", i);
		if (i % 3)
			assert_int_equal(op->unlink(path), 0);
	}
	assert_int_equal(op->mkdir("/h2", 0755), 0);
	assert_int_equal(op->rename("/h", "/h2/h", 0), 0);
	assert_int_equal(op->getattr("/h2/h/old-file-name-3", &st, NULL), 0);
	assert_int_equal(op->getattr("/h2/h/new-file-name-3", &st, NULL), 0);
}

static void fill_body(ops_t op, void *arg)
{
	char path[64];
	int i;

	(void)arg;
	assert_int_equal(op->mkdir("/h", 0755), 0);
	for (i = 0; i < 1500; i++) {
		snprintf(path, sizeof(path), "/h/old-file-name-%d", i);
		assert_int_equal(op->mknod(path, S_IFREG | 0644, 0), 0);
	}
}

/* e2fsck -D makes the hash tree that the kernel would have made. */
static void keeps_hashed_directories(void **state)
{
	struct box *b = *state;
	size_t i;

	if (!has_tools())
		skip();
	for (i = 0; i < n_kinds; i++) {
		box_mkfs(b, &kinds[i]);
		assert_int_equal(box_mount(b, "rw", fill_body, NULL), 0);
		assert_true(box_run(b, "e2fsck -fyD %s") <= 1);
		assert_int_equal(box_mount(b, "rw", hashed_body, NULL), 0);
		box_check(b);
	}
}

/* ---- contents ---- */

static void orphan_body(ops_t op, void *arg)
{
	struct fuse_file_info fi, fi2;
	struct statvfs before, after;
	char buf[8];
	struct stat st;

	(void)arg;
	put_file(op, "/warm", "x", 1);
	assert_int_equal(op->statfs("/", &before), 0);
	assert_int_equal(open_file(op, "/o", O_CREAT | O_RDWR, &fi), 0);
	assert_int_equal(open_file(op, "/o2", O_CREAT | O_RDWR, &fi2), 0);
	assert_int_equal(op->unlink("/o"), 0);
	assert_int_equal(op->unlink("/o2"), 0);
	assert_int_equal(op->write(NULL, "hello", 5, 200000, &fi), 5);
	assert_int_equal(op->read(NULL, buf, 8, 200000, &fi), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(op->getattr(NULL, &st, &fi), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(op->truncate(NULL, 7, &fi), 0);
	assert_int_equal(op->chmod(NULL, 0600, &fi), 0);
	assert_int_equal(op->release(NULL, &fi), 0);
	assert_int_equal(op->release(NULL, &fi2), 0);
	assert_int_equal(op->statfs("/", &after), 0);
	assert_int_equal(before.f_bfree, after.f_bfree);
	assert_int_equal(before.f_ffree, after.f_ffree);
}

static void unlinked_files_live_until_release(void **state)
{
	with_all(state, orphan_body);
}

static void full_body(ops_t op, void *arg)
{
	struct fuse_file_info fi;
	struct statvfs st;
	char *buf = calloc(1, 100000);
	off_t off = 0;
	int n, i;
	char path[32];

	(void)arg;
	assert_int_equal(open_file(op, "/fill", O_CREAT | O_RDWR, &fi), 0);
	while ((n = op->write(NULL, buf, 100000, off, &fi)) > 0)
		off += n;
	assert_int_equal(n, -ENOSPC);
	assert_int_equal(op->statfs("/", &st), 0);
	assert_int_equal(st.f_bavail, 0);
	for (i = 0, n = 0; !n; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		n = op->mkdir(path, 0755);
	}
	assert_int_equal(n, -ENOSPC);
	for (i = 0, n = 0; !n; i++) {
		snprintf(path, sizeof(path), "/f%d", i);
		n = op->mknod(path, S_IFREG | 0644, 0);
	}
	assert_int_equal(n, -ENOSPC);
	assert_int_equal(op->truncate(NULL, 10, &fi), 0);
	assert_int_equal(op->write(NULL, buf, 5000, 0, &fi), 5000);
	assert_int_equal(op->release(NULL, &fi), 0);
	free(buf);
}

static void a_full_file_system_says_so(void **state)
{
	if (!has_tools())
		skip();
	with(*state, &tiny, full_body);
	with_all(state, full_body);
}

static void link_body(ops_t op, void *arg)
{
	static const int lengths[] = { 1, 59, 60, 61, 150, 900 };
	char target[1000], got[1024];
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(target, 't', sizeof(target));
		target[lengths[i]] = '\0';
		assert_int_equal(op->symlink(target, "/l"), 0);
		assert_int_equal(op->readlink("/l", got, sizeof(got)), 0);
		assert_string_equal(got, target);
		if (i % 2)
			assert_int_equal(op->unlink("/l"), 0);
		else
			assert_int_equal(op->rename("/l", "/kept", 0), 0);
	}
}

static void keeps_links_of_any_length(void **state)
{
	with_all(state, link_body);
}

static void sparse_body(ops_t op, void *arg)
{
	struct fuse_file_info fi;
	struct stat st;

	(void)arg;
	assert_int_equal(open_file(op, "/s", O_CREAT | O_RDWR, &fi), 0);
	assert_int_equal(op->write(NULL, "end", 3, 5000000000, &fi), 3);
	assert_int_equal(op->getattr("/s", &st, &fi), 0);
	assert_int_equal(st.st_size, 5000000003);
	assert_true(st.st_blocks < 200);
	assert_int_equal(op->lseek(NULL, 0, SEEK_HOLE, &fi), 0);
	assert_true(op->lseek(NULL, 0, SEEK_DATA, &fi) > 4999900000);
	assert_int_equal(op->lseek(NULL, 5000000001, SEEK_HOLE, &fi),
			 5000000003);
	assert_int_equal(op->lseek(NULL, 5000000003, SEEK_DATA, &fi), -ENXIO);
	assert_int_equal(op->release(NULL, &fi), 0);
}

static void holes_take_no_room(void **state)
{
	if (!has_tools())
		skip();
	with(*state, &ext4, sparse_body);
	with(*state, &kinds[0], sparse_body);
}

/* ---- attributes ---- */

static void attr_body(ops_t op, void *arg)
{
	const struct timespec ts[2] = { { 4000000000, 123456789 },
					{ 1000, UTIME_OMIT } };
	struct stat st, old;

	(void)arg;
	put_file(op, "/f", "x", 1);
	assert_int_equal(op->getattr("/f", &old, NULL), 0);
	assert_int_equal(op->utimens("/f", ts, NULL), 0);
	assert_int_equal(op->chown("/f", 70000, 80000, NULL), 0);
	assert_int_equal(op->chmod("/f", 06755, NULL), 0);
	assert_int_equal(op->getattr("/f", &st, NULL), 0);
	assert_int_equal(st.st_mode, S_IFREG | 06755);
	assert_int_equal(st.st_uid, 70000);
	assert_int_equal(st.st_gid, 80000);
	assert_int_equal(st.st_atim.tv_sec, 4000000000);
	assert_int_equal(st.st_atim.tv_nsec, 123456789);
	assert_int_equal(st.st_mtim.tv_sec, old.st_mtim.tv_sec);
	assert_int_equal(st.st_mtim.tv_nsec, old.st_mtim.tv_nsec);
	assert_int_equal(op->chown("/f", 1, (gid_t)-1, NULL), 0);
	assert_int_equal(op->getattr("/f", &st, NULL), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0755);
	assert_int_equal(st.st_gid, 80000);
}

static void keeps_owner_mode_and_times(void **state)
{
	struct kind k = { "ext4", "-t ext4 -I 256", "32M" };

	if (!has_tools())
		skip();
	with(*state, &k, attr_body);
}

static void xattr_body(ops_t op, void *arg)
{
	char big[900], got[1000];
	int n;

	(void)arg;
	memset(big, 'v', sizeof(big));
	put_file(op, "/f", "contents", 8);
	assert_int_equal(op->getxattr("/f", "user.a", got, 10), -ENODATA);
	assert_int_equal(op->setxattr("/f", "user.a", "1", 1, XATTR_REPLACE),
			 -ENODATA);
	assert_int_equal(op->setxattr("/f", "user.a", "123", 3, XATTR_CREATE),
			 0);
	assert_int_equal(op->setxattr("/f", "user.a", "1", 1, XATTR_CREATE),
			 -EEXIST);
	assert_int_equal(op->setxattr("/f", "user.b", big, sizeof(big), 0), 0);
	assert_int_equal(op->setxattr("/f", "other.x", "1", 1, 0), -EOPNOTSUPP);
	assert_int_equal(op->getxattr("/f", "user.a", got, 2), -ERANGE);
	assert_int_equal(op->getxattr("/f", "user.a", got, 0), 3);
	assert_int_equal(op->getxattr("/f", "user.a", got, 10), 3);
	assert_memory_equal(got, "123", 3);
	n = op->listxattr("/f", got, sizeof(got));
	assert_int_equal(n, 14);
	assert_int_equal(op->listxattr("/f", got, 3), -ERANGE);
	assert_int_equal(op->removexattr("/f", "user.a"), 0);
	assert_int_equal(op->removexattr("/f", "user.a"), -ENODATA);
	assert_int_equal(op->getxattr("/f", "user.b", got, sizeof(got)), 900);
	assert_memory_equal(got, big, sizeof(big));
	expect_file(op, "/f", "contents", 8);
}

static void keeps_attributes(void **state)
{
	with_all(state, xattr_body);
}

static void acl_body(ops_t op, void *arg)
{
	/* u::rwx u:5:rw- g::r-x m::rwx o::--- */
	static const char acl[] = "\2\0\0\0"
				  "\1\0\7\0\377\377\377\377"
				  "\2\0\6\0\5\0\0\0"
				  "\4\0\5\0\377\377\377\377"
				  "\20\0\7\0\377\377\377\377"
				  "\40\0\0\0\377\377\377\377";
	const char *access = "system.posix_acl_access";
	const char *standard = "system.posix_acl_default";
	char got[100];
	struct stat st;

	(void)arg;
	assert_int_equal(op->mkdir("/d", 0755), 0);
	assert_int_equal(op->setxattr("/d", standard, acl, 44, 0), 0);
	put_file(op, "/d/f", "x", 1);
	assert_int_equal(op->getattr("/d/f", &st, NULL), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(op->getxattr("/d/f", access, got, 100), 44);
	assert_int_equal(got[30], 4); /* the mask */
	assert_int_equal(op->chmod("/d/f", 0770, NULL), 0);
	assert_int_equal(op->getxattr("/d/f", access, got, 100), 44);
	assert_int_equal(got[30], 7);
	assert_int_equal(op->setxattr("/d/f", access, "\2\0\0\0\1", 5, 0),
			 -EINVAL);
	assert_int_equal(op->setxattr("/d/f", access, acl, 44, 0), 0);
	assert_int_equal(op->getxattr("/d/f", access, got, 100), 44);
	assert_memory_equal(got, acl, 44);
}

static void access_lists_follow_the_mode(void **state)
{
	if (!has_tools())
		skip();
	with(*state, &ext4, acl_body);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_and_refuses_names),
		TEST(renames_like_the_kernel),
		TEST(keeps_large_directories),
		TEST(keeps_hashed_directories),
		TEST(unlinked_files_live_until_release),
		TEST(a_full_file_system_says_so),
		TEST(keeps_links_of_any_length),
		TEST(holes_take_no_room),
		TEST(keeps_owner_mode_and_times),
		TEST(keeps_attributes),
		TEST(access_lists_follow_the_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
