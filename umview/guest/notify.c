// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notify.c - the engine that waits at the seccomp listener
 *
 * seccomp_unotify(2). The sync wake-up flag (Linux 6.6) keeps guest and worker
 * on one CPU; without it a round trip costs four times as much. RECV wakes one
 * worker a notification. The end of the last guest is a POLLHUP, watched for
 * by the main thread: RECV itself would fail ENOENT for ever.
 */
#include "guest/notify.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>

#include <umview/log.h>

#include "base/lock.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#define WORKER_STACK (512 * 1024)

static int listener_fd = -1;
static um_handle_fn handler;
static atomic_int idle;
static atomic_bool ended;

static int answer(struct um_req *r, long value, unsigned int flags)
{
	struct seccomp_notif_resp resp = { .id = r->id, .flags = flags };

	if (value < 0)
		resp.error = (int)value;
	else
		resp.val = value;
	if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0)
		return 0;
	return -errno;
}

int um_notify_answer(struct um_req *r, long value)
{
	return answer(r, value, 0);
}

static int notify_inject(struct um_req *r, int fd, bool cloexec,
			 bool also_answer)
{
	struct seccomp_notif_addfd add = {
		.id = r->id,
		.flags = also_answer ? SECCOMP_ADDFD_FLAG_SEND : 0,
		.srcfd = (__u32)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};

	return (int)UM_SYS(ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add));
}

static int notify_replace(struct um_req *r, int fd, um_gfd at, bool cloexec)
{
	struct seccomp_notif_addfd add = {
		.id = r->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (__u32)fd,
		.newfd = (__u32)at.n,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};

	return (int)UM_SYS(ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add));
}

static int notify_alive(struct um_req *r)
{
	return (int)UM_SYS(
		ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &r->id));
}

const struct um_engine um_engine_notify = {
	.name = "notify",
	.inject = notify_inject,
	.replace = notify_replace,
	.alive = notify_alive,
};

static void *worker(void *arg);

static void spawn_worker(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&idle, 1);
	err = pthread_create(&thread, &attr, worker, NULL);
	if (err) {
		atomic_fetch_sub(&idle, 1);
		um_err("cannot start a worker: %s", strerror(err));
	}
	pthread_attr_destroy(&attr);
}

static void serve(const struct seccomp_notif *n)
{
	struct um_req r = {
		.engine = &um_engine_notify,
		.id = n->id,
		.tid = (pid_t)n->pid,
		.nr = n->data.nr,
		.ip = n->data.instruction_pointer,
	};
	long value;

	for (int i = 0; i < 6; i++)
		r.arg[i] = n->data.args[i];
	um_req_set_current(&r);
	value = handler(&r);
	if (value == UM_CONTINUE)
		answer(&r, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else if (value != UM_ANSWERED)
		answer(&r, value, 0);
	um_req_set_current(NULL);
	um_req_fini(&r);
}

/* At most this many idle workers stay for the next burst. */
#define IDLE_MAX 8

static void *worker(void *arg)
{
	struct seccomp_notif n;

	(void)arg;
	while (!atomic_load(&ended)) {
		memset(&n, 0, sizeof(n));
		if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0) {
			if (errno == ENOENT && um_notify_wait_end(0))
				break;
			continue;
		}
		if (atomic_fetch_sub(&idle, 1) == 1)
			spawn_worker();
		serve(&n);
		if (atomic_fetch_add(&idle, 1) >= IDLE_MAX) {
			atomic_fetch_sub(&idle, 1);
			return NULL;
		}
	}
	atomic_fetch_sub(&idle, 1);
	return NULL;
}

int um_notify_start(int listener, um_handle_fn handle)
{
	listener_fd = listener;
	handler = handle;
	/* Kernels before 6.6 refuse; they are slower, not wrong. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) < 0)
		um_debug("no sync wake-up in this kernel");
	spawn_worker();
	return 0;
}

bool um_notify_wait_end(int timeout_ms)
{
	struct pollfd p = { .fd = listener_fd };

	if (atomic_load(&ended))
		return true;
	if (poll(&p, 1, timeout_ms) > 0 && (p.revents & (POLLHUP | POLLERR)))
		atomic_store(&ended, true);
	return atomic_load(&ended);
}
