// SPDX-License-Identifier: GPL-2.0-or-later
/* cable_test.c - packets, sessions and times of an encrypted cable */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cabpeer.h"

/* What one end has sent and the other has not been given yet. */
struct wire {
	struct cab_addr to;
	uint8_t packet[CAB_PACKET_MAX];
	size_t len;
	int sent;
};

struct cable_pair {
	struct cab_key key;
	struct wire from_client, from_server;
	struct cab_link client_link, server_link;
	struct cab_peer client, server;
	uint8_t frame[CAB_FRAME_MAX];
};

static const struct cab_times times = {
	.keepalive = 100, .dead = 300, .rekey = 1000, .retry = 50
};

static void put(void *arg, const struct cab_addr *to, const void *packet,
		size_t len)
{
	struct wire *w = arg;

	w->to = *to;
	memcpy(w->packet, packet, len);
	w->len = len;
	w->sent++;
}

static struct cab_addr addr_of(uint16_t port)
{
	struct cab_addr a = { .len = sizeof(a.sa.in) };

	a.sa.in.sin_family = AF_INET;
	a.sa.in.sin_port = port;
	return a;
}

static const struct cab_addr *at_port(uint16_t port)
{
	static struct cab_addr a;

	a = addr_of(port);
	return &a;
}

static struct cab_key key_of(uint8_t first)
{
	uint8_t secret[CAB_KEY_LEN] = { first };
	struct cab_key key;

	cab_key_derive(secret, &key);
	return key;
}

/* The client's HELLO that lies on the wire, and its answer. */
static int greet(struct cable_pair *c, int64_t now)
{
	struct cab_hello hello;
	int ret = cab_hello_read(&c->key, c->from_client.packet,
				 c->from_client.len, &hello);

	if (ret == 0)
		ret = cab_peer_hello(&c->server, &hello, at_port(1), now);
	return ret;
}

static int answer(struct cable_pair *c, int64_t now)
{
	return cab_peer_welcome(&c->client, c->from_server.packet,
				c->from_server.len, now);
}

static ssize_t to_server(struct cable_pair *c, uint16_t port, int64_t now)
{
	return cab_peer_open(&c->server, c->from_client.packet,
			     c->from_client.len, at_port(port), now, c->frame);
}

static ssize_t to_client(struct cable_pair *c, int64_t now)
{
	return cab_peer_open(&c->client, c->from_server.packet,
			     c->from_server.len, at_port(9), now, c->frame);
}

static void join(struct cable_pair *c, int64_t now)
{
	int64_t next;

	assert_int_equal(cab_peer_tick(&c->client, now, &next), 0);
	assert_int_equal(greet(c, now), 0);
	assert_false(cab_peer_is_up(&c->server));
	assert_int_equal(answer(c, now), 0);
	assert_int_equal(to_server(c, 1, now), 0);
	assert_true(cab_peer_is_up(&c->server));
}

