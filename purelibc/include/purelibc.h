/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* purelibc.h - a process captures its own system calls: purelibc(3) */
#ifndef PURELIBC_H
#define PURELIBC_H

#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As syscall(2): arguments of the call; the result, or -1 and errno. */
typedef long (*sfun)(long sysno, ...);

/* Streams to be captured. They always are; the names are for older programs. */
#define PUREFLAG_STDIN	(1 << STDIN_FILENO)
#define PUREFLAG_STDOUT (1 << STDOUT_FILENO)
#define PUREFLAG_STDERR (1 << STDERR_FILENO)
#define PUREFLAG_STDALL (PUREFLAG_STDIN | PUREFLAG_STDOUT | PUREFLAG_STDERR)
/* Only instructions that can be replaced: no Syscall User Dispatch. */
#define PUREFLAG_NODISPATCH (1 << 8)

/**
 * _pure_start() - capture the system calls of this process
 * @syscall_fun: is called instead; NULL: none, calls are native
 * @flags: PUREFLAG_…
 *
 * The first call must be made while the process has one thread. Later ones
 * only exchange the function.
 *
 * Return: a function that makes calls natively; NULL and errno (EBUSY: there
 * are other threads; ENOMEM; ENOSYS: the kernel is too old; EACCES: text may not
 * be changed here, and there is no dispatch).
 */
sfun _pure_start(sfun syscall_fun, int flags);

/*
 * Up to version 0.4 there were three arguments, the second for processors
 * whose socket calls are one call. Both forms are understood.
 */
sfun _pure_start_socket(sfun syscall_fun, sfun socketcall_fun, int flags);
#define PURE_START_NAME(a, b, c, name, ...) name
#define _pure_start(...)                                                       \
	PURE_START_NAME(__VA_ARGS__, _pure_start_socket, _pure_start, 0)       \
	(__VA_ARGS__)

/**
 * _pure_on() - capture the calls of the calling thread (again)
 * _pure_off() - let them pass natively
 *
 * A thread begins on. Within the function that captures they take effect when
 * it returns. May be called in signal handlers.
 *
 * Return: 1 if the thread was on, 0 if it was off.
 */
int _pure_on(void);
int _pure_off(void);

/* A call that nothing captures. As syscall(2). */
extern sfun _pure_native_syscall;

/*
 * The oldest form: assign a function to _pure_syscall. The first use of the
 * name begins the capture. _pure_socketcall is never called on this processor.
 */
sfun *_pure_syscall_variable(void);
#define _pure_syscall (*_pure_syscall_variable())
extern sfun _pure_socketcall;

/* As printf, to standard error, never captured; 1023 bytes at most. */
long _pure_debug_printf(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
