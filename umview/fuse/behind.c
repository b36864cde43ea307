// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * behind.c - FUSE_WRITEBACK_CACHE: writes that the daemon gets later, in one
 *
 * A node has one buffer, of the size of the daemon's largest write. It holds in
 * one piece what was written last, by one open file. The daemon gets it when it
 * is full, when something is written elsewhere, before the file is read, changed
 * or copied by the daemon, at close, fsync and sync, and after five quiet
 * seconds. Until then its end is the end of the file, and until close, fsync or
 * sync the time of the last write is the file's: the daemon is told that time
 * (SETATTR) after the data and before FLUSH and FSYNC, as the kernel does it.
 *
 * An error comes with the next fsync or close.
 *
 * Locks: b->io keeps the pieces in order, and is held while the daemon writes.
 * What other calls see of the node (behind_*) is guarded by the connection's lock.
 */
#include <string.h>

#include <umview/log.h>

#include "fuse/ops.h"
#include "vnode/vnode.h"

/**
 * struct um_fuse_behind - what was written to a node
 * @f: by whom; @buf, @len, @off: the piece
 * @error: of a piece that was answered before
 */
struct um_fuse_behind {
	struct um_mutex io;
	struct um_fuse_file *f;
	char *buf;
	size_t len;
	uint64_t off;
	int error;
};

bool um_fuse_is_behind(const struct um_fuse *c)
{
	return c->flags & FUSE_WRITEBACK_CACHE;
}

void um_fuse_behind_free(struct um_fuse_behind *b)
{
	if (!b)
		return;
	um_mutex_fini(&b->io);
	free(b->buf);
	free(b);
}

static struct um_fuse_behind *behind_new(const struct um_fuse *c)
{
	struct um_fuse_behind *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->buf = malloc(c->max_write);
	if (!b->buf) {
		free(b);
		return NULL;
	}
	um_mutex_init(&b->io, UM_RANK_IO);
	return b;
}

static struct um_fuse_behind *get(struct um_fuse *c, struct um_fuse_node *n)
{
	struct um_fuse_behind *b;

	um_fuse_lock(c);
	b = n->behind;
	um_fuse_unlock(c);
	return b;
}

static struct um_fuse_behind *need(struct um_fuse *c, struct um_fuse_node *n)
{
	struct um_fuse_behind *b = get(c, n);
	struct um_fuse_behind *mine = NULL;

	if (b)
		return b;
	mine = behind_new(c);
	um_fuse_lock(c);
	if (!n->behind)
		n->behind = um_steal(mine);
	b = n->behind;
	um_fuse_unlock(c);
	um_fuse_behind_free(mine);
	return b;
}

/* ---- what other calls see ---- */

static void show_end(struct um_fuse *c, struct um_fuse_node *n, uint64_t end)
{
	um_fuse_lock(c);
	/* what was sent at a close, and is not answered, may end behind it */
	if (end > n->behind_end)
		n->behind_end = end;
	clock_gettime(CLOCK_REALTIME, &n->behind_time);
	um_fuse_unlock(c);
	um_fuse_forget_attr(c, n);
}

/* The daemon has what ends there. What it was asked before may not tell of it. */
static void landed(struct um_fuse *c, struct um_fuse_node *n, uint64_t end)
{
	um_fuse_forget_attr(c, n);
	um_fuse_lock(c);
	/* unless more was written meanwhile */
	if (n->behind_end == end)
		n->behind_end = 0;
	if (n->landed_end < end)
		n->landed_end = end;
	n->landed = n->changed;
	um_fuse_unlock(c);
}

static bool take_time(struct um_fuse *c, struct um_fuse_node *n,
		      struct timespec *out)
{
	bool touched;

	um_fuse_lock(c);
	touched = n->behind_time.tv_sec != 0;
	*out = n->behind_time;
	n->behind_time = (struct timespec){ 0 };
	um_fuse_unlock(c);
	return touched;
}

/* ---- to the daemon ---- */

static void keep_error(struct um_fuse_behind *b, const struct um_fuse *c,
		       ssize_t ret, size_t len)
{
	if (ret == (ssize_t)len)
		return;
	b->error = ret < 0 ? (int)ret : -EIO;
	um_warn("fuse: mount %u: a write that was answered before failed: %s",
		c->mount_id, strerror(-b->error));
}

static void write_locked(struct um_fuse *c, struct um_fuse_node *n,
			 struct um_fuse_behind *b)
{
	uint64_t end = b->off + b->len;
	ssize_t ret;

	if (!b->len)
		return;
	ret = um_fuse_write_now(c, b->f, b->buf, b->len, (off_t)b->off,
				FUSE_WRITE_CACHE);
	keep_error(b, c, ret, b->len);
	b->len = 0;
	landed(c, n, end);
}

void um_fuse_write_behind(struct um_fuse *c, struct um_fuse_node *n)
{
	struct um_fuse_behind *b = get(c, n);

	if (!b)
		return;
	um_lock(&b->io);
	write_locked(c, n, b);
	um_unlock(&b->io);
}

static struct fuse_setattr_in time_of(const struct timespec *t)
{
	return (struct fuse_setattr_in){
		.valid = FATTR_MTIME | FATTR_CTIME,
		.mtime = (uint64_t)t->tv_sec,
		.mtimensec = (uint32_t)t->tv_nsec,
		.ctime = (uint64_t)t->tv_sec,
		.ctimensec = (uint32_t)t->tv_nsec,
	};
}

