// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * icmpout.c - ICMP errors that a router sends
 *
 * lwIP's own quote few bytes, say nothing about echoes, and go where NAT has
 * sent the packet; so they are made here, of the packet as it came.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "icmpout.h"

#include <errno.h>
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
