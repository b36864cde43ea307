// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netproc.c - a network stack that is a process: how it begins and ends
 *
 * What the core asks (ops.c) is sent to the process as a message (requests.c,
 * proto.h); a thread reads the answers and wakes who waits. The process ends with
 * its end of the pair.
 */
#include "netproc.h"

#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <umview/module.h>

#include "message.h"
#include "proc.h"

/* How long a process may take to end. */
/* It may be at work for connections that are closed already. */
enum { PATIENCE_MS = 35000, STOPPED_MS = 2000 };

/* ---- its end ---- */

/*
 * It ends when its end of the pair is gone; one that is stuck is ended. Return:
 * its status.
 */
static int reap(pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	bool stopped = false;
	int status = 0;

	for (int n = 0; n < (stopped ? STOPPED_MS : PATIENCE_MS); n++) {
		pid_t got = waitpid(pid, &status, __WALL | WNOHANG | WUNTRACED);

		if (got == pid && WIFSTOPPED(status))
			stopped = true;
		else if (got != 0)
			return status;
		nanosleep(&nap, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	return status;
}

/* Its sockets fail with ENETDOWN; umount, and mount anew, is the way on. */
static void died(struct proc *l)
{
	int status = reap(l->pid);

	l->pid = 0;
	um_err("the process of a network stack has ended by itself (%s %d): its "
	       "sockets fail; unmount the stack and mount it anew",
	       WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	um_net_ended(&l->net);
}

static void *serve(void *arg)
{
	struct proc *l = arg;

	proc_answers(l);
	if (!l->ending)
		died(l);
	return NULL;
}

void proc_umount(struct um_net *net)
{
	struct proc *l = net->priv;

	l->ending = true;
	shutdown(l->fd, SHUT_RDWR);
	pthread_join(l->reader, NULL);
	close(l->fd);
	if (l->pid)
		reap(l->pid);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- its beginning ---- */

/* The program lies beside the module. */
static int find_program(const char *name, char *out, size_t size)
{
	char own[PATH_MAX];
	Dl_info info;

	if (!dladdr((const void *)find_program, &info) || !info.dli_fname ||
	    snprintf(own, sizeof(own), "%s", info.dli_fname) >=
		    (int)sizeof(own))
		return -ENOENT;
	if (snprintf(out, size, "%s/%s", dirname(own), name) >= (int)size)
		return -ENAMETOOLONG;
	return access(out, X_OK) < 0 ? -errno : 0;
}

static int spawn(struct proc *l, const char *program, char *const *words,
		 int fd)
{
	static char number[] = "3";
	posix_spawn_file_actions_t actions;
	size_t n = 0;
	char **argv;
	int ret;

	while (words && words[n])
		n++;
	argv = calloc(n + 3, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[0] = (char *)(uintptr_t)program;
	argv[1] = number;
	for (size_t i = 0; i < n; i++)
		argv[i + 2] = words[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 3);
	posix_spawn_file_actions_addclosefrom_np(&actions, 4);
	ret = posix_spawn(&l->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	free(argv);
	return -ret;
}

/* Its first message says whether it could begin. */
static int greeting(struct proc *l)
{
	struct st_rep hello = { 0 };
	const struct iovec iov = { &hello, sizeof(hello) };
	ssize_t n = message_receive(l->fd, &iov, 1, 0, NULL);

	if (n == sizeof(hello) && hello.ret == 0)
		return 0;
	shutdown(l->fd, SHUT_RDWR);
	waitpid(l->pid, NULL, __WALL);
	return n == sizeof(hello) ? hello.ret : -EIO;
}

static int start(struct proc *l, const char *name, char *const *words)
{
	char program[PATH_MAX];
	int ends[2];
	int ret = find_program(name, program, sizeof(program));

	if (ret < 0) {
		um_err("the program %s is not beside its module: %s", name,
		       strerror(-ret));
		return ret;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	ret = spawn(l, program, words, ends[1]);
	close(ends[1]);
	l->fd = ends[0];
	if (ret == 0)
		ret = greeting(l);
	if (ret < 0) {
		um_err("%s: %s", name, strerror(-ret));
		close(l->fd);
	}
	return ret;
}

int um_netproc_start(const char *program, char *const *words,
		     bool (*family)(int domain), struct um_fs *fs)
{
	struct proc *l = calloc(1, sizeof(*l));
	int ret = l ? start(l, program, words) : -ENOMEM;

	if (ret < 0) {
		free(l);
		return ret;
	}
	l->family = family;
	pthread_mutex_init(&l->lock, NULL);
	ret = -pthread_create(&l->reader, NULL, serve, l);
	if (ret < 0) {
		close(l->fd);
		waitpid(l->pid, NULL, __WALL);
		pthread_mutex_destroy(&l->lock);
		free(l);
		return ret;
	}
	l->net.ops = &proc_ops;
	l->net.priv = l;
	fs->net = &l->net;
	return 0;
}
