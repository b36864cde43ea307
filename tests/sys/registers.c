// SPDX-License-Identifier: GPL-2.0-or-later
/* registers.c - a system call changes rax, rcx, r11, and nothing else */

#include "site.h"

#include <immintrin.h>

SITE(site_stat, "mov $4,%eax\nsyscall\n");
SITE(site_getppid, "mov $110,%eax\nsyscall\n");
SITE(site_read, "mov $0,%eax\nsyscall\n");
SITE(site_open, "mov $2,%eax\nsyscall\n");
/* The comparison sets flags; what it saw is what comes out. */
SITE(site_compare, "syscall\ncmp $-4095,%rax\n");
/* Any other shape of code is a site too. */
SITE(site_odd, "jmp 1f\n2: ret\n1: call 3f\njmp 4f\n3: syscall\nret\n4:\n");

static struct stat st;
static char data[16];

static struct regs start(long nr, long a, long b, long c)
{
	struct regs r = { .rbx = 0x1111,
			  .rbp = 0x2222,
			  .r8 = 0x3333,
			  .r9 = 0x4444,
			  .r10 = 0x5555,
			  .r12 = 0x6666,
			  .r13 = 0x7777,
			  .r14 = 0x8888,
			  .r15 = 0x9999 };

	r.rax = (unsigned long)nr;
	r.rdi = (unsigned long)a;
	r.rsi = (unsigned long)b;
	r.rdx = (unsigned long)c;
	/* Carry, parity, adjust, zero, sign, direction, overflow: all set. */
	r.rflags = 0xcd7;
	return r;
}

static void expect(site_fn site, struct regs in, long result, bool flags)
{
	struct regs got = { 0 };

	site(&in, &got);
	CHECK_EQ(got.rax, result);
	check_kept(&got, &in);
	if (flags)
		CHECK_EQ(got.rflags & 0xcd5, in.rflags & 0xcd5);
}

static int fd;

static void general_registers_and_flags(void)
{
	long path = (long)"f";
	long none = (long)"absent";

	t_put("f", "contents");
	fd = t_open("f", O_RDONLY);
	expect(site_getppid, start(0, 1, 2, 3), getppid(), true);
	expect(site_stat, start(0, path, (long)&st, 3), 0, true);
	CHECK_EQ(st.st_size, 8);
	expect(site_stat, start(0, none, (long)&st, 3), -ENOENT, true);
	expect(site_stat, start(0, 8, (long)&st, 3), -EFAULT, true);
	expect(site_read, start(0, fd, (long)data, 4), 4, true);
	CHECK_MEM(data, "cont", 4);
	expect(site_open, start(0, none, O_RDONLY, 0), -ENOENT, true);
	expect(site_open, start(0, path, O_RDONLY, 0), fd + 1, true);
}

static void with_a_comparison_behind(void)
{
	expect(site_compare, start(SYS_stat, (long)"absent", (long)&st, 3),
	       -ENOENT, false);
	t_put("f", "contents");
	fd = t_open("f", O_RDONLY);
	expect(site_compare, start(SYS_stat, (long)"f", (long)&st, 3), 0,
	       false);
	/* At offset r10, which is behind the end. */
	expect(site_compare, start(SYS_pread64, fd, (long)data, 4), 0, false);
	expect(site_compare, start(SYS_read, fd, (long)data, 8), 8, false);
	expect(site_compare, start(SYS_getppid, 1, 2, 3), getppid(), false);
	expect(site_compare, start(9999, 1, 2, 3), -ENOSYS, false);
}

static void at_an_odd_site(void)
{
	t_put("f", "contents");
	expect(site_odd, start(SYS_stat, (long)"f", (long)&st, 3), 0, true);
	expect(site_odd, start(SYS_getppid, 1, 2, 3), getppid(), true);
}

/* rcx is where the call returns to, r11 the flags: programs may look. */
static void what_syscall_itself_writes(void)
{
	unsigned long rcx;
	unsigned long r11;
	unsigned long here;
	long r;

	__asm__ volatile("lea 1f(%%rip),%2\n"
			 "syscall\n1: mov %%rcx,%0\nmov %%r11,%1\n"
			 : "=&r"(rcx), "=&r"(r11), "=&r"(here), "=a"(r)
			 : "a"(SYS_getppid)
			 : "rcx", "r11", "memory");
	CHECK_EQ(r, getppid());
	if (rcx != here)
		t_note("rcx is %#lx, not the address behind the call", rcx);
}

