// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sockopt.c - options that all sockets have: socket(7), ip(7), ipv6(7)
 *
 * Each option is a field, an int, of struct st_so or st_ipopt, found by a table;
 * few do more. Buffer sizes are doubled as the kernel's are, and only told.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stddef.h>
#include <string.h>

#include "dgram.h"
#include "iface.h"
#include "lwip/priv/tcp_priv.h"
#include "pmtu.h"
#include "stream.h"

enum kind { BOOL, INT, LOW_WATER, UNSIGNED_BYTE, BYTE_OR_DEFAULT, DISCOVER };

struct option {
	int level, name;
	enum kind kind;
	size_t offset; /* in struct st_sock */
};

#define SO(f)  offsetof(struct st_sock, so.f)
#define IPO(f) offsetof(struct st_sock, ip.f)

static const struct option options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, BOOL, SO(reuseaddr) },
	{ SOL_SOCKET, SO_REUSEPORT, BOOL, SO(reuseport) },
	{ SOL_SOCKET, SO_KEEPALIVE, BOOL, SO(keepalive) },
	{ SOL_SOCKET, SO_BROADCAST, BOOL, SO(broadcast) },
	{ SOL_SOCKET, SO_OOBINLINE, BOOL, SO(oobinline) },
	{ SOL_SOCKET, SO_TIMESTAMP, BOOL, SO(timestamp) },
	{ SOL_SOCKET, SO_TIMESTAMPNS, BOOL, SO(timestampns) },
	{ SOL_SOCKET, SO_PRIORITY, INT, SO(priority) },
	{ SOL_SOCKET, SO_MARK, INT, SO(mark) },
	{ SOL_SOCKET, SO_RCVLOWAT, LOW_WATER, SO(rcvlowat) },
	{ IPPROTO_IP, IP_TTL, BYTE_OR_DEFAULT, IPO(ttl) },
	{ IPPROTO_IP, IP_TOS, UNSIGNED_BYTE, IPO(tos) },
	{ IPPROTO_IP, IP_MULTICAST_TTL, BYTE_OR_DEFAULT, IPO(mcast_ttl) },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, BOOL, IPO(mcast_loop) },
	{ IPPROTO_IP, IP_MULTICAST_ALL, BOOL, IPO(mcast_all) },
	{ IPPROTO_IP, IP_PKTINFO, BOOL, IPO(pktinfo) },
	{ IPPROTO_IP, IP_RECVTTL, BOOL, IPO(recvttl) },
	{ IPPROTO_IP, IP_RECVTOS, BOOL, IPO(recvtos) },
	{ IPPROTO_IP, IP_RECVERR, BOOL, IPO(recverr) },
	{ IPPROTO_IP, IP_HDRINCL, BOOL, IPO(hdrincl) },
	{ IPPROTO_IP, IP_FREEBIND, BOOL, IPO(freebind) },
	{ IPPROTO_IP, IP_MTU_DISCOVER, DISCOVER, IPO(mtu_discover) },
	{ IPPROTO_IPV6, IPV6_V6ONLY, BOOL, IPO(v6only) },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, BOOL, IPO(recvpktinfo6) },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, BOOL, IPO(recvhoplimit) },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, BOOL, IPO(recvtclass) },
	{ IPPROTO_IPV6, IPV6_RECVERR, BOOL, IPO(recverr6) },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, BYTE_OR_DEFAULT, IPO(hops6) },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, BYTE_OR_DEFAULT,
	  IPO(mcast_hops6) },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, BOOL, IPO(mcast_loop) },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL, BOOL, IPO(mcast_all6) },
	{ IPPROTO_IPV6, IPV6_TCLASS, BYTE_OR_DEFAULT, IPO(tclass) },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, DISCOVER, IPO(mtu_discover6) },
	{ IPPROTO_IPV6, IPV6_DONTFRAG, BOOL, IPO(dontfrag6) },
	{ IPPROTO_IPV6, IPV6_CHECKSUM, INT, IPO(checksum6) },
	{ IPPROTO_RAW, IPV6_CHECKSUM, INT, IPO(checksum6) },
};

