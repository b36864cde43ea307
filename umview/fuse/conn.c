// SPDX-License-Identifier: GPL-2.0-or-later
/* conn.c - requests to a FUSE daemon and their replies; see conn.h */
#include "fuse/conn.h"

#include <string.h>
#include <time.h>

#include "fuse/node.h"
#include "guest/shared.h"
#include "guest/wait.h"

/* How long a daemon may take to answer a request that was interrupted. */
#define GRACE_MS 1000
/* Besides -ERESTARTSYS and its kin, the kernel's largest errno in a reply. */
#define MAX_ERROR 512
/* The lowest bit of `unique` marks the INTERRUPT of a request. */
#define STEP 2

/**
 * struct um_fuse_req - a request that will be answered
 * @out, @max, @exact: as in struct um_fuse_call
 * @len: of the reply
 * @then: nobody waits: what to do at the reply
 * @late: as in struct um_fuse_call; @node, @in, @reply: what it gets
 * @given_up: nobody waits any more
 */
struct um_fuse_req {
	struct um_fuse_req *next;
	uint64_t unique;
	uint32_t opcode;
	void *out;
	size_t max;
	size_t len;
	bool exact;
	bool background;
	int error;
	sem_t done;
	void (*then)(struct um_fuse *c, void *arg, int error);
	void *arg;
	void (*late)(struct um_fuse *c, uint64_t node, const void *in,
		     const void *out);
	bool given_up;
	uint64_t node;
	char in[UM_FUSE_LATE_MAX];
	char reply[UM_FUSE_LATE_MAX];
};

struct um_fuse_waiter {
	struct um_fuse_waiter *next;
	sem_t sem;
};

struct um_fuse *um_fuse_new(void)
{
	struct um_fuse *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	atomic_init(&c->refs, 1);
	um_mutex_init(&c->lock, UM_RANK_MODULE);
	return c;
}

