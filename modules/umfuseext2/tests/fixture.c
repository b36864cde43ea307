// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fixture.c - mke2fs, e2fsck and FUSE's side for the tests
 *
 * fuse_main_real() here calls init, the test's body and destroy.
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
#include <sys/wait.h>
#include <unistd.h>

#include "next_posix.h"

const struct kind kinds[] = {
	{ "ext2", "-t ext2", "32M" },
	{ "ext2-1k", "-t ext2 -b 1024", "16M" },
	{ "ext3", "-t ext3", "32M" },
	{ "ext4", "-t ext4", "64M" },
	{ "ext4-1k", "-t ext4 -b 1024", "32M" },
	{ "ext4-full",
	  "-t ext4 -O 64bit,metadata_csum,metadata_csum_seed,inline_data,"
	  "large_dir",
	  "64M" },
	{ "ext4-full-1k", "-t ext4 -b 1024 -O metadata_csum,inline_data",
	  "32M" },
	{ "ext4-indirect", "-t ext4 -O ^extents,^64bit", "32M" },
	{ "ext4-small-inode", "-t ext4 -I 128 -O ^metadata_csum", "32M" },
	{ "ext4-ea-inode", "-t ext4 -O ea_inode,uninit_bg", "32M" },
	{ "ext4-cluster", "-t ext4 -O bigalloc -C 16384", "64M" },
};
const size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);

struct fuse_context fixture_context;

static body_fn the_body;
static void *the_arg;

struct fuse_context *fuse_get_context(void)
{
	return &fixture_context;
}

/* libfuse's declaration does not say that it is a format. */
__attribute__((format(printf, 2, 3))) void fuse_log(enum fuse_log_level level,
						    const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

int fuse_main_real(int argc, char *argv[], const struct fuse_operations *op,
		   size_t op_size, void *data)
{
	struct fuse_conn_info conn = { .proto_major = 7 };
	struct fuse_config cfg = { .use_ino = 0 };

	(void)argc;
	(void)argv;
	assert_int_equal(op_size, sizeof(*op));
	fixture_context.private_data = data;
	fixture_context.private_data = op->init(&conn, &cfg);
	assert_int_equal(cfg.use_ino, 1);
	the_body(op, the_arg);
	op->destroy(fixture_context.private_data);
	return 0;
}

static int run(const char *command)
{
	char line[800];
	int status;

	snprintf(line, sizeof(line),
		 "PATH=$PATH:/usr/sbin:/sbin; { %s; } >/dev/null 2>&1",
		 command);
	status = system(line); /* NOLINT(cert-env33-c) */
	return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

bool has_tools(void)
{
	return !run("command -v mke2fs && command -v e2fsck && "
		    "command -v debugfs");
}

void box_make(struct box *b)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(b->dir, sizeof(b->dir), "%s/umfuseext2.XXXXXX",
		 tmp && strlen(tmp) < 32 ? tmp : "/tmp");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->image, sizeof(b->image), "%s/image", b->dir);
}

void box_remove(struct box *b)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", b->dir);
	run(line);
}

int box_run(const struct box *b, const char *fmt)
{
	char line[600];
	const char *at = strstr(fmt, "%s");
	int n = at ? (int)(at - fmt) : (int)strlen(fmt);

	snprintf(line, sizeof(line), "%.*s%s%s", n, fmt, at ? b->image : "",
		 at ? at + 2 : "");
	setenv("IMG", b->image, 1);
	return run(line);
}

void box_mkfs(struct box *b, const struct kind *kind)
{
	char line[300];

	unlink(b->image);
	snprintf(line, sizeof(line), "mke2fs -q -F %s %%s %s", kind->args,
		 kind->size);
	assert_int_equal(box_run(b, line), 0);
}

void box_check(const struct box *b)
{
	char line[200];
	int ret = box_run(b, "e2fsck -fn %s");

	if (ret) {
		snprintf(line, sizeof(line), "e2fsck -fn %s", b->image);
		(void)!system(line); /* NOLINT(cert-env33-c) */
		(void)box_run(b, "cp %s ${TMPDIR:-/tmp}/umfuseext2.failed");
	}
	assert_int_equal(ret, 0);
}

int umfuseext2_main(int argc, char **argv);

int box_mount(const struct box *b, const char *options, body_fn body, void *arg)
{
	char name[] = "umfuseext2", o[] = "-o", target[] = "/mnt";
	char opts[128], image[sizeof(b->image)];
	char *argv[] = { name, o, opts, image, target, NULL };

	snprintf(opts, sizeof(opts), "%s", options);
	memcpy(image, b->image, sizeof(image));
	the_body = body;
	the_arg = arg;
	return umfuseext2_main(5, argv);
}

int open_file(const struct fuse_operations *op, const char *path, int flags,
	      struct fuse_file_info *fi)
{
	memset(fi, 0, sizeof(*fi));
	fi->flags = flags & ~(O_CREAT | O_EXCL);
	if (flags & O_CREAT)
		return op->create(path, 0644, fi);
	return op->open(path, fi);
}

void put_file(const struct fuse_operations *op, const char *path,
	      const void *data, size_t len)
{
	struct fuse_file_info fi;

	assert_int_equal(open_file(op, path, O_CREAT | O_RDWR, &fi), 0);
	assert_int_equal(op->write(path, data, len, 0, &fi), len);
	assert_int_equal(op->release(path, &fi), 0);
}

void expect_file(const struct fuse_operations *op, const char *path,
		 const void *data, size_t len)
{
	struct fuse_file_info fi;
	char *buf = malloc(len + 1);

	assert_non_null(buf);
	assert_int_equal(open_file(op, path, O_RDONLY, &fi), 0);
	assert_int_equal(op->read(path, buf, len + 1, 0, &fi), len);
	assert_memory_equal(buf, data, len);
	assert_int_equal(op->release(path, &fi), 0);
	free(buf);
}

int box_setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	box_make(b);
	*state = b;
	fixture_context.uid = getuid();
	fixture_context.gid = getgid();
	next_fail_after = -1;
	return 0;
}

int box_teardown(void **state)
{
	box_remove(*state);
	free(*state);
	return 0;
}
