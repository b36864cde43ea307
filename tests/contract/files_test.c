// SPDX-License-Identifier: GPL-2.0-or-later
/* files_test.c - the contract: contents of files */
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void reads_back_what_was_written(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	char buf[64];

	assert_int_equal(kit_create(k, P(k, "f"), 0640, O_RDWR, &fh), 0);
	assert_int_equal(k->ops->write(k->fs, &fh, "hello world", 11, 0), 11);
	assert_int_equal(k->ops->write(k->fs, &fh, "W", 1, 6), 1);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, 5, 6), 5);
	assert_memory_equal(buf, "World", 5);
	kit_close(k, &fh);
	kit_expect(k, P(k, "f"), "hello World");
}

static void reads_stop_at_the_end(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	char buf[64];

	kit_file(k, P(k, "f"), "0123456789");
	assert_int_equal(kit_open(k, P(k, "f"), O_RDONLY, &fh), 0);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, sizeof(buf), 7), 3);
	assert_memory_equal(buf, "789", 3);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, 4, 10), 0);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, 4, 4096), 0);
	kit_close(k, &fh);
}

static void a_gap_reads_as_zeros(void **state)
{
	static const char zeros[5000];
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;
	char buf[5004];

	assert_int_equal(kit_create(k, P(k, "f"), 0644, O_RDWR, &fh), 0);
	assert_int_equal(k->ops->write(k->fs, &fh, "tail", 4, 5000), 4);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, sizeof(buf), 0), 5004);
	assert_memory_equal(buf, zeros, 5000);
	assert_memory_equal(buf + 5000, "tail", 4);
	assert_int_equal(k->ops->getattr(k->fs, P(k, "f"), &fh, &st), 0);
	assert_int_equal(st.st_size, 5004);
	kit_close(k, &fh);
}

static void truncates_by_path_and_by_file(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;
	char buf[16];

	NEEDS(k, truncate);
	kit_file(k, P(k, "f"), "0123456789");
	assert_int_equal(k->ops->truncate(k->fs, P(k, "f"), NULL, 4), 0);
	kit_expect(k, P(k, "f"), "0123");
	assert_int_equal(kit_open(k, P(k, "f"), O_RDWR, &fh), 0);
	assert_int_equal(k->ops->truncate(k->fs, P(k, "f"), &fh, 8), 0);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, sizeof(buf), 0), 8);
	assert_memory_equal(buf, "0123\0\0\0\0", 8);
	assert_int_equal(k->ops->getattr(k->fs, P(k, "f"), &fh, &st), 0);
	assert_int_equal(st.st_size, 8);
	kit_close(k, &fh);
}

