// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * matrix.c - says what every socket call answers in every state of a socket
 *
 * usage: matrix [--want FILE] [--cells FILE] [--patience MS]
 *
 * --want: what another run said.  A call that waited there is given up soon, any
 * other is waited for; and events are waited for until they are those.
 * --cells: only those that FILE has a line of.
 * --patience: how long a call that is not known may take before it "waits".
 *
 * Many cells run at once, each in a process of its own; lines are printed in
 * order.  See matrix.h for what is in one.
 */
#include "matrix.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE = 200,
	CELLS_MAX = 16384,
	AT_ONCE = 24,
	SOON_MS = 200,
	LATE_MS = 20000,
	SETTLE_MS = 5000,
	HANGS_MS = 60000,
};

static const struct family {
	const char *name;
	int family, type;
	enum m_kind kind;
} families[] = {
	{ "tcp4", AF_INET, SOCK_STREAM, M_STREAM },
	{ "tcp6", AF_INET6, SOCK_STREAM, M_STREAM },
	{ "udp4", AF_INET, SOCK_DGRAM, M_DGRAM },
	{ "udp6", AF_INET6, SOCK_DGRAM, M_DGRAM },
};

static const struct {
	const char *name;
	enum m_wait wait;
} ways[] = {
	{ "", M_BLOCK },
	{ "/nonblock", M_NONBLOCK },
	{ "/dontwait", M_DONTWAIT },
	{ "/timeout", M_TIMEOUT },
};

struct cell {
	const struct family *family;
	const struct m_state *state;
	const struct m_call *call;
	enum m_wait wait;
	char key[96];
	const char *want; /* what follows the key, or NULL */
	bool wanted;
	pid_t pid;
	long long deadline;
};

static struct cell cells[CELLS_MAX];
static size_t cell_count;
static char (*lines)[LINE]; /* shared with the children */
static char *line;	    /* the one of this child */
static int patience = 300;
static volatile sig_atomic_t alarms, pipes;

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- what states and calls use ---- */

void m_give_up(const char *what)
{
	snprintf(line, LINE, "cannot: %s: %s", what, strerrorname_np(errno));
	_exit(0);
}

long m_must(long ret, const char *what)
{
	if (ret < 0)
		m_give_up(what);
	return ret;
}

void m_say(struct m_place *p, const char *fmt, ...)
{
	size_t at = strlen(p->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->text + at, sizeof(p->text) - at, fmt, ap);
	va_end(ap);
}

socklen_t m_loopback(int family, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	out->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		((struct sockaddr_in6 *)out)->sin6_addr = in6addr_loopback;
		return sizeof(struct sockaddr_in6);
	}
	((struct sockaddr_in *)out)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(struct sockaddr_in);
}

/* Ports are another each time. */
void m_say_addr(struct m_place *p, const struct sockaddr_storage *a,
		socklen_t len)
{
	const struct sockaddr_in6 *six = (const void *)a;
	const struct sockaddr_in *four = (const void *)a;
	char text[INET6_ADDRSTRLEN] = "";

	if (len == 0) {
		m_say(p, "nobody");
		return;
	}
	inet_ntop(a->ss_family,
		  a->ss_family == AF_INET6 ? (const void *)&six->sin6_addr
					   : (const void *)&four->sin_addr,
		  text, sizeof(text));
	m_say(p, "%u:%s:%s", len, text, four->sin_port ? "port" : "0");
}

int m_mask(int fd)
{
	struct pollfd w = { .fd = fd,
			    .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };

	return poll(&w, 1, 0) < 0 ? -1 : w.revents;
}

static void await_events(int fd, int events, bool all)
{
	long long end = now_ms() + LATE_MS;

	for (;;) {
		int got = m_mask(fd) & events;

		if (all ? got == events : got != 0)
			return;
		if (now_ms() > end) {
			errno = ETIMEDOUT;
			m_give_up("events");
		}
		usleep(1000);
	}
}

