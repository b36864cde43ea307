// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tun_test.c - tuns and their files, headers, packets to be cut
 *
 * What the kernel's /dev/net/tun says as well is in tests/sys/tun_*.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host.h"

enum { ETH = 14, IP4 = 20, IP6 = 40, TCP = 20, PAYLOAD = 2500, MSS = 1000 };

static int guest = -1;
static uint64_t id;

static int attach(const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = (short)flags };
	int ends[2];
	int ret;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ret = tun_open(ends[1], &ifr, 0, &id);
	if (guest >= 0)
		close(guest);
	guest = ends[0];
	return ret;
}

static int setup(void **state)
{
	(void)state;
	fake_init();
	return 0;
}

static void hang_up(void)
{
	close(guest);
	guest = -1;
	if (fake.watched)
		tun_file_ready(fake.watched);
}

static int teardown(void **state)
{
	(void)state;
	if (fake.tun)
		fake.tun->flags &= ~(unsigned int)IFF_PERSIST;
	hang_up();
	assert_null(fake.watched);
	assert_null(fake.tun);
	return 0;
}

static void write_guest(const void *data, size_t len)
{
	assert_int_equal(send(guest, data, len, 0), len);
	tun_file_ready(fake.watched);
}

/* ---- life ---- */

static void ends_with_its_file(void **state)
{
	(void)state;
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI), 0);
	assert_non_null(fake.tun);
	hang_up();
	assert_null(fake.tun);
	assert_int_equal(tun_call(id, TUNSETNOCSUM, NULL, 0), -EBADFD);
}

static void outlives_its_file_if_persistent(void **state)
{
	unsigned long on = 1;

	(void)state;
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI), 0);
	assert_int_equal(tun_call(id, TUNSETPERSIST, &on, sizeof(on)), 0);
	hang_up();
	assert_non_null(fake.tun);
	assert_false(fake.tun->carrier);
	assert_int_equal(tun_send(fake.tun, "frame", 5), -ENETDOWN);
	assert_int_equal(attach("t0", IFF_TAP), 0);
	assert_true(fake.tun->carrier);
}

static void is_read_to_its_end_when_removed(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI), 0);
	tun_remove(fake.tun);
	fake.tun = NULL;
	assert_int_equal(recv(guest, buf, sizeof(buf), 0), 0);
	assert_int_equal(tun_call(id, TUNGETIFF, buf, 0), -EBADFD);
	write_guest("01234567890123456789", 20);
	assert_int_equal(fake.n, 0);
}

static void is_not_made_if_the_host_cannot(void **state)
{
	(void)state;
	fake.fails = -ENODEV;
	assert_int_equal(attach("t0", IFF_TAP), -ENODEV);
	assert_null(fake.watched);
	assert_int_equal(attach("eth0", IFF_TAP), -EINVAL);
}

static void survives_a_write_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI), 0);
	write_guest("", 0);
	write_guest("", 0);
	assert_non_null(fake.watched);
	write_guest("01234567890123456789", 20);
	assert_int_equal(fake.n, 1);
}

/* The guest goes, and has not read what came for it. */
static void takes_what_was_written_before_the_end(void **state)
{
	(void)state;
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI), 0);
	assert_int_equal(tun_send(fake.tun, "unread", 6), 0);
	assert_int_equal(send(guest, "01234567890123456789", 20, 0), 20);
	hang_up();
	assert_int_equal(fake.n, 1);
	assert_null(fake.watched);
}

/* ---- headers ---- */

static void has_pi_before_the_header_of_virtio(void **state)
{
	static const uint8_t packet[] = { 0x45, 1, 2, 3 };
	uint8_t buf[64], out[4 + 12 + 4] = { 0 };
	int size = 12;

	(void)state;
	assert_int_equal(attach("t0", IFF_TUN | IFF_VNET_HDR), 0);
	assert_int_equal(tun_call(id, TUNSETVNETHDRSZ, &size, sizeof(size)), 0);
	assert_int_equal(tun_send(fake.tun, packet, 4), 0);
	assert_int_equal(recv(guest, buf, sizeof(buf), 0), 20);
	assert_int_equal(buf[2] << 8 | buf[3], 0x0800);
	assert_memory_equal(buf + 16, packet, 4);
	out[2] = 0x86;
	out[3] = 0xdd;
	memcpy(out + 16, packet, 4);
	write_guest(out, sizeof(out));
	assert_int_equal(fake.n, 1);
	assert_int_equal(fake.len[0], 4);
	assert_int_equal(fake.proto[0], 0x86dd);
}

