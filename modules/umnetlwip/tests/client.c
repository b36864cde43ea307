// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client.c - a stack process alone: what the module does, for its tests
 *
 * One request at a time, over the pair of ../proto.h. Data of streams go by the
 * guest's descriptors, as they do for guests.
 */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <umview/net.h>
#include <unistd.h>

#include "message.h"

enum { PATIENCE = 20000 }; /* ms: only a stack that hangs needs it */

static void fatal(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, PATIENCE) != 1)
		fatal("no answer");
}

void stack_start(struct stack *st, const char *program, ...)
{
	char *argv[16] = { (char *)(uintptr_t)program,
			   (char *)(uintptr_t) "3" };
	int ends[2], n = 2;
	struct st_rep hello;
	va_list args;

	va_start(args, program);
	while (n < 15 && (argv[n] = va_arg(args, char *)))
		n++;
	va_end(args);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		fatal("socketpair");
	st->fd = ends[0];
	st->pid = fork();
	if (st->pid == 0) {
		dup2(ends[1], 3);
		execv(program, argv);
		_exit(127);
	}
	close(ends[1]);
	wait_readable(st->fd);
	if (recv(st->fd, &hello, sizeof(hello), 0) != sizeof(hello))
		fatal(program);
}

void stack_stop(struct stack *st)
{
	int status;

	close(st->fd);
	if (waitpid(st->pid, &status, 0) < 0)
		fatal("waitpid");
	if (status) {
		fprintf(stderr, "client: the stack ended with %#x\n", status);
		exit(1);
	}
}

int stack_ask(struct stack *st, enum st_op op, struct ask *ask)
{
	static uint32_t last;
	static uint8_t data[ST_DATA_MAX];
	uint32_t tag = ++last;
	struct st_req q = { .op = op,
			    .tag = tag,
			    .id = ask->id,
			    .a = ask->a,
			    .b = ask->b,
			    .c = ask->c,
			    .pid = (uint32_t)getpid(),
			    .len = (uint32_t)ask->len };
	struct st_rep rep;
	struct iovec iov[2] = { { &q, sizeof(q) },
				{ (void *)(uintptr_t)ask->data, ask->len } };
	ssize_t n;

	if (message_send(st->fd, iov, 2, ask->fd, 0) < 0)
		fatal("request");
	wait_readable(st->fd);
	iov[0] = (struct iovec){ &rep, sizeof(rep) };
	iov[1] = (struct iovec){ data, sizeof(data) };
	n = message_receive(st->fd, iov, 2, 0, &ask->got_fd);
	if (n < (ssize_t)sizeof(rep) || rep.tag != tag)
		fatal("answer");
	ask->got = rep.len < ask->room ? rep.len : ask->room;
	if (ask->got > 0)
		memcpy(ask->out, data, ask->got);
	ask->got_id = rep.id;
	return rep.ret;
}

int vsock_open(struct stack *st, int domain, int type, int protocol,
	       struct vsock *out)
{
	struct ask ask = { .a = domain, .b = type, .c = protocol, .fd = -1 };
	int ret = stack_ask(st, ST_SOCKET, &ask);

	if (ret < 0)
		return ret;
	*out = (struct vsock){ st, ask.got_id, ask.got_fd };
	return 0;
}

void vsock_close(struct vsock *s)
{
	close(s->fd);
	s->fd = -1;
}

static int with_data(struct vsock *s, enum st_op op, struct ask *ask,
		     const void *data, size_t len)
{
	ask->id = s->id;
	ask->data = data;
	ask->len = len;
	return stack_ask(s->st, op, ask);
}

int vsock_bind(struct vsock *s, const void *addr, socklen_t len)
{
	struct ask ask = { .fd = -1 };

	return with_data(s, ST_BIND, &ask, addr, len);
}

int vsock_connect(struct vsock *s, const void *addr, socklen_t len)
{
	struct ask ask = { .fd = s->fd, .a = 1 };

	return with_data(s, ST_CONNECT, &ask, addr, len);
}

int vsock_listen(struct vsock *s, int backlog)
{
	struct ask ask = { .fd = s->fd, .a = backlog };

	return with_data(s, ST_LISTEN, &ask, NULL, 0);
}

int vsock_accept(struct vsock *s, struct vsock *out)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	struct ask ask = { 0 };
	int ret;

	wait_readable(s->fd);
	ask.fd = accept(s->fd, NULL, NULL);
	if (ask.fd < 0 || getpeername(ask.fd, (void *)&name, &len) < 0)
		return -errno;
	ret = with_data(s, ST_ACCEPTED, &ask, &name, len);
	*out = (struct vsock){ s->st, ask.got_id, ask.fd };
	return ret;
}

