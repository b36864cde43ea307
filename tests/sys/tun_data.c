// SPDX-License-Identifier: GPL-2.0-or-later
/* tun_data.c - /dev/net/tun: packets, what waits for them, their headers */
#include "tun.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>

#define NO_PI IFF_NO_PI
#define HERE  "10.66.0.1"
#define THERE "10.66.0.2"

enum { PORT = 5000 };

static struct sockaddr_in addr_of(const char *text, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port) };

	CHECK(inet_pton(AF_INET, text, &a.sin_addr) == 1);
	return a;
}

/* A UDP socket of ours, whose peer is on the other side. */
static int udp(void)
{
	struct sockaddr_in here = addr_of(HERE, PORT),
			   there = addr_of(THERE, PORT);
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	CHECK_OK(bind(fd, (void *)&here, sizeof(here)));
	CHECK_OK(connect(fd, (void *)&there, sizeof(there)));
	return fd;
}

static uint16_t sum(const void *data, size_t len, uint32_t start)
{
	unsigned char p[64] = { 0 };

	memcpy(p, data, len < sizeof(p) ? len : sizeof(p));
	for (size_t n = 0; n < len && n < sizeof(p); n++)
		start += n & 1 ? p[n] : (uint32_t)p[n] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)start;
}

struct udp_packet {
	struct iphdr ip;
	struct udphdr udp;
	char text[16];
};

static uint32_t pseudo(const struct udp_packet *p)
{
	return sum(&p->ip.saddr, 8,
		   IPPROTO_UDP + sizeof(p->udp) + sizeof(p->text));
}

/* A packet from the other side to udp(); its checksum is left out if partial. */
static struct udp_packet from_there(const char *text, bool partial)
{
	struct sockaddr_in here = addr_of(HERE, PORT),
			   there = addr_of(THERE, PORT);
	struct udp_packet p = { .ip = { .version = 4,
					.ihl = 5,
					.ttl = 64,
					.protocol = IPPROTO_UDP } };

	p.ip.tot_len = htons(sizeof(p));
	p.ip.saddr = there.sin_addr.s_addr;
	p.ip.daddr = here.sin_addr.s_addr;
	p.ip.check = htons((uint16_t)~sum(&p.ip, sizeof(p.ip), 0));
	p.udp.source = p.udp.dest = htons(PORT);
	p.udp.len = htons(sizeof(p.udp) + sizeof(p.text));
	strncpy(p.text, text, sizeof(p.text) - 1);
	if (partial)
		p.udp.check = htons(sum(&p, 0, pseudo(&p)));
	else
		p.udp.check = htons((uint16_t)~sum(
			&p.udp, sizeof(p.udp) + sizeof(p.text), pseudo(&p)));
	return p;
}

/* The next packet that is none of IPv6's, which come by themselves; skip: of heads. */
static ssize_t next(int fd, unsigned char *buf, size_t size, size_t skip)
{
	for (;;) {
		ssize_t n;

		if (!t_readable(fd, 20000))
			return -1;
		n = read(fd, buf, size);
		if (n < (ssize_t)skip + 14 ||
		    (buf[skip] >> 4 != 6 &&
		     !(buf[skip + 12] == 0x86 && buf[skip + 13] == 0xdd)))
			return n;
	}
}

static void check_udp(const unsigned char *packet, ssize_t len,
		      const char *text)
{
	struct udp_packet p = { 0 };

	CHECK_EQ(len, 20 + 8 + strlen(text));
	if (len != (ssize_t)(28 + strlen(text)))
		return;
	memcpy(&p, packet, (size_t)len);
	CHECK_EQ(p.ip.protocol, IPPROTO_UDP);
	CHECK_EQ(p.ip.daddr, addr_of(THERE, 0).sin_addr.s_addr);
	CHECK_EQ(ntohs(p.udp.dest), PORT);
	CHECK_EQ(sum(&p.ip, 20, 0), 0xffff);
	CHECK_MEM(p.text, text, strlen(text));
}

static void check_arrives(int sock, const char *text)
{
	char buf[64] = "";

	CHECK(t_readable(sock, 20000));
	CHECK_EQ(recv(sock, buf, sizeof(buf), MSG_DONTWAIT), 16);
	CHECK_STR(buf, text);
}

static void moves_packets(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI), sock;
	struct udp_packet p = from_there("back", false);
	unsigned char buf[2048] = { 0 };

	n_up("x0", HERE);
	sock = udp();
	CHECK_EQ(send(sock, "hello", 5, 0), 5);
	check_udp(buf, next(fd, buf, sizeof(buf), 0), "hello");
	CHECK_EQ(write(fd, &p, sizeof(p)), sizeof(p));
	check_arrives(sock, "back");
}

