// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * single_step.c - a signal after each instruction of a call
 *
 * The trap flag is set before the call and cleared behind it: whatever stands
 * between (natively nothing) is interrupted at each of its instructions. The
 * handler makes calls of its own, or jumps out. Results and registers must be as
 * if nothing had been.
 */

#include "site.h"

#include <setjmp.h>
#include <sys/mman.h>

#ifdef AS_GO
/* Marked as Go's are, and with handlers such as Go has: see no_stack.c. */
#include "go_note.h"
#define ON_STACK SA_ONSTACK
#else
#define ON_STACK 0
#endif

enum { TRAP = 0x100, MOST_STEPS = 5000 };

/* The registers' flags have the trap flag; it is cleared behind the call. */
#define STEPPED(name, code)                                                    \
	SITE(name, code "pushf\nandl $~0x100,(%rsp)\npopf\n")

/* The number in a register: with any call. */
STEPPED(site_any, "syscall\ncmp $-4095,%rax\n");
/* It is known from the code. */
STEPPED(site_read, "mov $0,%eax\nsyscall\n");
STEPPED(site_stat, "mov $4,%eax\nsyscall\n");
STEPPED(site_openat, "mov $257,%eax\nsyscall\n");

/* ---- the handler ---- */

static volatile int steps;
static volatile int jump_at;
static volatile int wrong;
static sigjmp_buf out;

static void calls_of_the_handler(int n)
{
	char buf[16];
	struct stat st = { 0 };
	int fd;

	switch (n % 4) {
	case 0:
		wrong += stat("held", &st) != 0 || st.st_size != 9;
		break;
	case 1:
		wrong += access("absent", F_OK) != -1 || errno != ENOENT;
		break;
	case 2:
		fd = open("held", O_RDONLY | O_CLOEXEC);
		wrong += fd < 0 || read(fd, buf, sizeof(buf)) != 9;
		wrong += close(fd) != 0;
		break;
	default:
		wrong += readlink("to", buf, sizeof(buf)) != 4;
	}
}

static void on_step(int sig)
{
	int err = errno;

	(void)sig;
	/* while jumps are tried, only where one is made */
	if (++steps >= jump_at)
		calls_of_the_handler(steps);
	errno = err;
	if (steps == jump_at)
		siglongjmp(out, 1);
}

static void begin(void)
{
	struct sigaction sa = { .sa_handler = on_step, .sa_flags = ON_STACK };

	/* A blocked SIGTRAP would kill; nothing else comes. */
	CHECK_OK(sigaction(SIGTRAP, &sa, NULL));
	t_put("f", "contents");
	t_put("held", "number 3.");
	CHECK_OK(symlink("held", "to"));
	CHECK_OK(mkdir("d", 0755));
	wrong = 0;
	jump_at = 0;
}

/* ---- one call ---- */

static struct regs start(long nr, long a, long b, long c, long d)
{
	return (struct regs){
		.rax = (unsigned long)nr,
		.rdi = (unsigned long)a,
		.rsi = (unsigned long)b,
		.rdx = (unsigned long)c,
		.r10 = (unsigned long)d,
		.rbx = 0x1111,
		.rbp = 0x2222,
		.r8 = (unsigned long)-1,
		.r9 = 0,
		.r12 = 0x6666,
		.r13 = 0x7777,
		.r14 = 0x8888,
		.r15 = 0x9999,
		.rflags = TRAP | 0x202,
	};
}

static long stepped(site_fn site, const struct regs *in)
{
	struct regs got = { 0 };

	steps = 0;
	site(in, &got);
	CHECK(steps > 0);
	check_kept(&got, in);
	return (long)got.rax;
}

#define STEP(site, ...)                                                        \
	({                                                                     \
		const struct regs in_ = start(__VA_ARGS__);                    \
		stepped(site, &in_);                                           \
	})
#define ANY(nr, a, b, c, d)                                                    \
	STEP(site_any, (nr), (long)(a), (long)(b), (long)(c), (long)(d))

