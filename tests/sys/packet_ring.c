// SPDX-License-Identifier: GPL-2.0-or-later
/* packet_ring.c - PACKET_RX_RING of TPACKET_V1 and V2: frames in shared memory */
#include "packet.h"

#include <net/if_arp.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

enum { FRAMES = 8, LONG = 1500 };

static const int versions[] = { TPACKET_V1, TPACKET_V2 };

/* Runs it for both. */
static void each(void (*fn)(int version))
{
	for (size_t i = 0; i < T_COUNT(versions); i++) {
		t_note("TPACKET_V%zu", i + 1);
		fn(versions[i]);
	}
}

/* ---- what is in it ---- */

static void check_frame(const struct k_ring *k, unsigned int n, int byte,
			int type)
{
	struct k_slot s = k_read(k, n);
	struct sockaddr_ll ll;
	struct k_frame want;
	size_t skip = type == SOCK_RAW ? 0 : K_HEAD;

	k_frame(&want, byte);
	/* both versions have heads of 32 bytes */
	memcpy(&ll, k_at(k, n) + TPACKET_ALIGN(sizeof(struct tpacket2_hdr)),
	       sizeof(ll));
	CHECK_EQ(s.len, K_FRAME - skip);
	CHECK_EQ(s.snap, K_FRAME - skip);
	CHECK_EQ(s.mac, type == SOCK_RAW ? 66 : 80);
	CHECK_EQ(s.net, 80);
	CHECK(s.sec > 0);
	CHECK_MEM(k_at(k, n) + s.mac, (char *)&want + skip, K_FRAME - skip);
	CHECK_EQ(ll.sll_family, AF_PACKET);
	CHECK_EQ(ll.sll_protocol, htons(K_PROTO));
	CHECK_EQ(ll.sll_ifindex, n_index("k0"));
	CHECK_EQ(ll.sll_hatype, ARPHRD_ETHER);
	CHECK_EQ(ll.sll_pkttype, PACKET_BROADCAST);
	CHECK_EQ(ll.sll_halen, 6);
	CHECK_MEM(ll.sll_addr, want.from, 6);
}

static void has(int version, int type)
{
	int tap = k_tap(), fd = k_socket(type, K_PROTO);
	struct k_ring k;

	k_ring(fd, version, FRAMES, 0, &k);
	CHECK_EQ(k_mask(fd), POLLOUT);
	for (int n = 0; n < 3 * FRAMES; n++) {
		unsigned int at;

		k_come(tap, n, K_FRAME);
		at = k_await(fd, &k);
		CHECK_EQ(at, n);
		check_frame(&k, at, n, type);
		CHECK_EQ(k_mask(fd), POLLIN | POLLOUT);
		k_status(&k, at, TP_STATUS_KERNEL);
		CHECK_EQ(k_mask(fd), POLLOUT);
	}
	CHECK_OK(munmap(k.at, k.size));
	close(fd);
	close(tap);
	CHECK(n_gone("k0"));
}

static void has_frames_of(int version)
{
	has(version, SOCK_RAW);
	has(version, SOCK_DGRAM);
}

static void has_frames(void)
{
	each(has_frames_of);
}

static void sum_stats(int fd, struct tpacket_stats *sum)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len));
	CHECK_EQ(len, sizeof(st));
	sum->tp_packets += st.tp_packets;
	sum->tp_drops += st.tp_drops;
}

static void await_stats(int fd, unsigned int packets, struct tpacket_stats *sum)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int n = 0; n < K_PATIENCE && sum->tp_packets < packets; n++) {
		sum_stats(fd, sum);
		nanosleep(&moment, NULL);
	}
	CHECK_EQ(sum->tp_packets, packets);
}

static void drops_of(int version)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct tpacket_stats sum = { 0 };
	struct k_ring k;

	k_ring(fd, version, FRAMES, 0, &k);
	for (int n = 0; n < FRAMES + 5; n++)
		k_come(tap, n, K_FRAME);
	await_stats(fd, FRAMES + 5, &sum);
	CHECK_EQ(sum.tp_drops, 5);
	for (int n = 0; n < FRAMES; n++) {
		unsigned int at = k_await(fd, &k);

		check_frame(&k, at, n, SOCK_RAW);
		k_status(&k, at, TP_STATUS_KERNEL);
	}
	CHECK_EQ(k_mask(fd), POLLOUT);
	k_come(tap, 99, K_FRAME);
	check_frame(&k, k_await(fd, &k), 99, SOCK_RAW);
	sum_stats(fd, &sum);
	CHECK_EQ(sum.tp_packets, FRAMES + 6);
	CHECK_OK(munmap(k.at, k.size));
	close(fd);
	close(tap);
	CHECK(n_gone("k0"));
}

