// SPDX-License-Identifier: GPL-2.0-or-later
/* exec_help.c - a program that reports how it was started, and its starter */

#include "exec_help.h"

#include <pthread.h>
#include <sys/auxv.h>

char x_out[65536];

static void print_file(const char *name, const char *path)
{
	char buf[4096];
	ssize_t n = t_get(path, buf, sizeof(buf));
	ssize_t i;

	printf("%s=", name);
	for (i = 0; i < n; i++)
		if (buf[i] != '\n')
			putchar(buf[i] ? buf[i] : '|');
	putchar('\n');
}

static void report(int argc, char **argv)
{
	const char *env = getenv("T_ENV");
	char buf[T_PATH] = "";
	int i;

	printf("pid=%d\nargc=%d\n", (int)getpid(), argc);
	for (i = 0; i < argc; i++)
		printf("argv%d=%s\n", i, argv[i]);
	print_file("cmdline", "/proc/self/cmdline");
	print_file("comm", "/proc/self/comm");
	if (readlink("/proc/self/exe", buf, sizeof(buf) - 1) < 0)
		snprintf(buf, sizeof(buf), "?");
	printf("exe=%s\n", buf);
	printf("execfn=%s\n", (const char *)getauxval(AT_EXECFN));
	printf("T_ENV=%s\nend=1\n", env ? env : "(none)");
}

static void *sleep_on(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void count(int argc, char **argv)
{
	size_t total = 0;
	int i;

	for (i = 0; i < argc; i++)
		total += strlen(argv[i]) + 1;
	printf("count=%d\ntotal=%zu\n", argc, total);
}

/* With a thread that an exec ends. */
static void again(char *self, int n)
{
	char left[16];
	char word[] = "@again";
	char *argv[] = { self, word, left, NULL };
	pthread_t thread;

	if (n == 0)
		_exit(7);
	snprintf(left, sizeof(left), "%d", n - 1);
	if (pthread_create(&thread, NULL, sleep_on, NULL) != 0)
		_exit(1);
	execv("/proc/self/exe", argv);
	_exit(2);
}

void x_helper(int argc, char **argv)
{
	const char *word = NULL;
	const char *arg = "0";
	int i;

	for (i = 1; i < argc && !word; i++)
		if (argv[i][0] == '@') {
			word = argv[i];
			arg = i + 1 < argc ? argv[i + 1] : "0";
		}
	if (!word)
		return;
	if (strcmp(word, "@report") == 0)
		report(argc, argv);
	else if (strcmp(word, "@count") == 0)
		count(argc, argv);
	else if (strcmp(word, "@again") == 0)
		again(argv[0], atoi(arg));
	else if (strcmp(word, "@fd") == 0)
		printf("fd=%s\n",
		       fcntl(atoi(arg), F_GETFD) < 0 ? "closed" : "open");
	fflush(stdout);
	exit(atoi(arg) & (strcmp(word, "@exit") == 0 ? 255 : 0));
}

void x_copy(const char *path)
{
	t_copy("/proc/self/exe", path, 0755);
}

static void start(const struct x_call *call)
{
	const char *const *envp =
		call->envp ? call->envp : (const char *const *)environ;
	char text[64];
	int n;

	if (call->at)
		sys_execveat(call->fd, call->path, call->argv, envp,
			     call->flags);
	else
		syscall(SYS_execve, call->path, call->argv, envp);
	n = snprintf(text, sizeof(text), "errno=%s\n", strerrorname_np(errno));
	if (write(STDOUT_FILENO, text, (size_t)n) != n)
		_exit(126);
	_exit(127);
}

int x_run(const struct x_call *call)
{
	size_t len = 0;
	ssize_t n;
	int fd[2];
	pid_t pid;

	if (pipe(fd) < 0)
		return -1;
	pid = t_fork();
	if (pid == 0) {
		close(fd[0]);
		dup2(fd[1], STDOUT_FILENO);
		close(fd[1]);
		start(call);
	}
	close(fd[1]);
	do {
		n = read(fd[0], x_out + len, sizeof(x_out) - 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	x_out[len] = '\0';
	close(fd[0]);
	return t_wait(pid);
}

int x_report(const char *path, const char *argv0)
{
	const char *const argv[] = { argv0, "@report", NULL };
	struct x_call call = { .path = path, .argv = argv };

	return x_run(&call);
}

const char *x_field(const char *name)
{
	const char *key = t_fmt("%s=", name);
	const char *line = x_out;
	const char *end;

	while (line && strncmp(line, key, strlen(key)) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return "(nothing)";
	line += strlen(key);
	end = strchr(line, '\n');
	return t_fmt("%.*s", (int)(end ? end - line : 4000), line);
}

void x_calls_are_right(void)
{
	CHECK_EQ(t_size("f"), 8);
	CHECK_FILE("f", "contents");
	CHECK(!t_exists("absent"));
	t_put("g", "written");
	CHECK_FILE("g", "written");
}

void x_in_child(void (*fn)(void))
{
	static const char *const argv[] = { "./self", "@exit", "7", NULL };
	pid_t pid;

	t_put("f", "contents");
	x_copy("self");
	pid = t_fork();
	if (pid == 0) {
		fn();
		x_calls_are_right();
		syscall(SYS_execve, "./self", argv, environ);
		_exit(1);
	}
	CHECK_EQ(t_wait(pid), 7);
}
