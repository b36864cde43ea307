/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alloc.h - let the nth allocation fail
 *
 * Linked with --wrap, allocations of the project's code (not those of other
 * libraries) are counted while the calling thread is in alloc_begin() …
 * alloc_end(), and one of them fails. Without, nothing fails.
 */
#ifndef FUZZ_ALLOC_H
#define FUZZ_ALLOC_H

#include <stdbool.h>

/* The nth from now on fails; 0: none does. */
void alloc_fail_at(unsigned long n);
/* Whether it came to that. */
bool alloc_failed(void);
void alloc_begin(void);
void alloc_end(void);

#endif
