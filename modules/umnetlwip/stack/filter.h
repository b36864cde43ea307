/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter.h - which frames of a link this stack looks at */
#ifndef ST_FILTER_H
#define ST_FILTER_H

#include "iface.h"

/*
 * Is a frame that came looked at? Not what is for another's hardware address, or
 * has an address of loopback, or ours as its source.
 */
bool st_frame_is_welcome(const struct st_iface *i, const uint8_t *frame,
			 size_t len);
/* The same of a packet of a link that has no frames. */
bool st_packet_is_welcome(uint16_t type, const uint8_t *packet, size_t len);

#endif
