// SPDX-License-Identifier: GPL-2.0-or-later
/* limits.c - small limits, no ASLR, not dumpable, a gs base of one's own */

#include "exec_help.h"

#include <asm/prctl.h>
#include <pthread.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void set_limit(int what, rlim_t value)
{
	struct rlimit limit = { value, value };

	CHECK_OK(setrlimit(what, &limit));
}

static void set_small_stack(void)
{
	set_limit(RLIMIT_STACK, 128 << 10);
}

static void a_small_stack(void)
{
	x_in_child(set_small_stack);
}

static void set_no_stack_limit(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_STACK, &limit) < 0)
		t_note("no unlimited stack here");
}

static void an_unlimited_stack(void)
{
	x_in_child(set_no_stack_limit);
}

/* All descriptors in use: open fails, what needs none goes on. */
static void use_all_descriptors(void)
{
	struct stat st;
	int fd;
	int last = -1;

	set_limit(RLIMIT_NOFILE, 16);
	while ((fd = open("f", O_RDONLY | O_CLOEXEC)) >= 0)
		last = fd;
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(last, 15);
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_size, 8);
	CHECK_OK(access("f", R_OK));
	CHECK_ERRNO(open("new", O_WRONLY | O_CREAT, 0644), EMFILE);
	CHECK_OK(mkdir("d", 0755));
	/* In a view a descriptor stands for the directory for a moment. */
	if (chdir("d") < 0) {
		CHECK_EQ(errno, EMFILE);
		t_note("chdir wants a free descriptor");
	} else {
		CHECK_OK(chdir(".."));
	}
	CHECK_OK(rmdir("d"));
	CHECK_OK(close(last));
}

static void few_descriptors(void)
{
	x_in_child(use_all_descriptors);
}

/* An exec needs a descriptor for a moment, the limit does not count it. */
static void exec_with_all_in_use(void)
{
	set_limit(RLIMIT_NOFILE, 8);
	while (open("f", O_RDONLY | O_CLOEXEC) >= 0)
		;
	CHECK_EQ(errno, EMFILE);
	close(7);
}

static void an_exec_without_free_descriptors(void)
{
	x_in_child(exec_with_all_in_use);
}

static void exec_with_one_free(void)
{
	set_limit(RLIMIT_NOFILE, 4);
	close(3);
}

static void an_exec_with_one_free_descriptor(void)
{
	x_in_child(exec_with_one_free);
}

static void set_no_aslr(void)
{
	CHECK_OK(personality(ADDR_NO_RANDOMIZE));
}

static void addresses_not_random(void)
{
	x_in_child(set_no_aslr);
}

static void set_not_dumpable(void)
{
	CHECK_OK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	x_calls_are_right();
	t_put("new", "new");
	CHECK_FILE("new", "new");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	CHECK_OK(chdir(".."));
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		t_note("it is dumpable still");
}

static void not_dumpable(void)
{
	x_in_child(set_not_dumpable);
}

static void not_dumpable_and_forking(void)
{
	pid_t pid = t_fork();

	t_put("f", "contents");
	if (pid == 0) {
		set_not_dumpable();
		pid = fork();
		if (pid == 0) {
			x_calls_are_right();
			_exit(0);
		}
		_exit(t_wait(pid));
	}
	CHECK_EQ(t_wait(pid), 0);
}

static unsigned long gs_values[2] = { 0x1234567890, 0xabcdef };

static unsigned long read_gs(void)
{
	unsigned long value;

	__asm__ volatile("mov %%gs:0,%0" : "=r"(value));
	return value;
}

static void check_gs(int which)
{
	unsigned long base = 0;
	int i;

	CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, &gs_values[which]));
	for (i = 0; i < 20; i++) {
		x_calls_are_right();
		CHECK_EQ(read_gs(), gs_values[which]);
	}
	CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	CHECK_EQ(base, (long)&gs_values[which]);
	CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	CHECK(base != 0);
}

static void *gs_in_thread(void *arg)
{
	check_gs(1);
	return arg;
}

static void a_gs_base(void)
{
	pthread_t thread;

	t_put("f", "contents");
	check_gs(0);
	CHECK_EQ(pthread_create(&thread, NULL, gs_in_thread, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(read_gs(), gs_values[0]);
	CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0L));
}

int main(int argc, char **argv)
{
	x_helper(argc, argv);
	t_init(argc, argv);
	RUN(a_small_stack);
	RUN(an_unlimited_stack);
	RUN(few_descriptors);
	RUN(an_exec_without_free_descriptors);
	RUN(an_exec_with_one_free_descriptor);
	RUN(addresses_not_random);
	RUN(not_dumpable);
	RUN(not_dumpable_and_forking);
	RUN(a_gs_base);
	return t_done();
}
