// SPDX-License-Identifier: GPL-2.0-or-later
/* own_text.c - programs that write, change and unmap code with calls in it */

#include "check.h"

#include <sys/mman.h>

enum { PAGE = 4096 };

typedef long (*call2_fn)(long a, void *b);

/* mov $nr,%eax; syscall; ret */
static const unsigned char by_number[] = { 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3 };
/* mov $nr,%eax; syscall; cmp $-4095,%rax; ret */
static const unsigned char by_compare[] = { 0xb8, 0,	0,    0,    0,
					    0x0f, 0x05, 0x48, 0x3d, 0x01,
					    0xf0, 0xff, 0xff, 0xc3 };

static struct stat st;

static void put_code(void *at, const unsigned char *code, size_t len, int nr)
{
	memcpy(at, code, len);
	memcpy((char *)at + 1, &nr, 4);
}

static call2_fn code_at(void *at)
{
	call2_fn fn;

	memcpy(&fn, &at, sizeof(fn));
	return fn;
}

static void run_code(void *at, int nr)
{
	call2_fn fn = code_at(at);

	if (nr == SYS_getppid) {
		CHECK_EQ(fn(0, NULL), getppid());
		return;
	}
	st.st_size = 0;
	CHECK_EQ(fn((long)"f", &st), 0);
	CHECK_EQ(st.st_size, 8);
	CHECK_EQ(fn((long)"absent", &st), -ENOENT);
}

