// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * filter.c - the seccomp filter, made from syscalls.def
 *
 * Order: foreign architecture, x32, the carrier call, then a binary search by
 * number down to one verdict for a run of numbers. Calls that pass come out
 * the same whatever their arguments, so that the kernel's cache of constant
 * allows makes them nearly free. A call from a stub or the agent's gate passes.
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <umview/vuctl.h>

#include "agent/proto.h"
#include "sys/numbers.h"
#include "sys/sys.h"

#define NCALLS	  512
#define MAX_INSNS 4096

/* What the table does not name is 0. */
enum verdict {
	NOSYS,
	PASS,
	AGENT,
	VIEW,
	NOPERM,
	MMAP,
	FCNTL,
	SOCKET,
	PTRACE,
	LOW,
	MREMAP,
	PRCTL,
	SIGRETURN
};

static const unsigned char verdicts[NCALLS] = {
#define UM_NATIVE_CALL(name)	  [__NR_##name] = PASS,
#define UM_AGENT_CALL(name)	  [__NR_##name] = AGENT,
#define UM_VIEW_CALL(name)	  [__NR_##name] = VIEW,
#define UM_ARG_CALL(name, how)	  [__NR_##name] = (how),
#define UM_FILTER_CALL(name, how) [__NR_##name] = (how),
#define UM_ENOSYS_CALL(name)	  [__NR_##name] = NOSYS,
#define UM_EPERM_CALL(name)	  [__NR_##name] = NOPERM,
#include "sys/syscalls.def"
#undef UM_NATIVE_CALL
#undef UM_AGENT_CALL
#undef UM_VIEW_CALL
#undef UM_ARG_CALL
#undef UM_FILTER_CALL
#undef UM_ENOSYS_CALL
#undef UM_EPERM_CALL
};

bool um_filter_tracks(int nr)
{
	enum verdict v = nr >= 0 && nr < NCALLS ? verdicts[nr] : NOSYS;

	return v != PASS && v != NOSYS && v != NOPERM && v != LOW &&
	       v != MREMAP && v != SIGRETURN;
}

struct prog {
	struct sock_filter *insn;
	int n;
};

#define LOAD(field)                                                            \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RET(value) BPF_STMT(BPF_RET | BPF_K, (value))

static void emit(struct prog *p, struct sock_filter insn)
{
	if (p->n < MAX_INSNS)
		p->insn[p->n] = insn;
	p->n++;
}

static void jump(struct prog *p, unsigned int op, unsigned int k,
		 unsigned char yes, unsigned char no)
{
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, k, yes, no));
}

static void ret(struct prog *p, unsigned int value)
{
	emit(p, (struct sock_filter)RET(value));
}

static void load(struct prog *p, unsigned int offset)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

#define IP_OFFSET     offsetof(struct seccomp_data, instruction_pointer)
#define ARG_OFFSET(n) (offsetof(struct seccomp_data, args) + 8 * (n))

/* From a stub or the gate: pass. Else: to the monitor. 7 instructions. */
static void notify(struct prog *p)
{
	load(p, IP_OFFSET + 4);
	jump(p, BPF_JEQ, 0, 0, 3);
	load(p, IP_OFFSET);
	jump(p, BPF_JGE, UM_STUBS + UM_STUBS_PASS, 0, 1);
	jump(p, BPF_JGE, UM_GATE + UM_GATE_SIZE, 0, 1);
	ret(p, SECCOMP_RET_USER_NOTIF);
	ret(p, SECCOMP_RET_ALLOW);
}

/* Instructions of refuse_low(). */
#define N_REFUSE_LOW 10