int vsock_setopt(struct vsock *s, int level, int name, const void *v,
		 socklen_t len)
{
	struct ask ask = { .fd = -1, .a = level, .b = name };

	return with_data(s, ST_SETOPT, &ask, v, len);
}

int vsock_ioctl(struct vsock *s, unsigned int cmd, void *data, size_t size)
{
	struct ask ask = { .fd = -1, .a = (int)cmd, .out = data, .room = size };

	return with_data(s, ST_IOCTL, &ask, data, size);
}

ssize_t vsock_sendto(struct vsock *s, const void *addr, socklen_t addrlen,
		     const void *data, size_t len)
{
	static uint8_t all[ST_DATA_MAX];
	struct ask ask = { .fd = -1, .b = (int)addrlen };

	if (addrlen > 0)
		memcpy(all, addr, addrlen);
	memcpy(all + addrlen, data, len);
	return with_data(s, ST_SEND, &ask, all, addrlen + len);
}

ssize_t vsock_recv(struct vsock *s, struct sockaddr_storage *addr, void *buf,
		   size_t size)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	struct um_net_head head;
	uint8_t control[256];
	struct iovec iov[3] = { { &head, sizeof(head) },
				{ control, 0 },
				{ buf, size } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3 };
	ssize_t n;

	if (poll(&p, 1, 1000) != 1)
		return -ETIMEDOUT;
	n = recv(s->fd, &head, sizeof(head), MSG_PEEK);
	if (n != sizeof(head) || head.controllen > sizeof(control))
		return -EPROTO;
	iov[1].iov_len = head.controllen;
	n = recvmsg(s->fd, &m, 0);
	if (head.error)
		return -head.error;
	if (addr)
		memcpy(addr, head.name, head.namelen);
	return n - (ssize_t)sizeof(head) - head.controllen;
}

int stack_file(struct stack *st, const char *path, char *out, size_t size)
{
	struct ask ask = { .fd = -1,
			   .data = path,
			   .len = strlen(path),
			   .out = out,
			   .room = size - 1 };
	int ret = stack_ask(st, ST_FILE, &ask);

	out[ask.got] = '\0';
	return ret;
}

socklen_t address(struct sockaddr_storage *out, const char *text, int port)
{
	struct sockaddr_in *in = (void *)out;
	struct sockaddr_in6 *in6 = (void *)out;
	char copy[64], *scope;

	memset(out, 0, sizeof(*out));
	in->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		return sizeof(*in);
	}
	snprintf(copy, sizeof(copy), "%s", text);
	scope = strchr(copy, '%');
	if (scope)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, copy, &in6->sin6_addr) != 1)
		fatal(text);
	in6->sin6_family = AF_INET6;
	in6->sin6_scope_id = scope ? (uint32_t)atoi(scope) : 0;
	return sizeof(*in6);
}

/* ---- netlink ---- */

struct request {
	struct nlmsghdr h;
	char body[512];
};

static void *room(struct request *r, size_t n)
{
	void *at = (char *)r + NLMSG_ALIGN(r->h.nlmsg_len);

	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + (uint32_t)n;
	return at;
}

static void attr(struct request *r, int type, const void *data, size_t len)
{
	struct rtattr *a = room(r, RTA_LENGTH(len));

	a->rta_type = (uint16_t)type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
}

/* "10.0.0.0/24": family, bytes, prefix */
static int prefix_of(const char *text, uint8_t *addr, int *prefix)
{
	char copy[64], *slash;
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (!strcmp(text, "default"))
		text = "0.0.0.0/0";
	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	*prefix = slash ? atoi(slash) : family == AF_INET ? 32 : 128;
	inet_pton(family, copy, addr);
	return family;
}

static int converse(struct stack *st, struct request *r)
{
	struct vsock nl;
	uint8_t answer[8192] = { 0 };
	struct nlmsgerr *e = NLMSG_DATA((struct nlmsghdr *)(void *)answer);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	int ret = vsock_open(st, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &nl);

	if (ret < 0)
		return ret;
	r->h.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	ret = (int)vsock_sendto(&nl, &to, sizeof(to), r, r->h.nlmsg_len);
	if (ret > 0)
		ret = (int)vsock_recv(&nl, NULL, answer, sizeof(answer));
	vsock_close(&nl);
	return ret < 0 ? ret : e->error;
}

