// SPDX-License-Identifier: GPL-2.0-or-later
/* packet_opts.c - options of packet sockets, and what is refused of rings */
#include "packet.h"

static int set_raw(int fd, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_PACKET, name, value, len);
}

static int set_int(int fd, int name, int value)
{
	return set_raw(fd, name, &value, sizeof(value));
}

static void tells_the_head(void)
{
	static const int want[] = { 32, 32, 48 };
	int fd = k_socket(SOCK_RAW, 0), v;
	socklen_t len;

	for (int version = 0; version < 3; version++) {
		v = version;
		len = sizeof(v);
		CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &v, &len));
		CHECK_EQ(v, want[version]);
	}
	v = 3;
	CHECK_ERRNO(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &v, &len),
		    EINVAL);
	len = 2;
	CHECK_ERRNO(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &v, &len),
		    EINVAL);
	len = sizeof(v);
	CHECK_ERRNO(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, T_BAD_PTR, &len),
		    EFAULT);
}

static void sets_and_gets(void)
{
	static const struct {
		int name, set, want;
	} options[] = {
		{ PACKET_AUXDATA, 1, 1 },
		{ PACKET_AUXDATA, 0, 0 },
		{ PACKET_ORIGDEV, 1, 1 },
		{ PACKET_VERSION, 1, 1 },
		{ PACKET_VERSION, 2, 2 },
		{ PACKET_RESERVE, 12, 12 },
		{ PACKET_LOSS, 5, 1 },
		{ PACKET_TX_HAS_OFF, 1, 1 },
		{ PACKET_TIMESTAMP, 0, 0 },
		{ PACKET_QDISC_BYPASS, 1, 1 },
		{ PACKET_IGNORE_OUTGOING, 1, 1 },
	};
	int fd = k_socket(SOCK_RAW, 0);

	for (size_t i = 0; i < T_COUNT(options); i++) {
		k_set(fd, options[i].name, options[i].set);
		CHECK_EQ(k_get(fd, options[i].name), options[i].want);
	}
}

static void refuses_options(void)
{
	int fd = k_socket(SOCK_RAW, 0), v = 1;
	socklen_t len = sizeof(v);

	CHECK_ERRNO(set_int(fd, PACKET_VERSION, 3), EINVAL);
	CHECK_ERRNO(set_int(fd, PACKET_VERSION, -1), EINVAL);
	CHECK_ERRNO(set_int(fd, PACKET_RESERVE, -1), EINVAL);
	CHECK_ERRNO(set_int(fd, PACKET_IGNORE_OUTGOING, 2), EINVAL);
	CHECK_ERRNO(set_raw(fd, PACKET_VERSION, &v, 2), EINVAL);
	CHECK_ERRNO(set_raw(fd, PACKET_VERSION, &v, 8), EINVAL);
	CHECK_ERRNO(set_raw(fd, PACKET_AUXDATA, &v, 2), EINVAL);
	CHECK_ERRNO(set_int(fd, 9999, 1), ENOPROTOOPT);
	CHECK_ERRNO(set_int(fd, PACKET_STATISTICS, 1), ENOPROTOOPT);
	CHECK_ERRNO(getsockopt(fd, SOL_PACKET, 9999, &v, &len), ENOPROTOOPT);
	CHECK_ERRNO(getsockopt(fd, SOL_PACKET, PACKET_RX_RING, &v, &len),
		    ENOPROTOOPT);
	CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, PACKET_VERSION, &v, 4),
		    ENOPROTOOPT);
	len = sizeof(v);
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BPF_EXTENSIONS, &v, &len));
	CHECK_EQ(v, SKF_AD_MAX);
}

/* ---- members ---- */

static int member(int fd, int name, int index, int type, int alen)
{
	struct packet_mreq q = { .mr_ifindex = index,
				 .mr_type = (unsigned short)type,
				 .mr_alen = (unsigned short)alen,
				 .mr_address = { 1, 0, 0x5e, 1, 2, 3 } };

	return set_raw(fd, name, &q, sizeof(q));
}

