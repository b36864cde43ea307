// SPDX-License-Identifier: GPL-2.0-or-later
/* capture_test.c - what a program sees that captures its own calls */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "fixture.h"

static void sees_calls_and_their_results(void)
{
	pid_t pid = getpid();

	start();
	CHECK(replaceable_getpid() == pid);
	CHECK(seen[SYS_getpid] == 1);
	CHECK(syscall(SYS_getppid) == getppid());
	CHECK(seen[SYS_getppid] == 2);
	CHECK(native(SYS_getpid) == pid);
	CHECK(_pure_native_syscall(SYS_getpid) == pid);
	CHECK(seen[SYS_getpid] == 1);
}

static void errors_come_back_as_errno(void)
{
	start();
	errno = 0;
	CHECK(close(1000) == -1 && errno == EBADF);
	errno = ERANGE;
	CHECK(write(-1, "", 0) == -1 && errno == EBADF);
	errno = ERANGE;
	CHECK(getppid() > 0 && errno == ERANGE);
	CHECK(native(SYS_close, 1000) == -1 && errno == EBADF);
}

static long refuse_opens(long nr, const long arg[6])
{
	if (nr == SYS_openat || nr == SYS_open) {
		errno = EACCES;
		return -1;
	}
	return native(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static void the_function_decides(void)
{
	FILE *f;

	start();
	hook = refuse_opens;
	CHECK(open("/", O_RDONLY) == -1 && errno == EACCES);
	f = fopen("/dev/null", "r");
	CHECK(!f && errno == EACCES);
	hook = NULL;
	CHECK(open("/", O_RDONLY) >= 0);
}

static void stdio_and_directories_are_seen(void)
{
	int fd[2];
	FILE *f;

	CHECK(pipe(fd) == 0);
	start();
	f = fdopen(fd[1], "w");
	CHECK(f && fputs("x", f) >= 0 && fclose(f) == 0);
	CHECK(seen[SYS_write] + seen[SYS_writev] == 1);
	CHECK(seen[SYS_close] == 1);
}

static void registers_and_red_zone_are_kept(void)
{
	start();
	for (int i = 0; i < 1000; i++)
		CHECK(keeps_registers() == 0);
	CHECK(seen[SYS_getpid] == 1000);
}

static void a_thread_may_be_off(void)
{
	start();
	CHECK(_pure_off() == 1);
	CHECK(_pure_off() == 0);
	replaceable_getpid();
	fixed_call(SYS_getpid, 0, 0);
	CHECK(seen[SYS_getpid] == 0);
	CHECK(_pure_on() == 0);
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
}

static long switch_off(long nr, const long arg[6])
{
	(void)arg;
	_pure_off();
	return native(nr);
}

static void off_within_the_function_holds_after_it(void)
{
	start();
	hook = switch_off;
	replaceable_getpid();
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
}

static void the_function_itself_is_native(void)
{
	start();
	hook = use_libc;
	CHECK(replaceable_getpid() == native(SYS_getpid));
	CHECK(seen[SYS_getpid] == 1 && !seen[SYS_openat] && !seen[SYS_open]);
}

static void what_cannot_be_replaced_is_dispatched(void)
{
	pid_t pid = getpid();

	need_dispatch();
	start();
	CHECK(fixed_call(SYS_getpid, 0, 0) == pid);
	CHECK(seen[SYS_getpid] == 1);
	CHECK(fixed_call(SYS_close, 1000, 0) == -EBADF);
}

/* Code that was generated: eight bytes. */
static long (*generate(const unsigned char code[8]))(void)
{
	long (*fun)(void);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	memcpy(p, code, 8);
	CHECK(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
	memcpy(&fun, &p, sizeof(fun));
	return fun;
}

static void generated_code_is_dispatched(void)
{
	static const unsigned char code[] = { 0xb8, SYS_getpid, 0,    0,
					      0,    0x0f,	0x05, 0xc3 };
	long (*fun)(void);

	need_dispatch();
	start();
	fun = generate(code);
	CHECK(fun() == native(SYS_getpid));
	CHECK(seen[SYS_getpid] == 1);
}

/* 20 is getpid there, and writev here. */
static void the_32_bit_interface_is_native(void)
{
	static const unsigned char code[] = { 0xb8, 20,	  0,	0,
					      0,    0xcd, 0x80, 0xc3 };
	long (*fun)(void) = generate(code);
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fun() != getpid());
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status)
		_exit(SKIP); /* not with this kernel */
	start();
	CHECK(fun() == getpid());
	CHECK(!seen[SYS_writev]);
}

#ifdef PURE_TEST_PLUGIN
static void libraries_loaded_later_are_captured(void)
{
	long (*plugin_getpid)(void);
	void *p, *lib;

	start();
	lib = dlopen(PURE_TEST_PLUGIN, RTLD_NOW);
	CHECK(lib);
	p = dlsym(lib, "plugin_getpid");
	memcpy(&plugin_getpid, &p, sizeof(p));
	CHECK(p && plugin_getpid() == native(SYS_getpid));
	CHECK(seen[SYS_getpid] == 1);
}
#endif

static void the_older_names_work(void)
{
	_pure_syscall = count;
	native = _pure_native_syscall;
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
	_pure_syscall = NULL;
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == 1);
	native = _pure_start(count, count, PUREFLAG_STDALL);
	replaceable_getpid();
	CHECK(native && seen[SYS_getpid] == 2);
}

const struct check_test capture_tests[] = {
	TEST(sees_calls_and_their_results),
	TEST(errors_come_back_as_errno),
	TEST(the_function_decides),
	TEST(stdio_and_directories_are_seen),
	TEST(registers_and_red_zone_are_kept),
	TEST(a_thread_may_be_off),
	TEST(off_within_the_function_holds_after_it),
	TEST(the_function_itself_is_native),
	TEST(what_cannot_be_replaced_is_dispatched),
	TEST(generated_code_is_dispatched),
	TEST(the_32_bit_interface_is_native),
#ifdef PURE_TEST_PLUGIN
	TEST(libraries_loaded_later_are_captured),
#endif
	TEST(the_older_names_work),
	{ NULL, NULL },
};
