// SPDX-License-Identifier: GPL-2.0-or-later
/* capture_test.c - what a program sees that captures its own calls */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <purelibc.h>

#include "check.h"

long replaceable_getpid(void);
long fixed_call(long nr, long a, long b);
long keeps_registers(void);

static sfun native;
static int flags;
static volatile int seen[512];
static long (*volatile hook)(long nr, const long arg[6]);

/* Uses the vector registers, as any C code may. */
static void use_vectors(void)
{
	__asm__ volatile("pxor %%xmm0, %%xmm0\n\tpxor %%xmm7, %%xmm7\n\t"
			 "pxor %%xmm15, %%xmm15" ::
				 : "xmm0", "xmm7", "xmm15");
}

static long count(long nr, ...)
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

static void start(void)
{
	native = _pure_start(count, flags);
	CHECK(native);
}

static void need_dispatch(void)
{
	if (flags & PUREFLAG_NODISPATCH)
		_exit(SKIP);
}

static void sees_calls_and_their_results(void)
{
	pid_t pid = getpid();

	start();
	CHECK(replaceable_getpid() == pid);
	CHECK(seen[SYS_getpid] == 1);
	CHECK(syscall(SYS_getppid) == getppid());
	CHECK(seen[SYS_getppid] == 2);
	CHECK(native(SYS_getpid) == pid);
	CHECK(_pure_native_syscall(SYS_getpid) == pid);
	CHECK(seen[SYS_getpid] == 1);
}

static void errors_come_back_as_errno(void)
{
	start();
	errno = 0;
	CHECK(close(1000) == -1 && errno == EBADF);
	errno = ERANGE;
	CHECK(write(-1, "", 0) == -1 && errno == EBADF);
	errno = ERANGE;
	CHECK(getppid() > 0 && errno == ERANGE);
	CHECK(native(SYS_close, 1000) == -1 && errno == EBADF);
}

