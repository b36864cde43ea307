// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plug.c - tap interfaces whose other end is a plug in a switch, or any VNL
 *
 * Each interface has a connection of its own. One that is lost is tried again every
 * two seconds, and the interface has no carrier meanwhile.
 */
#include "plug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tun.h"
#include "vnl.h"

enum { AGAIN_MS = 2000, BURST = 64, NAMES = 1000 };

struct plug {
	struct plug *next;
	struct tun *tun;
	char name[IFNAMSIZ];
	uint8_t mac[6];
	const char *vnl;
	VDECONN *conn;
	uint64_t again; /* when, if there is no conn */
};

/* A descriptor of a guest's. */
struct reader {
	struct reader *next;
	struct tun_file *f;
};

static char **vnls;
static struct plug *plugs;
static struct reader *readers;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- names ---- */

static const char *vnl_of(const char *name)
{
	const char *other = NULL;

	for (char **w = vnls; *w; w++) {
		const char *equals = strchr(*w, '=');

		if (equals == *w)
			other = equals + 1;
		else if (strlen(name) == (size_t)(equals - *w) &&
			 !strncmp(*w, name, (size_t)(equals - *w)))
			return equals + 1;
	}
	return other;
}

static struct plug *plug_find(const char *name)
{
	struct plug *p = plugs;

	while (p && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

/* The first free one that has a VNL. */
static int choose(struct plug *p, const char *pattern)
{
	const char *digit = strstr(pattern, "%d");

	if (strlen(pattern) >= sizeof(p->name) || strchr(pattern, '/') ||
	    strchr(pattern, ' '))
		return -EINVAL;
	for (int n = 0; n < (digit ? NAMES : 1); n++) {
		if (digit)
			snprintf(p->name, sizeof(p->name), "%.*s%d%s",
				 (int)(digit - pattern), pattern, n, digit + 2);
		else
			snprintf(p->name, sizeof(p->name), "%s", pattern);
		p->vnl = vnl_of(p->name);
		if (p->vnl && !plug_find(p->name))
			return 0;
	}
	return -ENODEV;
}

/* ---- connections ---- */

static void unplug(struct plug *p)
{
	if (p->conn)
		vde_close(p->conn);
	p->conn = NULL;
	p->again = now_ms() + AGAIN_MS;
}

static int plug_in(struct plug *p)
{
	char descr[64];
	int ret;

	snprintf(descr, sizeof(descr), "umdevtap %s", p->name);
	ret = vnl_open(p->vnl, descr, &p->conn);
	if (ret < 0)
		p->again = now_ms() + AGAIN_MS;
	return ret;
}

/* ---- as modules/tun asks ---- */

static int find(const char *name, struct tun **out)
{
	struct plug *p = plug_find(name);

	if (p)
		*out = p->tun;
	return p ? 1 : 0;
}

static int create(struct tun *t, const char *name, int index)
{
	struct plug *p = calloc(1, sizeof(*p));
	int ret = p ? choose(p, name) : -ENOMEM;

	(void)index; /* there are no indices here */
	if (ret == 0 && !tun_is_tap(t)) {
		fprintf(stderr,
			"umdevtap: %s: a switch takes frames, not packets: TAP, or a stack\n",
			p->name);
		ret = -EINVAL;
	}
	if (ret == 0) {
		ret = plug_in(p);
		if (ret < 0)
			fprintf(stderr,
				"umdevtap: %s: cannot plug into %s: %s\n",
				p->name, p->vnl, strerror(-ret));
	}
	if (ret < 0) {
		free(p);
		return ret;
	}
	(void)!getrandom(p->mac, sizeof(p->mac), 0);
	p->mac[0] = 2;
	p->tun = t;
	t->host = p;
	p->next = plugs;
	plugs = p;
	return 0;
}

static void destroy(struct tun *t)
{
	struct plug **at = &plugs, *p = t->host;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	unplug(p);
	free(p);
}

static const char *name_of(const struct tun *t)
{
	return ((const struct plug *)t->host)->name;
}

/* Plugged in is up. */
static bool is_up(const struct tun *t)
{
	return ((const struct plug *)t->host)->conn;
}

static void changed(struct tun *t)
{
	(void)t;
}

static void get_mac(const struct tun *t, uint8_t mac[6])
{
	memcpy(mac, ((const struct plug *)t->host)->mac, 6);
}

static int set_mac(struct tun *t, const uint8_t mac[6])
{
	if (mac[0] & 1)
		return -EADDRNOTAVAIL;
	memcpy(((struct plug *)t->host)->mac, mac, 6);
	return 0;
}

static void input(struct tun *t, uint16_t proto, uint8_t *frame, size_t len)
{
	struct plug *p = t->host;

	(void)proto;
	if (p->conn && t->carrier)
		(void)!vde_send(p->conn, frame, len, MSG_DONTWAIT);
}

static int watch(struct tun_file *f)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->f = f;
	r->next = readers;
	readers = r;
	f->host = r;
	return 0;
}

static void unwatch(struct tun_file *f)
{
	struct reader **at = &readers, *r = f->host;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	free(r);
}

void plug_init(char **words)
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

	vnls = words;
	tun_init(&host);
}

/* ---- the loop's ---- */

static void try_again(int *timeout)
{
	uint64_t now = now_ms();

	for (struct plug *p = plugs; p; p = p->next) {
		if (!p->conn && p->again <= now)
			(void)plug_in(p);
		if (!p->conn && (*timeout < 0 || *timeout > AGAIN_MS))
			*timeout = AGAIN_MS;
	}
}

size_t plug_poll(struct pollfd *fds, size_t room, int *timeout)
{
	size_t n = 0;

	try_again(timeout);
	for (struct reader *r = readers; r && n < room; r = r->next)
		fds[n++] = (struct pollfd){ r->f->fd, POLLIN, 0 };
	for (struct plug *p = plugs; p && n + 1 < room; p = p->next) {
		if (!p->conn)
			continue;
		fds[n++] = (struct pollfd){ vde_datafd(p->conn), POLLIN, 0 };
		if (vde_ctlfd(p->conn) != vde_datafd(p->conn))
			fds[n++] = (struct pollfd){ vde_ctlfd(p->conn), POLLIN,
						    0 };
	}
	return n;
}

static bool is_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void from_switch(struct plug *p)
{
	static uint8_t frame[VDE_ETHBUFSIZE];

	for (int n = 0; n < BURST && vnl_is_ready(p->conn); n++) {
		ssize_t len = vnl_receive(p->conn, frame, sizeof(frame));

		if (len < 0)
			unplug(p);
		if (len <= 0)
			return;
		(void)tun_send(p->tun, frame, (size_t)len);
	}
}

static void on_control(struct plug *p)
{
	char waste[64];

	if (is_ready(vde_ctlfd(p->conn)) &&
	    read(vde_ctlfd(p->conn), waste, sizeof(waste)) <= 0)
		unplug(p);
}

static void serve_fd(int fd)
{
	for (struct reader *r = readers; r; r = r->next)
		if (r->f->fd == fd) {
			tun_file_ready(r->f);
			return;
		}
	for (struct plug *p = plugs; p; p = p->next) {
		if (!p->conn)
			continue;
		if (vde_datafd(p->conn) == fd)
			from_switch(p);
		else if (vde_ctlfd(p->conn) == fd)
			on_control(p);
		else
			continue;
		return;
	}
}

void plug_serve(const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents)
			serve_fd(fds[i].fd);
}
