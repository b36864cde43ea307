/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fixture.h - what the tests of the capture share: a function that counts */
#ifndef PURE_FIXTURE_H
#define PURE_FIXTURE_H

#include <errno.h>
#include <sys/syscall.h>

#include <purelibc.h>

#include "check.h"

/* calls.S */
long replaceable_getpid(void);
long fixed_call(long nr, long a, long b);
long keeps_registers(void);

extern sfun native;
extern int flags;
extern volatile int seen[512]; /* calls, by number */
/* What the function does after counting; NULL: the call natively. */
extern long (*volatile hook)(long nr, const long arg[6]);

void start(void);
long count(long nr, ...);
/* Skip the test where user dispatch is not tried. */
void need_dispatch(void);
/* A hook: allocates, writes a file, and then calls natively through libc. */
long use_libc(long nr, const long arg[6]);

extern const struct check_test capture_tests[], signal_tests[], process_tests[];

#endif
