/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto.h - what a module and its stack's process say to each other
 *
 * The process is started as PROGRAM FD WORD...; FD is its end of the pair. When it
 * has begun it sends a struct st_rep with tag 0: ret 0, or why it could not.
 *
 * They share one AF_UNIX SOCK_SEQPACKET pair; one packet is one message: a
 * request of the module (struct st_req and `len` bytes), or its answer (struct
 * st_rep and `len` bytes) with the same tag. A message may carry one
 * descriptor. Answers may come in any order: a connect waits for its peer.
 * Numbers are the host's own; both ends are built together.
 */
#ifndef UM_NETPROC_PROTO_H
#define UM_NETPROC_PROTO_H

#include <stdint.h>

/* The longest data of a message: a datagram and its address. */
#define ST_DATA_MAX (72 * 1024)

/**
 * enum st_op - requests
 * @ST_SOCKET: a: domain, b: type, c: protocol. Answer: ret: 0, id: the new
 *	socket, or 0 where the descriptor is all there is; a descriptor for the
 *	guest.
 * @ST_BIND, @ST_CONNECT: data: a sockaddr. CONNECT: a: wait for the end of it;
 *	carries a duplicate of the guest's descriptor.
 * @ST_LISTEN: a: backlog; carries a duplicate of the guest's descriptor.
 * @ST_ACCEPTED: data: the name of the stack's end of an accepted descriptor,
 *	as its getpeername(2) tells; carries a duplicate. Answer: id.
 * @ST_SOCKNAME, @ST_PEERNAME: answer: data: a sockaddr.
 * @ST_GETOPT: a: level, b: name, c: room; data: what is there before, where the
 *	answer depends on it. Answer: data: the value.
 * @ST_SETOPT: a: level, b: name; data: the value.
 * @ST_SHUTDOWN: a: how.
 * @ST_IOCTL: a: cmd; data: its argument. Answer: data: the argument.
 * @ST_SEND: a: flags, b: bytes of the address, c: bytes of control data; data:
 *	address, control data, payload. Answer: ret: bytes sent.
 * @ST_ERRQUEUE: a: flags. Answer: data: struct um_net_head and what follows it.
 * @ST_FILE: data: a path as "/proc/net/tcp". Answer: data: its text, from
 *	offset a on, or -ENOENT.
 * @ST_STORE: a: bytes of the path, b: offset; data: path, then what is written to the
 *	file. Answer: ret: bytes taken.
 * @ST_CLOSE: the guest never got the descriptor.
 * @ST_CANCEL: a: tag of a request that waits; it is answered -EINTR.
 * @ST_TUN_OPEN: a: index of the interface, or 0; data: a struct ifreq; carries the
 *	stack's end of the guest's descriptor. Answer: id; data: the ifreq.
 * @ST_TUN: id: of ST_TUN_OPEN, a: cmd; data: its argument. Answer: data: the
 *	argument.
 * @ST_MAP: data: two uint64_t, length and offset of an mmap(2) of the socket.
 *	Answer: a descriptor to map in its place.
 * @ST_AWAIT: the guest is going to wait for a socket that has a ring. Answer: ret:
 *	0, or -errno, its error.
 */
enum st_op {
	ST_SOCKET = 1,
	ST_BIND,
	ST_CONNECT,
	ST_LISTEN,
	ST_ACCEPTED,
	ST_SOCKNAME,
	ST_PEERNAME,
	ST_GETOPT,
	ST_SETOPT,
	ST_SHUTDOWN,
	ST_IOCTL,
	ST_SEND,
	ST_ERRQUEUE,
	ST_FILE,
	ST_CLOSE,
	ST_CANCEL,
	ST_STORE,
	ST_TUN_OPEN,
	ST_TUN,
	ST_MAP,
	ST_AWAIT,
};

/* @pid: thread group of the guest. */
struct st_req {
	uint32_t op;
	uint32_t tag;
	uint64_t id;
	int32_t a, b, c;
	uint32_t pid;
	uint32_t len;
	uint32_t pad;
};

/* @ret: 0 or a count, or -errno. */
struct st_rep {
	uint32_t tag;
	int32_t ret;
	uint64_t id;
	uint32_t len;
	uint32_t pad;
};

#endif
