/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pmtu.h - how large a packet may be on its way, and who wants to know */
#ifndef ST_PMTU_H
#define ST_PMTU_H

#include "lwip/pbuf.h"
#include "sock.h"

struct netif;

/* Of a pbuf that lwIP sends: IPv4's DF is to be set. A bit lwIP has no use for. */
enum { ST_PBUF_DF = 0x40 };

/* The MTU of the way to an address, by an interface (0: any). */
uint32_t st_pmtu(const ip_addr_t *to, int oif);
/* A router has said that more does not get through to there. */
void st_pmtu_learn(const ip_addr_t *to, uint32_t mtu);

/*
 * A packet of len bytes, with its head, as the socket's options have it: *limit: the
 * size of its pieces; p: its flags are set. -EMSGSIZE: it must not be sent.
 */
int st_pmtu_check(const struct st_sock *s, struct pbuf *p, size_t len,
		  const ip_addr_t *to, const struct netif *nif,
		  uint32_t *limit);
/* What goes out by nif from now on is cut so small; Return: what to set again. */
uint16_t st_pmtu_clamp(struct netif *nif, uint32_t limit);

#endif