static void counts_members(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), i = n_index("k0");
	enum { ADD = PACKET_ADD_MEMBERSHIP, DROP = PACKET_DROP_MEMBERSHIP };

	CHECK_OK(member(fd, ADD, i, PACKET_MR_PROMISC, 0));
	CHECK_OK(member(fd, ADD, i, PACKET_MR_PROMISC, 0));
	CHECK_OK(member(fd, ADD, i, PACKET_MR_ALLMULTI, 0));
	CHECK_OK(member(fd, ADD, i, PACKET_MR_MULTICAST, 6));
	for (int n = 0; n < 2; n++)
		CHECK_OK(member(fd, DROP, i, PACKET_MR_PROMISC, 0));
	/* one that is none may leave */
	CHECK_OK(member(fd, DROP, i, PACKET_MR_PROMISC, 0));
	CHECK_ERRNO(member(fd, ADD, i, PACKET_MR_MULTICAST, 4), EINVAL);
	CHECK_ERRNO(member(fd, ADD, i, PACKET_MR_MULTICAST, 8), EINVAL);
	CHECK_ERRNO(member(fd, ADD, i, PACKET_MR_MULTICAST, 99), EINVAL);
	CHECK_ERRNO(member(fd, ADD, 12345, PACKET_MR_PROMISC, 0), ENODEV);
	CHECK_ERRNO(set_raw(fd, ADD, &i, sizeof(i)), EINVAL);
	close(tap);
}

/* ---- rings ---- */

static int ask(int fd, int version, unsigned int size, unsigned int blocks,
	       unsigned int frame, unsigned int frames)
{
	struct k_ring k = { .version = version,
			    .req = { size, blocks, frame, frames, 0, 0, 0 } };

	return k_ask_ring(fd, PACKET_RX_RING, &k);
}

static void refuses_rings(void)
{
	int fd = k_socket(SOCK_RAW, 0);
	struct k_ring k = { .version = TPACKET_V3,
			    .req = { 4096, 1, 2048, 2, 1, 0, 0 } };

	CHECK_ERRNO(ask(fd, 0, 4096, 1, 2048, 3), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 4096, 1, 2048, 1), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 4000, 1, 2000, 2), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 0, 1, 2048, 2), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 0x80000000, 1, 2048, 2), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 4096, 1, 48, 85), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 4096, 1, 2047, 2), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 4096, 1, 8192, 0), EINVAL);
	CHECK_ERRNO(ask(fd, 0, 0, 0, 0, 1), EINVAL);
	CHECK_ERRNO(set_raw(fd, PACKET_RX_RING, &k.req, 12), EINVAL);
	/* Linux says the former */
	CHECK_ERRNO2(set_raw(fd, PACKET_RX_RING, T_BAD_PTR, 16), EINVAL,
		     EFAULT);
	CHECK_OK(ask(fd, 0, 0, 0, 0, 0));
	k_set(fd, PACKET_VERSION, TPACKET_V3);
	CHECK_ERRNO(set_raw(fd, PACKET_RX_RING, &k.req, 16), EINVAL);
	CHECK_ERRNO(k_ask_ring(fd, PACKET_TX_RING, &k), EINVAL);
	k.req.tp_retire_blk_tov = 0;
	k.req.tp_sizeof_priv = 4000;
	CHECK_ERRNO(k_ask_ring(fd, PACKET_RX_RING, &k), EINVAL);
	k.req.tp_sizeof_priv = 0xffffffff;
	CHECK_ERRNO(k_ask_ring(fd, PACKET_RX_RING, &k), EINVAL);
}