/* Taken, without an effect here, as they are harmless. */
static const int ignored[][2] = {
	{ SOL_SOCKET, SO_DONTROUTE },
	{ SOL_SOCKET, SO_NO_CHECK },
	{ SOL_SOCKET, SO_BUSY_POLL },
	{ SOL_SOCKET, SO_INCOMING_CPU },
	{ SOL_SOCKET, SO_RXQ_OVFL },
	{ SOL_SOCKET, SO_DEBUG },
	{ SOL_SOCKET, SO_SELECT_ERR_QUEUE },
	{ SOL_SOCKET, SO_PASSCRED },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
	{ IPPROTO_IP, IP_TRANSPARENT },
	{ IPPROTO_IP, IP_RETOPTS },
	{ IPPROTO_IP, IP_RECVOPTS },
	{ IPPROTO_IPV6, IPV6_FREEBIND },
	{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL },
	{ IPPROTO_IPV6, IPV6_RECVPATHMTU },
	{ IPPROTO_IPV6, IPV6_FLOWINFO_SEND },
};

int st_opt_int(const void *value, socklen_t len, int *out)
{
	unsigned char byte;

	if (len >= sizeof(int)) {
		memcpy(out, value, sizeof(int));
		return 0;
	}
	if (len < 1)
		return -EINVAL;
	memcpy(&byte, value, 1);
	*out = byte;
	return 0;
}

int st_opt_put(void *value, socklen_t *len, const void *what, size_t size)
{
	if (*len > size)
		*len = (socklen_t)size;
	memcpy(value, what, *len);
	return 0;
}

static const struct option *find(int level, int name)
{
	for (size_t n = 0; n < sizeof(options) / sizeof(options[0]); n++)
		if (options[n].level == level && options[n].name == name)
			return &options[n];
	return NULL;
}

static bool is_ignored(int level, int name)
{
	for (size_t n = 0; n < sizeof(ignored) / sizeof(ignored[0]); n++)
		if (ignored[n][0] == level && ignored[n][1] == name)
			return true;
	return false;
}

static int set(struct st_sock *s, const struct option *o, const void *value,
	       socklen_t len)
{
	char *at = (char *)s + o->offset;
	int v, ret = st_opt_int(value, len, &v);

	if (ret < 0)
		return ret;
	if (o->kind == BOOL) {
		*(bool *)(void *)at = v;
		return 0;
	}
	if (o->kind == UNSIGNED_BYTE)
		v &= 0xff;
	if (o->kind == LOW_WATER)
		v = v < 0 ? INT_MAX : v ? v : 1;
	if (o->kind == BYTE_OR_DEFAULT && (v < -1 || v > 255))
		return -EINVAL;
	if (o->level == IPPROTO_IP && o->name == IP_TTL && v == 0)
		return -EINVAL;
	if (o->kind == DISCOVER &&
	    (v < IP_PMTUDISC_DONT || v > IP_PMTUDISC_OMIT))
		return -EINVAL;
	*(int *)(void *)at = v;
	return 0;
}

static int default_of(const struct option *o)
{
	return o->name == IPV6_TCLASS && o->level == IPPROTO_IPV6      ? 0
	       : o->name == IP_MULTICAST_TTL && o->level == IPPROTO_IP ? 1
								       : 64;
}

static int get(const struct st_sock *s, const struct option *o, void *value,
	       socklen_t *len)
{
	const char *at = (const char *)s + o->offset;
	int v = o->kind == BOOL ? *(const bool *)(const void *)at
				: *(const int *)(const void *)at;

	if (o->kind == BYTE_OR_DEFAULT && v < 0)
		v = default_of(o);
	return st_opt_put(value, len, &v, sizeof(v));
}

