/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.h - a host of tuns that keeps what it is given, for tests */
#ifndef TUN_TEST_HOST_H
#define TUN_TEST_HOST_H

#include "tun.h"

enum { HOST_FRAMES = 64, HOST_FRAME = 2048 };

/**
 * struct fake - what came of it
 * @tun: the one interface; NULL: there is none
 * @fails: what create answers
 * @frames, @proto, @len: what the guest sent
 */
struct fake {
	struct tun *tun;
	struct tun_file *watched;
	char name[IFNAMSIZ];
	int fails;
	bool up;
	int changes;
	int n;
	uint16_t proto[HOST_FRAMES];
	size_t len[HOST_FRAMES];
	uint8_t frames[HOST_FRAMES][HOST_FRAME];
};

extern struct fake fake;
/* Empty, and the host of all tuns. */
void fake_init(void);

#endif
