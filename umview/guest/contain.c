// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * contain.c - a crash of module code is not the end of the session
 *
 * `top` is the point this thread goes back to, NULL while it runs the core's
 * code. Handlers run on a stack of their own, so that an overflow is a crash
 * like others. Each thread that ever entered has a struct seat in a list, by
 * which um_contain_eject() finds those that work for an owner; it is read by
 * others as it is, and only the thread itself decides, in its handler.
 */
#include "guest/contain.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <umview/module.h>

#include "base/lock.h"
#include "guest/self.h"

#define STACK_SIZE   (64ul << 10)
#define EJECT_SIGNAL (SIGRTMIN + 3)

struct seat {
	struct seat *next;
	pid_t tid;
	void *stack;
	struct um_contain *top;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct seat *seats;
static pthread_key_t seat_key;
static pid_t monitor;
static uintptr_t heap_from;
static uintptr_t heap_to;

static _Thread_local struct seat seat;

/* A thread ends: nobody may look at its seat any more. */
static void leave_seat(void *arg)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	struct seat *s = arg;

	um_lock(&lock);
	for (struct seat **at = &seats; *at; at = &(*at)->next) {
		if (*at == s) {
			*at = s->next;
			break;
		}
	}
	um_unlock(&lock);
	sigaltstack(&none, NULL);
	munmap(s->stack, STACK_SIZE);
}

static void take_seat(void)
{
	stack_t st = { .ss_size = STACK_SIZE };

	seat.tid = (pid_t)syscall(SYS_gettid);
	st.ss_sp = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (st.ss_sp == MAP_FAILED)
		return;
	seat.stack = st.ss_sp;
	sigaltstack(&st, NULL);
	pthread_setspecific(seat_key, &seat);
	um_lock(&lock);
	seat.next = seats;
	seats = &seat;
	um_unlock(&lock);
}

bool um_contain_works(void)
{
	return monitor != 0;
}

void um_contain_enter(struct um_contain *c, const void *owner)
{
	c->outer = seat.top;
	c->owner = owner;
	c->what = NULL;
	c->exited = false;
	if (monitor && !seat.tid)
		take_seat();
	seat.top = monitor ? c : NULL;
}

void um_contain_leave(struct um_contain *c)
{
	seat.top = c->outer;
}

struct um_contain *um_contain_pause(void)
{
	struct um_contain *before = seat.top;

	seat.top = NULL;
	return before;
}

void um_contain_resume(struct um_contain *before)
{
	seat.top = before;
}

/* A child that module code made is another process, with its own end. */
static struct um_contain *point(void)
{
	return monitor && seat.top && syscall(SYS_getpid) == monitor ? seat.top
								     : NULL;
}

static void go_back(struct um_contain *c, const char *what)
{
	seat.top = NULL;
	c->what = what;
	siglongjmp(c->at, 1);
}

void um_contain_exited(int status)
{
	struct um_contain *c = point();

	if (!c)
		return;
	c->exited = true;
	c->status = status;
	go_back(c, "exit");
}

void um_contain_aborted(const char *what)
{
	struct um_contain *c = point();

	if (c)
		go_back(c, what);
}

static const char *name_of(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	default:
		return "SIGILL";
	}
}

/* By the processor, or by raise(3). What others send is for all of us. */
static bool is_own(const siginfo_t *info)
{
	return info->si_code > 0 ||
	       (info->si_code == SI_TKILL && info->si_pid == monitor);
}

static void on_crash(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t at = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	/* from here on this thread's calls are the kernel's */
	struct um_self was = um_self_enter(NULL);
	struct um_contain *c;

	um_contain_resume(was.contained);
	c = point();
	if (c && is_own(info) && (at < heap_from || at >= heap_to))
		go_back(c, name_of(sig));
	/* the instruction is made again, and ends us */
	signal(sig, SIG_DFL);
	if (info->si_code <= 0)
		raise(sig);
}

/* Interrupted in futex(2): the call is about to be made again. */
static bool waits_for_lock(const ucontext_t *uc)
{
	static const unsigned char insn[] = { 0x0f, 0x05 };
	const greg_t *g = uc->uc_mcontext.gregs;

	return g[REG_RAX] == SYS_futex &&
	       !memcmp((const void *)(uintptr_t)g[REG_RIP], insn, sizeof(insn));
}

static void on_eject(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	if (seat.top && seat.top->owner == info->si_value.sival_ptr &&
	    waits_for_lock(context))
		go_back(seat.top, "a lock that nobody gives back");
}

void um_contain_eject(const void *owner)
{
	siginfo_t info = { .si_code = SI_QUEUE,
			   .si_pid = monitor,
			   .si_uid = getuid() };

	info.si_value.sival_ptr = (void *)(uintptr_t)owner;
	um_lock(&lock);
	for (struct seat *s = seats; s; s = s->next) {
		struct um_contain *c =
			__atomic_load_n(&s->top, __ATOMIC_RELAXED);

		if (c && s != &seat)
			syscall(SYS_rt_tgsigqueueinfo, monitor, s->tid,
				EJECT_SIGNAL, &info);
	}
	um_unlock(&lock);
}

/*
 * The functions of malloc(3) lie side by side in libc; those it exports tell
 * about where.
 */
static void find_heap(void)
{
	const uintptr_t known[] = {
		(uintptr_t)malloc,	(uintptr_t)free,
		(uintptr_t)calloc,	(uintptr_t)realloc,
		(uintptr_t)malloc_trim, (uintptr_t)malloc_usable_size
	};
	const uintptr_t slack = 16384;

	heap_from = known[0];
	heap_to = known[0];
	for (size_t i = 1; i < sizeof(known) / sizeof(known[0]); i++) {
		heap_from = known[i] < heap_from ? known[i] : heap_from;
		heap_to = known[i] > heap_to ? known[i] : heap_to;
	}
	heap_from -= slack;
	heap_to += slack / 4;
}

int um_contain_setup(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	int ret = -pthread_key_create(&seat_key, leave_seat);

	find_heap();
	for (size_t i = 0; ret == 0 && i < 4; i++)
		ret = um_self_sigaction(crashes[i], on_crash,
					SA_ONSTACK | SA_NODEFER);
	if (ret == 0)
		ret = um_self_sigaction(EJECT_SIGNAL, on_eject,
					SA_RESTART | SA_NODEFER);
	monitor = ret == 0 ? getpid() : 0;
	return ret;
}

int um_contained(void (*run)(void *arg), void *arg, int *status)
{
	struct um_contain c;

	um_contain_enter(&c, NULL);
	if (sigsetjmp(c.at, 0) == 0)
		run(arg);
	um_contain_leave(&c);
	if (!c.what)
		return 0;
	if (c.exited) {
		*status = c.status;
		return 1;
	}
	um_err("a thread of a module crashed (%s)", c.what);
	return -EIO;
}
