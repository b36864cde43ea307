// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * viewend.c - the end of a view whose session goes on
 *
 * Nobody tells when a process ends that is no child of ours, and a view's
 * processes come by fork, unseen. So of each view that was split off one
 * process is watched, the witness, by a pidfd. When it has ended, all processes
 * are looked at: another one of the view becomes the witness, or there is none,
 * and the view is over. A view that lives costs nothing this way.
 *
 * Who forks while we look does so to a higher number, which comes later in
 * /proc, or to a lower one once the numbers have wrapped: a second look settles
 * that. A process in the moment between exec and the agent's HELLO has nothing
 * to tell its view by; while there is such a one, we look again.
 *
 * Daemons of file systems live for others' sake (main/daemons.c): a view that
 * has them only is retired. What no other view holds is unmounted, they go by
 * themselves then, and with the last one the view is closed.
 *
 * One thread does all this. Refused: to have the nested umview wait for its
 * command instead of becoming it: what the command left in the background is
 * in the view, too.
 */
#include "sys/viewend.h"

#include <ctype.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <umview/log.h>

#include "base/lock.h"
#include "guest/kept.h"
#include "sys/sys.h"

/**
 * struct watch - a view that may end
 * @witness: pidfd of one of its processes; -1: look for one
 * @left: how many processes went over to another view, maybe the witness
 * @seen: how many of these when it was last looked
 * @looks: how often nothing could be told since the last witness ended
 * @retired: since when it has daemons only, in ms; 0: it has others
 */
struct watch {
	struct watch *next;
	uint32_t view;
	int witness;
	atomic_uint left;
	atomic_uint seen;
	atomic_uint looks;
	_Atomic uint64_t retired;
};

/* Looks in a quick sequence; who starts a program waits for no more. */
#define QUICK_LOOKS 10
#define QUICK_MS    10
#define SLOW_MS	    1000
/* Who starts a program waits for that many steps. */
#define SETTLE_STEP_NS 1000000
#define SETTLE_STEPS   10000
/* And for daemons, which write back what they have, so long. */
#define DAEMONS_MS 10000

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct watch *watches;
static atomic_uint nwatches;
static pthread_t thread;
static bool running;
static atomic_bool stopping;
/* Tells the thread of a new watch, or of the end. */
static int bell = -1;

static int open_pid(pid_t pid)
{
	return (int)UM_SYS(syscall(SYS_pidfd_open, pid, 0));
}

static bool has_no_witness(const struct watch *w)
{
	struct pollfd p = { .fd = w->witness, .events = POLLIN };

	return atomic_load(&w->left) != atomic_load(&w->seen) || p.fd < 0 ||
	       poll(&p, 1, 0) != 0;
}

/* What a look at all processes says of a view; a later one outweighs. */
enum found {
	NOBODY,	      /* it has none */
	SERVERS_ONLY, /* and these are daemons of file systems */
	UNSURE,	      /* one starts a program: whose it is cannot be told */
	SOMEBODY,
};

struct look {
	uint32_t view;
	enum found found;
	pid_t pid;
};

/* A guest of this monitor, alive? Others may have views too. */
bool um_is_guest(pid_t pid)
{
	char text[32];

	if (um_proc_status(pid, "State", text, sizeof(text)) < 0)
		return false;
	/* its first thread may have ended before the others */
	if (text[0] == 'Z' &&
	    (um_proc_status(pid, "Threads", text, sizeof(text)) < 0 ||
	     strtol(text, NULL, 10) <= 1))
		return false;
	/* not the monitor's own child: that is the reaper */
	for (int depth = 0; pid > 1; depth++) {
		if (um_proc_status(pid, "PPid", text, sizeof(text)) < 0)
			return false;
		pid = (pid_t)strtol(text, NULL, 10);
		if (pid == getpid())
			return depth > 0;
	}
	return false;
}

static enum found judge(uint32_t view, pid_t pid)
{
	const struct um_attr *attr = um_attr_of_page(pid);
	bool has_page;

	if (!attr && !um_is_guest(pid))
		return NOBODY;
	if (!attr)
		attr = um_attr_table_get(pid);
	if (!attr && um_exec_is_agent(pid))
		return UNSURE;
	if (!attr)
		attr = um_attr_of(pid, &has_page);
	if (attr->view != view)
		return NOBODY;
	return attr->helper ? SERVERS_ONLY : SOMEBODY;
}

static void look_at(struct look *l, pid_t pid)
{
	enum found found = judge(l->view, pid);

	if (found <= l->found)
		return;
	l->found = found;
	l->pid = pid;
}

