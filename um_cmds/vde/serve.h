/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve.h - what programs that serve have in common: messages, signals, daemons */
#ifndef UM_VDE_SERVE_H
#define UM_VDE_SERVE_H

#include <stdbool.h>
#include <stdint.h>

/* Messages go to standard error as "NAME: …", or to syslog(3) once it is a daemon. */
void serve_init(const char *name, bool verbose);
void serve_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same if it was asked to be verbose. */
void serve_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A descriptor that is readable once SIGINT, SIGTERM or SIGHUP has come. They are blocked
 * for all threads made later; SIGPIPE is ignored.
 */
int serve_signals(void);

/* Leave the terminal; the working directory stays. pidfile may be NULL. */
int serve_daemon(bool daemon, const char *pidfile);

/* Remove the pidfile. */
void serve_end(void);

/* Milliseconds, those asleep included. */
int64_t serve_now(void);

/* How long poll(2) is to wait until `next`; INT64_MAX: for ever. */
int serve_wait(int64_t next, int64_t now);

#endif
