/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounttree.h - mounts by name or by descriptor, for the calls of Linux 5.2 */
#ifndef UM_SYS_MOUNTTREE_H
#define UM_SYS_MOUNTTREE_H

#include "sys/sys.h"

/*
 * The node that a name, or with `empty` a descriptor alone, leads to: out is as
 * a walk leaves it. walk: UM_FOLLOW or 0. 0 or -errno.
 */
int um_tree_find(struct um_req *r, int dirfd, uint64_t name, bool empty,
		 unsigned int walk, struct um_loc *out);
/* It is the root of a mount of the view's, or of one that floats. */
bool um_tree_is_root(const struct um_req *r, const struct um_loc *loc);
/* What else is the answer: the kernel's own, for its own; or -EINVAL. */
long um_tree_of_host(const struct um_loc *loc);
/* The mount, which is in no view, and its descriptor in the guest. */
long um_tree_give(struct um_req *r, struct um_mount *m, bool cloexec);

/* MOUNT_ATTR_* as MS_*: 0 or -EINVAL. */
int um_tree_flags(uint64_t attrs, unsigned long *out);

#endif
