// SPDX-License-Identifier: GPL-2.0-or-later
/* large_text.c - calls from a program with 10 MiB of code, spread over it */

#include "check.h"

#include <sys/mman.h>

enum { SITES = 80 };

typedef long (*stat_fn)(const char *path, struct stat *st);

/* SITES functions, each `mov $SYS_stat,%eax; syscall; ret`, far apart. */
extern const stat_fn sites[SITES];
__asm__(".section .data.rel.ro,\"aw\"\n"
	".globl sites\n.p2align 3\nsites:\n"
	".text\n"
	".rept 80\n"
	".skip 0x20000 - 6, 0x90\n"
	"1: mov $4, %eax\nsyscall\nret\n"
	".pushsection .data.rel.ro\n.quad 1b\n.popsection\n"
	".endr\n");

static struct stat st;

static void expect_right(stat_fn fn)
{
	st.st_size = 0;
	CHECK_EQ(fn("f", &st), 0);
	CHECK_EQ(st.st_size, 8);
	CHECK_EQ(fn("absent", &st), -ENOENT);
}

static void from_all_places(void)
{
	int i;

	t_put("f", "contents");
	for (i = 0; i < SITES; i++)
		expect_right(sites[i]);
}

static void in_a_child(void)
{
	pid_t pid;

	t_put("f", "contents");
	pid = t_fork();
	if (pid == 0) {
		from_all_places();
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

/* The map that has the address; its line is in @line. */
static bool find_map(unsigned long at, char *line, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;

	while (maps && !found && fgets(line, (int)size, maps)) {
		unsigned long from;
		unsigned long to;

		found = sscanf(line, "%lx-%lx", &from, &to) == 2 &&
			from <= at && at < to;
	}
	if (maps)
		fclose(maps);
	return found;
}

/* Wherever the code is, it is told to be the program's own. */
static void maps_name_the_program(void)
{
	unsigned long base = 0;
	int i;

	for (i = 0; i < SITES; i++) {
		unsigned long at = (unsigned long)sites[i];
		char line[T_PATH];
		unsigned long from;
		unsigned long offset;

		if (!CHECK(find_map(at, line, sizeof(line))))
			return;
		CHECK(strstr(line, "/large_text\n") != NULL);
		CHECK(strstr(line, " r-xp ") != NULL);
		CHECK_EQ(sscanf(line, "%lx-%*x %*s %lx", &from, &offset), 2);
		if (i == 0)
			base = from - offset;
		CHECK_EQ(from - offset, base);
	}
}

/* A page of it is taken away; what is left goes on. */
static void with_a_hole(void)
{
	unsigned long page = (unsigned long)sites[10] & ~4095UL;
	pid_t pid;

	t_put("f", "contents");
	pid = t_fork();
	if (pid == 0) {
		CHECK_OK(munmap((void *)page, 4096));
		expect_right(sites[9]);
		expect_right(sites[11]);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

/* Huge pages, where the kernel has any for files, change nothing. */
static void on_huge_pages(void)
{
	unsigned long from = (unsigned long)sites[0] & ~4095UL;
	unsigned long to = (unsigned long)sites[SITES - 1] & ~4095UL;

	t_put("f", "contents");
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
	if (madvise((void *)from, to - from, MADV_HUGEPAGE) < 0)
		t_note("MADV_HUGEPAGE: %s", strerror(errno));
	if (madvise((void *)from, to - from, MADV_COLLAPSE) < 0)
		t_note("MADV_COLLAPSE: %s", strerror(errno));
	from_all_places();
	CHECK_OK(madvise((void *)from, to - from, MADV_DONTNEED));
	from_all_places();
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(from_all_places);
	RUN(in_a_child);
	RUN(maps_name_the_program);
	RUN(with_a_hole);
	RUN(on_huge_pages);
	return t_done();
}
