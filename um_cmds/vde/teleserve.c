// SPDX-License-Identifier: GPL-2.0-or-later
/* teleserve.c - the listening sockets of vdetelweb, and its telnet sessions */
#include "teleserve.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve.h"

enum { SESSIONS = 16, BACKLOG = 8, FIXED = 2 };

struct tele {
	const struct session_service *service;
	struct session *sessions[SESSIONS];
	struct pollfd fds[FIXED + SESSIONS * SESSION_FDS];
};

static int listen_at(const struct addrinfo *a)
{
	int on = 1, off = 0, ret;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* IPv6's has IPv4 in it. */
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int tele_listen(const char *addr, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE };
	static const int families[] = { AF_INET6, AF_INET };
	struct addrinfo *list;
	int ret = getaddrinfo(addr, port, &hints, &list);

	if (ret) {
		serve_say("%s %s: %s", addr ? addr : "port", port,
			  gai_strerror(ret));
		return -EADDRNOTAVAIL;
	}
	ret = -EADDRNOTAVAIL;
	for (int i = 0; ret < 0 && i < 2; i++) {
		for (struct addrinfo *a = list; a && ret < 0; a = a->ai_next) {
			if (a->ai_family == families[i])
				ret = listen_at(a);
		}
	}
	freeaddrinfo(list);
	if (ret == -EACCES)
		serve_say(
			"port %s is for root: name another, or run this in a view with a stack of its own",
			port);
	else if (ret < 0)
		serve_say("port %s: %s", port, strerror(-ret));
	return ret;
}

static struct session **free_place(struct tele *t)
{
	for (int i = 0; i < SESSIONS; i++) {
		if (!t->sessions[i])
			return &t->sessions[i];
	}
	return NULL;
}

static void take_in(struct tele *t, int door)
{
	struct session **place = free_place(t);
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char name[64];
	int fd = accept4(door, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (getnameinfo((struct sockaddr *)&from, len, name, sizeof(name), NULL,
			0, NI_NUMERICHOST))
		snprintf(name, sizeof(name), "?");
	if (place) {
		*place = session_new(t->service, fd, name);
		return;
	}
	serve_say("telnet: %s: refused, there are %d sessions", name, SESSIONS);
	close(fd);
}

/* Return: until when to wait */
static int64_t prepare(struct tele *t, int64_t now)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < SESSIONS; i++) {
		struct pollfd *fds = &t->fds[FIXED + i * SESSION_FDS];

		fds[0].fd = fds[1].fd = -1;
		if (t->sessions[i])
			session_poll(t->sessions[i], fds, now, &next);
	}
	return next;
}

static void work(struct tele *t)
{
	int64_t now = serve_now();

	for (int i = 0; i < SESSIONS; i++) {
		struct pollfd *fds = &t->fds[FIXED + i * SESSION_FDS];
		struct session **s = &t->sessions[i];

		if (*s && session_work(*s, fds, now) < 0) {
			session_free(*s);
			*s = NULL;
		}
	}
}

static int serve(struct tele *t, int door)
{
	for (;;) {
		int64_t now = serve_now();
		int ms = serve_wait(prepare(t, now), now);

		if (poll(t->fds, FIXED + SESSIONS * SESSION_FDS, ms) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (t->fds[0].revents)
			return 0;
		work(t);
		if (t->fds[1].revents)
			take_in(t, door);
	}
}

int tele_run(const struct session_service *service, int door, int stop)
{
	struct tele t = { .service = service };
	int ret;

	t.fds[0] = (struct pollfd){ .fd = stop, .events = POLLIN };
	t.fds[1] = (struct pollfd){ .fd = door, .events = POLLIN };
	ret = serve(&t, door);
	for (int i = 0; i < SESSIONS; i++)
		session_free(t.sessions[i]);
	return ret;
}
