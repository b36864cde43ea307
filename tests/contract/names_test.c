// SPDX-License-Identifier: GPL-2.0-or-later
/* names_test.c - the contract: directories, links and renames */
#include "tests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 100

struct seen {
	struct kit *k;
	int count[MANY];
	int dot;
	int dotdot;
	int others;
	int left;
	uint64_t ino[MANY];
	uint64_t dot_ino;
};

/* name0 ... name99 */
static bool is_number(const char *name, long *out)
{
	char *end;

	if (strncmp(name, "name", 4) != 0)
		return false;
	*out = strtol(name + 4, &end, 10);
	return end != name + 4 && !*end && *out >= 0 && *out < MANY;
}

static int see(void *arg, const char *name, uint64_t ino, unsigned char type)
{
	struct seen *s = arg;
	long i;

	if (strcmp(name, ".") == 0) {
		s->dot++;
		s->dot_ino = ino;
	} else if (strcmp(name, "..") == 0) {
		s->dotdot++;
	} else if (is_number(name, &i)) {
		s->count[i]++;
		s->ino[i] = ino;
		assert_true(type == DT_REG || type == DT_UNKNOWN);
	} else {
		s->others++;
	}
	return --s->left == 0;
}

static void lists_each_name_once(void **state)
{
	struct kit *k = *state;
	struct seen s = { .k = k, .left = -1 };
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		kit_file(k, P(k, name), "");
	}
	assert_int_equal(k->ops->readdir(k->fs, k->dir, see, &s), 0);
	assert_int_equal(s.dot, 1);
	assert_int_equal(s.dotdot, 1);
	assert_int_equal(s.others, 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		assert_int_equal(s.count[i], 1);
		if (s.ino[i])
			assert_int_equal(s.ino[i], kit_ino(k, P(k, name)));
		for (int j = 0; s.ino[i] && j < i; j++)
			assert_int_not_equal(s.ino[i], s.ino[j]);
	}
	if (s.dot_ino)
		assert_int_equal(s.dot_ino, kit_ino(k, k->dir));
}

static void stops_listing_when_told(void **state)
{
	struct kit *k = *state;
	struct seen s = { .k = k, .left = 3 };

	for (int i = 0; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof(name), "name%d", i);
		kit_file(k, P(k, name), "");
	}
	assert_int_equal(k->ops->readdir(k->fs, k->dir, see, &s), 0);
	assert_int_equal(s.left, 0);
}

static void a_removed_name_is_gone(void **state)
{
	struct kit *k = *state;
	struct seen s = { .k = k, .left = -1 };
	struct stat st;

	kit_file(k, P(k, "name1"), "");
	kit_file(k, P(k, "name2"), "");
	assert_int_equal(k->ops->unlink(k->fs, P(k, "name1")), 0);
	assert_int_equal(kit_lstat(k, P(k, "name1"), &st), -ENOENT);
	assert_int_equal(k->ops->readdir(k->fs, k->dir, see, &s), 0);
	assert_int_equal(s.count[1], 0);
	assert_int_equal(s.count[2], 1);
}

static void what_is_not_there(void **state)
{
	struct kit *k = *state;
	const struct um_fs_ops *ops = k->ops;
	struct um_fh fh = { .flags = O_RDONLY };
	struct stat st;
	char buf[8];

	assert_int_equal(kit_lstat(k, P(k, "no"), &st), -ENOENT);
	assert_int_equal(kit_lstat(k, P(k, "no/no"), &st), -ENOENT);
	assert_int_equal(ops->open(k->fs, P(k, "no"), &fh), -ENOENT);
	assert_int_equal(ops->unlink(k->fs, P(k, "no")), -ENOENT);
	assert_int_equal(ops->rmdir(k->fs, P(k, "no")), -ENOENT);
	assert_int_equal(ops->rename(k->fs, P(k, "no"), P(k, "x"), 0), -ENOENT);
	if (ops->readlink)
		assert_int_equal(ops->readlink(k->fs, P(k, "no"), buf, 8),
				 -ENOENT);
	if (ops->truncate)
		assert_int_equal(ops->truncate(k->fs, P(k, "no"), NULL, 0),
				 -ENOENT);
	if (ops->link && kit_can(k, "link"))
		assert_int_equal(ops->link(k->fs, P(k, "no"), P(k, "x")),
				 -ENOENT);
	if (ops->chmod && kit_can(k, "mode"))
		assert_int_equal(ops->chmod(k->fs, P(k, "no"), NULL, 0600),
				 -ENOENT);
}