static void tells_the_protocol(void)
{
	int fd = n_attached("x0", IFF_TUN), sock;
	struct {
		struct tun_pi pi;
		struct udp_packet p;
	} __attribute__((packed))
	out = { { 0, htons(ETH_P_IP) }, from_there("with PI", false) };
	unsigned char buf[2048] = { 0 };
	struct tun_pi pi;
	ssize_t n;

	n_up("x0", HERE);
	sock = udp();
	CHECK_EQ(send(sock, "hello", 5, 0), 5);
	n = next(fd, buf, sizeof(buf), sizeof(pi));
	memcpy(&pi, buf, sizeof(pi));
	CHECK_EQ(pi.flags, 0);
	CHECK_EQ(ntohs(pi.proto), ETH_P_IP);
	check_udp(buf + sizeof(pi), n - (ssize_t)sizeof(pi), "hello");
	CHECK_EQ(write(fd, &out, sizeof(out)), sizeof(out));
	check_arrives(sock, "with PI");
}

static void has_the_header_of_virtio(void)
{
	int fd = n_attached("x0", IFF_TUN | IFF_VNET_HDR | NO_PI), sock;
	struct {
		struct virtio_net_hdr h;
		char more[2];
		struct udp_packet p;
	} __attribute__((packed)) out = { .p = from_there("partial", true) };
	int size = sizeof(out.h) + sizeof(out.more);
	unsigned char buf[2048] = { 0 };

	CHECK_OK(ioctl(fd, TUNSETVNETHDRSZ, &size));
	n_up("x0", HERE);
	sock = udp();
	CHECK_EQ(send(sock, "hello", 5, 0), 5);
	check_udp(buf + size, next(fd, buf, sizeof(buf), (size_t)size) - size,
		  "hello");
	CHECK_EQ(buf[1], VIRTIO_NET_HDR_GSO_NONE);
	out.h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	out.h.csum_start = 20;
	out.h.csum_offset = 6;
	CHECK_EQ(write(fd, &out, sizeof(out)), sizeof(out));
	check_arrives(sock, "partial");
}

/* An ARP answer to the request in `frame`. */
static void answer_arp(int fd, unsigned char *frame)
{
	static const unsigned char mac[6] = { 2, 9, 9, 9, 9, 9 };
	unsigned char sender[10], target[4];

	memcpy(sender, frame + 22, 10);
	memcpy(target, frame + 38, 4);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, mac, 6);
	frame[21] = 2;
	memcpy(frame + 22, mac, 6);
	memcpy(frame + 28, target, 4);
	memcpy(frame + 32, sender, 10);
	CHECK_EQ(write(fd, frame, 42), 42);
}

/* The next frame of this type that is about the other side, which is told at. */
static ssize_t next_of(int fd, int type, size_t at, unsigned char *buf,
		       size_t size)
{
	struct sockaddr_in there = addr_of(THERE, 0);

	for (int n = 0; n < 100; n++) {
		ssize_t len = next(fd, buf, size, 0);

		if (len < 14 || ((buf[12] << 8 | buf[13]) == type &&
				 !memcmp(buf + at, &there.sin_addr, 4)))
			return len;
	}
	return -1;
}

static void moves_frames(void)
{
	int fd = n_attached("x0", IFF_TAP | NO_PI), sock;
	unsigned char buf[2048] = { 0 }, out[14 + sizeof(struct udp_packet)];
	struct udp_packet p = from_there("a frame", false);
	struct ifreq ifr = { 0 };
	ssize_t n;

	n_up("x0", HERE);
	CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &ifr));
	sock = udp();
	CHECK_EQ(send(sock, "hello", 5, 0), 5);
	n = next_of(fd, ETH_P_ARP, 38, buf, sizeof(buf));
	CHECK_EQ(n, 42);
	CHECK_MEM(buf + 6, ifr.ifr_hwaddr.sa_data, 6);
	answer_arp(fd, buf);
	n = next_of(fd, ETH_P_IP, 30, buf, sizeof(buf));
	check_udp(buf + 14, n - 14, "hello");
	memcpy(out, ifr.ifr_hwaddr.sa_data, 6);
	memcpy(out + 6, buf, 6);
	memcpy(out + 12, buf + 12, 2);
	memcpy(out + 14, &p, sizeof(p));
	CHECK_EQ(write(fd, out, sizeof(out)), sizeof(out));
	check_arrives(sock, "a frame");
}

static void is_cut_to_the_buffer(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI), sock;
	unsigned char buf[2048] = { 0 };

	n_up("x0", HERE);
	sock = udp();
	CHECK_EQ(send(sock, "first", 5, 0), 5);
	CHECK_EQ(send(sock, "second", 6, 0), 6);
	CHECK_EQ(next(fd, buf, 10, 0), 10);
	check_udp(buf, next(fd, buf, sizeof(buf), 0), "second");
}

