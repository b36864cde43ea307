/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * module.h - what a module of umview exports
 *
 * A module is a shared object NAME.so with one symbol, `um_module`, of type
 * struct um_module. It is loaded by um_add_service(1), umview -p, or by
 * mount(2) of a type that begins with its name.
 */
#ifndef UMVIEW_MODULE_H
#define UMVIEW_MODULE_H

#include <umview/fs.h>
#include <umview/log.h>
#include <umview/next.h>

#define UM_MODULE_API 1

/**
 * struct um_mount_req - one mount(2) that a module is asked to serve
 * @fstype: the type after aliases, e.g. "umfuseext2"; tmpfs stays tmpfs
 * @source: as given, made absolute when it is a path that exists
 * @target: canonical mount point in the view
 * @flags: MS_* of mount(2), options `ro`... already folded in
 * @options: the option string without what the core took; "" when none
 * @merge: the option merge was given
 * All borrowed for the call.
 */
struct um_mount_req {
	const char *fstype;
	const char *source;
	const char *target;
	unsigned long flags;
	const char *options;
	bool merge;
};

/**
 * um_contained() - run code in which a crash, or exit(3), is not the monitor's
 * @run: is left at once when it crashes; what it held is lost
 * @status: set to the status of exit(3), else left as it is
 *
 * The core does so around each operation. It is for threads of a module's own.
 * Return: 0 it returned; 1 it called exit(3); -EIO it crashed, and how was
 * logged.
 */
int um_contained(void (*run)(void *arg), void *arg, int *status);

/**
 * struct um_module - description of a module
 * @api: UM_MODULE_API
 * @size: sizeof(struct um_module)
 * @name: service name; fs types that begin with it are served by it
 * @description: one line for um_ls_service
 * @options: help text for um_ls_service -v: one option a line; may be NULL
 * @init: args is the text after the comma of `-p name,args`, "" when none.
 *	Return: 0 or -errno. May be NULL.
 * @fini: last call. May be NULL.
 * @mount: set fs->ops and fs->priv (fs->next is set). On failure log one line
 *	with um_err() that says why (not with MS_SILENT: mount(8) tries types),
 *	and return -errno. May be NULL.
 * @stack: called when the service is added to a view, args as in init: sets
 *	fs->net to a network stack (net.h). It is asked where a guest chose no stack
 *	and none is mounted as the default. fs->next is NULL. Fails as mount. May be
 *	NULL. Modules built before it have a smaller @size.
 */
struct um_module {
	unsigned int api;
	size_t size;
	const char *name;
	const char *description;
	const char *options;
	int (*init)(const char *args);
	void (*fini)(void);
	int (*mount)(const struct um_mount_req *req, struct um_fs *fs);
	int (*stack)(const char *args, struct um_fs *fs);
};

extern const struct um_module um_module;

/*
 * For a module that loads others: where NAME.so lies, of the places that
 * umview itself searches. Return: the file's name, to be freed; NULL: nowhere.
 */
char *um_module_find(const char *name);

#endif