/* ---- SOL_SOCKET ---- */

/* lwIP itself keeps the socket to that netif, both ways. */
void st_so_bind_device(const struct st_sock *s)
{
	struct st_iface *i = st_iface_by_index(s->so.oif);
	struct netif *nif = i ? i->nif : NULL;
	const struct st_stream *t = s->priv;
	const struct st_dgram *d = s->priv;

	if (!s->priv)
		return;
	if (s->proto == &st_tcp && t->pcb)
		tcp_bind_netif(t->pcb, nif);
	else if (s->proto == &st_udp)
		udp_bind_netif(d->udp, nif);
	else if (s->proto == &st_raw)
		raw_bind_netif(d->raw, nif);
}

static int set_device(struct st_sock *s, const char *value, socklen_t len)
{
	char name[IFNAMSIZ] = "";
	struct st_iface *i = NULL;

	memcpy(name, value, len < sizeof(name) ? len : sizeof(name) - 1);
	if (name[0]) {
		i = st_iface_by_name(name);
		if (!i)
			return -ENODEV;
	}
	s->so.oif = i ? i->index : 0;
	st_so_bind_device(s);
	return 0;
}

static int get_device(const struct st_sock *s, void *value, socklen_t *len)
{
	struct st_iface *i = st_iface_by_index(s->so.oif);

	if (!i) {
		*len = 0;
		return 0;
	}
	if (*len < IFNAMSIZ)
		return -EINVAL;
	return st_opt_put(value, len, i->name, strlen(i->name) + 1);
}

static int set_buffer(struct st_sock *s, int name, int v)
{
	int least = name == SO_SNDBUF || name == SO_SNDBUFFORCE ? 4608 : 2304;
	int size = v > 212992 ? 425984 : v * 2;

	if (size < least)
		size = least;
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE)
		s->so.sndbuf = size;
	else
		s->so.rcvbuf = size;
	return 0;
}

/* value: the instructions; see net.h */
static int attach_filter(struct st_sock *s, const void *value, socklen_t len)
{
	struct st_bpf *f;
	int ret = st_bpf_new(value, len, &f);

	if (ret < 0)
		return ret;
	st_bpf_free(s->filter);
	s->filter = f;
	return 0;
}

static int detach_filter(struct st_sock *s)
{
	if (!s->filter)
		return -ENOENT;
	st_bpf_free(s->filter);
	s->filter = NULL;
	return 0;
}

static int set_struct(struct st_sock *s, int name, const void *value,
		      socklen_t len)
{
	struct linger l;
	struct timeval tv;

	switch (name) {
	case SO_LINGER:
		if (len < sizeof(l))
			return -EINVAL;
		memcpy(&l, value, sizeof(l));
		s->so.linger_on = l.l_onoff;
		s->so.linger = l.l_linger;
		return 0;
	case SO_RCVTIMEO_OLD:
	case SO_SNDTIMEO_OLD:
		if (len < sizeof(tv))
			return -EINVAL;
		memcpy(&tv, value, sizeof(tv));
		if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
			return -EDOM;
		*(name == SO_RCVTIMEO_OLD ? &s->so.rcvtimeo : &s->so.sndtimeo) =
			tv;
		return 0;
	case SO_BINDTODEVICE:
		return set_device(s, value, len);
	case SO_ATTACH_FILTER:
		return attach_filter(s, value, len);
	case SO_DETACH_FILTER:
		return detach_filter(s);
	default:
		return -ENOPROTOOPT;
	}
}

/* What lwIP itself must know. */
static void apply(struct st_sock *s, int name)
{
	struct st_stream *t = s->priv;

	if (name == SO_KEEPALIVE && s->proto == &st_tcp && t && t->pcb) {
		if (s->so.keepalive)
			ip_set_option(t->pcb, SOF_KEEPALIVE);
		else
			ip_reset_option(t->pcb, SOF_KEEPALIVE);
	}
}

