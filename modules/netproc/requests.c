// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * requests.c - requests to a stack's process, and their answers
 *
 * A request has a tag and a place in the list of those that wait. One thread takes
 * the answers; who finds the tag in the list takes it out, under the lock, and so
 * it alone has the call: the answer, who gave up waiting, or the end of the
 * process.
 */
#include "proc.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <umview/module.h>

#include "message.h"

/* A request whose answer is waited for, by its tag. */
struct call {
	struct call *next;
	uint32_t tag;
	sem_t done;
	struct st_rep rep;
	void *out;
	size_t room;
	int fd;
};

/* ---- answers ---- */

static struct call *take_locked(struct proc *l, uint32_t tag)
{
	struct call **p = &l->calls, *c;

	while (*p && (*p)->tag != tag)
		p = &(*p)->next;
	c = *p;
	if (c)
		*p = c->next;
	return c;
}

static void deliver(struct proc *l, const struct st_rep *rep, const void *data,
		    int fd)
{
	struct call *c;

	pthread_mutex_lock(&l->lock);
	c = take_locked(l, rep->tag);
	pthread_mutex_unlock(&l->lock);
	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	c->rep = *rep;
	if (c->rep.len > c->room)
		c->rep.len = (uint32_t)c->room;
	if (c->rep.len)
		memcpy(c->out, data, c->rep.len);
	c->fd = fd;
	sem_post(&c->done);
}

/* The process is gone: nobody waits for ever. */
static void fail_all(struct proc *l)
{
	pthread_mutex_lock(&l->lock);
	l->gone = true;
	while (l->calls) {
		struct call *c = l->calls;

		l->calls = c->next;
		c->rep = (struct st_rep){ .ret = -ENETDOWN };
		sem_post(&c->done);
	}
	pthread_mutex_unlock(&l->lock);
}

void proc_answers(struct proc *l)
{
	uint8_t *data = malloc(ST_DATA_MAX);
	struct st_rep rep;
	struct iovec iov[2] = { { &rep, sizeof(rep) }, { data, ST_DATA_MAX } };
	int fd;

	while (data &&
	       message_receive(l->fd, iov, 2, 0, &fd) >= (ssize_t)sizeof(rep))
		deliver(l, &rep, data, fd);
	fail_all(l);
	free(data);
}

/* ---- requests ---- */

static int transmit(struct proc *l, const struct st_req *q,
		    const struct ask *ask, bool wait)
{
	struct iovec iov[8] = { { (void *)(uintptr_t)q, sizeof(*q) } };
	int ret;

	for (size_t i = 0; i < ask->niov; i++)
		iov[i + 1] = ask->iov[i];
	/* A process that is stuck takes nothing: its guests can be killed. */
	do
		ret = message_send(l->fd, iov, ask->niov + 1, ask->fd,
				   MSG_DONTWAIT);
	while (ret == -EAGAIN && wait && um_net_wait_fd(l->fd, POLLOUT) == 0);
	return ret == 0 || ret == -EMSGSIZE ? ret
	       : ret == -EAGAIN		    ? -EINTR
					    : -ENETDOWN;
}

static void cancel(struct proc *l, uint32_t tag)
{
	struct st_req q = { .op = ST_CANCEL, .a = (int32_t)tag };
	struct ask none = { .fd = -1 };

	(void)transmit(l, &q, &none, false);
}

/*
 * Its answer comes at once now, unless the process is stuck: then nobody waits
 * for it. Return: whether it came.
 */
static bool cancelled(struct proc *l, struct call *c)
{
	struct timespec end;
	bool given_up;
	int ret;

	cancel(l, c->tag);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec++;
	do
		ret = sem_timedwait(&c->done, &end);
	while (ret < 0 && errno == EINTR);
	if (ret == 0)
		return true;
	pthread_mutex_lock(&l->lock);
	given_up = take_locked(l, c->tag) != NULL;
	pthread_mutex_unlock(&l->lock);
	/* Else the answer is being delivered. */
	while (!given_up && sem_wait(&c->done) < 0 && errno == EINTR)
		;
	return !given_up;
}

static int begin(struct proc *l, struct call *c)
{
	int ret = 0;

	pthread_mutex_lock(&l->lock);
	if (l->gone) {
		ret = -ENETDOWN;
	} else {
		if (!++l->last_tag)
			l->last_tag = 1;
		c->tag = l->last_tag;
		c->next = l->calls;
		l->calls = c;
	}
	pthread_mutex_unlock(&l->lock);
	return ret;
}

static size_t sum(const struct ask *ask)
{
	size_t n = 0;

	for (size_t i = 0; i < ask->niov; i++)
		n += ask->iov[i].iov_len;
	return n;
}

/* What is cancelled is answered too. */
int proc_request(struct proc *l, enum st_op op, struct ask *ask)
{
	struct call c = { .out = ask->out, .room = ask->room, .fd = -1 };
	struct st_req q = { .op = op,
			    .id = ask->id,
			    .a = ask->a,
			    .b = ask->b,
			    .c = ask->c,
			    .pid = (uint32_t)um_caller()->pid,
			    .len = (uint32_t)sum(ask) };
	int ret;

	if (sum(ask) > ST_DATA_MAX)
		return -EMSGSIZE;
	sem_init(&c.done, 0, 0);
	ret = begin(l, &c);
	if (ret < 0)
		goto out;
	q.tag = c.tag;
	ret = transmit(l, &q, ask, true);
	if (ret < 0) {
		pthread_mutex_lock(&l->lock);
		take_locked(l, c.tag);
		pthread_mutex_unlock(&l->lock);
		goto out;
	}
	if (um_net_wait(&c.done) < 0 && !cancelled(l, &c)) {
		ret = -EINTR;
		goto out;
	}
	ret = c.rep.ret;
	ask->got_id = c.rep.id;
	ask->got = c.rep.len;
	ask->got_fd = c.fd;
out:
	sem_destroy(&c.done);
	return ret;
}