/* What has no room is lost, and counted. */
static void drops(void)
{
	each(drops_of);
}

/* The statistics are told once; until then frames say that some were lost. */
static void says_that_it_loses(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct tpacket_stats sum = { 0 };
	struct k_ring k;
	unsigned int at;

	k_ring(fd, TPACKET_V2, 2, 0, &k);
	for (int n = 0; n < 3; n++)
		k_come(tap, n, K_FRAME);
	for (int n = 0; n < 2; n++) {
		at = k_await(fd, &k);
		CHECK_EQ(k_read(&k, at).status & TP_STATUS_LOSING, 0);
	}
	/* the third was dropped before: they come in order */
	k_status(&k, 0, TP_STATUS_KERNEL);
	k_status(&k, 1, TP_STATUS_KERNEL);
	k_come(tap, 3, K_FRAME);
	at = k_await(fd, &k);
	if (k_read(&k, at).status & TP_STATUS_LOSING)
		CHECK_EQ(k_at(&k, at)[k_read(&k, at).mac + K_HEAD], 3);
	sum_stats(fd, &sum);
	k_come(tap, 4, K_FRAME);
	at = k_await(fd, &k);
	await_stats(fd, 5, &sum);
	CHECK_EQ(k_read(&k, at).status & TP_STATUS_LOSING, 0);
}

/* A frame that is longer than its slot is cut; what it was is told. */
static void cuts(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct tpacket_req req = { .tp_block_size = 4096,
				   .tp_block_nr = 1,
				   .tp_frame_size = 256,
				   .tp_frame_nr = 16 };
	struct tpacket2_hdr *h;

	k_set(fd, PACKET_VERSION, TPACKET_V2);
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	h = k_map(fd, 4096);
	k_come(tap, 7, LONG);
	CHECK(t_readable(fd, K_PATIENCE));
	CHECK_EQ(h->tp_len, LONG);
	CHECK_EQ(h->tp_mac, 66);
	CHECK_EQ(h->tp_snaplen, 256 - 66);
}

/* PACKET_RESERVE: room before the frame. */
static void reserves(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;

	k_set(fd, PACKET_RESERVE, 36);
	CHECK_EQ(k_get(fd, PACKET_RESERVE), 36);
	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	k_come(tap, 1, K_FRAME);
	CHECK_EQ(k_read(&k, k_await(fd, &k)).net, 80 + 36);
	CHECK_EQ(k_read(&k, 0).mac, 66 + 36);
}

/* Only what comes, of K_PROTO. */
static void filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 SKF_AD_OFF + SKF_AD_PROTOCOL),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, K_PROTO, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};

	CHECK_OK(k_attach(fd, code, T_COUNT(code)));
}

static void takes_a_tag_off(bool all)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, all ? ETH_P_ALL : K_PROTO);
	static const unsigned char tag[4] = { 0x81, 0, 0x20, 7 };
	struct sockaddr_ll ll;
	unsigned char buf[K_FRAME + 4];
	struct k_frame f;
	struct k_slot s;
	struct k_ring k;

	k_frame(&f, 5);
	memcpy(buf, &f, 12);
	memcpy(buf + 12, tag, 4);
	memcpy(buf + 16, (char *)&f + 12, K_FRAME - 12);
	filter(fd);
	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	CHECK_EQ(write(tap, buf, sizeof(buf)), sizeof(buf));
	s = k_read(&k, k_await(fd, &k));
	memcpy(&ll, k_at(&k, 0) + sizeof(struct tpacket2_hdr), sizeof(ll));
	CHECK_EQ(s.len, K_FRAME);
	CHECK_EQ(s.tci, all ? 0x2007 : 0);
	CHECK_EQ(s.tpid, all ? ETH_P_8021Q : 0);
	CHECK_EQ(!!(s.status & TP_STATUS_VLAN_VALID), all);
	CHECK_EQ(!!(s.status & TP_STATUS_VLAN_TPID_VALID), all);
	CHECK_EQ(ll.sll_pkttype, all ? PACKET_BROADCAST : PACKET_OTHERHOST);
	CHECK_EQ(ll.sll_protocol, htons(K_PROTO));
	CHECK_MEM(k_at(&k, 0) + s.mac, &f, K_FRAME);
	close(fd);
	close(tap);
	CHECK(n_gone("k0"));
}

