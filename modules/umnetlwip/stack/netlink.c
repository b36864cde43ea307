// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netlink.c - AF_NETLINK sockets: NETLINK_ROUTE and NETLINK_SOCK_DIAG
 *
 * A packet of the guest holds one or more requests. Each is given to the handler of
 * its kind (nl*.c); what that built, an acknowledgement or an error follow. What
 * the guest's queue has no room for waits here, so that a dump is never cut.
 * netlink(7), Documentation/userspace-api/netlink/intro.rst of the kernel.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dgram.h"
#include "nl.h"
#include "sock.h"

enum { CHUNK = 8192, QUEUE_MAX = 4 << 20 };

/* Messages that wait, packet by packet. */
struct packet {
	struct packet *next;
	uint32_t group;
	size_t len;
	uint8_t data[];
};

struct nlsock {
	uint32_t portid, groups;
	bool capped, extended, pktinfo, strict, noenobufs, lost;
	struct packet *queue, **end;
	size_t queued;
};

static const char *reason;

void st_nl_because(const char *why)
{
	reason = why;
}

/* ---- out ---- */

static bool transmit(struct st_sock *s, uint32_t group, const void *data,
		     size_t len)
{
	struct nlsock *n = s->priv;
	struct um_net_head head = { .namelen = sizeof(struct sockaddr_nl) };
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	uint8_t control[CMSG_SPACE(sizeof(struct nl_pktinfo))]
		__attribute__((aligned(8))) = { 0 };
	struct cmsghdr *c = (void *)control;
	struct nl_pktinfo info = { group };

	from.nl_groups = group ? 1U << (group - 1) : 0;
	memcpy(head.name, &from, sizeof(from));
	if (n->pktinfo) {
		c->cmsg_level = SOL_NETLINK;
		c->cmsg_type = NETLINK_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		head.controllen = sizeof(control);
	}
	return st_sock_give(s, &head, control, data, len);
}

static void flush(struct st_sock *s)
{
	struct nlsock *n = s->priv;

	while (n->queue &&
	       transmit(s, n->queue->group, n->queue->data, n->queue->len)) {
		struct packet *p = n->queue;

		n->queue = p->next;
		n->queued -= p->len;
		free(p);
	}
	if (!n->queue)
		n->end = &n->queue;
	st_watch_set(&s->watch, EPOLLIN | EPOLLRDHUP |
					(n->queue ? (uint32_t)EPOLLOUT : 0));
}

static void queue(struct st_sock *s, uint32_t group, const void *data,
		  size_t len)
{
	struct nlsock *n = s->priv;
	struct packet *p;

	if (!n->queue && transmit(s, group, data, len))
		return;
	p = n->queued + len <= QUEUE_MAX ? malloc(sizeof(*p) + len) : NULL;
	if (!p) {
		/* Whoever listens to groups and does not read is told so. */
		n->lost = !n->noenobufs;
		return;
	}
	p->next = NULL;
	p->group = group;
	p->len = len;
	memcpy(p->data, data, len);
	*n->end = p;
	n->end = &p->next;
	n->queued += len;
	flush(s);
}

/* Whole messages, as many in a packet as fit CHUNK. */
static void send_all(struct st_sock *s, const struct st_nl_out *o)
{
	size_t from = 0, at = 0;

	while (at < o->len) {
		struct nlmsghdr h;
		size_t len;

		memcpy(&h, o->data + at, sizeof(h));
		len = NLMSG_ALIGN(h.nlmsg_len);
		if (at > from && at + len - from > CHUNK) {
			queue(s, 0, o->data + from, at - from);
			from = at;
		}
		at += len;
	}
	if (at > from)
		queue(s, 0, o->data + from, at - from);
}

static void add_error(struct st_sock *s, struct st_nl_out *o,
		      const struct nlmsghdr *h, int err)
{
	struct nlsock *n = s->priv;
	bool text = n->extended && reason && err;
	size_t echoed = err && !n->capped ? h->nlmsg_len - sizeof(*h) : 0;
	int flags = (!err || n->capped ? NLM_F_CAPPED : 0) |
		    (text ? NLM_F_ACK_TLVS : 0);
	struct nlmsgerr *e =
		st_nl_begin(o, h, NLMSG_ERROR, flags, sizeof(*e) + echoed);

	if (!e)
		return;
	e->error = err;
	memcpy(&e->msg, h, sizeof(*h) + echoed);
	if (text)
		st_nl_attr_str(o, NLMSGERR_ATTR_MSG, reason);
	st_nl_end(o);
}

static void add_done(struct st_nl_out *o, const struct nlmsghdr *h, int ret)
{
	int *p = st_nl_begin(o, h, NLMSG_DONE, NLM_F_MULTI, sizeof(int));

	if (p)
		*p = ret;
	st_nl_end(o);
}

/* ---- requests ---- */

