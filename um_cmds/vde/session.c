// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * session.c - management of a switch by telnet: one session
 *
 * LOGIN: the password is typed. GREETING: the switch's banner and its answer to "help" are
 * read. READY: a line is typed. BUSY: the switch works; what is typed meanwhile waits in the
 * socket. ENDED: what is left to be written is written.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <libtelnet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edit.h"
#include "menu.h"
#include "mgmt.h"
#include "serve.h"

enum state { LOGIN, GREETING, READY, BUSY, ENDED };

enum {
	OUT_MAX = 256 * 1024,
	TRIES = 3,
	LOGIN_MS = 60000,
	FLUSH_MS = 5000,
	PENALTY_MS = 1000,
	INPUT = 512,
};

struct session {
	const struct session_service *service;
	char peer[64];
	enum state state;
	int fd, mgmt, tries;
	bool asked;
	int64_t deadline, deaf_until;
	telnet_t *telnet;
	struct edit edit;
	struct mgmt_reader reader;
	struct menu menu;
	char dir[128];
	/* what is to be written, and what was read and waits */
	char *out, in[INPUT];
	size_t out_len, in_len;
};

static void end(struct session *s)
{
	if (s->state != ENDED)
		s->deadline = serve_now() + FLUSH_MS;
	s->state = ENDED;
}

/* Who does not read what was asked for is cut off. */
static void queue(struct session *s, const char *bytes, size_t len)
{
	char *more = NULL;

	if (s->out_len + len <= OUT_MAX)
		more = realloc(s->out, s->out_len + len);
	if (!more) {
		s->out_len = 0;
		end(s);
		return;
	}
	memcpy(more + s->out_len, bytes, len);
	s->out = more;
	s->out_len += len;
}

static void put(void *arg, const char *text, size_t len)
{
	struct session *s = arg;

	if (len)
		telnet_send(s->telnet, text, len);
}

static void say(struct session *s, const char *text)
{
	put(s, text, strlen(text));
	put(s, "\r\n", 2);
}

static void show_prompt(struct session *s)
{
	snprintf(s->edit.prompt, sizeof(s->edit.prompt),
		 "%.48s[/%.64s]: ", s->service->node, s->dir);
	s->state = READY;
	edit_show(&s->edit);
}

static void order(struct session *s, const char *line)
{
	char buf[MGMT_LINE_MAX];
	int len = snprintf(buf, sizeof(buf), "%s\n", line);

	if (len >= (int)sizeof(buf) ||
	    send(s->mgmt, buf, (size_t)len, MSG_NOSIGNAL) != len) {
		say(s, "the switch does not listen");
		end(s);
	}
}

/* The first prompt: ask for the menu. Its end: the session begins. */
static void on_prompt(struct session *s)
{
	if (s->state == GREETING && !s->asked) {
		s->asked = true;
		order(s, "help");
	} else if (s->state == GREETING || s->state == BUSY) {
		show_prompt(s);
	}
}

/* Whatever the user is typing stays. */
static void aside(struct session *s, const char *text)
{
	bool shown = s->edit.shown;

	edit_hide(&s->edit);
	say(s, text);
	if (shown)
		edit_show(&s->edit);
}

static void on_mgmt(void *arg, enum mgmt_what what, const char *text, int code)
{
	struct session *s = arg;

	switch (what) {
	case MGMT_PROMPT:
		on_prompt(s);
		break;
	case MGMT_DATA:
		if (s->state != GREETING)
			say(s, text);
		else if (menu_add(&s->menu, text) < 0)
			end(s);
		break;
	case MGMT_DONE:
		if (s->state == BUSY && code)
			say(s, text);
		break;
	case MGMT_BYE:
		end(s);
		break;
	case MGMT_BANNER:
	case MGMT_DEBUG:
		aside(s, text);
		break;
	}
}

static void log_in(struct session *s, int64_t now)
{
	bool right = rc_is_password(s->service->rc, s->edit.line);

	edit_clear(&s->edit);
	if (!right) {
		serve_say("telnet: %s: wrong password", s->peer);
		say(s, "Wrong password.");
		s->deaf_until = now + PENALTY_MS;
		if (++s->tries == TRIES)
			end(s);
		else
			edit_show(&s->edit);
		return;
	}
	serve_say("telnet: %s: logged in", s->peer);
	s->edit.secret = false;
	s->mgmt = mgmt_connect(s->service->mgmt);
	s->state = GREETING;
	if (s->mgmt >= 0)
		return;
	say(s, "The switch does not answer.");
	end(s);
}

static void take_line(struct session *s, int64_t now)
{
	char line[MGMT_LINE_MAX];
	bool is_order;

	if (s->state == LOGIN) {
		log_in(s, now);
		return;
	}
	is_order = menu_resolve(&s->menu, s->dir, sizeof(s->dir), s->edit.line,
				line, sizeof(line));
	edit_clear(&s->edit);
	if (is_order) {
		s->state = BUSY;
		order(s, line);
	} else {
		show_prompt(s);
	}
}

static void show_choice(void *arg, const char *path)
{
	say(arg, path);
}

/* Of the first word only: the switch does not tell what may follow. */
static void complete(struct session *s)
{
	char rest[EDIT_LINE_MAX];
	struct edit *e = &s->edit;
	size_t count;

	if (s->state != READY || e->at != e->len || strchr(e->line, ' '))
		return;
	count = menu_complete(&s->menu, s->dir, e->line, rest, sizeof(rest),
			      NULL, NULL);
	edit_insert(e, rest);
	if (count == 1)
		edit_insert(e, " ");
	if (count < 2 || rest[0])
		return;
	edit_hide(e);
	menu_complete(&s->menu, s->dir, e->line, rest, sizeof(rest),
		      show_choice, s);
	edit_show(e);
}

