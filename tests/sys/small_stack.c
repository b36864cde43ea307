// SPDX-License-Identifier: GPL-2.0-or-later
/* small_stack.c - calls on the smallest stacks a thread can have */

#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

static atomic_int finished;
static atomic_int errors;

/* 0 or more, or -errno: no errno here, raw threads have no TLS. */
static long raw3(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return r;
}

static struct stat shared_stat;

/* Path and data calls, with next to nothing on the stack. */
static bool calls_are_right(void)
{
	char buf[8] = "";
	long fd = raw3(SYS_open, (long)"f", O_RDONLY, 0);
	bool ok = fd >= 0 && raw3(SYS_read, fd, (long)buf, 8) == 8 &&
		  buf[0] == 'c' && buf[7] == 's' &&
		  raw3(SYS_lseek, fd, 3, SEEK_SET) == 3 &&
		  raw3(SYS_close, fd, 0, 0) == 0;

	return ok && raw3(SYS_stat, (long)"f", (long)&shared_stat, 0) == 0 &&
	       raw3(SYS_stat, (long)"absent", (long)&shared_stat, 0) ==
		       -ENOENT &&
	       raw3(SYS_access, (long)"f", R_OK, 0) == 0 &&
	       raw3(SYS_readlink, (long)"l", (long)buf, 8) == 1;
}

static void *in_thread(void *arg)
{
	int i;

	for (i = 0; i < 50; i++)
		if (!calls_are_right())
			errors++;
	return arg;
}

static void make_names(void)
{
	t_put("f", "contents");
	CHECK_OK(symlink("f", "l"));
	errors = 0;
}

/* Thread-local storage counts too: the least that libc lets pass. */
static int create_smallest(pthread_t *out)
{
	size_t size = PTHREAD_STACK_MIN;
	pthread_attr_t attr;
	int r = EINVAL;

	pthread_attr_init(&attr);
	pthread_attr_setguardsize(&attr, 0);
	for (; r == EINVAL && size < 1 << 20; size += 4096) {
		pthread_attr_setstacksize(&attr, size);
		r = pthread_create(out, &attr, in_thread, NULL);
	}
	pthread_attr_destroy(&attr);
	return r;
}

static void the_smallest_pthread(void)
{
	pthread_t thread[4];
	int i;

	make_names();
	for (i = 0; i < 4; i++)
		CHECK_EQ(create_smallest(&thread[i]), 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
	CHECK_EQ(errors, 0);
}

static int in_clone(void *arg)
{
	in_thread(arg);
	finished = 1;
	raw3(SYS_exit, 0, 0, 0);
	return 0;
}

/* A stack of @size bytes that ends at a page which nobody may touch. */
static void raw_thread(size_t size)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		    CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	static _Atomic pid_t tid;
	char *stack = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_OK(mprotect(stack, 4096, PROT_NONE));
	finished = 0;
	tid = 1;
	/* The low part of the page is someone else's: it must stay. */
	memset(stack + 4096, 0x5a, 4096 - size);
	CHECK_OK(clone(in_clone, stack + 8192, flags, NULL, NULL, NULL, &tid));
	while (tid != 0)
		sched_yield();
	CHECK_EQ(finished, 1);
	while (size < 4096 && stack[8192 - ++size] == 0x5a)
		;
	CHECK_EQ(size, 4096);
	CHECK_OK(munmap(stack, 8192));
}

static void a_page_for_a_stack(void)
{
	int i;

	make_names();
	for (i = 0; i < 10; i++)
		raw_thread(4096);
	CHECK_EQ(errors, 0);
}

static void two_kilobytes_for_a_stack(void)
{
	int i;

	make_names();
	for (i = 0; i < 10; i++)
		raw_thread(2048);
	CHECK_EQ(errors, 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(the_smallest_pthread);
	RUN(a_page_for_a_stack);
	RUN(two_kilobytes_for_a_stack);
	return t_done();
}
