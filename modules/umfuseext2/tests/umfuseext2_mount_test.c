// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfuseext2_mount_test.c - states of images, options, failures, the journal
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "next_posix.h"

typedef const struct fuse_operations *ops_t;

static const struct kind ext4 = { "ext4", "-t ext4", "32M" };

static void nothing(ops_t op, void *arg)
{
	(void)op;
	(void)arg;
}

/* ---- mounting ---- */

static void readonly_body(ops_t op, void *arg)
{
	struct fuse_file_info fi;

	(void)arg;
	assert_int_equal(op->mkdir("/x", 0755), -EROFS);
	assert_int_equal(op->unlink("/f"), -EROFS);
	assert_int_equal(open_file(op, "/lost+found", O_RDWR, &fi), -EROFS);
}

static void read_only_is_read_only(void **state)
{
	struct box *b = *state;

	if (!has_tools())
		skip();
	box_mkfs(b, &ext4);
	assert_int_equal(box_mount(b, "ro,silent", readonly_body, NULL), 0);
	assert_int_equal(box_run(b, "debugfs -w -R 'ssv state 2' %s"), 0);
	assert_int_equal(box_mount(b, "silent", readonly_body, NULL), 0);
	assert_int_equal(box_mount(b, "rw+", nothing, NULL), 0);
}

static void bad_images_and_options_are_refused(void **state)
{
	struct box *b = *state;

	if (!has_tools())
		skip();
	assert_int_not_equal(box_mount(b, "rw", nothing, NULL), 0);
	box_mkfs(b, &ext4);
	assert_int_not_equal(box_mount(b, "ro,frobnicate", nothing, NULL), 0);
	assert_int_not_equal(box_mount(b, "sb=x", nothing, NULL), 0);
	assert_int_equal(box_mount(b, "allow_others,noatime", nothing, NULL),
			 0);
	box_check(b);
	assert_int_equal(truncate(b->image, 20 << 20), 0);
	assert_int_not_equal(box_mount(b, "rw", nothing, NULL), 0);
	assert_int_equal(truncate(b->image, 1000), 0);
	assert_int_not_equal(box_mount(b, "rw", nothing, NULL), 0);
	assert_int_equal(truncate(b->image, 0), 0);
	assert_int_equal(truncate(b->image, 1 << 20), 0);
	assert_int_not_equal(box_mount(b, "rw", nothing, NULL), 0);
}

static void a_backup_superblock_will_do(void **state)
{
	struct box *b = *state;
	struct kind k = { "1k", "-t ext4 -b 1024", "32M" };

	if (!has_tools())
		skip();
	box_mkfs(b, &k);
	assert_int_equal(box_run(b, "dd if=/dev/zero of=%s bs=1k seek=1 "
				    "count=1 conv=notrunc"),
			 0);
	assert_int_not_equal(box_mount(b, "ro", nothing, NULL), 0);
	assert_int_equal(box_mount(b, "ro,sb=8193", nothing, NULL), 0);
}

static void failing_body(ops_t op, void *arg)
{
	long n = *(long *)arg;
	struct fuse_file_info fi;
	char *buf = calloc(1, 200000);
	int ret;

	next_failures = 0;
	next_fail_after = n;
	ret = open_file(op, "/f", O_CREAT | O_RDWR, &fi);
	if (!ret) {
		ret = op->write(NULL, buf, 200000, 0, &fi);
		assert_true(ret == 200000 || ret < 0);
		ret = op->fsync(NULL, 0, &fi);
		if (next_failures)
			assert_int_equal(ret, -EIO);
		op->release(NULL, &fi);
	}
	next_fail_after = -1;
	free(buf);
}

static void failures_beneath_come_to_the_caller(void **state)
{
	long n;

	if (!has_tools())
		skip();
	for (n = 0; n < 12; n++) {
		box_mkfs(*state, &ext4);
		assert_int_equal(box_mount(*state, "rw", failing_body, &n), 0);
		box_check(*state);
	}
}

/* ---- journal ---- */

static void replayed_body(ops_t op, void *arg)
{
	struct stat st;

	(void)arg;
	assert_int_equal(op->getattr("/lost+found", &st, NULL), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0751);
}

/*
 * A journal with the inode table's block of lost+found, changed: the image
 * itself has the old one.
 */
static void make_journal(struct box *b, const char *options, const char *jo)
{
	struct kind k = { "journal", options, "32M" };

	box_mkfs(b, &k);
	setenv("JO", jo, 1);
	assert_int_equal(
		box_run(b, "cp $IMG $IMG.new && debugfs -w -R 'sif lost+found "
			   "mode 040751' $IMG.new && "
			   "blk=$(debugfs -R 'imap lost+found' $IMG | sed -n "
			   "'s/.*block \\([0-9]*\\),.*/\\1/p') && "
			   "dd if=$IMG.new of=$IMG.blk bs=4096 skip=$blk "
			   "count=1 && printf \"$JO\\njw -b $blk "
			   "$IMG.blk\\njc\\n\" | debugfs -w $IMG"),
		0);
}

static void replays_the_journal(void **state)
{
	static const struct {
		const char *options, *jo;
	} rows[] = {
		{ "-t ext4 -b 4096 -O ^64bit,^metadata_csum", "jo" },
		{ "-t ext3 -b 4096", "jo" },
		{ "-t ext4 -b 4096 -O 64bit,metadata_csum", "jo" },
		{ "-t ext4 -b 4096 -O 64bit,metadata_csum", "jo -c" },
	};
	size_t i;

	if (!has_tools())
		skip();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_journal(*state, rows[i].options, rows[i].jo);
		assert_int_equal(
			box_mount(*state, "ro,silent", replayed_body, NULL), 0);
		assert_int_equal(box_run(*state, "dumpe2fs -h %s | grep "
						 "needs_recovery"),
				 0);
		assert_int_equal(
			box_mount(*state, "rw,silent", replayed_body, NULL), 0);
		box_check(*state);
		assert_int_equal(
			box_mount(*state, "ro,silent", replayed_body, NULL), 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(read_only_is_read_only),
		TEST(bad_images_and_options_are_refused),
		TEST(a_backup_superblock_will_do),
		TEST(failures_beneath_come_to_the_caller),
		TEST(replays_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
