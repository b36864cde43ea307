// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * call.c - ioctl(2) on descriptors of /dev/net/tun that have an interface
 *
 * What needs none is answered by the module (umdevtap.c). Whoever may open the
 * device may do all of it: owner and group are kept, and shown, alone.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tun.h"

static int int_of(const void *data, size_t size)
{
	int v = 0;

	memcpy(&v, data, size < sizeof(v) ? size : sizeof(v));
	return v;
}

static unsigned long long_of(const void *data, size_t size)
{
	unsigned long v = 0;

	memcpy(&v, data, size < sizeof(v) ? size : sizeof(v));
	return v;
}

static int put_int(void *data, size_t size, int v)
{
	memcpy(data, &v, size < sizeof(v) ? size : sizeof(v));
	return 0;
}

static int get_iff(const struct tun *t, void *data, size_t size)
{
	struct ifreq *ifr = data;

	if (size < sizeof(*ifr))
		return -EINVAL;
	memset(ifr, 0, sizeof(*ifr));
	memcpy(ifr->ifr_name, tun_host->name(t),
	       strnlen(tun_host->name(t), IFNAMSIZ - 1));
	ifr->ifr_flags = (short)tun_flags(t);
	if (!t->program)
		ifr->ifr_flags |= IFF_NOFILTER;
	return 0;
}

static int set_persist(struct tun *t, bool on)
{
	if (on)
		t->flags |= IFF_PERSIST;
	else
		t->flags &= ~(unsigned int)IFF_PERSIST;
	tun_host->changed(t);
	return 0;
}

static int set_type(struct tun *t, int type)
{
	if (tun_host->is_up(t))
		return -EBUSY;
	t->type = type;
	tun_host->changed(t);
	return 0;
}

static int set_owner(struct tun *t, unsigned int cmd, unsigned int id)
{
	if (id == ~0U)
		return -EINVAL;
	if (cmd == TUNSETOWNER)
		t->owner = id;
	else
		t->group = id;
	tun_host->changed(t);
	return 0;
}

/*
 * What the reader could take: nothing is asked of it. UFO and USO are refused, so
 * that nobody takes us for one that takes them (segment.c).
 */
static int set_offload(unsigned long wanted)
{
	if (wanted & TUN_F_CSUM) {
		wanted &= ~(unsigned long)TUN_F_CSUM;
		if (wanted & (TUN_F_TSO4 | TUN_F_TSO6))
			wanted &= ~(unsigned long)(TUN_F_TSO4 | TUN_F_TSO6 |
						   TUN_F_TSO_ECN);
	}
	return wanted ? -EINVAL : 0;
}

static int set_sndbuf(struct tun *t, int size)
{
	if (size <= 0)
		return -EINVAL;
	t->sndbuf = size;
	return 0;
}

static int set_vnet_size(struct tun *t, int size)
{
	if (size < (int)sizeof(struct virtio_net_hdr))
		return -EINVAL;
	t->vnet_size = size;
	return 0;
}

static int mac(struct tun *t, unsigned int cmd, void *data, size_t size)
{
	struct ifreq *ifr = data;

	if (size < sizeof(*ifr))
		return -EINVAL;
	if (cmd == SIOCSIFHWADDR)
		return tun_is_tap(t)
			       ? tun_host->set_mac(
					 t, (uint8_t *)ifr->ifr_hwaddr.sa_data)
			       : -EOPNOTSUPP;
	memset(&ifr->ifr_hwaddr, 0, sizeof(ifr->ifr_hwaddr));
	ifr->ifr_hwaddr.sa_family = (unsigned short)t->type;
	if (tun_is_tap(t))
		tun_host->get_mac(t, (uint8_t *)ifr->ifr_hwaddr.sa_data);
	return 0;
}

static int carrier(struct tun *t, bool on)
{
	t->carrier = on;
	tun_host->changed(t);
	return 0;
}

/* Those of a TAP alone. */
static int filters(struct tun *t, unsigned int cmd, void *data, size_t size)
{
	if (!tun_is_tap(t))
		return -EINVAL;
	switch (cmd) {
	case TUNSETTXFILTER:
		return tun_set_txfilter(t, data, size);
	case TUNATTACHFILTER:
		return tun_attach_program(t, data, size);
	case TUNDETACHFILTER:
		tun_detach_program(t);
		return 0;
	default: /* TUNGETFILTER: of the program, its length */
		memcpy(data, &t->program, sizeof(t->program));
		return 0;
	}
}

static long numbers(struct tun *t, unsigned int cmd, void *data, size_t size)
{
	switch (cmd) {
	case TUNGETSNDBUF:
		return put_int(data, size, t->sndbuf);
	case TUNSETSNDBUF:
		return set_sndbuf(t, int_of(data, size));
	case TUNGETVNETHDRSZ:
		return put_int(data, size, t->vnet_size);
	case TUNSETVNETHDRSZ:
		return set_vnet_size(t, int_of(data, size));
	case TUNGETVNETLE:
		return put_int(data, size, t->little_endian);
	case TUNSETVNETLE:
		t->little_endian = int_of(data, size);
		return 0;
	case TUNSETCARRIER:
		return carrier(t, int_of(data, size));
	case TUNSETSTEERINGEBPF:
	case TUNSETFILTEREBPF:
		/* -1: none, which is so */
		return int_of(data, size) == -1 ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static long call(struct tun *t, unsigned int cmd, void *data, size_t size)
{
	unsigned long arg = long_of(data, size);

	switch (cmd) {
	case TUNSETIFF:
		return -EEXIST;
	case TUNSETIFINDEX:
		return -EPERM;
	case TUNGETIFF:
		return get_iff(t, data, size);
	case TUNSETNOCSUM:
	case TUNSETDEBUG:
		return 0;
	case TUNSETPERSIST:
		return set_persist(t, arg);
	case TUNSETOWNER:
	case TUNSETGROUP:
		return set_owner(t, cmd, (unsigned int)arg);
	case TUNSETLINK:
		return set_type(t, (int)arg);
	case TUNSETOFFLOAD:
		return set_offload(arg);
	case SIOCGIFHWADDR:
	case SIOCSIFHWADDR:
		return mac(t, cmd, data, size);
	case TUNSETTXFILTER:
	case TUNATTACHFILTER:
	case TUNDETACHFILTER:
	case TUNGETFILTER:
		return filters(t, cmd, data, size);
	default:
		return numbers(t, cmd, data, size);
	}
}

long tun_call(uint64_t id, unsigned int cmd, void *data, size_t size)
{
	struct tun_file *f = tun_file_find(id);

	return f && f->tun ? call(f->tun, cmd, data, size) : -EBADFD;
}