struct um_fuse *um_fuse_get(struct um_fuse *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

void um_fuse_put(struct um_fuse *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	if (c->locks)
		um_shared_add_locks(-1);
	if (c->births)
		um_shared_add_births(-1);
	if (c->polls)
		um_shared_add_polls(-1);
	um_fuse_nodes_fini(c);
	um_chan_put(c->chan);
	um_mutex_fini(&c->lock);
	free(c);
}

/* ---- waiting for a state ---- */

static void wake_locked(struct um_fuse *c)
{
	for (struct um_fuse_waiter *w = c->waiters; w; w = w->next)
		sem_post(&w->sem);
}

static void leave_locked(struct um_fuse *c, struct um_fuse_waiter *w)
{
	struct um_fuse_waiter **at = &c->waiters;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static bool is_started(const struct um_fuse *c)
{
	return c->state != UM_FUSE_STARTING;
}

static bool is_quiet(const struct um_fuse *c)
{
	return c->background == 0 || c->state == UM_FUSE_DEAD;
}

static void enter_waiter_locked(struct um_fuse *c, struct um_fuse_waiter *w)
{
	w->next = c->waiters;
	/* cppcheck-suppress autoVariables; leave_locked() takes it off again */
	c->waiters = w;
}

static int wait_until(struct um_fuse *c, bool (*holds)(const struct um_fuse *))
{
	struct um_fuse_waiter w;
	int ret = 0;

	sem_init(&w.sem, 0, 0);
	um_lock(&c->lock);
	enter_waiter_locked(c, &w);
	while (ret == 0 && !holds(c)) {
		um_unlock(&c->lock);
		ret = um_wait_sem(&w.sem);
		um_lock(&c->lock);
	}
	leave_locked(c, &w);
	um_unlock(&c->lock);
	sem_destroy(&w.sem);
	return ret;
}

static int state_error(const struct um_fuse *c)
{
	if (c->init_error)
		return c->init_error;
	return c->state == UM_FUSE_DEAD ? -ENOTCONN : 0;
}

bool um_fuse_is_dead(struct um_fuse *c)
{
	bool dead;

	um_lock(&c->lock);
	dead = c->state == UM_FUSE_DEAD;
	um_unlock(&c->lock);
	return dead;
}

int um_fuse_ready(struct um_fuse *c)
{
	int ret = wait_until(c, is_started);

	return ret < 0 ? ret : state_error(c);
}

int um_fuse_drain(struct um_fuse *c)
{
	return wait_until(c, is_quiet);
}

/* ---- sending ---- */

static int send_packet(struct um_fuse *c, const struct um_fuse_call *k,
		       uint64_t unique)
{
	const struct um_cred *who = um_caller();
	struct fuse_in_header head = { .len = sizeof(head),
				       .opcode = k->opcode,
				       .unique = unique,
				       .nodeid = k->node,
				       .uid = who->uid,
				       .gid = who->gid,
				       .pid = (uint32_t)who->pid };
	struct iovec iov[4] = { { &head, sizeof(head) } };

	for (int i = 0; i < k->nargs; i++) {
		iov[i + 1] = k->in[i];
		head.len += (uint32_t)k->in[i].iov_len;
	}
	return um_chan_send(c->chan, iov, k->nargs + 1);
}

/* A daemon that is gone need not be told. */
void um_fuse_tell_as(struct um_fuse *c, const struct um_fuse_call *k,
		     uint64_t unique)
{
	(void)send_packet(c, k, unique);
}

void um_fuse_tell(struct um_fuse *c, const struct um_fuse_call *k)
{
	um_fuse_tell_as(c, k, 0);
}

static struct um_fuse_req *req_new(const struct um_fuse_call *k)
{
	struct um_fuse_req *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->opcode = k->opcode;
	q->out = k->out;
	q->max = k->outmax;
	q->exact = k->exact;
	q->late = k->late;
	q->node = k->node;
	if (k->late && k->in[0].iov_len <= sizeof(q->in))
		memcpy(q->in, k->in[0].iov_base, k->in[0].iov_len);
	sem_init(&q->done, 0, 0);
	return q;
}

static void req_free(struct um_fuse_req *q)
{
	sem_destroy(&q->done);
	free(q);
}

static void enter_locked(struct um_fuse *c, struct um_fuse_req *q)
{
	c->unique += STEP;
	q->unique = c->unique;
	q->next = c->requests;
	c->requests = q;
	if (q->background)
		c->background++;
}

/* Off the list of the unanswered; NULL: it was not there. */
static struct um_fuse_req *take_locked(struct um_fuse *c, uint64_t unique)
{
	struct um_fuse_req **at = &c->requests;
	struct um_fuse_req *q;

	while (*at && (*at)->unique != unique)
		at = &(*at)->next;
	q = *at;
	if (q)
		*at = q->next;
	return q;
}

/* The request, which is off the list, is answered. */
static void finish(struct um_fuse *c, struct um_fuse_req *q, int error)
{
	q->error = error;
	if (!q->background) {
		sem_post(&q->done);
		return;
	}
	if (q->then)
		q->then(c, q->arg, error);
	if (q->late && q->given_up && error == 0)
		q->late(c, q->node, q->in, q->reply);
	req_free(q);
	um_lock(&c->lock);
	c->background--;
	wake_locked(c);
	um_unlock(&c->lock);
}

static int submit(struct um_fuse *c, const struct um_fuse_call *k,
		  struct um_fuse_req *q)
{
	uint64_t unique;
	int ret;

	um_lock(&c->lock);
	ret = state_error(c);
	if (ret == 0)
		enter_locked(c, q);
	unique = q->unique;
	um_unlock(&c->lock);
	/* from here on the daemon's end may finish it */
	if (ret == 0 && send_packet(c, k, unique) == -ENOMEM) {
		um_lock(&c->lock);
		q = take_locked(c, unique);
		um_unlock(&c->lock);
		if (q)
			finish(c, q, -ENOMEM);
	}
	return ret;
}

void um_fuse_post(struct um_fuse *c, const struct um_fuse_call *k,
		  void (*then)(struct um_fuse *c, void *arg, int error),
		  void *arg)
{
	struct um_fuse_req *q = req_new(k);

	if (q) {
		q->background = true;
		q->then = then;
		q->arg = arg;
		if (submit(c, k, q) == 0)
			return;
		req_free(q);
	}
	if (then)
		then(c, arg, -ENOTCONN);
}

/* ---- waiting for a reply ---- */

static void interrupt(struct um_fuse *c, const struct um_fuse_req *q)
{
	struct fuse_interrupt_in in = { .unique = q->unique };
	struct um_fuse_call k = { .opcode = FUSE_INTERRUPT,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };

	if (!um_fuse_lacks(c, FUSE_INTERRUPT))
		(void)send_packet(c, &k, q->unique | 1);
}

/* Nobody waits any more; false: the reply is being taken right now. */
static bool give_up(struct um_fuse *c, struct um_fuse_req *q)
{
	struct um_fuse_req *at;

	um_lock(&c->lock);
	at = c->requests;
	while (at && at != q)
		at = at->next;
	if (at) {
		q->background = true;
		q->given_up = true;
		q->out = q->late ? q->reply : NULL;
		c->background++;
	}
	um_unlock(&c->lock);
	return at != NULL;
}

static void sleep_on(sem_t *sem)
{
	while (sem_wait(sem) < 0 && errno == EINTR)
		;
}

static bool comes_within_grace(sem_t *sem)
{
	struct timespec end;
	int ret;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += GRACE_MS / 1000;
	do
		ret = (int)UM_SYS(sem_timedwait(sem, &end));
	while (ret == -EINTR);
	return ret == 0;
}

/* 0: answered. -EINTR: given up; the request is no longer the caller's. */
static int wait_reply(struct um_fuse *c, struct um_fuse_req *q, bool always)
{
	if (um_wait_sem(&q->done) == 0)
		return 0;
	interrupt(c, q);
	if (!always) {
		if (comes_within_grace(&q->done))
			return 0;
		if (give_up(c, q))
			return -EINTR;
	}
	sleep_on(&q->done);
	return 0;
}

ssize_t um_fuse_call(struct um_fuse *c, const struct um_fuse_call *call)
{
	struct um_fuse_call k = *call;
	struct um_fuse_req *q;
	ssize_t ret = um_fuse_ready(c);

	if (ret < 0)
		return ret;
	um_fuse_shorten(c, &k);
	q = req_new(&k);
	if (!q)
		return -ENOMEM;
	ret = submit(c, &k, q);
	if (ret == 0) {
		ret = wait_reply(c, q, k.always);
		if (ret < 0)
			return ret;
		ret = q->error ? q->error : (ssize_t)q->len;
	}
	req_free(q);
	if (ret == -ENOSYS)
		um_fuse_set_lacks(c, k.opcode);
	if (ret >= 0)
		um_fuse_lengthen(c, &k);
	return ret;
}

void um_fuse_set_lacks(struct um_fuse *c, uint32_t opcode)
{
	__atomic_fetch_or(&c->missing, 1UL << (opcode & 63), __ATOMIC_SEQ_CST);
}

bool um_fuse_lacks(struct um_fuse *c, uint32_t opcode)
{
	return __atomic_load_n(&c->missing, __ATOMIC_SEQ_CST) &
	       (1UL << (opcode & 63));
}

/* ---- the daemon's side ---- */

static int take_body(struct um_fuse_req *q, struct um_fuse_src *src)
{
	if (src->len > q->max || (q->exact && src->len != q->max)) {
		/* whatever it is, it is not wanted */
		if (q->given_up && !q->late)
			return 0;
		return -EINVAL;
	}
	if (!q->out)
		return 0;
	q->len = src->len;
	return src->copy(src, q->out, src->len);
}

static long take_reply(struct um_fuse *c, const struct fuse_out_header *head,
		       struct um_fuse_src *src)
{
	struct um_fuse_req *q;
	int ret = 0;

	if (head->unique & 1) {
		if (head->error == -ENOSYS)
			um_fuse_set_lacks(c, FUSE_INTERRUPT);
		return 0;
	}
	um_lock(&c->lock);
	q = take_locked(c, head->unique);
	um_unlock(&c->lock);
	if (!q)
		return -ENOENT;
	if (!head->error)
		ret = take_body(q, src);
	else if (src->len)
		ret = -EINVAL;
	finish(c, q, ret < 0 ? -EIO : head->error);
	return ret;
}

long um_fuse_reply(struct um_fuse *c, struct um_fuse_src *src, pid_t tgid)
{
	struct fuse_out_header head;
	size_t len = src->len;
	long ret;

	if (len < sizeof(head))
		return -EINVAL;
	ret = src->copy(src, &head, sizeof(head));
	if (ret < 0)
		return ret;
	if (head.len != len)
		return -EINVAL;
	src->len = len - sizeof(head);
	atomic_store(&c->daemon, tgid);
	if (!head.unique)
		ret = um_fuse_notify(c, head.error, src);
	else if (head.error > 0 || head.error <= -MAX_ERROR)
		ret = -EINVAL;
	else
		ret = take_reply(c, &head, src);
	return ret < 0 ? ret : (long)len;
}

void um_fuse_abort(struct um_fuse *c)
{
	struct um_fuse_req *all;

	um_lock(&c->lock);
	c->state = UM_FUSE_DEAD;
	all = um_steal(c->requests);
	wake_locked(c);
	um_unlock(&c->lock);
	um_shared_all_changed();
	um_chan_close(c->chan);
	while (all) {
		struct um_fuse_req *q = all;

		all = q->next;
		finish(c, q, -ENOTCONN);
	}
	um_fuse_poll_abort(c);
}
