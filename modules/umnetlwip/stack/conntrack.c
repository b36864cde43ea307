// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conntrack.c - connections that packets belong to
 *
 * One hash table has each connection twice, by both its tuples. Times to live
 * are the kernel's. One timer looks for those that are over, and is set only
 * while there are any; the table is bounded (ST_CONN_MAX): where it is full, a
 * connection that nobody answered gives way, else the new one is refused.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "st_hooks.h"

enum { BUCKETS = 4096, EVICT_BUCKETS = 64 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

/* Seconds that a connection lives on without a packet. */
enum {
	LIFE_SYN = 120,
	LIFE_SYN_ACK = 60,
	LIFE_OPEN = 432000,
	LIFE_CLOSING = 120,
	LIFE_RESET = 10,
	LIFE_UDP = 30,
	LIFE_UDP_STREAM = 120,
	LIFE_ICMP = 30,
	LIFE_OTHER = 600,
	/* least time between two looks for what is over */
	SWEEP = 5,
};

static struct st_conn *table[BUCKETS];
static size_t count;
static uint32_t seed;

static void sweep(struct st_timer *t);
static struct st_timer sweeper = { .fire = sweep };

size_t st_conn_count(void)
{
	return count;
}

static size_t hash(const struct st_tuple *t)
{
	const uint8_t *p = (const uint8_t *)t;
	uint32_t h;

	if (!seed)
		seed = st_random() | 1;
	h = seed;
	for (size_t n = 0; n < sizeof(*t); n++)
		h = (h ^ p[n]) * 16777619U;
	return (h ^ h >> 15) % BUCKETS;
}

static bool same(const struct st_tuple *a, const struct st_tuple *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void reverse(const struct st_tuple *t, struct st_tuple *out)
{
	*out = *t;
	out->sport = t->dport;
	out->dport = t->sport;
	memcpy(out->src, t->dst, sizeof(out->src));
	memcpy(out->dst, t->src, sizeof(out->dst));
}

/* ---- the table ---- */

static struct st_conn *find(const struct st_tuple *t, int *dir)
{
	struct st_conn *c = table[hash(t)];

	while (c) {
		*dir = same(&c->tuple[1], t);
		if (*dir || same(&c->tuple[0], t))
			return c;
		/* It is in this chain by one of its tuples, or by both. */
		c = hash(&c->tuple[0]) == hash(t) ? c->next[0] : c->next[1];
	}
	return NULL;
}

static void link_in(struct st_conn *c, int dir)
{
	size_t n = hash(&c->tuple[dir]);

	/* Both in one chain: once is enough. */
	if (dir && n == hash(&c->tuple[0]))
		return;
	c->next[dir] = table[n];
	table[n] = c;
}

static void link_out(struct st_conn *c, int dir)
{
	size_t n = hash(&c->tuple[dir]);
	struct st_conn **p = &table[n];

	if (dir && n == hash(&c->tuple[0]))
		return;
	while (*p && *p != c)
		p = &(*p)->next[hash(&(*p)->tuple[0]) != n];
	if (*p)
		*p = c->next[dir];
}

static void remove_conn(struct st_conn *c)
{
	link_out(c, 0);
	link_out(c, 1);
	count--;
	free(c);
}

/*
 * Remove what `over` says of each; the next in a chain is looked up first, as
 * removal takes a connection out of two chains.
 */
static void remove_if(bool (*over)(const struct st_conn *c, uint64_t arg),
		      uint64_t arg)
{
	for (size_t n = 0; n < BUCKETS && count; n++)
		for (struct st_conn *c = table[n], *next; c; c = next) {
			next = c->next[hash(&c->tuple[0]) != n];
			if (over(c, arg))
				remove_conn(c);
		}
}

static bool is_over(const struct st_conn *c, uint64_t now)
{
	return c->expires <= now;
}

/* Looks again when the first of those that are left may be over. */
static void sweep(struct st_timer *t)
{
	uint64_t now = st_now_ms(), first = UINT64_MAX, wait;

	remove_if(is_over, now);
	for (size_t n = 0; n < BUCKETS && count; n++)
		for (struct st_conn *c = table[n]; c;
		     c = c->next[hash(&c->tuple[0]) != n])
			if (c->expires < first)
				first = c->expires;
	if (!count)
		return;
	wait = first - now;
	st_timer_set(t, wait < SWEEP * 1000 ? SWEEP * 1000 : wait);
}

/* One that nobody answered, from some place of the table, goes. */
static bool evict(void)
{
	size_t from = st_random() % BUCKETS;

	for (size_t n = 0; n < EVICT_BUCKETS; n++) {
		size_t at = (from + n) % BUCKETS;

		for (struct st_conn *c = table[at]; c;
		     c = c->next[hash(&c->tuple[0]) != at])
			if (!c->replied || is_over(c, st_now_ms())) {
				remove_conn(c);
				return true;
			}
	}
	return false;
}

static bool is_any(const struct st_conn *c, uint64_t arg)
{
	(void)c;
	(void)arg;
	return true;
}

void st_conn_flush(void)
{
	remove_if(is_any, 0);
}

static bool is_masqueraded(const struct st_conn *c, uint64_t ifindex)
{
	return c->masqueraded && c->masqueraded == (int)ifindex;
}

void st_conn_flush_masqueraded(int ifindex)
{
	remove_if(is_masqueraded, (uint64_t)ifindex);
}

/* ---- packets ---- */

static uint8_t tcp_flags(const struct st_ip *ip)
{
	return ip->proto == IPPROTO_TCP && ip->l4_len > 13 ? ip->l4[13] : 0;
}

static uint64_t life(const struct st_conn *c)
{
	switch (c->tuple[0].proto) {
	case IPPROTO_TCP:
		return c->rst			? LIFE_RESET
		       : c->fin[0] || c->fin[1] ? LIFE_CLOSING
		       : c->open		? LIFE_OPEN
		       : c->replied		? LIFE_SYN_ACK
						: LIFE_SYN;
	case IPPROTO_UDP:
		return c->replied ? LIFE_UDP_STREAM : LIFE_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return LIFE_ICMP;
	default:
		return LIFE_OTHER;
	}
}

static void touch(struct st_conn *c, const struct st_ip *ip, int dir)
{
	uint8_t flags = tcp_flags(ip);

	c->packets[dir]++;
	if (dir)
		c->replied = true;
	if (flags & TCP_RST)
		c->rst = true;
	if (flags & TCP_FIN)
		c->fin[dir] = true;
	if (c->replied && !dir && (flags & TCP_ACK) && !(flags & TCP_SYN))
		c->open = true;
	c->expires = st_now_ms() + life(c) * 1000;
}

static void tuple_of(const struct st_ip *ip, struct st_tuple *out)
{
	memset(out, 0, sizeof(*out));
	out->family = (uint8_t)ip->family;
	out->proto = ip->proto;
	memcpy(out->src, ip->src, ip->addr_len);
	memcpy(out->dst, ip->dst, ip->addr_len);
	st_ip_ports(ip, &out->sport, &out->dport);
}

static bool is_icmp(const struct st_ip *ip)
{
	return ip->proto ==
	       (ip->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* May a packet without a connection begin one? */
static bool begins(const struct st_ip *ip)
{
	if (ip->is_later)
		return false;
	if (is_icmp(ip))
		return ip->l4_len >= 8 &&
		       ip->l4[0] == (ip->family == AF_INET6 ? ICMP6_ECHO_REQUEST
							    : ICMP_ECHO);
	if (ip->proto == IPPROTO_TCP)
		return ip->l4_len >= 20 && !(tcp_flags(ip) & TCP_RST);
	return ip->proto != IPPROTO_UDP || ip->l4_len >= 8;
}

/* The packet that an ICMP error is about, as it was where that was made. */
static bool embedded(const struct st_ip *ip, struct st_ip *out)
{
	return ip->l4_len > 8 && st_ip_parse(ip->l4 + 8, ip->l4_len - 8, out) &&
	       out->family == ip->family && !st_ip_is_error(out);
}

static void track_error(const struct st_ip *ip, struct st_track *out)
{
	struct st_tuple inner, t;
	struct st_ip about;

	if (!embedded(ip, &about))
		return;
	tuple_of(&about, &inner);
	reverse(&inner, &t);
	out->conn = find(&t, &out->dir);
	if (out->conn)
		out->state = ST_CT_RELATED;
}

/* Neighbour discovery and what goes to groups have no connections. */
static bool is_untracked(const struct st_ip *ip)
{
	if (ip->family == AF_INET)
		return ip->dst[0] >> 4 == 14 ||
		       !memcmp(ip->dst, "\xff\xff\xff\xff", 4);
	return ip->dst[0] == 0xff ||
	       (ip->proto == IPPROTO_ICMPV6 && !ip->is_later &&
		ip->l4_len >= 1 && ip->l4[0] >= ND_ROUTER_SOLICIT &&
		ip->l4[0] <= ND_REDIRECT);
}

static struct st_conn *begin(const struct st_tuple *t)
{
	struct st_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->tuple[0] = *t;
	reverse(t, &c->tuple[1]);
	return c;
}

void st_conn_track(const struct st_ip *ip, struct st_track *out)
{
	struct st_tuple t;

	*out = (struct st_track){ .state = ST_CT_INVALID };
	if (is_untracked(ip)) {
		out->state = ST_CT_UNTRACKED;
		return;
	}
	if (st_ip_is_error(ip)) {
		track_error(ip, out);
		return;
	}
	tuple_of(ip, &t);
	out->conn = find(&t, &out->dir);
	if (out->conn && is_over(out->conn, st_now_ms())) {
		remove_conn(out->conn);
		out->conn = NULL;
	}
	if (out->conn) {
		touch(out->conn, ip, out->dir);
		out->state = out->conn->replied ? ST_CT_ESTABLISHED : ST_CT_NEW;
		return;
	}
	out->dir = 0;
	if (!begins(ip))
		return;
	out->conn = begin(&t);
	if (out->conn)
		out->state = ST_CT_NEW;
}

int st_conn_confirm(struct st_conn *c, const struct st_ip *ip, int dir)
{
	int other;

	if (c->confirmed)
		return 0;
	if (find(&c->tuple[0], &other) || find(&c->tuple[1], &other))
		return -EEXIST;
	if (count >= ST_CONN_MAX && !evict())
		return -ENOBUFS;
	c->confirmed = true;
	count++;
	link_in(c, 0);
	link_in(c, 1);
	touch(c, ip, dir);
	if (!sweeper.armed)
		st_timer_set(&sweeper, SWEEP * 1000);
	return 0;
}

void st_conn_forget(struct st_conn *c)
{
	if (c && !c->confirmed)
		free(c);
}

/* ---- NAT ---- */

/*
 * A port for the reply's tuple, so that no other connection has it: the one that
 * there is, if it may be, else some other of the range.
 */
static int choose_port(struct st_tuple *reply, uint16_t *port,
		       const struct st_nat_to *to)
{
	uint32_t low = to->port ? to->port : 1024;
	uint32_t high = to->port ? to->port_end : 65535;
	uint32_t now = ntohs(*port), span = high - low + 1, from;
	int dir;

	if ((!to->port || (now >= low && now <= high)) && !find(reply, &dir))
		return 0;
	from = st_random() % span;
	for (uint32_t n = 0; n < span; n++) {
		*port = htons((uint16_t)(low + (from + n) % span));
		if (!find(reply, &dir))
			return 0;
	}
	return -EADDRINUSE;
}

static bool has_ports(const struct st_tuple *t)
{
	return t->proto == IPPROTO_TCP || t->proto == IPPROTO_UDP;
}

int st_conn_nat(struct st_conn *c, bool dst, const struct st_nat_to *to)
{
	struct st_tuple *reply = &c->tuple[1];
	struct st_tuple was = *reply;
	int dir, ret = 0;

	if (c->confirmed || c->nat[dst])
		return 0;
	if (to->has_addr)
		memcpy(dst ? reply->src : reply->dst, to->addr, 16);
	if (dst && to->port && has_ports(reply))
		reply->sport = htons(to->port);
	else if (!dst && (has_ports(reply) || reply->dport))
		ret = choose_port(reply, &reply->dport, to);
	else if (find(reply, &dir))
		ret = -EADDRINUSE;
	if (ret < 0)
		*reply = was;
	else
		c->nat[dst] = true;
	return ret;
}

/* The packet within an error is what its sender sent: the other way round. */
static void translate_error(const struct st_track *t, const struct st_ip *ip)
{
	const struct st_tuple *sent = &t->conn->tuple[!t->dir];
	const struct st_tuple *seen = &t->conn->tuple[t->dir];
	struct st_ip in;

	if (!embedded(ip, &in))
		return;
	/* Its own sums are parts of packets; the outer one is made anew. */
	st_ip_set_addr(&in, false, sent->src);
	st_ip_set_addr(&in, true, sent->dst);
	st_ip_set_port(&in, false, sent->sport);
	st_ip_set_port(&in, true, sent->dport);
	if (memcmp(seen->dst, sent->src, 16) != 0)
		st_ip_set_addr(ip, true, sent->src);
	if (memcmp(seen->src, sent->dst, 16) != 0)
		st_ip_set_addr(ip, false, sent->dst);
	st_ip_fill_checksums(ip);
}

void st_conn_translate(const struct st_track *t, const struct st_ip *ip,
		       bool dst)
{
	const struct st_tuple *other;

	if (!t->conn || (!t->conn->nat[0] && !t->conn->nat[1]))
		return;
	if (t->state == ST_CT_RELATED) {
		/* All at once, before the way is looked for. */
		if (dst)
			translate_error(t, ip);
		return;
	}
	other = &t->conn->tuple[!t->dir];
	if (dst) {
		if (memcmp(ip->dst, other->src, ip->addr_len) != 0)
			st_ip_set_addr(ip, true, other->src);
		st_ip_set_port(ip, true, other->sport);
	} else {
		if (memcmp(ip->src, other->dst, ip->addr_len) != 0)
			st_ip_set_addr(ip, false, other->dst);
		st_ip_set_port(ip, false, other->dport);
	}
}

/* ---- to be read ---- */

static void print_tuple(FILE *f, const struct st_tuple *t)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	inet_ntop(t->family, t->src, src, sizeof(src));
	inet_ntop(t->family, t->dst, dst, sizeof(dst));
	fprintf(f, "src=%s dst=%s ", src, dst);
	if (has_ports(t))
		fprintf(f, "sport=%u dport=%u ", ntohs(t->sport),
			ntohs(t->dport));
	else if (t->sport || t->dport)
		fprintf(f, "id=%u ", ntohs(t->sport ? t->sport : t->dport));
}

static const char *proto_name(uint8_t proto)
{
	return proto == IPPROTO_TCP	 ? "tcp"
	       : proto == IPPROTO_UDP	 ? "udp"
	       : proto == IPPROTO_ICMP	 ? "icmp"
	       : proto == IPPROTO_ICMPV6 ? "icmpv6"
					 : "unknown";
}

static const char *tcp_state(const struct st_conn *c)
{
	return c->tuple[0].proto != IPPROTO_TCP ? ""
	       : c->rst				? "CLOSE "
	       : c->fin[0] && c->fin[1]		? "TIME_WAIT "
	       : c->fin[0] || c->fin[1]		? "FIN_WAIT "
	       : c->open			? "ESTABLISHED "
	       : c->replied			? "SYN_RECV "
						: "SYN_SENT ";
}

static void print(FILE *f, const struct st_conn *c, uint64_t now)
{
	const struct st_tuple *t = &c->tuple[0];

	fprintf(f, "%-8s %u %-8s %u %llu %s",
		t->family == AF_INET ? "ipv4" : "ipv6",
		t->family == AF_INET ? 2U : 10U, proto_name(t->proto), t->proto,
		(unsigned long long)(c->expires - now) / 1000, tcp_state(c));
	print_tuple(f, t);
	if (!c->replied)
		fputs("[UNREPLIED] ", f);
	print_tuple(f, &c->tuple[1]);
	if (c->replied)
		fputs("[ASSURED] ", f);
	fputs("mark=0 use=1\n", f);
}

void st_conn_print(FILE *f)
{
	uint64_t now = st_now_ms();

	remove_if(is_over, now);
	for (size_t n = 0; n < BUCKETS; n++)
		for (struct st_conn *c = table[n]; c;
		     c = c->next[hash(&c->tuple[0]) != n])
			if (hash(&c->tuple[0]) == n)
				print(f, c, now);
}
