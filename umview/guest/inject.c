// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inject.c - have a stopped guest thread make another call than its own
 *
 * Order (tried on 6.1 and 6.18, with WAIT_KILLABLE_RECV too): SEIZE, INTERRUPT,
 * answer the notification, wait for the stop, set registers, run to the call's
 * entry, run to its exit, restore registers with the result, DETACH.
 *
 * Signals that arrive meanwhile are held back and sent again at DETACH. Each
 * worker traces at most one thread, and waits with __WNOTHREAD, so that
 * workers do not see each other's stops. No guest may be a child of the
 * monitor's: its waits would take stops away (see main/session.c).
 */
#include "guest/inject.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <umview/log.h>

#include "agent/proto.h"
#include "base/lock.h"
#include "guest/notify.h"

#define MAX_OURS 64

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static pid_t ours[MAX_OURS];

static bool swap_ours(pid_t from, pid_t to)
{
	bool done = false;

	um_lock(&lock);
	for (int i = 0; i < MAX_OURS && !done; i++) {
		if (ours[i] == from) {
			ours[i] = to;
			done = true;
		}
	}
	um_unlock(&lock);
	return done;
}

bool um_inject_is_ours(pid_t tid)
{
	return swap_ours(tid, tid);
}

static atomic_bool refused;

bool um_inject_is_refused(void)
{
	return atomic_load(&refused);
}

struct trace {
	pid_t tid;
	pid_t tgid;
	uint64_t held;
	bool exec_done;
	const void *data;
	size_t size;
	int argno;
	struct user_regs_struct regs;
};

/*
 * Wait for the next stop. Return: its signal (SIGTRAP|0x80 for a call),
 * 0 for PTRACE_EVENT_STOP, -ESRCH when the thread is gone.
 */
static int next_stop(struct trace *t)
{
	int status;
	pid_t pid;

	do {
		pid = waitpid(-1, &status, __WALL | __WNOTHREAD);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0 || !WIFSTOPPED(status))
		return -ESRCH;
	t->tid = pid;
	um_trace("inject: %d stops, status %#x", (int)pid, (unsigned)status);
	if (status >> 16 == PTRACE_EVENT_STOP)
		return 0;
	return WSTOPSIG(status);
}

/* Run until the wanted stop; hold back one signal that comes in between. */
static int run_to(struct trace *t, enum __ptrace_request how, int wanted)
{
	for (;;) {
		int sig;

		if (ptrace(how, t->tid, 0, 0) < 0)
			return -errno;
		sig = next_stop(t);
		if (sig < 0 || sig == wanted)
			return sig < 0 ? sig : 0;
		if (sig > 0 && sig != (SIGTRAP | 0x80))
			t->held |= 1UL << sig;
	}
}

static int first_stop(struct trace *t)
{
	int sig = next_stop(t);

	if (sig > 0)
		t->held |= 1UL << sig;
	return sig < 0 ? sig : 0;
}

#define RED_ZONE 128

/* Data for the call, below what the guest has on its stack. */
static int put_data(struct trace *t, struct um_req *r, uint64_t args[6])
{
	uint64_t at = (t->regs.rsp - RED_ZONE - t->size) & ~15UL;

	if (!t->data)
		return 0;
	args[t->argno] = at;
	return um_copy_out(r, um_uptr_of(at), t->data, t->size);
}

/*
 * By the gate, which nobody catches, or by the call's own instruction, which
 * the guest itself does not: it let this call pass.
 */
static bool goes_by_gate(const struct um_req *r)
{
	return r->has_page && !r->attr->dispatched;
}

static int make_call(struct trace *t, struct um_req *r, int nr,
		     const uint64_t given[6])
{
	struct user_regs_struct regs;
	uint64_t args[6];
	int ret;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &t->regs) < 0)
		return -errno;
	memcpy(args, given, sizeof(args));
	ret = put_data(t, r, args);
	if (ret < 0)
		return ret;
	regs = t->regs;
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)nr;
	regs.rdi = args[0];
	regs.rsi = args[1];
	regs.rdx = args[2];
	regs.r10 = args[3];
	regs.r8 = args[4];
	regs.r9 = args[5];
	regs.rip = goes_by_gate(r) ? UM_GATE + UM_GATE_SYSCALL : r->ip - 2;
	if (ptrace(PTRACE_SETREGS, t->tid, 0, &regs) < 0)
		return -errno;
	ret = run_to(t, PTRACE_SYSCALL, SIGTRAP | 0x80);
	if (ret < 0)
		return ret;
	return run_to(t, PTRACE_SYSCALL, SIGTRAP | 0x80);
}

