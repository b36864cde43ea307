// SPDX-License-Identifier: GPL-2.0-or-later
/* mgmt.c - the management socket of a VDE switch: see mgmt.h */
#include "mgmt.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve.h"

enum { PATIENCE_MS = 10000, CODE_LEN = 4 };

/* The four digits that a line begins with, or -ENOENT. */
static int code_of(const char *line)
{
	int code = 0;

	for (int i = 0; i < CODE_LEN; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -ENOENT;
		code = code * 10 + line[i] - '0';
	}
	return line[CODE_LEN] == ' ' || !line[CODE_LEN] ? code : -ENOENT;
}

static void take_line(struct mgmt_reader *r)
{
	int code = code_of(r->line);
	const char *text = r->line;

	if (r->data && strcmp(text, ".") == 0)
		r->data = false;
	else if (r->data)
		r->event(r->arg, MGMT_DATA, text, 0);
	else if (code == 9999)
		r->event(r->arg, MGMT_BYE, text, 0);
	else if (!r->greeted)
		r->event(r->arg, MGMT_BANNER, text, 0);
	else if (code == 0)
		r->data = true;
	else if (code / 1000 == 1)
		r->event(r->arg, MGMT_DONE,
			 text + CODE_LEN + (text[CODE_LEN] == ' '),
			 code % 1000);
	else if (code / 1000 == 3)
		r->event(r->arg, MGMT_DEBUG, text, 0);
}

/* One word, which is no code, and what shells end theirs with. */
static bool is_prompt(const struct mgmt_reader *r)
{
	return !r->data && r->len >= 2 && code_of(r->line) < 0 &&
	       r->line[r->len - 2] == '$' &&
	       strcspn(r->line, " ") == r->len - 1;
}

/* The prompt is a line that never ends; so is the last one. */
static void take_part(struct mgmt_reader *r)
{
	if (is_prompt(r)) {
		r->greeted = true;
		r->event(r->arg, MGMT_PROMPT, r->line, 0);
	} else if (!r->data && strcmp(r->line, "9999 END OF SESSION") == 0) {
		r->event(r->arg, MGMT_BYE, r->line, 0);
	} else {
		return;
	}
	r->len = 0;
}

void mgmt_feed(struct mgmt_reader *r, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\0' || bytes[i] == '\r')
			continue;
		if (bytes[i] != '\n' && r->len < sizeof(r->line) - 1) {
			r->line[r->len++] = bytes[i];
			r->line[r->len] = '\0';
			take_part(r);
			continue;
		}
		r->line[r->len] = '\0';
		take_line(r);
		r->len = 0;
		if (bytes[i] != '\n')
			r->line[r->len++] = bytes[i];
	}
}

int mgmt_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static void on_event(void *arg, enum mgmt_what what, const char *text, int code)
{
	struct mgmt_call *call = arg;

	if (what == MGMT_PROMPT) {
		call->prompted = true;
	} else if (what == MGMT_BYE) {
		call->ended = true;
	} else if (what == MGMT_DATA && call->out) {
		fprintf(call->out, "%s\n", text);
	} else if (what == MGMT_DONE) {
		call->done = true;
		call->code = code;
		snprintf(call->why, sizeof(call->why), "%s", text);
	}
}

/* Read on until the switch waits for a command again. */
static int await_prompt(struct mgmt_call *call)
{
	int64_t end = serve_now() + PATIENCE_MS;
	char buf[4096];

	while (!call->prompted) {
		struct pollfd p = { .fd = call->fd, .events = POLLIN };
		int64_t left = end - serve_now();
		ssize_t len;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		len = read(call->fd, buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len > 0)
			mgmt_feed(&call->reader, buf, (size_t)len);
		if (len <= 0 || call->ended)
			return -ECONNRESET;
	}
	return 0;
}

int mgmt_open(struct mgmt_call *call, const char *path)
{
	int ret;

	memset(call, 0, sizeof(*call));
	call->reader.event = on_event;
	call->reader.arg = call;
	call->fd = mgmt_connect(path);
	if (call->fd < 0)
		return call->fd;
	ret = await_prompt(call);
	if (ret < 0)
		mgmt_close(call);
	return ret;
}

void mgmt_close(struct mgmt_call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	call->fd = -1;
}

int mgmt_ask(struct mgmt_call *call, const char *line, FILE *out)
{
	char buf[MGMT_LINE_MAX];
	int len, ret;

	for (const char *c = line; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return -EINVAL;
	}
	len = snprintf(buf, sizeof(buf), "%s\n", line);
	if (len >= (int)sizeof(buf))
		return -EINVAL;
	call->done = call->prompted = false;
	call->out = out;
	if (send(call->fd, buf, (size_t)len, MSG_NOSIGNAL) != len)
		return -ECONNRESET;
	ret = await_prompt(call);
	call->out = NULL;
	if (ret < 0)
		return ret;
	return call->done ? call->code : -EPROTO;
}