static const struct {
	int protocol, first, last; /* types */
	st_nl_handler handle;
} handlers[] = {
	{ NETLINK_ROUTE, RTM_NEWLINK, RTM_SETLINK, st_nl_link },
	{ NETLINK_ROUTE, RTM_NEWADDR, RTM_GETADDR, st_nl_addr },
	{ NETLINK_ROUTE, RTM_NEWROUTE, RTM_GETROUTE, st_nl_route },
	{ NETLINK_ROUTE, RTM_NEWNEIGH, RTM_GETNEIGH, st_nl_neigh },
	{ NETLINK_ROUTE, RTM_NEWRULE, RTM_GETRULE, st_nl_rule },
	{ NETLINK_SOCK_DIAG, 20, 20, st_nl_diag }, /* SOCK_DIAG_BY_FAMILY */
	{ NETLINK_SOCK_DIAG, 18, 19, st_nl_diag }, /* TCPDIAG_GETSOCK, DCCP */
};

/* Dumps of what there is none of here: an empty answer. */
static bool is_empty_dump(const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_GETQDISC:
	case RTM_GETTCLASS:
	case RTM_GETTFILTER:
	case RTM_GETNEIGHTBL:
	case RTM_GETADDRLABEL:
	case RTM_GETMDB:
	case RTM_GETNETCONF:
	case RTM_GETNSID:
	case RTM_GETSTATS:
	case RTM_GETNEXTHOP:
	case RTM_GETMULTICAST:
	case RTM_GETANYCAST:
		return (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	default:
		return false;
	}
}

static int handle(struct st_sock *s, const struct nlmsghdr *h,
		  struct st_nl_out *o)
{
	for (size_t n = 0; n < sizeof(handlers) / sizeof(handlers[0]); n++)
		if (s->protocol == handlers[n].protocol &&
		    h->nlmsg_type >= handlers[n].first &&
		    h->nlmsg_type <= handlers[n].last)
			return handlers[n].handle(h, o);
	if (s->protocol == NETLINK_ROUTE && is_empty_dump(h))
		return 0;
	return -EOPNOTSUPP;
}

/* The bits of a dump mean other things in what makes and removes. */
static bool is_get(const struct st_sock *s, const struct nlmsghdr *h)
{
	return s->protocol != NETLINK_ROUTE ||
	       ((h->nlmsg_type - RTM_BASE) & 3) == 2;
}

static void one_request(struct st_sock *s, const struct nlmsghdr *h)
{
	struct st_nl_out o = { 0 };
	bool dump = is_get(s, h) && (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int ret;

	reason = NULL;
	if (!(h->nlmsg_flags & NLM_F_REQUEST) || h->nlmsg_type < NLMSG_MIN_TYPE)
		ret = 0;
	else
		ret = handle(s, h, &o);
	if (o.failed)
		ret = -ENOBUFS;
	if (ret < 0) {
		o.len = 0;
		add_error(s, &o, h, ret);
	} else if (dump && h->nlmsg_type >= NLMSG_MIN_TYPE) {
		add_done(&o, h, 0);
	} else if (h->nlmsg_flags & NLM_F_ACK) {
		add_error(s, &o, h, 0);
	}
	send_all(s, &o);
	free(o.data);
}

static uint32_t new_portid(const struct st_sock *own, uint32_t wanted)
{
	uint32_t id = wanted;

again:
	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s))
		if (s != own && s->proto == &st_netlink && s->priv &&
		    s->protocol == own->protocol &&
		    ((struct nlsock *)s->priv)->portid == id) {
			id = 0x80000000U | st_random();
			goto again;
		}
	return id;
}

static ssize_t nl_send(struct st_sock *s, const struct st_dest *to,
		       const void *data, size_t len, int flags)
{
	struct nlsock *n = s->priv;
	const struct sockaddr_nl *name = (const void *)&to->addr;
	const uint8_t *p = data;
	size_t left = len;

	(void)flags;
	if (to->has_addr) {
		if (to->addrlen < sizeof(*name) ||
		    name->nl_family != AF_NETLINK)
			return -EINVAL;
		/* To others of the view: nobody does. */
		if (name->nl_pid)
			return -ECONNREFUSED;
	}
	if (!n->portid)
		n->portid = new_portid(s, s->pid);
	while (left >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h, *own;
		size_t padded;

		memcpy(&h, p, sizeof(h));
		padded = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > left)
			break;
		/* Answers go to the socket's port, whatever the request says. */
		own = malloc(h.nlmsg_len);
		if (!own)
			return -ENOBUFS;
		memcpy(own, p, h.nlmsg_len);
		own->nlmsg_pid = n->portid;
		one_request(s, own);
		free(own);
		if (padded >= left)
			break;
		p += padded;
		left -= padded;
	}
	return (ssize_t)len;
}

/* ---- groups ---- */

void st_nl_tell(int group, struct st_nl_out *o)
{
	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s)) {
		struct nlsock *n = s->priv;

		if (s->proto == &st_netlink && n &&
		    s->protocol == NETLINK_ROUTE &&
		    (n->groups >> (group - 1) & 1) && !o->failed)
			queue(s, (uint32_t)group, o->data, o->len);
	}
	free(o->data);
	*o = (struct st_nl_out){ 0 };
}

/* ---- the socket ---- */