/* At the exit stop: give the guest its own registers back, with the result. */
static void restore(struct trace *t)
{
	struct user_regs_struct now;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &now) < 0)
		return;
	t->regs.rax = now.rax;
	/* interrupted: the injected call cannot be restarted */
	if ((long)now.rax <= -512 && (long)now.rax >= -516)
		t->regs.rax = (unsigned long long)-EINTR;
	t->regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, t->tid, 0, &t->regs);
}

static bool is_exec(int nr)
{
	return nr == SYS_execve || nr == SYS_execveat;
}

/* After the call: close the descriptor that was injected for it. */
static void close_in_guest(struct trace *t, struct um_req *r, int fd)
{
	const uint64_t args[6] = { (uint64_t)fd };
	struct user_regs_struct kept = t->regs;
	struct user_regs_struct after;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &after) < 0)
		return;
	if (make_call(t, r, SYS_close, args) < 0)
		return;
	t->regs = kept;
	ptrace(PTRACE_SETREGS, t->tid, 0, &after);
}

static bool exec_succeeded(const struct trace *t)
{
	struct user_regs_struct now;

	return ptrace(PTRACE_GETREGS, t->tid, 0, &now) < 0 || now.rax == 0;
}

/* Signals that came meanwhile are for the guest from now on. */
static void let_go(const struct trace *t)
{
	pid_t tgid = t->tgid;

	for (int sig = 1; sig < 64; sig++)
		if (t->held & (1UL << sig))
			syscall(SYS_tgkill, tgid, t->tid, sig);
	ptrace(PTRACE_DETACH, t->tid, 0, 0);
}

/* The thread stands at its stop: run the call and what belongs to it. */
static int perform(struct trace *t, struct um_req *r, int nr,
		   const uint64_t args[6], int fd)
{
	int ret = make_call(t, r, nr, args);

	if (ret == 0 && is_exec(nr))
		t->exec_done = exec_succeeded(t);
	if (ret < 0 || t->exec_done)
		return ret;
	if (fd >= 0)
		close_in_guest(t, r, fd);
	restore(t);
	return 0;
}

static long inject(struct um_req *r, struct trace *plan, int nr,
		   const uint64_t args[6], int fd)
{
	struct trace t = *plan;
	bool mark;
	int ret;

	t.tgid = um_req_tgid(r);
	if (r->engine != &um_engine_notify)
		return -EPERM;
	if (ptrace(PTRACE_SEIZE, r->tid, 0, PTRACE_O_TRACESYSGOOD) < 0) {
		if (errno == EPERM && !um_req_is_traced(r))
			atomic_store(&refused, true);
		return -errno;
	}
	mark = !goes_by_gate(r) && swap_ours(0, r->tid);
	if (ptrace(PTRACE_INTERRUPT, r->tid, 0, 0) < 0 ||
	    um_notify_answer(r, 0) < 0)
		um_debug("inject: thread %d is gone", (int)r->tid);
	ret = first_stop(&t);
	if (ret == 0)
		ret = perform(&t, r, nr, args, fd);
	if (mark)
		swap_ours(r->tid, 0);
	if (ret != -ESRCH)
		let_go(&t);
	plan->exec_done = t.exec_done;
	return UM_ANSWERED;
}

long um_inject_then_close(struct um_req *r, int nr, const uint64_t args[6],
			  int fd)
{
	struct trace t = { .tid = r->tid };

	return inject(r, &t, nr, args, fd);
}

long um_inject_data(struct um_req *r, int nr, const uint64_t args[6], int argno,
		    const void *data, size_t size)
{
	struct trace t = {
		.tid = r->tid, .data = data, .size = size, .argno = argno
	};

	return inject(r, &t, nr, args, -1);
}

long um_inject_exec(struct um_req *r, const uint64_t args[6], int fd,
		    bool *done)
{
	struct trace t = { .tid = r->tid };
	long ret = inject(r, &t, SYS_execveat, args, fd);

	*done = t.exec_done;
	return ret;
}
