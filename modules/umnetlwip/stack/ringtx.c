// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringtx.c - PACKET_TX_RING: frames that a guest has put into its memory
 *
 * They go out when it calls send(2), in their order, before that returns: a frame
 * is never seen in the state TP_STATUS_SENDING.
 */
#include "ring.h"

#include <errno.h>
#include <string.h>

#include "sock.h"

/* What the guest says of a frame, read once. */
struct said {
	size_t len, mac, net;
};

static bool read1(const uint8_t *frame, struct said *out)
{
	struct tpacket_hdr h;

	memcpy(&h, frame, sizeof(h));
	*out = (struct said){ h.tp_len, h.tp_mac, h.tp_net };
	return true;
}

static bool read2(const uint8_t *frame, struct said *out)
{
	struct tpacket2_hdr h;

	memcpy(&h, frame, sizeof(h));
	*out = (struct said){ h.tp_len, h.tp_mac, h.tp_net };
	return true;
}

/* Slots of any length are for what comes alone. */
static bool read3(const uint8_t *frame, struct said *out)
{
	struct tpacket3_hdr h;

	memcpy(&h, frame, sizeof(h));
	*out = (struct said){ h.tp_len, h.tp_mac, h.tp_net };
	return !h.tp_next_offset;
}

/* Where it is; its length or -errno. */
static ssize_t locate(const struct st_rings *r, const uint8_t *frame,
		      size_t most, size_t *at)
{
	size_t head = TPACKET_ALIGN((size_t)st_ring_hdrlen(r->version));
	size_t room = r->tx.frame_size - head;
	struct said said;

	if (!(r->version == TPACKET_V1	 ? read1(frame, &said)
	      : r->version == TPACKET_V2 ? read2(frame, &said)
					 : read3(frame, &said)))
		return -EINVAL;
	if (said.len > room || said.len > most)
		return -EMSGSIZE;
	*at = head;
	if (r->tx_has_off) {
		*at = r->sock->type == SOCK_DGRAM ? said.net : said.mac;
		if (*at < head || *at > r->tx.frame_size - said.len)
			return -EINVAL;
	}
	return (ssize_t)said.len;
}

ssize_t st_ring_send(struct st_rings *r, const struct st_dest *to, size_t most,
		     ssize_t (*send)(struct st_sock *s,
				     const struct st_dest *to, const void *data,
				     size_t len))
{
	ssize_t sum = 0;

	/* once around at most: the guest may go on to fill it */
	for (unsigned int n = 0; n < r->tx.count; n++) {
		uint8_t *frame = st_ring_frame(r, &r->tx, r->tx.head);
		size_t at = 0;
		ssize_t len;

		if (st_ring_status(r, frame) != TP_STATUS_SEND_REQUEST)
			break;
		len = locate(r, frame, most, &at);
		if (len >= 0)
			len = send(r->sock, to, frame + at, (size_t)len);
		if (len < 0 && !r->loss) {
			st_ring_set_status(r, frame, TP_STATUS_WRONG_FORMAT);
			return len;
		}
		st_ring_set_status(r, frame, TP_STATUS_AVAILABLE);
		r->tx.head = (r->tx.head + 1) % r->tx.count;
		sum += len < 0 ? 0 : len;
	}
	return sum;
}
