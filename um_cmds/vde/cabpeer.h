/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cabpeer.h - the other end of an encrypted cable: its sessions, address, times
 *
 * Three sessions are known at most: the one in use, the one before (packets
 * of it may still be on their way), and the one that a client has asked for
 * and not yet used. A server takes up a session when a packet of it comes: a
 * HELLO that somebody recorded and sends again changes nothing that is in use.
 *
 * The address is where the newest genuine packet came from.
 *
 * Nothing here waits or reads a clock: times are given in milliseconds, and
 * packets leave by `send`.
 */
#ifndef UM_VDE_CABPEER_H
#define UM_VDE_CABPEER_H

#include <netinet/in.h>

#include "cabseal.h"

/* An address of either family; len 0: not known. */
struct cab_addr {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} sa;
	socklen_t len;
};

/**
 * struct cab_times - in milliseconds
 * @keepalive: an end that had nothing to send for so long sends an empty frame
 * @dead: an end that was not heard for so long is gone
 * @rekey: age at which a client asks for a new session; three times that,
 *	and the old one is not used any more
 * @retry: from one HELLO to the next
 */
struct cab_times {
	int64_t keepalive, dead, rekey, retry;
};

/**
 * struct cab_link - what all peers of a program share
 * @send: send one packet
 */
struct cab_link {
	const struct cab_key *key;
	struct cab_times times;
	void (*send)(void *arg, const struct cab_addr *to, const void *packet,
		     size_t len);
	void *arg;
};

/**
 * struct cab_peer - the other end
 * @client: whether this end is the client
 * @who: the client's number
 * @asked: the public key of the last HELLO that was answered
 * @welcome: what it was answered
 * @born: since when @cur is in use; of a server's peer without one, since when it is there
 * @tried: when the client sent its last HELLO
 */
struct cab_peer {
	const struct cab_link *link;
	bool client;
	uint8_t who[CAB_WHO_LEN];
	struct cab_addr addr;
	struct cab_session cur, prev, next;
	struct cab_half half;
	uint8_t asked[CAB_PUBLIC_LEN], welcome[CAB_WELCOME_LEN];
	int64_t born, heard, sent, tried;
};

void cab_client_init(struct cab_peer *p, const struct cab_link *link,
		     const struct cab_addr *server, int64_t now);
void cab_server_init(struct cab_peer *p, const struct cab_link *link,
		     const uint8_t who[CAB_WHO_LEN], int64_t now);
/* Says BYE, forgets the keys. A zeroed peer is content. */
void cab_peer_fini(struct cab_peer *p, int64_t now);

/* Is there a session, so that frames can pass? */
bool cab_peer_is_up(const struct cab_peer *p);

/* Is the packet of one of its sessions? */
bool cab_peer_has(const struct cab_peer *p, uint32_t session);

/* Server: answer a HELLO of this client. */
int cab_peer_hello(struct cab_peer *p, const struct cab_hello *hello,
		   const struct cab_addr *from, int64_t now);

/* Client: take the answer. */
int cab_peer_welcome(struct cab_peer *p, const uint8_t *packet, size_t len,
		     int64_t now);

/**
 * cab_peer_open() - take a FRAME or BYE
 *
 * Return: the length of the frame, 0 for none. -ECONNRESET: it was a BYE.
 * Otherwise as cab_session_open().
 */
ssize_t cab_peer_open(struct cab_peer *p, const uint8_t *packet, size_t len,
		      const struct cab_addr *from, int64_t now,
		      uint8_t frame[CAB_FRAME_MAX]);

/* -ENOTCONN without a session, -EMSGSIZE */
int cab_peer_send(struct cab_peer *p, const void *frame, size_t len,
		  int64_t now);

/**
 * cab_peer_tick() - do what is due
 * @next: set to when there is something to do again
 *
 * Return: 0; -ETIMEDOUT: the other end is gone. A client tries on by itself.
 */
int cab_peer_tick(struct cab_peer *p, int64_t now, int64_t *next);

#endif
