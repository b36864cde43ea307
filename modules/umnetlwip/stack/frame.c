// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * frame.c - places that links read frames into, which lwIP is then given
 *
 * A place has room for any frame. One that fills a good part of it goes to lwIP
 * with its place; where it is small, as most that are no bulk data are, the copy
 * is cheaper than a place that waits for a guest nearly empty. A few places that
 * came back are kept: malloc(3) would give their pages back each time.
 */
#include "frame.h"

#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/pbuf.h"

enum { KEPT_MAX = 8, LARGE = ST_FRAME_MAX / 4 };

struct place {
	struct pbuf_custom custom; /* first: lwIP knows this */
	struct place *next;
	uint8_t frame[ST_FRAME_PLACE];
};

static struct place *kept;
static int kept_count;
static struct place *current;

static void put_back(struct pbuf *p)
{
	struct place *place = (struct place *)p;

	if (kept_count == KEPT_MAX) {
		free(place);
		return;
	}
	place->next = kept;
	kept = place;
	kept_count++;
}

static struct place *get(void)
{
	struct place *place = kept;

	if (!place)
		return malloc(sizeof(*place));
	kept = place->next;
	kept_count--;
	return place;
}

uint8_t *st_frame_place(void)
{
	if (!current)
		current = get();
	return current ? current->frame : NULL;
}

struct pbuf *st_frame_copy(const void *frame, size_t len)
{
	/* lwIP counts on Ethernet's least length. */
	size_t room = len < ETH_ZLEN ? ETH_ZLEN : len;
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)room, PBUF_RAM);

	if (!p)
		return NULL;
	memcpy(p->payload, frame, len);
	memset((uint8_t *)p->payload + len, 0, room - len);
	return p;
}

struct pbuf *st_frame_take(size_t len)
{
	struct place *place = current;

	if (len < LARGE)
		return st_frame_copy(place->frame, len);
	current = NULL;
	place->custom.custom_free_function = put_back;
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)len, PBUF_RAM,
				   &place->custom, place->frame, ST_FRAME_MAX);
}
