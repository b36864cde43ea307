// SPDX-License-Identifier: GPL-2.0-or-later
/* cabport.c - a plug in a switch, which is plugged in again when it comes back */
#include "cabport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../vnl.h"
#include "serve.h"

enum { AGAIN_MS = 1000, ETHERNET_HEAD = 14 };

void cab_port_init(struct cab_port *port, const char *vnl, const char *peer)
{
	memset(port, 0, sizeof(*port));
	snprintf(port->vnl, sizeof(port->vnl), "%s", vnl ? vnl : "");
	snprintf(port->descr, sizeof(port->descr),
		 "vde_cryptcab peer=%s pid=%d", peer, (int)getpid());
}

void cab_port_fini(struct cab_port *port)
{
	if (port->conn)
		vde_close(port->conn);
	port->conn = NULL;
}

int cab_port_plug(struct cab_port *port)
{
	return vnl_open(port->vnl[0] ? port->vnl : NULL, port->descr,
			&port->conn);
}

static void lost(struct cab_port *port, int64_t now)
{
	serve_say("the switch is gone");
	cab_port_fini(port);
	port->again = now + AGAIN_MS;
}

void cab_port_poll(const struct cab_port *port, struct pollfd *fds,
		   int64_t *next)
{
	int data = port->conn ? vde_datafd(port->conn) : -1;
	int ctl = port->conn ? vde_ctlfd(port->conn) : -1;

	fds[0] = (struct pollfd){ .fd = data, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = ctl == data ? -1 : ctl,
				  .events = POLLIN };
	if (!port->conn && port->again < *next)
		*next = port->again;
}

/* Nothing but its end comes from the control socket. */
static bool hung_up(const struct pollfd *fds)
{
	char waste[64];

	if ((fds[0].revents | fds[1].revents) & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return (fds[1].revents & POLLIN) &&
	       read(fds[1].fd, waste, sizeof(waste)) <= 0;
}

void cab_port_tick(struct cab_port *port, const struct pollfd *fds, int64_t now)
{
	if (port->conn && hung_up(fds))
		lost(port, now);
	if (port->conn || now < port->again)
		return;
	if (cab_port_plug(port) < 0)
		port->again = now + AGAIN_MS;
	else
		serve_say("plugged into the switch again");
}

ssize_t cab_port_recv(struct cab_port *port, void *frame, size_t size,
		      int64_t now)
{
	ssize_t len;

	if (!port->conn)
		return -ENOTCONN;
	len = vnl_is_ready(port->conn) ? vnl_receive(port->conn, frame, size)
				       : 0;
	if (len < 0)
		lost(port, now);
	return len ? len : -EAGAIN;
}

void cab_port_send(struct cab_port *port, const void *frame, size_t len)
{
	if (port->conn && len >= ETHERNET_HEAD)
		vde_send(port->conn, frame, len, MSG_DONTWAIT);
}
