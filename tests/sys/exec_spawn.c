// SPDX-License-Identifier: GPL-2.0-or-later
/* exec_spawn.c - exec from vfork, posix_spawn, threads, with state kept */

#include "exec_help.h"

#include <pthread.h>
#include <spawn.h>

static char *args[] = { (char[]){ "x" }, (char[]){ "@report" }, NULL };
static int out[2];

static void open_out(void)
{
	CHECK_OK(pipe(out));
}

static void read_out(void)
{
	size_t len = 0;
	ssize_t n;

	close(out[1]);
	do {
		n = read(out[0], x_out + len, sizeof(x_out) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	x_out[len] = '\0';
	close(out[0]);
}

static void from_a_vforked_child(void)
{
	pid_t pid;

	x_copy("prog");
	open_out();
	pid = vfork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execve("./prog", args, environ);
		_exit(127);
	}
	read_out();
	CHECK_EQ(t_wait(pid), 0);
	CHECK_STR(x_field("pid"), t_fmt("%d", (int)pid));
	CHECK_STR(x_field("exe"), t_p("prog"));
	pid = vfork();
	if (pid == 0) {
		execve("./none", args, environ);
		_exit(errno == ENOENT ? 5 : 6);
	}
	CHECK_EQ(t_wait(pid), 5);
	CHECK_FILE("/proc/self/comm",
		   t_fmt("%.15s\n", program_invocation_short_name));
}

static void by_posix_spawn(void)
{
	posix_spawn_file_actions_t acts;
	pid_t pid = -1;

	x_copy("prog");
	open_out();
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&acts, 9, "prog", O_RDONLY, 0);
	CHECK_EQ(posix_spawn(&pid, "./prog", &acts, NULL, args, environ), 0);
	posix_spawn_file_actions_destroy(&acts);
	read_out();
	CHECK_EQ(t_wait(pid), 0);
	CHECK_STR(x_field("pid"), t_fmt("%d", (int)pid));
	CHECK_STR(x_field("exe"), t_p("prog"));
	CHECK_EQ(posix_spawn(&pid, "./none", NULL, NULL, args, environ),
		 ENOENT);
	CHECK_EQ(posix_spawn(&pid, ".", NULL, NULL, args, environ), EACCES);
}

static void *exec_here(void *arg)
{
	(void)arg;
	execve("./prog", args, environ);
	_exit(127);
}

static void *wait_here(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void from_a_thread_that_is_not_the_leader(void)
{
	pthread_t thread;
	pid_t pid;

	x_copy("prog");
	open_out();
	pid = t_fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		CHECK_EQ(pthread_create(&thread, NULL, wait_here, NULL), 0);
		CHECK_EQ(pthread_create(&thread, NULL, exec_here, NULL), 0);
		wait_here(NULL);
	}
	read_out();
	CHECK_EQ(t_wait(pid), 0);
	CHECK_STR(x_field("pid"), t_fmt("%d", (int)pid));
	CHECK_STR(x_field("comm"), "prog");
	CHECK_STR(x_field("exe"), t_p("prog"));
}

static void offsets_and_cwd_survive(void)
{
	const char *const argv[] = { "sh", "-c",
				     "read a; echo $a; pwd; cat <&8; umask",
				     NULL };
	struct x_call call = { .path = "/bin/sh", .argv = argv };
	int fd;

	CHECK_OK(mkdir("d", 0755));
	t_put("f", "0123456789");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
	CHECK_EQ(dup2(fd, 8), 8);
	t_put("in", "line one\nline two\n");
	CHECK_OK(chdir("d"));
	umask(027);
	fd = dup(0);
	CHECK_EQ(dup2(open("../in", O_RDONLY), 0), 0);
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_out, t_fmt("line one\n%s\n567890027\n", t_p("d")));
	if (fd >= 0)
		dup2(fd, 0);
	else
		close(0);
}

static void many_in_a_row(void)
{
	int i;

	x_copy("prog");
	for (i = 0; i < 50; i++)
		CHECK_EQ(x_report("./prog", "x"), 0);
}

static void ignored_signals_stay_ignored(void)
{
	const char *const argv[] = { "sh", "-c", "kill -USR1 $$; echo alive",
				     NULL };
	struct x_call call = { .path = "/bin/sh", .argv = argv };

	signal(SIGUSR1, SIG_IGN);
	CHECK_EQ(x_run(&call), 0);
	CHECK_STR(x_out, "alive\n");
	t_handler(SIGUSR1, 0);
	CHECK_EQ(x_run(&call), 128 + SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
}

int main(int argc, char **argv)
{
	x_helper(argc, argv);
	t_init(argc, argv);
	RUN(from_a_vforked_child);
	RUN(by_posix_spawn);
	RUN(from_a_thread_that_is_not_the_leader);
	RUN(offsets_and_cwd_survive);
	RUN(many_in_a_row);
	RUN(ignored_signals_stay_ignored);
	return t_done();
}
