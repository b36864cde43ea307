/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kit.h - short forms for driving a file system in the contract tests */
#ifndef CONTRACT_KIT_H
#define CONTRACT_KIT_H

#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

/**
 * struct contract - what is tested
 * @without: capabilities the module is known to lack, ",link,device,"
 */
struct contract {
	const char *module;
	const char *type;
	const char *source;
	const char *options;
	char *without;
};

/**
 * struct kit - fixture of a test: a mount and a directory in it
 * @dir: path of the directory, "" when the root is a file
 * @lock: for what the core does for serial file systems
 */
struct kit {
	const struct contract *what;
	struct host_fs h;
	struct um_fs *fs;
	const struct um_fs_ops *ops;
	char dir[64];
	char *tmp;
	bool root_is_file;
	pthread_mutex_t lock;
};

/* Skips the test when the file system has not what it is about. */
#define NEEDS(k, op)                                                           \
	do {                                                                   \
		if (!(k)->ops->op) {                                           \
			print_message("no %s: ", #op);                         \
			skip();                                                \
		}                                                              \
	} while (0)
#define NEEDS_CAP(k, cap)                                                      \
	do {                                                                   \
		if (!kit_can(k, cap)) {                                        \
			print_message("without %s: ", cap);                    \
			skip();                                                \
		}                                                              \
	} while (0)

bool kit_can(const struct kit *k, const char *cap);

/* "NAME" to "/dir/NAME", good for a handful of calls in one thread. */
const char *P(struct kit *k, const char *name);

/* One operation at a time, as the core does it. */
void kit_enter(struct kit *k);
void kit_leave(struct kit *k);

int kit_create(struct kit *k, const char *path, mode_t mode, int flags,
	       struct um_fh *out);
int kit_open(struct kit *k, const char *path, int flags, struct um_fh *out);
void kit_close(struct kit *k, struct um_fh *fh);
/* A file with contents, closed. */
void kit_file(struct kit *k, const char *path, const char *text);
void kit_expect(struct kit *k, const char *path, const char *text);
int kit_lstat(struct kit *k, const char *path, struct stat *out);
ino_t kit_ino(struct kit *k, const char *path);

#endif