int st_so_set(struct st_sock *s, int name, const void *value, socklen_t len)
{
	const struct option *o = find(SOL_SOCKET, name);
	int v = 0, ret = set_struct(s, name, value, len);

	if (ret != -ENOPROTOOPT)
		return ret;
	/* Unlike those of IP, none is a byte. */
	ret = len < sizeof(v) ? -EINVAL : st_opt_int(value, len, &v);
	if (ret < 0)
		return ret;
	if (name == SO_SNDBUF || name == SO_RCVBUF || name == SO_SNDBUFFORCE ||
	    name == SO_RCVBUFFORCE)
		return set_buffer(s, name, v);
	if (o) {
		ret = set(s, o, value, len);
		apply(s, name);
		return ret;
	}
	return is_ignored(SOL_SOCKET, name) ? 0 : -ENOPROTOOPT;
}

static int get_int(struct st_sock *s, int name, int *out)
{
	switch (name) {
	case SO_TYPE:
		*out = s->type;
		return 0;
	case SO_DOMAIN:
		*out = s->domain;
		return 0;
	case SO_PROTOCOL:
		*out = s->protocol;
		return 0;
	case SO_ERROR:
		*out = s->error;
		s->error = 0;
		return 0;
	case SO_ACCEPTCONN:
		*out = st_tcp_listens(s);
		return 0;
	case SO_SNDBUF:
		*out = s->so.sndbuf;
		return 0;
	case SO_RCVBUF:
		*out = s->so.rcvbuf;
		return 0;
	case SO_SNDLOWAT:
		*out = 1;
		return 0;
	case SO_BPF_EXTENSIONS:
		*out = SKF_AD_MAX;
		return 0;
	default:
		*out = 0;
		return is_ignored(SOL_SOCKET, name) ? 0 : -ENOPROTOOPT;
	}
}

int st_so_get(struct st_sock *s, int name, void *value, socklen_t *len)
{
	const struct option *o = find(SOL_SOCKET, name);
	struct linger l = { s->so.linger_on, s->so.linger };
	int v, ret;

	if (o)
		return get(s, o, value, len);
	switch (name) {
	case SO_LINGER:
		return st_opt_put(value, len, &l, sizeof(l));
	case SO_RCVTIMEO_OLD:
		return st_opt_put(value, len, &s->so.rcvtimeo,
				  sizeof(struct timeval));
	case SO_SNDTIMEO_OLD:
		return st_opt_put(value, len, &s->so.sndtimeo,
				  sizeof(struct timeval));
	case SO_BINDTODEVICE:
		return get_device(s, value, len);
	default:
		break;
	}
	ret = get_int(s, name, &v);
	return ret < 0 ? ret : st_opt_put(value, len, &v, sizeof(v));
}

/* ---- IP ---- */

static int set_mcast_if4(struct st_sock *s, const void *value, socklen_t len)
{
	struct ip_mreqn r = { 0 };
	struct st_iface *i = NULL;

	if (len >= sizeof(r))
		memcpy(&r, value, sizeof(r));
	else if (len >= sizeof(struct ip_mreq))
		memcpy(&r, value, sizeof(struct ip_mreq));
	else if (len >= sizeof(struct in_addr))
		memcpy(&r.imr_address, value, sizeof(struct in_addr));
	else
		return -EINVAL;
	if (r.imr_ifindex) {
		i = st_iface_by_index(r.imr_ifindex);
		if (!i)
			return -EADDRNOTAVAIL;
	} else if (r.imr_address.s_addr != INADDR_ANY) {
		if (!st_addr4_find(r.imr_address.s_addr, &i))
			return -EADDRNOTAVAIL;
	}
	s->ip.mcast_if = i ? i->index : 0;
	s->ip.mcast_addr = r.imr_address.s_addr;
	return 0;
}

