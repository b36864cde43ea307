// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * icmpout.c - ICMP errors that a router sends, and resets
 *
 * lwIP's own quote few bytes, say nothing about echoes, and go where NAT has
 * sent the packet; so they are made here, of the packet as it came.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "icmpout.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "loop.h"
#include "lwip/ip6.h"
#include "lwip/pbuf.h"
#include "route.h"
#include "st_hooks.h"

enum { PER_SECOND = 1000, BURST = 50, QUOTE4_MAX = 548, HEAD6 = 40 };

/* As many as time has given, and BURST at most. */
static bool may_send(void)
{
	static uint64_t last;
	static uint64_t tokens = BURST;
	uint64_t now = st_now_ms();

	tokens += (now - last) * PER_SECOND / 1000;
	last = now;
	if (tokens > BURST)
		tokens = BURST;
	if (!tokens)
		return false;
	tokens--;
	return true;
}

static bool deserves(const struct st_ip *about)
{
	static const uint8_t none[16];
	bool group =
		about->family == AF_INET
			? about->dst[0] >> 4 == 14 || about->src[0] >> 4 == 14
			: about->dst[0] == 0xff || about->src[0] == 0xff;

	return !group && !about->is_later && !st_ip_is_error(about) &&
	       memcmp(about->src, none, about->addr_len) != 0;
}

static void send4(const struct st_ip *about, const struct icmphdr *icmp)
{
	size_t quote = about->len < QUOTE4_MAX ? about->len : QUOTE4_MAX;
	struct iphdr h = { .version = 4,
			   .ihl = 5,
			   .tos = 0xc0,
			   .id = (uint16_t)st_random(),
			   .ttl = 64,
			   .protocol = IPPROTO_ICMP };
	ip4_addr_t to;
	struct netif *nif;
	struct st_ip ip;
	struct pbuf *p;

	memcpy(&to.addr, about->src, 4);
	memcpy(&h.daddr, about->src, 4);
	nif = st_hook_route4(NULL, &to);
	if (!nif || st_route_source4(to.addr, 0, &h.saddr) < 0)
		return;
	h.tot_len = htons((uint16_t)(sizeof(h) + sizeof(*icmp) + quote));
	p = pbuf_alloc(PBUF_LINK, ntohs(h.tot_len), PBUF_RAM);
	if (!p)
		return;
	memcpy(p->payload, &h, sizeof(h));
	memcpy((uint8_t *)p->payload + sizeof(h), icmp, sizeof(*icmp));
	memcpy((uint8_t *)p->payload + sizeof(h) + sizeof(*icmp), about->head,
	       quote);
	if (st_ip_parse(p->payload, p->len, &ip)) {
		st_ip_fill_checksums(&ip);
		nif->output(nif, p, &to);
	}
	pbuf_free(p);
}

int st_icmp6_send(struct st_iface *i, const uint8_t *src, const uint8_t *dst,
		  int hops, const void *message, size_t len)
{
	uint8_t h[HEAD6] = {
		0x60, [4] = (uint8_t)(len >> 8), [5] = (uint8_t)len,
		[6] = IPPROTO_ICMPV6, [7] = (uint8_t)hops
	};
	struct pbuf *p =
		pbuf_alloc(PBUF_LINK, (u16_t)(sizeof(h) + len), PBUF_RAM);
	ip6_addr_t to = { 0 };
	struct st_ip ip;

	if (!p)
		return -ENOBUFS;
	memcpy(h + 8, src, 16);
	memcpy(h + 24, dst, 16);
	memcpy(p->payload, h, sizeof(h));
	memcpy((uint8_t *)p->payload + sizeof(h), message, len);
	memcpy(to.addr, dst, 16);
	ip6_addr_assign_zone(&to, IP6_UNKNOWN, i->nif);
	if (st_ip_parse(p->payload, p->len, &ip)) {
		st_ip_fill_checksums(&ip);
		i->nif->output_ip6(i->nif, p, &to);
	}
	pbuf_free(p);
	return 0;
}

