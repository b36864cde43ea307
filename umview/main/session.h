/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.h - the processes of one umview, from start to end */
#ifndef UM_MAIN_SESSION_H
#define UM_MAIN_SESSION_H

#include <sys/types.h>

#include "main/options.h"

/* Run the command in a new view; exit status for umview. */
int um_session_run(const struct um_options *opts);
/* The same inside a view: its monitor splits one off. Returns on failure. */
int um_nested_run(const struct um_options *opts);

/* launch.c: in the first guest, after fork: never returns. */
void um_launch(const struct um_options *opts, int sock)
	__attribute__((noreturn));
/* How a program is exec'ed; returns -errno. */
typedef int (*um_exec_fn)(const char *path, char **argv);
/* By a plain execve(2). */
int um_exec_plain(const char *path, char **argv);
/*
 * command.c: rc files, then the command; `nested` is the rc files' argument.
 * Exit status, when it could not be run.
 */
int um_run_command(const struct um_options *opts, um_exec_fn exec,
		   const char *nested);

/*
 * kill.c: sig to all that descend from this process, but `spared` (0: none);
 * how many there were.
 */
int um_kill_descendants(pid_t spared, int sig);

/*
 * daemons.c: daemons of file systems are guests that nobody waits for.
 * Whether there are no others, of those that the reaper waits for.
 */
bool um_only_daemons(pid_t reaper);
/* Have them write back and go; returns when they are gone. */
void um_stop_daemons(pid_t reaper);

/* front.c: the process the user started. */
int um_front(int report, int monitor);

/**
 * struct um_report - from the monitor to the front process
 * @what: STARTED: pid is the first guest; ENDED: status is as waitpid(2) tells
 */
struct um_report {
	enum { UM_STARTED, UM_STATUS, UM_ENDED, UM_FAILED } what;
	int value;
};

#endif
