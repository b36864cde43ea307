/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.h - management of a switch by telnet: one session
 *
 * Each session has its own connection to the switch's management socket, so
 * that the debug output it asked for comes to it and to nobody else. That is
 * made when the password was right.
 */
#ifndef UM_VDE_SESSION_H
#define UM_VDE_SESSION_H

#include <poll.h>
#include <stdint.h>

#include "rcfile.h"

struct session;

/* What all sessions share. */
struct session_service {
	const char *node, *mgmt;
	const struct rcfile *rc;
};

enum { SESSION_FDS = 2 };

/* Takes fd. NULL: no memory */
struct session *session_new(const struct session_service *service, int fd,
			    const char *peer);
void session_free(struct session *s);

/* What to wait for, and, in *next, until when. */
void session_poll(struct session *s, struct pollfd *fds, int64_t now,
		  int64_t *next);
/* Do what poll(2) found. -ENOTCONN: it has ended */
int session_work(struct session *s, const struct pollfd *fds, int64_t now);

#endif
