// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * filter.c - which frames of a link this stack looks at
 *
 * lwIP takes every frame it is given, whatever hardware address it is for. A
 * host does not: RFC 1122, 3.2.1.3 and 3.3.1.
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
	       !IN_MULTICAST(ntohl(h.saddr)) && h.saddr != INADDR_BROADCAST &&
	       !st_is_local4(h.saddr);
}

static bool welcome6(const uint8_t *packet, size_t len)
{
	struct ip6_hdr h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, packet, sizeof(h));
	return !IN6_IS_ADDR_LOOPBACK(&h.ip6_src) &&
	       !IN6_IS_ADDR_LOOPBACK(&h.ip6_dst) &&
	       !IN6_IS_ADDR_MULTICAST(&h.ip6_src);
}

bool st_packet_is_welcome(uint16_t type, const uint8_t *packet, size_t len)
{
	if (type == ETH_P_IP)
		return welcome4(packet, len);
	if (type == ETH_P_IPV6)
		return welcome6(packet, len);
	return true;
}

bool st_frame_is_welcome(const struct st_iface *i, const uint8_t *frame,
			 size_t len)
{
	uint16_t type = (uint16_t)(frame[12] << 8 | frame[13]);

	if (!(frame[0] & 1) && memcmp(frame, i->nif->hwaddr, ETH_ALEN) != 0)
		return false;
	return st_packet_is_welcome(type, frame + ETH_HLEN, len - ETH_HLEN);
}
