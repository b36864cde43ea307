// SPDX-License-Identifier: GPL-2.0-or-later
/* user_dispatch.c - programs that catch their own calls (SIGSYS, prctl(2)) */

#include "check.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define DISPATCH_OFF 0
#define DISPATCH_ON  1
#define PASS	     0
#define STOP	     1
#define MOST	     16

/*
 * Calls that nothing catches: a function of its own page. That page is data in
 * the file, so that nobody else replaces its instruction either.
 */
extern const char ud_code[], ud_code_end[], ud_return[];
__asm__(".section .data.rel.ro, \"aw\", @progbits\n"
	"ud_code:\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n"
	"	mov %r9, %r8\n"
	"	mov 8(%rsp), %r9\n"
	"	syscall\n"
	"	ret\n"
	"ud_return:\n"
	"	mov $15, %eax\n"
	"	syscall\n"
	"ud_code_end:\n"
	".text\n");

static long (*native)(long nr, long a, long b, long c, long d, long e, long f);
static volatile char selector;
static volatile int seen[MOST];
static volatile int n_seen;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	selector = PASS;
	if (n_seen < MOST)
		seen[n_seen++] = info->si_syscall;
	if (info->si_syscall == SYS_getppid)
		g[REG_RAX] = 4242;
	else
		g[REG_RAX] =
			native(info->si_syscall, g[REG_RDI], g[REG_RSI],
			       g[REG_RDX], g[REG_R10], g[REG_R8], g[REG_R9]);
	selector = STOP;
}

/* The kernel's own idea of an action: the way back is to be ours. */
struct action {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

static bool set_up(void)
{
	uintptr_t code = (uintptr_t)ud_code;
	size_t len = (uintptr_t)ud_code_end - code;
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct action act = { on_sigsys, SA_SIGINFO | SA_NODEFER | 0x4000000, 0,
			      0 };

	CHECK(page != MAP_FAILED);
	memcpy(page, ud_code, len);
	CHECK_OK(mprotect(page, 4096, PROT_READ | PROT_EXEC));
	memcpy(&native, &page, sizeof(native));
	act.restorer = (uintptr_t)page + (uintptr_t)ud_return - code;
	CHECK_OK(syscall(SYS_rt_sigaction, SIGSYS, &act, NULL, 8));
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, page, 4096UL,
		  &selector) == 0)
		return true;
	CHECK_EQ(errno, EINVAL); /* not in this kernel */
	return false;
}

static void stop(void)
{
	n_seen = 0;
	selector = STOP;
}

/* Compares what was seen; the list ends with -1. */
static void was_seen(const int *want)
{
	int n = 0;

	selector = PASS;
	for (; want[n] >= 0; n++)
		CHECK_EQ(n < n_seen ? seen[n] : -1, want[n]);
	CHECK_EQ(n_seen, n);
}

static void in_child(void (*fn)(void))
{
	pid_t pid;

	t_put("f", "contents");
	CHECK_OK(mkdir("d", 0755));
	pid = t_fork();
	if (pid == 0) {
		if (set_up())
			fn();
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

static void some_calls(void)
{
	static const int want[] = { SYS_getppid, SYS_openat,  SYS_read,
				    SYS_close,	 SYS_stat,    SYS_unlink,
				    SYS_getcwd,	 SYS_getppid, -1 };
	char buf[16];
	char cwd[T_PATH];
	struct stat st;
	long parent, gone, got;
	int fd;

	stop();
	parent = syscall(SYS_getppid);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "f", O_RDONLY);
	got = read(fd, buf, sizeof(buf));
	close(fd);
	syscall(SYS_stat, "f", &st);
	gone = syscall(SYS_unlink, "absent");
	syscall(SYS_getcwd, cwd, sizeof(cwd));
	parent += syscall(SYS_getppid);
	was_seen(want);
	CHECK_EQ(parent, 8484);
	CHECK_EQ(got, 8);
	CHECK_EQ(gone, -1);
	CHECK_EQ(st.st_size, 8);
	CHECK_STR(cwd, t_work);
}

static void sees_its_own_calls_and_no_other(void)
{
	in_child(some_calls);
}

static void a_directory(void)
{
	static const int want[] = { SYS_chdir, SYS_mkdir, SYS_chdir, -1 };
	long a, b, c;

	stop();
	a = syscall(SYS_chdir, "d");
	b = syscall(SYS_mkdir, "e", 0755);
	c = syscall(SYS_chdir, "e");
	was_seen(want);
	CHECK_EQ(a, 0);
	CHECK_EQ(b, 0);
	CHECK_EQ(c, 0);
	CHECK(t_exists("../e"));
}

static void changes_directories(void)
{
	in_child(a_directory);
}

static int text_of_libc(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t *out = arg;
	uintptr_t sample = (uintptr_t)&syscall;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
		    sample < from || sample >= from + p->p_memsz)
			continue;
		out[0] = from;
		out[1] = p->p_memsz;
	}
	return 0;
}