static long refuse_opens(long nr, const long arg[6])
{
	if (nr == SYS_openat || nr == SYS_open) {
		errno = EACCES;
		return -1;
	}
	return native(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static void the_function_decides(void)
{
	FILE *f;

	start();
	hook = refuse_opens;
	CHECK(open("/", O_RDONLY) == -1 && errno == EACCES);
	f = fopen("/dev/null", "r");
	CHECK(!f && errno == EACCES);
	hook = NULL;
	CHECK(open("/", O_RDONLY) >= 0);
}

static void stdio_and_directories_are_seen(void)
{
	int fd[2];
	FILE *f;

	CHECK(pipe(fd) == 0);
	start();
	f = fdopen(fd[1], "w");
	CHECK(f && fputs("x", f) >= 0 && fclose(f) == 0);
	CHECK(seen[SYS_write] + seen[SYS_writev] == 1);
	CHECK(seen[SYS_close] == 1);
}

static void registers_and_red_zone_are_kept(void)
{
	start();
	for (int i = 0; i < 1000; i++)
		CHECK(keeps_registers() == 0);
	CHECK(seen[SYS_getpid] == 1000);
}

static void a_thread_may_be_off(void)
{
	start();
	CHECK(_pure_off() == 1);
	CHECK(_pure_off() == 0);
	replaceable_getpid();
	fixed_call(SYS_getpid, 0, 0);
	CHECK(seen[SYS_getpid] == 0);
	CHECK(_pure_on() == 0);
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
}

static long switch_off(long nr, const long arg[6])
{
	(void)arg;
	_pure_off();
	return native(nr);
}

static void off_within_the_function_holds_after_it(void)
{
	start();
	hook = switch_off;
	replaceable_getpid();
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
}

static long use_libc(long nr, const long arg[6])
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

static void the_function_itself_is_native(void)
{
	start();
	hook = use_libc;
	CHECK(replaceable_getpid() == native(SYS_getpid));
	CHECK(seen[SYS_getpid] == 1 && !seen[SYS_openat] && !seen[SYS_open]);
}

static void what_cannot_be_replaced_is_dispatched(void)
{
	pid_t pid = getpid();

	need_dispatch();
	start();
	CHECK(fixed_call(SYS_getpid, 0, 0) == pid);
	CHECK(seen[SYS_getpid] == 1);
	CHECK(fixed_call(SYS_close, 1000, 0) == -EBADF);
}

static void generated_code_is_dispatched(void)
{
	static const unsigned char code[] = { 0xb8, SYS_getpid, 0,    0,
					      0,    0x0f,	0x05, 0xc3 };
	long (*fun)(void);
	void *p;

	need_dispatch();
	start();
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(p, code, sizeof(code));
	CHECK(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
	memcpy(&fun, &p, sizeof(fun));
	CHECK(fun() == native(SYS_getpid));
	CHECK(seen[SYS_getpid] == 1);
}

static void a_blocked_sigsys_does_no_harm(void)
{
	sigset_t all, now;

	need_dispatch();
	start();
	sigfillset(&all);
	CHECK(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
	CHECK(fixed_call(SYS_getpid, 0, 0) > 0);
	CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
	CHECK(sigismember(&now, SIGUSR1) && !sigismember(&now, SIGSYS));
	CHECK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, 8, NULL, 8) == -1 &&
	      errno == EFAULT);
}

static volatile int handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
	replaceable_getpid();
}

static void handlers_are_captured_and_return(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	start();
	sigfillset(&sa.sa_mask);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	for (int i = 0; i < 100; i++)
		CHECK(raise(SIGUSR1) == 0);
	CHECK(handled == 100 && seen[SYS_getpid] >= 100);
}

static void the_programs_sigsys_is_its_own(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;

	start();
	CHECK(sigaction(SIGSYS, &sa, NULL) == 0);
	CHECK(raise(SIGSYS) == 0);
	CHECK(handled == 1);
	CHECK(sigaction(SIGSYS, NULL, &old) == 0);
	CHECK(old.sa_handler == on_signal);
	if (!(flags & PUREFLAG_NODISPATCH))
		CHECK(fixed_call(SYS_getpid, 0, 0) > 0);
}

static sigjmp_buf jump;

static void jump_away(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

static void a_handler_may_jump_out_of_a_call(void)
{
	int fd[2];
	char c;

	CHECK(pipe(fd) == 0);
	start();
	signal(SIGALRM, jump_away);
	for (volatile int i = 1; i <= 20; i++) {
		if (sigsetjmp(jump, 1) == 0) {
			ualarm(1000, 0);
			read(fd[0], &c, 1);
			_exit(1); /* it has nothing to read */
		}
		replaceable_getpid();
		CHECK(seen[SYS_getpid] == i && seen[SYS_read] == i);
	}
}

static void *in_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++)
		replaceable_getpid();
	if (!(flags & PUREFLAG_NODISPATCH))
		fixed_call(SYS_getuid, 0, 0);
	return NULL;
}

static void threads_are_captured(void)
{
	pthread_t thread;

	start();
	for (int i = 0; i < 20; i++) {
		CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
	}
	CHECK(seen[SYS_getpid] == 2000);
	if (!(flags & PUREFLAG_NODISPATCH))
		CHECK(seen[SYS_getuid] == 20);
}

static void *wait_for_byte(void *arg)
{
	char c;

	read(*(int *)arg, &c, 1);
	return NULL;
}

static void starting_needs_a_single_thread(void)
{
	pthread_t thread;
	int fd[2];

	CHECK(pipe(fd) == 0);
	CHECK(pthread_create(&thread, NULL, wait_for_byte, &fd[0]) == 0);
	CHECK(!_pure_start(count, flags) && errno == EBUSY);
	CHECK(write(fd[1], "x", 1) == 1);
	CHECK(pthread_join(thread, NULL) == 0);
}

