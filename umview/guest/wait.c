// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wait.c - a worker that sleeps in the kernel for its guest, interruptibly
 *
 * With WAIT_KILLABLE_RECV a signal does not interrupt the guest itself, so the
 * monitor looks: a thread asks /proc every few milliseconds for the guests
 * that workers sleep for, and wakes those workers by a signal of its own.
 */
#include "guest/wait.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/lock.h"

#define WAKE_SIGNAL SIGUSR2
#define TICK_NS	    10000000

struct waiter {
	struct waiter *next;
	struct um_req *req;
	pthread_t thread;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct waiter *waiters;
static bool ticking;
static _Thread_local struct waiter self;

static void wake_handler(int sig)
{
	(void)sig;
}

int um_wait_setup(void)
{
	struct sigaction sa = { .sa_handler = wake_handler };

	return (int)UM_SYS(sigaction(WAKE_SIGNAL, &sa, NULL));
}

static bool should_wake(struct um_req *r)
{
	return r->engine->alive(r) < 0 || um_req_has_signal(r);
}

static void *ticker(void *arg)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	bool any = true;

	(void)arg;
	while (any) {
		nanosleep(&tick, NULL);
		um_lock(&lock);
		for (struct waiter *w = waiters; w; w = w->next)
			if (should_wake(w->req))
				pthread_kill(w->thread, WAKE_SIGNAL);
		any = waiters != NULL;
		ticking = any;
		um_unlock(&lock);
	}
	return NULL;
}

/* Wake who waits in vain; whether there is anybody. */
static bool wake_orphans(void)
{
	bool any = false;

	um_lock(&lock);
	for (struct waiter *w = waiters; w; w = w->next) {
		if (w->req->engine->alive(w->req) == 0)
			continue;
		pthread_kill(w->thread, WAKE_SIGNAL);
		any = true;
	}
	um_unlock(&lock);
	return any;
}

void um_wait_settle(void)
{
	const struct timespec nap = { .tv_nsec = 500000 };

	for (int i = 0; i < 200 && wake_orphans(); i++)
		nanosleep(&nap, NULL);
}

void um_wait_begin(struct um_req *r)
{
	pthread_t thread;

	self.req = r;
	self.thread = pthread_self();
	um_lock(&lock);
	self.next = waiters;
	waiters = &self;
	if (!ticking && pthread_create(&thread, NULL, ticker, NULL) == 0) {
		pthread_detach(thread);
		ticking = true;
	}
	um_unlock(&lock);
}

void um_wait_end(void)
{
	struct waiter **at = &waiters;

	um_lock(&lock);
	while (*at && *at != &self)
		at = &(*at)->next;
	if (*at)
		*at = self.next;
	um_unlock(&lock);
}

bool um_wait_again(struct um_req *r, long *ret)
{
	if (r->engine->alive(r) < 0)
		return false;
	if (!um_req_has_signal(r))
		return true;
	*ret = -UM_ERESTARTSYS;
	return false;
}

bool um_wait_nap(struct um_req *r, int ms, long *ret)
{
	const struct timespec nap = { .tv_nsec = ms * 1000000L };

	nanosleep(&nap, NULL);
	*ret = -EINTR;
	return um_wait_again(r, ret);
}

/* What most answers take; a look at /proc costs more. */
#define SHORT_NS 5000000

static bool comes_soon(sem_t *sem)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += SHORT_NS;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	return sem_timedwait(sem, &end) == 0;
}

int um_wait_sem(sem_t *sem)
{
	struct um_req *r = um_req_current();
	long ret;

	if (comes_soon(sem))
		return 0;
	do {
		if (r)
			um_wait_begin(r);
		ret = UM_SYS(sem_wait(sem));
		if (r)
			um_wait_end();
	} while (ret == -EINTR && (!r || um_wait_again(r, &ret)));
	return ret == 0 ? 0 : -EINTR;
}

int um_wait_fd(int fd, short events)
{
	struct um_req *r = um_req_current();
	struct pollfd p = { .fd = fd, .events = events };
	long ret;

	do {
		if (r)
			um_wait_begin(r);
		ret = UM_SYS(poll(&p, 1, -1));
		if (r)
			um_wait_end();
	} while (ret == -EINTR && (!r || um_wait_again(r, &ret)));
	return ret > 0 ? 0 : -EINTR;
}
