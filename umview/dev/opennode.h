/* SPDX-License-Identifier: GPL-2.0-or-later */
/* opennode.h - an open device, for node.c, call.c and stream.c alone */
#ifndef UM_DEV_OPENNODE_H
#define UM_DEV_OPENNODE_H

#include "dev/dev.h"

/**
 * struct um_open_node - an open node; of a file of /sys just its content
 * @held: open for a mount; see UM_DEV_HOLD
 * @error: of um_dev_hold()
 */
struct um_open_node {
	struct um_devset *set;
	struct um_devnode *node;
	struct um_dev_fh fh;
	bool held;
	atomic_int error;
	char *text;
};

void um_open_node_release(struct um_mount *m, struct um_open_node *o);
/* The module's end of a socket, which is given. */
int um_open_node_stream(struct um_mount *m, struct um_open_node *o, int fd);
/* um_fs_ops.ioctl, the carrier of these. */
int um_open_node_call(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		      void *data, size_t size);
long um_open_node_ioctl(struct um_req *r, struct um_mount *m,
			struct um_open_node *o, unsigned int cmd);

#endif
