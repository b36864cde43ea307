// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tun_fuzz.c - what a guest may write to /dev/net/tun, and ask of it
 *
 * The input: two bytes of flags of TUNSETIFF, then records: a byte for the kind,
 * two for the length, so many bytes. A packet to be written, or the last byte of an
 * ioctl's number and its argument.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/alloc.h"
#include "host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(cond)                                                       \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

enum { RECORD = 3, ROOM = 4096 };

static void ask(uint64_t id, const uint8_t *data, size_t len)
{
	static uint8_t arg[ROOM];
	long ret;

	memset(arg, 0, sizeof(arg));
	memcpy(arg, data + 1, len - 1);
	len = len - 1 < sizeof(struct ifreq) ? sizeof(struct ifreq) : len - 1;
	ret = tun_call(id, _IOC(_IOC_WRITE, 'T', data[0], sizeof(int)), arg,
		       len);
	FUZZ_CHECK(ret >= -4095);
}

static void records(uint64_t id, int guest, const uint8_t *p, size_t size)
{
	while (size > RECORD) {
		size_t len = (size_t)p[1] << 8 | p[2];

		if (len > size - RECORD)
			len = size - RECORD;
		if (len > ROOM)
			len = ROOM;
		if (len && (p[0] & 1))
			ask(id, p + RECORD, len);
		else
			(void)!send(guest, p + RECORD, len, MSG_DONTWAIT);
		if (fake.watched)
			tun_file_ready(fake.watched);
		if (fake.tun)
			tun_send(fake.tun, p + RECORD, len);
		fake.n = 0;
		p += RECORD + len;
		size -= RECORD + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ifreq ifr = { .ifr_name = "t0" };
	int ends[2];
	uint64_t id;

	if (size < 2)
		return 0;
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	fake_init();
	ifr.ifr_flags = (short)(data[0] << 8 | data[1]);
	if (tun_open(ends[1], &ifr, 0, &id) == 0)
		records(id, ends[0], data + 2, size - 2);
	if (fake.tun)
		fake.tun->flags &= ~(unsigned int)IFF_PERSIST;
	close(ends[0]);
	if (fake.watched)
		tun_file_ready(fake.watched);
	FUZZ_CHECK(!fake.tun && !fake.watched);
	return 0;
}
