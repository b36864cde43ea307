// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * l3.c - interfaces whose link takes packets, not Ethernet frames (TUN)
 *
 * There is nobody to ask for hardware addresses, and no duplicate: lwIP's output
 * functions hand the packet to the link.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "l3.h"

#include <linux/if_ether.h>
#include <string.h>

#include "clock.h"
#include "filter.h"
#include "lwip/ip.h"
#include "packet.h"

static err_t output4(struct netif *nif, struct pbuf *p, const ip4_addr_t *to)
{
	(void)to;
	return nif->linkoutput(nif, p);
}

static err_t output6(struct netif *nif, struct pbuf *p, const ip6_addr_t *to)
{
	(void)to;
	return nif->linkoutput(nif, p);
}

void st_l3_begin(struct netif *nif)
{
	nif->output = output4;
	if (nif->output_ip6)
		nif->output_ip6 = output6;
	nif->hwaddr_len = 0;
	nif->flags = 0;
}

err_t st_l3_take(struct pbuf *p, struct netif *nif)
{
	return ip_input(p, nif);
}

uint16_t st_l3_proto(const void *packet, size_t len)
{
	int version = len ? *(const uint8_t *)packet >> 4 : 0;

	return version == 4 ? ETH_P_IP : version == 6 ? ETH_P_IPV6 : 0;
}

void st_l3_input(struct st_iface *i, uint16_t proto, const void *packet,
		 size_t len)
{
	struct pbuf *p;

	if (!st_iface_is_up(i) || len > 65535) {
		i->rx.dropped++;
		return;
	}
	st_clock_touch();
	i->rx.packets++;
	i->rx.bytes += len;
	st_packet_seen(i, packet, len, false);
	/* of others than IP only packet sockets know */
	if (proto != st_l3_proto(packet, len) ||
	    !st_packet_is_welcome(proto, packet, len))
		return;
	p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_RAM);
	if (!p) {
		i->rx.dropped++;
		return;
	}
	memcpy(p->payload, packet, len);
	if (i->nif->input(p, i->nif) != ERR_OK)
		pbuf_free(p);
}
