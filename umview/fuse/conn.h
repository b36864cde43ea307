/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn.h - a file system whose operations are a FUSE daemon's
 *
 * The kernel's side of the protocol of <linux/fuse.h>: an operation is a
 * request to the daemon and the wait for its reply. Names lead to nodes, which
 * the daemon knows by number (node.h).
 *
 * The daemon asks for the mount itself, so mount(2) returns before the daemon
 * has read its first request, INIT. Requests made meanwhile wait for its reply.
 *
 * A guest that waits can be interrupted: the daemon is told (INTERRUPT) and
 * has GRACE_MS to answer; then the guest goes on with EINTR, and what the
 * daemon answers later is dropped, or undone where the daemon keeps account of
 * it (um_fuse_call.late). Without a daemon everything fails ENOTCONN.
 *
 * Lock: `lock` guards requests and nodes. It is never held while a request is
 * sent or waited for.
 */
#ifndef UM_FUSE_CONN_H
#define UM_FUSE_CONN_H

#include <linux/fuse.h>
#include <semaphore.h>

#include "base/hash.h"
#include "fuse/chan.h"
#include "vnode/mount.h"

struct um_fuse_req;
struct um_fuse_node;
struct um_fuse_dentry;
struct um_fuse_file;

enum um_fuse_state {
	UM_FUSE_STARTING,
	UM_FUSE_READY,
	UM_FUSE_DEAD,
};

/**
 * struct um_fuse - a connection
 * @mount: the mount it serves (its owner); @mount_id: its number
 * @init_error: what operations fail with when the daemon refused INIT
 * @requests: sent and not answered yet
 * @background: those of them that nobody waits for
 * @waiters: who waits for INIT, or for @background to be 0
 * @missing: operations that the daemon answered ENOSYS, a bit each
 * @nodes: by number; @names: dentries by parent and name; @inos: see node.c
 * @lru_head: dentry used last; @forget: nodes to be told of at unlock
 * @asked_poll, @polls, @polled: poll.c; lock
 * @changes: what became known of nodes, and what they were changed by, counted;
 *	@gone: of the nodes that were forgotten, the last; lock; see node.h
 * @births: it is counted among those that tell when a node was made
 * @locks: it is counted among those that keep locks
 * @daemon: process that answered INIT
 * @mounter, @view: process that called mount(2), and where
 */
struct um_fuse {
	atomic_int refs;
	struct um_mutex lock;
	struct um_chan *chan;
	struct um_mount *mount;
	uint32_t mount_id;
	enum um_fuse_state state;
	int init_error;
	uint64_t unique;
	struct um_fuse_req *requests;
	unsigned int background;
	struct um_fuse_waiter *waiters;
	uint64_t missing;
	uint32_t minor;
	uint32_t flags;
	uint32_t max_write;
	uint32_t max_read;
	mode_t rootmode;
	bool check_modes;
	bool locks;
	bool births;
	bool asked_poll;
	bool polls;
	struct um_fuse_file *polled;
	atomic_int daemon;
	pid_t mounter;
	uint32_t view;
	struct um_hash nodes;
	struct um_hash names;
	struct um_hash inos;
	struct um_fuse_dentry *lru_head;
	struct um_fuse_dentry *lru_tail;
	size_t ndentries;
	struct um_fuse_node *root;
	struct um_fuse_node *forget;
	_Atomic uint64_t changes;
	uint64_t gone;
};

struct um_fuse *um_fuse_new(void);
struct um_fuse *um_fuse_get(struct um_fuse *c);
void um_fuse_put(struct um_fuse *c);
/* No daemon any more: whoever waits gets ENOTCONN. */
void um_fuse_abort(struct um_fuse *c);

/**
 * struct um_fuse_call - one request
 * @in: arguments, in order
 * @out, @outmax: where the reply goes
 * @exact: a reply of another length than outmax is refused
 * @always: not to be given up when the guest is interrupted: what it makes
 *	known to the daemon must be known here
 * @late: what to do about a success that comes when nobody waits any more:
 *	gets the reply, and in[0] unless that is longer than UM_FUSE_LATE_MAX,
 *	which the reply must not be
 */
struct um_fuse_call {
	uint32_t opcode;
	uint64_t node;
	struct iovec in[3];
	int nargs;
	void *out;
	size_t outmax;
	bool exact;
	bool always;
	void (*late)(struct um_fuse *c, uint64_t node, const void *in,
		     const void *out);
};

#define UM_FUSE_LATE_MAX 128

#define UM_FUSE_ARG(x)                                                         \
	{                                                                      \
		&(x), sizeof(x)                                                \
	}
/* A string with its NUL; only read */
#define UM_FUSE_STR(s)                                                         \
	{                                                                      \
		(void *)(uintptr_t)(s), strlen(s) + 1                          \
	}

/* Send and wait. Return: bytes of the reply, or -errno. */
ssize_t um_fuse_call(struct um_fuse *c, const struct um_fuse_call *call);
/* Send; nobody waits. then (may be NULL) is called with the reply's error. */
void um_fuse_post(struct um_fuse *c, const struct um_fuse_call *k,
		  void (*then)(struct um_fuse *c, void *arg, int error),
		  void *arg);
/* Send what has no reply. */
void um_fuse_tell(struct um_fuse *c, const struct um_fuse_call *k);
void um_fuse_tell_as(struct um_fuse *c, const struct um_fuse_call *k,
		     uint64_t unique);
bool um_fuse_is_dead(struct um_fuse *c);
/* Until INIT is answered. 0, -ENOTCONN, -EINTR. */
int um_fuse_ready(struct um_fuse *c);
/* Until nothing is in the background; -EINTR. */
int um_fuse_drain(struct um_fuse *c);

/* The daemon lacks this operation; um_fuse_lacks() from now on. */
void um_fuse_set_lacks(struct um_fuse *c, uint32_t opcode);
bool um_fuse_lacks(struct um_fuse *c, uint32_t opcode);

/**
 * struct um_fuse_src - what a daemon writes
 * @copy: the next n bytes; 0 or -EFAULT
 */
struct um_fuse_src {
	int (*copy)(struct um_fuse_src *src, void *to, size_t n);
	size_t len;
};

/* The daemon, process tgid, wrote a reply or a notification. */
long um_fuse_reply(struct um_fuse *c, struct um_fuse_src *src, pid_t tgid);

/* compat.c: a request of um_fuse_call(), and its reply, to an old daemon */
void um_fuse_shorten(const struct um_fuse *c, struct um_fuse_call *k);
void um_fuse_lengthen(const struct um_fuse *c, const struct um_fuse_call *k);

/* init.c */
void um_fuse_send_init(struct um_fuse *c);
/* statx.c: the daemon's version is known */
void um_fuse_offer_births(struct um_fuse *c);
/* poll.c: NOTIFY_POLL; the daemon is gone */
void um_fuse_poll_told(struct um_fuse *c, uint64_t handle);
void um_fuse_poll_abort(struct um_fuse *c);
/* notify.c */
long um_fuse_notify(struct um_fuse *c, int code, struct um_fuse_src *src);

#endif
