// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * self.c - the engine for the monitor's own threads, inside module code
 *
 * A byte of each thread, the selector, tells the kernel whether the thread's
 * calls are to be carried out or signalled (SIGSYS). The handler turns the
 * selector off, lets the call be answered like a guest's, stores the result in
 * the interrupted registers and turns it on again; its return (rt_sigreturn)
 * is the one call that always passes, by the place it is made from.
 */
#include "guest/self.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <umview/log.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON	     1
#endif
#define ALLOW 0
#define BLOCK 1

/*
 * The range that always passes: rt_sigreturn, and the making of a thread, which
 * both parent and child leave by a struct way_back on their stacks.
 */
extern const char um_self_restorer[];
extern const char um_self_spawn[];
extern const char um_self_restorer_end[];
__asm__(".text\n"
	"um_self_restorer:\n"
	"	mov $15, %eax\n"
	"	syscall\n"
	"um_self_spawn:\n"
	"	syscall\n"
	"	mov 8(%rsp), %rcx\n"
	"	mov (%rsp), %rsp\n"
	"	jmp *%rcx\n"
	"um_self_restorer_end:\n");

static long (*handler)(struct um_req *r);
static _Thread_local volatile char selector = ALLOW;
static _Thread_local struct um_list *current_list;
static _Thread_local bool armed;

static int self_inject(struct um_req *r, int fd, bool cloexec, bool answer)
{
	(void)r;
	(void)answer;
	return (int)UM_SYS(fcntl(fd, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, 0));
}

static int self_replace(struct um_req *r, int fd, um_gfd at, bool cloexec)
{
	(void)r;
	return (int)UM_SYS(dup3(fd, at.n, cloexec ? O_CLOEXEC : 0));
}

static int self_alive(struct um_req *r)
{
	(void)r;
	return 0;
}

const struct um_engine um_engine_self = {
	.name = "self",
	.inject = self_inject,
	.replace = self_replace,
	.alive = self_alive,
};

static long make_call(const struct um_req *r)
{
	return UM_SYS(syscall(r->nr, r->arg[0], r->arg[1], r->arg[2], r->arg[3],
			      r->arg[4], r->arg[5]));
}

/* For um_self_spawn: what to jump to, and with which stack pointer. */
struct way_back {
	uint64_t sp;
	uint64_t ip;
};

/*
 * The signal frame begins below the red zone; what is written there must fit
 * into it. Only assembly makes children with a stack: the zone is not in use.
 */
#define RED_ZONE 128

static uint64_t push_way_back(uint64_t sp, uint64_t ip)
{
	struct way_back *way = (void *)(uintptr_t)(sp - sizeof(*way));

	*way = (struct way_back){ .sp = sp, .ip = ip };
	return (uint64_t)(uintptr_t)way;
}

/*
 * A child with a stack of its own cannot come back through this handler: the
 * call is made again from um_self_spawn. False: it has none.
 */
static bool spawn(greg_t *g, int nr)
{
	uint64_t back = (uint64_t)g[REG_RIP];
	uint64_t sp = (uint64_t)g[REG_RSP];
	struct clone_args *args;
	size_t size = (size_t)g[REG_RSI];

	if (nr == SYS_clone && g[REG_RSI]) {
		g[REG_RSI] = (greg_t)push_way_back((uint64_t)g[REG_RSI], back);
		g[REG_RSP] = (greg_t)push_way_back(sp, back);
	} else if (nr == SYS_clone3 &&
		   size <= RED_ZONE - sizeof(struct way_back) &&
		   size >= offsetof(struct clone_args, tls)) {
		sp = push_way_back(sp, back);
		args = (void *)(uintptr_t)(sp - size);
		memcpy(args, (void *)(uintptr_t)g[REG_RDI], size);
		if (!args->stack)
			return false;
		args->stack_size =
			push_way_back(args->stack + args->stack_size, back) -
			args->stack;
		g[REG_RDI] = (greg_t)(uintptr_t)args;
		g[REG_RSP] = (greg_t)sp;
	} else {
		return false;
	}
	g[REG_RAX] = nr;
	g[REG_RIP] = (greg_t)(uintptr_t)um_self_spawn;
	return true;
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;
	struct um_req r = {
		.engine = &um_engine_self,
		.tid = (pid_t)syscall(SYS_gettid),
		.list = current_list,
		.nr = info->si_syscall,
		.arg = { (uint64_t)g[REG_RDI], (uint64_t)g[REG_RSI],
			 (uint64_t)g[REG_RDX], (uint64_t)g[REG_R10],
			 (uint64_t)g[REG_R8], (uint64_t)g[REG_R9] },
	};
	long ret;

	(void)sig;
	r.tgid = getpid();
	ret = handler(&r);
	if (ret == UM_CONTINUE && !spawn(g, r.nr))
		g[REG_RAX] = make_call(&r);
	else if (ret != UM_CONTINUE)
		g[REG_RAX] = ret;
	um_req_fini(&r);
}

/* The selector must be off before the handler's first call of its own. */
static void entry(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	struct um_contain *contained;

	selector = ALLOW;
	contained = um_contain_pause();
	on_sigsys(sig, info, context);
	um_contain_resume(contained);
	errno = saved;
	selector = BLOCK;
}

/* The kernel's own struct: libc's sigaction() brings a restorer of its own. */
struct kernel_sigaction {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
	const char *restorer;
	unsigned long mask;
};

#define KERNEL_SA_RESTORER 0x04000000UL

int um_self_sigaction(int sig,
		      void (*handle)(int sig, siginfo_t *info, void *context),
		      int flags)
{
	struct kernel_sigaction sa = {
		.handler = handle,
		.flags = (unsigned long)flags | SA_SIGINFO | KERNEL_SA_RESTORER,
		.restorer = um_self_restorer,
	};

	return (int)UM_SYS(syscall(SYS_rt_sigaction, sig, &sa, NULL, 8));
}

int um_self_setup(long (*handle)(struct um_req *r))
{
	handler = handle;
	return um_self_sigaction(SIGSYS, entry, SA_NODEFER);
}

static bool arm(void)
{
	/* cppcheck-suppress comparePointers; both ends of one text */
	long len = um_self_restorer_end - um_self_restorer + 1;

	if (!armed)
		armed = prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON,
			      um_self_restorer, len, &selector) == 0;
	return armed;
}

struct um_self um_self_enter(struct um_list *list)
{
	struct um_self before = { current_list, selector == BLOCK,
				  um_contain_pause() };

	selector = ALLOW;
	current_list = list;
	if (list && handler && arm())
		selector = BLOCK;
	return before;
}

void um_self_restore(const struct um_self *before)
{
	selector = ALLOW;
	current_list = before->list;
	um_contain_resume(before->contained);
	if (before->on)
		selector = BLOCK;
}
