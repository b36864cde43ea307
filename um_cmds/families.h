/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * families.h - lists of address families, as mstack(1) and umnet take them
 *
 *	ipv4,ipv6	these
 *	-ip		all but these
 *	-ip,+ipv6	all but IPv4, netlink and packet sockets
 *
 * Words: all, unix (u), ipv4 (4), ipv6 (6), netlink (n), packet (p), bluetooth
 * (b), irda (i), ip (the four of an IP stack), #N or fN (family number N). A
 * sign holds for the words after it too. A list begins from nothing, or from all
 * if its first character is '-'; a lone '-' is nothing.
 */
#ifndef UM_FAMILIES_H
#define UM_FAMILIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

_Static_assert(AF_MAX <= 64, "families fit a set");

/* Bit N: family N. */
typedef uint64_t um_families;

#define UM_FAMILIES_ALL ((1ULL << AF_MAX) - 1)

static inline bool um_families_has(um_families set, int family)
{
	return family >= 0 && family < AF_MAX && (set >> family & 1);
}

/*
 * Return: 0; or -EINVAL, with *wrong at the first word that is none, *len bytes
 * long.
 */
int um_families_parse(const char *list, um_families *out, const char **wrong,
		      int *len);

#endif
