// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemons.c - the end of a session in which daemons of file systems are left
 *
 * They live for the programs' sake. When the command has ended and no program
 * is left, their mounts are ended, so that they write back what they hold; most
 * go by themselves then. The others are asked by SIGTERM, and killed.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <umview/log.h>

#include "fuse/mount.h"
#include "guest/notify.h"
#include "main/session.h"
#include "view/view.h"

/* All daemons together; a large archive may have to be written. */
#define WRITE_BACK_S 60
#define LEAVE_MS     1000
#define TERM_MS	     5000

static bool is_helper(pid_t pid)
{
	bool has_page;

	return um_attr_of(pid, &has_page)->helper;
}

/* Who was started by another is that one's affair: these are the eldest. */
bool um_only_daemons(pid_t reaper)
{
	char path[64];
	FILE *f;
	bool only;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)reaper,
		 (int)reaper);
	f = fopen(path, "re");
	only = f != NULL;
	while (only && fscanf(f, "%d", &pid) == 1)
		only = is_helper(pid);
	if (f)
		fclose(f);
	return only;
}

static bool is_daemons(const struct um_mount *m)
{
	return um_fuse_of_mount(m) != NULL;
}

struct limit {
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool done;
	pid_t reaper;
};

/* A daemon that does not answer must not hold the session for ever. */
static void *enforce(void *arg)
{
	struct limit *l = arg;
	struct timespec end;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WRITE_BACK_S;
	pthread_mutex_lock(&l->lock);
	while (!l->done && ret == 0)
		ret = pthread_cond_timedwait(&l->over, &l->lock, &end);
	if (!l->done) {
		um_err("daemons of file systems do not answer; they are being "
		       "killed, and what they have not written is lost");
		um_kill_descendants(l->reaper, SIGKILL);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void end_mounts(pid_t reaper)
{
	struct limit l = { .lock = PTHREAD_MUTEX_INITIALIZER,
			   .over = PTHREAD_COND_INITIALIZER,
			   .reaper = reaper };
	pthread_t thread;
	bool started = pthread_create(&thread, NULL, enforce, &l) == 0;

	um_view_end_mounts(is_daemons);
	pthread_mutex_lock(&l.lock);
	l.done = true;
	pthread_cond_signal(&l.over);
	pthread_mutex_unlock(&l.lock);
	if (started)
		pthread_join(thread, NULL);
}

void um_stop_daemons(pid_t reaper)
{
	end_mounts(reaper);
	if (um_notify_wait_end(LEAVE_MS))
		return;
	um_kill_descendants(reaper, SIGTERM);
	if (um_notify_wait_end(TERM_MS))
		return;
	um_kill_descendants(reaper, SIGKILL);
	while (!um_notify_wait_end(100))
		;
}