static void what_is_there_already(void **state)
{
	struct kit *k = *state;
	const struct um_fs_ops *ops = k->ops;
	struct um_fh fh;

	kit_file(k, P(k, "f"), "data");
	assert_int_equal(ops->mkdir(k->fs, P(k, "f"), 0755), -EEXIST);
	assert_int_equal(kit_create(k, P(k, "f"), 0644, O_RDWR, &fh), -EEXIST);
	if (ops->symlink && kit_can(k, "symlink"))
		assert_int_equal(ops->symlink(k->fs, "x", P(k, "f")), -EEXIST);
	if (ops->link && kit_can(k, "link"))
		assert_int_equal(ops->link(k->fs, P(k, "f"), P(k, "f")),
				 -EEXIST);
	kit_expect(k, P(k, "f"), "data");
}

static void directories_are_no_files(void **state)
{
	struct kit *k = *state;
	const struct um_fs_ops *ops = k->ops;
	struct stat st;
	int err;

	assert_int_equal(ops->mkdir(k->fs, P(k, "d"), 0750), 0);
	assert_int_equal(kit_lstat(k, P(k, "d"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	kit_file(k, P(k, "d/f"), "");
	assert_int_equal(ops->rmdir(k->fs, P(k, "d")), -ENOTEMPTY);
	assert_int_equal(ops->rmdir(k->fs, P(k, "d/f")), -ENOTDIR);
	err = ops->unlink(k->fs, P(k, "d"));
	assert_true(err == -EISDIR || err == -EPERM);
	assert_int_equal(ops->unlink(k->fs, P(k, "d/f")), 0);
	assert_int_equal(ops->rmdir(k->fs, P(k, "d")), 0);
	assert_int_equal(kit_lstat(k, P(k, "d"), &st), -ENOENT);
}

static void hard_links_are_one_node(void **state)
{
	struct kit *k = *state;
	struct stat a, b;

	NEEDS(k, link);
	NEEDS_CAP(k, "link");
	kit_file(k, P(k, "a"), "data");
	assert_int_equal(k->ops->link(k->fs, P(k, "a"), P(k, "b")), 0);
	assert_int_equal(kit_lstat(k, P(k, "a"), &a), 0);
	assert_int_equal(kit_lstat(k, P(k, "b"), &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_nlink, 2);
	assert_int_equal(b.st_nlink, 2);
	assert_int_equal(k->ops->rename(k->fs, P(k, "a"), P(k, "b"), 0), 0);
	assert_int_equal(kit_lstat(k, P(k, "a"), &a), 0);
	assert_int_equal(k->ops->unlink(k->fs, P(k, "a")), 0);
	assert_int_equal(kit_lstat(k, P(k, "b"), &b), 0);
	assert_int_equal(b.st_nlink, 1);
	assert_int_equal(b.st_ino, a.st_ino);
	kit_expect(k, P(k, "b"), "data");
}

static void symbolic_links_keep_their_text(void **state)
{
	static const char text[] = "../some/where else";
	struct kit *k = *state;
	struct stat st;
	char buf[64];

	NEEDS(k, symlink);
	NEEDS_CAP(k, "symlink");
	assert_int_equal(k->ops->symlink(k->fs, text, P(k, "l")), 0);
	assert_int_equal(kit_lstat(k, P(k, "l"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(st.st_size, strlen(text));
	memset(buf, '#', sizeof(buf));
	assert_int_equal(k->ops->readlink(k->fs, P(k, "l"), buf, 64),
			 strlen(text));
	assert_memory_equal(buf, text, strlen(text));
	memset(buf, '#', sizeof(buf));
	assert_int_equal(k->ops->readlink(k->fs, P(k, "l"), buf, 4), 4);
	assert_memory_equal(buf, "../s#", 5);
	kit_file(k, P(k, "f"), "");
	assert_int_equal(k->ops->readlink(k->fs, P(k, "f"), buf, 4), -EINVAL);
}

static void rename_keeps_the_node(void **state)
{
	struct kit *k = *state;
	struct stat st;
	ino_t ino;

	kit_file(k, P(k, "a"), "from a");
	kit_file(k, P(k, "b"), "from b");
	ino = kit_ino(k, P(k, "a"));
	assert_int_not_equal(ino, kit_ino(k, P(k, "b")));
	assert_int_equal(k->ops->rename(k->fs, P(k, "a"), P(k, "b"), 0), 0);
	assert_int_equal(kit_lstat(k, P(k, "a"), &st), -ENOENT);
	assert_int_equal(kit_ino(k, P(k, "b")), ino);
	kit_expect(k, P(k, "b"), "from a");
}

static void rename_moves_what_is_beneath(void **state)
{
	struct kit *k = *state;
	const struct um_fs_ops *ops = k->ops;
	struct stat st;
	ino_t dir, file;

	assert_int_equal(ops->mkdir(k->fs, P(k, "d"), 0755), 0);
	assert_int_equal(ops->mkdir(k->fs, P(k, "d/sub"), 0755), 0);
	assert_int_equal(ops->mkdir(k->fs, P(k, "x"), 0755), 0);
	kit_file(k, P(k, "d/sub/f"), "deep");
	dir = kit_ino(k, P(k, "d/sub"));
	file = kit_ino(k, P(k, "d/sub/f"));
	assert_int_equal(ops->rename(k->fs, P(k, "d"), P(k, "x/e"), 0), 0);
	assert_int_equal(kit_lstat(k, P(k, "d/sub/f"), &st), -ENOENT);
	assert_int_equal(kit_ino(k, P(k, "x/e/sub")), dir);
	assert_int_equal(kit_ino(k, P(k, "x/e/sub/f")), file);
	kit_expect(k, P(k, "x/e/sub/f"), "deep");
	assert_int_equal(ops->mkdir(k->fs, P(k, "d"), 0755), 0);
	assert_int_not_equal(kit_ino(k, P(k, "d")), kit_ino(k, P(k, "x/e")));
}

static void rename_refuses(void **state)
{
	struct kit *k = *state;
	const struct um_fs_ops *ops = k->ops;
	int err;

	kit_file(k, P(k, "f"), "f");
	kit_file(k, P(k, "g"), "g");
	assert_int_equal(ops->mkdir(k->fs, P(k, "d"), 0755), 0);
	assert_int_equal(ops->mkdir(k->fs, P(k, "e"), 0755), 0);
	kit_file(k, P(k, "e/f"), "");
	assert_int_equal(ops->rename(k->fs, P(k, "d"), P(k, "e"), 0),
			 -ENOTEMPTY);
	assert_int_equal(ops->rename(k->fs, P(k, "f"), P(k, "d"), 0), -EISDIR);
	assert_int_equal(ops->rename(k->fs, P(k, "d"), P(k, "f"), 0), -ENOTDIR);
	assert_int_equal(ops->rename(k->fs, P(k, "f"), P(k, "g"), 1u << 30),
			 -EINVAL);
	err = ops->rename(k->fs, P(k, "f"), P(k, "g"), RENAME_NOREPLACE);
	assert_true(err == -EEXIST || err == -EINVAL);
	kit_expect(k, P(k, "f"), "f");
	kit_expect(k, P(k, "g"), "g");
}

static void exchange_swaps(void **state)
{
	struct kit *k = *state;
	ino_t a, b;
	int err;

	kit_file(k, P(k, "a"), "a");
	kit_file(k, P(k, "b"), "b");
	a = kit_ino(k, P(k, "a"));
	b = kit_ino(k, P(k, "b"));
	err = k->ops->rename(k->fs, P(k, "a"), P(k, "b"), RENAME_EXCHANGE);
	if (err == -EINVAL)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(kit_ino(k, P(k, "a")), b);
	assert_int_equal(kit_ino(k, P(k, "b")), a);
	kit_expect(k, P(k, "a"), "b");
}

static void special_files(void **state)
{
	struct kit *k = *state;
	struct stat st;

	NEEDS(k, mknod);
	NEEDS_CAP(k, "device");
	assert_int_equal(k->ops->mknod(k->fs, P(k, "p"), S_IFIFO | 0640, 0), 0);
	assert_int_equal(kit_lstat(k, P(k, "p"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(k->ops->mknod(k->fs, P(k, "r"), S_IFREG | 0600, 0), 0);
	assert_int_equal(kit_lstat(k, P(k, "r"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 0);
}

int run_names(fixture_fn setup, fixture_fn teardown)
{
	RUN_TESTS("names", setup, teardown, T(lists_each_name_once),
		  T(stops_listing_when_told), T(a_removed_name_is_gone),
		  T(what_is_not_there), T(what_is_there_already),
		  T(directories_are_no_files), T(hard_links_are_one_node),
		  T(symbolic_links_keep_their_text), T(rename_keeps_the_node),
		  T(rename_moves_what_is_beneath), T(rename_refuses),
		  T(exchange_swaps), T(special_files));
}