/* The agent's own addresses in argument n: an error, but to the agent. */
static void refuse_low(struct prog *p, unsigned int n, unsigned int err)
{
	load(p, ARG_OFFSET(n) + 4);
	jump(p, BPF_JEQ, 0, 0, 8);
	load(p, ARG_OFFSET(n));
	jump(p, BPF_JGE, UM_LOW_END, 6, 0);
	load(p, IP_OFFSET + 4);
	jump(p, BPF_JEQ, 0, 0, 3);
	load(p, IP_OFFSET);
	jump(p, BPF_JGE, UM_STUBS + UM_STUBS_PASS, 0, 1);
	jump(p, BPF_JGE, UM_GATE + UM_GATE_SIZE, 0, 1);
	ret(p, SECCOMP_RET_ERRNO | err);
}

static void arg_low(struct prog *p)
{
	refuse_low(p, 0, EPERM);
	ret(p, SECCOMP_RET_ALLOW);
}

static void arg_mremap(struct prog *p)
{
	refuse_low(p, 0, EPERM);
	load(p, ARG_OFFSET(3));
	jump(p, BPF_JSET, MREMAP_FIXED, 0, N_REFUSE_LOW);
	refuse_low(p, 4, EPERM);
	ret(p, SECCOMP_RET_ALLOW);
}

/* Anonymous memory is nobody's file. */
static void arg_mmap(struct prog *p)
{
	load(p, ARG_OFFSET(3));
	jump(p, BPF_JSET, MAP_FIXED_NOREPLACE, 0, N_REFUSE_LOW);
	refuse_low(p, 0, EEXIST);
	load(p, ARG_OFFSET(3));
	jump(p, BPF_JSET, MAP_FIXED, 0, N_REFUSE_LOW);
	refuse_low(p, 0, EPERM);
	load(p, ARG_OFFSET(3));
	jump(p, BPF_JSET, MAP_ANONYMOUS, 0, 1);
	ret(p, SECCOMP_RET_ALLOW);
	notify(p);
}

static void arg_fcntl(struct prog *p)
{
	static const unsigned int viewed[] = {
		F_GETFL,     F_SETFL,	  F_GETLK,	F_SETLK,    F_SETLKW,
		F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE, F_GETLEASE,
		F_ADD_SEALS, F_GET_SEALS, F_NOTIFY
	};
	unsigned int n = UM_ARRAY_SIZE(viewed);

	load(p, ARG_OFFSET(1));
	for (unsigned int i = 0; i < n; i++)
		jump(p, BPF_JEQ, viewed[i], (unsigned char)(n - i), 0);
	ret(p, SECCOMP_RET_ALLOW);
	notify(p);
}

/* AF_UNIX is no stack's. */
static void arg_socket(struct prog *p)
{
	load(p, ARG_OFFSET(0));
	jump(p, BPF_JEQ, AF_UNIX, 0, 1);
	ret(p, SECCOMP_RET_ALLOW);
	notify(p);
}

/* Who begins to trace. */
static void arg_ptrace(struct prog *p)
{
	load(p, ARG_OFFSET(0));
	jump(p, BPF_JEQ, PTRACE_TRACEME, 3, 0);
	jump(p, BPF_JEQ, PTRACE_ATTACH, 2, 0);
	jump(p, BPF_JEQ, PTRACE_SEIZE, 1, 0);
	ret(p, SECCOMP_RET_ALLOW);
	notify(p);
}

/*
 * A guest that made itself undumpable could not be read: say yes, and leave it
 * as it is. sys_prctl() has the others.
 */
static void arg_prctl(struct prog *p)
{
	load(p, ARG_OFFSET(0));
	jump(p, BPF_JEQ, PR_SET_DUMPABLE, 0, 1);
	ret(p, SECCOMP_RET_ERRNO);
	jump(p, BPF_JEQ, PR_SET_SECCOMP, 3, 0);
	jump(p, BPF_JEQ, PR_SET_KEEPCAPS, 2, 0);
	jump(p, BPF_JEQ, PR_SET_SYSCALL_USER_DISPATCH, 1, 0);
	ret(p, SECCOMP_RET_ALLOW);
	notify(p);
}

