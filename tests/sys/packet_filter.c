// SPDX-License-Identifier: GPL-2.0-or-later
/* packet_filter.c - SO_ATTACH_FILTER of packet sockets: programs of BPF */
#include "packet.h"

static void refuses(void)
{
	struct sock_filter wild[] = { BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0),
				      BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_filter open[] = { BPF_STMT(BPF_LD | BPF_IMM, 1) };
	struct sock_filter fine[] = { BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_fprog none = { 1, NULL }, bad = { 1, T_BAD_PTR };
	int fd = k_socket(SOCK_RAW, 0), zero = 0;

	CHECK_ERRNO(k_attach(fd, wild, 2), EINVAL);
	CHECK_ERRNO(k_attach(fd, open, 1), EINVAL);
	CHECK_ERRNO(k_attach(fd, fine, 0), EINVAL);
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &none,
			       sizeof(none)),
		    EINVAL);
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &none, 4),
		    EINVAL);
	CHECK_ERRNO(
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &bad, sizeof(bad)),
		EFAULT);
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, 4),
		    ENOENT);
	CHECK_OK(k_attach(fd, fine, 1));
	CHECK_OK(k_attach(fd, fine, 1));
	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, 4));
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, 4),
		    ENOENT);
}

/* A program, and how much it leaves of frame 7; 0: nothing. */
struct row {
	size_t n;
	struct sock_filter code[6];
	int raw, dgram;
};

#define LD(size, k) BPF_STMT(BPF_LD | (size) | BPF_ABS, (unsigned int)(k))
#define RET(k)	    BPF_STMT(BPF_RET | BPF_K, k)
#define RETA	    BPF_STMT(BPF_RET | BPF_A, 0)
#define ALU(op, k)  BPF_STMT(BPF_ALU | (op) | BPF_K, k)

static const struct row rows[] = {
	{ 1, { RET(0xffffffff) }, 60, 46 },
	{ 1, { RET(20) }, 20, 20 },
	{ 1, { RET(0) }, 0, 0 },
	{ 2, { BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RETA }, 60, 46 },
	{ 3, { LD(BPF_B, 14), ALU(BPF_ADD, 10), RETA }, 17, 17 },
	{ 3, { LD(BPF_H, 12), ALU(BPF_SUB, K_PROTO - 9), RETA }, 9, 46 },
	{ 2, { LD(BPF_B, 59), RETA }, 7, 0 },
	{ 2, { LD(BPF_B, 60), RETA }, 0, 0 },
	{ 2, { LD(BPF_W, 57), RETA }, 0, 0 },
	{ 3, { LD(BPF_B, SKF_NET_OFF), ALU(BPF_MUL, 3), RETA }, 21, 21 },
	{ 3, { LD(BPF_B, SKF_LL_OFF), ALU(BPF_RSH, 4), RETA }, 15, 15 },
	{ 2, { LD(BPF_B, SKF_LL_OFF + 11), RETA }, 7, 7 },
	{ 3,
	  { LD(BPF_W, SKF_AD_OFF + SKF_AD_PROTOCOL), ALU(BPF_SUB, K_PROTO - 33),
	    RETA },
	  33,
	  33 },
	{ 3,
	  { LD(BPF_W, SKF_AD_OFF + SKF_AD_PKTTYPE), ALU(BPF_ADD, 4), RETA },
	  5,
	  5 },
	{ 3,
	  { LD(BPF_W, SKF_AD_OFF + SKF_AD_HATYPE), ALU(BPF_ADD, 4), RETA },
	  5,
	  5 },
	{ 3,
	  { LD(BPF_W, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT), ALU(BPF_ADD, 8),
	    RETA },
	  8,
	  8 },
	{ 5,
	  { LD(BPF_B, 14), BPF_STMT(BPF_MISC | BPF_TAX, 0),
	    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 10), ALU(BPF_ADD, 3), RETA },
	  10,
	  10 },
	{ 4,
	  { BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
	    BPF_STMT(BPF_MISC | BPF_TXA, 0), ALU(BPF_OR, 1), RETA },
	  29,
	  29 },
	{ 5,
	  { BPF_STMT(BPF_LD | BPF_IMM, 12), BPF_STMT(BPF_ST, 3),
	    BPF_STMT(BPF_LDX | BPF_MEM, 3), BPF_STMT(BPF_MISC | BPF_TXA, 0),
	    RETA },
	  12,
	  12 },
	{ 4,
	  { LD(BPF_B, 14), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 1, 0), RET(0),
	    RET(31) },
	  31,
	  31 },
	{ 4,
	  { LD(BPF_B, 14), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 7, 1, 0),
	    RET(30), RET(31) },
	  30,
	  30 },
	{ 4,
	  { LD(BPF_B, 14), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 7, 1, 0),
	    RET(30), RET(31) },
	  31,
	  31 },
	{ 4,
	  { LD(BPF_B, 14), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 8, 1, 0),
	    RET(30), RET(31) },
	  30,
	  30 },
	{ 6,
	  { BPF_STMT(BPF_LD | BPF_IMM, 100), BPF_STMT(BPF_LDX | BPF_IMM, 0),
	    BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(31), RET(32), RET(33) },
	  0,
	  0 },
	{ 5,
	  { BPF_STMT(BPF_LD | BPF_IMM, 100), BPF_STMT(BPF_LDX | BPF_IMM, 7),
	    BPF_STMT(BPF_ALU | BPF_MOD | BPF_X, 0), ALU(BPF_LSH, 2), RETA },
	  8,
	  8 },
	{ 5,
	  { BPF_STMT(BPF_LD | BPF_IMM, 0xfffffff0),
	    BPF_STMT(BPF_ALU | BPF_NEG, 0), ALU(BPF_XOR, 3), ALU(BPF_AND, 0x1f),
	    RETA },
	  19,
	  19 },
};

