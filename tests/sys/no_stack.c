// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * no_stack.c - calls made where the stack ends
 *
 * Goroutines make calls with any amount of stack left, also none. This program
 * bears the mark of Go's (a note), and calls with the stack pointer at the
 * lowest byte that may be touched. As in Go, handlers have stacks of their
 * own, and no signal interrupts them.
 */

#include "check.h"
#include "go_note.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

enum { PAGE = 4096, THREADS = 8, ROUNDS = 300, BLOCKED = 48 };

struct call {
	long nr;
	long arg[6];
};

/* As Go's Syscall6; known: another such instruction, its number in the code. */
long call_any(const struct call *call, void *stack);
long call_stat(const struct call *call, void *stack);
long call_read(const struct call *call, void *stack);
#define CALL(name, code)                                                       \
	__asm__(".text\n.p2align 4\n" #name ":\n"                              \
		"push %rbp\nmov %rsp,%rbp\nmov %rsi,%rsp\nmov %rdi,%rax\n"     \
		"mov 8(%rax),%rdi\nmov 16(%rax),%rsi\nmov 24(%rax),%rdx\n"     \
		"mov 32(%rax),%r10\nmov 40(%rax),%r8\nmov 48(%rax),%r9\n"      \
		"mov (%rax),%rax\n" code                                       \
		"cmp $0xfffffffffffff001,%rax\njb 1f\nnop\n1:\n"               \
		"mov %rbp,%rsp\npop %rbp\nret\n")
CALL(call_any, "syscall\n");
CALL(call_stat, "mov $4,%eax\nsyscall\n");
CALL(call_read, "mov $0,%eax\nsyscall\n");

static _Thread_local char *bottom;

/* Below is what must not be touched, or must not be changed. */
static void find_bottom(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	CHECK_OK(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE));
	bottom = p + PAGE;
}

static void drop_bottom(void)
{
	munmap(bottom - PAGE, 2 * PAGE);
}

#define ANY(...)                                                               \
	({                                                                     \
		const struct call call_ = { __VA_ARGS__ };                     \
		call_any(&call_, bottom);                                      \
	})

static atomic_int errors;

static void want(bool ok)
{
	if (!ok)
		errors++;
}

static void one_round(void)
{
	char buf[512] = "";
	struct stat st = { 0 };
	const struct call by_number = { 0, { (long)"f", (long)&st } };
	struct call reading = { 0, { 0, (long)buf, 4 } };
	long fd = ANY(SYS_openat, { AT_FDCWD, (long)"f", O_RDONLY });

	want(fd >= 0);
	want(ANY(SYS_read, { fd, (long)buf, 8 }) == 8);
	want(!memcmp(buf, "contents", 8));
	want(ANY(SYS_pread64, { fd, (long)buf, 4, 4 }) == 4);
	want(!memcmp(buf, "ents", 4));
	want(ANY(SYS_lseek, { fd, 2, SEEK_SET }) == 2);
	reading.arg[0] = fd;
	want(call_read(&reading, bottom) == 4 && !memcmp(buf, "nten", 4));
	want(ANY(SYS_fstat, { fd, (long)&st }) == 0 && st.st_size == 8);
	want(ANY(SYS_close, { fd }) == 0);
	want(ANY(SYS_read, { fd + 100000, (long)buf, 8 }) == -EBADF);
	st.st_size = 0;
	want(call_stat(&by_number, bottom) == 0 && st.st_size == 8);
	want(ANY(SYS_newfstatat, { AT_FDCWD, (long)"absent", (long)&st }) ==
	     -ENOENT);
	want(ANY(SYS_readlinkat, { AT_FDCWD, (long)"l", (long)buf, 8 }) == 1);
	want(ANY(SYS_getppid, { 0 }) == getppid());
	want(ANY(SYS_getcwd, { (long)buf, sizeof(buf) }) > 0);
	want(ANY(100000, { 0 }) == -ENOSYS);
	fd = ANY(SYS_openat, { AT_FDCWD, (long)".", O_RDONLY | O_DIRECTORY });
	want(ANY(SYS_getdents64, { fd, (long)buf, sizeof(buf) }) > 0);
	want(ANY(SYS_close, { fd }) == 0);
}

static void make_names(void)
{
	t_put("f", "contents");
	CHECK_OK(symlink("f", "l"));
	errors = 0;
}

static void all_kinds_of_calls(void)
{
	int i;

	make_names();
	find_bottom();
	for (i = 0; i < 3; i++)
		one_round();
	drop_bottom();
	CHECK_EQ(errors, 0);
}

