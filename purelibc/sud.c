// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sud.c - Syscall User Dispatch: what could not be replaced
 *
 * The kernel turns calls from outside the region into SIGSYS while the thread's
 * selector says so. The handler answers as a stub would, but for calls that
 * need the stack as it is: those are made again from a bounce, a stub without
 * an entry, made for the place on its first call (region.c).
 *
 * A program may have its own action for SIGSYS; it is kept here and called for
 * those that are not ours.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "internal.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF	     0
#define PR_SYS_DISPATCH_ON	     1
#endif
#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif
/* AUDIT_ARCH_X86_64; musl alone has no <linux/audit.h>. */
#define ARCH_X86_64	   0xc000003e
#define KERNEL_SA_RESTORER 0x04000000UL
#define SET_SIZE	   8

static struct pure_sigaction program; /* its own action */

static long own_action(uint64_t handler, int sig)
{
	struct pure_sigaction sa = {
		.handler = handler,
		.flags = SA_SIGINFO | SA_NODEFER | KERNEL_SA_RESTORER,
		.restorer =
			(uint64_t)(uintptr_t)pure_region_code(pure_restorer),
	};

	return PURE_CALL(SYS_rt_sigaction, sig, &sa, 0, SET_SIZE);
}

/* Not ours: as if we were not there. */
static void forward(int sig, siginfo_t *info, void *context)
{
	void (*handler)(int, siginfo_t *, void *);

	if (program.handler == (uint64_t)(uintptr_t)SIG_IGN)
		return;
	if (program.handler != (uint64_t)(uintptr_t)SIG_DFL) {
		memcpy(&handler, &program.handler, sizeof(handler));
		handler(sig, info, context);
		return;
	}
	own_action((uint64_t)(uintptr_t)SIG_DFL, sig);
	PURE_CALL(SYS_tgkill, PURE_CALL(SYS_getpid), PURE_CALL(SYS_gettid),
		  sig);
}

/* Our return sets these anew from the context. */
static void keep_thread_state(const struct pure_frame *call, ucontext_t *uc)
{
	if (call->nr == SYS_rt_sigprocmask)
		PURE_CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, &uc->uc_sigmask,
			  SET_SIZE);
	else if (call->nr == SYS_sigaltstack)
		PURE_CALL(SYS_sigaltstack, 0, &uc->uc_stack);
}

/* The 32-bit interface has numbers of its own. The selector is at pass. */
static long call_32(const greg_t *g)
{
	long ret = g[REG_RAX];

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "push %%rbp\n\t"
			 "mov %[bp], %%rbp\n\t"
			 "int $0x80\n\t"
			 "pop %%rbp\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "+a"(ret)
			 : "b"(g[REG_RBX]), "c"(g[REG_RCX]), "d"(g[REG_RDX]),
			   "S"(g[REG_RSI]),
			   "D"(g[REG_RDI]), [bp] "r"(g[REG_RBP])
			 : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	struct pure_thread *t = &pure_self;
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;
	struct pure_frame call = {
		.nr = info->si_syscall,
		.arg = { g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10],
			 g[REG_R8], g[REG_R9] },
		.back = (uint64_t)g[REG_RIP],
	};
	const uint8_t *bounce;

	if (info->si_code != SYS_USER_DISPATCH) {
		forward(sig, info, context);
		return;
	}
	t->selector = PURE_PASS;
	if (info->si_arch != ARCH_X86_64) {
		g[REG_RAX] = call.nr;
		g[REG_RAX] = call_32(g);
	} else if (!pure_is_frameless(call.nr)) {
		g[REG_RAX] = pure_dispatch(&call);
		keep_thread_state(&call, uc);
	} else if ((bounce = pure_region_bounce(call.back))) {
		g[REG_RAX] = call.nr;
		g[REG_RIP] = (greg_t)(uintptr_t)bounce;
	} else {
		g[REG_RAX] = -ENOSYS;
	}
	t->selector = t->limit ? PURE_PASS : PURE_STOP;
}

long pure_sud_sigaction(const struct pure_frame *call)
{
	struct pure_sigaction old = program;
	struct iovec mine[] = { { &program, sizeof(program) },
				{ &old, sizeof(old) } };
	struct iovec theirs[] = { { (void *)call->arg[1], sizeof(program) },
				  { (void *)call->arg[2], sizeof(old) } };
	long me = PURE_CALL(SYS_getpid);

	if (call->arg[3] != SET_SIZE)
		return -EINVAL;
	if (call->arg[1] && PURE_CALL(SYS_process_vm_readv, me, &mine[0], 1,
				      &theirs[0], 1, 0) < 0)
		return -EFAULT;
	if (call->arg[2] && PURE_CALL(SYS_process_vm_writev, me, &mine[1], 1,
				      &theirs[1], 1, 0) < 0)
		return -EFAULT;
	return 0;
}

/* Masks of handlers that the program installed before. */
static void clear_masks(void)
{
	for (long sig = 1; sig < NSIG; sig++) {
		struct pure_sigaction sa;

		if (PURE_CALL(SYS_rt_sigaction, sig, 0, &sa, SET_SIZE) ||
		    !(sa.mask & PURE_SIGSYS_BIT))
			continue;
		sa.mask &= ~PURE_SIGSYS_BIT;
		PURE_CALL(SYS_rt_sigaction, sig, &sa, 0, SET_SIZE);
	}
}

int pure_sud_setup(void)
{
	long ret = PURE_CALL(SYS_rt_sigaction, SIGSYS, 0, &program, SET_SIZE);

	if (!ret)
		ret = own_action((uint64_t)(uintptr_t)on_sigsys, SIGSYS);
	if (!ret)
		clear_masks();
	return (int)ret;
}

/*
 * A view may have replaced instructions itself (umview(1)). Whom it sees use
 * this call it leaves them to.
 */
void pure_sud_announce(void)
{
	PURE_CALL(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF,
		  0, 0, 0);
}

bool pure_sud_is(const struct pure_frame *call)
{
	return call->nr == SYS_prctl &&
	       (int)call->arg[0] == PR_SET_SYSCALL_USER_DISPATCH;
}

void pure_sud_arm(struct pure_thread *t)
{
	uint64_t set = PURE_SIGSYS_BIT;

	PURE_CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, 0, SET_SIZE);
	t->selector = PURE_PASS;
	t->armed = PURE_CALL(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH,
			     PR_SYS_DISPATCH_ON, pure_region.base,
			     pure_region.len, &t->selector) == 0;
}
