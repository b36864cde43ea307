/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter.h - which frames of a link are for this stack; forwarding */
#ifndef ST_FILTER_H
#define ST_FILTER_H

#include "iface.h"

/* net.ipv4.ip_forward, net.ipv6.conf.all.forwarding: off at first. */
extern bool st_forward4, st_forward6;

/*
 * Is a frame that came for lwIP? Not what is for another's hardware address,
 * has an address of loopback, or is another's with forwarding off.
 */
bool st_frame_is_welcome(const struct st_iface *i, const uint8_t *frame,
			 size_t len);
/* The same of a packet of a link that has no frames. */
bool st_packet_is_welcome(uint16_t type, const uint8_t *packet, size_t len);
/*
 * Write the checksums of a packet that came without them over a wire, and
 * leaves by another link.
 */
void st_frame_fill_checksums(uint8_t *frame, size_t len);
void st_packet_fill_checksums(uint8_t *packet, size_t len);

#endif
