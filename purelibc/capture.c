// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * capture.c - the public functions, and what happens to a captured call
 *
 * A thread's `limit` says what of its calls is its own: those made from a stack
 * below are native, for they are made by the function that captures (or the
 * thread is off: then the limit is the highest address). It is set while that
 * function runs and taken back while it makes a native call: what a signal
 * handler does then is the program's again, and a handler that jumps away, a
 * cancelled thread or an exec in a vforked child leaves the thread as it
 * should be.
 *
 * A handler that interrupts the function itself is native. If it jumps away,
 * the limit remains; is_inside() sees it at the next call from further up.
 */
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

_Thread_local struct pure_thread pure_self;

static long (*raw)(const long call[7]) = pure_raw_before;
static _Atomic(sfun) callback;
static sfun variable; /* the oldest form's */
static bool started;
static bool dispatch_wanted;
/* The number of this process, in a page that fork clears. */
static _Atomic uint64_t *process;
static _Atomic uint64_t n_processes;

long pure_call(long nr, long a, long b, long c, long d, long e, long f)
{
	const long call[7] = { nr, a, b, c, d, e, f };

	return raw(call);
}

static void block(struct pure_thread *t, bool on)
{
	if (t->armed)
		t->selector = on ? PURE_STOP : PURE_PASS;
}

/* To the program: the limit is lifted while the call is in the kernel. */
static long native(long nr, ...)
{
	struct pure_thread *t = &pure_self;
	uint64_t limit = t->limit;
	long call[7] = { nr };
	va_list ap;
	long ret;

	va_start(ap, nr);
	for (int i = 1; i < 7; i++)
		call[i] = va_arg(ap, long);
	va_end(ap);
	if (limit != PURE_OFF && limit) {
		t->limit = 0;
		block(t, true);
		ret = raw(call);
		block(t, false);
		t->limit = limit;
	} else {
		ret = raw(call);
	}
	if ((unsigned long)ret < -4095UL)
		return ret;
	errno = (int)-ret;
	return -1;
}

sfun _pure_native_syscall = native;
sfun _pure_socketcall;

/* ---- a captured call ---- */

/* User dispatch does not survive fork, nor does a thread inherit it. */
static void arm(struct pure_thread *t)
{
	uint64_t here = atomic_load(process);

	if (here && t->process == here)
		return;
	if (!here) {
		here = atomic_fetch_add(&n_processes, 1) + 1;
		atomic_store(process, here);
	}
	t->process = here;
	t->armed = false;
	if (dispatch_wanted)
		pure_sud_arm(t);
}

/*
 * Whether the call is made by the function that captures, or by a handler that
 * interrupted it. A limit below the stack pointer is a stale one, unless this
 * is another stack.
 */
static bool is_inside(const struct pure_frame *f, const struct pure_thread *t)
{
	stack_t ss = { .ss_flags = 0 };

	if (!t->limit || t->limit > (uint64_t)(uintptr_t)f)
		return t->limit;
	return PURE_CALL(SYS_sigaltstack, 0, &ss) == 0 &&
	       (ss.ss_flags & SS_ONSTACK);
}

/* A vforked child that execs leaves its parent's limit behind: none. */
static long call_inside(const struct pure_frame *f, struct pure_thread *t)
{
	bool exec = f->nr == SYS_execve || f->nr == SYS_execveat;
	uint64_t limit = t->limit;
	long ret;

	if (exec && limit != PURE_OFF)
		t->limit = 0;
	ret = pure_call(f->nr, f->arg[0], f->arg[1], f->arg[2], f->arg[3],
			f->arg[4], f->arg[5]);
	t->limit = limit;
	return ret;
}

static long call_back(const struct pure_frame *f, sfun fun)
{
	long ret;

	errno = 0;
	ret = fun(f->nr, f->arg[0], f->arg[1], f->arg[2], f->arg[3], f->arg[4],
		  f->arg[5]);
	if (ret == -1)
		return errno ? -errno : -EPERM;
	return ret;
}

/* A library that is being loaded: nobody has run its text yet. */
static void see_mmap(const struct pure_frame *f, long at)
{
	if (f->nr == SYS_mmap && (unsigned long)at < -4095UL &&
	    (f->arg[2] & (PROT_EXEC | PROT_WRITE)) == PROT_EXEC &&
	    (f->arg[3] & (MAP_PRIVATE | MAP_ANONYMOUS)) == MAP_PRIVATE)
		(void)pure_region_patch((uint8_t *)at, (size_t)f->arg[1]);
}

