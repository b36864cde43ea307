// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevecho.c - a device of packets: what is written comes back, reversed
 *
 * For the tests of um_dev.packets. ECHO_TIMES says how often each packet comes
 * back; ECHO_SWAP goes in and out; ECHO_HANGUP ends the device's side;
 * ECHO_CRASH is a bug.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <umview/dev.h>
#include <unistd.h>

#define ECHO_TIMES  _IO('e', 1)
#define ECHO_SWAP   _IOWR('e', 2, int[2])
#define ECHO_HANGUP 0x6503
#define ECHO_CRASH  _IO('e', 4)

struct echo {
	int fd;
	_Atomic int times;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct echo *e = arg;
	char in[2048];
	char out[2048];
	ssize_t n;

	while ((n = recv(e->fd, in, sizeof(in), 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			out[i] = in[n - 1 - i];
		for (int i = 0; i < e->times; i++)
			if (send(e->fd, out, (size_t)n, MSG_NOSIGNAL) < 0)
				break;
	}
	return NULL;
}

static int echo_open(struct um_dev *dev, struct um_dev_fh *fh)
{
	struct echo *e = calloc(1, sizeof(*e));

	(void)dev;
	if (!e)
		return -ENOMEM;
	e->fd = -1;
	e->times = 1;
	fh->fh = (uint64_t)(uintptr_t)e;
	return 0;
}

static int echo_stream(struct um_dev *dev, struct um_dev_fh *fh, int fd)
{
	struct echo *e = (struct echo *)(uintptr_t)fh->fh;
	int err;

	(void)dev;
	e->fd = fd;
	err = pthread_create(&e->thread, NULL, serve, e);
	if (err) {
		close(e->fd);
		e->fd = -1;
	}
	return -err;
}

static void echo_release(struct um_dev *dev, struct um_dev_fh *fh)
{
	struct echo *e = (struct echo *)(uintptr_t)fh->fh;

	(void)dev;
	if (e->fd >= 0) {
		shutdown(e->fd, SHUT_RDWR);
		pthread_join(e->thread, NULL);
		close(e->fd);
	}
	free(e);
}

static long echo_ioctl(struct um_dev *dev, struct um_dev_fh *fh,
		       unsigned int cmd, unsigned long arg, void *data)
{
	struct echo *e = (struct echo *)(uintptr_t)fh->fh;
	int *pair = data;
	int first;

	(void)dev;
	switch (cmd) {
	case ECHO_TIMES:
		e->times = (int)arg;
		return 7;
	case ECHO_SWAP:
		first = pair[0];
		pair[0] = pair[1];
		pair[1] = first;
		return 0;
	case ECHO_HANGUP:
		shutdown(e->fd, SHUT_RDWR);
		return *(int *)data;
	case ECHO_CRASH:
		abort();
	default:
		return -ENOTTY;
	}
}

/* One whose number says nothing of its argument. */
static int echo_ioctl_size(struct um_dev *dev, unsigned int cmd)
{
	(void)dev;
	return cmd == ECHO_HANGUP ? (int)(UM_DEV_IN | sizeof(int)) : -ENOTTY;
}

static const struct um_dev_ops ops = { .size = sizeof(ops),
				       .open = echo_open,
				       .release = echo_release,
				       .stream = echo_stream,
				       .ioctl = echo_ioctl,
				       .ioctl_size = echo_ioctl_size };

static int echo_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	dev->ops = &ops;
	dev->type = S_IFCHR;
	dev->packets = true;
	return um_dev_no_options(req);
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevecho",
	.description = "what is written comes back",
	.mount = echo_mount,
};