/* Nothing that a ring is made by changes while there is one. */
static void keeps_what_rings_need(void)
{
	int fd = k_socket(SOCK_RAW, 0);

	CHECK_OK(ask(fd, 0, 4096, 1, 2048, 2));
	CHECK_ERRNO(ask(fd, 0, 4096, 1, 2048, 2), EBUSY);
	CHECK_ERRNO(set_int(fd, PACKET_VERSION, 1), EBUSY);
	CHECK_ERRNO(set_int(fd, PACKET_RESERVE, 1), EBUSY);
	CHECK_ERRNO(set_int(fd, PACKET_LOSS, 1), EBUSY);
	/* no error, nor any effect */
	CHECK_OK(set_int(fd, PACKET_TX_HAS_OFF, 1));
	CHECK_EQ(k_get(fd, PACKET_TX_HAS_OFF), 0);
	CHECK_OK(ask(fd, 0, 0, 0, 0, 0));
	CHECK_OK(set_int(fd, PACKET_VERSION, 1));
	CHECK_OK(ask(fd, 1, 4096, 1, 2048, 2));
}

/* ---- what is told beside ---- */

static bool find(struct msghdr *m, int level, int type, void *out, size_t size)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == level && c->cmsg_type == type) {
			memcpy(out, CMSG_DATA(c), size);
			return true;
		}
	return false;
}

static void tells_beside(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), on = 1;
	struct sock_filter cut[] = { BPF_STMT(BPF_RET | BPF_K, 30) };
	struct tpacket_auxdata aux = { 0 };
	struct timeval tv = { 0 };
	char buf[128], control[256];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };

	k_set(fd, PACKET_AUXDATA, 1);
	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on)));
	CHECK_OK(k_attach(fd, cut, 1));
	k_come(tap, 1, K_FRAME);
	CHECK(t_readable(fd, K_PATIENCE));
	CHECK_EQ(recvmsg(fd, &m, 0), 30);
	CHECK(find(&m, SOL_PACKET, PACKET_AUXDATA, &aux, sizeof(aux)));
	CHECK(find(&m, SOL_SOCKET, SCM_TIMESTAMP, &tv, sizeof(tv)));
	CHECK(tv.tv_sec > 0);
	CHECK(aux.tp_status & TP_STATUS_USER);
	CHECK_EQ(aux.tp_len, K_FRAME);
	CHECK_EQ(aux.tp_snaplen, 30);
	CHECK_EQ(aux.tp_mac, 0);
	CHECK_EQ(aux.tp_net, K_HEAD);
}

/* A socket for all protocols sees what goes out, unless it says otherwise. */
static void ignores_what_goes(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	int all = k_socket(SOCK_RAW, ETH_P_ALL);
	struct sock_filter ours[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, K_PROTO, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sockaddr_ll from = { 0 };
	socklen_t len = sizeof(from);
	char buf[256];
	struct k_frame f;

	CHECK_OK(k_attach(all, ours, 4));
	k_frame(&f, 1);
	while (recv(all, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		;
	CHECK_EQ(write(fd, &f, sizeof(f)), sizeof(f));
	CHECK_EQ(k_gone(tap, buf, sizeof(buf)), sizeof(f));
	CHECK(t_readable(all, K_PATIENCE));
	CHECK_EQ(recvfrom(all, buf, sizeof(buf), 0, (void *)&from, &len),
		 sizeof(f));
	CHECK_EQ(from.sll_pkttype, PACKET_OUTGOING);
	CHECK_EQ(k_mask(fd), POLLOUT);
	k_set(all, PACKET_IGNORE_OUTGOING, 1);
	CHECK_EQ(write(fd, &f, sizeof(f)), sizeof(f));
	CHECK_EQ(k_gone(tap, buf, sizeof(buf)), sizeof(f));
	k_come(tap, 2, K_FRAME);
	CHECK(t_readable(all, K_PATIENCE));
	len = sizeof(from);
	CHECK(recvfrom(all, buf, sizeof(buf), 0, (void *)&from, &len) > 0);
	CHECK_EQ(from.sll_pkttype, PACKET_BROADCAST);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(tells_the_head);
	RUN(sets_and_gets);
	RUN(refuses_options);
	RUN(counts_members);
	RUN(refuses_rings);
	RUN(keeps_what_rings_need);
	RUN(tells_beside);
	RUN(ignores_what_goes);
	return t_done();
}
