/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chan.h - an open /dev/fuse: the way between a FUSE daemon and the monitor
 *
 * The guest's descriptor is one end of a SOCK_SEQPACKET pair, the other end is
 * ours: to sleep in read, poll and epoll for a request is the kernel's work
 * and costs an idle daemon nothing. A request is one packet. What the socket
 * has no room for waits in `queue`, and a token, to FORGET the root 0 times,
 * makes the daemon come and read: while there is a queue, each read passes the
 * monitor, which hands that out first; else the agent reads the socket (`held`). By the same tokens all readers learn that the file
 * system has ended: the read that follows fails ENODEV, as programs expect of
 * the device, where the socket alone would say "end of file".
 *
 * Replies never enter the socket: write(2) passes the monitor, which takes
 * them from the guest's memory.
 */
#ifndef UM_FUSE_CHAN_H
#define UM_FUSE_CHAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/lock.h"

struct um_fuse;
struct um_chan_msg;

/**
 * struct um_chan - an open device
 * @inode: of the guests' end: its identity
 * @fd: our end
 * @queue: what the socket had no room for
 * @closed: the file system has ended, or no daemon is left
 * @conn: what is mounted through it (ref), or NULL
 * @held: reads of it are the monitor's to answer, and it is counted among those
 *	(struct um_shared)
 * @gone: no guest has it open
 */
struct um_chan {
	struct um_chan *next;
	atomic_int refs;
	uint64_t inode;
	int fd;
	struct um_mutex lock;
	struct um_chan_msg *queue;
	struct um_chan_msg **tail;
	bool closed;
	bool held;
	bool gone;
	struct um_fuse *conn;
};

/* A device that nothing is mounted through yet; *guest_end is the caller's. */
UM_MUST_CHECK int um_chan_open(int flags, int *guest_end);
/* Whether any device is open. */
bool um_chan_any(void);
/* The device behind a guest's descriptor (ref), or NULL. */
struct um_chan *um_chan_find(const struct stat *st);
void um_chan_put(struct um_chan *ch);
#define UM_CHAN __attribute__((cleanup(um_chan_cleanup)))
void um_chan_cleanup(struct um_chan **ch);

/* Mount c (ref taken) through it. -EINVAL: it is in use. */
UM_MUST_CHECK int um_chan_attach(struct um_chan *ch, struct um_fuse *c);
/* The connection (ref), or NULL. */
struct um_fuse *um_chan_conn(struct um_chan *ch);

/* Send one packet. -ENODEV: closed. */
int um_chan_send(struct um_chan *ch, const struct iovec *iov, int n);
/*
 * A guest wants to read: 0 the packet, to be freed; -EAGAIN: let it read the
 * socket; -ENODEV; -EINVAL: room is too small for the packet, which stays.
 */
int um_chan_next(struct um_chan *ch, size_t room, void **data, size_t *len);
/* No more requests; readers get ENODEV. */
void um_chan_close(struct um_chan *ch);

#endif
