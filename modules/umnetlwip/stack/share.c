// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * share.c - who may have a port, and which of those that share one is meant
 *
 * The rules are Linux's: two sockets may have one address if both set
 * SO_REUSEADDR and, of TCP, the other does not listen; or if both set
 * SO_REUSEPORT. Linux wants one user for the latter: all of a stack have one.
 * What is left of a connection whose socket is gone (TIME-WAIT, above all) counts
 * as its socket did; its control block keeps that in bits that lwIP has no use
 * for. lwIP's own rules are off: each block has SOF_REUSEADDR.
 */
#include "share.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "iface.h"
#include "lwip/priv/tcp_priv.h"
#include "st_hooks.h"
#include "stream.h"

enum { LOW_PORT = 32768, HIGH_PORT = 60999 };
/* In so_options of a connection without a socket. */
enum { LEFT_REUSEADDR = 0x10, LEFT_REUSEPORT = 0x40 };

/* The port a socket holds, in host order; 0: none. */
static uint16_t port_of(const struct st_sock *s)
{
	return ntohs(s->local.in.sin_port);
}

/* Could a packet be for both addresses? */
static bool overlap(const ip_addr_t *a, bool a_only, const ip_addr_t *b,
		    bool b_only)
{
	if (IP_GET_TYPE(a) == IP_GET_TYPE(b))
		return ip_addr_isany(a) || ip_addr_isany(b) ||
		       ip_addr_cmp(a, b);
	/* Any of IPv6 may be any of both. */
	return (IP_IS_V6(a) && ip_addr_isany(a) && !a_only) ||
	       (IP_IS_V6(b) && ip_addr_isany(b) && !b_only);
}

static bool same_device(const struct st_sock *a, const struct st_sock *b)
{
	return !a->so.oif || !b->so.oif || a->so.oif == b->so.oif;
}

static bool may_share(const struct st_sock *s, const struct st_sock *o)
{
	return (s->so.reuseport && o->so.reuseport) ||
	       (s->so.reuseaddr && o->so.reuseaddr && !st_tcp_listens(o));
}

static bool is_taken_by(const struct st_sock *o, const struct st_sock *s,
			const ip_addr_t *ip, uint16_t port)
{
	ip_addr_t other;
	uint16_t none;

	return o != s && o->proto == s->proto && o->bound &&
	       port_of(o) == port && same_device(s, o) &&
	       st_addr_in(o, &o->local, sizeof(o->local), &other, &none) == 0 &&
	       overlap(ip, s->ip.v6only, &other, o->ip.v6only) &&
	       !may_share(s, o);
}

static bool is_left(const struct tcp_pcb *list, const struct st_sock *s,
		    const ip_addr_t *ip, uint16_t port)
{
	for (const struct tcp_pcb *p = list; p; p = p->next)
		if (!p->callback_arg && p->local_port == port &&
		    overlap(ip, s->ip.v6only, &p->local_ip, true) &&
		    !(s->so.reuseaddr && (p->so_options & LEFT_REUSEADDR)) &&
		    !(s->so.reuseport && (p->so_options & LEFT_REUSEPORT)))
			return true;
	return false;
}

static int conflict(struct st_sock *s, const ip_addr_t *ip, uint16_t port)
{
	for (struct st_sock *o = st_sock_each(NULL); o; o = st_sock_each(o))
		if (is_taken_by(o, s, ip, port))
			return -EADDRINUSE;
	if (s->proto == &st_tcp && (is_left(tcp_active_pcbs, s, ip, port) ||
				    is_left(tcp_tw_pcbs, s, ip, port)))
		return -EADDRINUSE;
	return 0;
}

/* Some may be of guests that are gone. */
static int conflict_now(struct st_sock *s, const ip_addr_t *ip, uint16_t port)
{
	int ret = conflict(s, ip, port);

	if (ret == 0)
		return 0;
	st_sock_reap(s);
	return conflict(s, ip, port);
}

int st_port_check(struct st_sock *s, const ip_addr_t *ip, uint16_t port)
{
	bool ours = ip_addr_isany(ip) || ip_addr_ismulticast(ip) ||
		    (IP_IS_V4_VAL(*ip)
			     ? st_is_local4(ip_2_ip4(ip)->addr) ||
				       st_is_broadcast4(ip_2_ip4(ip)->addr)
			     : st_is_local6(ip_2_ip6(ip)->addr));

	if (!ours && !s->ip.freebind)
		return -EADDRNOTAVAIL;
	return port ? conflict_now(s, ip, port) : 0;
}

int st_port_check_listen(struct st_sock *s)
{
	ip_addr_t ip;
	uint16_t port;
	int ret = st_addr_in(s, &s->local, sizeof(s->local), &ip, &port);

	return ret < 0 ? ret : conflict_now(s, &ip, port);
}

static bool is_free(uint16_t port)
{
	for (struct st_sock *o = st_sock_each(NULL); o; o = st_sock_each(o))
		if (o->bound && port_of(o) == port)
			return false;
	for (const struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next)
		if (p->local_port == port)
			return false;
	return true;
}

uint16_t st_port_ephemeral(void)
{
	uint32_t span = HIGH_PORT - LOW_PORT + 1;
	uint32_t first = st_random() % span;

	for (uint32_t n = 0; n < span; n++) {
		uint16_t port = (uint16_t)(LOW_PORT + (first + n) % span);

		if (is_free(port))
			return port;
	}
	return 0;
}

void st_port_leave(const struct st_sock *s, struct tcp_pcb *pcb)
{
	pcb->so_options |= (u8_t)((s->so.reuseaddr ? LEFT_REUSEADDR : 0) |
				  (s->so.reuseport ? LEFT_REUSEPORT : 0));
}

uint64_t st_flow_hash(const struct st_flow *f)
{
	struct {
		uint8_t from[16], to[16];
		uint16_t sport, dport;
	} key = { .sport = f->sport, .dport = f->dport };

	if (IP_IS_V4_VAL(f->from)) {
		memcpy(key.from, &ip_2_ip4(&f->from)->addr, 4);
		memcpy(key.to, &ip_2_ip4(&f->to)->addr, 4);
	} else {
		memcpy(key.from, ip_2_ip6(&f->from)->addr, 16);
		memcpy(key.to, ip_2_ip6(&f->to)->addr, 16);
	}
	return st_hash(&key, sizeof(key));
}

size_t st_flow_choose(const struct st_flow *f, size_t n)
{
	return (size_t)((st_flow_hash(f) >> 32) * n >> 32);
}

/*
 * RFC 6528: not to be guessed, yet later ones of the same two ends are greater;
 * so who was there before can be told from who is there now. As fast as Linux's.
 */
uint32_t st_hook_isn(const ip_addr_t *local, uint16_t lport,
		     const ip_addr_t *remote, uint16_t rport)
{
	struct st_flow f = {
		.from = *local, .to = *remote, .sport = lport, .dport = rport
	};
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint32_t)(st_flow_hash(&f) +
			  (((uint64_t)ts.tv_sec * 1000000000 +
			    (uint64_t)ts.tv_nsec) >>
			   6));
}
