// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - hears of closes, and does what is to be done from time to time
 *
 * inotify watches the memfds. An event says that some open file description of
 * the inode was closed; what follows depends on the kind (see vnode.h). Events
 * are read by the watcher thread, or by whoever wants to know now (umount): an
 * event is in the queue before the closing guest's next instruction.
 *
 * A queue holds some thousand events and then drops them. So regular files,
 * which guests open and close without the monitor, have one of their own: when
 * it was full all files are looked at. The events of the others are never more
 * than the monitor made objects, and opens wait when these get many.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "vnode/internal.h"

#define FLUSH_MS 5000
/* Until what somebody worked on when it was closed is looked at again. */
#define AGAIN_MS 50
/* Opens since all events were read; far below what the kernel queues. */
#define MAX_UNSEEN 2048
#define PACE_US	   500
#define PACE_TIMES 40

/*
 * Files are closed in bursts. To be woken for each would cost who closes more
 * than the close itself: after the first the rest is heard together.
 */
#define NAP_MS 4

static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
static pthread_t thread;
static int stop_fd = -1;
static int hurry_fd = -1;
static bool started;
static atomic_uint unseen;
static atomic_bool again;

static int queue_of(const struct um_obj *o)
{
	return o->kind == UM_OBJ_FILE ? um_vn.inotify_files : um_vn.inotify;
}

static uint64_t key_of(int queue, int wd)
{
	return (uint64_t)queue << 32 | (uint32_t)wd;
}

uint64_t um_watch_key(const struct um_obj *o)
{
	return key_of(queue_of(o), o->wd);
}

void um_watch_add(struct um_obj *o, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o->wd = inotify_add_watch(queue_of(o), path, IN_CLOSE);
}

void um_watch_del(const struct um_obj *o)
{
	if (o->wd >= 0)
		inotify_rm_watch(queue_of(o), o->wd);
}

/* What has this watch, with a ref; NULL: gone since. */
static struct um_obj *by_wd(uint64_t key)
{
	struct um_obj *o = NULL;
	struct um_hnode *n;

	um_lock(&um_vn.table);
	n = um_hash_get(&um_vn.by_wd, key);
	if (n) {
		o = um_container(n, struct um_obj, wd_node);
		if (o->kind == UM_OBJ_FILE)
			o->vnode->refs++;
		else
			o->refs++;
	}
	um_unlock(&um_vn.table);
	return o;
}

static void check(struct um_vnode *v)
{
	if (um_vnode_closed_hook)
		um_vnode_closed_hook(v);
	um_vnode_check(v);
}

static void closed(uint64_t key)
{
	struct um_obj *o = by_wd(key);
	struct um_vnode *v = NULL;

	if (!o)
		return;
	if (o->kind == UM_OBJ_FILE)
		check(o->vnode);
	else
		v = um_obj_closed(o);
	um_obj_put(o);
	if (v)
		check(v);
	um_vnode_put(v);
}

/* Handle one read's worth of events. Return: whether there were any. */
static bool read_events(int queue)
{
	_Alignas(struct inotify_event) char buf[4096];
	ssize_t n = read(queue, buf, sizeof(buf));
	ssize_t at = 0;

	while (at < n) {
		const struct inotify_event *e = (const void *)(buf + at);

		if (e->mask & IN_CLOSE)
			closed(key_of(queue, e->wd));
		if (e->mask & IN_Q_OVERFLOW)
			um_vnode_check_all();
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	return n > 0;
}

void um_watch_drain(void)
{
	pthread_mutex_lock(&reading);
	while (read_events(um_vn.inotify) || read_events(um_vn.inotify_files))
		;
	atomic_store(&unseen, 0);
	pthread_mutex_unlock(&reading);
}

/* Until there is enough to do. */
static void nap(void)
{
	struct pollfd p[2] = { { .fd = stop_fd, .events = POLLIN },
			       { .fd = hurry_fd, .events = POLLIN } };
	uint64_t count;

	if (poll(p, 2, NAP_MS) > 0 && p[1].revents &&
	    read(hurry_fd, &count, sizeof(count)) < 0)
		um_debug("somebody else was faster");
}

/*
 * Who opens faster than closes are worked off would use up all descriptors, or
 * the kernel's queue. It only waits, and not for ever: what is to be done at a
 * close may need an answer of the very guest, if that serves a file system.
 */
void um_obj_pace(void)
{
	const uint64_t one = 1;
	unsigned int now = atomic_fetch_add(&unseen, 1);
	int i;

	if (now % (MAX_UNSEEN / 2) == MAX_UNSEEN / 2 - 1 &&
	    write(hurry_fd, &one, sizeof(one)) < 0)
		um_debug("the watcher is awake");
	if (now < MAX_UNSEEN)
		return;
	for (i = 0; i < PACE_TIMES && atomic_load(&unseen) >= MAX_UNSEEN; i++)
		usleep(PACE_US);
}

void um_obj_settle(void)
{
	um_watch_drain();
}

void um_watch_again(void)
{
	const uint64_t one = 1;

	/* the watcher's own poll may have begun with the long wait */
	if (!atomic_exchange(&again, true) &&
	    write(hurry_fd, &one, sizeof(one)) < 0)
		um_debug("the watcher is awake");
}

static void look_again(void)
{
	const struct timespec moment = { .tv_nsec = AGAIN_MS * 1000000L };

	if (!atomic_load(&again))
		return;
	nanosleep(&moment, NULL);
	atomic_store(&again, false);
	um_vnode_check_skipped();
}

static void *watcher(void *arg)
{
	struct pollfd p[4] = { { .fd = stop_fd, .events = POLLIN },
			       { .fd = um_vn.inotify, .events = POLLIN },
			       { .fd = um_vn.inotify_files, .events = POLLIN },
			       { .fd = hurry_fd, .events = POLLIN } };

	(void)arg;
	for (;;) {
		int n = poll(p, 4, FLUSH_MS);

		if (p[0].revents)
			return NULL;
		if (n == 0) {
			um_vnode_sync_mount(NULL);
			um_vnode_catch_up_all();
			continue;
		}
		um_watch_drain();
		nap();
		look_again();
	}
}

int um_watch_setup(void)
{
	int err = um_obj_setup();

	if (err < 0)
		return err;
	um_vn.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	um_vn.inotify_files = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	stop_fd = eventfd(0, EFD_CLOEXEC);
	hurry_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (um_vn.inotify < 0 || um_vn.inotify_files < 0 || stop_fd < 0 ||
	    hurry_fd < 0)
		return -errno;
	err = pthread_create(&thread, NULL, watcher, NULL);
	started = err == 0;
	return -err;
}

void um_watch_fini(void)
{
	uint64_t one = 1;

	if (!started || write(stop_fd, &one, sizeof(one)) < 0)
		return;
	pthread_join(thread, NULL);
	started = false;
	um_watch_drain();
}