int um_fuse_catch_up(struct um_fuse *c, struct um_fuse_node *n,
		     const struct um_fuse_file *f)
{
	struct um_fuse_behind *b = get(c, n);
	struct timespec t;
	int ret = 0;

	if (!b)
		return 0;
	um_lock(&b->io);
	write_locked(c, n, b);
	ret = b->error;
	b->error = 0;
	um_unlock(&b->io);
	if (take_time(c, n, &t)) {
		struct fuse_setattr_in in = time_of(&t);
		int err = um_fuse_setattr(c, n, f, &in);

		ret = ret ? ret : err;
	}
	return ret;
}

void um_fuse_behind_changes(struct um_fuse *c, struct um_fuse_node *n,
			    struct fuse_setattr_in *in)
{
	struct timespec t;

	if (!um_fuse_is_behind(c) || !(in->valid & (FATTR_SIZE | FATTR_MTIME)))
		return;
	um_fuse_write_behind(c, n);
	um_fuse_lock(c);
	if (in->valid & FATTR_SIZE)
		n->landed_end = 0;
	um_fuse_unlock(c);
	if (!take_time(c, n, &t) || (in->valid & FATTR_MTIME))
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	in->valid |= FATTR_MTIME;
	in->mtime = (uint64_t)t.tv_sec;
	in->mtimensec = (uint32_t)t.tv_nsec;
}

/* ---- from guests ---- */

static bool joins(const struct um_fuse_behind *b, const struct um_fuse_file *f,
		  uint64_t off, size_t size, size_t room)
{
	return b->f == f && off >= b->off && off <= b->off + b->len &&
	       off + size <= b->off + room;
}

ssize_t um_fuse_keep_behind(struct um_fuse *c, struct um_fuse_file *f,
			    const void *buf, size_t size, uint64_t off)
{
	struct um_fuse_behind *b = need(c, f->node);

	if (!b)
		return -ENOMEM;
	um_lock(&b->io);
	if (b->len && !joins(b, f, off, size, c->max_write))
		write_locked(c, f->node, b);
	if (!b->len) {
		b->f = f;
		b->off = off;
	}
	memcpy(b->buf + (off - b->off), buf, size);
	if (off + size > b->off + b->len)
		b->len = (size_t)(off + size - b->off);
	show_end(c, f->node, b->off + b->len);
	um_unlock(&b->io);
	return (ssize_t)size;
}

/* ---- the end of an open file, for which nobody waits ---- */

struct tail {
	struct um_fuse_file *f;
	void (*then)(struct um_fuse *c, struct um_fuse_file *f);
	size_t len;
	uint64_t end;
	struct fuse_write_out wrote;
	struct fuse_attr_out attr;
};

static void told(struct um_fuse *c, void *arg, int error)
{
	struct tail *t = arg;

	(void)error;
	um_fuse_forget_attr(c, t->f->node);
	t->then(c, t->f);
	free(t);
}

static void tell_time(struct um_fuse *c, struct tail *t)
{
	struct fuse_setattr_in in;
	struct um_fuse_call k = { .opcode = FUSE_SETATTR,
				  .node = t->f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .out = &t->attr,
				  .outmax = sizeof(t->attr),
				  .exact = true };
	struct timespec time;

	if (!take_time(c, t->f->node, &time)) {
		told(c, t, 0);
		return;
	}
	in = time_of(&time);
	in.valid |= FATTR_FH;
	in.fh = t->f->fh;
	um_fuse_post(c, &k, told, t);
}

static void written(struct um_fuse *c, void *arg, int error)
{
	struct tail *t = arg;

	if (error || t->wrote.size != t->len)
		um_warn("fuse: mount %u: a write at close failed: %s",
			c->mount_id, strerror(error ? -error : EIO));
	landed(c, t->f->node, t->end);
	tell_time(c, t);
}

static void post_piece(struct um_fuse *c, struct um_fuse_behind *b,
		       struct tail *t)
{
	struct fuse_write_in in = { .fh = t->f->fh,
				    .offset = b->off,
				    .size = (uint32_t)b->len,
				    .write_flags = FUSE_WRITE_CACHE,
				    .flags = t->f->flags };
	struct um_fuse_call k = { .opcode = FUSE_WRITE,
				  .node = t->f->node->id,
				  .in = { UM_FUSE_ARG(in), { b->buf, b->len } },
				  .nargs = 2,
				  .out = &t->wrote,
				  .outmax = sizeof(t->wrote),
				  .exact = true };

	t->len = b->len;
	t->end = b->off + b->len;
	b->len = 0;
	um_fuse_post(c, &k, written, t);
}

void um_fuse_end_behind(struct um_fuse *c, struct um_fuse_file *f,
			void (*then)(struct um_fuse *c, struct um_fuse_file *f))
{
	struct um_fuse_behind *b = get(c, f->node);
	struct tail *t = b ? calloc(1, sizeof(*t)) : NULL;
	bool mine;

	if (!t) {
		then(c, f);
		return;
	}
	t->f = f;
	t->then = then;
	um_lock(&b->io);
	mine = b->len && b->f == f;
	if (mine)
		post_piece(c, b, t);
	um_unlock(&b->io);
	if (!mine)
		tell_time(c, t);
}

/* ---- sync ---- */

int um_fuse_syncfs(struct um_fs *fs)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n;
	int ret = 0;

	if (!um_fuse_is_behind(c))
		return 0;
	while ((n = um_fuse_next_behind(c))) {
		int err = um_fuse_catch_up(c, n, NULL);

		ret = ret ? ret : err;
		um_fuse_node_put(c, n);
	}
	return ret;
}