#ifdef __GLIBC__
static void a_blocked_thread_can_be_cancelled(void)
{
	pthread_t thread;
	void *status;
	int fd[2];

	CHECK(pipe(fd) == 0);
	start();
	CHECK(pthread_create(&thread, NULL, wait_for_byte, &fd[0]) == 0);
	while (!seen[SYS_read])
		sched_yield();
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &status) == 0);
	CHECK(status == PTHREAD_CANCELED);
	replaceable_getpid();
	CHECK(seen[SYS_getpid] >= 1);
}
#endif

static void a_forked_child_is_captured(void)
{
	int status;
	pid_t pid;

	start();
	pid = fork();
	if (pid == 0) {
		int before = seen[SYS_getpid];

		replaceable_getpid();
		if (!(flags & PUREFLAG_NODISPATCH))
			CHECK(fixed_call(SYS_getpid, 0, 0) == getpid());
		_exit(seen[SYS_getpid] - before);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK(WEXITSTATUS(status) >= ((flags & PUREFLAG_NODISPATCH) ? 1 : 2));
	replaceable_getpid();
	CHECK(seen[SYS_getpid] >= 1);
}

static void run_true_and_stay_on(pid_t pid)
{
	int status, before;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	before = seen[SYS_getpid];
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == before + 1);
}

static void programs_are_executed(void)
{
	char name[] = "true";
	char *argv[] = { name, NULL };
	pid_t pid;

	start();
	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == 0);
	CHECK(seen[SYS_execve] == 1);
	run_true_and_stay_on(pid);
#ifdef __GLIBC__ /* musl gives the child 5 KiB of stack */
	hook = use_libc;
	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == 0);
	hook = NULL;
	run_true_and_stay_on(pid);
#endif
	pid = vfork(); /* NOLINT: this is what is tested */
	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(1);
	}
	run_true_and_stay_on(pid);
}

#ifdef PURE_TEST_PLUGIN
static void libraries_loaded_later_are_captured(void)
{
	long (*plugin_getpid)(void);
	void *p, *lib;

	start();
	lib = dlopen(PURE_TEST_PLUGIN, RTLD_NOW);
	CHECK(lib);
	p = dlsym(lib, "plugin_getpid");
	memcpy(&plugin_getpid, &p, sizeof(p));
	CHECK(p && plugin_getpid() == native(SYS_getpid));
	CHECK(seen[SYS_getpid] == 1);
}
#endif

static void the_older_names_work(void)
{
	_pure_syscall = count;
	native = _pure_native_syscall;
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
	_pure_syscall = NULL;
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
	native = _pure_start(count, count, PUREFLAG_STDALL);
	replaceable_getpid();
	CHECK(native && seen[SYS_getpid] == 2);
}

static const struct check_test tests[] = {
	TEST(sees_calls_and_their_results),
	TEST(errors_come_back_as_errno),
	TEST(the_function_decides),
	TEST(stdio_and_directories_are_seen),
	TEST(registers_and_red_zone_are_kept),
	TEST(a_thread_may_be_off),
	TEST(off_within_the_function_holds_after_it),
	TEST(the_function_itself_is_native),
	TEST(what_cannot_be_replaced_is_dispatched),
	TEST(generated_code_is_dispatched),
	TEST(a_blocked_sigsys_does_no_harm),
	TEST(handlers_are_captured_and_return),
	TEST(the_programs_sigsys_is_its_own),
	TEST(a_handler_may_jump_out_of_a_call),
	TEST(threads_are_captured),
	TEST(starting_needs_a_single_thread),
#ifdef __GLIBC__
	TEST(a_blocked_thread_can_be_cancelled),
#endif
	TEST(a_forked_child_is_captured),
	TEST(programs_are_executed),
#ifdef PURE_TEST_PLUGIN
	TEST(libraries_loaded_later_are_captured),
#endif
	TEST(the_older_names_work),
};

/* usage: capture_test replace|dispatch [TEST] */
int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "replace") == 0)
		flags = PUREFLAG_NODISPATCH;
	return check_run(tests, sizeof(tests) / sizeof(*tests), argv[2]) != 0;
}
