// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netproc.c - a network stack that is a process: the monitor's side
 *
 * What the core asks is sent to the process as a message (proto.h); a thread
 * reads the answers and wakes who waits. The process ends with its end of the
 * pair.
 */
#include "netproc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <umview/module.h>
#include <umview/net.h>

#include "proto.h"

/* How long a process may take to end; what is written in one message. */
enum { PATIENCE_MS = 2000, STORE_MAX = 48 << 10 };

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

struct proc {
	struct um_net net;
	pid_t pid;
	int fd;
	pthread_t reader;
	pthread_mutex_t lock;
	struct call *calls;
	uint32_t last_tag;
	bool gone;
	atomic_bool ending; /* by umount */
	bool (*family)(int domain);
};

/* ---- answers ---- */

static struct call *take_locked(struct proc *l, uint32_t tag)
{
	struct call **p = &l->calls, *c;

	while (*p && (*p)->tag != tag)
		p = &(*p)->next;
	c = *p;
	if (c)
		*p = c->next;
	return c;
}

static void deliver(struct proc *l, const struct st_rep *rep, const void *data,
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
static void fail_all(struct proc *l)
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

/*
 * It ends when its end of the pair is gone; one that is stuck is ended. Return:
 * its status.
 */
static int reap(pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int status = 0;

	for (int n = 0; n < PATIENCE_MS; n++) {
		if (waitpid(pid, &status, __WALL | WNOHANG) != 0)
			return status;
		nanosleep(&nap, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	return status;
}

static int fd_of(struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

/* Its sockets fail with ENETDOWN; umount, and mount anew, is the way on. */
static void died(struct proc *l)
{
	int status = reap(l->pid);

	l->pid = 0;
	um_err("the process of a network stack has ended by itself (%s %d): its "
	       "sockets fail; unmount the stack and mount it anew",
	       WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	um_net_ended(&l->net);
}

static void *read_answers(void *arg)
{
	struct proc *l = arg;
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
	if (!l->ending)
		died(l);
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
	struct iovec one; /* what iov is where the data is in one piece */
	int fd;		  /* borrowed; -1: none */
	void *out;
	size_t room;
	/* the answer */
	uint64_t got_id;
	size_t got;
	int got_fd;
};

static int transmit(struct proc *l, const struct st_req *q,
		    const struct ask *ask, bool wait)
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
	/* A process that is stuck takes nothing: its guests can be killed. */
	do
		n = sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 &&
	       (errno == EINTR || (errno == EAGAIN && wait &&
				   um_net_wait_fd(l->fd, POLLOUT) == 0)));
	if (n >= 0)
		return 0;
	return errno == EMSGSIZE ? -EMSGSIZE
	       : errno == EAGAIN ? -EINTR
				 : -ENETDOWN;
}

static void cancel(struct proc *l, uint32_t tag)
{
	struct st_req q = { .op = ST_CANCEL, .a = (int32_t)tag };
	struct ask none = { .fd = -1 };

	(void)transmit(l, &q, &none, false);
}

/*
 * Its answer comes at once now, unless the process is stuck: then nobody waits
 * for it. Return: whether it came.
 */
static bool cancelled(struct proc *l, struct call *c)
{
	struct timespec end;
	bool given_up;
	int ret;

	cancel(l, c->tag);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec++;
	do
		ret = sem_timedwait(&c->done, &end);
	while (ret < 0 && errno == EINTR);
	if (ret == 0)
		return true;
	pthread_mutex_lock(&l->lock);
	given_up = take_locked(l, c->tag) != NULL;
	pthread_mutex_unlock(&l->lock);
	/* Else the answer is being delivered. */
	while (!given_up && sem_wait(&c->done) < 0 && errno == EINTR)
		;
	return !given_up;
}

static int begin(struct proc *l, struct call *c)
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
static int request(struct proc *l, enum st_op op, struct ask *ask)
{
	struct call c = { .out = ask->out, .room = ask->room, .fd = -1 };
	struct st_req q = { .op = op,
			    .id = ask->id,
			    .a = ask->a,
			    .b = ask->b,
			    .c = ask->c,
			    .pid = (uint32_t)um_caller()->pid,
			    .len = (uint32_t)sum(ask) };
	int ret;

	if (sum(ask) > ST_DATA_MAX)
		return -EMSGSIZE;
	sem_init(&c.done, 0, 0);
	ret = begin(l, &c);
	if (ret < 0)
		goto out;
	q.tag = c.tag;
	ret = transmit(l, &q, ask, true);
	if (ret < 0) {
		pthread_mutex_lock(&l->lock);
		take_locked(l, c.tag);
		pthread_mutex_unlock(&l->lock);
		goto out;
	}
	if (um_net_wait(&c.done) < 0 && !cancelled(l, &c)) {
		ret = -EINTR;
		goto out;
	}
	ret = c.rep.ret;
	ask->got_id = c.rep.id;
	ask->got = c.rep.len;
	ask->got_fd = c.fd;
out:
	sem_destroy(&c.done);
	return ret;
}

static struct proc *of(struct um_net *net)
{
	return net->priv;
}

/* A request with one piece of data and no descriptor. */
static int simple(struct um_net *net, enum st_op op, struct ask *ask,
		  const void *data, size_t len)
{
	ask->fd = -1;
	ask->one = (struct iovec){ (void *)(uintptr_t)data, len };
	ask->iov = &ask->one;
	ask->niov = 1;
	return request(of(net), op, ask);
}

/* ---- operations ---- */

static bool proc_family(struct um_net *net, int domain)
{
	return of(net)->family(domain);
}

static int proc_socket(struct um_net *net, int domain, int type, int protocol,
		       uint64_t *id)
{
	struct ask ask = { .a = domain, .b = type, .c = protocol };
	int ret = simple(net, ST_SOCKET, &ask, NULL, 0);

	if (ret < 0)
		return ret;
	*id = ask.got_id;
	return ask.got_fd < 0 ? -ENFILE : ask.got_fd;
}

static int proc_bind(struct um_net *net, uint64_t id,
		     const struct sockaddr *addr, socklen_t len)
{
	struct ask ask = { .id = id };

	return simple(net, ST_BIND, &ask, addr, len);
}

static int with_fd(struct um_net *net, enum st_op op, struct ask *ask, int fd)
{
	ask->fd = fd;
	return request(of(net), op, ask);
}

static int proc_connect(struct um_net *net, uint64_t id, int fd,
			const struct sockaddr *addr, socklen_t len, bool wait)
{
	struct iovec iov = { (void *)(uintptr_t)addr, len };
	struct ask ask = { .id = id, .a = wait, .iov = &iov, .niov = 1 };

	return with_fd(net, ST_CONNECT, &ask, fd);
}

static int proc_listen(struct um_net *net, uint64_t id, int fd, int backlog)
{
	struct ask ask = { .id = id, .a = backlog };

	return with_fd(net, ST_LISTEN, &ask, fd);
}

static int proc_accepted(struct um_net *net, int fd, uint64_t *id)
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

static int ask_name(struct um_net *net, enum st_op op, uint64_t id,
		    struct sockaddr *addr, socklen_t *len)
{
	struct ask ask = { .id = id, .out = addr, .room = *len };
	int ret = simple(net, op, &ask, NULL, 0);

	if (ret == 0)
		*len = (socklen_t)ask.got;
	return ret;
}

static int proc_getsockname(struct um_net *net, uint64_t id,
			    struct sockaddr *addr, socklen_t *len)
{
	return ask_name(net, ST_SOCKNAME, id, addr, len);
}

static int proc_getpeername(struct um_net *net, uint64_t id,
			    struct sockaddr *addr, socklen_t *len)
{
	return ask_name(net, ST_PEERNAME, id, addr, len);
}

static int proc_getsockopt(struct um_net *net, uint64_t id, int level, int opt,
			   void *value, socklen_t *len)
{
	struct ask ask = { .id = id,
			   .a = level,
			   .b = opt,
			   .c = (int)*len,
			   .out = value,
			   .room = *len };
	bool asks = level == SOL_PACKET && opt == PACKET_HDRLEN;
	int ret = simple(net, ST_GETOPT, &ask, value, asks ? *len : 0);

	if (ret == 0)
		*len = (socklen_t)ask.got;
	return ret;
}

static int proc_setsockopt(struct um_net *net, uint64_t id, int level, int opt,
			   const void *value, socklen_t len)
{
	struct ask ask = { .id = id, .a = level, .b = opt };

	return simple(net, ST_SETOPT, &ask, value, len);
}

static int proc_shutdown(struct um_net *net, uint64_t id, int how)
{
	struct ask ask = { .id = id, .a = how };

	return simple(net, ST_SHUTDOWN, &ask, NULL, 0);
}

static int proc_ioctl(struct um_net *net, uint64_t id, unsigned int cmd,
		      void *data, size_t size)
{
	struct ask ask = { .id = id, .a = (int)cmd, .out = data, .room = size };

	return simple(net, ST_IOCTL, &ask, data, size);
}

static ssize_t proc_sendmsg(struct um_net *net, uint64_t id,
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

static ssize_t proc_errqueue(struct um_net *net, uint64_t id, void *buf,
			     size_t size, int flags)
{
	struct ask ask = { .id = id, .a = flags, .out = buf, .room = size };
	int ret = simple(net, ST_ERRQUEUE, &ask, NULL, 0);

	return ret < 0 ? ret : (ssize_t)ask.got;
}

static ssize_t proc_file(struct um_net *net, const char *path, char **out)
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

/* What goes in one message: as many lines as fit. */
static size_t whole_lines(const char *text, size_t size)
{
	const char *end;

	if (size <= STORE_MAX)
		return size;
	end = memrchr(text, '\n', STORE_MAX);
	return end ? (size_t)(end - text) + 1 : STORE_MAX;
}

static ssize_t proc_store(struct um_net *net, const char *path,
			  const void *data, size_t size, off_t off)
{
	size_t len = strlen(path);
	struct iovec iov[2] = { { (void *)(uintptr_t)path, len },
				{ (void *)(uintptr_t)data,
				  whole_lines(data, size) } };
	struct ask ask = { .a = (int)len,
			   .b = off > INT_MAX ? INT_MAX : (int)off,
			   .iov = iov,
			   .niov = 2,
			   .fd = -1 };

	return request(of(net), ST_STORE, &ask);
}

static int proc_tun_open(struct um_net *net, int fd, struct ifreq *ifr,
			 int index, uint64_t *id)
{
	struct iovec iov = { ifr, sizeof(*ifr) };
	struct ask ask = { .a = index,
			   .iov = &iov,
			   .niov = 1,
			   .out = ifr,
			   .room = sizeof(*ifr) };
	int ret = with_fd(net, ST_TUN_OPEN, &ask, fd);

	*id = ask.got_id;
	return ret;
}

static long proc_tun(struct um_net *net, uint64_t id, unsigned int cmd,
		     void *data, size_t size)
{
	struct ask ask = { .id = id, .a = (int)cmd, .out = data, .room = size };

	return simple(net, ST_TUN, &ask, data, size);
}

static int proc_map(struct um_net *net, uint64_t id, size_t len, off_t off)
{
	const uint64_t where[2] = { len, (uint64_t)off };
	struct ask ask = { .id = id };
	int ret = simple(net, ST_MAP, &ask, where, sizeof(where));

	if (ret < 0)
		return ret;
	return ask.got_fd < 0 ? -ENFILE : ask.got_fd;
}

static int proc_await(struct um_net *net, uint64_t id)
{
	struct ask ask = { .id = id };

	return simple(net, ST_AWAIT, &ask, NULL, 0);
}

static void proc_umount(struct um_net *net)
{
	struct proc *l = of(net);

	l->ending = true;
	shutdown(l->fd, SHUT_RDWR);
	pthread_join(l->reader, NULL);
	close(l->fd);
	if (l->pid)
		reap(l->pid);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static const struct um_net_ops proc_ops = {
	.size = sizeof(proc_ops),
	.family = proc_family,
	.socket = proc_socket,
	.bind = proc_bind,
	.connect = proc_connect,
	.listen = proc_listen,
	.accepted = proc_accepted,
	.getsockname = proc_getsockname,
	.getpeername = proc_getpeername,
	.getsockopt = proc_getsockopt,
	.setsockopt = proc_setsockopt,
	.shutdown = proc_shutdown,
	.ioctl = proc_ioctl,
	.sendmsg = proc_sendmsg,
	.errqueue = proc_errqueue,
	.file = proc_file,
	.umount = proc_umount,
	.store = proc_store,
	.tun_open = proc_tun_open,
	.tun = proc_tun,
	.map = proc_map,
	.await = proc_await,
};

/* ---- its process ---- */

/* The program lies beside the module. */
static int find_program(const char *name, char *out, size_t size)
{
	char own[PATH_MAX];
	Dl_info info;

	if (!dladdr((const void *)find_program, &info) || !info.dli_fname ||
	    snprintf(own, sizeof(own), "%s", info.dli_fname) >=
		    (int)sizeof(own))
		return -ENOENT;
	if (snprintf(out, size, "%s/%s", dirname(own), name) >= (int)size)
		return -ENAMETOOLONG;
	return access(out, X_OK) < 0 ? -errno : 0;
}

static int spawn(struct proc *l, const char *program, char *const *words,
		 int fd)
{
	static char number[] = "3";
	posix_spawn_file_actions_t actions;
	size_t n = 0;
	char **argv;
	int ret;

	while (words && words[n])
		n++;
	argv = calloc(n + 3, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[0] = (char *)(uintptr_t)program;
	argv[1] = number;
	for (size_t i = 0; i < n; i++)
		argv[i + 2] = words[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 3);
	posix_spawn_file_actions_addclosefrom_np(&actions, 4);
	ret = posix_spawn(&l->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	free(argv);
	return -ret;
}

/* Its first message says whether it could begin. */
static int greeting(struct proc *l)
{
	struct st_rep hello = { 0 };
	ssize_t n;

	do
		n = recv(l->fd, &hello, sizeof(hello), 0);
	while (n < 0 && errno == EINTR);
	if (n == sizeof(hello) && hello.ret == 0)
		return 0;
	shutdown(l->fd, SHUT_RDWR);
	waitpid(l->pid, NULL, __WALL);
	return n == sizeof(hello) ? hello.ret : -EIO;
}

static int start(struct proc *l, const char *name, char *const *words)
{
	char program[PATH_MAX];
	int ends[2];
	int ret = find_program(name, program, sizeof(program));

	if (ret < 0) {
		um_err("the program %s is not beside its module: %s", name,
		       strerror(-ret));
		return ret;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	ret = spawn(l, program, words, ends[1]);
	close(ends[1]);
	l->fd = ends[0];
	if (ret == 0)
		ret = greeting(l);
	if (ret < 0) {
		um_err("%s: %s", name, strerror(-ret));
		close(l->fd);
	}
	return ret;
}

int um_netproc_start(const char *program, char *const *words,
		     bool (*family)(int domain), struct um_fs *fs)
{
	struct proc *l = calloc(1, sizeof(*l));
	int ret = l ? start(l, program, words) : -ENOMEM;

	if (ret < 0) {
		free(l);
		return ret;
	}
	l->family = family;
	pthread_mutex_init(&l->lock, NULL);
	ret = -pthread_create(&l->reader, NULL, read_answers, l);
	if (ret < 0) {
		close(l->fd);
		waitpid(l->pid, NULL, __WALL);
		pthread_mutex_destroy(&l->lock);
		free(l);
		return ret;
	}
	l->net.ops = &proc_ops;
	l->net.priv = l;
	fs->net = &l->net;
	return 0;
}