static void o_trunc_empties(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;

	NEEDS(k, truncate);
	kit_file(k, P(k, "f"), "0123456789");
	assert_int_equal(kit_open(k, P(k, "f"), O_WRONLY | O_TRUNC, &fh), 0);
	kit_close(k, &fh);
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void big_requests_are_whole(void **state)
{
	const size_t size = (3 << 20) + 17;
	struct kit *k = *state;
	char *out, *in;
	struct um_fh fh;

	NEEDS_CAP(k, "size");
	out = malloc(size);
	in = calloc(1, size);
	for (size_t i = 0; i < size; i++)
		out[i] = (char)(i * 7 + i / 4096);
	assert_int_equal(kit_create(k, P(k, "f"), 0644, O_RDWR, &fh), 0);
	assert_int_equal(k->ops->write(k->fs, &fh, out, size, 3), size);
	assert_int_equal(k->ops->read(k->fs, &fh, in, size, 3), size);
	assert_memory_equal(in, out, size);
	kit_close(k, &fh);
	free(out);
	free(in);
}

static void open_files_are_apart(void **state)
{
	struct kit *k = *state;
	struct um_fh a, b;
	char buf[8];

	assert_int_equal(kit_create(k, P(k, "a"), 0644, O_RDWR, &a), 0);
	assert_int_equal(kit_create(k, P(k, "b"), 0644, O_RDWR, &b), 0);
	assert_int_equal(k->ops->write(k->fs, &a, "aaaa", 4, 0), 4);
	assert_int_equal(k->ops->write(k->fs, &b, "bb", 2, 0), 2);
	assert_int_equal(k->ops->read(k->fs, &a, buf, 8, 0), 4);
	assert_memory_equal(buf, "aaaa", 4);
	kit_close(k, &a);
	assert_int_equal(k->ops->read(k->fs, &b, buf, 8, 0), 2);
	assert_memory_equal(buf, "bb", 2);
	kit_close(k, &b);
}

static void a_second_open_sees_the_first_write(void **state)
{
	struct kit *k = *state;
	struct um_fh a, b;
	char buf[8];

	assert_int_equal(kit_create(k, P(k, "f"), 0644, O_RDWR, &a), 0);
	assert_int_equal(kit_open(k, P(k, "f"), O_RDONLY, &b), 0);
	assert_int_equal(k->ops->write(k->fs, &a, "new", 3, 0), 3);
	assert_int_equal(k->ops->read(k->fs, &b, buf, 8, 0), 3);
	kit_close(k, &a);
	kit_close(k, &b);
}

static void fallocate_makes_room(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;
	int err;

	NEEDS(k, fallocate);
	assert_int_equal(kit_create(k, P(k, "f"), 0644, O_RDWR, &fh), 0);
	err = k->ops->fallocate(k->fs, &fh, 0, 0, 8192);
	assert_int_equal(k->ops->getattr(k->fs, P(k, "f"), &fh, &st), 0);
	kit_close(k, &fh);
	if (err == -EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(st.st_size, 8192);
}

static void seeks_data_and_holes(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;

	NEEDS(k, lseek);
	kit_file(k, P(k, "f"), "0123456789");
	assert_int_equal(kit_open(k, P(k, "f"), O_RDONLY, &fh), 0);
	assert_int_equal(k->ops->lseek(k->fs, &fh, 2, SEEK_DATA), 2);
	assert_int_equal(k->ops->lseek(k->fs, &fh, 2, SEEK_HOLE), 10);
	assert_int_equal(k->ops->lseek(k->fs, &fh, 11, SEEK_DATA), -ENXIO);
	kit_close(k, &fh);
}

static void copies_from_file_to_file(void **state)
{
	struct kit *k = *state;
	struct um_fh in;
	struct um_fh out;
	ssize_t got;

	NEEDS(k, copy_file_range);
	kit_file(k, P(k, "in"), "0123456789");
	kit_file(k, P(k, "out"), "abcdefgh");
	assert_int_equal(kit_open(k, P(k, "in"), O_RDONLY, &in), 0);
	assert_int_equal(kit_open(k, P(k, "out"), O_RDWR, &out), 0);
	got = k->ops->copy_file_range(k->fs, &in, 2, &out, 1, 3);
	assert_int_equal(got, 3);
	kit_expect(k, P(k, "out"), "a234efgh");
	got = k->ops->copy_file_range(k->fs, &in, 7, &out, 8, 100);
	assert_int_equal(got, 3);
	kit_expect(k, P(k, "out"), "a234efgh789");
	got = k->ops->copy_file_range(k->fs, &in, 10, &out, 0, 5);
	assert_int_equal(got, 0);
	kit_close(k, &in);
	kit_close(k, &out);
	kit_expect(k, P(k, "out"), "a234efgh789");
}

static void synchronises(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;

	assert_int_equal(kit_create(k, P(k, "f"), 0644, O_RDWR, &fh), 0);
	assert_int_equal(k->ops->write(k->fs, &fh, "x", 1, 0), 1);
	if (k->ops->fsync)
		assert_int_equal(k->ops->fsync(k->fs, &fh, true), 0);
	if (k->ops->syncfs)
		assert_int_equal(k->ops->syncfs(k->fs), 0);
	kit_close(k, &fh);
}

/* Where the core hides removed open files, it renames them. */
static void a_removed_file_stays_open(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	struct stat st;
	char buf[8];
	ino_t ino;
	const char *path = NULL;

	kit_file(k, P(k, "f"), "data");
	ino = kit_ino(k, P(k, "f"));
	assert_int_equal(kit_open(k, P(k, "f"), O_RDWR, &fh), 0);
	if (k->fs->unlink_open) {
		assert_int_equal(k->ops->unlink(k->fs, P(k, "f")), 0);
	} else {
		path = P(k, ".hidden");
		assert_int_equal(k->ops->rename(k->fs, P(k, "f"), path, 0), 0);
	}
	assert_int_equal(kit_lstat(k, P(k, "f"), &st), -ENOENT);
	assert_int_equal(k->ops->write(k->fs, &fh, "DA", 2, 0), 2);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, 8, 0), 4);
	assert_memory_equal(buf, "DAta", 4);
	assert_int_equal(k->ops->truncate(k->fs, path, &fh, 2), 0);
	assert_int_equal(k->ops->getattr(k->fs, path, &fh, &st), 0);
	assert_int_equal(st.st_size, 2);
	assert_int_equal(st.st_ino, ino);
	kit_file(k, P(k, "f"), "other");
	assert_int_equal(k->ops->read(k->fs, &fh, buf, 8, 0), 2);
	kit_close(k, &fh);
	kit_expect(k, P(k, "f"), "other");
}

static void a_renamed_file_stays_open(void **state)
{
	struct kit *k = *state;
	struct um_fh fh;
	char buf[8];

	assert_int_equal(k->ops->mkdir(k->fs, P(k, "d"), 0755), 0);
	kit_file(k, P(k, "d/f"), "data");
	assert_int_equal(kit_open(k, P(k, "d/f"), O_RDWR, &fh), 0);
	assert_int_equal(k->ops->rename(k->fs, P(k, "d"), P(k, "e"), 0), 0);
	assert_int_equal(k->ops->read(k->fs, &fh, buf, 8, 0), 4);
	assert_int_equal(k->ops->write(k->fs, &fh, "DATA", 4, 0), 4);
	kit_close(k, &fh);
	kit_expect(k, P(k, "e/f"), "DATA");
}

int run_files(fixture_fn setup, fixture_fn teardown)
{
	RUN_TESTS("files", setup, teardown, T(reads_back_what_was_written),
		  T(reads_stop_at_the_end), T(a_gap_reads_as_zeros),
		  T(truncates_by_path_and_by_file), T(o_trunc_empties),
		  T(big_requests_are_whole), T(open_files_are_apart),
		  T(a_second_open_sees_the_first_write),
		  T(fallocate_makes_room), T(seeks_data_and_holes),
		  T(copies_from_file_to_file), T(synchronises),
		  T(a_removed_file_stays_open), T(a_renamed_file_stays_open));
}
