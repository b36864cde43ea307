/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * types.h - one-field structs that keep numbers apart
 */
#ifndef UM_BASE_TYPES_H
#define UM_BASE_TYPES_H

#include <stdint.h>

/* An address in a guest. */
typedef struct {
	uint64_t a;
} um_uptr;

/* A descriptor number in a guest. */
typedef struct {
	int n;
} um_gfd;

static inline um_uptr um_uptr_of(uint64_t a)
{
	return (um_uptr){ a };
}

static inline um_uptr um_uptr_add(um_uptr p, uint64_t n)
{
	return (um_uptr){ p.a + n };
}

static inline um_gfd um_gfd_of(uint64_t n)
{
	return (um_gfd){ (int)n };
}

#endif
