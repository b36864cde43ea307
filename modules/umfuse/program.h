/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program.h - what FUSE programs for one image have in common
 *
 *	PROGRAM [-o options] IMAGE MOUNTPOINT
 *
 * Each is compiled with program.c: it takes the command line apart, opens the
 * image, runs fuse_main() and tells mount(2) why there is nothing to mount.
 */
#ifndef UMFUSE_PROGRAM_H
#define UMFUSE_PROGRAM_H

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 312
#endif
#include <fuse.h>

/**
 * struct umfuse_program - a file system in an image
 * @options: its own, as fuse_opt_parse() has them
 * @usage: after the program's name
 * @args: what libfuse gets besides; ends with NULL
 * @start: open the image; 0 or -errno, with a message on stderr
 * @stop: after a start that succeeded; 0 or -errno
 */
struct umfuse_program {
	const char *name;
	const char *usage;
	const struct fuse_opt *options;
	const struct fuse_operations *ops;
	const char *const *args;
	int (*start)(void *data, const char *source);
	int (*stop)(void *data);
};

/* main(); data is what the options go to, and fuse_context's private_data. */
int umfuse_program_run(const struct umfuse_program *p, void *data, int argc,
		       char **argv);

#endif
