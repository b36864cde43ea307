// SPDX-License-Identifier: GPL-2.0-or-later
/* net.h - sockets of the loopback for the programs net_*.c */
#ifndef SYS_NET_H
#define SYS_NET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "check.h"

#define N_EVENTS (POLLIN | POLLPRI | POLLOUT | POLLRDHUP)
/* Every event of a connection that was reset. */
#define N_RESET (POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP)

/* 127.0.0.1 and a port. */
struct sockaddr_in n_addr(int port);
struct sockaddr_in n_name(int fd);
struct sockaddr_in n_peer(int fd);
int n_connect(int fd, const struct sockaddr_in *to);
int n_bind(int fd, int port);
/* A socket that listens at 127.0.0.1, at a port of its own. */
int n_listener(int backlog, struct sockaddr_in *name);
/* Two ends of a connection: a has connected, b was accepted. */
void n_pair(int *a, int *b);
/* A UDP socket bound to 127.0.0.1. */
int n_udp(struct sockaddr_in *name);
int n_error(int fd);
int n_option(int fd, int level, int name);
void n_set(int fd, int level, int name, int value);
void n_nonblock(int fd);
/* What poll(2) says now. */
int n_mask(int fd);
/* Whether poll(2) comes to say this, of what happens by itself. */
bool n_settles(int fd, int want);
#define CHECK_MASK(fd, want) CHECK(n_settles(fd, want))
/* All of it. */
bool n_send(int fd, size_t len, unsigned int seed);
bool n_recv(int fd, size_t len, unsigned int seed);

#endif
