// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loop.c - the one loop of a stack process: descriptors and timers
 *
 * Each round: one wait, lwIP's own timers (clock.h), timers of ours, the
 * descriptors that are ready, then what lwIP queued to itself. Descriptors are
 * in an epoll set; those of pollers, if there are any, in a poll(2) with it.
 */
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "tcptimer.h"

enum { BATCH = 64, MAX_POLLED = 4096, STUCK = 20 };

static int epoll = -1;
static bool stopped;
static struct epoll_event batch[BATCH];
static int batch_count;
static struct st_timer *timers;
static struct st_poller *pollers;
static struct pollfd polled[MAX_POLLED];
static int polled_count;

uint64_t st_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int st_loop_init(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll < 0 ? -errno : 0;
}

void st_loop_stop(void)
{
	stopped = true;
}

int st_watch_add(struct st_watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, w->fd, &ev) < 0 ? -errno : 0;
}

int st_watch_set(struct st_watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(epoll, EPOLL_CTL_MOD, w->fd, &ev) < 0 ? -errno : 0;
}

void st_watch_del(struct st_watch *w)
{
	if (w->fd >= 0)
		epoll_ctl(epoll, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = 0; i < batch_count; i++)
		if (batch[i].data.ptr == w)
			batch[i].data.ptr = NULL;
}

void st_timer_stop(struct st_timer *t)
{
	struct st_timer **p = &timers;

	if (!t->armed)
		return;
	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	t->armed = false;
}

void st_timer_set(struct st_timer *t, uint64_t after_ms)
{
	struct st_timer **p = &timers;

	st_timer_stop(t);
	t->at = st_now_ms() + after_ms;
	t->armed = true;
	while (*p && (*p)->at <= t->at)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
}

static void run_timers(void)
{
	uint64_t now = st_now_ms();

	while (timers && timers->at <= now) {
		struct st_timer *t = timers;

		timers = t->next;
		t->armed = false;
		t->fire(t);
	}
}

void st_poller_add(struct st_poller *p)
{
	p->next = pollers;
	pollers = p;
}

void st_poller_del(struct st_poller *p)
{
	struct st_poller **at = &pollers;

	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
}

int st_poller_fd(int fd, short events)
{
	if (polled_count == MAX_POLLED)
		return -ENFILE;
	polled[polled_count] = (struct pollfd){ .fd = fd, .events = events };
	return polled_count++;
}

/* How long the wait may last; UINT32_MAX: for ever. */
static uint32_t sleep_time(void)
{
	uint32_t ms = st_clock_sleep();

	if (timers) {
		uint64_t now = st_now_ms();
		uint64_t left = timers->at > now ? timers->at - now : 0;

		if (left < ms)
			ms = (uint32_t)left;
	}
	return ms;
}

/* With pollers the epoll set is one descriptor of a poll(2). */
static int wait_polled(uint32_t timeout)
{
	int ret;

	polled_count = 0;
	st_poller_fd(epoll, POLLIN);
	for (struct st_poller *p = pollers; p; p = p->next)
		p->fill(p, &timeout);
	ret = poll(polled, (nfds_t)polled_count,
		   timeout > INT32_MAX ? -1 : (int)timeout);
	for (struct st_poller *p = pollers; p; p = p->next)
		p->done(p, polled, ret < 0);
	if (ret > 0 && (polled[0].revents & POLLIN))
		return epoll_wait(epoll, batch, BATCH, 0);
	return 0;
}

void st_loop_round(bool wait)
{
	uint32_t timeout = wait ? sleep_time() : 0;

	batch_count = 0;
	if (pollers)
		batch_count = wait_polled(timeout);
	else
		batch_count =
			epoll_wait(epoll, batch, BATCH,
				   timeout > INT32_MAX ? -1 : (int)timeout);
	st_tcp_timer_wake();
	st_clock_run();
	run_timers();
	for (int i = 0; i < batch_count; i++) {
		struct st_watch *w = batch[i].data.ptr;

		if (w)
			w->ready(w, batch[i].events);
	}
	batch_count = 0;
	st_clock_settle();
}

/*
 * A round that takes so many seconds of the processor would take for ever: the
 * process ends, by SIGPROF, and its module says so. At rest nothing is set.
 */
static void feed_watchdog(void)
{
	const struct itimerval patience = { .it_value.tv_sec = STUCK };
	static uint64_t fed;
	uint64_t now = st_now_ms();

	if (fed && now - fed < 1000)
		return;
	fed = now;
	setitimer(ITIMER_PROF, &patience, NULL);
}

void st_loop_run(void)
{
	while (!stopped) {
		feed_watchdog();
		st_loop_round(true);
	}
}