/* Stops at the first process that settles it. */
static void look_once(struct look *l)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	if (!dir)
		l->found = UNSURE;
	while (dir && l->found != SOMEBODY && (e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			look_at(l, (pid_t)strtol(e->d_name, NULL, 10));
	if (dir)
		closedir(dir);
}

static struct look look_for(uint32_t view)
{
	struct look l = { .view = view };

	look_once(&l);
	if (l.found == NOBODY)
		look_once(&l);
	return l;
}

static void end_mount(struct um_mount *m)
{
	um_debug("view ended: unmounting %s", m->point);
	um_exec_sweep();
	um_kept_sweep();
	um_mount_get(m);
	um_vnode_sync_mount(m);
	um_view_release_mount(m, um_mount_is_idle(m) && um_mount_try_end(m));
	um_mount_put(m);
}

static void set_witness(struct watch *w, int fd)
{
	int old;

	um_lock(&lock);
	old = w->witness;
	w->witness = fd;
	um_unlock(&lock);
	if (old >= 0)
		close(old);
}

static void watch_del(struct watch *w)
{
	struct watch **at = &watches;

	set_witness(w, -1);
	um_lock(&lock);
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	atomic_fetch_sub(&nwatches, 1);
	um_unlock(&lock);
	free(w);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The witness has ended, or there was none. May free w. */
static void look_after(struct watch *w)
{
	const unsigned int left = atomic_load(&w->left);
	struct look l = look_for(w->view);

	if (l.found == UNSURE) {
		atomic_fetch_add(&w->looks, 1);
		return;
	}
	if (l.found != SOMEBODY)
		um_view_retire(w->view, end_mount);
	if (l.found == SERVERS_ONLY && !atomic_load(&w->retired))
		atomic_store(&w->retired, now_ms());
	if (l.found == NOBODY && um_view_close(w->view) == 0) {
		watch_del(w);
		return;
	}
	set_witness(w, open_pid(l.pid));
	atomic_store(&w->seen, left);
	atomic_store(&w->looks, 0);
}

/* Only the thread removes watches; others put new ones in front. */
static struct watch *first_watch(void)
{
	struct watch *w;

	um_lock(&lock);
	w = watches;
	um_unlock(&lock);
	return w;
}

/* Milliseconds until the next look; -1: an event says when. */
static int look_after_all(void)
{
	int wait = -1;
	struct watch *next;

	for (struct watch *w = first_watch(); w; w = next) {
		next = w->next;
		if (!has_no_witness(w))
			continue;
		wait = atomic_load(&w->looks) < QUICK_LOOKS ? QUICK_MS
							    : SLOW_MS;
		look_after(w);
	}
	return wait;
}

/* Sleep until a witness ends, the bell rings, or ms have passed. */
static void sleep_until(int ms)
{
	size_t room = atomic_load(&nwatches) + 1;
	struct pollfd *p = calloc(room, sizeof(*p));
	size_t n = 0;
	uint64_t rung;

	if (!p)
		return;
	p[n++] = (struct pollfd){ .fd = bell, .events = POLLIN };
	for (struct watch *w = first_watch(); w && n < room; w = w->next)
		if (!has_no_witness(w))
			p[n++] = (struct pollfd){ w->witness, POLLIN, 0 };
	if (poll(p, n, ms) > 0 && p[0].revents &&
	    read(bell, &rung, sizeof(rung)) < 0)
		um_debug("viewend: %s", strerror(errno));
	free(p);
}

static void *run(void *arg)
{
	(void)arg;
	while (!atomic_load(&stopping))
		sleep_until(look_after_all());
	return NULL;
}

static void ring(void)
{
	const uint64_t one = 1;

	if (write(bell, &one, sizeof(one)) < 0)
		um_debug("viewend: %s", strerror(errno));
}

static int start_locked(void)
{
	if (running)
		return 0;
	if (bell < 0)
		bell = eventfd(0, EFD_CLOEXEC);
	if (bell < 0)
		return -errno;
	running = pthread_create(&thread, NULL, run, NULL) == 0;
	return running ? 0 : -EAGAIN;
}

int um_viewend_watch(uint32_t view, pid_t pid)
{
	struct watch *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return -ENOMEM;
	w->view = view;
	w->witness = open_pid(pid);
	um_lock(&lock);
	ret = start_locked();
	if (ret == 0) {
		w->next = watches;
		watches = um_steal(w);
		atomic_fetch_add(&nwatches, 1);
	}
	um_unlock(&lock);
	if (ret == 0)
		ring();
	else
		close(w->witness);
	free(w);
	return ret;
}

void um_viewend_left(uint32_t view)
{
	bool found = false;

	um_lock(&lock);
	for (struct watch *w = watches; w; w = w->next)
		if (w->view == view) {
			atomic_fetch_add(&w->left, 1);
			found = true;
		}
	um_unlock(&lock);
	if (found)
		ring();
}

/* Its daemons have been told, and are about to end. */
static bool is_ending(const struct watch *w)
{
	uint64_t since = atomic_load(&w->retired);

	return since && now_ms() - since < DAEMONS_MS;
}

/* A witness has ended, and what that means is not known yet, or not all done. */
static bool is_unsettled(void)
{
	bool is = false;

	um_lock(&lock);
	for (const struct watch *w = watches; w && !is; w = w->next)
		is = is_ending(w) || (atomic_load(&w->looks) < QUICK_LOOKS &&
				      has_no_witness(w));
	um_unlock(&lock);
	return is;
}

void um_viewend_settle(struct um_req *r)
{
	const struct timespec step = { .tv_nsec = SETTLE_STEP_NS };

	/* a daemon may be what the thread waits for */
	if (!atomic_load(&nwatches) || r->attr->helper)
		return;
	for (int i = 0; i < SETTLE_STEPS && is_unsettled(); i++) {
		if (r->engine->alive(r) < 0)
			return;
		nanosleep(&step, NULL);
	}
}

void um_viewend_stop(void)
{
	struct watch *w;

	atomic_store(&stopping, true);
	if (!running)
		return;
	ring();
	pthread_join(thread, NULL);
	while ((w = first_watch()))
		watch_del(w);
}
