// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * frame.c - packets of /dev/net/tun: the headers before the frame
 *
 *	[struct tun_pi, unless IFF_NO_PI]
 *	[struct virtio_net_hdr, if IFF_VNET_HDR, in vnet_size bytes]
 *	an Ethernet frame (TAP), or a packet (TUN)
 *
 * To the reader a frame is always whole and has its checksums. What it writes may
 * lack one, or be larger than any link takes (VIRTIO_NET_HDR_GSO_*).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tun.h"

/* ---- to the guest ---- */

static uint16_t proto_of(const struct tun *t, const uint8_t *frame, size_t len)
{
	if (tun_is_tap(t))
		return len >= ETH_HLEN ? (uint16_t)(frame[12] << 8 | frame[13])
				       : 0;
	return !len		      ? 0
	       : (frame[0] >> 4) == 4 ? ETH_P_IP
	       : (frame[0] >> 4) == 6 ? ETH_P_IPV6
				      : 0;
}

int tun_send(struct tun *t, const void *frame, size_t len)
{
	static uint8_t zero[256];
	struct tun_pi pi = { .proto = htons(proto_of(t, frame, len)) };
	size_t vnet = (size_t)t->vnet_size;
	struct iovec iov[] = {
		{ &pi, (t->flags & IFF_NO_PI) ? 0 : sizeof(pi) },
		{ zero, (t->flags & IFF_VNET_HDR) ? vnet : 0 },
		{ (void *)(uintptr_t)frame, len },
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3 };

	if (!t->file || vnet > sizeof(zero))
		return -ENETDOWN;
	if (tun_is_tap(t)) {
		if (!tun_txfilter_wants(t, frame, len))
			return 0;
		iov[2].iov_len = tun_program_run(t, frame, len);
		if (!iov[2].iov_len)
			return 0;
	}
	return sendmsg(t->file->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0
		       ? -errno
		       : 0;
}

/* ---- from the guest ---- */

/* One packet on its way in. */
struct incoming {
	struct tun *t;
	uint16_t proto;
};

static void give(void *arg, uint8_t *frame, size_t len)
{
	const struct incoming *in = arg;

	tun_host->input(in->t, in->proto, frame, len);
}

static bool fill_checksum(uint8_t *frame, size_t len,
			  const struct virtio_net_hdr *h)
{
	size_t start = h->csum_start, at = start + h->csum_offset;
	uint16_t sum;

	if (start >= len || at + 2 > len)
		return false;
	/* that of the pseudo header is in its place already */
	sum = tun_fold(tun_sum(frame + start, len - start, 0));
	if (!sum)
		sum = 0xffff;
	memcpy(frame + at, &sum, 2);
	return true;
}

static size_t header_of_ip(const struct incoming *in, const uint8_t *frame)
{
	if (!tun_is_tap(in->t))
		return 0;
	return frame[12] == ETH_P_8021Q >> 8 && !frame[13] ? ETH_HLEN + 4
							   : ETH_HLEN;
}

static void take(struct incoming *in, const struct virtio_net_hdr *h,
		 uint8_t *frame, size_t len)
{
	int kind = h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;

	if (tun_is_tap(in->t) && len < ETH_HLEN)
		return;
	if (kind == VIRTIO_NET_HDR_GSO_NONE) {
		if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
		    fill_checksum(frame, len, h))
			give(in, frame, len);
		return;
	}
	if (kind == VIRTIO_NET_HDR_GSO_TCPV4 ||
	    kind == VIRTIO_NET_HDR_GSO_TCPV6)
		tun_segment(frame, len, header_of_ip(in, frame), h->csum_start,
			    h->gso_size, give, in);
}

void tun_receive(struct tun *t, uint8_t *packet, size_t len)
{
	struct virtio_net_hdr h = { 0 };
	size_t vnet = (t->flags & IFF_VNET_HDR) ? (size_t)t->vnet_size : 0;
	struct incoming in = { .t = t };
	struct tun_pi pi = { 0 };

	if (!(t->flags & IFF_NO_PI)) {
		if (len < sizeof(pi))
			return;
		memcpy(&pi, packet, sizeof(pi));
		packet += sizeof(pi);
		len -= sizeof(pi);
	}
	if (len < vnet)
		return;
	if (vnet)
		memcpy(&h, packet, sizeof(h));
	packet += vnet;
	len -= vnet;
	in.proto = proto_of(t, packet, len);
	if (!tun_is_tap(t) && !(t->flags & IFF_NO_PI))
		in.proto = ntohs(pi.proto);
	if (len && (tun_is_tap(t) || in.proto))
		take(&in, &h, packet, len);
}
