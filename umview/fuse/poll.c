// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * poll.c - FUSE_POLL, and what a daemon tells of files that were polled
 *
 * Whether a daemon answers FUSE_POLL at all is asked once, of the first file
 * that is opened: hardly any does, and where none does no guest's poll(2) is
 * looked at. NOTIFY_POLL says that something has changed, and not what: the
 * daemon is asked again, by a request that nobody waits for.
 */
#include <poll.h>

#include "fuse/ops.h"
#include "guest/shared.h"

/* What the kernel asks for in the name of an epoll set. */
#define ALL_EVENTS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLPRI)
/* The protocol's minor version that began to have it. */
#define SINCE_MINOR 11

static struct um_fuse_call call_of(struct fuse_poll_in *in,
				   struct fuse_poll_out *out, uint64_t node)
{
	return (struct um_fuse_call){ .opcode = FUSE_POLL,
				      .node = node,
				      .in = { { in, sizeof(*in) } },
				      .nargs = 1,
				      .out = out,
				      .outmax = sizeof(*out),
				      .exact = true };
}

void um_fuse_learn_poll(struct um_fuse *c, const struct um_fuse_file *f)
{
	struct fuse_poll_in in = { .fh = f->fh };
	struct fuse_poll_out out;
	struct um_fuse_call k = call_of(&in, &out, f->node->id);
	bool known;
	ssize_t ret;

	um_fuse_lock(c);
	known = c->asked_poll || c->minor < SINCE_MINOR;
	c->asked_poll = true;
	um_fuse_unlock(c);
	if (known || f->virtual)
		return;
	ret = um_fuse_call(c, &k);
	if (ret < 0)
		return;
	um_fuse_lock(c);
	c->polls = true;
	um_fuse_unlock(c);
	um_shared_add_polls(1);
}

/* The daemon is to tell of it from now on. */
static void enter(struct um_fuse *c, struct um_fuse_file *f, uint64_t handle)
{
	um_fuse_lock(c);
	if (!f->poll) {
		f->next_polled = c->polled;
		c->polled = f;
	}
	f->poll = handle;
	um_fuse_unlock(c);
}

void um_fuse_poll_end(struct um_fuse *c, const struct um_fuse_file *f)
{
	struct um_fuse_file **at;

	um_fuse_lock(c);
	at = &c->polled;
	while (*at && *at != f)
		at = &(*at)->next_polled;
	if (*at)
		*at = f->next_polled;
	um_fuse_unlock(c);
}

int um_fuse_poll(struct um_fs *fs, struct um_fh *fh, unsigned int events,
		 uint64_t handle)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_file *f = um_fuse_file_of(fh);
	struct fuse_poll_in in = { .fh = f->fh,
				   .kh = handle,
				   .flags = FUSE_POLL_SCHEDULE_NOTIFY,
				   .events = events };
	struct fuse_poll_out out;
	struct um_fuse_call k = call_of(&in, &out, f->node->id);
	ssize_t ret;

	if (f->virtual || um_fuse_lacks(c, FUSE_POLL))
		return -ENOSYS;
	enter(c, f, handle);
	ret = um_fuse_call(c, &k);
	if (ret == -EINTR || ret == -ENOSYS)
		return (int)ret;
	return ret < 0 ? POLLERR : (int)(out.revents & INT16_MAX);
}

struct question {
	struct fuse_poll_in in;
	struct fuse_poll_out out;
};

static void answered(struct um_fuse *c, void *arg, int error)
{
	struct question *q = arg;

	(void)c;
	um_fs_ready(q->in.kh, ALL_EVENTS, error ? POLLERR : q->out.revents);
	free(q);
}

void um_fuse_poll_told(struct um_fuse *c, uint64_t handle)
{
	struct question *q = calloc(1, sizeof(*q));
	const struct um_fuse_file *f;
	struct um_fuse_call k;
	uint64_t node = 0;

	if (!q)
		return;
	um_fuse_lock(c);
	f = c->polled;
	while (f && f->poll != handle)
		f = f->next_polled;
	if (f) {
		node = f->node->id;
		q->in.fh = f->fh;
	}
	um_fuse_unlock(c);
	if (!f) {
		free(q);
		return;
	}
	q->in.kh = handle;
	q->in.flags = FUSE_POLL_SCHEDULE_NOTIFY;
	q->in.events = ALL_EVENTS;
	k = call_of(&q->in, &q->out, node);
	um_fuse_post(c, &k, answered, q);
}

void um_fuse_poll_abort(struct um_fuse *c)
{
	um_fuse_lock(c);
	for (const struct um_fuse_file *f = c->polled; f; f = f->next_polled)
		um_fs_ready(f->poll, ALL_EVENTS, POLLERR);
	um_fuse_unlock(c);
}
