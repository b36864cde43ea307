/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* insn.h - how long an x86_64 instruction is, and whether it may be moved */
#ifndef PURE_INSN_H
#define PURE_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct pure_insn - one decoded instruction
 * @len: its bytes, 1..15
 * @moves: it does the same at any other address: no branch, no rip-relative
 *	operand, nothing that asks for its own place
 * @ret: it is a plain `ret`, which does the same elsewhere but ends the run
 * @touches_eax: it names eax (or a part of it) as a register operand
 * @nr: what it sets eax to, where that is an immediate; else -1
 */
struct pure_insn {
	uint8_t len;
	bool moves;
	bool ret;
	bool touches_eax;
	int32_t nr;
};

/**
 * pure_insn_decode() - decode the instruction at @p
 * @p: its first byte
 * @n: how many bytes may be read
 * @out: the instruction, where the return is true
 *
 * Return: false for what is no instruction in 64-bit mode, or is cut off.
 */
bool pure_insn_decode(const uint8_t *p, size_t n, struct pure_insn *out);

#endif
