// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * image_fuzz.c - the FUSE programs of modules/ on hostile images
 *
 * Compiled once for each program, whose main() is program_main() here
 * (image_program.c). The first byte says with which options, the rest is the
 * image, which lies in memory. All that is found is looked at; where the program
 * writes, a little is changed and looked at again. An image may be refused and
 * an operation may fail; none may crash, hang, or read what is not its own.
 */
#define FUSE_USE_VERSION 312
#include <fuse.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <umview/module.h>

#include "fuzz/alloc.h"
#include "fuzz/listing.h"

#define MAX_DEPTH  4
#define MAX_OPENED 200
#define MAX_IMAGE  (3u << 20)

int program_main(int argc, char **argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the view beneath: one image ---- */

struct um_next_file {
	int fd;
};

static uint8_t *image;
static size_t image_size;

struct um_next *um_next_current(void)
{
	return (struct um_next *)(void *)&image;
}

int um_next_open(struct um_next *next, const char *path, int flags, mode_t mode,
		 struct um_next_file **out)
{
	(void)next;
	(void)flags;
	(void)mode;
	if (strcmp(path, "/image") != 0)
		return -ENOENT;
	*out = malloc(sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void um_next_close(struct um_next_file *f)
{
	free(f);
}

int um_next_lock(struct um_next_file *f, bool writes)
{
	(void)f;
	(void)writes;
	return 0;
}

ssize_t um_next_pread(struct um_next_file *f, void *buf, size_t n, off_t off)
{
	(void)f;
	if (off < 0)
		return -EINVAL;
	if ((uint64_t)off >= image_size)
		return 0;
	n = n < image_size - (size_t)off ? n : image_size - (size_t)off;
	memcpy(buf, image + off, n);
	return (ssize_t)n;
}

ssize_t um_next_pwrite(struct um_next_file *f, const void *buf, size_t n,
		       off_t off)
{
	(void)f;
	if (off < 0 || (uint64_t)off >= image_size)
		return -EFBIG;
	n = n < image_size - (size_t)off ? n : image_size - (size_t)off;
	memcpy(image + off, buf, n);
	return (ssize_t)n;
}

int um_next_size(struct um_next_file *f, uint64_t *out)
{
	(void)f;
	*out = image_size;
	return 0;
}

int um_next_fstat(struct um_next_file *f, struct stat *out)
{
	(void)f;
	*out = (struct stat){ .st_mode = S_IFREG | 0644,
			      .st_size = (off_t)image_size };
	return 0;
}

int um_next_fsync(struct um_next_file *f, bool datasync)
{
	(void)f;
	(void)datasync;
	return 0;
}

int um_next_rename(struct um_next *next, const char *from, const char *to,
		   unsigned int flags)
{
	(void)next;
	(void)from;
	(void)to;
	(void)flags;
	return -EROFS;
}

int um_next_link(struct um_next *next, const char *from, const char *to)
{
	return um_next_rename(next, from, to, 0);
}

int um_next_unlink(struct um_next *next, const char *path)
{
	return um_next_rename(next, path, path, 0);
}

int um_next_chmod(struct um_next *next, const char *path, mode_t mode)
{
	(void)mode;
	return um_next_unlink(next, path);
}

void um_log(enum um_log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

int um_log_enabled(enum um_log_level level)
{
	(void)level;
	return 0;
}

/* ---- the library ---- */

static struct fuse_context context;

struct fuse_context *fuse_get_context(void)
{
	return &context;
}

static char buf[65536];
static int opened;

static void look_at_xattrs(const struct fuse_operations *op, const char *path)
{
	char list[4096];
	int n = op->listxattr ? op->listxattr(path, list, sizeof(list)) : 0;

	for (int at = 0; at < n; at += (int)strlen(list + at) + 1)
		op->getxattr(path, list + at, buf, sizeof(buf));
}

static void read_file(const struct fuse_operations *op, const char *path)
{
	static const off_t where[] = { 0, 100, 65536, 1 << 20, 1LL << 40 };
	struct fuse_file_info fi = { .flags = O_RDONLY };
	struct stat st = { 0 };

	if (++opened > MAX_OPENED || op->open(path, &fi) < 0)
		return;
	for (size_t i = 0; i < 5; i++)
		op->read(path, buf, sizeof(buf), where[i], &fi);
	op->getattr(path, &st, &fi);
	op->read(path, buf, 100, st.st_size > 50 ? st.st_size - 50 : 0, &fi);
	op->release(path, &fi);
}

static void look_at(const struct fuse_operations *op, const char *path,
		    int depth)
{
	struct fuse_file_info fi = { 0 };
	struct names names = { .n = 0 };
	struct stat st = { 0 };

	if (op->getattr(path, &st, NULL) < 0)
		return;
	look_at_xattrs(op, path);
	if (S_ISREG(st.st_mode))
		read_file(op, path);
	if (S_ISLNK(st.st_mode) && op->readlink)
		op->readlink(path, buf, 4096);
	if (!S_ISDIR(st.st_mode) || depth == MAX_DEPTH)
		return;
	op->readdir(path, &names, take_name, 0, &fi, 0);
	for (int i = 0; i < names.n; i++) {
		char *sub;

		if (!strchr(names.name[i], '/') &&
		    asprintf(&sub, "%s/%s", depth ? path : "", names.name[i]) >=
			    0) {
			look_at(op, sub, depth + 1);
			free(sub);
		}
		free(names.name[i]);
	}
}

static void change_file(const struct fuse_operations *op, const char *path)
{
	struct fuse_file_info fi = { .flags = O_RDWR };

	if (op->open(path, &fi) < 0)
		return;
	memset(buf, 'x', sizeof(buf));
	op->write(path, buf, 3000, 100, &fi);
	op->write(path, buf, 3000, 20000, &fi);
	op->truncate(path, 1500, &fi);
	op->read(path, buf, 4000, 0, &fi);
	op->release(path, &fi);
	op->truncate(path, 9000, NULL);
}

static void change_tree(const struct fuse_operations *op)
{
	struct fuse_file_info fi = { .flags = O_RDWR | O_CREAT };
	const struct timespec ts[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	if (!op->write || !op->mkdir || !op->create)
		return;
	op->mkdir("/new directory", 0755);
	if (op->create("/new directory/a long name.text", 0644, &fi) == 0)
		op->release("/new directory/a long name.text", &fi);
	change_file(op, "/new directory/a long name.text");
	change_file(op, "/hello");
	op->rename("/hello", "/new directory/Moved", 0);
	op->rename("/dir", "/new directory/dir", 0);
	op->utimens("/new directory/dir", ts, NULL);
	op->chmod("/new directory/Moved", 0444, NULL);
	op->unlink("/big");
	op->unlink("/new directory/a long name.text");
	op->rmdir("/new directory/dir");
}

int fuse_main_real(int argc, char *argv[], const struct fuse_operations *op,
		   size_t op_size, void *data)
{
	struct fuse_conn_info conn = { 0 };
	struct fuse_config cfg = { 0 };
	struct statvfs st;

	(void)argc;
	(void)argv;
	(void)op_size;
	context.private_data = data;
	if (op->init)
		context.private_data = op->init(&conn, &cfg);
	opened = 0;
	if (op->statfs)
		op->statfs("/", &st);
	look_at(op, "/", 0);
	change_tree(op);
	look_at(op, "/", 0);
	if (op->destroy)
		op->destroy(context.private_data);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const options[] = { IMAGE_OPTIONS };
	const size_t n = sizeof(options) / sizeof(options[0]);
	char *argv[] = { (char[]){ "program" }, (char[]){ "-o" },      NULL,
			 (char[]){ "/image" },	(char[]){ "/target" }, NULL };

	if (size < 1 || size > MAX_IMAGE)
		return 0;
	image_size = size - 1;
	image = malloc(size);
	if (!image)
		abort();
	memcpy(image, data + 1, image_size);
	alloc_begin();
	argv[2] = strdup(options[data[0] % n]);
	if (argv[2])
		program_main(5, argv);
	free(argv[2]);
	alloc_end();
	free(image);
	return 0;
}
