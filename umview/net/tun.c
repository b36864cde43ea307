// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tun.c - descriptors of /dev/net/tun that have an interface of a stack
 *
 * Packets go between the guest and the stack, without the monitor; it carries the
 * ioctls. It keeps a duplicate of the stack's end of each, so that the end of the
 * stack is told to who waits for a packet.
 */
#include "net/tun.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/lock.h"
#include "guest/self.h"
#include "net/stack.h"

/**
 * struct um_net_tun - one of them
 * @mount: the stack (ref, and one of its users); NULL: a module's own
 */
struct um_net_tun {
	struct um_net_tun *next;
	struct um_net *net;
	struct um_mount *mount;
	uint64_t id;
	int fd;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_net_tun *tuns;

/* A stack that is mounted may end between two calls; a module's own does not. */
static bool enter(struct um_net_tun *t)
{
	return !t->mount || um_stack_enter(t->mount);
}

static void leave(struct um_net_tun *t)
{
	if (t->mount)
		um_stack_leave(t->mount);
}

static int open_there(struct um_net_tun *t, struct ifreq *ifr, int index)
{
	int ret;

	if (!enter(t))
		return -ENETDOWN;
	ret = t->net->ops->tun_open
		      ? t->net->ops->tun_open(t->net, t->fd, ifr, index, &t->id)
		      : -ENODEV;
	leave(t);
	return ret;
}

static struct um_net_tun *tun_new(struct um_net *net, int fd)
{
	struct um_net_tun *t = calloc(1, sizeof(*t));
	struct um_req *r = um_req_current();

	if (!t)
		return NULL;
	t->net = net;
	t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (!net && r)
		t->mount = um_stack_of(r, AF_INET);
	if (t->mount) {
		atomic_fetch_add(&t->mount->users, 1);
		t->net = t->mount->fs.net;
	}
	return t;
}

static void tun_free(struct um_net_tun *t)
{
	if (t->mount)
		atomic_fetch_sub(&t->mount->users, 1);
	um_mount_put(t->mount);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

int um_net_tun_open(struct um_net *net, int fd, struct ifreq *ifr, int index,
		    struct um_net_tun **out)
{
	UM_CORE_CODE;
	struct um_net_tun *t = tun_new(net, fd);
	int ret;

	if (!t)
		return -ENOMEM;
	if (!t->net)
		ret = -ENODEV;
	else
		ret = t->fd < 0 ? -EMFILE : open_there(t, ifr, index);
	if (ret < 0) {
		tun_free(t);
		return ret;
	}
	um_lock(&lock);
	t->next = tuns;
	tuns = t;
	um_unlock(&lock);
	*out = t;
	return 0;
}

long um_net_tun_call(struct um_net_tun *t, unsigned int cmd, void *data,
		     size_t size)
{
	UM_CORE_CODE;
	long ret;

	if (!enter(t))
		return -EBADFD;
	ret = t->net->ops->tun(t->net, t->id, cmd, data, size);
	leave(t);
	/* the process is gone */
	return ret == -ENETDOWN ? -EBADFD : ret;
}

void um_net_tun_close(struct um_net_tun *t)
{
	UM_CORE_CODE;
	struct um_net_tun **at = &tuns;

	if (!t)
		return;
	um_lock(&lock);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	um_unlock(&lock);
	tun_free(t);
}

void um_tun_end(const struct um_net *net)
{
	um_lock(&lock);
	for (struct um_net_tun *t = tuns; t; t = t->next)
		if (t->net == net)
			shutdown(t->fd, SHUT_WR);
	um_unlock(&lock);
}