static void names(void)
{
	struct stat st = { 0 };
	char buf[T_PATH] = "";
	long fd;

	begin();
	CHECK_EQ(STEP(site_stat, 0, (long)"f", (long)&st, 0, 0), 0);
	CHECK_EQ(st.st_size, 8);
	CHECK_EQ(STEP(site_stat, 0, (long)"absent", (long)&st, 0, 0), -ENOENT);
	CHECK_EQ(STEP(site_stat, 0, 8, (long)&st, 0, 0), -EFAULT);
	CHECK_EQ(STEP(site_stat, 0, (long)"f", 8, 0, 0), -EFAULT);
	CHECK_EQ(ANY(SYS_newfstatat, AT_FDCWD, t_p("to"), &st,
		     AT_SYMLINK_NOFOLLOW),
		 0);
	CHECK(S_ISLNK(st.st_mode));
	fd = STEP(site_openat, 0, AT_FDCWD, (long)"f", O_RDONLY, 0);
	CHECK(fd >= 0);
	CHECK_OK(close((int)fd));
	CHECK_EQ(ANY(SYS_openat, AT_FDCWD, "absent/f", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(ANY(SYS_access, "f", R_OK, 0, 0), 0);
	CHECK_EQ(ANY(SYS_readlink, "to", buf, sizeof(buf), 0), 4);
	CHECK_EQ(ANY(SYS_getcwd, buf, sizeof(buf), 0, 0),
		 (long)strlen(t_work) + 1);
	CHECK_STR(buf, t_work);
	CHECK_EQ(ANY(SYS_chdir, ".", 0, 0, 0), 0);
	CHECK_EQ(wrong, 0);
}

static void changes(void)
{
	begin();
	CHECK_EQ(ANY(SYS_mkdir, "e", 0755, 0, 0), 0);
	CHECK_EQ(ANY(SYS_mkdir, "e", 0755, 0, 0), -EEXIST);
	CHECK_EQ(ANY(SYS_rename, "e", "g", 0, 0), 0);
	CHECK_EQ(ANY(SYS_rmdir, "g", 0, 0, 0), 0);
	CHECK_EQ(ANY(SYS_link, "f", "h", 0, 0), 0);
	CHECK_EQ(t_nlink("f"), 2);
	CHECK_EQ(ANY(SYS_unlink, "h", 0, 0, 0), 0);
	CHECK_EQ(ANY(SYS_chmod, "f", 0600, 0, 0), 0);
	CHECK_EQ(t_mode("f") & 07777, 0600);
	CHECK_EQ(wrong, 0);
}

static void descriptors(void)
{
	struct stat st = { 0 };
	char buf[512] = "";
	int fd;
	int dir;

	begin();
	fd = t_open("f", O_RDWR);
	CHECK_EQ(STEP(site_read, 0, fd, (long)buf, 4, 0), 4);
	CHECK_MEM(buf, "cont", 4);
	CHECK_EQ(STEP(site_read, 0, 1000, (long)buf, 4, 0), -EBADF);
	CHECK_EQ(ANY(SYS_read, fd, buf, 100, 0), 4);
	CHECK_MEM(buf, "ents", 4);
	CHECK_EQ(ANY(SYS_write, fd, ", more", 6, 0), 6);
	CHECK_EQ(ANY(SYS_lseek, fd, 0, SEEK_SET, 0), 0);
	CHECK_EQ(ANY(SYS_fstat, fd, &st, 0, 0), 0);
	CHECK_EQ(st.st_size, 14);
	CHECK_EQ(ANY(SYS_ftruncate, fd, 8, 0, 0), 0);
	CHECK_EQ(ANY(SYS_fcntl, fd, F_GETFL, 0, 0) & O_ACCMODE, O_RDWR);
	CHECK_OK(close(fd));
	CHECK_FILE("f", "contents");
	dir = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(ANY(SYS_getdents64, dir, buf, sizeof(buf), 0), 48);
	CHECK_EQ(ANY(SYS_getdents64, dir, buf, sizeof(buf), 0), 0);
	CHECK_OK(close(dir));
	CHECK_EQ(wrong, 0);
}

static void maps(void)
{
	struct regs in;
	long at;
	int fd;

	begin();
	fd = t_open("f", O_RDONLY);
	in = start(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE);
	in.r8 = (unsigned long)fd;
	at = stepped(site_any, &in);
	if (CHECK(at > 0))
		CHECK_MEM((void *)at, "contents", 8);
	CHECK_EQ(ANY(SYS_munmap, at, 4096, 0, 0), 0);
	/* with code: what a loader does */
	in.rdx = PROT_READ | PROT_EXEC;
	at = stepped(site_any, &in);
	CHECK(at > 0 || at == -EPERM);
	CHECK_OK(close(fd));
	CHECK_EQ(wrong, 0);
}

static void exec(void)
{
	const char *const argv[] = { "true", NULL };
	const char *const none[] = { NULL };
	pid_t pid;

	begin();
	CHECK_EQ(ANY(SYS_execve, "absent", argv, none, 0), -ENOENT);
	CHECK_EQ(ANY(SYS_execve, "d", argv, none, 0), -EACCES);
	pid = t_fork();
	if (pid == 0) {
		ANY(SYS_execve, "/bin/true", argv, none, 0);
		_exit(9);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(wrong, 0);
}

static long often(int nr, struct stat *st)
{
	st->st_size = 0;
	switch (nr) {
	case SYS_stat:
		return STEP(site_stat, 0, (long)"f", (long)st, 0, 0);
	case SYS_openat:
		return STEP(site_openat, 0, AT_FDCWD, (long)"f",
			    O_RDONLY | O_CLOEXEC, 0);
	default:
		return ANY(nr, "to", st, 16, 0);
	}
}

/* Leave the call behind its first instruction, its second, and so on. */
static void jump_out_of(int nr, long want)
{
	struct stat st;
	volatile int n = 1;

	for (; n < MOST_STEPS; n++) {
		long ret;

		jump_at = n;
		if (sigsetjmp(out, 1) == 0) {
			often(nr, &st);
			break;
		}
		/* what it had opened is not closed */
		syscall(SYS_close_range, 3U, ~0U, 0U);
		jump_at = 0;
		if (n % 16)
			continue;
		ret = often(nr, &st);
		CHECK(ret == want || (want > 0 && ret > 0));
	}
	jump_at = 0;
	syscall(SYS_close_range, 3U, ~0U, 0U);
	t_note("call %d: %d instructions", nr, n - 1);
	CHECK(n < MOST_STEPS);
	CHECK_EQ(wrong, 0);
}

static void jumps_from_each_instruction(void)
{
	begin();
	jump_out_of(SYS_stat, 0);
	jump_out_of(SYS_openat, 3);
	jump_out_of(SYS_readlink, 4);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
#ifdef AS_GO
	stack_t ss = { .ss_size = 64 << 10 };

	ss.ss_sp = malloc(ss.ss_size);
	CHECK_OK(sigaltstack(&ss, NULL));
#endif
	RUN(names);
	RUN(changes);
	RUN(descriptors);
	RUN(maps);
	RUN(exec);
	RUN(jumps_from_each_instruction);
	return t_done();
}
