/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cabkey.h - the secret of an encrypted cable, and the file it is kept in */
#ifndef UM_VDE_CABKEY_H
#define UM_VDE_CABKEY_H

#include <stdint.h>

enum { CAB_KEY_LEN = 32 };

/**
 * struct cab_key - keys made from the secret, one for each use
 * @hello: seals what the client begins a handshake with
 * @welcome: seals what the server answers
 * @mix: goes into the keys of each session
 */
struct cab_key {
	uint8_t hello[CAB_KEY_LEN];
	uint8_t welcome[CAB_KEY_LEN];
	uint8_t mix[CAB_KEY_LEN];
};

void cab_key_derive(const uint8_t secret[CAB_KEY_LEN], struct cab_key *out);

/* A new secret in a new file that its owner alone may read. -EEXIST… */
int cab_key_generate(const char *path);

/*
 * Read a secret: one line, 64 hexadecimal digits. -EPERM if others than the
 * owner may read or change the file, -EBADMSG if it is no secret.
 */
int cab_key_load(const char *path, struct cab_key *out);

#endif
