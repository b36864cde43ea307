// SPDX-License-Identifier: GPL-2.0-or-later
/* cabseal.c - the packets of an encrypted cable: see cabseal.h */
#include "cabseal.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

enum {
	VERSION = 1,
	HEAD = 4,
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	FRAME_HEAD = 16,
	HELLO_PLAIN = CAB_WHO_LEN + 4 + CAB_PUBLIC_LEN,
	WELCOME_PLAIN = 4 + CAB_PUBLIC_LEN,
};

_Static_assert(NONCE == 24 &&
		       CAB_TAG_LEN ==
			       crypto_aead_xchacha20poly1305_ietf_ABYTES &&
		       CAB_KEY_LEN ==
			       crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	       "the lengths of XChaCha20-Poly1305");
_Static_assert(CAB_PUBLIC_LEN == crypto_kx_PUBLICKEYBYTES,
	       "the length of a public key of crypto_kx");
_Static_assert(CAB_KEY_LEN == crypto_kx_SECRETKEYBYTES,
	       "the length of a private key of crypto_kx");
_Static_assert(CAB_KEY_LEN == crypto_kx_SESSIONKEYBYTES,
	       "the length of a session's key of crypto_kx");

static void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static void put64(uint8_t *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof(value));
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

/* Names of sessions: any number but 0. */
static uint32_t new_name(void)
{
	return 1 + randombytes_uniform(UINT32_MAX);
}

/*
 * Seal len bytes of plain with a random nonce. The additional data is the head
 * and `bound`, which the packet does not have.
 */
static void seal(const uint8_t *key, enum cab_type type, const uint8_t *bound,
		 const uint8_t *plain, size_t len, uint8_t *packet)
{
	uint8_t ad[HEAD + CAB_PUBLIC_LEN] = { (uint8_t)type, VERSION };

	memcpy(ad + HEAD, bound, CAB_PUBLIC_LEN);
	memcpy(packet, ad, HEAD);
	randombytes_buf(packet + HEAD, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(packet + HEAD + NONCE, NULL,
						   plain, len, ad, sizeof(ad),
						   NULL, packet + HEAD, key);
}

static int unseal(const uint8_t *key, enum cab_type type, const uint8_t *bound,
		  const uint8_t *packet, size_t len, uint8_t *plain)
{
	uint8_t ad[HEAD + CAB_PUBLIC_LEN] = { (uint8_t)type, VERSION };

	memcpy(ad + HEAD, bound, CAB_PUBLIC_LEN);
	if (memcmp(packet, ad, HEAD) != 0 ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(
		    plain, NULL, NULL, packet + HEAD + NONCE,
		    len - HEAD - NONCE, ad, sizeof(ad), packet + HEAD, key))
		return -EBADMSG;
	return 0;
}

/* A HELLO answers nothing. */
static const uint8_t nothing[CAB_PUBLIC_LEN];

void cab_half_init(struct cab_half *half)
{
	crypto_kx_keypair(half->public, half->private);
	half->mine = new_name();
}

void cab_half_wipe(struct cab_half *half)
{
	sodium_memzero(half, sizeof(*half));
}

void cab_session_wipe(struct cab_session *s)
{
	sodium_memzero(s, sizeof(*s));
}

void cab_hello_make(const struct cab_key *key, const struct cab_half *half,
		    const uint8_t who[CAB_WHO_LEN],
		    uint8_t packet[CAB_HELLO_LEN])
{
	uint8_t plain[HELLO_PLAIN];

	memcpy(plain, who, CAB_WHO_LEN);
	put32(plain + CAB_WHO_LEN, half->mine);
	memcpy(plain + CAB_WHO_LEN + 4, half->public, CAB_PUBLIC_LEN);
	seal(key->hello, CAB_HELLO, nothing, plain, sizeof(plain), packet);
}

int cab_hello_read(const struct cab_key *key, const uint8_t *packet, size_t len,
		   struct cab_hello *out)
{
	uint8_t plain[HELLO_PLAIN];

	if (len != CAB_HELLO_LEN ||
	    unseal(key->hello, CAB_HELLO, nothing, packet, len, plain) < 0)
		return -EBADMSG;
	memcpy(out->who, plain, CAB_WHO_LEN);
	out->session = get32(plain + CAB_WHO_LEN);
	memcpy(out->public, plain + CAB_WHO_LEN + 4, CAB_PUBLIC_LEN);
	return out->session ? 0 : -EBADMSG;
}

/* The secret goes into the keys of a session too. */
static void mix(const struct cab_key *key, uint8_t *session_key)
{
	uint8_t mixed[CAB_KEY_LEN];

	crypto_generichash(mixed, sizeof(mixed), session_key, CAB_KEY_LEN,
			   key->mix, sizeof(key->mix));
	memcpy(session_key, mixed, sizeof(mixed));
	sodium_memzero(mixed, sizeof(mixed));
}

int cab_welcome_make(const struct cab_key *key, const struct cab_hello *hello,
		     struct cab_session *out, uint8_t packet[CAB_WELCOME_LEN])
{
	uint8_t plain[WELCOME_PLAIN];
	struct cab_half own;
	int ret;

	memset(out, 0, sizeof(*out));
	cab_half_init(&own);
	ret = crypto_kx_server_session_keys(out->rx, out->tx, own.public,
					    own.private, hello->public);
	put32(plain, own.mine);
	memcpy(plain + 4, own.public, CAB_PUBLIC_LEN);
	out->mine = own.mine;
	out->theirs = hello->session;
	cab_half_wipe(&own);
	if (ret) {
		cab_session_wipe(out);
		return -EBADMSG;
	}
	mix(key, out->rx);
	mix(key, out->tx);
	seal(key->welcome, CAB_WELCOME, hello->public, plain, sizeof(plain),
	     packet);
	return 0;
}

int cab_welcome_read(const struct cab_key *key, const struct cab_half *half,
		     const uint8_t *packet, size_t len, struct cab_session *out)
{
	uint8_t plain[WELCOME_PLAIN];

	if (!half->mine || len != CAB_WELCOME_LEN ||
	    unseal(key->welcome, CAB_WELCOME, half->public, packet, len,
		   plain) < 0)
		return -EBADMSG;
	memset(out, 0, sizeof(*out));
	if (crypto_kx_client_session_keys(out->rx, out->tx, half->public,
					  half->private, plain + 4))
		return -EBADMSG;
	mix(key, out->rx);
	mix(key, out->tx);
	out->mine = half->mine;
	out->theirs = get32(plain);
	return 0;
}

uint32_t cab_packet_session(const uint8_t *packet, size_t len)
{
	if (len < CAB_OVERHEAD ||
	    (packet[0] != CAB_FRAME && packet[0] != CAB_BYE))
		return 0;
	return get32(packet + HEAD);
}

size_t cab_session_seal(struct cab_session *s, enum cab_type type,
			const void *frame, size_t len, uint8_t *packet)
{
	uint8_t nonce[NONCE] = { 0 };

	memset(packet, 0, FRAME_HEAD);
	packet[0] = (uint8_t)type;
	put32(packet + HEAD, s->theirs);
	put64(packet + 8, s->sent);
	put64(nonce, s->sent++);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		packet + FRAME_HEAD, NULL, frame, len, packet, FRAME_HEAD, NULL,
		nonce, s->tx);
	return len + CAB_OVERHEAD;
}