static void is_in_pieces_with_readv(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI), sock;
	unsigned char buf[2048] = { 0 };
	struct iovec in[] = { { buf, 20 }, { buf + 20, 1000 } };
	struct udp_packet p = from_there("in pieces", false);
	struct iovec out[] = { { &p.ip, 20 }, { &p.udp, sizeof(p) - 20 } };

	n_up("x0", HERE);
	sock = udp();
	CHECK_EQ(writev(fd, out, 2), sizeof(p));
	check_arrives(sock, "in pieces");
	CHECK_EQ(send(sock, "hello", 5, 0), 5);
	for (;;) {
		ssize_t n;

		if (!CHECK(t_readable(fd, 20000)))
			return;
		n = readv(fd, in, 2);
		if (buf[0] >> 4 != 4)
			continue;
		check_udp(buf, n, "hello");
		return;
	}
}

static void does_not_wait(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI);
	unsigned char buf[2048] = { 0 };
	ssize_t n;
	int ep, sock;
	struct epoll_event e = { .events = EPOLLIN };

	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(read(fd, buf, sizeof(buf)), EAGAIN);
	ep = (int)CHECK_OK(epoll_create1(0));
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
	n_up("x0", HERE);
	sock = udp();
	CHECK_EQ(send(sock, "hello", 5, 0), 5);
	CHECK_EQ(epoll_wait(ep, &e, 1, 20000), 1);
	CHECK_EQ(e.events, EPOLLIN);
	check_udp(buf, next(fd, buf, sizeof(buf), 0), "hello");
	do
		n = read(fd, buf, sizeof(buf));
	while (n > 0 && buf[0] >> 4 == 6);
	CHECK_EQ(n, -1);
	CHECK_EQ(errno, EAGAIN);
}

static void wakes_who_waits(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI), go[2], sock;
	unsigned char buf[2048] = { 0 };
	pid_t pid;

	n_up("x0", HERE);
	sock = udp();
	CHECK_OK(pipe(go));
	pid = t_fork();
	if (pid == 0) {
		ssize_t n;

		t_post(go[1]);
		do
			n = read(fd, buf, sizeof(buf));
		while (n > 0 && buf[0] >> 4 == 6);
		check_udp(buf, n, "for the child");
		_exit(0);
	}
	CHECK(t_await(go[0]));
	CHECK_EQ(send(sock, "for the child", 13, 0), 13);
	CHECK_EQ(t_wait(pid), 0);
}

static void is_interrupted(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI), go[2];
	char buf[100];
	pid_t pid;

	CHECK_OK(pipe(go));
	t_handler(SIGUSR1, 0);
	pid = t_fork();
	if (pid == 0) {
		CHECK_ERRNO(read(fd, buf, sizeof(buf)), EINTR);
		t_post(go[1]);
		_exit(0);
	}
	t_signal_until(pid, SIGUSR1, go[0]);
	CHECK_EQ(t_wait(pid), 0);
}

static void drops_what_the_filter_does_not_want(void)
{
	struct sock_filter only_arp[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 30),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { T_COUNT(only_arp), only_arp };
	int fd = n_attached("x0", IFF_TAP | NO_PI);
	struct sockaddr_in all = addr_of("10.66.0.255", PORT);
	unsigned char buf[2048] = { 0 };
	int sock, on = 1;

	CHECK_OK(ioctl(fd, TUNATTACHFILTER, &prog));
	n_up("x0", HERE);
	sock = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(setsockopt(sock, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)));
	CHECK_EQ(sendto(sock, "to all", 6, 0, (void *)&all, sizeof(all)), 6);
	close(sock);
	sock = udp();
	CHECK_EQ(send(sock, "hello", 5, 0), 5);
	/* no datagram came before it, and it is cut */
	CHECK_EQ(next(fd, buf, sizeof(buf), 0), 30);
	CHECK_EQ(buf[12] << 8 | buf[13], ETH_P_ARP);
}

static void is_seen_by_packet_sockets(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI), sock;
	struct udp_packet p = from_there("seen", false);
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP) };
	socklen_t len = sizeof(at);
	char buf[2048];

	n_up("x0", HERE);
	at.sll_ifindex = n_index("x0");
	sock = (int)CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(bind(sock, (void *)&at, sizeof(at)));
	CHECK_EQ(write(fd, &p, sizeof(p)), sizeof(p));
	CHECK(t_readable(sock, 20000));
	CHECK_EQ(recvfrom(sock, buf, sizeof(buf), 0, (void *)&at, &len),
		 sizeof(p));
	CHECK_MEM(buf, &p, sizeof(p));
	CHECK_EQ(at.sll_hatype, ARPHRD_NONE);
	CHECK_EQ(at.sll_halen, 0);
	CHECK_EQ(at.sll_pkttype, PACKET_HOST);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(moves_packets);
	RUN(tells_the_protocol);
	RUN(has_the_header_of_virtio);
	RUN(moves_frames);
	RUN(is_cut_to_the_buffer);
	RUN(is_in_pieces_with_readv);
	RUN(does_not_wait);
	RUN(wakes_who_waits);
	RUN(is_interrupted);
	RUN(drops_what_the_filter_does_not_want);
	RUN(is_seen_by_packet_sockets);
	return t_done();
}
