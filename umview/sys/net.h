/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.h - calls on sockets of a stack; see net/standin.h */
#ifndef UM_SYS_NET_H
#define UM_SYS_NET_H

#include "net/standin.h"
#include "sys/sys.h"

/* A socket of stack m as the answer of the call; type with SOCK_CLOEXEC... */
long um_net_socket(struct um_req *r, struct um_mount *m, int domain, int type,
		   int protocol);
/* msocket(2viewos), by vuctl: path, domain, type, protocol. */
long um_net_msocket(struct um_req *r);
long um_net_bind(struct um_req *r, struct um_standin *s);
long um_net_connect(struct um_req *r, struct um_standin *s);
long um_net_accept(struct um_req *r, struct um_standin *s, int flags);
long um_net_name(struct um_req *r, struct um_standin *s, bool peer);

/* Data calls, as their arguments are in the request. */
long um_net_sendto(struct um_req *r, struct um_standin *s);
long um_net_sendmsg(struct um_req *r, struct um_standin *s);
long um_net_sendmmsg(struct um_req *r, struct um_standin *s);
long um_net_recvfrom(struct um_req *r, struct um_standin *s);
long um_net_recvmsg(struct um_req *r, struct um_standin *s);
/* The read and write families. */
long um_net_read(struct um_req *r, struct um_standin *s,
		 const struct iovec *iov, size_t n);
long um_net_write(struct um_req *r, struct um_standin *s,
		  const struct iovec *iov, size_t n);
/*
 * An error was told: by the answer of a call or SO_ERROR (error; 0: whichever),
 * or by what was read.
 */
void um_net_error_sent(struct um_req *r, int error);
void um_net_error_read(struct um_req *r, struct um_standin *s, int flags);
/* mmap(2) of it. */
long um_net_mmap(struct um_req *r, struct um_standin *s);
/* The same for the agent: a descriptor to map. vuctl: descriptor, size, offset. */
long um_net_map_give(struct um_req *r);
/* PACKET_RX_RING was set to this. */
void um_net_ring_set(struct um_standin *s, const void *value, socklen_t len);
/*
 * The guest is going to wait for fd: what poll(2) is to show of it at once,
 * POLLERR or 0. All else the kernel knows from now on.
 */
int um_net_settle(struct um_req *r, um_gfd fd);
/* The same of those in a set of epoll(7). vuctl: its descriptor. */
long um_net_settle_set(struct um_req *r);
long um_net_ioctl(struct um_req *r, struct um_standin *s, unsigned int cmd);
/* A request about interfaces on an AF_UNIX socket: is it one of a stack's? */
bool um_net_unix_ioctl(struct um_req *r, unsigned int cmd, long *ret);

/* The guest's address argument, copied. Its length, or -errno. */
int um_net_copy_addr(struct um_req *r, uint64_t at, uint64_t len,
		     struct sockaddr_storage *out);
/* An address for the guest: at the pointer `at`, its length by `lenp`. */
int um_net_give_addr(struct um_req *r, uint64_t at, uint64_t lenp,
		     const void *addr, socklen_t len);

#endif
