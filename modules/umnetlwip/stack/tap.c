// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tap.c - interfaces whose link is a descriptor of /dev/net/tun
 *
 * What the descriptor is, is the business of modules/tun; here a tun is an
 * interface. A TAP is one like any other, a TUN has no hardware address (l3.h).
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "tap.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "l3.h"
#include "link.h"
#include "loop.h"
#include "nl.h"
#include "tun.h"

/*
 * WINDOW: through the socket of a TAP less than its buffer is under way. QUEUE: what
 * the kernel says of such interfaces.
 */
enum { WINDOW = 128 * 1024, QUEUE = 500 };

/* Of the interface that is being made. */
static struct tun *coming;

static struct tun *tun_of(const struct st_iface *i)
{
	return i->priv;
}

static int tap_open(struct st_iface *i, const char *arg)
{
	(void)arg;
	i->priv = coming;
	return coming ? 0 : -EOPNOTSUPP;
}

static void tap_close(struct st_iface *i)
{
	struct tun *t = i->priv;

	i->priv = NULL;
	if (t && t->host)
		tun_remove(t);
}

static int tap_send(struct st_iface *i, const void *frame, size_t len)
{
	return i->priv ? tun_send(i->priv, frame, len) : -ENETDOWN;
}

static const struct st_link_ops tap_link = {
	.kind = "tun",
	.mtu_max = 65521,
	.window = WINDOW,
	.own_alias = true,
	.open = tap_open,
	.close = tap_close,
	.send = tap_send,
};

static const struct st_link_ops tun_link = {
	.kind = "tun",
	.mtu_max = 65535,
	.window = WINDOW,
	.l3 = true,
	.own_alias = true,
	.open = tap_open,
	.close = tap_close,
	.send = tap_send,
};

const struct tun *st_tap_of(const struct st_iface *i)
{
	return i->link == &tap_link || i->link == &tun_link ? tun_of(i) : NULL;
}

/* ---- as modules/tun asks ---- */

static int find(const char *name, struct tun **out)
{
	struct st_iface *i = st_iface_by_name(name);

	if (!i)
		return 0;
	if (!st_tap_of(i))
		return 2;
	*out = tun_of(i);
	return 1;
}

static int create(struct tun *t, const char *name, int index)
{
	struct st_iface *i;
	int ret;

	if (index && st_iface_by_index(index))
		return -EBUSY;
	coming = t;
	ret = st_iface_add(name, tun_is_tap(t) ? &tap_link : &tun_link, NULL,
			   &i);
	coming = NULL;
	if (ret < 0)
		return ret;
	t->host = i;
	i->txqlen = QUEUE;
	if (index) {
		/* who was told of the other one */
		st_nl_link_changed(i, true);
		i->index = index;
	}
	return 0;
}

static void destroy(struct tun *t)
{
	struct st_iface *i = t->host;

	t->host = NULL; /* it is going by itself */
	st_iface_del(i);
}

static const char *name_of(const struct tun *t)
{
	return ((const struct st_iface *)t->host)->name;
}

static bool is_up(const struct tun *t)
{
	return st_iface_is_up(t->host);
}

static void changed(struct tun *t)
{
	struct st_iface *i = t->host;
	bool carrier = t->file && t->carrier;

	if (i->carrier != carrier)
		st_iface_set_carrier(i, carrier);
	else
		st_nl_link_changed(i, false);
}

static void get_mac(const struct tun *t, uint8_t mac[6])
{
	memcpy(mac, ((const struct st_iface *)t->host)->nif->hwaddr, 6);
}

static int set_mac(struct tun *t, const uint8_t mac[6])
{
	return st_iface_set_mac(t->host, mac);
}

static void input(struct tun *t, uint16_t proto, uint8_t *frame, size_t len)
{
	struct st_iface *i = t->host;

	if (i->link->l3)
		st_l3_input(i, proto, frame, len);
	else
		st_iface_input(i, frame, len);
}

/* ---- descriptors ---- */

struct watch {
	struct st_watch w;
	struct tun_file *f;
};

static void on_packets(struct st_watch *w, uint32_t events)
{
	(void)events;
	tun_file_ready(((struct watch *)w)->f);
}

static int watch(struct tun_file *f)
{
	struct watch *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return -ENOMEM;
	w->w.fd = f->fd;
	w->w.ready = on_packets;
	w->f = f;
	ret = st_watch_add(&w->w, EPOLLIN);
	if (ret < 0)
		free(w);
	else
		f->host = w;
	return ret;
}

static void unwatch(struct tun_file *f)
{
	struct watch *w = f->host;

	st_watch_del(&w->w);
	free(w);
	f->host = NULL;
}

static const struct tun_host host = {
	.find = find,
	.create = create,
	.destroy = destroy,
	.name = name_of,
	.is_up = is_up,
	.changed = changed,
	.get_mac = get_mac,
	.set_mac = set_mac,
	.input = input,
	.watch = watch,
	.unwatch = unwatch,
};

void st_tap_init(void)
{
	tun_init(&host);
}

int st_tap_open(const struct st_req *q, const void *data, int *fd, uint64_t *id,
		void *out)
{
	struct ifreq ifr;
	int taken = *fd;
	int ret;

	if (q->len != sizeof(ifr) || taken < 0)
		return -EINVAL;
	memcpy(&ifr, data, sizeof(ifr));
	*fd = -1;
	ret = tun_open(taken, &ifr, q->a, id);
	memcpy(out, &ifr, sizeof(ifr));
	return ret;
}

int st_tap_call(const struct st_req *q, const void *data, void *out)
{
	memcpy(out, data, q->len);
	return (int)tun_call(q->id, (unsigned int)q->a, out, q->len);
}

/* ---- what netlink and /sys say ---- */

static void put_u8(struct st_nl_out *o, int type, uint8_t v)
{
	st_nl_attr(o, type, &v, 1);
}

void st_tap_put_info(struct st_nl_out *o, const struct st_iface *i)
{
	const struct tun *t = st_tap_of(i);
	size_t nest;

	if (!t)
		return;
	nest = st_nl_nest(o, IFLA_INFO_DATA);
	put_u8(o, IFLA_TUN_TYPE, tun_is_tap(t) ? IFF_TAP : IFF_TUN);
	if (t->owner != (uid_t)-1)
		st_nl_attr_u32(o, IFLA_TUN_OWNER, t->owner);
	if (t->group != (gid_t)-1)
		st_nl_attr_u32(o, IFLA_TUN_GROUP, t->group);
	put_u8(o, IFLA_TUN_PI, !(t->flags & IFF_NO_PI));
	put_u8(o, IFLA_TUN_VNET_HDR, !!(t->flags & IFF_VNET_HDR));
	put_u8(o, IFLA_TUN_PERSIST, !!(t->flags & IFF_PERSIST));
	put_u8(o, IFLA_TUN_MULTI_QUEUE, 0);
	st_nl_nest_end(o, nest);
}

bool st_tap_file(FILE *f, const struct st_iface *i, const char *name)
{
	const struct tun *t = st_tap_of(i);

	if (!t)
		return false;
	if (!strcmp(name, "tun_flags"))
		fprintf(f, "0x%x\n", tun_flags(t));
	else if (!strcmp(name, "owner"))
		fprintf(f, "%d\n", (int)t->owner);
	else if (!strcmp(name, "group"))
		fprintf(f, "%d\n", (int)t->group);
	else
		return false;
	return true;
}