static void send6(struct st_iface *in, const struct st_ip *about,
		  const struct icmp6_hdr *icmp)
{
	static uint8_t message[sizeof(*icmp) + ST_QUOTE_MAX];
	size_t quote = about->len < ST_QUOTE_MAX ? about->len : ST_QUOTE_MAX;
	const ip_addr_t *src;
	ip6_addr_t to = { 0 };
	struct netif *nif;

	memcpy(to.addr, about->src, 16);
	ip6_addr_assign_zone(&to, IP6_UNKNOWN, in->nif);
	nif = ip6_addr_has_zone(&to) ? in->nif : ip6_route(IP6_ADDR_ANY6, &to);
	src = nif ? ip6_select_source_address(nif, &to) : NULL;
	if (!src)
		return;
	memcpy(message, icmp, sizeof(*icmp));
	memcpy(message + sizeof(*icmp), about->head, quote);
	st_icmp6_send(st_iface_of(nif), (const void *)ip_2_ip6(src)->addr,
		      about->src, 64, message, sizeof(*icmp) + quote);
}

void st_icmp_error(struct st_iface *in, const struct st_ip *about, int type,
		   int code, uint32_t info)
{
	struct icmphdr four = { .type = (uint8_t)type, .code = (uint8_t)code };
	struct icmp6_hdr six = { .icmp6_type = (uint8_t)type,
				 .icmp6_code = (uint8_t)code };

	if (!deserves(about) || !may_send())
		return;
	if (about->family == AF_INET) {
		four.un.gateway = info;
		send4(about, &four);
	} else {
		six.icmp6_mtu = info;
		send6(in, about, &six);
	}
}

/* ---- resets ---- */

/* The answer to a segment; RFC 793, 3.4. */
static struct tcphdr answer_to(const struct st_ip *about,
			       const struct tcphdr *was)
{
	size_t head = (size_t)(about->l4 - about->head) + was->doff * 4U;
	size_t data = about->len > head ? about->len - head : 0;
	struct tcphdr h = { .source = was->dest,
			    .dest = was->source,
			    .doff = sizeof(h) / 4,
			    .rst = 1 };

	if (was->ack) {
		h.seq = was->ack_seq;
	} else {
		h.ack = 1;
		h.ack_seq = htonl(ntohl(was->seq) + (uint32_t)data + was->syn +
				  was->fin);
	}
	return h;
}

static size_t reset_head(const struct st_ip *about, uint8_t head[HEAD6])
{
	struct iphdr four = { .version = 4,
			      .ihl = 5,
			      .id = (uint16_t)st_random(),
			      .tot_len = htons(sizeof(four) +
					       sizeof(struct tcphdr)),
			      .ttl = 64,
			      .protocol = IPPROTO_TCP };

	memset(head, 0, HEAD6);
	if (about->family == AF_INET) {
		memcpy(&four.saddr, about->dst, 4);
		memcpy(&four.daddr, about->src, 4);
		memcpy(head, &four, sizeof(four));
		return sizeof(four);
	}
	head[0] = 0x60;
	head[5] = sizeof(struct tcphdr);
	head[6] = IPPROTO_TCP;
	head[7] = 64;
	memcpy(head + 8, about->dst, 16);
	memcpy(head + 24, about->src, 16);
	return HEAD6;
}

static void send_back(struct st_iface *in, const struct st_ip *about,
		      struct pbuf *p)
{
	ip6_addr_t six = { 0 };
	struct netif *nif;
	ip4_addr_t four;

	if (about->family == AF_INET) {
		memcpy(&four.addr, about->src, 4);
		nif = st_hook_route4(NULL, &four);
		if (nif)
			nif->output(nif, p, &four);
		return;
	}
	memcpy(six.addr, about->src, 16);
	ip6_addr_assign_zone(&six, IP6_UNKNOWN, in->nif);
	nif = ip6_addr_has_zone(&six) ? in->nif
				      : ip6_route(IP6_ADDR_ANY6, &six);
	if (nif)
		nif->output_ip6(nif, p, &six);
}

void st_tcp_reset(struct st_iface *in, const struct st_ip *about)
{
	uint8_t head[HEAD6];
	size_t len = reset_head(about, head);
	struct tcphdr was, h;
	struct st_ip ip;
	struct pbuf *p;

	if (about->l4_len < sizeof(was) || !deserves(about) || !may_send())
		return;
	memcpy(&was, about->l4, sizeof(was));
	if (was.rst)
		return;
	h = answer_to(about, &was);
	p = pbuf_alloc(PBUF_LINK, (u16_t)(len + sizeof(h)), PBUF_RAM);
	if (!p)
		return;
	memcpy(p->payload, head, len);
	memcpy((uint8_t *)p->payload + len, &h, sizeof(h));
	if (st_ip_parse(p->payload, p->len, &ip)) {
		st_ip_fill_checksums(&ip);
		send_back(in, about, p);
	}
	pbuf_free(p);
}
