// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cancel.c - threads that are cancelled in the middle of a call
 *
 * pthread_cancel(3) is a signal whose handler looks where it interrupted the
 * thread. That of musl, and of newer glibc, cancels only where this is the
 * library's own system call instruction; that of older glibc unwinds the stack
 * from there. Neither knows of the agent: the one would never cancel, the
 * other find no way out of it.
 *
 * So the agent puts its own function in the handler's place (um_cancel_entry,
 * entry.S), and shows the handler the registers as they would be natively: those
 * of the instruction that was replaced, before the call or behind it. A handler
 * that returns with other registers than those has gone elsewhere, and the
 * thread follows; else it goes on where it really was.
 *
 * In the agent's C code a call counts as not yet made, though its result may be
 * there for a moment. What it opened then stays open, as in older glibc.
 *
 * Other signals are not looked after: only unwinding out of their handlers, past
 * the agent, would need it, at the price of all handlers.
 */
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>

#include "agent/fast.h"
#include "agent/frame.h"
#include "agent/string.h"

/* The kernel's record, with one word of a signal mask. */
struct record {
	unsigned long flags;
	struct ucontext *link;
	stack_t stack;
	struct sigcontext_64 regs;
	unsigned long mask;
};

_Static_assert(sizeof(struct record) == UM_CANCEL_ORIG - UM_CANCEL_COPY,
	       "record");

struct action {
	unsigned long handler;
	unsigned long flags;
	unsigned long restorer;
	unsigned long mask;
};

unsigned long um_cancel_handler[UM_CANCEL_LAST - UM_CANCEL_FIRST + 1];

int um_cancel_show(const struct record *orig, struct record *copy);
void um_cancel_finish(const struct record *copy, struct record *orig);

#define AT(label) ((unsigned long)(label))

/* The stub that has this address. */
static const struct um_stub_head *head_of(unsigned long at)
{
	const unsigned long first =
		UM_STUBS + UM_STUBS_PASS + sizeof(struct um_stub_head);
	unsigned long slot = at & ~7UL;

	for (; slot >= first && slot + 8 + UM_STUB_MAX > at; slot -= 8)
		if (*(unsigned long *)slot == slot + 8)
			return (const struct um_stub_head *)slot - 1;
	return 0;
}

static unsigned long code_of(const struct um_stub_head *head)
{
	return (unsigned long)(head + 1) + 8;
}

/* The replaced instruction. */
static unsigned long call_of(const struct um_stub_head *head)
{
	return um_bases[head->id] + head->offset + head->head;
}

/* Has the stub's own `syscall` been executed, and not to be made again? */
static int is_made(const struct um_stub_head *head, unsigned long at,
		   long result)
{
	if (at >= head->tail && at < head->end)
		return 1;
	return head->call && at > head->call && at < head->call + 10u &&
	       at < head->tail && result != -EBADF;
}

#define AFTER_CALL 2 /* bytes of `syscall` */

static int show_stub(struct sigcontext_64 *regs)
{
	const struct um_stub_head *head = head_of(regs->ip);
	unsigned long at;

	if (!head || !um_bases[head->id])
		return 0;
	at = regs->ip - code_of(head);
	if (at < head->head) {
		regs->ip = call_of(head) - head->head + at;
		return 1;
	}
	regs->ip = call_of(head);
	if (!is_made(head, at, (long)regs->ax))
		return 1;
	regs->ip += AFTER_CALL;
	/* of the instructions behind the call, as far as it came */
	if (at > head->tail)
		regs->ip += (at < head->back ? at : head->back) - head->tail;
	return 1;
}

static const struct um_frame *find_frame(unsigned long rbp)
{
	const struct um_frame *frame = (const struct um_frame *)rbp;

	while (frame && frame->mark != UM_FRAME_MARK)
		frame = (const struct um_frame *)frame->mark;
	return frame;
}

static void show_frame(const struct um_frame *frame, int done,
		       struct sigcontext_64 *regs)
{
	regs->di = frame->arg[0];
	regs->si = frame->arg[1];
	regs->dx = frame->arg[2];
	regs->r10 = frame->arg[3];
	regs->r8 = frame->arg[4];
	regs->r9 = frame->arg[5];
	regs->bp = frame->rbp;
	regs->bx = frame->rbx;
	regs->r12 = frame->r12;
	regs->r13 = frame->r13;
	regs->r14 = frame->r14;
	regs->r15 = frame->r15;
	regs->cx = frame->cont;
	if (!done)
		regs->ax = frame->nr;
	regs->flags = frame->flags;
	regs->sp = (unsigned long)frame + UM_FRAME_SIZE + UM_RED_ZONE;
}