static void calls_of_libc(void)
{
	static const int none[] = { -1 };
	static const int want[] = { SYS_getppid, SYS_unlink, -1 };
	uintptr_t text[2] = { 0, 0 };
	long parent, gone;

	dl_iterate_phdr(text_of_libc, text);
	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, text[0],
		       text[1], &selector));
	stop();
	parent = syscall(SYS_getppid);
	gone = syscall(SYS_unlink, "absent");
	gone += open("absent", O_RDONLY);
	was_seen(none);
	CHECK(parent != 4242);
	CHECK_EQ(gone, -2);
	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON,
		       (uintptr_t)native & ~4095UL, 4096UL, &selector));
	stop();
	syscall(SYS_getppid);
	syscall(SYS_unlink, "absent");
	was_seen(want);
}

static void the_range_is_where_calls_were_written(void)
{
	in_child(calls_of_libc);
}

static void a_program(void)
{
	static const int want[] = { SYS_execve, -1 };
	const char *const argv[] = { "absent", NULL };
	long ret;

	stop();
	ret = syscall(SYS_execve, "absent", argv, NULL);
	was_seen(want);
	CHECK_EQ(ret, -1);
	selector = STOP;
	/* what is executed begins without */
	syscall(SYS_execve, "/bin/true", argv, NULL);
	selector = PASS;
	_exit(1);
}

static void executes_programs(void)
{
	in_child(a_program);
}

/* A child begins without, and may begin anew. */
static void a_grandchild(void)
{
	static const int want[] = { SYS_unlink, -1 };
	pid_t pid;
	long gone;

	selector = STOP;
	pid = (pid_t)native(SYS_fork, 0, 0, 0, 0, 0, 0);
	if (pid == 0) {
		n_seen = 0;
		CHECK(syscall(SYS_getppid) != 4242);
		CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON,
			       (uintptr_t)native & ~4095UL, 4096UL, &selector));
		stop();
		gone = syscall(SYS_unlink, "absent");
		was_seen(want);
		CHECK_EQ(gone, -1);
		native(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	}
	selector = PASS;
	CHECK_EQ(t_wait(pid), 0);
}

static void a_child_begins_without(void)
{
	in_child(a_grandchild);
}

static void ended(void)
{
	static const int none[] = { -1 };
	long parent;

	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_OFF, 0, 0, 0));
	stop();
	parent = syscall(SYS_getppid);
	was_seen(none);
	CHECK(parent != 4242);
	CHECK_FILE("f", "contents");
	CHECK_EQ(t_size("f"), 8);
}

static void it_can_be_ended(void)
{
	in_child(ended);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(sees_its_own_calls_and_no_other);
	RUN(changes_directories);
	RUN(the_range_is_where_calls_were_written);
	RUN(executes_programs);
	RUN(a_child_begins_without);
	RUN(it_can_be_ended);
	return t_done();
}
