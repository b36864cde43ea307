// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ext2_fuzz.c - umfuseext2 on hostile images
 *
 * The first byte is how it is mounted, the rest the image. All that is found
 * is looked at, then a little is changed. An image may be refused and an
 * operation may fail; none may crash, hang, or read what is not its own.
 */
#include "modules/umfuseext2/tests/fixture.h"

#include "fuzz/alloc.h"
#include "fuzz/listing.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAX_DEPTH 4
#define MAX_IMAGE (3 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char buf[65536];

static void look_at_xattrs(const struct fuse_operations *op, const char *path)
{
	char list[4096];
	int n = op->listxattr(path, list, sizeof(list));

	for (int at = 0; at < n; at += (int)strlen(list + at) + 1)
		op->getxattr(path, list + at, buf, sizeof(buf));
}

static void read_file(const struct fuse_operations *op, const char *path,
		      off_t size)
{
	struct fuse_file_info fi;

	if (open_file(op, path, O_RDONLY, &fi) != 0)
		return;
	op->read(path, buf, sizeof(buf), 0, &fi);
	op->read(path, buf, 5000, size / 2, &fi);
	op->read(path, buf, 5000, size - 100, &fi);
	/* block by block: a hole of terabytes takes its time */
	if (size < (off_t)1 << 26) {
		op->lseek(path, 0, SEEK_HOLE, &fi);
		op->lseek(path, size / 2, SEEK_DATA, &fi);
	}
	op->release(path, &fi);
}

static void look_at(const struct fuse_operations *op, const char *path,
		    int depth);

static void look_into(const struct fuse_operations *op, const char *path,
		      int depth)
{
	struct fuse_file_info fi = { 0 };
	struct names names = { 0 };
	char below[4096];

	if (op->opendir(path, &fi) != 0)
		return;
	op->readdir(path, &names, take_name, 0, &fi, 0);
	op->releasedir(path, &fi);
	for (int i = 0; i < names.n; i++) {
		if (depth < MAX_DEPTH &&
		    snprintf(below, sizeof(below), "%s/%s", path[1] ? path : "",
			     names.name[i]) < (int)sizeof(below))
			look_at(op, below, depth + 1);
		free(names.name[i]);
	}
}

static void look_at(const struct fuse_operations *op, const char *path,
		    int depth)
{
	struct stat st;

	if (op->getattr(path, &st, NULL) != 0)
		return;
	look_at_xattrs(op, path);
	if (S_ISDIR(st.st_mode))
		look_into(op, path, depth);
	else if (S_ISLNK(st.st_mode))
		op->readlink(path, buf, sizeof(buf));
	else
		read_file(op, path, st.st_size);
}

static void change(const struct fuse_operations *op, const char *path)
{
	struct fuse_file_info fi;

	if (open_file(op, path, O_RDWR, &fi) == 0) {
		memset(buf, 'x', sizeof(buf));
		op->write(path, buf, 3000, 100, &fi);
		op->write(path, buf, 3000, 70000, &fi);
		op->truncate(path, 1500, &fi);
		op->fallocate(path, 0, 0, 9000, &fi);
		op->fallocate(path, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      1000, 3000, &fi);
		op->release(path, &fi);
	}
	op->setxattr(path, "user.fuzz", buf, 200, 0);
	op->removexattr(path, "user.fuzz");
	op->chmod(path, 0600, NULL);
}

static void change_tree(const struct fuse_operations *op)
{
	struct fuse_file_info fi;

	op->mkdir("/new", 0755);
	if (open_file(op, "/new/file", O_CREAT | O_RDWR, &fi) == 0)
		op->release("/new/file", &fi);
	change(op, "/new/file");
	change(op, "/file");
	change(op, "/dir/small");
	op->symlink("/dir/small", "/new/link");
	op->link("/file", "/new/hard");
	op->rename("/file", "/dir/moved", 0);
	op->rename("/dir", "/new/dir", 0);
	op->unlink("/big");
	op->unlink("/new/link");
	op->rmdir("/new/dir/empty");
	op->truncate("/new/dir/moved", 1 << 20, NULL);
}

static void body(const struct fuse_operations *op, void *arg)
{
	struct statvfs st;

	(void)arg;
	op->statfs("/", &st);
	look_at(op, "/", 0);
	change_tree(op);
	look_at(op, "/", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const options[] = { "silent,ro", "silent",
					       "silent,rw+", "silent,sync" };
	struct box box = { 0 };
	int fd;

	if (size < 1 || size > MAX_IMAGE)
		return 0;
	fd = memfd_create("image", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	snprintf(box.image, sizeof(box.image), "/proc/self/fd/%d", fd);
	alloc_begin();
	box_mount(&box, options[data[0] % 4], body, NULL);
	alloc_end();
	close(fd);
	return 0;
}
