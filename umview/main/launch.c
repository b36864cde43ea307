// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * launch.c - the first guest, from fork to the user's command
 *
 * It puts the filter on itself, sends the listener to the monitor from a gate
 * page of its own (nobody answers yet), runs the rc files and becomes the
 * command. It execs as the agent would: the monitor resolves the program and
 * gives the agent's descriptor, which is exec'ed from the gate.
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <umview/log.h>
#include <umview/vuctl.h>

#include "agent/proto.h"
#include "main/session.h"
#include "sys/sys.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* A system call from the gate page, wherever it came from. */
static long gate(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("call *%[at]"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10),
			   "r"(r8), [at] "r"((uintptr_t)UM_GATE)
			 : "rcx", "r11", "memory");
	return ret;
}

/* syscall; ret - where the agent has it */
static int make_gate(void)
{
	static const unsigned char code[] = { 0x0f, 0x05, 0xc3 };
	void *p =
		mmap((void *)(uintptr_t)UM_GATE, UM_GATE_SIZE,
		     PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	memcpy(p, code, sizeof(code));
	return (int)UM_SYS(mprotect(p, UM_GATE_SIZE, PROT_READ | PROT_EXEC));
}

static long install(const struct sock_fprog *prog, unsigned long flags)
{
	return UM_SYS(
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog));
}

static int install_filter(void)
{
	struct sock_fprog prog = { 0 };
	struct sock_filter *insns;
	long fd;
	int n = um_filter_build(&insns);

	if (n < 0)
		return n;
	prog.len = (unsigned short)n;
	prog.filter = insns;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = install(&prog, SECCOMP_FILTER_FLAG_NEW_LISTENER |
				    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (fd == -EINVAL)
		fd = install(&prog, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	/* not freed: free() might call what nobody answers yet */
	return (int)fd;
}

static long send_fd(int sock, int fd)
{
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return gate(SYS_sendmsg, sock, (long)&msg, 0, 0, 0);
}

static int exec_by_agent(const char *path, char **argv)
{
	long fd = UM_SYS(syscall(UM_NR_VUCTL, UM_VU_EXEC, path, 0));

	if (fd < 0)
		return (int)fd;
	if (fd == UM_VUCTL_NATIVE)
		return (int)gate(SYS_execve, (long)path, (long)argv,
				 (long)environ, 0, 0);
	return (int)gate(SYS_execveat, fd, (long)"", (long)argv, (long)environ,
			 AT_EMPTY_PATH);
}

void um_launch(const struct um_options *opts, int sock)
{
	int fd = make_gate();

	if (fd == 0)
		fd = install_filter();
	if (fd < 0) {
		um_err("cannot put a seccomp filter on the command: %s%s",
		       strerror(-fd),
		       fd == -EBUSY ? " (another listener is in place: is "
				      "this another kind of sandbox?)"
				    : "");
		_exit(125);
	}
	if (send_fd(sock, fd) < 0)
		_exit(125);
	gate(SYS_close, fd, 0, 0, 0, 0);
	gate(SYS_close, sock, 0, 0, 0, 0);
	_exit(um_run_command(
		opts, opts->no_agent ? um_exec_plain : exec_by_agent, NULL));
}