/* A tag of VLAN stands beside the frame, not in it; for who asks for all. */
static void takes_tags_off(void)
{
	takes_a_tag_off(true);
	takes_a_tag_off(false);
}

/* ---- waiting ---- */

/* Who waits before there is anything is woken by it. */
static void wakes_who_waits(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), go[2];
	struct k_ring k;

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	CHECK_OK(pipe(go));
	for (int n = 0; n < 20; n++) {
		pid_t pid = t_fork();

		if (pid == 0) {
			t_await(go[0]);
			k_come(tap, n, K_FRAME);
			_exit(0);
		}
		t_post(go[1]);
		check_frame(&k, k_await(fd, &k), n, SOCK_RAW);
		k_status(&k, (unsigned int)n, TP_STATUS_KERNEL);
		CHECK_EQ(t_wait(pid), 0);
	}
}

static int selects(int fd, int ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &t);
}

static void is_selected(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	CHECK_EQ(selects(fd, 0), 0);
	for (int n = 0; n < 3; n++) {
		k_come(tap, n, K_FRAME);
		CHECK_EQ(selects(fd, K_PATIENCE), 1);
		CHECK_EQ(selects(fd, 0), 1);
		k_status(&k, (unsigned int)n, TP_STATUS_KERNEL);
		CHECK_EQ(selects(fd, 0), 0);
	}
}

/* Also with a set that was made before the ring. */
static void is_in_epoll_sets(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	int ep = (int)CHECK_OK(epoll_create1(0));
	struct epoll_event e = { .events = EPOLLIN }, got;
	struct k_ring k;

	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	for (int n = 0; n < 3; n++) {
		k_come(tap, n, K_FRAME);
		CHECK_EQ(epoll_wait(ep, &got, 1, K_PATIENCE), 1);
		CHECK_EQ(got.events, EPOLLIN);
		CHECK_EQ(epoll_pwait(ep, &got, 1, 0, NULL), 1);
		k_status(&k, (unsigned int)n, TP_STATUS_KERNEL);
		/* without the agent it may be told once more, and once only */
		if (getenv("T_SLOW"))
			t_note("not asked: an event too many");
		else
			CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	}
}

/* Frames are not at the socket, whose queue is empty. */
static void has_nothing_to_receive(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;
	char buf[64];

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	k_come(tap, 1, K_FRAME);
	CHECK(t_readable(fd, K_PATIENCE));
	CHECK_ERRNO(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_ERRNO(recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_PEEK),
		    EAGAIN);
	check_frame(&k, k_await(fd, &k), 1, SOCK_RAW);
	CHECK_EQ(k_mask(fd), POLLIN | POLLOUT);
}

/* The interface goes down: an error, told once. */
static void fails_with_its_interface(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), err = 0;
	socklen_t len = sizeof(err);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct k_ring k;

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	n_down("k0");
	CHECK_EQ(poll(&p, 1, K_PATIENCE), 1);
	CHECK(p.revents & POLLERR);
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	CHECK_EQ(err, ENETDOWN);
	CHECK_EQ(k_mask(fd), POLLOUT);
	n_up("k0", "10.77.0.1");
	k_come(tap, 1, K_FRAME);
	check_frame(&k, k_await(fd, &k), 1, SOCK_RAW);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(has_frames);
	RUN(drops);
	RUN(says_that_it_loses);
	RUN(cuts);
	RUN(reserves);
	RUN(takes_tags_off);
	RUN(wakes_who_waits);
	RUN(is_selected);
	RUN(is_in_epoll_sets);
	RUN(has_nothing_to_receive);
	RUN(fails_with_its_interface);
	return t_done();
}
