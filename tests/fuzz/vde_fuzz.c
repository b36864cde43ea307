// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde_fuzz.c - what a switch, a terminal, a file or a peer may say to the VDE programs
 *
 * The first byte says whose the rest is: 0 the switch's management socket's, 1 keys,
 * 2 a configuration file, 3 packets to both ends of a cable, each after its length
 * (two bytes) and a byte: 0, as it is; else the next genuine packet, with
 * these bytes laid over it.
 */
#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "um_cmds/vde/cabpeer.h"
#include "um_cmds/vde/edit.h"
#include "um_cmds/vde/menu.h"
#include "um_cmds/vde/mgmt.h"
#include "um_cmds/vde/page.h"
#include "um_cmds/vde/rcfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(cond)                                                       \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

static void on_event(void *arg, enum mgmt_what what, const char *text, int code)
{
	FUZZ_CHECK(strlen(text) < MGMT_LINE_MAX && !strchr(text, '\n'));
	FUZZ_CHECK(code >= 0 && code < 1000);
	if (what == MGMT_DATA)
		menu_add(arg, text);
}

/* All that is read of a menu, with its own words. */
static void use_menu(const struct menu *m)
{
	char dir[128] = "", out[EDIT_LINE_MAX];

	for (size_t i = 0; i < m->count; i++) {
		const char *path = m->items[i].path;

		FUZZ_CHECK(menu_find(m, path));
		menu_resolve(m, dir, sizeof(dir), path, out, sizeof(out));
		FUZZ_CHECK(strlen(dir) < sizeof(dir));
		menu_complete(m, dir, "", out, sizeof(out), NULL, NULL);
		FUZZ_CHECK(strlen(out) < sizeof(out));
	}
}

static void from_switch(const uint8_t *data, size_t size)
{
	struct menu menu = { 0 };
	struct mgmt_reader r = { .event = on_event, .arg = &menu };

	mgmt_feed(&r, (const char *)data, size);
	use_menu(&menu);
	menu_fini(&menu);
}

static void put(void *arg, const char *text, size_t len)
{
	size_t *total = arg;

	for (size_t i = 0; i < len; i++)
		*total += text[i] != '\0';
}

static void keys(const uint8_t *data, size_t size)
{
	size_t total = 0;
	struct edit e = { .put = put, .arg = &total };

	for (size_t i = 0; i < size; i++) {
		enum edit_event event = edit_key(&e, data[i]);

		FUZZ_CHECK(e.at <= e.len && e.len < EDIT_LINE_MAX &&
			   strlen(e.line) == e.len && e.count <= EDIT_HISTORY);
		if (event == EDIT_ENTER)
			edit_clear(&e);
		else if (event == EDIT_TAB)
			edit_insert(&e, "completed");
	}
	edit_fini(&e);
}

static void rc_file(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *why = NULL;
	struct rcfile rc;
	FILE *f;

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	f = fmemopen(text, size + 1, "r");
	if (f) {
		int ret = rc_read(f, &rc, &why);

		FUZZ_CHECK(ret <= 0 || why);
		FUZZ_CHECK(rc.addr_count <= RC_ADDRESSES &&
			   rc.route_count <= 2);
		fclose(f);
	}
	free(text);
}

/* What one end has sent. */
struct wire {
	uint8_t packet[CAB_PACKET_MAX];
	size_t len;
};

static void on_wire(void *arg, const struct cab_addr *to, const void *packet,
		    size_t len)
{
	struct wire *w = arg;

	(void)to;
	FUZZ_CHECK(len <= sizeof(w->packet));
	memcpy(w->packet, packet, len);
	w->len = len;
}

/* Return: whether the end believed it. */
static bool give(struct cab_peer *p, const uint8_t *packet, size_t len)
{
	static const struct cab_addr from;
	static uint8_t frame[CAB_FRAME_MAX];
	struct cab_hello hello;
	ssize_t ret;

	if (!p->client &&
	    cab_hello_read(p->link->key, packet, len, &hello) == 0)
		return cab_peer_hello(p, &hello, &from, 1) == 0;
	if (p->client && cab_peer_welcome(p, packet, len, 1) == 0)
		return true;
	ret = cab_peer_open(p, packet, len, &from, 1, frame);
	FUZZ_CHECK(ret <= (ssize_t)len);
	return ret >= 0 || ret == -ECONNRESET;
}

/* A packet of the other's, spoilt by the input: believed only if it is not. */
static void spoil(struct cab_peer *to, struct wire *wire, const uint8_t *data,
		  size_t len)
{
	uint8_t packet[CAB_PACKET_MAX];
	size_t n = wire->len;
	bool changed = false;

	if (!n)
		return;
	memcpy(packet, wire->packet, n);
	for (size_t i = 0; i < len && i < n; i++)
		packet[i] ^= data[i];
	changed = memcmp(packet, wire->packet, n) != 0;
	wire->len = 0;
	FUZZ_CHECK(!give(to, packet, n) || !changed);
}

static void cable(const uint8_t *data, size_t size)
{
	static struct wire up, down;
	static const uint8_t secret[CAB_KEY_LEN] = { 7 };
	static const struct cab_addr to;
	struct cab_key key;
	struct cab_times times = { 100, 300, 1000, 50 };
	struct cab_link above = { &key, times, on_wire, &up };
	struct cab_link below = { &key, times, on_wire, &down };
	struct cab_peer client, server;
	int64_t next;

	cab_key_derive(secret, &key);
	up.len = down.len = 0;
	cab_client_init(&client, &above, &to, 0);
	cab_server_init(&server, &below, client.who, 0);
	for (int64_t now = 0; size >= 3; now += 30) {
		size_t len = (size_t)data[0] | (size_t)data[1] << 8;
		bool genuine = data[2];

		data += 3;
		size -= 3;
		len = len < size ? len : size;
		cab_peer_tick(&client, now, &next);
		cab_peer_tick(&server, now, &next);
		if (genuine) {
			spoil(&server, &up, data, len);
			spoil(&client, &down, data, len);
		} else {
			FUZZ_CHECK(!give(&server, data, len));
			FUZZ_CHECK(!give(&client, data, len));
		}
		data += len;
		size -= len;
	}
	cab_peer_fini(&client, 2);
	cab_peer_fini(&server, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const all[])(const uint8_t *data,
				   size_t size) = { from_switch, keys, rc_file,
						    cable };

	if (!size || sodium_init() < 0)
		return 0;
	if (data[0] < sizeof(all) / sizeof(all[0]))
		all[data[0]](data + 1, size - 1);
	return 0;
}
