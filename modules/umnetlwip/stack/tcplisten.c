// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcplisten.c - TCP sockets that listen, and connections not yet accepted
 *
 * The guest's descriptor listens itself. For each connection that comes the
 * stack connects a socket of its own to it, bound to a name that says which, so
 * that accept, poll and the backlog are the kernel's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lwip/priv/tcp_priv.h"
#include "share.h"
#include "stream.h"

enum { RETRY_MS = 20, BACKLOG_MAX = 4096, HALF_OPEN_MAX = 255 };

static int knock(struct st_stream *child)
{
	struct st_stream *t = child->parent;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int len, ret,
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0);

	if (fd < 0)
		return -errno;
	len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
		       "umnetlwip-%d-%llu", (int)getpid(),
		       (unsigned long long)child->s->id);
	if (bind(fd, (void *)&name,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     (size_t)len)) < 0 ||
	    connect(fd, (void *)&t->address, t->address_len) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return st_stream_watch(child, fd);
}

static void abort_stream(struct st_stream *t)
{
	struct tcp_pcb *pcb = t->pcb;
	struct st_sock *s = t->s;

	t->pcb = NULL;
	if (pcb) {
		tcp_arg(pcb, NULL);
		tcp_err(pcb, NULL);
		tcp_abort(pcb);
	}
	st_stream_fini(t);
	st_sock_free(s);
}

bool st_tcp_listener_is_open(const struct st_sock *s)
{
	const struct st_stream *t = s->priv;

	return st_name_lives((const void *)&t->address, t->address_len);
}

/*
 * Nothing tells of the end of a guest's listening descriptor. So it is looked
 * for when somebody wants to connect, who is refused then.
 */
void st_tcp_drop_closed(uint16_t port)
{
	struct tcp_pcb_listen *l, *next;

	for (l = tcp_listen_pcbs.listen_pcbs; l; l = next) {
		struct st_stream *t = l->callback_arg;

		next = l->next;
		if (l->local_port == port && t && !st_sock_is_open(t->s))
			st_sock_release(t->s);
	}
}

/* Hand those who wait to the guest, as far as its backlog has room. */
static bool serve_waiting(struct st_stream *t)
{
	while (t->waiting) {
		struct st_stream *child = t->waiting;
		int ret = knock(child);

		if (ret == -EAGAIN) {
			st_timer_set(&t->timer, RETRY_MS);
			return true;
		}
		t->waiting = child->next_waiting;
		child->parent = NULL;
		if (ret < 0)
			abort_stream(child);
		if (ret == -ECONNREFUSED) {
			st_sock_release(t->s);
			return false;
		}
	}
	return true;
}

static void on_retry(struct st_timer *timer)
{
	serve_waiting(
		(void *)((char *)timer - offsetof(struct st_stream, timer)));
}

static void inherit(struct st_sock *child, const struct st_sock *from)
{
	child->so = from->so;
	child->ip = from->ip;
	child->pid = from->pid;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct st_stream *t = arg, *child, **end;
	struct st_sock *s;

	if (err != ERR_OK || !pcb || !t)
		return ERR_VAL;
	s = st_sock_new(&st_tcp, t->s->domain, SOCK_STREAM, t->s->protocol);
	child = s ? st_stream_new(s) : NULL;
	if (!child) {
		if (s)
			st_sock_free(s);
		return ERR_MEM;
	}
	inherit(s, t->s);
	st_stream_attach(child, pcb);
	st_tcp_inherit(child, t);
	st_tcp_show_names(s, pcb);
	s->connected = true;
	child->told = true;
	child->parent = t;
	child->queue = t->s->id;
	t->queued++;
	for (end = &t->waiting; *end; end = &(*end)->next_waiting)
		;
	*end = child;
	/* Not here: a guest that is gone means an abort. */
	t->timer.fire = on_retry;
	st_timer_set(&t->timer, 0);
	return ERR_OK;
}

