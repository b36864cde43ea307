// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfusehello.c - one file, with the longer API: fuse_new(), fuse_loop()
 *
 * Built for an old and for the newest FUSE_USE_VERSION: they call other
 * versions of the same functions.
 */
#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 30
#endif

#include <fuse.h>
#include <fuse_lowlevel.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "Hello world\n";

static int hello_getattr(const char *path, struct stat *out,
			 struct fuse_file_info *fi)
{
	(void)fi;
	if (strcmp(path, "/") == 0) {
		out->st_mode = S_IFDIR | 0755;
		out->st_nlink = 2;
	} else if (strcmp(path, "/hello") == 0) {
		out->st_mode = S_IFREG | 0400;
		out->st_nlink = 1;
		out->st_size = (off_t)strlen(text);
		out->st_uid = fuse_get_context()->uid;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int hello_readdir(const char *path, void *buf, fuse_fill_dir_t fill,
			 off_t off, struct fuse_file_info *fi,
			 enum fuse_readdir_flags flags)
{
	(void)off;
	(void)fi;
	(void)flags;
	if (strcmp(path, "/") != 0)
		return -ENOENT;
	fill(buf, ".", NULL, 0, 0);
	fill(buf, "..", NULL, 0, 0);
	fill(buf, "hello", NULL, 0, 0);
	return 0;
}

static int hello_read(const char *path, char *buf, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	size_t n = strlen(text);

	(void)path;
	(void)fi;
	if (fuse_get_context()->private_data != text)
		return -EPROTO;
	if ((size_t)off >= n)
		return 0;
	if (size > n - (size_t)off)
		size = n - (size_t)off;
	memcpy(buf, text + off, size);
	return (int)size;
}

static const struct fuse_operations hello_ops = {
	.getattr = hello_getattr,
	.readdir = hello_readdir,
	.read = hello_read,
};

static int serve(struct fuse *fuse, const struct fuse_cmdline_opts *opts)
{
	struct fuse_session *se = fuse_get_session(fuse);
	int ret = 1;

	if (fuse_set_signal_handlers(se) != 0)
		return 1;
	if (fuse_mount(fuse, opts->mountpoint) == 0) {
		fuse_daemonize(opts->foreground);
		if (opts->singlethread)
			ret = fuse_loop(fuse);
		else
			ret = fuse_loop_mt(fuse, 0);
		fuse_unmount(fuse);
	}
	fuse_remove_signal_handlers(se);
	return ret;
}

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct {
		struct fuse_cmdline_opts opts;
		int guard;
	} box = { .guard = 0x5a5a };
	struct fuse *fuse;
	int ret = 1;

	if (fuse_parse_cmdline(&args, &box.opts) != 0)
		return 1;
	fuse = fuse_new(&args, &hello_ops, sizeof(hello_ops),
			(void *)(size_t)text);
	if (fuse) {
		ret = serve(fuse, &box.opts);
		fuse_destroy(fuse);
	}
	free(box.opts.mountpoint);
	fuse_opt_free_args(&args);
	return box.guard == 0x5a5a ? ret : 99;
}
