// SPDX-License-Identifier: GPL-2.0-or-later
/* dl_part.c - the shared object that dlopen.c loads and unloads */

#include "dl_part.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int times;

/* mov $257,%eax; syscall; cmp $-4095,%rax; ret - aligned as a function is. */
const unsigned char part_lookalike[64] __attribute__((aligned(64))) = {
	0xb8, 0x01, 0x01, 0x00, 0x00, 0x0f, 0x05, 0x48, 0x3d, 0x01,
	0xf0, 0xff, 0xff, 0xc3, 0x90, 0x90, 0xb8, 0x02, 0x00, 0x00,
	0x00, 0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0xc3,
};

long part_size(const char *path)
{
	struct stat st;

	times++;
	return stat(path, &st) < 0 ? -1L : (long)st.st_size;
}

/* A site of the shared object's own. */
long part_raw(long nr, const void *a, void *b)
{
	long r;

	times++;
	__asm__ volatile("syscall\ncmp $-4095,%%rax"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory", "cc");
	return r;
}

int part_times(void)
{
	return times;
}
