// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umnetlwip.c - a network stack of its own for a view: the monitor's side
 *
 * The stack is a process (stack/), one for each mount. What the core asks is sent to
 * it as a message (proto.h); a thread reads the answers and wakes who waits. The
 * process ends with its end of the pair.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <umview/module.h>
#include <umview/net.h>

#include "interfaces.h"
#include "proto.h"

/* A request whose answer is waited for, by its tag. */
struct call {
	struct call *next;
	uint32_t tag;
	sem_t done;
	struct st_rep rep;
	void *out;
	size_t room;
	int fd;
};

struct lwip {
	struct um_net net;
	pid_t pid;
	int fd;
	pthread_t reader;
	pthread_mutex_t lock;
	struct call *calls;
	uint32_t last_tag;
	bool gone;
};

/* ---- answers ---- */

static struct call *take_locked(struct lwip *l, uint32_t tag)
{
	struct call **p = &l->calls, *c;

	while (*p && (*p)->tag != tag)
		p = &(*p)->next;
	c = *p;
	if (c)
		*p = c->next;
	return c;
}

static void deliver(struct lwip *l, const struct st_rep *rep, const void *data,
		    int fd)
{
	struct call *c;

	pthread_mutex_lock(&l->lock);
	c = take_locked(l, rep->tag);
	pthread_mutex_unlock(&l->lock);
	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	c->rep = *rep;
	if (c->rep.len > c->room)
		c->rep.len = (uint32_t)c->room;
	if (c->rep.len)
		memcpy(c->out, data, c->rep.len);
	c->fd = fd;
	sem_post(&c->done);
}

/* The process is gone: nobody waits for ever. */
static void fail_all(struct lwip *l)
{
	pthread_mutex_lock(&l->lock);
	l->gone = true;
	while (l->calls) {
		struct call *c = l->calls;

		l->calls = c->next;
		c->rep = (struct st_rep){ .ret = -ENETDOWN };
		sem_post(&c->done);
	}
	pthread_mutex_unlock(&l->lock);
}

static int fd_of(struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

static void *read_answers(void *arg)
{
	struct lwip *l = arg;
	uint8_t *data = malloc(ST_DATA_MAX);
	struct st_rep rep;
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov[2] = { { &rep, sizeof(rep) }, { data, ST_DATA_MAX } };

	while (data) {
		struct msghdr m = { .msg_iov = iov,
				    .msg_iovlen = 2,
				    .msg_control = &control,
				    .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(l->fd, &m, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)sizeof(rep))
			break;
		deliver(l, &rep, data, fd_of(&m));
	}
	fail_all(l);
	free(data);
	return NULL;
}

/* ---- requests ---- */

/* What goes with a request, and where its answer goes. */
struct ask {
	uint64_t id;
	int a, b, c;
	const struct iovec *iov; /* data */
	size_t niov;
	int fd; /* borrowed; -1: none */
	void *out;
	size_t room;
	/* the answer */
	uint64_t got_id;
	size_t got;
	int got_fd;
};

static int transmit(struct lwip *l, const struct st_req *q,
		    const struct ask *ask)
{
	struct iovec iov[8] = { { (void *)(uintptr_t)q, sizeof(*q) } };
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = ask->niov + 1 };
	ssize_t n;

	for (size_t i = 0; i < ask->niov; i++)
		iov[i + 1] = ask->iov[i];
	if (ask->fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.space);
		control.h.cmsg_level = SOL_SOCKET;
		control.h.cmsg_type = SCM_RIGHTS;
		control.h.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.h), &ask->fd, sizeof(int));
	}
	do
		n = sendmsg(l->fd, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EMSGSIZE ? -EMSGSIZE : -ENETDOWN;
}

static void cancel(struct lwip *l, uint32_t tag)
{
	struct st_req q = { .op = ST_CANCEL, .a = (int32_t)tag };
	struct ask none = { .fd = -1 };

	(void)transmit(l, &q, &none);
}

static int begin(struct lwip *l, struct call *c)
{
	int ret = 0;

	pthread_mutex_lock(&l->lock);
	if (l->gone) {
		ret = -ENETDOWN;
	} else {
		if (!++l->last_tag)
			l->last_tag = 1;
		c->tag = l->last_tag;
		c->next = l->calls;
		l->calls = c;
	}
	pthread_mutex_unlock(&l->lock);
	return ret;
}