static bool was_seen(const struct cab_window *w, uint64_t counter)
{
	if (counter >= w->next)
		return false;
	if (w->next - counter > CAB_WINDOW)
		return true;
	return w->bits[counter % CAB_WINDOW / 64] >> counter % 64 & 1;
}

static void set_seen(struct cab_window *w, uint64_t counter)
{
	if (counter >= w->next) {
		uint64_t from = w->next;

		if (counter - from >= CAB_WINDOW)
			from = counter - CAB_WINDOW + 1;
		for (; from <= counter; from++)
			w->bits[from % CAB_WINDOW / 64] &=
				~(UINT64_C(1) << from % 64);
		w->next = counter + 1;
	}
	w->bits[counter % CAB_WINDOW / 64] |= UINT64_C(1) << counter % 64;
}

ssize_t cab_session_open(struct cab_session *s, const uint8_t *packet,
			 size_t len, uint8_t frame[CAB_FRAME_MAX], bool *newest)
{
	uint8_t nonce[NONCE] = { 0 };
	uint64_t counter;

	if (cab_packet_session(packet, len) != s->mine || !s->mine ||
	    len > CAB_PACKET_MAX)
		return -EBADMSG;
	counter = get64(packet + 8);
	/* The highest number cannot be counted past. */
	if (counter == UINT64_MAX)
		return -EBADMSG;
	if (was_seen(&s->got, counter))
		return -EALREADY;
	put64(nonce, counter);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    frame, NULL, NULL, packet + FRAME_HEAD, len - FRAME_HEAD,
		    packet, FRAME_HEAD, nonce, s->rx))
		return -EBADMSG;
	*newest = counter >= s->got.next;
	set_seen(&s->got, counter);
	return (ssize_t)(len - CAB_OVERHEAD);
}
