/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cabseal.h - the packets of an encrypted cable
 *
 * Two ends share a secret. The client makes a key pair for one session and sends
 * its public half (HELLO), the server does the same and answers (WELCOME); both
 * packets are sealed with keys made from the secret, so that only who knows it
 * can write or read them, and a WELCOME is bound to the HELLO it answers. The
 * keys of the session are made from the two pairs (crypto_kx) and the
 * secret: who learns the secret later cannot read what went by before.
 *
 * A packet, numbers little endian:
 *
 *	HELLO    type 1, version, 0, 0 | nonce 24 | sealed: who 16, session 4, public key 32
 *	WELCOME  type 2, version, 0, 0 | nonce 24 | sealed: session 4, public key 32
 *	FRAME    type 3, 0, 0, 0 | receiver's session 4 | counter 8 | sealed: frame
 *	BYE      type 4, as FRAME, empty
 *
 * Sealed is XChaCha20-Poly1305 with the head of the packet as additional data, for
 * WELCOME also the client's public key. A session's nonce is its counter. A counter is taken
 * once, and not if it is older than the window. An empty FRAME keeps alive.
 */
#ifndef UM_VDE_CABSEAL_H
#define UM_VDE_CABSEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cabkey.h"

enum cab_type {
	CAB_HELLO = 1,
	CAB_WELCOME = 2,
	CAB_FRAME = 3,
	CAB_BYE = 4,
};

enum {
	CAB_WHO_LEN = 16,
	CAB_PUBLIC_LEN = 32,
	CAB_TAG_LEN = 16,
	CAB_HELLO_LEN = 4 + 24 + CAB_WHO_LEN + 4 + CAB_PUBLIC_LEN + CAB_TAG_LEN,
	CAB_WELCOME_LEN = 4 + 24 + 4 + CAB_PUBLIC_LEN + CAB_TAG_LEN,
	CAB_OVERHEAD = 16 + CAB_TAG_LEN,
	CAB_FRAME_MAX = 16384,
	CAB_PACKET_MAX = CAB_FRAME_MAX + CAB_OVERHEAD,
	CAB_WINDOW = 1024,
};

/**
 * struct cab_window - which counters have come
 * @next: one more than the highest
 * @bits: for the last CAB_WINDOW of them
 */
struct cab_window {
	uint64_t next;
	uint64_t bits[CAB_WINDOW / 64];
};

/**
 * struct cab_session - keys that both ends have
 * @mine: how the other end names it in its packets; 0 if there is no session
 * @theirs: how this end names it
 */
struct cab_session {
	uint32_t mine, theirs;
	uint8_t tx[CAB_KEY_LEN], rx[CAB_KEY_LEN];
	uint64_t sent;
	struct cab_window got;
};

/**
 * struct cab_half - a handshake that the client has begun
 * @mine: what the session will be called; 0 if none was begun
 */
struct cab_half {
	uint32_t mine;
	uint8_t public[CAB_PUBLIC_LEN], private[CAB_KEY_LEN];
};

/* What a HELLO says: which client (a number for each start of it)… */
struct cab_hello {
	uint8_t who[CAB_WHO_LEN];
	uint32_t session;
	uint8_t public[CAB_PUBLIC_LEN];
};

void cab_half_init(struct cab_half *half);

void cab_hello_make(const struct cab_key *key, const struct cab_half *half,
		    const uint8_t who[CAB_WHO_LEN],
		    uint8_t packet[CAB_HELLO_LEN]);

/* -EBADMSG: not made with this secret, or not as it should be */
int cab_hello_read(const struct cab_key *key, const uint8_t *packet, size_t len,
		   struct cab_hello *out);

/* The server's side: a new session and the packet that tells the client. */
int cab_welcome_make(const struct cab_key *key, const struct cab_hello *hello,
		     struct cab_session *out, uint8_t packet[CAB_WELCOME_LEN]);

/* The client's: the same session. -EBADMSG: no answer to half's HELLO */
int cab_welcome_read(const struct cab_key *key, const struct cab_half *half,
		     const uint8_t *packet, size_t len,
		     struct cab_session *out);

/* Which session a FRAME or BYE is of, by its number; 0: of none. */
uint32_t cab_packet_session(const uint8_t *packet, size_t len);

/* Return: the length of the packet, at most len + CAB_OVERHEAD */
size_t cab_session_seal(struct cab_session *s, enum cab_type type,
			const void *frame, size_t len, uint8_t *packet);

/**
 * cab_session_open() - check and open a FRAME or a BYE
 * @newest: set to whether nothing later has come
 *
 * Return: the length of the frame. -EBADMSG: forged, damaged or too long;
 * -EALREADY: it came before, or is too old to tell.
 */
ssize_t cab_session_open(struct cab_session *s, const uint8_t *packet,
			 size_t len, uint8_t frame[CAB_FRAME_MAX],
			 bool *newest);

/* Forget keys. */
void cab_session_wipe(struct cab_session *s);
void cab_half_wipe(struct cab_half *half);

#endif