/* As Linux has it, the address in it says nothing about what is sent. */
static int set_pktinfo6(struct st_sock *s, const void *value, socklen_t len)
{
	struct in6_pktinfo info;

	if (len < sizeof(info))
		return -EINVAL;
	memcpy(&info, value, sizeof(info));
	if (s->so.oif && info.ipi6_ifindex &&
	    (int)info.ipi6_ifindex != s->so.oif)
		return -EINVAL;
	s->ip.oif6 = (int)info.ipi6_ifindex;
	return 0;
}

static int set_special(struct st_sock *s, int level, int name,
		       const void *value, socklen_t len)
{
	int v;

	if (level == IPPROTO_IP && name == IP_MULTICAST_IF)
		return set_mcast_if4(s, value, len);
	if (level == IPPROTO_IPV6 && name == IPV6_MULTICAST_IF) {
		if (st_opt_int(value, len, &v) < 0)
			return -EINVAL;
		if (v && !st_iface_by_index(v))
			return -ENODEV;
		s->ip.mcast_if = v;
		return 0;
	}
	if (level == IPPROTO_IPV6 && name == IPV6_PKTINFO)
		return set_pktinfo6(s, value, len);
	if (level == SOL_RAW && name == ICMP_FILTER) {
		if (len < sizeof(s->ip.icmp_filter))
			return -EINVAL;
		memcpy(&s->ip.icmp_filter, value, sizeof(s->ip.icmp_filter));
		return 0;
	}
	if (level == IPPROTO_ICMPV6 && name == ICMPV6_FILTER) {
		if (len < sizeof(s->ip.icmp6_filter))
			return -EINVAL;
		memcpy(s->ip.icmp6_filter, value, sizeof(s->ip.icmp6_filter));
		s->ip.has_filter6 = true;
		return 0;
	}
	return -ENOPROTOOPT;
}

int st_ipopt_set(struct st_sock *s, int level, int name, const void *value,
		 socklen_t len)
{
	const struct option *o = find(level, name);
	int ret;

	if (level == IPPROTO_IPV6 && s->domain != AF_INET6)
		return -ENOPROTOOPT;
	if (o && name == IPV6_V6ONLY && level == IPPROTO_IPV6 && s->bound)
		return -EINVAL;
	if (o)
		return set(s, o, value, len);
	ret = set_special(s, level, name, value, len);
	if (ret == -ENOPROTOOPT && is_ignored(level, name))
		return 0;
	return ret;
}

static int path_mtu(const struct st_sock *s)
{
	ip_addr_t to;
	uint16_t port;

	if (!s->connected ||
	    st_addr_in(s, &s->remote, sizeof(s->remote), &to, &port) < 0)
		return -ENOTCONN;
	return (int)st_pmtu(&to, s->so.oif);
}

int st_ipopt_get(struct st_sock *s, int level, int name, void *value,
		 socklen_t *len)
{
	const struct option *o = find(level, name);
	int v = 0;

	if (level == IPPROTO_IPV6 && s->domain != AF_INET6)
		return -ENOPROTOOPT;
	if (level == IPPROTO_TCP && s->type != SOCK_STREAM)
		return s->domain == AF_INET6 ? -ENOPROTOOPT : -EOPNOTSUPP;
	if (o)
		return get(s, o, value, len);
	if ((level == IPPROTO_IP && name == IP_MULTICAST_IF) ||
	    (level == IPPROTO_IPV6 && name == IPV6_MULTICAST_IF))
		v = level == IPPROTO_IPV6 ? s->ip.mcast_if
					  : (int)s->ip.mcast_addr;
	else if ((level == IPPROTO_IP && name == IP_MTU) ||
		 (level == IPPROTO_IPV6 && name == IPV6_MTU))
		v = path_mtu(s);
	else if (level == SOL_RAW && name == ICMP_FILTER)
		v = (int)s->ip.icmp_filter;
	else if (!is_ignored(level, name))
		return -ENOPROTOOPT;
	return v < 0 ? v : st_opt_put(value, len, &v, sizeof(v));
}