static int nl_init(struct st_sock *s)
{
	struct nlsock *n;

	if (s->protocol != NETLINK_ROUTE && s->protocol != NETLINK_SOCK_DIAG)
		return -EPROTONOSUPPORT;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOBUFS;
	n->end = &n->queue;
	s->priv = n;
	return 0;
}

static void nl_ready(struct st_sock *s, uint32_t events)
{
	if (events & EPOLLOUT)
		flush(s);
	st_dgram_ready(s, events);
}

static int nl_bind(struct st_sock *s, const union st_sockaddr *addr,
		   socklen_t len)
{
	struct nlsock *n = s->priv;
	const struct sockaddr_nl *name = (const void *)addr;
	uint32_t id;

	if (len < sizeof(*name) || name->nl_family != AF_NETLINK)
		return -EINVAL;
	if (n->portid && name->nl_pid && name->nl_pid != n->portid)
		return -EINVAL;
	if (!n->portid) {
		id = new_portid(s, name->nl_pid ? name->nl_pid : s->pid);
		if (name->nl_pid && id != name->nl_pid)
			return -EADDRINUSE;
		n->portid = id;
	}
	n->groups = name->nl_groups;
	s->bound = true;
	return 0;
}

static int nl_connect(struct st_sock *s, const union st_sockaddr *addr,
		      socklen_t len, int fd, uint32_t tag)
{
	const struct sockaddr_nl *name = (const void *)addr;

	(void)fd;
	(void)tag;
	if (len >= sizeof(sa_family_t) && addr->sa.sa_family == AF_UNSPEC) {
		s->connected = false;
		return 0;
	}
	if (len < sizeof(*name) || name->nl_family != AF_NETLINK)
		return -EINVAL;
	if (name->nl_pid)
		return -ECONNREFUSED;
	s->remote = *addr;
	s->connected = true;
	return 0;
}

static int nl_sockname(struct st_sock *s, union st_sockaddr *out,
		       socklen_t *len)
{
	struct nlsock *n = s->priv;
	struct sockaddr_nl name = { .nl_family = AF_NETLINK,
				    .nl_pid = n->portid,
				    .nl_groups = n->groups };

	memcpy(out, &name, sizeof(name));
	*len = sizeof(name);
	return 0;
}

static int nl_peername(struct st_sock *s, union st_sockaddr *out,
		       socklen_t *len)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };

	(void)s;
	memcpy(out, &name, sizeof(name));
	*len = sizeof(name);
	return 0;
}

static int nl_setopt(struct st_sock *s, int level, int name, const void *value,
		     socklen_t len)
{
	struct nlsock *n = s->priv;
	int v, ret = st_opt_int(value, len, &v);

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (ret < 0)
		return ret;
	switch (name) {
	case NETLINK_ADD_MEMBERSHIP:
	case NETLINK_DROP_MEMBERSHIP:
		if (v < 1)
			return -EINVAL;
		if (v > 32)
			return 0; /* groups of which nothing is ever told */
		if (name == NETLINK_ADD_MEMBERSHIP)
			n->groups |= 1U << (v - 1);
		else
			n->groups &= ~(1U << (v - 1));
		return 0;
	case NETLINK_PKTINFO:
		n->pktinfo = v;
		return 0;
	case NETLINK_CAP_ACK:
		n->capped = v;
		return 0;
	case NETLINK_EXT_ACK:
		n->extended = v;
		return 0;
	case NETLINK_GET_STRICT_CHK:
		n->strict = v;
		return 0;
	case NETLINK_NO_ENOBUFS:
		n->noenobufs = v;
		return 0;
	case NETLINK_BROADCAST_ERROR:
	case NETLINK_LISTEN_ALL_NSID:
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int nl_getopt(struct st_sock *s, int level, int name, void *value,
		     socklen_t *len)
{
	struct nlsock *n = s->priv;
	int v;

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	switch (name) {
	case NETLINK_PKTINFO:
		v = n->pktinfo;
		break;
	case NETLINK_CAP_ACK:
		v = n->capped;
		break;
	case NETLINK_EXT_ACK:
		v = n->extended;
		break;
	case NETLINK_GET_STRICT_CHK:
		v = n->strict;
		break;
	case NETLINK_NO_ENOBUFS:
		v = n->noenobufs;
		break;
	case NETLINK_LIST_MEMBERSHIPS:
		return st_opt_put(value, len, &n->groups, sizeof(n->groups));
	default:
		return -ENOPROTOOPT;
	}
	return st_opt_put(value, len, &v, sizeof(v));
}

static bool nl_release(struct st_sock *s)
{
	struct nlsock *n = s->priv;

	while (n->queue) {
		struct packet *p = n->queue;

		n->queue = p->next;
		free(p);
	}
	free(n);
	s->priv = NULL;
	return false;
}

const struct st_proto st_netlink = {
	.init = nl_init,
	.ready = nl_ready,
	.bind = nl_bind,
	.connect = nl_connect,
	.send = nl_send,
	.sockname = nl_sockname,
	.peername = nl_peername,
	.setopt = nl_setopt,
	.getopt = nl_getopt,
	.ioctl = st_ioctl,
	.release = nl_release,
};
