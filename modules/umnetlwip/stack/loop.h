/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.h - the one loop of a stack process: descriptors and timers */
#ifndef ST_LOOP_H
#define ST_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* A descriptor that is waited for. Borrowed: the loop never closes it. */
struct st_watch {
	int fd;
	void (*ready)(struct st_watch *w, uint32_t events);
};

/* A moment that is waited for; once. */
struct st_timer {
	struct st_timer *next;
	uint64_t at; /* ms of st_now_ms() */
	bool armed;
	void (*fire)(struct st_timer *t);
};

/*
 * Something with descriptors that change from one round to the next (slirp):
 * fill says which and how long at most to sleep, done what came.
 */
struct st_poller {
	struct st_poller *next;
	void (*fill)(struct st_poller *p, uint32_t *timeout);
	void (*done)(struct st_poller *p, const struct pollfd *fds,
		     bool failed);
};

int st_loop_init(void);
/* Until st_loop_stop(). */
void st_loop_run(void);
void st_loop_stop(void);
uint64_t st_now_ms(void);

int st_watch_add(struct st_watch *w, uint32_t events);
int st_watch_set(struct st_watch *w, uint32_t events);
/* Also if never added. No event of it is delivered any more. */
void st_watch_del(struct st_watch *w);

void st_timer_set(struct st_timer *t, uint64_t after_ms);
void st_timer_stop(struct st_timer *t);

void st_poller_add(struct st_poller *p);
void st_poller_del(struct st_poller *p);
/* For fill: one descriptor more. Return: its index in done's fds, or -ENFILE. */
int st_poller_fd(int fd, short events);

#endif
