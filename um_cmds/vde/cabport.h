/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cabport.h - a plug in a switch, which is plugged in again when it comes back */
#ifndef UM_VDE_CABPORT_H
#define UM_VDE_CABPORT_H

#include <libvdeplug.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CAB_PORT_FDS = 2 };

/**
 * struct cab_port - the plug
 * @vnl: a switch's directory or a virtual network locator; empty: the default
 * @conn: NULL while it is not plugged in
 * @again: when to try again
 */
struct cab_port {
	char vnl[320], descr[96];
	VDECONN *conn;
	int64_t again;
};

void cab_port_init(struct cab_port *port, const char *vnl, const char *peer);
void cab_port_fini(struct cab_port *port);

int cab_port_plug(struct cab_port *port);

/* What to wait for, also if it is not plugged in; sets *next to when to tick. */
void cab_port_poll(const struct cab_port *port, struct pollfd *fds,
		   int64_t *next);
/* Plug in again if it is time. fds: as poll(2) left them; may unplug. */
void cab_port_tick(struct cab_port *port, const struct pollfd *fds,
		   int64_t now);

/* The next frame. -EAGAIN: there is none. Else it was unplugged. */
ssize_t cab_port_recv(struct cab_port *port, void *frame, size_t size,
		      int64_t now);
/* What there is no room for is lost, as on any cable. */
void cab_port_send(struct cab_port *port, const void *frame, size_t len);

#endif