static int setup(void **state)
{
	struct cable_pair *c = calloc(1, sizeof(*c));
	struct cab_addr server = addr_of(9);

	if (!c || sodium_init() < 0)
		return 1;
	c->key = key_of(1);
	c->client_link =
		(struct cab_link){ &c->key, times, put, &c->from_client };
	c->server_link =
		(struct cab_link){ &c->key, times, put, &c->from_server };
	cab_client_init(&c->client, &c->client_link, &server, 0);
	cab_server_init(&c->server, &c->server_link, c->client.who, 0);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void frames_pass_both_ways(void **state)
{
	struct cable_pair *c = *state;

	join(c, 0);
	assert_int_equal(cab_peer_send(&c->client, "to the server", 13, 1), 0);
	assert_int_equal(to_server(c, 1, 1), 13);
	assert_memory_equal(c->frame, "to the server", 13);
	assert_int_equal(cab_peer_send(&c->server, "back", 4, 1), 0);
	assert_int_equal(to_client(c, 1), 4);
	assert_memory_equal(c->frame, "back", 4);
	assert_int_equal(c->from_server.to.sa.in.sin_port, 1);
}

static void nothing_is_readable_on_the_wire(void **state)
{
	static const char text[] = "a text that nobody else should read";
	struct cable_pair *c = *state;

	join(c, 0);
	assert_int_equal(cab_peer_send(&c->client, text, sizeof(text), 1), 0);
	assert_null(memmem(c->from_client.packet, c->from_client.len, text, 8));
}

static void a_frame_needs_a_session_and_a_size(void **state)
{
	static const uint8_t big[CAB_FRAME_MAX + 1];
	struct cable_pair *c = *state;

	assert_int_equal(cab_peer_send(&c->client, big, 64, 0), -ENOTCONN);
	join(c, 0);
	assert_int_equal(cab_peer_send(&c->client, big, sizeof(big), 0),
			 -EMSGSIZE);
	assert_int_equal(cab_peer_send(&c->client, big, CAB_FRAME_MAX, 0), 0);
	assert_int_equal(to_server(c, 1, 0), CAB_FRAME_MAX);
}

static void another_key_is_refused_by_both(void **state)
{
	struct cable_pair *c = *state;
	struct cab_key other = key_of(2);
	int64_t next;

	c->server_link.key = &other;
	assert_int_equal(cab_peer_tick(&c->client, 0, &next), 0);
	c->key = other;
	assert_int_equal(greet(c, 0), -EBADMSG);
	c->key = key_of(1);
	/* a server that knew the HELLO but not the key for the answer */
	assert_int_equal(greet(c, 0), 0);
	assert_int_equal(answer(c, 0), -EBADMSG);
	assert_false(cab_peer_is_up(&c->client));
}

/* Each bit, and each length that is less. */
static void damage(struct wire *w, struct cable_pair *c,
		   int (*take)(struct cable_pair *c, int64_t now))
{
	size_t len = w->len;

	for (size_t bit = 0; bit < len * 8; bit++) {
		w->packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(take(c, 0) < 0);
		w->packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (w->len = 0; w->len < len; w->len++)
		assert_true(take(c, 0) < 0);
}

static int take_frame(struct cable_pair *c, int64_t now)
{
	return (int)to_server(c, 1, now);
}

static void a_damaged_packet_is_dropped(void **state)
{
	struct cable_pair *c = *state;
	int64_t next;

	cab_peer_tick(&c->client, 0, &next);
	damage(&c->from_client, c, greet);
	assert_int_equal(greet(c, 0), 0);
	damage(&c->from_server, c, answer);
	assert_int_equal(answer(c, 0), 0);
	damage(&c->from_client, c, take_frame);
	assert_false(cab_peer_is_up(&c->server));
	assert_int_equal(to_server(c, 1, 0), 0);
}

static void a_packet_is_taken_once(void **state)
{
	struct cable_pair *c = *state;
	struct wire first;

	join(c, 0);
	assert_int_equal(cab_peer_send(&c->client, "1", 1, 0), 0);
	first = c->from_client;
	assert_int_equal(cab_peer_send(&c->client, "2", 1, 0), 0);
	assert_int_equal(to_server(c, 1, 0), 1);
	assert_int_equal(to_server(c, 1, 0), -EALREADY);
	/* later than another, but in the window */
	c->from_client = first;
	assert_int_equal(to_server(c, 1, 0), 1);
	assert_int_equal(to_server(c, 1, 0), -EALREADY);
}

static void what_is_older_than_the_window_is_dropped(void **state)
{
	struct cable_pair *c = *state;
	static struct wire first, second;

	join(c, 0);
	cab_peer_send(&c->client, "1", 1, 0);
	first = c->from_client;
	cab_peer_send(&c->client, "2", 1, 0);
	second = c->from_client;
	for (int n = 0; n < CAB_WINDOW - 1; n++)
		cab_peer_send(&c->client, "n", 1, 0);
	assert_int_equal(to_server(c, 1, 0), 1);
	c->from_client = first;
	assert_int_equal(to_server(c, 1, 0), -EALREADY);
	c->from_client = second;
	assert_int_equal(to_server(c, 1, 0), 1);
	assert_int_equal(to_server(c, 1, 0), -EALREADY);
}

static void a_hello_that_was_lost_or_not_answered_is_repeated(void **state)
{
	struct cable_pair *c = *state;
	struct wire welcome;
	int64_t next;

	cab_peer_tick(&c->client, 0, &next);
	assert_int_equal(next, times.retry);
	assert_int_equal(greet(c, 0), 0);
	welcome = c->from_server;
	cab_peer_tick(&c->client, next - 1, &next);
	assert_int_equal(c->from_client.sent, 1);
	cab_peer_tick(&c->client, next, &next);
	assert_int_equal(c->from_client.sent, 2);
	/* both are answered alike: whichever comes first will do */
	assert_int_equal(greet(c, 50), 0);
	assert_int_equal(c->from_server.sent, 2);
	assert_memory_equal(welcome.packet, c->from_server.packet, welcome.len);
	assert_int_equal(answer(c, 60), 0);
	assert_int_equal(to_server(c, 1, 60), 0);
	assert_int_equal(answer(c, 60), -EBADMSG);
}

static void a_replayed_hello_changes_nothing_in_use(void **state)
{
	struct cable_pair *c = *state;
	struct wire hello;
	int64_t next;

	cab_peer_tick(&c->client, 0, &next);
	hello = c->from_client;
	join(c, 50);
	c->from_client = hello;
	assert_int_equal(greet(c, 60), -EALREADY);
	/* an older one, of a handshake before the last */
	c->client.sent = 1050;
	cab_peer_tick(&c->client, 1050, &next);
	assert_int_equal(greet(c, 1050), 0);
	assert_int_equal(answer(c, 1050), 0);
	assert_int_equal(to_server(c, 1, 1050), 0);
	c->from_client = hello;
	assert_int_equal(greet(c, 1060), 0);
	assert_int_equal(cab_peer_send(&c->client, "on", 2, 1060), 0);
	assert_int_equal(to_server(c, 1, 1060), 2);
	assert_int_equal(cab_peer_send(&c->server, "on", 2, 1060), 0);
	assert_int_equal(to_client(c, 1060), 2);
}

static void new_keys_come_while_frames_pass(void **state)
{
	struct cable_pair *c = *state;
	uint8_t old[CAB_KEY_LEN];
	static struct wire late;
	int64_t next;

	join(c, 0);
	memcpy(old, c->client.cur.tx, sizeof(old));
	cab_peer_send(&c->client, "late", 4, 900);
	late = c->from_client;
	c->client.heard = c->server.heard = c->client.sent = 950;
	cab_peer_tick(&c->client, times.rekey, &next);
	assert_int_equal(greet(c, 1000), 0);
	assert_int_equal(answer(c, 1000), 0);
	assert_memory_not_equal(old, c->client.cur.tx, sizeof(old));
	/* the server does not know yet that the client has them */
	assert_int_equal(cab_peer_send(&c->server, "old", 3, 1000), 0);
	assert_int_equal(to_client(c, 1000), 3);
	assert_int_equal(to_server(c, 1, 1000), 0);
	c->from_client = late;
	assert_int_equal(to_server(c, 1, 1001), 4);
	/* the old ones are forgotten */
	c->server.heard = 1300;
	cab_peer_tick(&c->server, 1000 + times.dead, &next);
	assert_int_equal(to_server(c, 1, 1300), -EBADMSG);
}

static void keys_that_are_too_old_are_not_used(void **state)
{
	struct cable_pair *c = *state;
	int64_t next, late = 3 * times.rekey;

	join(c, 0);
	c->server.heard = late;
	assert_int_equal(cab_peer_tick(&c->server, late, &next), 0);
	assert_int_equal(cab_peer_send(&c->server, "x", 1, late), -ENOTCONN);
	assert_int_equal(cab_peer_tick(&c->client, late, &next), 0);
	assert_int_equal(cab_peer_send(&c->client, "x", 1, late), -ENOTCONN);
}

static void the_address_is_that_of_the_newest_packet(void **state)
{
	struct cable_pair *c = *state;
	static struct wire old;

	join(c, 0);
	cab_peer_send(&c->client, "1", 1, 0);
	old = c->from_client;
	cab_peer_send(&c->client, "2", 1, 0);
	assert_int_equal(to_server(c, 77, 0), 1);
	assert_int_equal(c->server.addr.sa.in.sin_port, 77);
	/* one that came late, and one that was recorded */
	assert_int_equal(to_server(c, 78, 0), -EALREADY);
	c->from_client = old;
	assert_int_equal(to_server(c, 79, 0), 1);
	assert_int_equal(c->server.addr.sa.in.sin_port, 77);
	assert_int_equal(cab_peer_send(&c->server, "x", 1, 0), 0);
	assert_int_equal(c->from_server.to.sa.in.sin_port, 77);
}

static void silence_is_kept_short_and_noticed(void **state)
{
	struct cable_pair *c = *state;
	int64_t next;

	join(c, 0);
	cab_peer_tick(&c->client, 0, &next);
	assert_int_equal(next, times.keepalive);
	cab_peer_tick(&c->client, next, &next);
	assert_int_equal(to_server(c, 1, 100), 0);
	assert_int_equal(cab_peer_tick(&c->server, 399, &next), 0);
	assert_int_equal(next, 400);
	assert_int_equal(cab_peer_tick(&c->server, 400, &next), -ETIMEDOUT);
	/* the client goes on, and asks whether somebody is there */
	cab_peer_tick(&c->client, times.dead, &next);
	assert_int_equal(c->from_client.packet[0], CAB_FRAME);
	c->from_client.sent = 0;
	c->client.tried = 0;
	c->client.sent = 350;
	cab_peer_tick(&c->client, 350, &next);
	assert_int_equal(c->from_client.sent, 1);
	assert_int_equal(c->from_client.packet[0], CAB_HELLO);
}

static void goodbye_ends_a_session(void **state)
{
	struct cable_pair *c = *state;
	int64_t next;

	join(c, 0);
	cab_peer_fini(&c->server, 10);
	assert_int_equal(to_client(c, 10), -ECONNRESET);
	assert_false(cab_peer_is_up(&c->client));
	/* another server can take its place */
	cab_server_init(&c->server, &c->server_link, c->client.who, 60);
	cab_peer_tick(&c->client, 60, &next);
	assert_int_equal(greet(c, 60), 0);
	assert_int_equal(answer(c, 60), 0);
	assert_int_equal(to_server(c, 1, 60), 0);
}

static void a_key_file_is_its_owners_alone(void **state)
{
	char path[] = "/tmp/vde-keyXXXXXX";
	struct cab_key key, again;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(cab_key_generate(path), -EEXIST);
	assert_int_equal(cab_key_load(path, &key), -EBADMSG);
	unlink(path);
	assert_int_equal(cab_key_load(path, &key), -ENOENT);
	assert_int_equal(cab_key_generate(path), 0);
	assert_int_equal(cab_key_load(path, &key), 0);
	assert_int_equal(cab_key_load(path, &again), 0);
	assert_memory_equal(&key, &again, sizeof(key));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(cab_key_load(path, &key), -EPERM);
	unlink(path);
}

static void a_key_is_64_digits(void **state)
{
#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEF"
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ DIGITS "f\n", 0 },	     { DIGITS "f", 0 },
		{ DIGITS "f \r\n", 0 },	     { DIGITS "\n", -EBADMSG },
		{ DIGITS "f0\n", -EBADMSG }, { DIGITS "g\n", -EBADMSG },
		{ "\n", -EBADMSG },
	};
	char path[] = "/tmp/vde-keyXXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cab_key key;
		ssize_t len = (ssize_t)strlen(rows[i].text);

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text, (size_t)len, 0), len);
		assert_int_equal(cab_key_load(path, &key), rows[i].want);
	}
	close(fd);
	unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_pass_both_ways),
		TEST(nothing_is_readable_on_the_wire),
		TEST(a_frame_needs_a_session_and_a_size),
		TEST(another_key_is_refused_by_both),
		TEST(a_damaged_packet_is_dropped),
		TEST(a_packet_is_taken_once),
		TEST(what_is_older_than_the_window_is_dropped),
		TEST(a_hello_that_was_lost_or_not_answered_is_repeated),
		TEST(a_replayed_hello_changes_nothing_in_use),
		TEST(new_keys_come_while_frames_pass),
		TEST(keys_that_are_too_old_are_not_used),
		TEST(the_address_is_that_of_the_newest_packet),
		TEST(silence_is_kept_short_and_noticed),
		TEST(goodbye_ends_a_session),
		TEST(a_key_file_is_its_owners_alone),
		TEST(a_key_is_64_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
