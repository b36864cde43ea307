/* SPDX-License-Identifier: GPL-2.0-or-later */
/* teleserve.h - the listening sockets of vdetelweb, and its telnet sessions */
#ifndef UM_VDE_TELESERVE_H
#define UM_VDE_TELESERVE_H

#include "session.h"

/*
 * A socket that listens at an address (NULL: all) and a port, by number or
 * name. With a message if there is none: -EADDRINUSE…
 */
int tele_listen(const char *addr, const char *port);

/* Serve telnet at `door` (or, -1, nothing) until `stop` is readable. */
int tele_run(const struct session_service *service, int door, int stop);

#endif
