// SPDX-License-Identifier: GPL-2.0-or-later
/* signal_test.c - handlers, masks, and jumps out of captured calls */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <time.h>

#include "fixture.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

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

/* One for a thread, and that is the library's. */
static void a_dispatch_of_the_programs_own_is_refused(void)
{
	static char selector;
	int before;

	start();
	if (flags & PUREFLAG_NODISPATCH)
		return;
	CHECK(prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector) == -1);
	CHECK(errno == EINVAL);
	before = seen[SYS_getpid];
	replaceable_getpid();
	CHECK(fixed_call(SYS_getpid, 0, 0) > 0);
	CHECK(seen[SYS_getpid] == before + 2);
}

static sigjmp_buf jump;
static volatile int jumps;

/* Out of the call: not before it, on a machine that is busy. */
static void jump_away(int sig)
{
	(void)sig;
	if (seen[SYS_read] > jumps)
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
			ualarm(1000, 1000);
			read(fd[0], &c, 1);
			_exit(1); /* it has nothing to read */
		}
		jumps++;
		replaceable_getpid();
		CHECK(seen[SYS_getpid] == i && seen[SYS_read] == i);
	}
}

static void on_storm(int sig)
{
	int saved = errno;

	(void)sig;
	handled++;
	replaceable_getpid();
	fixed_call(SYS_getuid, 0, 0);
	errno = saved;
}

/* Every 100 us; the handler has a stack of its own, above or below. */
static void let_it_storm(timer_t *timer)
{
	static char stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_handler = on_storm,
		.sa_flags = SA_ONSTACK | SA_RESTART,
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
	};
	struct itimerspec often = {
		.it_interval = { .tv_nsec = 100000 },
		.it_value = { .tv_nsec = 100000 },
	};

	CHECK(sigaltstack(&ss, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, timer) == 0);
	CHECK(timer_settime(*timer, 0, &often, NULL) == 0);
}

static void a_storm_of_signals_does_no_harm(void)
{
	timer_t timer;
	int before;

	start();
	let_it_storm(&timer);
	while (handled < 2000) {
		CHECK(keeps_registers() == 0);
		CHECK(fixed_call(SYS_close, 1000, 0) == -EBADF);
		CHECK(close(1000) == -1 && errno == EBADF);
	}
	CHECK(timer_delete(timer) == 0);
	before = seen[SYS_getpid];
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == before + 1);
}

/* The child of the next test: stop, make calls, for ever. */
static void stop_and_call(void)
{
	struct sigaction sa = { .sa_handler = on_storm };

	CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	start();
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	for (int i = 0;; i++) {
		native(SYS_kill, native(SYS_getpid), SIGSTOP);
		CHECK(keeps_registers() == 0);
		CHECK(fixed_call(SYS_close, 1000, 0) == -EBADF);
		CHECK(handled >= i - 1);
	}
}

/* Go on with a signal, to the next stop. Return: the signal there. */
static int resume(pid_t pid, int request, int sig)
{
	int status;

	CHECK(ptrace(request, pid, NULL, (void *)(long)sig) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	return WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
}

/*
 * From one stop to the next, with a signal after @steps instructions.
 * Return: whether there were as many.
 */
static bool signal_after(pid_t pid, int steps)
{
	int sig = 0;

	for (int i = 0; i < steps; i++) {
		sig = resume(pid, PTRACE_SINGLESTEP, sig);
		if (sig == SIGSTOP)
			return false;
	}
	CHECK(kill(pid, SIGUSR1) == 0);
	do
		sig = resume(pid, PTRACE_CONT, sig);
	while (sig != SIGSTOP);
	return true;
}

static void a_signal_anywhere_does_no_harm(void)
{
	int stride = (flags & PUREFLAG_NODISPATCH) ? 1 : 7; /* it is longer */
	int status, steps = 1;
	pid_t pid = fork();

	if (pid == 0)
		stop_and_call();
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	while (signal_after(pid, steps))
		steps += stride;
	CHECK(steps > 100);
	kill(pid, SIGKILL);
}

const struct check_test signal_tests[] = {
	TEST(a_blocked_sigsys_does_no_harm),
	TEST(handlers_are_captured_and_return),
	TEST(the_programs_sigsys_is_its_own),
	TEST(a_dispatch_of_the_programs_own_is_refused),
	TEST(a_handler_may_jump_out_of_a_call),
	TEST(a_storm_of_signals_does_no_harm),
	TEST(a_signal_anywhere_does_no_harm),
	{ NULL, NULL },
};