static void *in_thread(void *arg)
{
	int i;

	find_bottom();
	for (i = 0; i < ROUNDS / 3; i++)
		one_round();
	drop_bottom();
	return arg;
}

static void in_many_threads(void)
{
	pthread_t thread[THREADS];
	int i;

	make_names();
	for (i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, in_thread, NULL), 0);
	for (i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
	CHECK_EQ(errors, 0);
}

/* Each sleeps in an open until its FIFO has a writer. */
static void *open_a_fifo(void *arg)
{
	char name[16];
	struct call opening = { SYS_open, { (long)name, O_RDONLY } };
	char *stack = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long fd;

	snprintf(name, sizeof(name), "p%d", (int)(long)arg);
	fd = call_any(&opening, stack);
	want(fd >= 0);
	close((int)fd);
	munmap(stack, PAGE);
	return NULL;
}

/* More sleep than any agent has stacks for; those who run still get answers. */
static void many_asleep_at_once(void)
{
	pthread_t thread[BLOCKED];
	int fd[BLOCKED];
	int i;

	make_names();
	find_bottom();
	for (i = 0; i < BLOCKED; i++)
		CHECK_OK(mkfifo(t_fmt("p%d", i), 0644));
	for (i = 0; i < BLOCKED; i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, open_a_fifo,
					(void *)(long)i),
			 0);
	for (i = 0; i < 20; i++)
		one_round();
	/* The last ones first: whoever sleeps longest holds what it has. */
	for (i = BLOCKED - 1; i >= 0; i--)
		fd[i] = (int)CHECK_OK(open(t_fmt("p%d", i), O_WRONLY));
	for (i = 0; i < BLOCKED; i++) {
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
		close(fd[i]);
	}
	for (i = 0; i < 20; i++)
		one_round();
	drop_bottom();
	CHECK_EQ(errors, 0);
}

/* Calls of its own, from a stack of its own, whatever it interrupted. */
static void on_tick(int sig)
{
	int err = errno;
	struct stat st = { 0 };
	char stack[2048];
	const struct call call = { SYS_stat, { (long)"f", (long)&st } };

	(void)sig;
	t_signals++;
	want(call_any(&call, stack + 1024) == 0 && st.st_size == 8);
	errno = err;
}

static void while_signals_come(void)
{
	struct sigaction sa = { .sa_handler = on_tick,
				.sa_flags = SA_RESTART | SA_ONSTACK };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGURG };
	struct itimerspec every = { .it_interval.tv_nsec = 100000,
				    .it_value.tv_nsec = 100000 };
	stack_t ss = { .ss_size = 64 << 10 };
	timer_t timer;
	int i;

	make_names();
	find_bottom();
	ss.ss_sp = malloc(ss.ss_size);
	CHECK_OK(sigaltstack(&ss, NULL));
	sigfillset(&sa.sa_mask);
	CHECK_OK(sigaction(SIGURG, &sa, NULL));
	t_signals = 0;
	CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &timer));
	CHECK_OK(timer_settime(timer, 0, &every, NULL));
	for (i = 0; i < ROUNDS || t_signals < 20; i++)
		one_round();
	CHECK_OK(timer_delete(timer));
	signal(SIGURG, SIG_IGN);
	ss.ss_flags = SS_DISABLE;
	CHECK_OK(sigaltstack(&ss, NULL));
	free(ss.ss_sp);
	drop_bottom();
	CHECK_EQ(errors, 0);
}

/* More often than there are stacks: none is lost with those who leave. */
static void exec_from_a_child(void)
{
	const char *const argv[] = { "true", NULL };
	const char *const none[] = { NULL };
	int i;

	make_names();
	find_bottom();
	for (i = 0; i < 40; i++) {
		/* Shares the memory with its parent, as Go's children do. */
		/* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork) */
		pid_t pid = vfork();

		if (pid == 0) {
			ANY(SYS_execve,
			    { (long)"/absent", (long)argv, (long)none });
			ANY(SYS_execve,
			    { (long)"/bin/true", (long)argv, (long)none });
			_exit(9);
		}
		CHECK(pid > 0);
		CHECK_EQ(t_wait(pid), 0);
		one_round();
	}
	drop_bottom();
	CHECK_EQ(errors, 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(all_kinds_of_calls);
	RUN(in_many_threads);
	RUN(many_asleep_at_once);
	RUN(while_signals_come);
	RUN(exec_from_a_child);
	return t_done();
}
