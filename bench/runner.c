// SPDX-License-Identifier: GPL-2.0-or-later
/* runner.c - lives on one side of a comparison and times commands there */

/*
 * One runner is started natively, one in a view, one below each peer, and all
 * stay; bench/run asks them in turn. So each comparison is made within the
 * same seconds, and the start of a session is no part of it.
 *
 * A request is a line of fields with tabs between: KIND DIR WORD... . The
 * command WORD... is run in DIR without a shell.
 *   time   answers its nanoseconds, from before fork to after wait
 *   value  answers the number that it printed
 *   do     answers 0
 *   root   as do, as the runner's own user
 * The answer is a number, or "fail STATUS". What commands say on standard
 * error goes to the runner's. With UID and GID as arguments all but root is
 * run under those ids. The runner ends at the end of its input, or at an
 * empty line.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 64 };

struct request {
	const char *kind;
	const char *dir;
	char *argv[MAX_WORDS + 1];
};

static uid_t uid;
static gid_t gid;

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static bool parse(char *line, struct request *req)
{
	char *word;
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	req->kind = strsep(&line, "\t");
	req->dir = strsep(&line, "\t");
	while (n < MAX_WORDS && (word = strsep(&line, "\t")) != NULL)
		req->argv[n++] = word;
	req->argv[n] = NULL;
	return n > 0 && !line;
}

static void drop_root(void)
{
	if (uid == 0)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		_exit(126);
}

static void become(const struct request *req, int out)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out < 0 ? null : out, 1) < 0)
		_exit(126);
	if (null > 2)
		close(null);
	if (strcmp(req->kind, "root") != 0)
		drop_root();
	if (chdir(req->dir) < 0) {
		perror(req->dir);
		_exit(126);
	}
	execvp(req->argv[0], req->argv);
	perror(req->argv[0]);
	_exit(127);
}

/* Return: the exit status; @ns is what it took. */
static int run(const struct request *req, int out, long long *ns)
{
	long long start = now();
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		become(req, out);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 125;
	*ns = now() - start;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Prints the first word of what the command wrote. */
static int run_value(const struct request *req, long long *ns)
{
	char text[64] = "";
	int fd[2];
	int status;
	ssize_t n;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return 125;
	status = run(req, fd[1], ns);
	close(fd[1]);
	n = read(fd[0], text, sizeof(text) - 1);
	close(fd[0]);
	text[strcspn(text, " \n")] = '\0';
	if (status == 0 && n > 0)
		printf("%s\n", text);
	return status == 0 && n <= 0 ? 124 : status;
}

static void serve(const struct request *req)
{
	bool value = strcmp(req->kind, "value") == 0;
	long long ns = 0;
	int status = value ? run_value(req, &ns) : run(req, -1, &ns);

	if (status != 0)
		printf("fail %d\n", status);
	else if (strcmp(req->kind, "time") == 0)
		printf("%lld\n", ns);
	else if (!value)
		printf("0\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct request req;
	char *line = NULL;
	size_t size = 0;

	if (argc == 3) {
		uid = (uid_t)strtoul(argv[1], NULL, 10);
		gid = (gid_t)strtoul(argv[2], NULL, 10);
	}
	/* The first sign of life: bench/run waits for it. */
	printf("ready\n");
	fflush(stdout);
	while (getline(&line, &size, stdin) > 1) {
		if (!parse(line, &req)) {
			fprintf(stderr, "runner: bad request\n");
			return 2;
		}
		serve(&req);
	}
	free(line);
	return 0;
}
