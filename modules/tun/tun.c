// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tun.c - interfaces of /dev/net/tun and the descriptors that have them
 *
 * A tun lives as long as a file has it, or it is persistent. A file lives until
 * the guest has closed its end; when its tun is removed the guest reads the end
 * of file, and what it writes is thrown away.
 */
#include "tun.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_arp.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 4 << 20 };

#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER 0x0040
#endif

const struct tun_host *tun_host;
static struct tun_file *files;

void tun_init(const struct tun_host *host)
{
	tun_host = host;
}

bool tun_is_tap(const struct tun *t)
{
	return t->flags & IFF_TAP;
}

unsigned int tun_flags(const struct tun *t)
{
	return t->flags & (TUN_FEATURES | IFF_PERSIST | IFF_TUN | IFF_TAP);
}

static struct tun *tun_new(unsigned int kind)
{
	struct tun *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->flags = kind;
	t->owner = (uid_t)-1;
	t->group = (gid_t)-1;
	t->type = kind == IFF_TAP ? ARPHRD_ETHER : ARPHRD_NONE;
	t->vnet_size = (int)sizeof(struct virtio_net_hdr);
	t->sndbuf = INT_MAX;
	t->filter[0] = t->filter[1] = -1;
	return t;
}

static void tun_free(struct tun *t)
{
	tun_detach_program(t);
	free(t);
}

/* ---- TUNSETIFF ---- */

static void attach(struct tun_file *f, struct tun *t, const struct ifreq *ifr)
{
	unsigned int flags = (unsigned short)ifr->ifr_flags;

	t->flags &= ~(unsigned int)TUN_FEATURES;
	t->flags |= flags & TUN_FEATURES;
	t->carrier = !(flags & IFF_NO_CARRIER);
	t->file = f;
	f->tun = t;
}

/* One more reader of an interface that is there. */
static int attach_old(struct tun_file *f, struct tun *t,
		      const struct ifreq *ifr)
{
	unsigned int flags = (unsigned short)ifr->ifr_flags;

	/* as the kernel looks: IFF_TUN first, when both are asked for */
	if ((flags & IFF_TUN) ? tun_is_tap(t)
			      : !(flags & IFF_TAP) || !tun_is_tap(t))
		return -EINVAL;
	if (t->file)
		return -EBUSY;
	attach(f, t, ifr);
	return 0;
}

static int attach_new(struct tun_file *f, const struct ifreq *ifr, int index)
{
	unsigned int flags = (unsigned short)ifr->ifr_flags;
	const char *name = ifr->ifr_name;
	struct tun *t;
	int ret;

	if (!(flags & (IFF_TUN | IFF_TAP)))
		return -EINVAL;
	if (!*name)
		name = flags & IFF_TUN ? "tun%d" : "tap%d";
	t = tun_new((flags & IFF_TUN) ? IFF_TUN : IFF_TAP);
	if (!t)
		return -ENOMEM;
	ret = tun_host->create(t, name, index);
	if (ret < 0) {
		tun_free(t);
		return ret;
	}
	attach(f, t, ifr);
	return 0;
}

int tun_set_iff(struct tun_file *f, struct ifreq *ifr, int index)
{
	unsigned int flags = (unsigned short)ifr->ifr_flags;
	struct tun *t = NULL;
	int found, ret;

	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	/* what a kernel without them says */
	if (flags & (IFF_MULTI_QUEUE | IFF_NAPI_FRAGS))
		return -EINVAL;
	found = *ifr->ifr_name ? tun_host->find(ifr->ifr_name, &t) : 0;
	if (found && (flags & IFF_TUN_EXCL))
		return -EBUSY;
	if (found > 1)
		return -EINVAL;
	ret = found ? attach_old(f, t, ifr) : attach_new(f, ifr, index);
	if (ret < 0)
		return ret;
	tun_host->changed(f->tun);
	memset(ifr->ifr_name, 0, IFNAMSIZ);
	memcpy(ifr->ifr_name, tun_host->name(f->tun),
	       strnlen(tun_host->name(f->tun), IFNAMSIZ - 1));
	return 0;
}

/* ---- files ---- */

static struct tun_file *file_new(int fd)
{
	static uint64_t last;
	struct tun_file *f = calloc(1, sizeof(*f));
	int size = BUFFER;

	if (!f)
		return NULL;
	f->id = ++last;
	f->fd = fd;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return f;
}

static void detach(struct tun_file *f)
{
	struct tun *t = f->tun;

	if (!t)
		return;
	f->tun = NULL;
	t->file = NULL;
	t->carrier = false;
	if (t->flags & IFF_PERSIST) {
		tun_host->changed(t);
		return;
	}
	tun_host->destroy(t);
	tun_free(t);
}

/* The guest is gone, or never got it. */
static void file_free(struct tun_file *f)
{
	struct tun_file **at = &files;

	detach(f);
	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
	if (f->host)
		tun_host->unwatch(f);
	close(f->fd);
	free(f);
}

int tun_open(int fd, struct ifreq *ifr, int index, uint64_t *id)
{
	struct tun_file *f = file_new(fd);
	int ret;

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	ret = tun_set_iff(f, ifr, index);
	if (ret == 0)
		ret = tun_host->watch(f);
	if (ret < 0) {
		file_free(f);
		return ret;
	}
	f->next = files;
	files = f;
	*id = f->id;
	return 0;
}

void tun_remove(struct tun *t)
{
	struct tun_file *f = t->file;

	if (f) {
		f->tun = NULL;
		shutdown(f->fd, SHUT_WR);
	}
	tun_free(t);
}

struct tun_file *tun_file_find(uint64_t id)
{
	struct tun_file *f = files;

	while (f && f->id != id)
		f = f->next;
	return f;
}

/* ---- what the guest writes ---- */

/* A write of nothing looks like the end. */
static bool has_hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

void tun_file_ready(struct tun_file *f)
{
	enum { BURST = 64 };
	static uint8_t packet[TUN_PACKET_MAX];

	for (int n = 0; n < BURST; n++) {
		ssize_t len = recv(f->fd, packet, sizeof(packet), MSG_DONTWAIT);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* it has not read all; what it wrote comes yet */
		if (len < 0 && errno == ECONNRESET)
			continue;
		if (len == 0 && !has_hung_up(f->fd))
			continue;
		if (len <= 0) {
			file_free(f);
			return;
		}
		if (f->tun)
			tun_receive(f->tun, packet, (size_t)len);
	}
}