static size_t sum(const struct ask *ask)
{
	size_t n = 0;

	for (size_t i = 0; i < ask->niov; i++)
		n += ask->iov[i].iov_len;
	return n;
}

/* One request; a signal for the guest cancels it, which is answered too. */
static int request(struct lwip *l, enum st_op op, struct ask *ask)
{
	struct call c = { .out = ask->out, .room = ask->room, .fd = -1 };
	struct st_req q = { .op = op,
			    .id = ask->id,
			    .a = ask->a,
			    .b = ask->b,
			    .c = ask->c,
			    .pid = (uint32_t)um_caller()->pid,
			    .len = (uint32_t)sum(ask) };
	bool cancelled = false;
	int ret;

	if (sum(ask) > ST_DATA_MAX)
		return -EMSGSIZE;
	sem_init(&c.done, 0, 0);
	ret = begin(l, &c);
	if (ret < 0)
		goto out;
	q.tag = c.tag;
	ret = transmit(l, &q, ask);
	if (ret < 0) {
		pthread_mutex_lock(&l->lock);
		take_locked(l, c.tag);
		pthread_mutex_unlock(&l->lock);
		goto out;
	}
	while (um_net_wait(&c.done) < 0) {
		if (!cancelled)
			cancel(l, c.tag);
		cancelled = true;
		/* Its answer comes at once now. */
		while (sem_wait(&c.done) < 0 && errno == EINTR)
			;
		break;
	}
	ret = c.rep.ret;
	ask->got_id = c.rep.id;
	ask->got = c.rep.len;
	ask->got_fd = c.fd;
out:
	sem_destroy(&c.done);
	return ret;
}

static struct lwip *of(struct um_net *net)
{
	return net->priv;
}

/* A request with one piece of data and no descriptor. */
static int simple(struct um_net *net, enum st_op op, struct ask *ask,
		  const void *data, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };

	ask->fd = -1;
	ask->iov = &iov;
	ask->niov = 1;
	return request(of(net), op, ask);
}

/* ---- operations ---- */

static bool lwip_family(struct um_net *net, int domain)
{
	(void)net;
	return domain == AF_INET || domain == AF_INET6 ||
	       domain == AF_NETLINK || domain == AF_PACKET;
}

static int lwip_socket(struct um_net *net, int domain, int type, int protocol,
		       uint64_t *id)
{
	struct ask ask = { .a = domain, .b = type, .c = protocol };
	int ret = simple(net, ST_SOCKET, &ask, NULL, 0);

	if (ret < 0)
		return ret;
	*id = ask.got_id;
	return ask.got_fd < 0 ? -ENFILE : ask.got_fd;
}

static int lwip_bind(struct um_net *net, uint64_t id,
		     const struct sockaddr *addr, socklen_t len)
{
	struct ask ask = { .id = id };

	return simple(net, ST_BIND, &ask, addr, len);
}

/* With the guest's descriptor, which is not kept. */
static int with_fd(struct um_net *net, enum st_op op, struct ask *ask, int fd)
{
	int ret;

	ask->fd = fd;
	ret = request(of(net), op, ask);
	close(fd);
	return ret;
}

static int lwip_connect(struct um_net *net, uint64_t id, int fd,
			const struct sockaddr *addr, socklen_t len, bool wait)
{
	struct iovec iov = { (void *)(uintptr_t)addr, len };
	struct ask ask = { .id = id, .a = wait, .iov = &iov, .niov = 1 };

	return with_fd(net, ST_CONNECT, &ask, fd);
}

static int lwip_listen(struct um_net *net, uint64_t id, int fd, int backlog)
{
	struct ask ask = { .id = id, .a = backlog };

	return with_fd(net, ST_LISTEN, &ask, fd);
}

static int lwip_accepted(struct um_net *net, int fd, uint64_t *id)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	struct iovec iov;
	struct ask ask = { .fd = fd, .iov = &iov, .niov = 1 };
	int ret;

	if (getpeername(fd, (void *)&name, &len) < 0)
		return -errno;
	iov = (struct iovec){ &name, len };
	ret = request(of(net), ST_ACCEPTED, &ask);
	*id = ask.got_id;
	return ret;
}

