// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sock.c - the table of sockets; what all kinds have in common
 *
 * Ids count up and are never used again. A socket ends when the stack's end of
 * its stand-in hangs up. One that was never connected has no such end: whether
 * the guest still has it is asked of the kernel by inode (alive.c), when a port is
 * wanted that it holds, or sockets are listed.
 */
#include "sock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "iface.h"
#include "stream.h"

enum { BUCKETS = 1024 };

static struct st_sock *table[BUCKETS];
static uint64_t last_id;

struct st_sock *st_sock_find(uint64_t id)
{
	struct st_sock *s = table[id % BUCKETS];

	while (s && s->id != id)
		s = s->next;
	return s;
}

struct st_sock *st_sock_each(struct st_sock *s)
{
	size_t bucket = 0;

	if (s && s->next)
		return s->next;
	if (s)
		bucket = s->id % BUCKETS + 1;
	while (bucket < BUCKETS && !table[bucket])
		bucket++;
	return bucket < BUCKETS ? table[bucket] : NULL;
}

static void on_ready(struct st_watch *w, uint32_t events)
{
	struct st_sock *s =
		(void *)((char *)w - offsetof(struct st_sock, watch));

	s->proto->ready(s, events);
}

struct st_sock *st_sock_new(const struct st_proto *proto, int domain, int type,
			    int protocol)
{
	struct st_sock *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->id = ++last_id;
	s->proto = proto;
	s->domain = domain;
	s->type = type;
	s->protocol = protocol;
	s->watch.fd = -1;
	s->watch.ready = on_ready;
	s->so.sndbuf = s->so.rcvbuf = 212992;
	s->so.rcvlowat = 1;
	s->ip.ttl = s->ip.hops6 = -1;
	s->ip.mcast_ttl = s->ip.mcast_hops6 = 1;
	s->ip.mcast_loop = s->ip.mcast_all = s->ip.mcast_all6 = true;
	s->ip.tclass = 0;
	s->ip.mtu_discover = s->ip.mtu_discover6 = IP_PMTUDISC_WANT;
	s->ip.checksum6 = -1;
	s->next = table[s->id % BUCKETS];
	table[s->id % BUCKETS] = s;
	return s;
}

void st_sock_free(struct st_sock *s)
{
	struct st_sock **p = &table[s->id % BUCKETS];

	while (*p && *p != s)
		p = &(*p)->next;
	if (*p)
		*p = s->next;
	if (s->watch.fd >= 0) {
		st_watch_del(&s->watch);
		close(s->watch.fd);
	}
	st_bpf_free(s->filter);
	free(s);
}

int st_sock_watch(struct st_sock *s, int fd, uint32_t events)
{
	s->watch.fd = fd;
	return st_watch_add(&s->watch, events);
}

int st_sock_pair(struct st_sock *s)
{
	int fds[2], ret, size = 1 << 20;
	struct stat st;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (fstat(fds[1], &st) == 0)
		s->inode = st.st_ino;
	ret = st_sock_watch(s, fds[0], EPOLLIN | EPOLLRDHUP);
	if (ret < 0) {
		close(fds[0]);
		close(fds[1]);
		s->watch.fd = -1;
		return ret;
	}
	return fds[1];
}

bool st_sock_give(struct st_sock *s, const struct um_net_head *head,
		  const void *control, const void *data, size_t len)
{
	struct iovec iov[3] = {
		{ .iov_base = (void *)(uintptr_t)head,
		  .iov_len = sizeof(*head) },
		{ .iov_base = (void *)(uintptr_t)control,
		  .iov_len = head->controllen },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = len },
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3 };

	return s->watch.fd >= 0 &&
	       sendmsg(s->watch.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void st_sock_fail(struct st_sock *s, int error)
{
	struct um_net_head head = { .error = error };

	s->error = error;
	if (s->type != SOCK_STREAM)
		st_sock_give(s, &head, NULL, NULL, 0);
}

/* The guest's end of a pair. */
static bool hangs_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

bool st_sock_is_open(const struct st_sock *s)
{
	if (s->watch.fd >= 0)
		return s->type == SOCK_STREAM || !hangs_up(s->watch.fd);
	if (st_tcp_listens(s))
		return st_tcp_listener_is_open(s);
	return !s->inode || st_inode_lives(s->inode);
}

void st_sock_release(struct st_sock *s)
{
	s->released = true;
	if (!s->proto->release(s))
		st_sock_free(s);
}

/* A listener takes those along that nobody has accepted: begin anew each time. */
void st_sock_reap(const struct st_sock *but)
{
	struct st_sock *s = st_sock_each(NULL);

	while (s) {
		if (s == but || s->released || st_sock_is_open(s)) {
			s = st_sock_each(s);
			continue;
		}
		st_sock_release(s);
		s = st_sock_each(NULL);
	}
}