void m_await(int fd, int events)
{
	await_events(fd, events, true);
}

void m_await_any(int fd, int events)
{
	await_events(fd, events, false);
}

/* ---- one cell ---- */

static void say_mask(int fd, char *out, size_t size)
{
	static const struct {
		int bit;
		const char *name;
	} bits[] = { { POLLIN, " IN" },	   { POLLPRI, " PRI" },
		     { POLLOUT, " OUT" },  { POLLERR, " ERR" },
		     { POLLHUP, " HUP" },  { POLLRDHUP, " RDHUP" },
		     { POLLNVAL, " NVAL" } };
	int mask = fd < 0 ? 0 : m_mask(fd);
	size_t at;

	snprintf(out, size, " [");
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		at = strlen(out);
		if (mask & bits[i].bit)
			snprintf(out + at, size - at, "%s",
				 bits[i].name + (at == 2));
	}
	at = strlen(out);
	snprintf(out + at, size - at, "]");
}

/* The events of both ends, once they are those wanted or have had the time. */
static void say_events(const struct cell *c, const struct m_place *p)
{
	const char *want = c->want ? strchr(c->want, '[') : NULL;
	long long end = now_ms() + (want ? SETTLE_MS : 20);
	char mine[64], theirs[64], both[128];

	do {
		say_mask(p->fd, mine, sizeof(mine));
		say_mask(p->peer, theirs, sizeof(theirs));
		snprintf(both, sizeof(both), "%s%s", mine, theirs);
		if (want && !strcmp(both + 1, want))
			break;
		usleep(2000);
	} while (now_ms() < end);
	snprintf(line + strlen(line), LINE - strlen(line), "%s", both);
}

static void on_signal(int sig)
{
	if (sig == SIGPIPE)
		pipes++;
	else
		alarms++;
}

