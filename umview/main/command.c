// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * command.c - inside the view: its network, rc files, then the user's command
 *
 * /etc/viewosrc, then ~/.viewosrc or the file of --rc: run when executable,
 * with the word "nested" as argument in a view within a view.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <umview/log.h>

#include "base/cleanup.h"
#include "main/session.h"

static void run_rc(const char *path, const char *nested, um_exec_fn exec)
{
	char *argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)nested,
			 NULL };
	pid_t pid;
	int err;

	if (access(path, X_OK) < 0)
		return;
	pid = fork();
	if (pid < 0) {
		um_warn("%s: %s", path, strerror(errno));
		return;
	}
	if (pid > 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	err = exec(path, argv);
	um_warn("%s: %s", path, strerror(-err));
	_exit(126);
}

static void run_rc_files(const struct um_options *opts, const char *nested,
			 um_exec_fn exec)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	run_rc("/etc/viewosrc", nested, exec);
	if (opts->rc) {
		run_rc(opts->rc, nested, exec);
	} else if (home && snprintf(path, sizeof(path), "%s/.viewosrc", home) <
				   PATH_MAX) {
		run_rc(path, nested, exec);
	}
}

/* As execvp(3): a name without a slash is looked for in PATH. */
static int exec_in_path(const char *name, char **argv, um_exec_fn exec)
{
	const char *dirs = getenv("PATH");
	char path[PATH_MAX];
	int worst = -ENOENT;

	if (strchr(name, '/'))
		return exec(name, argv);
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (;;) {
		size_t n = strcspn(dirs, ":");
		int err = -ENOENT;

		if (snprintf(path, sizeof(path), "%.*s%s%s", (int)n, dirs,
			     n ? "/" : "", name) < PATH_MAX)
			err = exec(path, argv);
		if (err != -ENOENT && err != -ENOTDIR && err != -EACCES)
			return err;
		/* not where the directory was refused: the name is unknown */
		if (err == -EACCES && access(path, F_OK) == 0)
			worst = err;
		if (!dirs[n])
			return worst;
		dirs += n + 1;
	}
}

int um_exec_plain(const char *path, char **argv)
{
	return (int)UM_SYS(execve(path, argv, environ));
}

int um_run_command(const struct um_options *opts, um_exec_fn exec,
		   const char *nested)
{
	int err;

	if (opts->rc && access(opts->rc, X_OK) < 0) {
		um_err("-f %s: %s", opts->rc, strerror(errno));
		return 125;
	}
	err = um_netopt_mount(&opts->net);
	if (err < 0) {
		um_err("--net: no %s: %s", opts->net.type, strerror(-err));
		return 125;
	}
	run_rc_files(opts, nested, exec);
	err = exec_in_path(opts->argv[0], opts->argv, exec);
	um_err("%s: %s", opts->argv[0], strerror(-err));
	return err == -ENOENT ? 127 : 126;
}
