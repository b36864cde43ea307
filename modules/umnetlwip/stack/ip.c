// SPDX-License-Identifier: GPL-2.0-or-later
/* ip.c - the heads of a packet, IPv4 or IPv6, and its checksums */
#include <netinet/in.h>
#include <time.h>

#include "ip.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "lwipopts.h"

enum { TCP_SUM = 16, UDP_SUM = 6, ICMP_SUM = 2, EXTENSIONS_MAX = 8 };

static bool parse4(uint8_t *p, size_t have, struct st_ip *out)
{
	struct iphdr h;
	size_t head;
	uint16_t off;

	if (have < sizeof(h))
		return false;
	memcpy(&h, p, sizeof(h));
	head = h.ihl * 4U;
	off = ntohs(h.frag_off);
	if (h.version != 4 || head < sizeof(h) || head > have ||
	    ntohs(h.tot_len) < head)
		return false;
	*out = (struct st_ip){ .family = AF_INET,
			       .proto = h.protocol,
			       .ttl = h.ttl,
			       .is_part = off & (IP_MF | IP_OFFMASK),
			       .is_later = off & IP_OFFMASK,
			       .no_frag = off & IP_DF,
			       .head = p,
			       .len = ntohs(h.tot_len),
			       .src = p + offsetof(struct iphdr, saddr),
			       .dst = p + offsetof(struct iphdr, daddr),
			       .addr_len = 4,
			       .l4 = p + head };
	out->l4_len = (out->len < have ? out->len : have) - head;
	return true;
}

/* One header between IPv6's and the packet's own; false: too short. */
static bool skip_extension(struct st_ip *ip)
{
	struct ip6_frag frag;
	size_t size = 8;

	if (ip->l4_len < sizeof(frag))
		return false;
	if (ip->proto == IPPROTO_FRAGMENT) {
		memcpy(&frag, ip->l4, sizeof(frag));
		ip->is_part = true;
		ip->is_later = frag.ip6f_offlg & IP6F_OFF_MASK;
	} else {
		size = (ip->l4[1] + 1U) * 8;
	}
	if (ip->l4_len < size)
		return false;
	ip->proto = ip->l4[0];
	ip->l4 += size;
	ip->l4_len -= size;
	return true;
}

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_DSTOPTS || proto == IPPROTO_FRAGMENT;
}

static bool parse6(uint8_t *p, size_t have, struct st_ip *out)
{
	struct ip6_hdr h;

	if (have < sizeof(h))
		return false;
	memcpy(&h, p, sizeof(h));
	*out = (struct st_ip){ .family = AF_INET6,
			       .proto = h.ip6_nxt,
			       .ttl = h.ip6_hlim,
			       .no_frag = true,
			       .head = p,
			       .len = sizeof(h) + ntohs(h.ip6_plen),
			       .src = p + offsetof(struct ip6_hdr, ip6_src),
			       .dst = p + offsetof(struct ip6_hdr, ip6_dst),
			       .addr_len = 16,
			       .l4 = p + sizeof(h) };
	out->l4_len = (out->len < have ? out->len : have) - sizeof(h);
	for (int n = 0; is_extension(out->proto) && !out->is_later; n++)
		if (n == EXTENSIONS_MAX || !skip_extension(out))
			return false;
	return true;
}

bool st_ip_parse(void *packet, size_t have, struct st_ip *out)
{
	uint8_t *p = packet;

	if (!have)
		return false;
	return p[0] >> 4 == 4	? parse4(p, have, out)
	       : p[0] >> 4 == 6 ? parse6(p, have, out)
				: false;
}

