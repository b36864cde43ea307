/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.h - character devices whose open descriptors are sockets
 *
 * One end of a SOCK_SEQPACKET pair is the guest's, the other its module's: to
 * sleep in read, write and poll is the kernel's work, and a packet the unit.
 * The guest's end is known by its inode, for fstat(2) and ioctl(2), which the
 * agents ask about while there are such sockets (um_shared_add_chans()).
 *
 * Reads and writes are native: the guest's end has the mark UM_STREAM_MARK
 * (agent/proto.h), by which agents tell it from other sockets of this type. One that is held
 * (um_dev_hold()) gets the mark when it no longer is, and until then agents ask.
 */
#ifndef UM_DEV_STREAM_H
#define UM_DEV_STREAM_H

#include "dev/dev.h"

struct um_open_node;

/* Takes the open node. A descriptor of ours for the guest, or -errno. */
int um_stream_open(struct um_mount *m, struct um_open_node *o, int flags);
bool um_stream_any(void);
/* Attributes of the device behind a guest's socket. False: it is none. */
bool um_stream_fstat(const struct stat *inside, struct stat *out);
/* Whether reads and writes of argument 0 fail, and how; 0: it is none, or not. */
int um_stream_error(struct um_req *r);
/* ioctl(2) on descriptor fd, if that is one. */
bool um_stream_ioctl(struct um_req *r, unsigned int cmd, long *ret);

#endif
