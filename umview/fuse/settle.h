/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle.h - close(2) of a written file takes effect before what follows it */
#ifndef UM_FUSE_SETTLE_H
#define UM_FUSE_SETTLE_H

#include "guest/req.h"

struct um_fuse;
struct um_fuse_node;

/* The life of a file that was written to or unlinked, in this order. */
void um_fuse_file_written(void);
void um_fuse_file_closing(void);
void um_fuse_file_closed(void);

/* Before a name is looked up for a guest; see um_walk_hook. */
void um_fuse_settle(const struct um_req *r);
/* Before a name of the node goes: no RELEASE of it is under way. */
void um_fuse_settle_node(struct um_fuse *c, struct um_fuse_node *n);

#endif
