/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fixture.h - an image made by mke2fs, mounted in this process
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#define FUSE_USE_VERSION 31

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fuse.h>

/* What mke2fs makes. */
struct kind {
	const char *name;
	const char *args;
	const char *size;
};

extern const struct kind kinds[];
extern const size_t n_kinds;

/* A directory of its own with the image in it. */
struct box {
	char dir[64];
	char image[80];
};

/* What a test does with the mounted file system. */
typedef void (*body_fn)(const struct fuse_operations *op, void *arg);

/* The user on whose behalf operations run. */
extern struct fuse_context fixture_context;

bool has_tools(void);
/* For cmocka: a box as state. */
int box_setup(void **state);
int box_teardown(void **state);
void box_make(struct box *b);
void box_remove(struct box *b);
/* Runs a command; %s and $IMG are the image. Return: its exit status. */
int box_run(const struct box *b, const char *fmt);
void box_mkfs(struct box *b, const struct kind *kind);
/* e2fsck -fn must find nothing. */
void box_check(const struct box *b);
/* The program's main(): returns what it returned. */
int box_mount(const struct box *b, const char *options, body_fn body,
	      void *arg);

/* Operations as used by many tests; they fail the test unless they succeed. */
void put_file(const struct fuse_operations *op, const char *path,
	      const void *data, size_t len);
void expect_file(const struct fuse_operations *op, const char *path,
		 const void *data, size_t len);
int open_file(const struct fuse_operations *op, const char *path, int flags,
	      struct fuse_file_info *fi);

#endif
