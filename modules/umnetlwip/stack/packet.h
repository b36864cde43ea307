/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet.h - AF_PACKET sockets see the frames of interfaces */
#ifndef ST_PACKET_H
#define ST_PACKET_H

#include "iface.h"

struct pbuf;

void st_packet_seen(struct st_iface *i, const void *frame, size_t len,
		    bool outgoing);
/* Is there any such socket? */
bool st_packet_is_watched(void);
/* A packet that lwIP is given: nobody else shows what we sent to ourselves. */
void st_packet_looped(const struct pbuf *p, const struct netif *nif);
void st_packet_iface_down(struct st_iface *i);
void st_packet_iface_gone(struct st_iface *i);

#endif