/*
 * A leaf function keeps values below rsp, 128 bytes of them, across a call.
 * Returns how many of 16 words came out changed.
 */
long red_zone(long nr, long a, long b, long c);
__asm__(".text\n.p2align 4\nred_zone:\n"
	"mov %rdi,%rax\nmov %rsi,%rdi\nmov %rdx,%rsi\nmov %rcx,%rdx\n"
	"mov $16,%r8d\n"
	"1: mov %r8,%r9\nneg %r9\nmov %r8,(%rsp,%r9,8)\ndec %r8d\njnz 1b\n"
	"syscall\ncmp $-4095,%rax\n"
	"xor %eax,%eax\nmov $16,%r8d\n"
	"2: mov %r8,%r9\nneg %r9\ncmp %r8,(%rsp,%r9,8)\nje 3f\ninc %eax\n"
	"3: dec %r8d\njnz 2b\nret\n");

static void the_red_zone(void)
{
	int i;

	t_put("f", "contents");
	fd = t_open("f", O_RDONLY);
	for (i = 0; i < 100; i++) {
		CHECK_EQ(red_zone(SYS_getppid, 0, 0, 0), 0);
		CHECK_EQ(red_zone(SYS_stat, (long)"f", (long)&st, 0), 0);
		CHECK_EQ(red_zone(SYS_read, fd, (long)data, 1), 0);
		CHECK_EQ(red_zone(SYS_open, (long)"absent", 0, 0), 0);
		CHECK_EQ(red_zone(SYS_access, (long)"f", R_OK, 0), 0);
	}
}

/* Two sites in one function, so that each vector is seen across the call. */
static long with_vectors(long nr, long a, long b, __m128i *v)
{
	long r;

	__asm__ volatile("movdqu 0(%5),%%xmm0\nmovdqu 16(%5),%%xmm1\n"
			 "movdqu 32(%5),%%xmm7\nmovdqu 48(%5),%%xmm15\n"
			 "syscall\ncmp $-4095,%%rax\n"
			 "movdqu %%xmm0,0(%5)\nmovdqu %%xmm1,16(%5)\n"
			 "movdqu %%xmm7,32(%5)\nmovdqu %%xmm15,48(%5)\n"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(0L), "r"(v)
			 : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm7",
			   "xmm15");
	return r;
}

static void vector_registers(void)
{
	unsigned char bytes[64];
	__m128i v[4];
	int i;

	t_put("f", "contents");
	for (i = 0; i < 64; i++)
		bytes[i] = (unsigned char)(i * 7 + 1);
	for (i = 0; i < 50; i++) {
		memcpy(v, bytes, sizeof(v));
		CHECK_EQ(with_vectors(SYS_stat, (long)"f", (long)&st, v), 0);
		CHECK_MEM(v, bytes, sizeof(v));
		CHECK_EQ(with_vectors(SYS_access, (long)"no", 0, v), -ENOENT);
		CHECK_MEM(v, bytes, sizeof(v));
	}
}

static void floating_point_state(void)
{
	unsigned int old = _mm_getcsr();
	/* Round down, flush to zero; x87: 24 bits, round up. */
	unsigned int csr = (old & ~0x6000u) | 0x2000u | 0x8000u;
	unsigned short control = 0x087f;
	unsigned short got = 0;
	unsigned short before;
	double top = 0;

	t_put("f", "contents");
	__asm__ volatile("fnstcw %0" : "=m"(before));
	_mm_setcsr(csr);
	__asm__ volatile("fldcw %0\nfldpi" : : "m"(control));
	CHECK_EQ(syscall(SYS_stat, "f", &st), 0);
	CHECK_EQ(syscall(SYS_getppid), getppid());
	__asm__ volatile("fnstcw %0\nfstpl %1\nfldcw %2"
			 : "=m"(got), "=m"(top)
			 : "m"(before));
	CHECK_EQ(_mm_getcsr() & ~0x3fu, csr & ~0x3fu);
	_mm_setcsr(old);
	CHECK_EQ(got, control);
	CHECK(top > 3.14159 && top < 3.14160);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(general_registers_and_flags);
	RUN(with_a_comparison_behind);
	RUN(at_an_odd_site);
	RUN(what_syscall_itself_writes);
	RUN(the_red_zone);
	RUN(vector_registers);
	RUN(floating_point_state);
	return t_done();
}