static int do_link(struct stack *st, char **w)
{
	struct request r = { .h = { .nlmsg_len = NLMSG_LENGTH(0),
				    .nlmsg_type = RTM_NEWLINK } };
	struct ifinfomsg *m = room(&r, sizeof(*m));

	m->ifi_index = atoi(w[2]);
	m->ifi_change = IFF_UP;
	m->ifi_flags = !strcmp(w[3], "up") ? IFF_UP : 0;
	if (!strcmp(w[1], "del"))
		r.h.nlmsg_type = RTM_DELLINK;
	return converse(st, &r);
}

static int do_addr(struct stack *st, char **w)
{
	struct request r = { .h = { .nlmsg_len = NLMSG_LENGTH(0) } };
	struct ifaddrmsg *m = room(&r, sizeof(*m));
	uint8_t addr[16];
	int prefix, family = prefix_of(w[2], addr, &prefix);
	size_t len = family == AF_INET ? 4 : 16;

	m->ifa_family = (uint8_t)family;
	m->ifa_prefixlen = (uint8_t)prefix;
	m->ifa_index = (uint32_t)atoi(w[4]);
	m->ifa_flags = IFA_F_NODAD;
	attr(&r, IFA_LOCAL, addr, len);
	attr(&r, IFA_ADDRESS, addr, len);
	r.h.nlmsg_type = !strcmp(w[1], "add") ? RTM_NEWADDR : RTM_DELADDR;
	if (r.h.nlmsg_type == RTM_NEWADDR)
		r.h.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	return converse(st, &r);
}

static const struct {
	const char *word;
	int flags;
} route_words[] = {
	{ "add", NLM_F_CREATE | NLM_F_EXCL },
	{ "append", NLM_F_CREATE | NLM_F_APPEND },
	{ "prepend", NLM_F_CREATE },
	{ "replace", NLM_F_CREATE | NLM_F_REPLACE },
	{ "change", NLM_F_REPLACE },
};

static const struct {
	const char *word;
	uint8_t type;
} route_types[] = {
	{ "unreachable", RTN_UNREACHABLE },
	{ "blackhole", RTN_BLACKHOLE },
	{ "prohibit", RTN_PROHIBIT },
};

static void route_attrs(struct request *r, char **w, size_t len)
{
	uint8_t addr[16];
	uint32_t v;
	int ignored;

	for (; *w[0] && *w[1]; w += 2) {
		if (!strcmp(w[0], "via")) {
			prefix_of(w[1], addr, &ignored);
			attr(r, RTA_GATEWAY, addr, len);
			continue;
		}
		v = (uint32_t)atoi(w[1]);
		attr(r, !strcmp(w[0], "dev") ? RTA_OIF : RTA_PRIORITY, &v, 4);
	}
}

static int do_route(struct stack *st, char **w)
{
	struct request r = { .h = { .nlmsg_len = NLMSG_LENGTH(0),
				    .nlmsg_type = RTM_NEWROUTE } };
	struct rtmsg *m = room(&r, sizeof(*m));
	char **to = w + 2;
	uint8_t dst[16];
	int prefix;
	size_t len;

	*m = (struct rtmsg){ .rtm_table = RT_TABLE_MAIN,
			     .rtm_protocol = RTPROT_BOOT,
			     .rtm_type = RTN_UNICAST };
	for (size_t n = 0; n < 5; n++)
		if (!strcmp(w[1], route_words[n].word))
			r.h.nlmsg_flags = (uint16_t)route_words[n].flags;
	if (!strcmp(w[1], "del")) {
		r.h.nlmsg_type = RTM_DELROUTE;
		m->rtm_scope = RT_SCOPE_NOWHERE;
		m->rtm_protocol = 0;
		m->rtm_type = 0;
	}
	for (size_t n = 0; n < 3; n++)
		if (!strcmp(*to, route_types[n].word)) {
			m->rtm_type = route_types[n].type;
			to++;
			break;
		}
	m->rtm_family = (uint8_t)prefix_of(*to, dst, &prefix);
	m->rtm_dst_len = (uint8_t)prefix;
	len = m->rtm_family == AF_INET ? 4 : 16;
	if (prefix > 0)
		attr(&r, RTA_DST, dst, len);
	route_attrs(&r, to + 1, len);
	return converse(st, &r);
}

int stack_ip(struct stack *st, const char *words)
{
	/* A word that is not there is empty. */
	static char none[] = "";
	char copy[256], *w[16] = { [0 ... 15] = none }, *save = NULL;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *p = strtok_r(copy, " ", &save); p && n < 15;
	     p = strtok_r(NULL, " ", &save))
		w[n++] = p;
	return !strcmp(w[0], "link")   ? do_link(st, w)
	       : !strcmp(w[0], "addr") ? do_addr(st, w)
				       : do_route(st, w);
}
