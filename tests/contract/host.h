/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.h - a core of its own for tests of modules: no views, no guests */
#ifndef CONTRACT_HOST_H
#define CONTRACT_HOST_H

#include <umview/module.h>

/*
 * The view beneath is the file system of the host. One is enough: um_next
 * carries nothing.
 */
struct um_next *host_next(void);

/* What um_caller() tells the calling thread; NULL: the process itself. */
void host_set_caller(const struct um_cred *cred);

/* um_next_file objects not closed yet. */
int host_open_files(void);

/**
 * struct host_fs - a mounted file system of a module
 * Operations are called as the core would: through fs.ops, one at a time when
 * fs.serial says so.
 */
struct host_fs {
	void *dl;
	const struct um_module *module;
	struct um_fs fs;
};

/* Loads a module; prints why not. Return: 0 or -errno. */
int host_load(struct host_fs *h, const char *file);
int host_mount(struct host_fs *h, const char *type, const char *source,
	       const char *target, unsigned long flags, const char *options);
void host_umount(struct host_fs *h);
void host_unload(struct host_fs *h);

#endif