static void drops_what_is_too_short(void **state)
{
	uint8_t out[32] = { 0x45 };

	(void)state;
	assert_int_equal(attach("t0", IFF_TUN | IFF_VNET_HDR), 0);
	for (size_t n = 1; n <= 14; n++)
		write_guest(out, n);
	assert_int_equal(fake.n, 0);
	hang_up();
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI), 0);
	for (size_t n = 1; n < ETH; n++)
		write_guest(out, n);
	assert_int_equal(fake.n, 0);
	write_guest(out, ETH + 1);
	assert_int_equal(fake.n, 1);
}

static void drops_a_checksum_outside_of_the_packet(void **state)
{
	struct {
		struct virtio_net_hdr h;
		uint8_t packet[40];
	} out = { .h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			 .csum_start = 20,
			 .csum_offset = 19 },
		  .packet = { 0x45 } };

	(void)state;
	assert_int_equal(attach("t0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), 0);
	write_guest(&out, sizeof(out));
	out.h.csum_start = 65535;
	write_guest(&out, sizeof(out));
	assert_int_equal(fake.n, 0);
	out.h.csum_start = 20;
	out.h.csum_offset = 18;
	write_guest(&out, sizeof(out));
	assert_int_equal(fake.n, 1);
}

/* ---- large packets ---- */

static uint8_t large[ETH + IP6 + TCP + PAYLOAD];

static size_t make_large(bool six, size_t l3)
{
	size_t l4 = l3 + (six ? IP6 : IP4);
	uint8_t *ip = large + l3, *tcp = large + l4;

	memset(large, 0, sizeof(large));
	ip[0] = six ? 0x60 : 0x45;
	ip[six ? 6 : 9] = 6; /* TCP */
	ip[5] = 7;	     /* of IPv4: id */
	memset(ip + 12, six ? 0x21 : 10, six ? 28 : 8);
	memset(tcp + 4, 0xff, 3); /* the sequence number */
	tcp[12] = TCP / 4 << 4;
	tcp[13] = 0x80 | 0x10 | 0x09; /* CWR, ACK, PSH, FIN */
	for (size_t n = 0; n < PAYLOAD; n++)
		tcp[TCP + n] = (uint8_t)(n * 7 % 251);
	return l4 + TCP + PAYLOAD;
}

static void write_large(size_t len, size_t l4, int type)
{
	static uint8_t out[sizeof(struct virtio_net_hdr) + sizeof(large)];
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				    .gso_type = (uint8_t)type,
				    .gso_size = MSS,
				    .csum_start = (uint16_t)l4,
				    .csum_offset = 16 };

	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), large, len);
	write_guest(out, sizeof(h) + len);
}

/* As a receiver sums: of what is right nothing is left. */
static bool checksums_hold(const uint8_t *frame, size_t len, size_t l3,
			   bool six)
{
	const uint8_t *ip = frame + l3;
	size_t head = six ? IP6 : IP4, payload = len - l3 - head;
	uint32_t sum = htons(6) + htons((uint16_t)payload);

	sum = tun_sum(six ? ip + 8 : ip + 12, six ? 32 : 8, sum);
	return (six || tun_fold(tun_sum(ip, IP4, 0)) == 0) &&
	       tun_fold(tun_sum(ip + head, payload, sum)) == 0;
}

static void check_pieces(size_t l3, bool six)
{
	size_t l4 = l3 + (six ? IP6 : IP4), at = 0;

	assert_int_equal(fake.n, 3);
	for (int n = 0; n < 3; n++) {
		const uint8_t *f = fake.frames[n], *tcp = f + l4;
		size_t len = fake.len[n] - l4 - TCP;
		uint32_t seq;

		assert_int_equal(len, n < 2 ? MSS : PAYLOAD - 2 * MSS);
		assert_true(checksums_hold(f, fake.len[n], l3, six));
		memcpy(&seq, tcp + 4, 4);
		assert_int_equal(ntohl(seq), (uint32_t)(0xffffff00 + at));
		assert_int_equal(tcp[13] & 0x80, n ? 0 : 0x80);
		assert_int_equal(tcp[13] & 0x09, n < 2 ? 0 : 0x09);
		assert_memory_equal(tcp + TCP, large + l4 + TCP + at, len);
		if (six)
			assert_int_equal(f[l3 + 4] << 8 | f[l3 + 5], TCP + len);
		else
			assert_int_equal(f[l3 + 5], 7 + n);
		at += len;
	}
}

