/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client.h - a stack process alone: what the module does, for its tests */
#ifndef ST_TESTS_CLIENT_H
#define ST_TESTS_CLIENT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "proto.h"

/* One stack process. */
struct stack {
	pid_t pid;
	int fd;
};

/* A socket of it: id, and the guest's end. */
struct vsock {
	struct stack *st;
	uint64_t id;
	int fd;
};

/* A request: what goes with it, and what came back. */
struct ask {
	uint64_t id;
	int a, b, c;
	const void *data;
	size_t len;
	int fd; /* borrowed; -1: none */
	void *out;
	size_t room;
	uint64_t got_id;
	size_t got;
	int got_fd;
};

/* Start the program with interfaces (a NULL ends them); ends the test if not. */
void stack_start(struct stack *st, const char *program, ...);
/* It must end by itself, in good order. */
void stack_stop(struct stack *st);
int stack_ask(struct stack *st, enum st_op op, struct ask *ask);

/* -errno, or 0 */
int vsock_open(struct stack *st, int domain, int type, int protocol,
	       struct vsock *out);
void vsock_close(struct vsock *s);
int vsock_bind(struct vsock *s, const void *addr, socklen_t len);
int vsock_connect(struct vsock *s, const void *addr, socklen_t len);
int vsock_listen(struct vsock *s, int backlog);
int vsock_accept(struct vsock *s, struct vsock *out);
int vsock_setopt(struct vsock *s, int level, int name, const void *v,
		 socklen_t len);
int vsock_ioctl(struct vsock *s, unsigned int cmd, void *data, size_t size);
ssize_t vsock_sendto(struct vsock *s, const void *addr, socklen_t addrlen,
		     const void *data, size_t len);
/* The payload of a packet, within a second; addr: who sent it. */
ssize_t vsock_recv(struct vsock *s, struct sockaddr_storage *addr, void *buf,
		   size_t size);
/* A text such as /proc/net/dev; ended by a 0. */
int stack_file(struct stack *st, const char *path, char *out, size_t size);

/* "1.2.3.4", "fe80::1%2": its length */
socklen_t address(struct sockaddr_storage *out, const char *text, int port);
/* What `ip` does with words: "addr add 10.0.0.1/24 dev 2", "link set 2 up",
 * "route add 10.0.0.0/8 via 10.0.0.2". */
int stack_ip(struct stack *st, const char *words);

#endif