/* The guest's own descriptor listens, with a name the kernel finds. */
static int listen_standin(struct st_stream *t, int fd, int backlog)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };
	struct stat st;

	t->address_len = sizeof(t->address);
	if (!t->listener && bind(fd, (void *)&any, sizeof(sa_family_t)) < 0)
		return -errno;
	if (listen(fd, backlog) < 0 ||
	    getsockname(fd, (void *)&t->address, &t->address_len) < 0)
		return -errno;
	if (fstat(fd, &st) == 0)
		t->s->inode = st.st_ino;
	return 0;
}

/* Linux takes no number for wrong, and lets in one more than was asked for. */
static void set_backlog(struct st_stream *t, int backlog)
{
	bool most = backlog < 0 || backlog > BACKLOG_MAX;

	t->backlog = most ? BACKLOG_MAX : backlog;
}

bool st_tcp_is_full(const struct st_stream *t)
{
	return t->queued + t->listener->accepts_pending > t->backlog;
}

void st_tcp_dequeue(struct st_stream *child)
{
	struct st_sock *s = child->queue ? st_sock_find(child->queue) : NULL;
	struct st_stream *t = s ? s->priv : NULL;

	child->queue = 0;
	if (t)
		t->queued--;
}

static int listen_again(struct st_stream *t, int fd, int backlog)
{
	set_backlog(t, backlog);
	return listen(fd, backlog) < 0 ? -errno : 0;
}

/*
 * lwIP's side of it: the pcb becomes one that listens. Who shares, is checked
 * already; who waits to be accepted, lwIP does not count.
 */
static int listen_pcb(struct st_stream *t, int backlog)
{
	err_t err = ERR_OK;

	tcp_err(t->pcb, NULL);
	ip_reset_option(t->pcb, SOF_REUSEADDR);
	t->listener = (void *)tcp_listen_with_backlog_and_err(
		t->pcb, HALF_OPEN_MAX, &err);
	if (!t->listener) {
		ip_set_option(t->pcb, SOF_REUSEADDR);
		st_stream_attach(t, t->pcb);
		return -st_errno(err);
	}
	set_backlog(t, backlog);
	ip_set_option(t->listener, SOF_REUSEADDR);
	t->pcb = NULL;
	tcp_arg((void *)t->listener, t);
	tcp_accept((void *)t->listener, on_accept);
	return 0;
}

bool st_tcp_listens(const struct st_sock *s)
{
	const struct st_stream *t = s->priv;

	return s->proto == &st_tcp && t && t->listener;
}

int st_tcp_listen(struct st_sock *s, int fd, int backlog)
{
	struct st_stream *t = s->priv;
	ip_addr_t any = { 0 };
	int ret = 0;

	if (t->listener)
		return listen_again(t, fd, backlog);
	if (!t->pcb || t->connecting || t->established)
		return -EINVAL;
	if (!s->bound) {
		IP_SET_TYPE_VAL(any, s->domain == AF_INET6 ? IPADDR_TYPE_V6
							   : IPADDR_TYPE_V4);
		ret = st_tcp_bind_port(s, &any, 0);
	}
	if (ret == 0)
		ret = st_port_check_listen(s);
	if (ret == 0)
		ret = listen_standin(t, fd, backlog);
	if (ret == 0)
		ret = listen_pcb(t, backlog);
	return ret;
}

bool st_tcp_listener_release(struct st_stream *t)
{
	while (t->waiting) {
		struct st_stream *child = t->waiting;

		t->waiting = child->next_waiting;
		child->parent = NULL;
		abort_stream(child);
	}
	tcp_arg((void *)t->listener, NULL);
	tcp_close((void *)t->listener);
	st_stream_fini(t);
	return false;
}

void st_tcp_forget_waiting(struct st_stream *t)
{
	struct st_stream **p;

	if (!t->parent)
		return;
	for (p = &t->parent->waiting; *p; p = &(*p)->next_waiting)
		if (*p == t) {
			*p = t->next_waiting;
			break;
		}
	t->parent = NULL;
}