static int name(struct um_net *net, enum st_op op, uint64_t id,
		struct sockaddr *addr, socklen_t *len)
{
	struct ask ask = { .id = id, .out = addr, .room = *len };
	int ret = simple(net, op, &ask, NULL, 0);

	if (ret == 0)
		*len = (socklen_t)ask.got;
	return ret;
}

static int lwip_getsockname(struct um_net *net, uint64_t id,
			    struct sockaddr *addr, socklen_t *len)
{
	return name(net, ST_SOCKNAME, id, addr, len);
}

static int lwip_getpeername(struct um_net *net, uint64_t id,
			    struct sockaddr *addr, socklen_t *len)
{
	return name(net, ST_PEERNAME, id, addr, len);
}

static int lwip_getsockopt(struct um_net *net, uint64_t id, int level, int opt,
			   void *value, socklen_t *len)
{
	struct ask ask = { .id = id,
			   .a = level,
			   .b = opt,
			   .c = (int)*len,
			   .out = value,
			   .room = *len };
	int ret = simple(net, ST_GETOPT, &ask, NULL, 0);

	if (ret == 0)
		*len = (socklen_t)ask.got;
	return ret;
}

static int lwip_setsockopt(struct um_net *net, uint64_t id, int level, int opt,
			   const void *value, socklen_t len)
{
	struct ask ask = { .id = id, .a = level, .b = opt };

	return simple(net, ST_SETOPT, &ask, value, len);
}

static int lwip_shutdown(struct um_net *net, uint64_t id, int how)
{
	struct ask ask = { .id = id, .a = how };

	return simple(net, ST_SHUTDOWN, &ask, NULL, 0);
}

static int lwip_ioctl(struct um_net *net, uint64_t id, unsigned int cmd,
		      void *data, size_t size)
{
	struct ask ask = { .id = id, .a = (int)cmd, .out = data, .room = size };

	return simple(net, ST_IOCTL, &ask, data, size);
}

static ssize_t lwip_sendmsg(struct um_net *net, uint64_t id,
			    const struct msghdr *m, int flags)
{
	struct iovec iov[6] = { { m->msg_name, m->msg_namelen },
				{ m->msg_control, m->msg_controllen } };
	struct ask ask = { .id = id,
			   .a = flags,
			   .b = (int)m->msg_namelen,
			   .c = (int)m->msg_controllen,
			   .iov = iov,
			   .fd = -1 };

	if (m->msg_iovlen > 4)
		return -EMSGSIZE;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		iov[i + 2] = m->msg_iov[i];
	ask.niov = m->msg_iovlen + 2;
	return request(of(net), ST_SEND, &ask);
}

static ssize_t lwip_errqueue(struct um_net *net, uint64_t id, void *buf,
			     size_t size, int flags)
{
	struct ask ask = { .id = id, .a = flags, .out = buf, .room = size };
	int ret = simple(net, ST_ERRQUEUE, &ask, NULL, 0);

	return ret < 0 ? ret : (ssize_t)ask.got;
}

static ssize_t lwip_file(struct um_net *net, const char *path, char **out)
{
	char *text = NULL;
	size_t have = 0, want = 1;

	/* In pieces, if it is long. */
	while (have < want) {
		char *grown = realloc(text, have + ST_DATA_MAX);
		struct ask ask = { .a = (int)have, .room = ST_DATA_MAX };
		int ret;

		if (!grown) {
			free(text);
			return -ENOMEM;
		}
		text = grown;
		ask.out = text + have;
		ret = simple(net, ST_FILE, &ask, path, strlen(path));
		if (ret < 0) {
			free(text);
			return ret;
		}
		want = (size_t)ret;
		have += ask.got;
		if (!ask.got)
			break;
	}
	*out = text;
	return (ssize_t)have;
}

