/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iface.h - interfaces and their addresses, as Linux has them
 *
 * An interface has an index, a name, a link (link.h) and any number of
 * addresses. To lwIP it is one netif, and one more for each further IPv4
 * address, as a netif can have but one: these "alias" netifs send through the
 * same link. IPv6 addresses are all in the first netif.
 */
#ifndef ST_IFACE_H
#define ST_IFACE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/netif.h"

struct st_iface;
struct iovec;

/**
 * struct st_link_ops - a kind of link
 * @kind: as in `ip link add ... type KIND`
 * @mtu: what a new interface has; 0: 1500
 * @mtu_max: 0: 9216
 * @window: the most that a TCP connection has under way; 0: lwipopts.h's.
 *	What drops frames that come too fast, as a switch does, needs it.
 * @trusted: frames are not corrupted: no checksums are made or looked at
 * @whole: what comes is not corrupted, but has checksums, and must have: they are
 *	made and not looked at
 * @l3: it takes packets of IP, not frames (l3.h)
 * @own_alias: an alias is a text like any other, not where to connect it
 * @open: connect it; arg: what `ip link set alias` or an option said, or NULL.
 *	May set priv. -errno; then why() tells more.
 * @send: one Ethernet frame
 * @is_owing: it has taken what it has not passed on yet; may be NULL
 * @send_pieces: the same, in a few pieces; may be NULL
 */
struct st_link_ops {
	const char *kind;
	int mtu;
	int mtu_max;
	uint32_t window;
	bool trusted;
	bool whole;
	bool l3;
	bool own_alias;
	int (*open)(struct st_iface *i, const char *arg);
	void (*close)(struct st_iface *i);
	int (*send)(struct st_iface *i, const void *frame, size_t len);
	bool (*is_owing)(struct st_iface *i);
	int (*send_pieces)(struct st_iface *i, const struct iovec *iov, int n);
};

struct st_count {
	uint64_t packets, bytes, errors, dropped;
};

/* One IPv4 address. Addresses in network order. */
struct st_addr4 {
	struct st_addr4 *next;
	struct netif *nif;
	uint32_t local, peer, broadcast;
	uint8_t prefix;
	uint8_t scope;
	uint32_t flags; /* IFA_F_* */
	char label[IFNAMSIZ];
};

/*
 * What /proc/sys/net/ipv4/conf/NAME and ipv6/conf/NAME say; also of "all", and
 * of "default": new ones.
 */
struct st_conf {
	bool forward4, forward6;
	bool send_redirects;
	int accept_ra; /* 2: also where IPv6 is forwarded */
};

struct st_iface {
	struct st_iface *next;
	int index;
	char name[IFNAMSIZ];
	char alias[256];
	unsigned int flags; /* IFF_*, as set: UP, PROMISC, ALLMULTI, NOARP */
	bool carrier;
	bool dhcp;
	struct st_conf conf;
	int mtu;
	int txqlen;
	uint32_t group;
	const struct st_link_ops *link; /* NULL: lo */
	void *priv;
	struct netif *nif;
	struct netif own; /* what nif is, but for lo */
	struct st_addr4 *addrs4;
	uint8_t prefix6[LWIP_IPV6_NUM_ADDRESSES];
	struct st_count rx, tx;
	uint64_t multicast;
};

int st_iface_init(void);
struct st_iface *st_iface_first(void);
struct st_iface *st_iface_by_index(int index);
struct st_iface *st_iface_by_name(const char *name);
struct st_iface *st_iface_of(const struct netif *nif);

/* Make an interface; name may be "" or have a %d. -errno. */
int st_iface_add(const char *name, const struct st_link_ops *link,
		 const char *arg, struct st_iface **out);
int st_iface_del(struct st_iface *i);
int st_iface_rename(struct st_iface *i, const char *name);
int st_iface_set_up(struct st_iface *i, bool up);
int st_iface_set_mtu(struct st_iface *i, int mtu);
int st_iface_set_mac(struct st_iface *i, const uint8_t mac[6]);
int st_iface_set_dhcp(struct st_iface *i, bool on);
void st_iface_set_carrier(struct st_iface *i, bool on);
bool st_iface_is_up(const struct st_iface *i);
bool st_iface_is_lo(const struct st_iface *i);
bool st_iface_is_l3(const struct st_iface *i);
/* ARPHRD_* */
int st_iface_type(const struct st_iface *i);
/* IFF_* as SIOCGIFFLAGS and netlink tell them. */
unsigned int st_iface_flags(const struct st_iface *i);
bool st_iface_any_link_up(void);
bool st_iface_any_dhcp(void);
/* Until DHCP has found an address, where it is sure to answer at once: slirp. */
void st_iface_await_dhcp(struct st_iface *i);

/* A frame came from the link. */
void st_iface_input(struct st_iface *i, const void *frame, size_t len);
/* It was read into st_frame_place() (frame.h). */
void st_iface_take(struct st_iface *i, size_t len);

/*
 * Addresses. new: taken; nif is set here. -EEXIST, -EADDRNOTAVAIL (no such
 * address), -ENOBUFS.
 */
int st_addr4_add(struct st_iface *i, const struct st_addr4 *new);
int st_addr4_del(struct st_iface *i, uint32_t local, int prefix);
struct st_addr4 *st_addr4_find(uint32_t local, struct st_iface **out);
int st_addr6_add(struct st_iface *i, const void *addr, int prefix, bool nodad,
		 uint32_t valid, uint32_t preferred);
int st_addr6_del(struct st_iface *i, const void *addr, int prefix);
/* The slot of an address in the interface's netif; -ENOENT. */
int st_addr6_find(const struct st_iface *i, const void *addr);
/* Is it an address of ours (any interface), 127/8, ::1? */
bool st_is_local4(uint32_t addr);
bool st_is_local6(const void *addr);
/* To all, or to all of a net of ours. */
bool st_is_broadcast4(uint32_t addr);
bool st_iface_is_broadcast4(const struct st_iface *i, uint32_t addr);

#endif
