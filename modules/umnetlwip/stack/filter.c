// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * filter.c - which frames of a link are for this stack; forwarding
 *
 * lwIP takes every frame it is given, whatever hardware address it is for, and
 * forwards whenever it can. A host does neither: RFC 1122, 3.2.1.3 and 3.3.1.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "filter.h"

#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#include "lwip/inet_chksum.h"
#include "lwipopts.h"

bool st_forward4, st_forward6;

static bool is_loopback4(uint32_t addr)
{
	return ntohl(addr) >> 24 == IN_LOOPBACKNET;
}

static bool welcome4(const uint8_t *packet, size_t len)
{
	struct iphdr h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, packet, sizeof(h));
	return !is_loopback4(h.saddr) && !is_loopback4(h.daddr) &&
	       !IN_MULTICAST(ntohl(h.saddr)) && h.saddr != INADDR_BROADCAST;
}

static bool welcome6(const uint8_t *packet, size_t len)
{
	struct ip6_hdr h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, packet, sizeof(h));
	if (IN6_IS_ADDR_LOOPBACK(&h.ip6_src) ||
	    IN6_IS_ADDR_LOOPBACK(&h.ip6_dst) ||
	    IN6_IS_ADDR_MULTICAST(&h.ip6_src))
		return false;
	/* lwIP has no question about forwarding of IPv6. */
	return st_forward6 || IN6_IS_ADDR_MULTICAST(&h.ip6_dst) ||
	       st_is_local6(&h.ip6_dst);
}

bool st_frame_is_welcome(const struct st_iface *i, const uint8_t *frame,
			 size_t len)
{
	uint16_t type = (uint16_t)(frame[12] << 8 | frame[13]);

	if (!(frame[0] & 1) && memcmp(frame, i->nif->hwaddr, ETH_ALEN) != 0)
		return false;
	if (type == ETH_P_IP)
		return welcome4(frame + ETH_HLEN, len - ETH_HLEN);
	if (type == ETH_P_IPV6)
		return welcome6(frame + ETH_HLEN, len - ETH_HLEN);
	return true;
}

int st_hook_can_forward4(struct pbuf *p, uint32_t dest)
{
	(void)p;
	(void)dest;
	return st_forward4 ? -1 : 0; /* -1: lwIP decides */
}

/* The sum of a pseudo header's addresses, length and protocol. */
static uint32_t pseudo(const uint8_t *addresses, size_t size, int protocol,
		       size_t len)
{
	return (uint32_t)st_chksum(addresses, (int)size) +
	       htons((uint16_t)protocol) + htons((uint16_t)len);
}

static size_t checksum_at(int protocol)
{
	return protocol == IPPROTO_TCP	    ? 16
	       : protocol == IPPROTO_UDP    ? 6
	       : protocol == IPPROTO_ICMP   ? 2
	       : protocol == IPPROTO_ICMPV6 ? 2
					    : 0;
}

static void fill(uint8_t *p, size_t len, int protocol, uint32_t sum)
{
	size_t at = checksum_at(protocol);
	uint16_t v;

	if (!at || len < at + 2)
		return;
	memset(p + at, 0, 2);
	sum += st_chksum(p, (int)len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	/* UDP's 0 says that there is none */
	v = sum == 0xffff && protocol == IPPROTO_UDP ? 0xffff : (uint16_t)~sum;
	memcpy(p + at, &v, 2);
}

static void fill4(uint8_t *p, size_t len)
{
	size_t head, total;
	struct iphdr h;
	uint16_t sum;

	if (len < sizeof(h))
		return;
	memcpy(&h, p, sizeof(h));
	head = h.ihl * 4U;
	total = ntohs(h.tot_len);
	if (head < sizeof(h) || total < head || total > len)
		return;
	memset(p + 10, 0, 2);
	sum = (uint16_t)~st_chksum(p, (int)head);
	memcpy(p + 10, &sum, 2);
	/* A piece of a packet has none that could be told from it. */
	if (ntohs(h.frag_off) & (IP_MF | IP_OFFMASK))
		return;
	fill(p + head, total - head, h.protocol,
	     h.protocol == IPPROTO_ICMP
		     ? 0
		     : pseudo(p + 12, 8, h.protocol, total - head));
}

static void fill6(uint8_t *p, size_t len)
{
	struct ip6_hdr h;
	size_t body;

	if (len < sizeof(h))
		return;
	memcpy(&h, p, sizeof(h));
	body = ntohs(h.ip6_plen);
	if (body <= len - sizeof(h))
		fill(p + sizeof(h), body, h.ip6_nxt,
		     pseudo(p + 8, 32, h.ip6_nxt, body));
}

void st_frame_fill_checksums(uint8_t *frame, size_t len)
{
	uint16_t type;

	if (len < ETH_HLEN)
		return;
	type = (uint16_t)(frame[12] << 8 | frame[13]);
	if (type == ETH_P_IP)
		fill4(frame + ETH_HLEN, len - ETH_HLEN);
	else if (type == ETH_P_IPV6)
		fill6(frame + ETH_HLEN, len - ETH_HLEN);
}