/* From the agent's code it fails: agent/entry.S, um_cancel_return. */
static void arg_sigreturn(struct prog *p)
{
	load(p, IP_OFFSET + 4);
	jump(p, BPF_JEQ, 0, 0, 4);
	load(p, IP_OFFSET);
	jump(p, BPF_JGE, UM_GATE + UM_GATE_SIZE, 0, 2);
	jump(p, BPF_JGE, UM_LOW_END, 1, 0);
	ret(p, SECCOMP_RET_ERRNO | ENOSYS);
	ret(p, SECCOMP_RET_ALLOW);
}

static void judge(struct prog *p, enum verdict v)
{
	switch (v) {
	case PASS:
	case AGENT:
		ret(p, SECCOMP_RET_ALLOW);
		break;
	case VIEW:
		notify(p);
		break;
	case NOSYS:
		ret(p, SECCOMP_RET_ERRNO | ENOSYS);
		break;
	case NOPERM:
		ret(p, SECCOMP_RET_ERRNO | EPERM);
		break;
	case MMAP:
		arg_mmap(p);
		break;
	case FCNTL:
		arg_fcntl(p);
		break;
	case SOCKET:
		arg_socket(p);
		break;
	case PTRACE:
		arg_ptrace(p);
		break;
	case LOW:
		arg_low(p);
		break;
	case MREMAP:
		arg_mremap(p);
		break;
	case PRCTL:
		arg_prctl(p);
		break;
	case SIGRETURN:
		arg_sigreturn(p);
		break;
	}
}

static bool is_run(int lo, int hi)
{
	for (int i = lo; i < hi; i++)
		if (verdicts[i] != verdicts[lo])
			return false;
	return true;
}

/*
 * Verdicts for numbers lo..hi-1. A branch may be longer than a conditional
 * jump reaches (255), so it goes by an unconditional one.
 */
static void search(struct prog *p, int lo, int hi)
{
	int mid = (lo + hi) / 2;
	int patch;

	if (is_run(lo, hi)) {
		judge(p, verdicts[lo]);
		return;
	}
	jump(p, BPF_JGE, (unsigned int)mid, 0, 1);
	patch = p->n;
	emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	search(p, lo, mid);
	if (patch < MAX_INSNS)
		p->insn[patch].k = (unsigned int)(p->n - patch - 1);
	search(p, mid, hi);
}

/*
 * Calls that programs make most are found before the search: the ways from a
 * stub are what the speed of all else depends on. All of them are VIEW.
 */
static void search_hot(struct prog *p)
{
	static const unsigned int hot[] = { __NR_read,	    __NR_write,
					    __NR_openat,    __NR_newfstatat,
					    __NR_lseek,	    __NR_pread64,
					    __NR_stat,	    __NR_readlink,
					    __NR_getdents64 };
	unsigned int n = UM_ARRAY_SIZE(hot);

	for (unsigned int i = 0; i < n; i++)
		jump(p, BPF_JEQ, hot[i], (unsigned char)(n - 1 - i),
		     i + 1 == n ? 7 : 0);
	notify(p);
}

int um_filter_build(struct sock_filter **out)
{
	struct prog p = { .insn = calloc(MAX_INSNS, sizeof(*p.insn)) };

	if (!p.insn)
		return -ENOMEM;
	load(&p, offsetof(struct seccomp_data, arch));
	jump(&p, BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
	ret(&p, SECCOMP_RET_ERRNO | ENOSYS);
	load(&p, offsetof(struct seccomp_data, nr));
	jump(&p, BPF_JEQ, UM_NR_VUCTL, 0, 1);
	ret(&p, SECCOMP_RET_USER_NOTIF);
	search_hot(&p);
	jump(&p, BPF_JGE, NCALLS, 0, 1);
	ret(&p, SECCOMP_RET_ERRNO | ENOSYS);
	search(&p, 0, NCALLS);
	if (p.n >= MAX_INSNS) {
		free(p.insn);
		return -E2BIG;
	}
	*out = p.insn;
	return p.n;
}