static void *map_code(void *at, int prot)
{
	void *p =
		mmap(at, PAGE, prot,
		     MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (p == MAP_FAILED) {
		CHECK(p != MAP_FAILED);
		_exit(1);
	}
	return p;
}

/* As a just-in-time compiler does it. */
static void code_in_anonymous_memory(void)
{
	void *p = map_code(NULL, PROT_READ | PROT_WRITE);

	t_put("f", "contents");
	put_code(p, by_number, sizeof(by_number), SYS_stat);
	CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	run_code(p, SYS_stat);
	CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	put_code(p, by_compare, sizeof(by_compare), SYS_getppid);
	CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	run_code(p, SYS_getppid);
	CHECK_OK(munmap(p, PAGE));
}

/* Other code at the same address, many times. */
static void code_that_is_replaced(void)
{
	void *p = map_code(NULL, PROT_READ | PROT_WRITE | PROT_EXEC);
	int i;

	t_put("f", "contents");
	for (i = 0; i < 50; i++) {
		put_code(p, i % 2 ? by_number : by_compare,
			 i % 2 ? sizeof(by_number) : sizeof(by_compare),
			 i % 3 ? SYS_stat : SYS_getppid);
		run_code(p, i % 3 ? SYS_stat : SYS_getppid);
		if (i % 5 == 0) {
			CHECK_OK(munmap(p, PAGE));
			map_code(p, PROT_READ | PROT_WRITE | PROT_EXEC);
		}
	}
	CHECK_OK(munmap(p, PAGE));
}

/* A file with code, mapped executable, in both kinds of maps. */
static void code_in_a_file(int flags, int prot)
{
	unsigned char page[PAGE] = { 0 };
	void *p;
	int fd;

	put_code(page, by_number, sizeof(by_number), SYS_stat);
	put_code(page + 64, by_compare, sizeof(by_compare), SYS_stat);
	fd = t_open("code", O_RDWR | O_CREAT | O_TRUNC);
	CHECK_EQ(write(fd, page, PAGE), PAGE);
	p = mmap(NULL, PAGE, prot, flags, fd, 0);
	CHECK(p != MAP_FAILED);
	if (!(prot & PROT_EXEC))
		CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	run_code(p, SYS_stat);
	run_code((char *)p + 64, SYS_stat);
	CHECK_MEM(p, page, PAGE);
	/* Unmapped piece by piece, from under what was called. */
	CHECK_OK(munmap(p, PAGE));
	close(fd);
	CHECK_EQ(t_get("code", (char *)page, PAGE), PAGE);
	CHECK_EQ(page[5], 0x0f);
}

static void code_in_files(void)
{
	t_put("f", "contents");
	code_in_a_file(MAP_PRIVATE, PROT_READ | PROT_EXEC);
	code_in_a_file(MAP_SHARED, PROT_READ | PROT_EXEC);
	code_in_a_file(MAP_PRIVATE, PROT_READ | PROT_WRITE);
	code_in_a_file(MAP_PRIVATE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* Two pages of the program's own text, for it to change. */
__asm__(".text\n.p2align 12\n.globl text_page\ntext_page:\n"
	"mov $4,%eax\nsyscall\nret\n"
	".p2align 12\n.globl text_page_2\ntext_page_2:\n"
	"mov $4,%eax\nsyscall\ncmp $-4095,%rax\nret\n.p2align 12\n");
extern char text_page[];
extern char text_page_2[];

static void text_of_its_own(void)
{
	t_put("f", "contents");
	run_code(text_page, SYS_stat);
	CHECK_OK(mprotect(text_page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	run_code(text_page, SYS_stat);
	put_code(text_page, by_compare, sizeof(by_compare), SYS_getppid);
	run_code(text_page, SYS_getppid);
	put_code(text_page, by_number, sizeof(by_number), SYS_stat);
	CHECK_OK(mprotect(text_page, PAGE, PROT_NONE));
	CHECK_OK(mprotect(text_page, PAGE, PROT_READ | PROT_EXEC));
	run_code(text_page, SYS_stat);
}

static void text_that_goes(void)
{
	t_put("f", "contents");
	run_code(text_page_2, SYS_stat);
	CHECK_OK(munmap(text_page_2, PAGE));
	CHECK_ERRNO(syscall(SYS_stat, text_page_2, &st), EFAULT);
	map_code(text_page_2, PROT_READ | PROT_WRITE | PROT_EXEC);
	put_code(text_page_2, by_number, sizeof(by_number), SYS_stat);
	run_code(text_page_2, SYS_stat);
}

static void run_calls_of_libc(void)
{
	CHECK_OK(stat("f", &st));
	CHECK_ERRNO(stat("absent", &st), ENOENT);
	CHECK_FILE("f", "contents");
}

/* Pages of libc's code get a copy of their own, and lose it. */
static void text_of_libc(void)
{
	long (*const call)(long, ...) = syscall;
	unsigned long at;
	void *page;
	char byte;

	memcpy(&at, &call, sizeof(at));
	page = (void *)(at & ~(PAGE - 1UL));
	t_put("f", "contents");
	run_calls_of_libc();
	CHECK_OK(mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	byte = *(volatile char *)page;
	*(volatile char *)page = byte;
	run_calls_of_libc();
	CHECK_OK(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
	run_calls_of_libc();
	CHECK_OK(madvise(page, PAGE, MADV_DONTNEED));
	run_calls_of_libc();
}

/* What a program reads of its own code is what was built. */
static void text_reads_as_written(void)
{
	static const unsigned char want[] = { 0xb8, 4, 0, 0, 0, 0x0f, 5, 0xc3 };
	char buf[sizeof(want)];
	int fd;

	t_put("f", "contents");
	run_code(text_page, SYS_stat);
	if (memcmp(text_page, want, sizeof(want)) != 0)
		t_note("the code in memory is not the code of the file");
	fd = (int)CHECK_OK(open("/proc/self/exe", O_RDONLY));
	CHECK_EQ(read(fd, buf, 4), 4);
	CHECK_MEM(buf, "\177ELF", 4);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(code_in_anonymous_memory);
	RUN(code_that_is_replaced);
	RUN(code_in_files);
	RUN(text_reads_as_written);
	RUN(text_of_its_own);
	RUN(text_that_goes);
	RUN(text_of_libc);
	return t_done();
}
