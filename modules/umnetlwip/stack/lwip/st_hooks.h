/* SPDX-License-Identifier: GPL-2.0-or-later */
/* st_hooks.h - where lwIP asks our tables (../route.c, ../icmperr.c, ../tcpopt.c, ../urgent.c) */
#ifndef ST_HOOKS_H
#define ST_HOOKS_H

#include <stddef.h>
#include <stdint.h>

struct netif;
struct pbuf;
struct ip4_addr;
struct ip6_addr;
struct tcp_pcb;
struct tcp_hdr;
struct ip_addr;

uint32_t st_random(void);
/* A hash whose key nobody knows (SipHash). */
uint64_t st_hash(const void *data, size_t len);
struct netif *st_hook_route4(const struct ip4_addr *src,
			     const struct ip4_addr *dest);
const struct ip4_addr *st_hook_gateway4(struct netif *netif,
					const struct ip4_addr *dest);
struct netif *st_hook_route6(const struct ip6_addr *src,
			     const struct ip6_addr *dest);
const struct ip6_addr *st_hook_gateway6(struct netif *netif,
					const struct ip6_addr *dest);
/* Non-zero: the packet was taken, and freed. */
int st_hook_input4(struct pbuf *p, struct netif *netif);
int st_hook_input6(struct pbuf *p, struct netif *netif);
/* The first sequence number of a connection. */
uint32_t st_hook_isn(const struct ip_addr *local, uint16_t lport,
		     const struct ip_addr *remote, uint16_t rport);
/* A segment for a connection, a listener or what is left of one: ERR_OK: go on. */
int st_hook_tcp_input(struct tcp_pcb *pcb, const struct tcp_hdr *h,
		      const struct pbuf *p);
/* A segment goes, all but its checksum is there. pcb may be NULL. @options. */
uint32_t *st_hook_tcp_output(const struct tcp_pcb *pcb, struct tcp_hdr *h,
			     uint32_t *options);

#endif
