// SPDX-License-Identifier: GPL-2.0-or-later
/* packetmsg.c - AF_PACKET sockets: a packet, and what is told beside it */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <linux/if_packet.h>
#include <string.h>

#include "dgram.h"
#include "packetsock.h"

/* What was asked for beside the packet; its length. */
static size_t put_control(const struct st_sock *s, const struct st_shot *shot,
			  char *buf, size_t room)
{
	struct msghdr m = { .msg_control = buf, .msg_controllen = room };
	struct timeval tv = { shot->stamp.tv_sec, shot->stamp.tv_nsec / 1000 };
	struct tpacket_auxdata aux = {
		.tp_status = TP_STATUS_USER | shot->status,
		.tp_len = (uint32_t)shot->p.len,
		.tp_snaplen = (uint32_t)shot->snap,
		.tp_net = s->type == SOCK_DGRAM ? 0 : (uint16_t)shot->p.net,
		.tp_vlan_tci = shot->p.tci,
		.tp_vlan_tpid = shot->p.tpid,
	};
	struct cmsghdr *at = NULL;

	memset(buf, 0, room);
	if (s->so.timestampns)
		st_put_cmsg(&m, &at, SOL_SOCKET, SCM_TIMESTAMPNS, &shot->stamp,
			    sizeof(shot->stamp));
	else if (s->so.timestamp)
		st_put_cmsg(&m, &at, SOL_SOCKET, SCM_TIMESTAMP, &tv,
			    sizeof(tv));
	if (st_packet_of(s)->auxdata)
		st_put_cmsg(&m, &at, SOL_PACKET, PACKET_AUXDATA, &aux,
			    sizeof(aux));
	return at ? (size_t)((char *)at - buf) + CMSG_ALIGN(at->cmsg_len) : 0;
}

bool st_packet_give(struct st_sock *s, const struct st_shot *shot)
{
	struct um_net_head head = { .namelen = sizeof(shot->from) };
	_Alignas(struct cmsghdr) char control[128];

	memcpy(head.name, &shot->from, sizeof(shot->from));
	head.controllen =
		(uint16_t)put_control(s, shot, control, sizeof(control));
	return st_sock_give(s, &head, control, shot->p.data, shot->snap);
}