/* Frame 8 has no filter to pass: it tells that 7 was dropped. */
static int left_by(int tap, int fd, int all, const struct row *row)
{
	struct sock_filter code[6];
	char buf[128] = "", dummy[128];
	ssize_t n;
	int zero = 0;

	memcpy(code, row->code, sizeof(code));
	CHECK_OK(k_attach(fd, code, row->n));
	k_come(tap, 7, K_FRAME);
	CHECK(t_readable(all, K_PATIENCE));
	CHECK_EQ(recv(all, dummy, sizeof(dummy), 0), K_FRAME);
	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, 4));
	k_come(tap, 8, K_FRAME);
	CHECK(t_readable(all, K_PATIENCE));
	CHECK_EQ(recv(all, dummy, sizeof(dummy), 0), K_FRAME);
	CHECK(t_readable(fd, K_PATIENCE));
	n = recv(fd, buf, sizeof(buf), 0);
	if (n > 0 && buf[n - 1] == 8)
		return 0;
	CHECK(recv(fd, dummy, sizeof(dummy), 0) > 0);
	return (int)n;
}

static void filters_of(int type)
{
	int tap = k_tap(), fd = k_socket(type, K_PROTO);
	int all = k_socket(SOCK_RAW, K_PROTO);

	for (size_t i = 0; i < T_COUNT(rows); i++) {
		int want = type == SOCK_RAW ? rows[i].raw : rows[i].dgram;
		int got = left_by(tap, fd, all, &rows[i]);

		if (got != want)
			t_note("row %zu", i);
		CHECK_EQ(got, want);
	}
	close(fd);
	close(tap);
	CHECK(n_gone("k0"));
}

static void filters(void)
{
	filters_of(SOCK_RAW);
}

/* Offsets are those of the packet, without the head. */
static void filters_without_the_head(void)
{
	filters_of(SOCK_DGRAM);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(refuses);
	RUN(filters);
	RUN(filters_without_the_head);
	return t_done();
}
