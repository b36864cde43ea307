// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bpf.c - SO_ATTACH_FILTER: which packets a socket is given, and how much of each
 *
 * The kernel says whether it would take a program: it is tried on a socket of
 * its own. It is run here, as the kernel could only run it on what a socket of
 * its own is given, without interface, protocol and tags. What the kernel has
 * checked is not checked again: jumps go forward and to an instruction, the last
 * one returns, indices of the scratch memory and constant shifts are in range.
 */
#include "bpf.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lwip/arch.h"

struct st_bpf {
	size_t count;
	struct sock_filter code[];
};

/* A program as it runs. */
struct machine {
	const struct st_bpf_packet *p;
	uint32_t a, x, mem[BPF_MEMWORDS];
};

static int check(struct st_bpf *f)
{
	struct sock_fprog p = { .len = (unsigned short)f->count,
				.filter = f->code };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int st_bpf_new(const void *code, size_t size, struct st_bpf **out)
{
	size_t count = size / sizeof(struct sock_filter);
	struct st_bpf *f;
	int ret;

	if (!count || count > BPF_MAXINSNS ||
	    size % sizeof(struct sock_filter) != 0)
		return -EINVAL;
	f = malloc(sizeof(*f) + size);
	if (!f)
		return -ENOMEM;
	f->count = count;
	memcpy(f->code, code, size);
	ret = check(f);
	if (ret < 0)
		free(f);
	else
		*out = f;
	return ret;
}

void st_bpf_free(struct st_bpf *f)
{
	free(f);
}

/* ---- loads ---- */

static size_t width(uint16_t code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* Big-endian, of what begins at `from`. */
static bool fetch(const uint8_t *from, size_t len, uint64_t at, size_t n,
		  uint32_t *out)
{
	uint32_t v = 0;

	if (at > len || len - at < n)
		return false;
	for (size_t k = 0; k < n; k++)
		v = v << 8 | from[at + k];
	*out = v;
	return true;
}

/* What is no byte of the packet: SKF_AD_*. */
static bool ancillary(struct machine *m, uint32_t what)
{
	const struct st_bpf_packet *p = m->p;

	switch (what) {
	case SKF_AD_PROTOCOL:
		m->a = p->proto;
		break;
	case SKF_AD_PKTTYPE:
		m->a = p->pkttype;
		break;
	case SKF_AD_IFINDEX:
		m->a = (uint32_t)p->ifindex;
		break;
	case SKF_AD_HATYPE:
		m->a = p->hatype;
		break;
	case SKF_AD_ALU_XOR_X:
		m->a ^= m->x;
		break;
	case SKF_AD_VLAN_TAG:
		m->a = p->vlan ? p->tci : 0;
		break;
	case SKF_AD_VLAN_TAG_PRESENT:
		m->a = p->vlan;
		break;
	case SKF_AD_VLAN_TPID:
		m->a = p->vlan ? p->tpid : 0;
		break;
	case SKF_AD_RANDOM:
		m->a = st_random();
		break;
	default: /* mark, queue, hash, processor, payload...: there is none */
		m->a = 0;
		break;
	}
	return true;
}

/* Offsets below 0 count from a header on. */
static bool load(struct machine *m, int64_t at, size_t n, uint32_t *out)
{
	const struct st_bpf_packet *p = m->p;
	size_t whole = p->len + (size_t)(p->data - p->link);

	if (at >= 0)
		return fetch(p->data, p->len, (uint64_t)at, n, out);
	if (at >= SKF_NET_OFF)
		return fetch(p->link, whole,
			     (uint64_t)(at - SKF_NET_OFF) + p->net, n, out);
	return at >= SKF_LL_OFF &&
	       fetch(p->link, whole, (uint64_t)(at - SKF_LL_OFF), n, out);
}

static bool load_a(struct machine *m, const struct sock_filter *i)
{
	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		m->a = i->k;
		return true;
	case BPF_LEN:
		m->a = (uint32_t)m->p->len;
		return true;
	case BPF_MEM:
		m->a = m->mem[i->k];
		return true;
	case BPF_IND:
		return load(m, (int32_t)(i->k + m->x), width(i->code), &m->a);
	default: /* BPF_ABS */
		if (i->k >= (uint32_t)SKF_AD_OFF)
			return ancillary(m, i->k - (uint32_t)SKF_AD_OFF);
		return load(m, (int32_t)i->k, width(i->code), &m->a);
	}
}

static bool load_x(struct machine *m, const struct sock_filter *i)
{
	uint32_t head;

	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		m->x = i->k;
		return true;
	case BPF_LEN:
		m->x = (uint32_t)m->p->len;
		return true;
	case BPF_MEM:
		m->x = m->mem[i->k];
		return true;
	default: /* BPF_MSH: the length of an IPv4 header */
		if (!load(m, (int32_t)i->k, 1, &head))
			return false;
		m->x = (head & 0xf) * 4;
		return true;
	}
}

/* ---- the others ---- */

static bool compute(struct machine *m, uint16_t op, uint32_t v)
{
	switch (op) {
	case BPF_ADD:
		m->a += v;
		break;
	case BPF_SUB:
		m->a -= v;
		break;
	case BPF_MUL:
		m->a *= v;
		break;
	case BPF_DIV:
		m->a = v ? m->a / v : 0;
		return v;
	case BPF_MOD:
		m->a = v ? m->a % v : 0;
		return v;
	case BPF_OR:
		m->a |= v;
		break;
	case BPF_AND:
		m->a &= v;
		break;
	case BPF_XOR:
		m->a ^= v;
		break;
	case BPF_LSH:
		m->a <<= v & 31;
		break;
	case BPF_RSH:
		m->a >>= v & 31;
		break;
	default: /* BPF_NEG */
		m->a = 0 - m->a;
		break;
	}
	return true;
}

/* How many instructions are left out. */
static uint32_t jump(const struct machine *m, const struct sock_filter *i)
{
	uint32_t v = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
	bool yes;

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return i->k;
	case BPF_JEQ:
		yes = m->a == v;
		break;
	case BPF_JGT:
		yes = m->a > v;
		break;
	case BPF_JGE:
		yes = m->a >= v;
		break;
	default: /* BPF_JSET */
		yes = m->a & v;
		break;
	}
	return yes ? i->jt : i->jf;
}

/* One that is no return; false: the program ends, the packet is not wanted. */
static bool step(struct machine *m, const struct sock_filter *i, size_t *pc)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		return load_a(m, i);
	case BPF_LDX:
		return load_x(m, i);
	case BPF_ST:
		m->mem[i->k] = m->a;
		return true;
	case BPF_STX:
		m->mem[i->k] = m->x;
		return true;
	case BPF_ALU:
		return compute(m, BPF_OP(i->code),
			       BPF_SRC(i->code) == BPF_X ? m->x : i->k);
	case BPF_JMP:
		*pc += jump(m, i);
		return true;
	default: /* BPF_MISC */
		if (BPF_MISCOP(i->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return true;
	}
}

size_t st_bpf_run(const struct st_bpf *f, const struct st_bpf_packet *p)
{
	struct machine m = { .p = p };

	if (!f)
		return p->len;
	for (size_t pc = 0; pc < f->count; pc++) {
		const struct sock_filter *i = &f->code[pc];

		if (BPF_CLASS(i->code) == BPF_RET)
			return BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
		if (!step(&m, i, &pc))
			return 0;
	}
	return 0;
}
