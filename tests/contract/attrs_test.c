// SPDX-License-Identifier: GPL-2.0-or-later
/* attrs_test.c - the contract: attributes of nodes */
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static void the_root_is_a_directory(void **state)
{
	struct kit *k = *state;
	struct stat st;

	assert_int_equal(kit_lstat(k, "/", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_not_equal(st.st_ino, 0);
	assert_int_not_equal(kit_ino(k, "/"), kit_ino(k, k->dir));
}

static void a_new_file_is_plain(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st, by_file;

	assert_int_equal(kit_create(k, P(k, "f"), 0640, O_RDWR, &fh), 0);
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), 0);
	assert_int_equal(k->ops->getattr(k->fs, P(k, "f"), &fh, &by_file), 0);
	kit_close(k, &fh);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_ino, by_file.st_ino);
	if (kit_can(k, "mode"))
		assert_int_equal(st.st_mode & 07777, 0640);
	if (kit_can(k, "owner"))
		assert_int_equal(st.st_uid, um_caller()->uid);
}

static void numbers_stay(void **state)
{
	struct kit *k = *state;
	ino_t ino;

	kit_file(k, P(k, "f"), "");
	ino = kit_ino(k, P(k, "f"));
	for (int i = 0; i < 20; i++)
		kit_file(k, P(k, (const char[]){ 'n', (char)('a' + i), 0 }),
			 "");
	assert_int_equal(kit_ino(k, P(k, "f")), ino);
	assert_int_equal(k->ops->truncate(k->fs, P(k, "f"), NULL, 9), 0);
	assert_int_equal(kit_ino(k, P(k, "f")), ino);
}

static void changes_modes(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;

	NEEDS(k, chmod);
	NEEDS_CAP(k, "mode");
	kit_file(k, P(k, "f"), "");
	assert_int_equal(k->ops->chmod(k->fs, P(k, "f"), NULL, 0600), 0);
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(kit_open(k, P(k, "f"), O_RDONLY, &fh), 0);
	assert_int_equal(k->ops->chmod(k->fs, P(k, "f"), &fh, 0444), 0);
	assert_int_equal(k->ops->getattr(k->fs, P(k, "f"), &fh, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0444);
	kit_close(k, &fh);
}

static void changes_owners(void **state)
{
	struct kit *k = *state;
	struct stat st, before;
	uid_t uid;

	NEEDS(k, chown);
	NEEDS_CAP(k, "owner");
	kit_file(k, P(k, "f"), "");
	assert_int_equal(kit_lstat(k, P(k, "f"), &before), 0);
	uid = before.st_uid;
	assert_int_equal(
		k->ops->chown(k->fs, P(k, "f"), NULL, (uid_t)-1, (gid_t)-1), 0);
	assert_int_equal(k->ops->chown(k->fs, P(k, "f"), NULL, uid, (gid_t)-1),
			 0);
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, before.st_gid);
}

static void sets_times(void **state)
{
	struct kit *k = *state;
	struct timespec ts[2] = { { 1000000000, 0 }, { 1100000000, 0 } };
	struct stat st;

	NEEDS(k, utimens);
	NEEDS_CAP(k, "time");
	kit_file(k, P(k, "f"), "");
	assert_int_equal(k->ops->utimens(k->fs, P(k, "f"), NULL, ts), 0);
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), 0);
	assert_int_equal(st.st_atim.tv_sec, 1000000000);
	assert_int_equal(st.st_mtim.tv_sec, 1100000000);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = UTIME_NOW;
	assert_int_equal(k->ops->utimens(k->fs, P(k, "f"), NULL, ts), 0);
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), 0);
	assert_int_equal(st.st_atim.tv_sec, 1000000000);
	assert_true(st.st_mtim.tv_sec > 1500000000);
}

static void writing_sets_the_time(void **state)
{
	struct kit *k = *state;
	const struct timespec ts[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	struct um_fh fh;
	struct stat st;

	NEEDS(k, utimens);
	NEEDS_CAP(k, "time");
	kit_file(k, P(k, "f"), "");
	assert_int_equal(k->ops->utimens(k->fs, P(k, "f"), NULL, ts), 0);
	assert_int_equal(kit_open(k, P(k, "f"), O_WRONLY, &fh), 0);
	assert_int_equal(k->ops->write(k->fs, &fh, "x", 1, 0), 1);
	kit_close(k, &fh);
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), 0);
	assert_true(st.st_mtim.tv_sec > 1500000000);
}