static bool is_icmp(const struct st_ip *ip)
{
	return ip->proto ==
	       (ip->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static bool has_ports(const struct st_ip *ip)
{
	return ip->proto == IPPROTO_TCP || ip->proto == IPPROTO_UDP;
}

/* 1: an echo's request, 2: its answer, 0: neither. */
static int echo_of(const struct st_ip *ip)
{
	bool six = ip->family == AF_INET6;
	uint8_t type;

	if (!is_icmp(ip) || ip->is_later || ip->l4_len < 8)
		return 0;
	type = ip->l4[0];
	return type == (six ? ICMP6_ECHO_REQUEST : ICMP_ECHO)	   ? 1
	       : type == (six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) ? 2
								   : 0;
}

bool st_ip_ports(const struct st_ip *ip, uint16_t *sport, uint16_t *dport)
{
	int echo = echo_of(ip);
	uint16_t id;

	*sport = *dport = 0;
	if (ip->is_later || ip->l4_len < 8)
		return false;
	if (has_ports(ip)) {
		memcpy(sport, ip->l4, 2);
		memcpy(dport, ip->l4 + 2, 2);
		return true;
	}
	memcpy(&id, ip->l4 + 4, 2);
	*(echo == 1 ? sport : dport) = echo ? id : 0;
	return echo;
}

bool st_ip_is_error(const struct st_ip *ip)
{
	uint8_t type;

	if (!is_icmp(ip) || ip->is_later || ip->l4_len < 8)
		return false;
	type = ip->l4[0];
	if (ip->family == AF_INET6)
		return type < ICMP6_ECHO_REQUEST;
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

/* ---- checksums ---- */

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* RFC 1624: what a change of an even number of bytes does to a sum. */
static void mend(uint8_t *at, const uint8_t *old, const uint8_t *new,
		 size_t len)
{
	uint16_t was, a, b;
	uint32_t sum;

	memcpy(&was, at, 2);
	sum = (uint16_t)~was;
	for (size_t n = 0; n < len; n += 2) {
		memcpy(&a, old + n, 2);
		memcpy(&b, new + n, 2);
		sum += (uint16_t)~a;
		sum += b;
	}
	was = (uint16_t)~folded(sum);
	memcpy(at, &was, 2);
}

static size_t sum_offset(const struct st_ip *ip)
{
	return ip->proto == IPPROTO_TCP	  ? TCP_SUM
	       : ip->proto == IPPROTO_UDP ? UDP_SUM
	       : is_icmp(ip)		  ? ICMP_SUM
					  : 0;
}

/* Where the packet's own checksum is, or NULL. */
static uint8_t *sum_of(const struct st_ip *ip)
{
	size_t at = sum_offset(ip);

	return !at || ip->is_later || ip->l4_len < at + 2 ? NULL : ip->l4 + at;
}

/* UDP: 0 says that there is none. */
static void mend_l4(const struct st_ip *ip, const uint8_t *old,
		    const uint8_t *new, size_t len)
{
	static const uint8_t ones[2] = { 0xff, 0xff };
	uint8_t *sum = sum_of(ip);

	if (!sum)
		return;
	if (ip->proto != IPPROTO_UDP) {
		mend(sum, old, new, len);
	} else if (sum[0] || sum[1]) {
		mend(sum, old, new, len);
		if (!sum[0] && !sum[1])
			memcpy(sum, ones, 2);
	}
}

void st_ip_set_addr(const struct st_ip *ip, bool dst, const uint8_t *addr)
{
	uint8_t *at = dst ? ip->dst : ip->src;

	if (ip->family == AF_INET)
		mend(ip->head + offsetof(struct iphdr, check), at, addr, 4);
	/* ICMP's has no addresses in it, ICMPv6's has. */
	if (ip->proto != IPPROTO_ICMP)
		mend_l4(ip, at, addr, ip->addr_len);
	memcpy(at, addr, ip->addr_len);
}

void st_ip_set_port(const struct st_ip *ip, bool dst, uint16_t port)
{
	uint8_t *at = ip->l4 + (echo_of(ip) ? 4 : dst ? 2 : 0);
	uint8_t new[2];

	/* An echo has one id, that of who asked. */
	if ((!has_ports(ip) && echo_of(ip) != (dst ? 2 : 1)) || ip->is_later ||
	    ip->l4_len < 8)
		return;
	memcpy(new, &port, 2);
	mend_l4(ip, at, new, 2);
	memcpy(at, new, 2);
}

void st_ip_set_df(const struct st_ip *ip)
{
	uint8_t *at = ip->head + offsetof(struct iphdr, frag_off);
	uint8_t new[2] = { at[0] | IP_DF >> 8, at[1] };

	mend(ip->head + offsetof(struct iphdr, check), at, new, 2);
	memcpy(at, new, 2);
}

void st_ip_set_ttl(const struct st_ip *ip, uint8_t ttl)
{
	size_t at = offsetof(struct iphdr, ttl);
	uint8_t new[2];

	if (ip->family == AF_INET6) {
		ip->head[offsetof(struct ip6_hdr, ip6_hlim)] = ttl;
		return;
	}
	new[0] = ttl;
	new[1] = ip->head[at + 1];
	mend(ip->head + offsetof(struct iphdr, check), ip->head + at, new, 2);
	ip->head[at] = ttl;
}

/* The sum of a pseudo header: addresses, length and protocol. */
static uint32_t pseudo(const struct st_ip *ip, size_t len)
{
	if (ip->proto == IPPROTO_ICMP)
		return 0;
	return (uint32_t)st_chksum(ip->src, (int)(2 * ip->addr_len)) +
	       htons(ip->proto) + htons((uint16_t)len);
}

void st_ip_fill_checksums(const struct st_ip *ip)
{
	uint8_t *sum = sum_of(ip);
	size_t len = ip->len - (size_t)(ip->l4 - ip->head);
	uint16_t v;

	if (ip->family == AF_INET) {
		uint8_t *at = ip->head + offsetof(struct iphdr, check);

		memset(at, 0, 2);
		v = (uint16_t)~st_chksum(ip->head, (int)(ip->l4 - ip->head));
		memcpy(at, &v, 2);
	}
	/* A piece of a packet has none that could be told from it. */
	if (!sum || ip->is_part || len > ip->l4_len)
		return;
	memset(sum, 0, 2);
	v = folded(pseudo(ip, len) + st_chksum(ip->l4, (int)len));
	/* UDP: 0 would say that there is none. */
	if (ip->proto != IPPROTO_UDP || v != 0xffff)
		v = (uint16_t)~v;
	memcpy(sum, &v, 2);
}
