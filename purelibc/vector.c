// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vector.c - which way the vector registers are kept on this processor
 *
 * The kernel keeps them across a call, compilers count on it, and any C
 * function may use them (memcpy does). So entry_x86_64.S saves what is enabled
 * of x87, SSE, AVX and AVX-512. Tiles (AMX) and protection keys are left: no
 * libc uses them by itself, and tiles are 8 KiB of stack.
 */
#include <cpuid.h>

#include "internal.h"

#define MASK	    0xe7 /* x87, SSE, AVX, three parts of AVX-512 */
#define LEGACY	    512
#define HEADER	    64
#define OSXSAVE	    (1U << 27)
#define HAS_XSAVEC  (1U << 1)
#define LEAF_XSTATE 0xd

static uint32_t enabled(void)
{
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	(void)high;
	return low;
}

void pure_vector_setup(struct pure_config *config)
{
	unsigned int a, b, c, d;

	config->how = PURE_FXSAVE;
	config->size = LEGACY;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE))
		return;
	config->how = PURE_XSAVE;
	config->mask = enabled() & MASK;
	config->size = LEGACY + HEADER;
	for (unsigned int part = 2; part < 8; part++) {
		if (!(config->mask >> part & 1))
			continue;
		__get_cpuid_count(LEAF_XSTATE, part, &a, &b, &c, &d);
		if (a + b > config->size)
			config->size = a + b;
	}
	__get_cpuid_count(LEAF_XSTATE, 1, &a, &b, &c, &d);
	if (a & HAS_XSAVEC)
		config->how = PURE_XSAVEC;
}