static void tells_of_the_file_system(void **state)
{
	struct kit *k = *state;
	struct statfs st;

	NEEDS(k, statfs);
	memset(&st, 0xff, sizeof(st));
	assert_int_equal(k->ops->statfs(k->fs, &st), 0);
	assert_true(st.f_bsize > 0);
	assert_true(st.f_namelen > 0);
	assert_true(st.f_bfree <= st.f_blocks);
}

static void keeps_extended_attributes(void **state)
{
	struct kit *k = *state;
	const struct um_fs_ops *ops = k->ops;
	const char *path = P(k, "f");
	char buf[64];
	int err;

	NEEDS(k, setxattr);
	kit_file(k, path, "");
	err = ops->setxattr(k->fs, path, "user.a", "value", 5, XATTR_CREATE);
	if (err == -EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(ops->getxattr(k->fs, path, "user.a", NULL, 0), 5);
	assert_int_equal(ops->getxattr(k->fs, path, "user.a", buf, 64), 5);
	assert_memory_equal(buf, "value", 5);
	assert_int_equal(ops->getxattr(k->fs, path, "user.a", buf, 2), -ERANGE);
	assert_int_equal(ops->getxattr(k->fs, path, "user.b", buf, 64),
			 -ENODATA);
	assert_int_equal(
		ops->setxattr(k->fs, path, "user.a", "v", 1, XATTR_CREATE),
		-EEXIST);
	assert_int_equal(
		ops->setxattr(k->fs, path, "user.b", "v", 1, XATTR_REPLACE),
		-ENODATA);
	assert_int_equal(ops->listxattr(k->fs, path, NULL, 0), 7);
	assert_int_equal(ops->listxattr(k->fs, path, buf, 64), 7);
	assert_memory_equal(buf, "user.a", 7);
	assert_int_equal(ops->listxattr(k->fs, path, buf, 3), -ERANGE);
	assert_int_equal(ops->removexattr(k->fs, path, "user.a"), 0);
	assert_int_equal(ops->removexattr(k->fs, path, "user.a"), -ENODATA);
	assert_int_equal(ops->listxattr(k->fs, path, buf, 64), 0);
}

int run_attrs(fixture_fn setup, fixture_fn teardown)
{
	RUN_TESTS("attributes", setup, teardown, T(the_root_is_a_directory),
		  T(a_new_file_is_plain), T(numbers_stay), T(changes_modes),
		  T(changes_owners), T(sets_times), T(writing_sets_the_time),
		  T(tells_of_the_file_system), T(keeps_extended_attributes));
}

/* --- file systems whose root is a file --- */

static void the_root_is_a_file(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;
	char buf[32];

	assert_int_equal(kit_open(k, "/", O_RDWR, &fh), 0);
	assert_int_equal(k->ops->write(k->fs, &fh, "0123456789", 10, 0), 10);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, 4, 3), 4);
	assert_memory_equal(buf, "3456", 4);
	assert_int_equal(k->ops->getattr(k->fs, "/", &fh, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_true(st.st_size >= 10);
	assert_int_equal(st.st_ino, kit_ino(k, "/"));
	kit_close(k, &fh);
	assert_int_equal(kit_lstat(k, "/x", &st), -ENOENT);
}

static void the_file_is_truncated(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;

	assert_int_equal(k->ops->truncate(k->fs, "/", NULL, 100), 0);
	assert_int_equal(kit_lstat(k, "/", &st), 0);
	assert_int_equal(st.st_size, 100);
	assert_int_equal(kit_open(k, "/", O_WRONLY | O_TRUNC, &fh), 0);
	kit_close(k, &fh);
	assert_int_equal(kit_lstat(k, "/", &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(k->ops->truncate(k->fs, "/", NULL, INT64_MAX), -EFBIG);
}

int run_one_file(fixture_fn setup, fixture_fn teardown)
{
	RUN_TESTS("one file", setup, teardown, T(the_root_is_a_file),
		  T(the_file_is_truncated));
}
