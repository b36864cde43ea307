// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plug.c - umnetkern-plug: a link of umnetlwip's for a stack that is the kernel's
 *
 * usage: umnetkern-plug NAME=KIND[:ARGUMENT][;...]
 *
 * The links (../stack/link*.c) are those of umnetlwip-stack, with its loop. What
 * they call of a stack is here: a frame of the link goes to a packet socket, one
 * of that to the link. See plug.h of netproc.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../stack/clock.h"
#include "../stack/frame.h"
#include "../stack/ip.h"
#include "../stack/link.h"
#include "../stack/loop.h"
#include "../stack/tcptimer.h"
#include "message.h"
#include "plug.h"

enum { BURST = 64, FRAME_MAX = 65535, TAG = 4, ADDRESSES = 2 * ETH_ALEN };

static struct st_iface iface;
static struct st_watch control, packets = { .fd = -1 };

/* ---- what is the stack's, as links and loop know it ---- */

void st_clock_run(void)
{
}

uint32_t st_clock_sleep(void)
{
	return UINT32_MAX;
}

void st_clock_settle(void)
{
}

void st_tcp_timer_wake(void)
{
}

/* Links that trust each other leave checksums out, which the kernel asks for. */
static const void *with_checksums(const void *frame, size_t len)
{
	static uint8_t copy[FRAME_MAX];
	struct st_ip ip;

	if (!iface.link->trusted || len < ETH_HLEN || len > sizeof(copy))
		return frame;
	memcpy(copy, frame, len);
	if (st_ip_parse(copy + ETH_HLEN, len - ETH_HLEN, &ip))
		st_ip_fill_checksums(&ip);
	return copy;
}

void st_iface_input(struct st_iface *i, const void *frame, size_t len)
{
	(void)i;
	/* what there is no room for is lost, as on any cable */
	if (packets.fd >= 0)
		(void)!send(packets.fd, with_checksums(frame, len), len,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static uint8_t place[ST_FRAME_PLACE];

uint8_t *st_frame_place(void)
{
	return place;
}

void st_iface_take(struct st_iface *i, size_t len)
{
	st_iface_input(i, st_frame_place(), len);
}

/* An interface whose peer is down has no carrier. */
static void show_carrier(void)
{
	struct sockaddr_ll at = { 0 };
	socklen_t len = sizeof(at);
	struct ifreq r = { 0 };

	if (packets.fd < 0 || getsockname(packets.fd, (void *)&at, &len) < 0)
		return;
	r.ifr_ifindex = at.sll_ifindex;
	if (ioctl(packets.fd, SIOCGIFNAME, &r) < 0)
		return;
	r.ifr_flags = iface.carrier ? IFF_UP : 0;
	ioctl(packets.fd, SIOCSIFFLAGS, &r);
}

void st_iface_set_carrier(struct st_iface *i, bool on)
{
	i->carrier = on;
	show_carrier();
}

/* ---- what the kernel sends ---- */

/* A tag that the kernel has taken off stands in the frame again. */
static size_t put_tag(uint8_t *frame, size_t len, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct tpacket_auxdata aux;
	uint16_t tag[2];

	if (!c || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
		return len;
	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID) || len < ADDRESSES)
		return len;
	tag[0] = htons(aux.tp_vlan_tpid);
	tag[1] = htons(aux.tp_vlan_tci);
	memmove(frame + ADDRESSES + TAG, frame + ADDRESSES, len - ADDRESSES);
	memcpy(frame + ADDRESSES, tag, TAG);
	return len + TAG;
}

static void on_packets(struct st_watch *w, uint32_t events)
{
	static uint8_t frame[FRAME_MAX];
	_Alignas(struct cmsghdr) char space[128];

	(void)events;
	for (int n = 0; n < BURST; n++) {
		struct iovec iov = { frame, sizeof(frame) - TAG };
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = space,
				    .msg_controllen = sizeof(space) };
		ssize_t len = recvmsg(w->fd, &m, MSG_DONTWAIT);

		if (len <= 0)
			return;
		if (iface.carrier)
			(void)iface.link->send(&iface, frame,
					       put_tag(frame, (size_t)len, &m));
	}
}

/* ---- the stack ---- */

static void on_control(struct st_watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	st_loop_stop(); /* it says no more: it has ended */
}

static int take_packets(void)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	ssize_t n = message_receive(PLUG_FD, &iov, 1, 0, &packets.fd);

	if (n != 1 || packets.fd < 0)
		return -EPIPE;
	packets.ready = on_packets;
	return st_watch_add(&packets, EPOLLIN);
}

/* "NAME=KIND:ARGUMENT;..." is taken apart in place. */
static int open_link(char *spec)
{
	char *kind = strchr(spec, '='), *arg;

	spec[strcspn(spec, ";")] = '\0';
	if (!kind)
		return -EINVAL;
	*kind++ = '\0';
	arg = strchr(kind, ':');
	if (arg)
		*arg++ = '\0';
	snprintf(iface.name, sizeof(iface.name), "%s", spec);
	iface.link = st_link_find(kind);
	if (!iface.link)
		return -EOPNOTSUPP;
	iface.mtu = iface.link->mtu ? iface.link->mtu : ETH_DATA_LEN;
	iface.nif = &iface.own;
	return iface.link->open(&iface, arg);
}

static int begin(char *spec)
{
	struct plug_said said = { 0 };

	said.ret = open_link(spec);
	said.mtu = iface.mtu;
	said.carrier = iface.carrier;
	if (said.ret < 0)
		snprintf(said.why, sizeof(said.why), "%s", st_link_why());
	if (send(PLUG_FD, &said, sizeof(said), MSG_NOSIGNAL) < 0)
		return -errno;
	if (said.ret < 0)
		return said.ret;
	return take_packets();
}

int main(int argc, char **argv)
{
	if (argc != 2 || fcntl(PLUG_FD, F_SETFD, FD_CLOEXEC) < 0) {
		fprintf(stderr,
			"umnetkern-plug: it is started by umnetkern-stack\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	control.fd = PLUG_FD;
	control.ready = on_control;
	if (st_loop_init() < 0 || begin(argv[1]) < 0 ||
	    st_watch_add(&control, EPOLLIN) < 0)
		return 1;
	st_loop_run();
	iface.link->close(&iface);
	return 0;
}
