// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * filter.c - which frames the reader of a TAP is given
 *
 * TUNSETTXFILTER's addresses are compared here. A program of TUNATTACHFILTER is
 * the kernel's to check and to run: each frame passes a pair of sockets that has
 * it (SO_ATTACH_FILTER), and what comes out is what it leaves.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tun.h"

enum { ADDR = 6 };

/* ---- addresses ---- */

/* The exact ones come first; of more only multicast may be told, roughly. */
int tun_set_txfilter(struct tun *t, const void *data, size_t size)
{
	struct tun_txfilter new = { .on = true };
	struct tun_filter head;
	const uint8_t *addr = (const uint8_t *)data + sizeof(head);
	size_t most = sizeof(new.addr) / sizeof(new.addr[0]);

	if (size < sizeof(head))
		return -EINVAL;
	memcpy(&head, data, sizeof(head));
	if (size < sizeof(head) + head.count * (size_t)ADDR)
		return -EINVAL;
	t->txfilter = (struct tun_txfilter){ .on = false };
	if (!head.count)
		return 0;
	for (size_t n = 0; n < head.count; n++, addr += ADDR) {
		if (n < most)
			memcpy(new.addr[new.count++], addr, ADDR);
		else if (*addr & 1)
			new.all_multicast = true;
		else
			return 0; /* too many: no filter */
	}
	if (head.flags & TUN_FLT_ALLMULTI)
		new.all_multicast = true;
	t->txfilter = new;
	return (int)new.count;
}

bool tun_txfilter_wants(const struct tun *t, const uint8_t *frame, size_t len)
{
	const struct tun_txfilter *f = &t->txfilter;

	if (!f->on || len < ADDR)
		return true;
	for (unsigned int n = 0; n < f->count; n++)
		if (!memcmp(f->addr[n], frame, ADDR))
			return true;
	return (frame[0] & 1) && f->all_multicast;
}

/* ---- programs ---- */

int tun_attach_program(struct tun *t, const void *code, size_t size)
{
	struct sock_fprog p = {
		.len = (unsigned short)(size / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(uintptr_t)code,
	};
	int ends[2], room = TUN_PACKET_MAX * 4;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	if (setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) <
	    0) {
		int err = -errno;

		close(ends[0]);
		close(ends[1]);
		return err;
	}
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	tun_detach_program(t);
	memcpy(t->filter, ends, sizeof(ends));
	t->program = p.len;
	return 0;
}

void tun_detach_program(struct tun *t)
{
	if (t->filter[0] < 0)
		return;
	close(t->filter[0]);
	close(t->filter[1]);
	t->filter[0] = t->filter[1] = -1;
	t->program = 0;
}

size_t tun_program_run(const struct tun *t, const void *frame, size_t len)
{
	ssize_t left;
	char first;

	if (!t->program)
		return len;
	if (send(t->filter[0], frame, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return 0;
	left = recv(t->filter[1], &first, 1, MSG_DONTWAIT | MSG_TRUNC);
	return left > 0 ? (size_t)left : 0;
}