static int is_lent(unsigned long sp)
{
	return sp >= UM_STACKS &&
	       sp < UM_STACKS + UM_NSTACKS * (unsigned long)UM_STACK_SIZE;
}

/* How far the program's stack pointer is above %rsp; -1: the frame tells. */
static long distance(unsigned long ip)
{
	static const struct {
		const char *from;
		long bytes;
	} part[] = {
		{ um_entry_leave, 0 },
		{ um_entry_clean, UM_RED_ZONE + 64 },
		{ um_entry_back, UM_RED_ZONE + 72 },
		{ um_entry_left, UM_RED_ZONE + UM_FRAME_SIZE },
		{ um_entry_made, -1 },
		{ um_entry_keep, UM_RED_ZONE + UM_FRAME_SIZE },
		{ um_entry_flags, UM_RED_ZONE + 72 },
		{ um_entry_room, UM_RED_ZONE + 64 },
		{ um_entry, 0 },
	};

	for (unsigned long i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (ip >= AT(part[i].from) && ip < AT(um_entry_end))
			return part[i].bytes;
	return ip == UM_GATE + UM_GATE_ENTRY ? 0 : -1;
}

static int show_agent(struct sigcontext_64 *regs)
{
	int done = regs->ip >= AT(um_entry_done) && regs->ip < AT(um_entry_end);
	long bytes = distance(regs->ip);
	const struct um_frame *frame;
	const struct um_stub_head *head;

	if (is_lent(regs->sp))
		return 0;
	if (bytes >= 0) {
		regs->sp += (unsigned long)bytes;
	} else {
		frame = find_frame(regs->bp);
		if (!frame)
			return 0;
		show_frame(frame, done, regs);
	}
	head = head_of(regs->cx);
	if (!head || !um_bases[head->id])
		return 0;
	regs->ip = call_of(head) + (done ? AFTER_CALL : 0);
	return 1;
}

/* What stands in entry.S but for um_entry has frames of no C code above it. */
static int is_ours(unsigned long ip)
{
	if (ip >= AT(um_entry_end) && ip < AT(um_cancel_end))
		return 0;
	return ip == UM_GATE + UM_GATE_ENTRY || ip < UM_GATE + UM_GATE_ENTRY ||
	       ip >= UM_GATE + UM_GATE_SIZE;
}

/* Return: whether it is the copy that the handler is to see. */
int um_cancel_show(const struct record *orig, struct record *copy)
{
	unsigned long ip = orig->regs.ip;

	if (ip < UM_STUBS + UM_STUBS_PASS || ip >= UM_LOW_END || !is_ours(ip))
		return 0;
	um_copy(copy, orig, sizeof(*copy));
	return ip < UM_GATE ? show_stub(&copy->regs) : show_agent(&copy->regs);
}

/* The handler came back. */
void um_cancel_finish(const struct record *copy, struct record *orig)
{
	struct record shown;

	orig->mask = copy->mask;
	if (!um_cancel_show(orig, &shown) || shown.regs.ip == copy->regs.ip)
		return;
	um_copy(&orig->regs, &copy->regs, sizeof(orig->regs));
}

static int is_readable(const struct action *act)
{
	return um_can_read(act) &&
	       um_can_read((const char *)act + sizeof(*act) - 8);
}

static long install(long sig, const struct action *act, struct action *old)
{
	unsigned long *handler = &um_cancel_handler[sig - UM_CANCEL_FIRST];
	unsigned long before = *handler;
	struct action ours;
	long ret;

	if (act) {
		if (!is_readable(act))
			return -EFAULT;
		um_copy(&ours, act, sizeof(ours));
		if (ours.handler > 1 && ours.handler != AT(um_cancel_entry)) {
			*handler = ours.handler;
			ours.handler = AT(um_cancel_entry);
		}
	}
	ret = um_native(__NR_rt_sigaction, sig, act ? (long)&ours : 0,
			(long)old, sizeof(ours.mask), 0, 0);
	if (ret == 0 && old && old->handler == AT(um_cancel_entry))
		old->handler = before;
	return ret;
}

long um_fast_sigaction(long nr, const long *a)
{
	long sig = (int)a[0];

	if (sig < UM_CANCEL_FIRST || sig > UM_CANCEL_LAST ||
	    a[3] != sizeof(((struct action *)0)->mask))
		return um_pass(nr, a);
	return install(sig, (const struct action *)a[1], (struct action *)a[2]);
}
