/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perm.h - the mount option default_permissions: modes are checked here
 *
 * Without it the daemon alone decides.
 */
#ifndef UM_FUSE_PERM_H
#define UM_FUSE_PERM_H

#include "fuse/conn.h"

#define UM_FUSE_X 1
#define UM_FUSE_W 2
#define UM_FUSE_R 4

/* May the caller do this (R, W, X together) with the node? 0 or -EACCES. */
int um_fuse_may(struct um_fuse *c, struct um_fuse_node *n, int what);
/* By the node's access control list; -ENODATA: it has none that matters. */
int um_fuse_may_by_acl(struct um_fuse *c, struct um_fuse_node *n,
		       const struct stat *st, int what);
/* Is the caller a member? */
bool um_fuse_in_group(gid_t gid);
/* May it take the name away from the directory? n: what it names, or NULL. */
int um_fuse_may_remove(struct um_fuse *c, struct um_fuse_node *dir,
		       struct um_fuse_node *n);
/* Is the caller its owner, or root? 0 or -EPERM. */
int um_fuse_may_own(struct um_fuse *c, struct um_fuse_node *n);

#endif
