// SPDX-License-Identifier: GPL-2.0-or-later
/* cabpeer.c - the other end of an encrypted cable: see cabpeer.h */
#include "cabpeer.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

void cab_client_init(struct cab_peer *p, const struct cab_link *link,
		     const struct cab_addr *server, int64_t now)
{
	memset(p, 0, sizeof(*p));
	p->link = link;
	p->client = true;
	p->addr = *server;
	p->born = p->heard = now;
	p->tried = now - link->times.retry;
	randombytes_buf(p->who, sizeof(p->who));
}

void cab_server_init(struct cab_peer *p, const struct cab_link *link,
		     const uint8_t who[CAB_WHO_LEN], int64_t now)
{
	memset(p, 0, sizeof(*p));
	p->link = link;
	p->born = p->heard = now;
	memcpy(p->who, who, CAB_WHO_LEN);
}

bool cab_peer_is_up(const struct cab_peer *p)
{
	return p->cur.mine != 0;
}

bool cab_peer_has(const struct cab_peer *p, uint32_t session)
{
	return session && (p->cur.mine == session || p->prev.mine == session ||
			   p->next.mine == session);
}

static void send_sealed(struct cab_peer *p, enum cab_type type,
			const void *frame, size_t len, int64_t now)
{
	uint8_t packet[CAB_PACKET_MAX];

	len = cab_session_seal(&p->cur, type, frame, len, packet);
	p->link->send(p->link->arg, &p->addr, packet, len);
	p->sent = now;
}

int cab_peer_send(struct cab_peer *p, const void *frame, size_t len,
		  int64_t now)
{
	if (!cab_peer_is_up(p))
		return -ENOTCONN;
	if (len > CAB_FRAME_MAX)
		return -EMSGSIZE;
	send_sealed(p, CAB_FRAME, frame, len, now);
	return 0;
}

void cab_peer_fini(struct cab_peer *p, int64_t now)
{
	if (cab_peer_is_up(p))
		send_sealed(p, CAB_BYE, NULL, 0, now);
	sodium_memzero(p, sizeof(*p));
}

static void drop_sessions(struct cab_peer *p)
{
	cab_session_wipe(&p->cur);
	cab_session_wipe(&p->prev);
	cab_session_wipe(&p->next);
}

static void take_up(struct cab_peer *p, struct cab_session *s, int64_t now)
{
	p->prev = p->cur;
	p->cur = *s;
	cab_session_wipe(s);
	p->born = p->heard = now;
}

/* A client that was not answered asks again, by the same HELLO. */
int cab_peer_hello(struct cab_peer *p, const struct cab_hello *hello,
		   const struct cab_addr *from, int64_t now)
{
	bool again = memcmp(p->asked, hello->public, CAB_PUBLIC_LEN) == 0;
	int ret;

	if (again && !p->next.mine)
		return -EALREADY;
	if (!again) {
		ret = cab_welcome_make(p->link->key, hello, &p->next,
				       p->welcome);
		if (ret < 0)
			return ret;
		memcpy(p->asked, hello->public, CAB_PUBLIC_LEN);
	}
	if (!cab_peer_is_up(p))
		p->born = now;
	p->link->send(p->link->arg, from, p->welcome, sizeof(p->welcome));
	return 0;
}

int cab_peer_welcome(struct cab_peer *p, const uint8_t *packet, size_t len,
		     int64_t now)
{
	int ret =
		cab_welcome_read(p->link->key, &p->half, packet, len, &p->next);

	if (ret < 0)
		return ret;
	cab_half_wipe(&p->half);
	take_up(p, &p->next, now);
	/* The server takes the session up when it hears of it. */
	send_sealed(p, CAB_FRAME, NULL, 0, now);
	return 0;
}

static struct cab_session *find(struct cab_peer *p, uint32_t session)
{
	struct cab_session *all[] = { &p->cur, &p->prev, &p->next };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (session && all[i]->mine == session)
			return all[i];
	}
	return NULL;
}

ssize_t cab_peer_open(struct cab_peer *p, const uint8_t *packet, size_t len,
		      const struct cab_addr *from, int64_t now,
		      uint8_t frame[CAB_FRAME_MAX])
{
	struct cab_session *s = find(p, cab_packet_session(packet, len));
	bool newest;
	ssize_t ret;

	if (!s)
		return -EBADMSG;
	ret = cab_session_open(s, packet, len, frame, &newest);
	if (ret < 0)
		return ret;
	if (s == &p->next)
		take_up(p, s, now);
	else if (s == &p->prev)
		newest = false;
	p->heard = now;
	if (newest)
		p->addr = *from;
	if (packet[0] != CAB_BYE)
		return ret;
	drop_sessions(p);
	return -ECONNRESET;
}

static void say_hello(struct cab_peer *p, int64_t now)
{
	uint8_t packet[CAB_HELLO_LEN];

	if (!p->half.mine)
		cab_half_init(&p->half);
	cab_hello_make(p->link->key, &p->half, p->who, packet);
	p->link->send(p->link->arg, &p->addr, packet, sizeof(packet));
	p->tried = now;
}

/* Keep *next the earliest. Return: whether `due` is now or was before. */
static bool is_due(int64_t due, int64_t now, int64_t *next)
{
	if (due <= now)
		return true;
	if (due < *next)
		*next = due;
	return false;
}

/* When a client begins a handshake: at once, or at a session's age or silence. */
static int64_t ask_at(const struct cab_peer *p)
{
	const struct cab_times *t = &p->link->times;
	int64_t at = p->tried + t->retry, wish = p->born + t->rekey;

	if (!cab_peer_is_up(p))
		return at;
	if (p->heard + t->dead < wish)
		wish = p->heard + t->dead;
	return wish > at ? wish : at;
}

int cab_peer_tick(struct cab_peer *p, int64_t now, int64_t *next)
{
	const struct cab_times *t = &p->link->times;

	*next = INT64_MAX;
	if (!p->client && is_due(p->heard + t->dead, now, next))
		return -ETIMEDOUT;
	if (cab_peer_is_up(p) && is_due(p->born + 3 * t->rekey, now, next))
		drop_sessions(p);
	if (p->prev.mine && is_due(p->born + t->dead, now, next))
		cab_session_wipe(&p->prev);
	if (p->client && is_due(ask_at(p), now, next)) {
		say_hello(p, now);
		is_due(ask_at(p), now, next);
	}
	if (cab_peer_is_up(p) && is_due(p->sent + t->keepalive, now, next)) {
		send_sealed(p, CAB_FRAME, NULL, 0, now);
		is_due(p->sent + t->keepalive, now, next);
	}
	return 0;
}
