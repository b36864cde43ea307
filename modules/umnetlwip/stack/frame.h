/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.h - places that links read frames into, which lwIP is then given */
#ifndef ST_FRAME_H
#define ST_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct pbuf;

/* The largest frame; a place has room for more, to see that one is too large. */
enum { ST_FRAME_MAX = 65535, ST_FRAME_PLACE = ST_FRAME_MAX + 19 };

/* Where the next frame may be read: ST_FRAME_PLACE bytes. NULL: no memory. */
uint8_t *st_frame_place(void);
/* What was read there, no more than ST_FRAME_MAX. A large frame is taken as it lies, others are copied. */
struct pbuf *st_frame_take(size_t len);
/* As a frame that lies elsewhere: always a copy. */
struct pbuf *st_frame_copy(const void *frame, size_t len);

#endif
