// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stub.c - the jump at a site, and the stub it goes to
 *
 *	site:	jmp *slot		stub:	the head
 *		int3 ...			mov $behind, %ecx
 *						jmp entry
 *						syscall
 *					behind:	the tail
 *						jmp *back (site + len)
 *
 * The entry comes back to `behind` with the result, or two bytes before it when
 * the call is to be made natively.
 */
#include <string.h>

#include "internal.h"

#define NO_INSN 0xcc /* int3 */

static uint8_t *put(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static uint8_t *put_op(uint8_t *p, uint8_t op, uint32_t operand)
{
	*p = op;
	return put(p + 1, &operand, sizeof(operand));
}

void pure_stub_write(uint8_t *stub, const uint8_t *text,
		     const struct pure_site *site,
		     const struct pure_place *place)
{
	static const uint8_t syscall[] = { 0x0f, 0x05 };
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	const uint8_t *head = text + site->at;
	const uint8_t *tail = head + site->head + 2;
	size_t n_tail = (size_t)site->len - site->head - 2;
	uint32_t at = place->stub + site->head;
	uint64_t back = place->text + site->at + site->len;
	uint8_t *p = stub;

	memset(stub, NO_INSN, PURE_STUB_SIZE);
	p = put(p, head, site->head);
	p = put_op(p, 0xb9, at + 5 + 5 + 2);
	p = put_op(p, 0xe9, place->entry - (at + 10));
	p = put(p, syscall, sizeof(syscall));
	p = put(p, tail, n_tail);
	p = put(p, jump, sizeof(jump));
	put(p, &back, sizeof(back));
}