static void set_way(const struct cell *c, const struct m_place *p)
{
	const struct timeval t = { .tv_usec = 50000 };

	if (c->wait == M_NONBLOCK)
		M_MUST(fcntl(p->fd, F_SETFL, O_NONBLOCK));
	if (c->wait != M_TIMEOUT)
		return;
	M_MUST(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	M_MUST(setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
}

/* Signals end a call that waits, and come again should the first be early. */
static void give_time(const struct cell *c)
{
	int ms = !c->want			 ? patience
		 : !strncmp(c->want, "waits", 5) ? SOON_MS
						 : LATE_MS;
	struct itimerval t = { .it_interval = { .tv_usec = 50000 },
			       .it_value = { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static void run_cell(const struct cell *c)
{
	struct m_place p = { .family = c->family->family,
			     .type = c->family->type,
			     .fd = -1,
			     .peer = -1,
			     .other = -1,
			     .extra = { -1, -1, -1, -1 } };
	const struct sigaction sa = { .sa_handler = on_signal };
	const struct itimerval off = { 0 };
	int error;
	long ret;

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	c->state->build(&p);
	set_way(c, &p);
	give_time(c);
	errno = 0;
	ret = c->call->call(&p, c->wait == M_DONTWAIT ? MSG_DONTWAIT : 0);
	error = errno;
	setitimer(ITIMER_REAL, &off, NULL);
	if (ret < 0 && error == EINTR && alarms)
		snprintf(line, LINE, "waits");
	else if (ret < 0)
		snprintf(line, LINE, "%s", strerrorname_np(error));
	else
		snprintf(line, LINE, "= %ld%s%s", ret, p.text[0] ? " " : "",
			 p.text);
	if (pipes)
		snprintf(line + strlen(line), LINE - strlen(line), " SIGPIPE");
	say_events(c, &p);
}

/* ---- all of them ---- */

static void add_cells(const struct family *f, const struct m_state *s,
		      const struct m_call *k)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct cell *c = &cells[cell_count];

		if (!(k->waits & (int)ways[i].wait) ||
		    !(f->kind & s->kind & k->kind) || cell_count == CELLS_MAX)
			continue;
		*c = (struct cell){
			.family = f, .state = s, .call = k, .wait = ways[i].wait
		};
		snprintf(c->key, sizeof(c->key), "%s/%s/%s%s: ", f->name,
			 s->name, k->name, ways[i].name);
		cell_count++;
	}
}

static void make_cells(void)
{
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
		for (size_t s = 0; s < m_state_count; s++)
			for (size_t k = 0; k < m_call_count; k++)
				add_cells(&families[f], &m_states[s],
					  &m_calls[k]);
}

static struct cell *find(const char *text)
{
	for (size_t i = 0; i < cell_count; i++)
		if (!strncmp(text, cells[i].key, strlen(cells[i].key)))
			return &cells[i];
	return NULL;
}

/* want: keep what is said there, too. */
static void read_lines(const char *path, bool want)
{
	FILE *in = fopen(path, "r");
	char text[LINE * 2];

	if (!in) {
		perror(path);
		exit(2);
	}
	while (fgets(text, sizeof(text), in)) {
		struct cell *c;

		text[strcspn(text, "\n")] = '\0';
		c = find(text);
		if (c && want)
			c->want = strdup(text + strlen(c->key));
		else if (c)
			c->wanted = true;
	}
	fclose(in);
}

static void start(size_t i)
{
	struct cell *c = &cells[i];

	c->deadline = now_ms() + HANGS_MS;
	c->pid = fork();
	if (c->pid == 0) {
		line = lines[i];
		run_cell(c);
		_exit(0);
	}
	if (c->pid < 0) {
		perror("fork");
		exit(2);
	}
}

static void ended(pid_t pid, int status)
{
	for (size_t i = 0; i < cell_count; i++) {
		if (cells[i].pid != pid)
			continue;
		cells[i].pid = 0;
		if (WIFSIGNALED(status))
			snprintf(lines[i], LINE, "killed by SIG%s",
				 sigabbrev_np(WTERMSIG(status)));
	}
}

static void kill_late(void)
{
	for (size_t i = 0; i < cell_count; i++)
		if (cells[i].pid > 0 && now_ms() > cells[i].deadline)
			kill(cells[i].pid, SIGKILL);
}

/* Waits until there are fewer than so many; SIGCHLD is blocked. */
static void await(size_t *running, size_t fewer)
{
	const struct timespec second = { .tv_sec = 1 };
	sigset_t child;
	pid_t pid;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (*running >= fewer && *running > 0) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0) {
			ended(pid, status);
			--*running;
			continue;
		}
		sigtimedwait(&child, NULL, &second);
		kill_late();
	}
}

static void run_all(bool some)
{
	size_t running = 0;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (size_t i = 0; i < cell_count; i++) {
		if (some && !cells[i].wanted)
			continue;
		await(&running, AT_ONCE);
		start(i);
		running++;
	}
	await(&running, 1);
	for (size_t i = 0; i < cell_count; i++)
		if (!some || cells[i].wanted)
			printf("%s%s\n", cells[i].key, lines[i]);
}

int main(int argc, char **argv)
{
	const char *only = NULL, *want = NULL;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 < argc && !strcmp(argv[i], "--want"))
			want = argv[i + 1];
		else if (i + 1 < argc && !strcmp(argv[i], "--cells"))
			only = argv[i + 1];
		else if (i + 1 < argc && !strcmp(argv[i], "--patience"))
			patience = (int)strtol(argv[i + 1], NULL, 10);
		else
			return 2;
	}
	make_cells();
	lines = mmap(NULL, sizeof(*lines) * CELLS_MAX, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lines == MAP_FAILED)
		return 2;
	if (want)
		read_lines(want, true);
	if (only)
		read_lines(only, false);
	run_all(only != NULL);
	return fflush(stdout) == 0 ? 0 : 2;
}
