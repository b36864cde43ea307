// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * link_slirp.c - the host's network by libslirp: NAT without privilege
 *
 * The net is 10.0.2.0/24 and fec0::/64: the host is .2, the name server .3,
 * addresses by DHCP from .15, or by router advertisements. Frames pass by
 * function calls, in one process. The argument is a list of what to forward and
 * of options, separated by commas:
 *
 *	tcp:[HOST-ADDRESS:]PORT[:STACK-PORT]	a port of the host's, into the stack
 *	udp:[HOST-ADDRESS:]PORT[:STACK-PORT]
 *	restrict				nothing leaves but what is forwarded
 *	mtu=N
 */
#include <errno.h>
#include <netinet/in.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "link.h"
#include "loop.h"
#include "text.h"

/* Two segments are as much as libslirp's window, which is not scaled, has room for. */
enum { MTU = 32768 };

struct nat {
	struct st_iface *i;
	Slirp *slirp;
	struct st_poller poller;
	int first; /* index of the first descriptor in this round */
	const struct pollfd *fds;
	struct delayed *delayed, **end;
	struct st_timer deliver;
};

/* What slirp sends while it works on a frame of ours: after that. */
struct delayed {
	struct delayed *next;
	size_t len;
	uint8_t frame[];
};

static void deliver(struct st_timer *t)
{
	struct nat *n = (void *)((char *)t - offsetof(struct nat, deliver));

	while (n->delayed) {
		struct delayed *d = n->delayed;

		n->delayed = d->next;
		if (!n->delayed)
			n->end = &n->delayed;
		st_iface_input(n->i, d->frame, d->len);
		free(d);
	}
}

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	struct nat *n = opaque;
	struct delayed *d = malloc(sizeof(*d) + len);

	if (!d)
		return (ssize_t)len;
	d->next = NULL;
	d->len = len;
	memcpy(d->frame, buf, len);
	*n->end = d;
	n->end = &d->next;
	if (!n->deliver.armed)
		st_timer_set(&n->deliver, 0);
	return (ssize_t)len;
}

static void guest_error(const char *msg, void *opaque)
{
	(void)msg;
	(void)opaque;
}

static int64_t clock_get_ns(void *opaque)
{
	struct timespec ts;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct timer {
	struct st_timer t;
	SlirpTimerCb cb;
	void *arg;
};

static void fire(struct st_timer *t)
{
	struct timer *own = (void *)t;

	own->cb(own->arg);
}

static void *timer_new(SlirpTimerCb cb, void *arg, void *opaque)
{
	struct timer *t = calloc(1, sizeof(*t));

	(void)opaque;
	if (!t)
		abort();
	t->t.fire = fire;
	t->cb = cb;
	t->arg = arg;
	return t;
}

static void timer_free(void *timer, void *opaque)
{
	(void)opaque;
	if (timer)
		st_timer_stop(timer);
	free(timer);
}

static void timer_mod(void *timer, int64_t at_ms, void *opaque)
{
	uint64_t now = st_now_ms();

	(void)opaque;
	st_timer_set(timer, (uint64_t)at_ms > now ? (uint64_t)at_ms - now : 0);
}

static void poll_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_get_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = poll_fd,
	.unregister_poll_fd = poll_fd,
	.notify = notify,
};

/* ---- its descriptors, anew each round ---- */

static int add_poll(int fd, int events, void *opaque)
{
	int want = ((events & SLIRP_POLL_IN) ? POLLIN : 0) |
		   ((events & SLIRP_POLL_OUT) ? POLLOUT : 0) |
		   ((events & SLIRP_POLL_PRI) ? POLLPRI : 0);

	(void)opaque;
	return st_poller_fd(fd, (short)want);
}

static int revents(int index, void *opaque)
{
	struct nat *n = opaque;
	int got = index >= 0 ? n->fds[index].revents : 0;

	return ((got & POLLIN) ? SLIRP_POLL_IN : 0) |
	       ((got & POLLOUT) ? SLIRP_POLL_OUT : 0) |
	       ((got & POLLPRI) ? SLIRP_POLL_PRI : 0) |
	       ((got & POLLERR) ? SLIRP_POLL_ERR : 0) |
	       ((got & POLLHUP) ? SLIRP_POLL_HUP : 0);
}

static void fill(struct st_poller *p, uint32_t *timeout)
{
	struct nat *n = (void *)((char *)p - offsetof(struct nat, poller));

	slirp_pollfds_fill(n->slirp, timeout, add_poll, n);
}

static void done(struct st_poller *p, const struct pollfd *fds, bool failed)
{
	struct nat *n = (void *)((char *)p - offsetof(struct nat, poller));

	n->fds = fds;
	slirp_pollfds_poll(n->slirp, failed, revents, n);
}

/* ---- the link ---- */

/* "[ADDRESS:]PORT[:PORT]" */
static int forward(struct nat *n, const char *rule, bool udp)
{
	struct in_addr host = { htonl(INADDR_LOOPBACK) }, stack;
	char copy[128], *parts[3] = { copy }, *p = copy, *end;
	long ports[2];
	int count = 0, at = 0;

	stack.s_addr = htonl(0x0a00020f);
	if (!st_text_copy(copy, sizeof(copy), rule))
		return -EINVAL;
	while (p && count < 3)
		parts[count++] = strsep(&p, ":");
	if (p)
		return -EINVAL;
	if (inet_aton(parts[0], &host) && strchr(parts[0], '.'))
		at = 1;
	else
		host.s_addr = htonl(INADDR_LOOPBACK);
	if (count - at < 1 || count - at > 2)
		return -EINVAL;
	for (int k = at; k < count; k++) {
		ports[k - at] = strtol(parts[k], &end, 10);
		if (*end || end == parts[k] || ports[k - at] < 1 ||
		    ports[k - at] > 65535)
			return -EINVAL;
	}
	if (count - at == 1)
		ports[1] = ports[0];
	return slirp_add_hostfwd(n->slirp, udp, host, (int)ports[0], stack,
				 (int)ports[1]) < 0
		       ? -errno
		       : 0;
}

