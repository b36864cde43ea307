// SPDX-License-Identifier: GPL-2.0-or-later
/* check.h - checks, fixtures and raw calls for the programs of tests/sys */

#ifndef SYS_CHECK_H
#define SYS_CHECK_H

/*
 * A program calls t_init(), then RUN() or RUN_WAYS() for each of its tests,
 * and returns t_done().  Every test starts in a new, empty working directory
 * inside the directory under test and ends with it removed, with descriptors
 * above 2 closed and umask 022.  Counters live in shared memory: checks made
 * in a forked child count.  A test that takes too long is a failure.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* A pointer to nothing; volatile, or the compiler sees through it. */
extern void *volatile t_bad_ptr;
#define T_BAD_PTR  t_bad_ptr
#define T_PATH	   8192
#define T_COUNT(x) (sizeof(x) / sizeof((x)[0]))

/* The directory a test works in; it is also the working directory. */
extern char t_work[T_PATH];
/* A directory on the host's own file system. */
extern char t_host[T_PATH];

void t_init(int argc, char **argv);
int t_done(void);
void t_run(const char *name, void (*fn)(void));
#define RUN(fn) t_run(#fn, fn)

/* Prints what was met where more than one answer is right. */
void t_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Ends the program: nothing of it can be tested here. */
void t_skip(const char *why) __attribute__((noreturn));

/*
 * A way to name a file of the working directory: by absolute path, by dirfd,
 * through /proc/self/fd and so on.  RUN_WAYS() repeats a test for each way.
 */
struct t_way {
	const char *name;
	int fd;
	char prefix[T_PATH];
};

void t_run_ways(const char *name, void (*fn)(const struct t_way *));
#define RUN_WAYS(fn) t_run_ways(#fn, fn)
/* The name of @leaf for this way; lives for the next 16 calls of t_at, t_p. */
const char *t_at(const struct t_way *way, const char *leaf);
/* The absolute path of @leaf. */
const char *t_p(const char *leaf);
/* A path built by format, same storage. */
const char *t_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool t_check(bool ok, const char *file, int line, const char *what);
bool t_eq(long long got, long long want, const char *file, int line,
	  const char *what);
long t_ok(long ret, const char *file, int line, const char *what);
bool t_err(long ret, int want, int other, const char *file, int line,
	   const char *what);
bool t_str(const char *got, const char *want, const char *file, int line);
bool t_mem(const void *got, const void *want, size_t len, const char *file,
	   int line, const char *what);
bool t_file(const char *path, const char *want, const char *file, int line);

#define CHECK(cond) t_check((cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ(got, want)                                                    \
	t_eq((long long)(got), (long long)(want), __FILE__, __LINE__, #got)
/* The call answers >= 0; its value is the macro's. */
#define CHECK_OK(call)                                                         \
	t_ok((errno = 0, (long)(call)), __FILE__, __LINE__, #call)
#define CHECK_ERRNO(call, want)                                                \
	t_err((errno = 0, (long)(call)), want, want, __FILE__, __LINE__, #call)
/* Either error is right (it depends on the kernel or the file system). */
#define CHECK_ERRNO2(call, want, other)                                        \
	t_err((errno = 0, (long)(call)), want, other, __FILE__, __LINE__, #call)
#define CHECK_STR(got, want) t_str(got, want, __FILE__, __LINE__)
#define CHECK_MEM(got, want, len)                                              \
	t_mem(got, want, len, __FILE__, __LINE__, #got)
#define CHECK_FILE(path, want) t_file(path, want, __FILE__, __LINE__)

/* Files. They check their own success. */
void t_put(const char *path, const char *text);
void t_put_at(int dirfd, const char *path, const char *text);
void t_fill(const char *path, size_t len, unsigned int seed);
char t_byte(size_t pos, unsigned int seed);
ssize_t t_get(const char *path, char *buf, size_t size);
void t_copy(const char *from, const char *to, mode_t mode);
bool t_exists(const char *path);
int t_open(const char *path, int flags);
/* -1 when there is none. */
long long t_size(const char *path);
mode_t t_mode(const char *path);
long t_nlink(const char *path);
ino_t t_ino(const char *path);
void t_rm_rf(int dirfd, const char *name);
/* A string of @len times @c; the caller frees. */
char *t_long(size_t len, char c);
/* Appends @more to the string in buf[size]. */
void t_append(char *buf, size_t size, const char *more);
/* The absolute path of @leaf padded by "./" to @len bytes; caller frees. */
char *t_padded(const char *leaf, size_t len);

/* Processes. A child has its own deadline and leaves by _exit(). */
pid_t t_fork(void);
/* Exit status, or 128 plus the signal. */
int t_wait(pid_t pid);
/* True when @fd becomes readable within @ms. */
bool t_readable(int fd, int ms);
/* Handshakes over a pipe. */
void t_post(int fd);
bool t_await(int fd);
/* Sends @sig every few milliseconds until @fd is readable. */
void t_signal_until(pid_t pid, int sig, int fd);
/* Installs a handler that counts into t_signals; flags as in sigaction(2). */
void t_handler(int sig, int flags);
extern volatile sig_atomic_t t_signals;

/* Calls that libc hides, alters or may lack. */
static inline int sys_openat2(int dirfd, const char *path, const void *how,
			      size_t size)
{
	return (int)syscall(SYS_openat2, dirfd, path, how, size);
}

static inline int sys_statx(int dirfd, const char *path, int flags,
			    unsigned int mask, struct statx *out)
{
	return (int)syscall(SYS_statx, dirfd, path, flags, mask, out);
}

static inline int sys_renameat2(int olddir, const char *oldpath, int newdir,
				const char *newpath, unsigned int flags)
{
	return (int)syscall(SYS_renameat2, olddir, oldpath, newdir, newpath,
			    flags);
}

static inline int sys_faccessat2(int dirfd, const char *path, int mode,
				 int flags)
{
	return (int)syscall(SYS_faccessat2, dirfd, path, mode, flags);
}

static inline int sys_execveat(int dirfd, const char *path,
			       const char *const *argv, const char *const *envp,
			       int flags)
{
	return (int)syscall(SYS_execveat, dirfd, path, argv, envp, flags);
}

static inline int sys_fchmodat2(int dirfd, const char *path, mode_t mode,
				int flags)
{
	return (int)syscall(SYS_fchmodat2, dirfd, path, mode, flags);
}

static inline long sys_getdents64(int fd, void *buf, size_t size)
{
	return syscall(SYS_getdents64, fd, buf, size);
}

static inline long sys_getcwd(char *buf, size_t size)
{
	return syscall(SYS_getcwd, buf, size);
}

#endif
