// SPDX-License-Identifier: GPL-2.0-or-later
/* host.c - a host of tuns that keeps what it is given, for tests */
#include "host.h"

#include <stdio.h>
#include <string.h>

struct fake fake;

static int find(const char *name, struct tun **out)
{
	if (!strcmp(name, "eth0"))
		return 2;
	*out = fake.tun;
	return fake.tun && !strcmp(name, fake.name);
}

static int create(struct tun *t, const char *name, int index)
{
	(void)index;
	if (fake.fails)
		return fake.fails;
	snprintf(fake.name, sizeof(fake.name), "%s", name);
	fake.tun = t;
	t->host = &fake;
	return 0;
}

static void destroy(struct tun *t)
{
	if (t == fake.tun)
		fake.tun = NULL;
}

static const char *name_of(const struct tun *t)
{
	(void)t;
	return fake.name;
}

static bool is_up(const struct tun *t)
{
	(void)t;
	return fake.up;
}

static void changed(struct tun *t)
{
	(void)t;
	fake.changes++;
}

static void get_mac(const struct tun *t, uint8_t mac[6])
{
	(void)t;
	memset(mac, 2, 6);
}

static int set_mac(struct tun *t, const uint8_t mac[6])
{
	(void)t;
	(void)mac;
	return 0;
}

static void input(struct tun *t, uint16_t proto, uint8_t *frame, size_t len)
{
	(void)t;
	if (fake.n == HOST_FRAMES || len > HOST_FRAME)
		return;
	fake.proto[fake.n] = proto;
	fake.len[fake.n] = len;
	memcpy(fake.frames[fake.n++], frame, len);
}

static int watch(struct tun_file *f)
{
	fake.watched = f;
	f->host = &fake;
	return 0;
}

static void unwatch(struct tun_file *f)
{
	if (f == fake.watched)
		fake.watched = NULL;
}

void fake_init(void)
{
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

	memset(&fake, 0, sizeof(fake));
	tun_init(&host);
}
