// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * insn.c - how long an x86_64 instruction is, and whether it may be moved
 *
 * The length of every instruction must be right, for the search for sites
 * walks over all kinds; what may be moved is a list of the common ones.
 */
#include "insn.h"

#include <string.h>

/* What follows an opcode. */
#define M    0x01 /* a ModRM byte, with what it asks for */
#define I1   0x02 /* one byte */
#define I4   0x04 /* four; two with the prefix 66 */
#define REL  0x08 /* four in any case */
#define BAD  0x10 /* not in 64-bit mode, or too rare to be code */
#define MOVE 0x20 /* may be moved unless an operand forbids it */
#define EXT  0x40 /* the register of ModRM is a part of the opcode */

#define ARITHMETIC(b)                                                          \
	[(b)...(b) + 3] = M | MOVE, [(b) + 4] = I1 | MOVE,                     \
		     [(b) + 5] = I4 | MOVE, [(b) + 6] = BAD, [(b) + 7] = BAD

/* Prefixes and escapes are taken before the table is asked. */
static const uint8_t one_byte[256] = {
	ARITHMETIC(0x00),
	ARITHMETIC(0x08),
	ARITHMETIC(0x10),
	ARITHMETIC(0x18),
	ARITHMETIC(0x20),
	ARITHMETIC(0x28),
	ARITHMETIC(0x30),
	ARITHMETIC(0x38),
	[0x60 ... 0x61] = BAD,
	[0x63] = M | MOVE,
	[0x68] = I4,
	[0x69] = M | I4 | MOVE,
	[0x6a] = I1,
	[0x6b] = M | I1 | MOVE,
	[0x6c ... 0x6f] = BAD,
	[0x70 ... 0x7f] = I1,
	[0x80] = M | I1 | MOVE | EXT,
	[0x81] = M | I4 | MOVE | EXT,
	[0x82] = BAD,
	[0x83] = M | I1 | MOVE | EXT,
	[0x84 ... 0x85] = M | MOVE,
	[0x86 ... 0x87] = M,
	[0x88 ... 0x8b] = M | MOVE,
	[0x8c] = M,
	[0x8d] = M | MOVE,
	[0x8e ... 0x8f] = M,
	[0x90] = MOVE,
	[0x98 ... 0x99] = MOVE,
	[0x9a] = BAD,
	[0xa0 ... 0xa3] = BAD,
	[0xa8] = I1 | MOVE,
	[0xa9] = I4 | MOVE,
	[0xb0 ... 0xb7] = I1 | MOVE,
	[0xb8 ... 0xbf] = I4 | MOVE,
	[0xc0 ... 0xc1] = M | I1 | MOVE | EXT,
	[0xc2] = BAD,
	[0xc6] = M | I1 | MOVE | EXT,
	[0xc7] = M | I4 | MOVE | EXT,
	[0xc8] = BAD,
	[0xca] = BAD,
	[0xcd] = I1,
	[0xce] = BAD,
	[0xd0 ... 0xd3] = M | MOVE | EXT,
	[0xd4 ... 0xd6] = BAD,
	[0xd8 ... 0xdf] = M,
	[0xe0 ... 0xe3] = I1,
	[0xe4 ... 0xe7] = BAD,
	[0xe8 ... 0xe9] = REL,
	[0xea] = BAD,
	[0xeb] = I1,
	[0xec ... 0xef] = BAD,
	[0xf6 ... 0xf7] = M | MOVE | EXT,
	[0xfe ... 0xff] = M | EXT,
};

static const uint8_t two_byte[256] = {
	[0x00 ... 0x03] = M,
	[0x04] = BAD,
	[0x0a] = BAD,
	[0x0c] = BAD,
	[0x0d] = M,
	[0x0f] = M | I1,
	[0x10 ... 0x17] = M | MOVE,
	[0x18 ... 0x1e] = M,
	[0x1f] = M | MOVE | EXT,
	[0x20 ... 0x23] = M,
	[0x24 ... 0x27] = BAD,
	[0x28 ... 0x29] = M | MOVE,
	[0x2a ... 0x2f] = M,
	[0x36] = BAD,
	[0x39] = BAD,
	[0x3b ... 0x3f] = BAD,
	[0x40 ... 0x4f] = M | MOVE,
	[0x50 ... 0x6f] = M,
	[0x70 ... 0x73] = M | I1,
	[0x74 ... 0x76] = M,
	[0x78 ... 0x7f] = M,
	[0x80 ... 0x8f] = REL,
	[0x90 ... 0x9f] = M | MOVE | EXT,
	[0xa3] = M,
	[0xa4] = M | I1,
	[0xa5] = M,
	[0xa6 ... 0xa7] = BAD,
	[0xab] = M,
	[0xac] = M | I1,
	[0xad ... 0xae] = M,
	[0xaf] = M | MOVE,
	[0xb0 ... 0xb5] = M,
	[0xb6 ... 0xb7] = M | MOVE,
	[0xb8 ... 0xb9] = M,
	[0xba] = M | I1,
	[0xbb ... 0xbd] = M,
	[0xbe ... 0xbf] = M | MOVE,
	[0xc0 ... 0xc1] = M,
	[0xc2] = M | I1,
	[0xc3] = M,
	[0xc4 ... 0xc6] = M | I1,
	[0xc7] = M,
	[0xd0 ... 0xff] = M,
};

#define REX_B 1
#define REX_R 4
#define REX_W 8

/* The instruction while it is read. */
struct reader {
	const uint8_t *p;
	const uint8_t *end;
	uint8_t rex;
	bool short_operand; /* prefix 66 */
	uint8_t modrm;
	bool rip_relative;
	bool bad;
};

