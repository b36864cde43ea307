// SPDX-License-Identifier: GPL-2.0-or-later
/* guest_seccomp.c - programs that put a filter on themselves */

#include "check.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

#define NR_AT offsetof(struct seccomp_data, nr)

static bool install(const struct sock_filter *code, size_t len)
{
	struct sock_filter copy[32];
	struct sock_fprog prog = { (unsigned short)len, copy };

	memcpy(copy, code, len * sizeof(*code));
	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return CHECK_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog),
			0);
}

#define LOAD	      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NR_AT)
#define ON(nr, skip)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, skip)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

/* All filters are a child's: nobody can take them off again. */
static void in_child(void (*fn)(void))
{
	pid_t pid;

	t_put("f", "contents");
	pid = t_fork();
	if (pid == 0) {
		fn();
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

static void calls_are_right(void)
{
	CHECK_EQ(t_size("f"), 8);
	CHECK_FILE("f", "contents");
	CHECK(!t_exists("absent"));
}

static void denied_calls(void)
{
	const struct sock_filter code[] = {
		LOAD,
		ON(SYS_mkdir, 1),
		RETURN(SECCOMP_RET_ERRNO | EDQUOT),
		ON(SYS_getppid, 1),
		RETURN(SECCOMP_RET_ERRNO | EBADR),
		RETURN(SECCOMP_RET_ALLOW),
	};

	if (!install(code, T_COUNT(code)))
		return;
	CHECK_ERRNO(syscall(SYS_mkdir, "d", 0755), EDQUOT);
	CHECK_ERRNO(syscall(SYS_getppid), EBADR);
	CHECK(!t_exists("d"));
	calls_are_right();
	CHECK_OK(syscall(SYS_mkdirat, AT_FDCWD, "d", 0755));
	/* A second filter on top. */
	CHECK(install(code, T_COUNT(code)));
	calls_are_right();
}

static void a_filter_that_denies(void)
{
	in_child(denied_calls);
}

/* As Chromium's sandbox: the handler answers in place of the kernel. */
static void answer(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	t_signals++;
	if (info->si_syscall == SYS_getppid)
		uc->uc_mcontext.gregs[REG_RAX] = 4242;
	else if (info->si_syscall == SYS_rmdir)
		uc->uc_mcontext.gregs[REG_RAX] =
			syscall(SYS_access,
				(const char *)uc->uc_mcontext.gregs[REG_RDI],
				F_OK) == 0
				? -EBUSY
				: -ENOENT;
}

static void trapped_calls(void)
{
	const struct sock_filter code[] = {
		LOAD,
		ON(SYS_getppid, 1),
		RETURN(SECCOMP_RET_TRAP),
		ON(SYS_rmdir, 1),
		RETURN(SECCOMP_RET_TRAP),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sigaction sa = { .sa_sigaction = answer,
				.sa_flags = SA_SIGINFO | SA_NODEFER };
	int i;

	t_signals = 0;
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	if (!install(code, T_COUNT(code)))
		return;
	for (i = 0; i < 20; i++) {
		CHECK_EQ(syscall(SYS_getppid), 4242);
		CHECK_ERRNO(syscall(SYS_rmdir, "d"), EBUSY);
		CHECK_ERRNO(syscall(SYS_rmdir, "absent"), ENOENT);
		calls_are_right();
	}
	CHECK_EQ(t_signals, 60);
}

static void a_filter_that_traps(void)
{
	in_child(trapped_calls);
}

/* As sshd's child: few calls are left, another is death. */
static void few_calls(void)
{
	const struct sock_filter code[] = {
		LOAD,
		ON(SYS_read, 1),
		RETURN(SECCOMP_RET_ALLOW),
		ON(SYS_write, 1),
		RETURN(SECCOMP_RET_ALLOW),
		ON(SYS_lseek, 1),
		RETURN(SECCOMP_RET_ALLOW),
		ON(SYS_exit_group, 1),
		RETURN(SECCOMP_RET_ALLOW),
		ON(SYS_open, 1),
		RETURN(SECCOMP_RET_ERRNO | EACCES),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	char buf[16];
	int fd = open("f", O_RDWR);

	if (!install(code, T_COUNT(code)))
		_exit(1);
	if (syscall(SYS_read, fd, buf, 16) != 8 ||
	    syscall(SYS_lseek, fd, 0, SEEK_SET) != 0 ||
	    syscall(SYS_write, fd, "C", 1) != 1 ||
	    syscall(SYS_open, "f", O_RDONLY) != -1 || errno != EACCES)
		syscall(SYS_exit_group, 1);
	syscall(SYS_getppid);
	syscall(SYS_exit_group, 2);
}

static void a_filter_that_kills(void)
{
	pid_t pid;

	t_put("f", "contents");
	pid = t_fork();
	if (pid == 0)
		few_calls();
	CHECK_EQ(t_wait(pid), 128 + SIGSYS);
	CHECK_FILE("f", "Contents");
}

static void *calls_in_thread(void *arg)
{
	int i;

	for (i = 0; i < 50; i++)
		calls_are_right();
	CHECK_ERRNO(syscall(SYS_mkdir, "d", 0755), EDQUOT);
	return arg;
}

/* A filter for all threads, put on while they work. */
static void synchronised(void)
{
	struct sock_filter code[] = {
		LOAD,
		ON(SYS_mkdir, 1),
		RETURN(SECCOMP_RET_ERRNO | EDQUOT),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { T_COUNT(code), code };
	pthread_t thread;

	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			 SECCOMP_FILTER_FLAG_TSYNC, &prog),
		 0);
	CHECK_EQ(pthread_create(&thread, NULL, calls_in_thread, NULL), 0);
	calls_in_thread(NULL);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void a_filter_for_all_threads(void)
{
	in_child(synchronised);
}

/* Reads, writes, returns from a handler, and then does more than it may. */
static void in_strict_mode(bool by_prctl)
{
	char buf[16];
	int fd = open("f", O_RDWR);
	long ret = by_prctl
			   ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0)
			   : syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0,
				     NULL);

	if (ret < 0)
		_exit(errno == EINVAL ? 77 : 1);
	if (syscall(SYS_read, fd, buf, 1) != 1 ||
	    syscall(SYS_write, fd, "C", 1) != 1 ||
	    syscall(SYS_read, 999, buf, 1) != -1)
		syscall(SYS_exit, 2);
	syscall(SYS_exit, by_prctl ? 3 : (int)syscall(SYS_open, "f", O_RDWR));
}

static void the_strict_mode(void)
{
	int status;
	pid_t pid;

	t_put("f", "contents");
	pid = t_fork();
	if (pid == 0)
		in_strict_mode(true);
	status = t_wait(pid);
	if (status == 77) {
		t_note("no strict mode below a filter");
		return;
	}
	CHECK_EQ(status, 3);
	CHECK_FILE("f", "cCntents");
	pid = t_fork();
	if (pid == 0)
		in_strict_mode(false);
	status = t_wait(pid);
	CHECK(status == 128 + SIGKILL || status == 128 + SIGSYS);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(a_filter_that_denies);
	RUN(a_filter_that_traps);
	RUN(a_filter_that_kills);
	RUN(a_filter_for_all_threads);
	RUN(the_strict_mode);
	return t_done();
}
