/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ip.h - the heads of a packet, IPv4 or IPv6, and its checksums */
#ifndef ST_IP_H
#define ST_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where things are in a packet. l4: the header behind those of IP; it is not
 * aligned, and l4_len bytes of it are there, which may be few: the packet may be
 * a piece of one, and go on in other pbufs.
 */
struct st_ip {
	int family;
	uint8_t proto;
	uint8_t ttl;
	bool is_part;  /* a fragment */
	bool is_later; /* not the first: l4 is no header */
	bool no_frag;  /* DF; IPv6: always */
	uint8_t *head;
	size_t len; /* of the whole packet, as its head says */
	uint8_t *src, *dst;
	size_t addr_len;
	uint8_t *l4;
	size_t l4_len;
};

/* `have` bytes of a packet; false: it is none that could be understood. */
bool st_ip_parse(void *packet, size_t have, struct st_ip *out);
/* The two ports, or an echo's id as that of who asks; false: it has none. */
bool st_ip_ports(const struct st_ip *ip, uint16_t *sport, uint16_t *dport);
/* ICMP or ICMPv6 about another packet, which may not have such an answer. */
bool st_ip_is_error(const struct st_ip *ip);

/* Write an address, a port or an echo's id; the checksums follow. */
void st_ip_set_addr(const struct st_ip *ip, bool dst, const uint8_t *addr);
void st_ip_set_port(const struct st_ip *ip, bool dst, uint16_t port);
void st_ip_set_df(const struct st_ip *ip);
void st_ip_set_ttl(const struct st_ip *ip, uint8_t ttl);
/* All of a packet's checksums made anew: it came without them. */
void st_ip_fill_checksums(const struct st_ip *ip);

#endif