static void cuts_large_packets(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(attach("t0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), 0);
	len = make_large(false, 0);
	write_large(len, IP4, VIRTIO_NET_HDR_GSO_TCPV4);
	check_pieces(0, false);
	fake.n = 0;
	len = make_large(true, 0);
	write_large(len, IP6,
		    VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN);
	check_pieces(0, true);
}

static void cuts_large_frames(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR), 0);
	len = make_large(false, ETH);
	large[12] = 8;
	write_large(len, ETH + IP4, VIRTIO_NET_HDR_GSO_TCPV4);
	check_pieces(ETH, false);
	assert_int_equal(fake.proto[0], 0x0800);
}

/* Each byte of its heads: whatever it says, no byte outside is touched. */
static void does_not_cut_nonsense(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(attach("t0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), 0);
	for (size_t at = 0; at < IP4 + TCP; at++)
		for (int v = 0; v < 256; v += 15) {
			len = make_large(false, 0);
			large[at] = (uint8_t)v;
			fake.n = 0;
			write_large(len, IP4, VIRTIO_NET_HDR_GSO_TCPV4);
		}
	fake.n = 0;
	len = make_large(false, 0);
	write_large(len, 0, VIRTIO_NET_HDR_GSO_TCPV4);
	write_large(len, 65535, VIRTIO_NET_HDR_GSO_TCPV4);
	write_large(IP4 + 3, IP4, VIRTIO_NET_HDR_GSO_TCPV4);
	write_large(len, IP4, VIRTIO_NET_HDR_GSO_UDP);
	large[12 + IP4] = 0xf0;
	write_large(IP4 + 40, IP4, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(fake.n, 0);
}

/* ---- filters ---- */

static void gives_what_the_addresses_let_pass(void **state)
{
	struct {
		uint16_t flags, count; /* a struct tun_filter */
		uint8_t addr[10][6];
	} f = { .count = 2 };
	uint8_t frame[20] = { 2, 0, 0, 0, 0, 1 }, buf[64];

	(void)state;
	memcpy(f.addr[0], frame, 6);
	memset(f.addr[1], 0xff, 6);
	assert_int_equal(attach("t0", IFF_TAP | IFF_NO_PI), 0);
	assert_int_equal(tun_call(id, TUNSETTXFILTER, &f, 4 + 6), -EINVAL);
	assert_int_equal(tun_call(id, TUNSETTXFILTER, &f, sizeof(f)), 2);
	tun_send(fake.tun, frame, sizeof(frame));
	assert_int_equal(recv(guest, buf, sizeof(buf), MSG_DONTWAIT), 20);
	frame[5] = 2;
	tun_send(fake.tun, frame, sizeof(frame));
	frame[0] = 1;
	tun_send(fake.tun, frame, sizeof(frame));
	assert_int_equal(recv(guest, buf, sizeof(buf), MSG_DONTWAIT), -1);
	f.flags = TUN_FLT_ALLMULTI;
	assert_int_equal(tun_call(id, TUNSETTXFILTER, &f, sizeof(f)), 2);
	tun_send(fake.tun, frame, sizeof(frame));
	assert_int_equal(recv(guest, buf, sizeof(buf), MSG_DONTWAIT), 20);
	/* ten are more than are kept */
	f.flags = 0;
	f.count = 10;
	assert_int_equal(tun_call(id, TUNSETTXFILTER, &f, sizeof(f)), 0);
	frame[0] = 4;
	tun_send(fake.tun, frame, sizeof(frame));
	assert_int_equal(recv(guest, buf, sizeof(buf), MSG_DONTWAIT), 20);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ends_with_its_file),
		TEST(outlives_its_file_if_persistent),
		TEST(is_read_to_its_end_when_removed),
		TEST(is_not_made_if_the_host_cannot),
		TEST(survives_a_write_of_nothing),
		TEST(takes_what_was_written_before_the_end),
		TEST(has_pi_before_the_header_of_virtio),
		TEST(drops_what_is_too_short),
		TEST(drops_a_checksum_outside_of_the_packet),
		TEST(cuts_large_packets),
		TEST(cuts_large_frames),
		TEST(does_not_cut_nonsense),
		TEST(gives_what_the_addresses_let_pass),
	};

	return cmocka_run_group_tests_name("tun", tests, NULL, NULL);
}