static uint8_t next_byte(struct reader *r)
{
	if (r->p >= r->end) {
		r->bad = true;
		return 0;
	}
	return *r->p++;
}

static void skip(struct reader *r, size_t n)
{
	if ((size_t)(r->end - r->p) < n) {
		r->bad = true;
		return;
	}
	r->p += n;
}

static uint8_t read_prefixes(struct reader *r)
{
	for (;;) {
		uint8_t b = next_byte(r);

		switch (b) {
		case 0x66:
			r->short_operand = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0x67:
		case 0xf0:
		case 0xf2:
		case 0xf3:
			break;
		default:
			if ((b & 0xf0) != 0x40)
				return b;
			r->rex = b;
			return next_byte(r);
		}
		if (r->bad)
			return 0;
	}
}

static void read_modrm(struct reader *r)
{
	uint8_t mod, rm;

	r->modrm = next_byte(r);
	mod = r->modrm >> 6;
	rm = r->modrm & 7;
	if (mod == 3)
		return;
	if (rm == 4) {
		uint8_t sib = next_byte(r);

		if (mod == 0 && (sib & 7) == 5)
			skip(r, 4);
	} else if (mod == 0 && rm == 5) {
		r->rip_relative = true;
		skip(r, 4);
	}
	if (mod == 1)
		skip(r, 1);
	else if (mod == 2)
		skip(r, 4);
}

/* The map that a VEX or EVEX prefix names, then opcode, operands, immediate. */
static void read_vector(struct reader *r, unsigned int map)
{
	uint8_t op = next_byte(r);

	if (map == 1 && op == 0x77)
		return;
	if (map < 1 || map > 6 || map == 4)
		r->bad = true;
	read_modrm(r);
	if (map == 3 || (map == 1 && (two_byte[op] & I1)))
		skip(r, 1);
}

/* Return: true where @op begins a VEX or EVEX instruction; it is read. */
static bool is_vector(struct reader *r, uint8_t op)
{
	unsigned int map;

	if (op == 0xc5) {
		next_byte(r);
		map = 1;
	} else if (op == 0xc4) {
		map = next_byte(r) & 0x1f;
		next_byte(r);
	} else if (op == 0x62) {
		map = next_byte(r) & 7;
		skip(r, 2);
	} else {
		return false;
	}
	read_vector(r, map);
	return true;
}

static void read_operands(struct reader *r, unsigned int kind)
{
	if (kind & BAD)
		r->bad = true;
	if (kind & M)
		read_modrm(r);
	if (kind & I1)
		skip(r, 1);
	if (kind & I4)
		skip(r, r->short_operand ? 2 : 4);
	if (kind & REL)
		skip(r, 4);
}

/* Of a one-byte opcode: what its table row cannot say. */
static unsigned int one_byte_kind(const struct reader *r, uint8_t op)
{
	unsigned int kind = one_byte[op];
	uint8_t reg = r->p < r->end ? *r->p >> 3 & 7 : 0;

	if (op == 0xf6 || op == 0xf7) {
		if (reg < 2)
			kind |= op == 0xf6 ? I1 : I4;
		else if (reg > 3)
			kind &= ~(unsigned int)MOVE; /* eax and edx unnamed */
	}
	if ((op == 0xc6 || op == 0xc7) && reg != 0)
		kind &= ~(unsigned int)MOVE; /* xabort, xbegin */
	return kind;
}

static bool touches_eax(const struct reader *r, uint8_t op, unsigned int kind)
{
	if (!(kind & M)) /* immediate forms, al..bh, r8 and up have REX_B */
		return !(op >= 0xb1 && op <= 0xbf && (op & 7) &&
			 (op & 7) != 4) &&
		       op != 0x90 && op != 0xc3;
	if (!(kind & EXT) && !(r->modrm & 0x38) && !(r->rex & REX_R))
		return true;
	return r->modrm >= 0xc0 && !(r->modrm & 7) && !(r->rex & REX_B);
}

/* What the instruction sets eax to, if it does no more than that. */
static int32_t number(const struct reader *r, uint8_t op)
{
	int32_t nr;

	if ((r->rex & ~(unsigned int)REX_W) & 0x0f || r->short_operand)
		return -1;
	if ((op == 0x31 || op == 0x33) && r->modrm == 0xc0)
		return 0;
	if ((op == 0xb8 && !(r->rex & REX_W)) ||
	    (op == 0xc7 && r->modrm == 0xc0)) {
		memcpy(&nr, r->p - 4, 4);
		return nr < 0 ? INT32_MAX : nr;
	}
	return -1;
}

bool pure_insn_decode(const uint8_t *p, size_t n, struct pure_insn *out)
{
	struct reader r = { .p = p, .end = p + (n < 15 ? n : 15) };
	uint8_t op = read_prefixes(&r);
	unsigned int kind = 0;

	*out = (struct pure_insn){ .nr = -1, .touches_eax = true };
	if (op == 0x0f) {
		op = next_byte(&r);
		if (op == 0x38 || op == 0x3a) {
			next_byte(&r);
			read_operands(&r, op == 0x38 ? M : M | I1);
		} else {
			kind = two_byte[op];
			read_operands(&r, kind);
			out->touches_eax = touches_eax(&r, 0, kind | M);
		}
	} else if (!is_vector(&r, op)) {
		kind = one_byte_kind(&r, op);
		read_operands(&r, kind);
		if (op >= 0xb8 && op <= 0xbf && (r.rex & REX_W))
			skip(&r, 4);
		out->touches_eax = touches_eax(&r, op, kind);
		out->ret = op == 0xc3;
		if (!r.bad)
			out->nr = number(&r, op);
	}
	out->moves = (kind & MOVE) && !r.rip_relative;
	out->len = (uint8_t)(r.p - p);
	return !r.bad;
}
