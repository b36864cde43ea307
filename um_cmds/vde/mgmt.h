/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mgmt.h - the management socket of a VDE switch (or of a wirefilter)
 *
 * A line that begins with four digits tells what it is:
 *
 *	0000 …	lines of data follow, up to a line with a dot alone
 *	1nnn …	the end of an answer; nnn is 0 or an errno
 *	3nnn …	debug output, at any time
 *	9999 …	the end of the session
 *
 * and "…$ " at the beginning of a line is the prompt. What comes before the
 * first prompt is the banner. No read(2) need end where one of these does.
 */
#ifndef UM_VDE_MGMT_H
#define UM_VDE_MGMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum mgmt_what {
	MGMT_BANNER,
	MGMT_PROMPT,
	MGMT_DATA,
	MGMT_DONE,
	MGMT_DEBUG,
	MGMT_BYE,
};

enum { MGMT_LINE_MAX = 1024 };

/**
 * struct mgmt_reader - what has come and is not yet a line
 * @event: called for each thing that comes; code is that of MGMT_DONE (0: success)
 * @greeted: the first prompt has come
 * @data: between 0000 and the dot
 */
struct mgmt_reader {
	void (*event)(void *arg, enum mgmt_what what, const char *text,
		      int code);
	void *arg;
	bool greeted, data;
	char line[MGMT_LINE_MAX];
	size_t len;
};

/* What does not fit in a line comes as several. */
void mgmt_feed(struct mgmt_reader *r, const char *bytes, size_t len);

/* A connected stream. */
int mgmt_connect(const char *path);

/**
 * struct mgmt_call - one connection that is asked and waited for
 * @out: where data lines go
 */
struct mgmt_call {
	int fd, code;
	bool done, prompted, ended;
	FILE *out;
	struct mgmt_reader reader;
	char why[128];
};

/* Connect and wait for the prompt. */
int mgmt_open(struct mgmt_call *call, const char *path);
void mgmt_close(struct mgmt_call *call);

/**
 * mgmt_ask() - carry out one command
 * @line: without its newline; -EINVAL if it has control characters
 * @out: gets the lines of data. Takes nothing
 *
 * Return: the code (0: success, then an errno; text in call->why), or -errno:
 * -ETIMEDOUT, -ECONNRESET when the switch ended.
 */
int mgmt_ask(struct mgmt_call *call, const char *line, FILE *out);

#endif
