/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet.h - AF_PACKET sockets see the frames of interfaces */
#ifndef ST_PACKET_H
#define ST_PACKET_H

#include "iface.h"

void st_packet_seen(struct st_iface *i, const void *frame, size_t len,
		    bool outgoing);
void st_packet_iface_gone(struct st_iface *i);

#endif
