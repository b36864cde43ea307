/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve.h - what programs that serve have in common: options, messages, signals, daemons */
#ifndef UM_VDE_SERVE_H
#define UM_VDE_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "../cmd.h"

/* @pidfile: or NULL */
struct serve_options {
	bool daemon, verbose;
	const char *pidfile;
};

/* What getopt_long() returns for --pidfile; a program's own begin with the next. */
enum { SERVE_OPT_PIDFILE = CMD_OPT_VERSION + 1, SERVE_OPT_OWN };

/* The end of getopt_long()'s texts and tables. */
#define SERVE_SHORT_OPTIONS "dvh"
#define SERVE_LONG_OPTIONS                                                     \
	{ "daemon", no_argument, NULL, 'd' },                                  \
		{ "pidfile", required_argument, NULL, SERVE_OPT_PIDFILE },     \
		{ "verbose", no_argument, NULL, 'v' }, CMD_LONG_OPTIONS

/* False: it is none of these. */
bool serve_take_option(struct serve_options *o, int opt, const char *arg);

/* Messages go to standard error as "NAME: …", or to syslog(3) once it is a daemon. */
void serve_init(const char *name, const struct serve_options *o);
void serve_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same if it was asked to be verbose. */
void serve_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A descriptor that is readable once SIGINT, SIGTERM or SIGHUP has come. They are blocked
 * for all threads made later; SIGPIPE is ignored.
 */
int serve_signals(void);

/* Leave the terminal, if it was asked for; the working directory stays. */
int serve_daemon(const struct serve_options *o);

/* Remove the pidfile. */
void serve_end(void);

/* Milliseconds, those asleep included. */
int64_t serve_now(void);

/* How long poll(2) is to wait until `next`; INT64_MAX: for ever. */
int serve_wait(int64_t next, int64_t now);

#endif