static void take_key(struct session *s, unsigned char key, int64_t now)
{
	switch (edit_key(&s->edit, key)) {
	case EDIT_ENTER:
		take_line(s, now);
		break;
	case EDIT_END:
		say(s, "");
		end(s);
		break;
	case EDIT_INTERRUPT:
		say(s, "^C");
		edit_clear(&s->edit);
		edit_show(&s->edit);
		break;
	case EDIT_TAB:
		complete(s);
		break;
	case EDIT_NOTHING:
		break;
	}
}

/* Keys that came while the switch worked are kept. */
static void take_keys(struct session *s, int64_t now)
{
	size_t at = 0;

	while (at < s->in_len && now >= s->deaf_until &&
	       (s->state == LOGIN || s->state == READY))
		take_key(s, (unsigned char)s->in[at++], now);
	s->in_len -= at;
	memmove(s->in, s->in + at, s->in_len);
}

static void on_telnet(telnet_t *telnet, telnet_event_t *ev, void *arg)
{
	struct session *s = arg;
	size_t room = sizeof(s->in) - s->in_len;

	(void)telnet;
	if (ev->type == TELNET_EV_SEND) {
		queue(s, ev->data.buffer, ev->data.size);
	} else if (ev->type == TELNET_EV_DATA) {
		if (room > ev->data.size)
			room = ev->data.size;
		memcpy(s->in + s->in_len, ev->data.buffer, room);
		s->in_len += room;
	} else if (ev->type == TELNET_EV_IAC && ev->iac.cmd == TELNET_IP &&
		   room) {
		s->in[s->in_len++] = 'C' & 0x1f;
	} else if (ev->type == TELNET_EV_ERROR) {
		end(s);
	}
}

struct session *session_new(const struct session_service *service, int fd,
			    const char *peer)
{
	static const telnet_telopt_t options[] = {
		{ TELNET_TELOPT_ECHO, TELNET_WILL, TELNET_DONT },
		{ TELNET_TELOPT_SGA, TELNET_WILL, TELNET_DO },
		{ -1, 0, 0 },
	};
	struct session *s = calloc(1, sizeof(*s));

	if (s)
		s->telnet = telnet_init(options, on_telnet, 0, s);
	if (!s || !s->telnet) {
		free(s);
		close(fd);
		return NULL;
	}
	s->service = service;
	s->fd = fd;
	s->mgmt = -1;
	s->deadline = serve_now() + LOGIN_MS;
	s->reader.event = on_mgmt;
	s->edit.put = put;
	s->reader.arg = s->edit.arg = s;
	s->edit.secret = true;
	snprintf(s->peer, sizeof(s->peer), "%s", peer);
	snprintf(s->edit.prompt, sizeof(s->edit.prompt), "Password: ");
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	telnet_negotiate(s->telnet, TELNET_WILL, TELNET_TELOPT_ECHO);
	telnet_negotiate(s->telnet, TELNET_WILL, TELNET_TELOPT_SGA);
	say(s, service->node);
	edit_show(&s->edit);
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	serve_note("telnet: %s: ended", s->peer);
	telnet_free(s->telnet);
	edit_fini(&s->edit);
	menu_fini(&s->menu);
	if (s->mgmt >= 0)
		close(s->mgmt);
	close(s->fd);
	free(s->out);
	free(s);
}

/* For the password, and for what is left to be written. */
static bool has_deadline(const struct session *s)
{
	return s->state == LOGIN || s->state == ENDED;
}

static int64_t first(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void session_poll(struct session *s, struct pollfd *fds, int64_t now,
		  int64_t *next)
{
	bool deaf = now < s->deaf_until;

	fds[0] = (struct pollfd){ .fd = s->fd };
	fds[1] = (struct pollfd){ .fd = s->mgmt, .events = POLLIN };
	/* A line is taken while nothing of the last waits. */
	if (!deaf && s->in_len == 0 && s->state != ENDED)
		fds[0].events |= POLLIN;
	if (s->out_len)
		fds[0].events |= POLLOUT;
	if (deaf)
		*next = first(*next, s->deaf_until);
	if (has_deadline(s))
		*next = first(*next, s->deadline);
}

static int read_user(struct session *s)
{
	char buf[INPUT / 2];
	ssize_t len = read(s->fd, buf, sizeof(buf));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0)
		return -ENOTCONN;
	telnet_recv(s->telnet, buf, (size_t)len);
	return 0;
}

static void read_switch(struct session *s)
{
	char buf[4096];
	ssize_t len = read(s->mgmt, buf, sizeof(buf));

	if (len > 0) {
		mgmt_feed(&s->reader, buf, (size_t)len);
	} else if (len == 0 || errno != EINTR) {
		aside(s, "The switch is gone.");
		end(s);
	}
}

static int write_user(struct session *s)
{
	ssize_t len = send(s->fd, s->out, s->out_len, MSG_NOSIGNAL);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -ENOTCONN;
	s->out_len -= (size_t)len;
	memmove(s->out, s->out + len, s->out_len);
	return 0;
}

int session_work(struct session *s, const struct pollfd *fds, int64_t now)
{
	int ret = 0;

	if (fds[0].revents & POLLIN)
		ret = read_user(s);
	if (s->mgmt >= 0 && fds[1].fd >= 0 && fds[1].revents &&
	    s->state != ENDED)
		read_switch(s);
	take_keys(s, now);
	if (ret == 0 && s->out_len)
		ret = write_user(s);
	if ((fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) ||
	    (has_deadline(s) && now >= s->deadline) ||
	    (s->state == ENDED && !s->out_len))
		return -ENOTCONN;
	return ret;
}