static void lwip_umount(struct um_net *net)
{
	struct lwip *l = of(net);

	shutdown(l->fd, SHUT_RDWR);
	pthread_join(l->reader, NULL);
	close(l->fd);
	waitpid(l->pid, NULL, __WALL);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static const struct um_net_ops lwip_ops = {
	.size = sizeof(lwip_ops),
	.family = lwip_family,
	.socket = lwip_socket,
	.bind = lwip_bind,
	.connect = lwip_connect,
	.listen = lwip_listen,
	.accepted = lwip_accepted,
	.getsockname = lwip_getsockname,
	.getpeername = lwip_getpeername,
	.getsockopt = lwip_getsockopt,
	.setsockopt = lwip_setsockopt,
	.shutdown = lwip_shutdown,
	.ioctl = lwip_ioctl,
	.sendmsg = lwip_sendmsg,
	.errqueue = lwip_errqueue,
	.file = lwip_file,
	.umount = lwip_umount,
};

/* ---- mount ---- */

/* The program lies beside this module. */
static int find_program(char *out, size_t size)
{
	char own[PATH_MAX];
	Dl_info info;

	if (!dladdr((const void *)&um_module, &info) || !info.dli_fname ||
	    snprintf(own, sizeof(own), "%s", info.dli_fname) >=
		    (int)sizeof(own))
		return -ENOENT;
	if (snprintf(out, size, "%s/umnetlwip-stack", dirname(own)) >=
	    (int)size)
		return -ENAMETOOLONG;
	return access(out, X_OK) < 0 ? -errno : 0;
}

static int spawn(struct lwip *l, const char *program, char **interfaces, int fd)
{
	char number[16];
	char *argv[UM_INTERFACES_MAX + 3] = {
		(char *)(uintptr_t) "umnetlwip-stack", number
	};
	posix_spawn_file_actions_t actions;
	int ret;

	snprintf(number, sizeof(number), "%d", 3);
	for (size_t i = 0; interfaces[i]; i++)
		argv[i + 2] = interfaces[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 3);
	posix_spawn_file_actions_addclosefrom_np(&actions, 4);
	ret = posix_spawn(&l->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

static int start(struct lwip *l, char **interfaces)
{
	char program[PATH_MAX];
	struct st_rep hello;
	int ends[2];
	int ret = find_program(program, sizeof(program));

	if (ret < 0) {
		um_err("umnetlwip: its program umnetlwip-stack is not there: %s",
		       strerror(-ret));
		return ret;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	ret = spawn(l, program, interfaces, ends[1]);
	close(ends[1]);
	l->fd = ends[0];
	if (ret == 0 &&
	    recv(l->fd, &hello, sizeof(hello), 0) != sizeof(hello)) {
		waitpid(l->pid, NULL, __WALL);
		ret = -EIO;
	}
	if (ret < 0) {
		um_err("umnetlwip: %s: %s", program, strerror(-ret));
		close(l->fd);
	}
	return ret;
}

static int lwip_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct lwip *l = calloc(1, sizeof(*l));
	char **interfaces = NULL;
	int ret =
		l ? um_interfaces_parse(req->source, req->options, &interfaces)
		  : -ENOMEM;

	if (ret == 0)
		ret = start(l, interfaces);
	um_interfaces_free(interfaces);
	if (ret < 0) {
		free(l);
		return ret;
	}
	pthread_mutex_init(&l->lock, NULL);
	ret = -pthread_create(&l->reader, NULL, read_answers, l);
	if (ret < 0) {
		close(l->fd);
		free(l);
		return ret;
	}
	l->net.ops = &lwip_ops;
	l->net.priv = l;
	fs->net = &l->net;
	return 0;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(um_module),
	.name = "umnetlwip",
	.description = "a network stack of its own: TCP/IP in a process (lwIP)",
	.options =
		"vdN=VNL        interface vdN plugged into a switch or any VNL\n"
		"vd=N           N interfaces vd0... on the default switch\n"
		"slN[=FORWARDS] interface slN: the host's network, by NAT\n"
		"tpN=NAME       interface tpN on the host's tap interface NAME\n"
		"wrN=NAME       interface wrN: one end of the private wire NAME\n"
		"lo             the loopback alone\n"
		"dhcp           interfaces come up and ask for an address\n"
		"up             interfaces come up\n"
		"forward        packets for others are forwarded: a router\n",
	.mount = lwip_mount,
};