static long capture(struct pure_frame *f, struct pure_thread *t)
{
	sfun fun = atomic_load(&callback);
	struct pure_guard guard;
	long ret;

	if (t->armed && f->nr == SYS_rt_sigaction && f->arg[0] == SIGSYS)
		return pure_sud_sigaction(f);
	if (t->armed && pure_sud_is(f))
		return -EINVAL;
	if (t->armed)
		pure_guard_masks(f, &guard);
	if (fun)
		ret = call_back(f, fun);
	else
		ret = pure_call(f->nr, f->arg[0], f->arg[1], f->arg[2],
				f->arg[3], f->arg[4], f->arg[5]);
	see_mmap(f, ret);
	return ret;
}

long pure_dispatch(struct pure_frame *f)
{
	struct pure_thread *t = &pure_self;
	struct pure_frame call = *f;
	int saved;
	long ret;

	if (is_inside(f, t))
		return call_inside(f, t);
	t->limit = (uint64_t)(uintptr_t)f;
	saved = errno;
	arm(t);
	block(t, false);
	ret = capture(&call, t);
	errno = saved;
	t->limit = t->off ? PURE_OFF : 0;
	block(t, !t->off);
	return ret;
}

/* ---- the public functions ---- */

static int set_off(bool off)
{
	struct pure_thread *t = &pure_self;
	bool was_on = !t->off;
	bool inside = t->limit && t->limit != PURE_OFF;

	t->off = off;
	if (!inside) {
		t->limit = off ? PURE_OFF : 0;
		block(t, !off);
	}
	return was_on;
}

int _pure_on(void)
{
	return set_off(false);
}

int _pure_off(void)
{
	return set_off(true);
}

long _pure_debug_printf(const char *format, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (n < 0)
		return n;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	return PURE_CALL(SYS_write, STDERR_FILENO, line, n);
}

static bool has_threads(void)
{
	struct stat st;

	return stat("/proc/self/task", &st) == 0 && st.st_nlink > 3;
}

/* Text that comes with the program. The kernel's own cannot be written. */
static int patch_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (info->dlpi_addr == getauxval(AT_SYSINFO_EHDR))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD &&
		    (p->p_flags & (PF_X | PF_W)) == PF_X)
			(void)pure_region_patch(
				(uint8_t *)(info->dlpi_addr + p->p_vaddr),
				p->p_filesz);
	}
	return 0;
}

static int64_t limit_offset(void)
{
	uint64_t thread;

	__asm__("mov %%fs:0, %0" : "=r"(thread));
	return (int64_t)((uint64_t)(uintptr_t)&pure_self.limit - thread);
}

static int set_up_process(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -ENOMEM;
	if (madvise(page, 4096, MADV_WIPEONFORK) < 0) {
		munmap(page, 4096);
		return -ENOSYS;
	}
	process = page;
	return 0;
}

static int start(int flags)
{
	struct pure_config config = {
		.dispatch = (uint64_t)(uintptr_t)pure_dispatch,
		.limit = limit_offset(),
	};
	const char *code;
	int ret;

	if (has_threads())
		return -EBUSY;
	pure_vector_setup(&config);
	ret = set_up_process();
	if (!ret)
		ret = pure_region_setup(&config);
	if (ret)
		return ret;
	pure_sud_announce();
	code = pure_region_code(pure_raw);
	memcpy(&raw, &code, sizeof(raw));
	dispatch_wanted =
		!(flags & PUREFLAG_NODISPATCH) && pure_sud_setup() == 0;
	pure_self.limit = PURE_OFF;
	dl_iterate_phdr(patch_object, NULL);
	arm(&pure_self);
	pure_self.limit = 0;
	if (!pure_region.used && !pure_self.armed)
		return -EACCES;
	block(&pure_self, true);
	started = true;
	return 0;
}

sfun(_pure_start)(sfun syscall_fun, int flags)
{
	int ret = started ? 0 : start(flags);

	if (ret) {
		errno = -ret;
		return NULL;
	}
	atomic_store(&callback, syscall_fun);
	return native;
}

sfun _pure_start_socket(sfun syscall_fun, sfun socketcall_fun, int flags)
{
	_pure_socketcall = socketcall_fun;
	return _pure_start(syscall_fun, flags);
}

/* The variable may change at any time: it is looked at in each call. */
static long call_variable(long nr, ...)
{
	sfun fun = variable ? variable : native;
	long arg[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	return fun(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

sfun *_pure_syscall_variable(void)
{
	if (!started)
		_pure_start(call_variable, 0);
	return &variable;
}
