/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sock.h - sockets of guests, as the stack has them
 *
 * One struct st_sock for each socket, found by its id. `fd` is the stack's end of
 * the guest's stand-in (umview/net.h). The kinds (tcp.c, udp.c, raw.c,
 * packet.c, netlink.c) are struct st_proto; what all have in common, SOL_SOCKET
 * above all, is in sock.c and sockopt.c.
 */
#ifndef ST_SOCK_H
#define ST_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../../netproc/proto.h"
#include "bpf.h"
#include "loop.h"
#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include <umview/net.h>

struct st_sock;

union st_sockaddr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

/* Where a packet goes, with what its control data asked for. */
struct st_dest {
	bool has_addr;
	union st_sockaddr addr;
	socklen_t addrlen;
	int oif; /* IP_PKTINFO, IPV6_PKTINFO; 0: none */
	bool has_source;
	ip_addr_t source;
	int ttl, tos; /* -1: the socket's own */
};

/**
 * struct st_proto - one kind of socket
 * @ready: the stack's end is ready (EPOLL*)
 * @setopt, @getopt: levels other than SOL_SOCKET; -ENOPROTOOPT: unknown.
 *	getopt: *len: room, then bytes
 * @connect: tag: 0, or that of the request to answer later; then the return
 *	is 1. fd: the guest's descriptor, borrowed.
 * @release: the guest has closed it: give back what this kind holds. Return:
 *	true: it needs the socket for a while longer, and calls st_sock_free().
 */
struct st_proto {
	int (*init)(struct st_sock *s);
	void (*ready)(struct st_sock *s, uint32_t events);
	int (*bind)(struct st_sock *s, const union st_sockaddr *addr,
		    socklen_t len);
	int (*connect)(struct st_sock *s, const union st_sockaddr *addr,
		       socklen_t len, int fd, uint32_t tag);
	int (*listen)(struct st_sock *s, int fd, int backlog);
	ssize_t (*send)(struct st_sock *s, const struct st_dest *to,
			const void *data, size_t len, int flags);
	int (*sockname)(struct st_sock *s, union st_sockaddr *out,
			socklen_t *len);
	int (*peername)(struct st_sock *s, union st_sockaddr *out,
			socklen_t *len);
	int (*setopt)(struct st_sock *s, int level, int name, const void *value,
		      socklen_t len);
	int (*getopt)(struct st_sock *s, int level, int name, void *value,
		      socklen_t *len);
	int (*shutdown)(struct st_sock *s, int how);
	int (*ioctl)(struct st_sock *s, unsigned int cmd, void *data,
		     size_t size);
	bool (*release)(struct st_sock *s);
	void (*cancel)(struct st_sock *s);
};

/* What setsockopt(SOL_SOCKET) set. */
struct st_so {
	bool reuseaddr, reuseport, keepalive, broadcast, oobinline, timestamp,
		timestampns, linger_on;
	int linger, sndbuf, rcvbuf, priority, mark, oif, rcvlowat;
	struct timeval rcvtimeo, sndtimeo;
};

/* What setsockopt(IPPROTO_IP, IPPROTO_IPV6) set. */
struct st_ipopt {
	int ttl, mcast_ttl, tos, mcast_if, mtu_discover, mtu_discover6;
	uint32_t mcast_addr; /* IP_MULTICAST_IF, as told */
	bool mcast_loop, mcast_all, mcast_all6;
	bool pktinfo, recvttl, recvtos, recverr, hdrincl, freebind;
	bool dontfrag6;
	bool v6only, recvpktinfo6, recvhoplimit, recvtclass, recverr6;
	int hops6, mcast_hops6, tclass;
	int oif6;      /* IPV6_PKTINFO */
	int checksum6; /* offset; -1: none */
	uint32_t icmp_filter;
	uint32_t icmp6_filter[8];
	bool has_filter6;
};

struct st_sock {
	struct st_sock *next; /* of the hash chain */
	uint64_t id;
	int domain, type, protocol;
	const struct st_proto *proto;
	struct st_watch watch; /* fd: the stack's end; -1: none */
	uint64_t inode;	       /* of the guest's end; 0: not known */
	uint32_t pid;
	int error; /* SO_ERROR */
	bool released;
	bool shut_wr; /* of packets: shutdown(2) */
	struct st_so so;
	struct st_ipopt ip;
	struct st_bpf *filter; /* SO_ATTACH_FILTER */
	bool bound, connected;
	bool guessed; /* of packets: the local address is connect(2)'s */
	union st_sockaddr local, remote;
	void *priv; /* the kind's own */
};

extern const struct st_proto st_tcp, st_udp, st_raw, st_packet, st_netlink;

/* A socket of a kind, without a guest's end. NULL: no memory. */
struct st_sock *st_sock_new(const struct st_proto *proto, int domain, int type,
			    int protocol);
void st_sock_free(struct st_sock *s);
struct st_sock *st_sock_find(uint64_t id);
/* Each socket in turn; NULL begins. Not while any is freed. */
struct st_sock *st_sock_each(struct st_sock *s);
/* The stack's end; becomes the socket's. */
int st_sock_watch(struct st_sock *s, int fd, uint32_t events);
/* A pair for packets: the guest's end, or -errno. */
int st_sock_pair(struct st_sock *s);
/* Is the guest's descriptor of a socket without a connection still open? */
bool st_sock_is_open(const struct st_sock *s);

/* A packet to the guest; dropped where its queue is full: false. */
bool st_sock_give(struct st_sock *s, const struct um_net_head *head,
		  const void *control, const void *data, size_t len);
/* An error for the next call of the guest. */
void st_sock_fail(struct st_sock *s, int error);

int st_so_set(struct st_sock *s, int name, const void *value, socklen_t len);
int st_so_get(struct st_sock *s, int name, void *value, socklen_t *len);
/* A new control block of lwIP gets what SO_BINDTODEVICE said. */
void st_so_bind_device(const struct st_sock *s);
int st_ipopt_set(struct st_sock *s, int level, int name, const void *value,
		 socklen_t len);
int st_ipopt_get(struct st_sock *s, int level, int name, void *value,
		 socklen_t *len);
/* An int from a guest's value: 1 or 4 bytes; -EINVAL: shorter. */
int st_opt_int(const void *value, socklen_t len, int *out);
int st_opt_put(void *value, socklen_t *len, const void *what, size_t size);
int st_ioctl(struct st_sock *s, unsigned int cmd, void *data, size_t size);

/* Addresses: of lwIP and of a sockaddr. v4-mapped ones are IPv4 to lwIP. */
int st_addr_in(const struct st_sock *s, const union st_sockaddr *addr,
	       socklen_t len, ip_addr_t *ip, uint16_t *port);
socklen_t st_addr_out(int domain, const ip_addr_t *ip, uint16_t port,
		      union st_sockaddr *out);
/* To nowhere means to ourselves. */
void st_addr_somewhere(ip_addr_t *ip);
int st_errno(err_t err);

/* The answer to a request that waited. */
void st_reply(uint32_t tag, int ret);
/* The guest's last descriptor is gone; the socket is, too, unless it has to go on. */
void st_sock_release(struct st_sock *s);
/* Listeners and bound sockets whose guests are gone: given back, but for one. */
void st_sock_reap(const struct st_sock *but);
/* alive.c: some process has the AF_UNIX socket of that inode. */
bool st_inode_lives(uint64_t inode);
/* Some process has the AF_UNIX socket of that abstract name. */
bool st_name_lives(const struct sockaddr *name, socklen_t len);

#endif