/* One word of the argument that is about slirp itself, before it is made. */
static int configure(SlirpConfig *c, struct st_iface *i, const char *word)
{
	char *end;
	long mtu;

	if (!strcmp(word, "restrict")) {
		c->restricted = 1;
		return 1;
	}
	if (!strncmp(word, "mtu=", 4)) {
		mtu = strtol(word + 4, &end, 10);
		if (*end || mtu < 576 || mtu > MTU) {
			st_link_set_why("slirp: %s: from 576 to %d", word, MTU);
			return -EINVAL;
		}
		i->mtu = (int)mtu;
		return 1;
	}
	return 0;
}

static int add_forwards(struct nat *n, const char *arg)
{
	char copy[256], *p = copy, *word;
	int ret;

	if (!st_text_copy(copy, sizeof(copy), arg))
		return -EINVAL;
	while ((word = strsep(&p, ","))) {
		bool udp = !strncmp(word, "udp:", 4);

		if (strncmp(word, "tcp:", 4) != 0 && !udp)
			continue;
		ret = forward(n, word + 4, udp);
		if (ret < 0) {
			st_link_set_why("slirp: cannot forward %s: %s", word,
					strerror(-ret));
			return ret;
		}
	}
	return 0;
}

static int read_config(SlirpConfig *c, struct st_iface *i, const char *arg)
{
	char copy[256], *p = copy, *word;
	int ret;

	if (!st_text_copy(copy, sizeof(copy), arg))
		return -EINVAL;
	while ((word = strsep(&p, ","))) {
		if (!*word || !strncmp(word, "tcp:", 4) ||
		    !strncmp(word, "udp:", 4))
			continue;
		ret = configure(c, i, word);
		if (ret == 0) {
			st_link_set_why("slirp: unknown option %s", word);
			ret = -EINVAL;
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void slirp_link_close(struct st_iface *i)
{
	struct nat *n = i->priv;

	if (!n)
		return;
	st_poller_del(&n->poller);
	slirp_cleanup(n->slirp);
	st_timer_stop(&n->deliver);
	while (n->delayed) {
		struct delayed *d = n->delayed;

		n->delayed = d->next;
		free(d);
	}
	free(n);
	i->priv = NULL;
	i->carrier = false;
}

static void set_nets(SlirpConfig *c)
{
	c->version = 1;
	c->in_enabled = true;
	c->vnetwork.s_addr = htonl(0x0a000200);
	c->vnetmask.s_addr = htonl(0xffffff00);
	c->vhost.s_addr = htonl(0x0a000202);
	c->vnameserver.s_addr = htonl(0x0a000203);
	c->vdhcp_start.s_addr = htonl(0x0a00020f);
	c->in6_enabled = true;
	c->vprefix_len = 64;
	c->vprefix_addr6.s6_addr[0] = 0xfe;
	c->vprefix_addr6.s6_addr[1] = 0xc0;
	c->vhost6 = c->vnameserver6 = c->vprefix_addr6;
	c->vhost6.s6_addr[15] = 2;
	c->vnameserver6.s6_addr[15] = 3;
}

static int slirp_link_open(struct st_iface *i, const char *arg)
{
	struct nat *n;
	SlirpConfig c = { 0 };
	int ret;

	set_nets(&c);
	ret = read_config(&c, i, arg ? arg : "");
	if (ret < 0)
		return ret;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOBUFS;
	n->i = i;
	n->end = &n->delayed;
	n->deliver.fire = deliver;
	n->poller.fill = fill;
	n->poller.done = done;
	c.if_mtu = c.if_mru = (size_t)i->mtu;
	n->slirp = slirp_new(&c, &callbacks, n);
	if (!n->slirp) {
		free(n);
		return -ENOMEM;
	}
	st_poller_add(&n->poller);
	i->priv = n;
	i->carrier = true;
	ret = add_forwards(n, arg ? arg : "");
	if (ret < 0)
		slirp_link_close(i);
	return ret;
}

static int slirp_link_send(struct st_iface *i, const void *frame, size_t len)
{
	struct nat *n = i->priv;

	if (!n)
		return -ENETDOWN;
	slirp_input(n->slirp, frame, (int)len);
	return 0;
}

/*
 * Its list of connections is the only place that tells: the last column but one is
 * what it has from the stack, and the host has not taken.
 */
static bool slirp_link_is_owing(struct st_iface *i)
{
	struct nat *n = i->priv;
	char *info = n ? slirp_connection_info(n->slirp) : NULL;
	char *rest = info, *line;
	bool owing = false;

	while ((line = rest ? strsep(&rest, "\n") : NULL) && !owing) {
		char *last = strrchr(line, ' ');

		if (!last || strncmp(line, "  TCP[", 6) != 0)
			continue;
		while (last > line && last[-1] == ' ')
			last--;
		while (last > line && last[-1] != ' ')
			last--;
		owing = strtol(last, NULL, 10) > 0;
	}
	free(info);
	return owing;
}

const struct st_link_ops st_link_slirp = {
	.kind = "slirp",
	.mtu = MTU,
	.mtu_max = MTU,
	.whole = true,
	.open = slirp_link_open,
	.close = slirp_link_close,
	.send = slirp_link_send,
	.is_owing = slirp_link_is_owing,
};
