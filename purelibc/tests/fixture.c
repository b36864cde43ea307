// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fixture.c - what the tests of the capture share, and main()
 *
 * usage: capture_test replace|dispatch [TEST]
 */
#include <stdarg.h>

#include "fixture.h"

sfun native;
int flags;
volatile int seen[512];
long (*volatile hook)(long nr, const long arg[6]);

/* Uses the vector registers, as any C code may. */
static void use_vectors(void)
{
	__asm__ volatile("pxor %%xmm0, %%xmm0\n\tpxor %%xmm7, %%xmm7\n\t"
			 "pxor %%xmm15, %%xmm15" ::
				 : "xmm0", "xmm7", "xmm15");
}

long count(long nr, ...)
{
	long arg[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (nr >= 0 && nr < 512)
		seen[nr]++;
	use_vectors();
	if (hook)
		return hook(nr, arg);
	return native(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

void start(void)
{
	native = _pure_start(count, flags);
	CHECK(native);
}

void need_dispatch(void)
{
	if (flags & PUREFLAG_NODISPATCH)
		_exit(SKIP);
}

long use_libc(long nr, const long arg[6])
{
	char *p = malloc(1 << 20);
	FILE *f = fopen("/dev/null", "w");

	CHECK(p && f);
	memset(p, 1, 1 << 20);
	fprintf(f, "%ld", nr);
	fclose(f);
	free(p);
	return syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static int run_all(const char *only)
{
	return check_run(capture_tests, only) + check_run(signal_tests, only) +
	       check_run(process_tests, only);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "replace") == 0)
		flags = PUREFLAG_NODISPATCH;
	return run_all(argv[2]) != 0;
}
