/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * magic.h - links of /proc that the kernel follows without their text
 */
#ifndef UM_VIEW_MAGIC_H
#define UM_VIEW_MAGIC_H

#include "view/view.h"

/**
 * struct um_magic - what such a link leads to
 * @rename: /proc/self and /proc/thread-self: @path is the guest's own
 * @is_virtual: @path is a name in the view
 * @path: else the kernel's text
 * @mount: what a directory is on, NULL: the name tells
 * @is_label: no name, but what is to be read instead of the kernel's text
 * @obj: an open node without a name (ref)
 */
struct um_magic {
	bool rename;
	bool is_virtual;
	bool is_label;
	const char *path;
	struct um_mount *mount;
	struct um_obj *obj;
};

/* Return: 1 with *out, 0: not a magic link, -errno. */
int um_magic_find(struct um_req *r, const char *path, struct um_magic *out);

#endif
