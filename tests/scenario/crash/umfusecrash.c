// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfusecrash.c - a FUSE program for tests, which ends as its source says:
 * exit, segv, late-segv (while it serves), read (in an operation)
 */
#define FUSE_USE_VERSION 31
#include <fuse.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *how = "";
static volatile int *volatile nowhere;

static int crash_getattr(const char *path, struct stat *st,
			 struct fuse_file_info *fi)
{
	bool is_root = !strcmp(path, "/");

	(void)fi;
	st->st_mode = is_root ? S_IFDIR | 0755 : S_IFREG | 0644;
	st->st_nlink = 1;
	st->st_size = 5;
	return is_root || !strcmp(path, "/f") ? 0 : -ENOENT;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libfuse's signature */
static int crash_read(const char *path, char *buf, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	(void)path;
	(void)buf;
	(void)size;
	(void)off;
	(void)fi;
	if (!strcmp(how, "read"))
		*nowhere = 1;
	return 0;
}

static const struct fuse_operations ops = {
	.getattr = crash_getattr,
	.read = crash_read,
};

int main(int argc, char **argv)
{
	how = argv[argc - 2];
	if (!strcmp(how, "exit"))
		exit(3);
	if (!strcmp(how, "segv"))
		*nowhere = 1;
	return fuse_main(argc, argv, &ops, NULL);
}
