// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sockmsg.c - AF_UNIX messages to and from names of the view
 *
 * A message to such a name, or one whose sender's name is wanted, is sent or
 * received by the monitor, on a duplicate of the guest's socket. Descriptors
 * that go with it (SCM_RIGHTS) are duplicated on the way.
 */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "dev/stream.h"
#include "guest/wait.h"
#include "sys/net.h"
#include "sys/sockname.h"
#include "sys/special.h"

#define MAX_DATAGRAM (256 * 1024)
/* Room for the 253 descriptors of a message, and its other news. */
#define MAX_CONTROL 4096

static long send_to(struct um_req *r, const struct msghdr *msg, int flags)
{
	UM_CLOSE int sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	long ret;

	if (sock < 0)
		return sock;
	do {
		um_wait_begin(r);
		ret = UM_SYS(sendmsg(sock, msg, flags | MSG_NOSIGNAL));
		um_wait_end();
	} while (ret == -EINTR && um_wait_again(r, &ret));
	return ret;
}

long sys_sendto(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	struct sockaddr_un sun;
	UM_CLOSE int dirfd = -1;
	struct msghdr msg = { .msg_name = &sun,
			      .msg_namelen = sizeof(sun),
			      .msg_iovlen = 1 };
	struct iovec iov;
	size_t n = r->arg[2];
	void *buf;
	long ret;

	if (s)
		return um_net_sendto(r, s);
	ret = um_sock_translate(r, r->arg[4], r->arg[5], &sun, &dirfd);
	if (ret <= 0)
		return ret < 0 ? ret : UM_CONTINUE;
	if (n > MAX_DATAGRAM)
		return -EMSGSIZE;
	buf = um_req_alloc(r, n + 1);
	if (!buf)
		return -ENOMEM;
	iov = (struct iovec){ buf, n };
	msg.msg_iov = &iov;
	ret = um_copy_in(r, um_uptr_of(r->arg[1]), buf, n);
	return ret < 0 ? ret : send_to(r, &msg, (int)r->arg[3]);
}

/* A message's vector, checked. */
static long copy_vector(struct um_req *r, const struct msghdr *msg,
			struct iovec iov[64])
{
	size_t n = 0;
	int ret;

	if (msg->msg_iovlen > 64)
		return -EMSGSIZE;
	ret = um_copy_in(r, um_uptr_of((uintptr_t)msg->msg_iov), iov,
			 msg->msg_iovlen * sizeof(struct iovec));
	for (size_t i = 0; ret == 0 && i < msg->msg_iovlen; i++)
		n += iov[i].iov_len < MAX_DATAGRAM ? iov[i].iov_len
						   : MAX_DATAGRAM;
	return ret < 0 ? ret : (long)n;
}

/* Gather a message's vector into one buffer. */
static long gather(struct um_req *r, const struct msghdr *msg, void **out)
{
	struct iovec iov[64];
	long n = copy_vector(r, msg, iov);
	int ret;

	if (n < 0 || n > MAX_DATAGRAM)
		return n < 0 ? n : -EMSGSIZE;
	*out = um_req_alloc(r, (size_t)n + 1);
	if (!*out)
		return -ENOMEM;
	ret = um_copy_in_vec(r, iov, msg->msg_iovlen, *out, (size_t)n);
	return ret < 0 ? ret : n;
}

static bool is_rights(const struct cmsghdr *c)
{
	return c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
}

/* How many descriptors it holds; none unless it is SCM_RIGHTS. */
static size_t fds_of(const struct cmsghdr *c, int **out)
{
	*out = (int *)(void *)CMSG_DATA((struct cmsghdr *)(uintptr_t)c);
	return is_rights(c) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
}

/* The first `count` descriptors of the message are ours to close. */
static void drop_rights(struct msghdr *msg, size_t count)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c && count;
	     c = CMSG_NXTHDR(msg, c)) {
		int *fds;
		size_t n = fds_of(c, &fds);

		for (size_t i = 0; i < n && count; i++, count--)
			close(fds[i]);
	}
}

/* Its length is a guest's to write. */
static bool fits(const struct msghdr *msg, const struct cmsghdr *c)
{
	const char *end = (const char *)msg->msg_control + msg->msg_controllen;

	return c->cmsg_len >= CMSG_LEN(0) &&
	       c->cmsg_len <= (size_t)(end - (const char *)c);
}

/*
 * The guest's control messages with duplicates of its descriptors; *count of
 * them are made, also on failure. Credentials could only be the monitor's.
 */
static int take_rights(struct um_req *r, struct msghdr *msg, size_t *count)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t n;
		int *fds;

		if (!fits(msg, c))
			return -EINVAL;
		if (!is_rights(c))
			return -EOPNOTSUPP;
		n = fds_of(c, &fds);
		for (size_t i = 0; i < n; i++) {
			int fd = um_gfd_dup(r, um_gfd_of((uint64_t)fds[i]));

			if (fd < 0)
				return -EBADF;
			fds[i] = fd;
			++*count;
		}
	}
	return 0;
}

static int copy_control(struct um_req *r, const struct msghdr *theirs,
			struct msghdr *mine)
{
	size_t n = theirs->msg_controllen;

	if (!n)
		return 0;
	if (n > MAX_CONTROL)
		return -ENOBUFS;
	mine->msg_control = um_req_alloc(r, n);
	mine->msg_controllen = n;
	if (!mine->msg_control)
		return -ENOMEM;
	return um_copy_in(r, um_uptr_of((uintptr_t)theirs->msg_control),
			  mine->msg_control, n);
}

/* Addressed to a name of the view? */
static long send_message(struct um_req *r, uint64_t at, int flags)
{
	struct sockaddr_un sun;
	UM_CLOSE int dirfd = -1;
	struct msghdr mine = { .msg_name = &sun, .msg_namelen = sizeof(sun) };
	struct msghdr msg;
	struct iovec iov;
	size_t count = 0;
	long n;
	long ret = um_copy_in(r, um_uptr_of(at), &msg, sizeof(msg));

	if (ret < 0)
		return ret;
	ret = um_sock_translate(r, (uintptr_t)msg.msg_name, msg.msg_namelen,
				&sun, &dirfd);
	if (ret <= 0)
		return ret < 0 ? ret : UM_CONTINUE;
	n = gather(r, &msg, &iov.iov_base);
	if (n < 0)
		return n;
	iov.iov_len = (size_t)n;
	mine.msg_iov = &iov;
	mine.msg_iovlen = 1;
	ret = copy_control(r, &msg, &mine);
	if (ret == 0)
		ret = take_rights(r, &mine, &count);
	if (ret == 0)
		ret = send_to(r, &mine, flags);
	drop_rights(&mine, count);
	return ret;
}

long sys_sendmsg(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);

	return s ? um_net_sendmsg(r, s)
		 : send_message(r, r->arg[1], (int)r->arg[2]);
}

/*
 * Messages to names of the view must be the first: it is sent, and the caller
 * comes again with the rest; a short count is sendmmsg(2)'s right.
 */
long sys_sendmmsg(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	unsigned int sent;
	long ret;

	if (!r->arg[2])
		return UM_CONTINUE;
	if (s)
		return um_net_sendmmsg(r, s);
	ret = send_message(r, r->arg[1], (int)r->arg[3]);
	if (ret < 0)
		return ret;
	sent = (unsigned int)ret;
	ret = um_copy_out(
		r, um_uptr_of(r->arg[1] + offsetof(struct mmsghdr, msg_len)),
		&sent, sizeof(sent));
	return ret < 0 ? ret : 1;
}

static long receive_some(struct um_req *r, int sock, struct msghdr *msg,
			 int flags)
{
	size_t controllen = msg->msg_controllen;
	socklen_t namelen = msg->msg_namelen;
	long got;

	do {
		msg->msg_controllen = controllen;
		msg->msg_namelen = namelen;
		um_wait_begin(r);
		got = UM_SYS(recvmsg(sock, msg, flags));
		um_wait_end();
	} while (got == -EINTR && um_wait_again(r, &got));
	return got;
}

/* A datagram and its sender, whom the kernel knows by our name for it. */
static long receive(struct um_req *r, int sock)
{
	size_t n = r->arg[2] < MAX_DATAGRAM ? (size_t)r->arg[2] : MAX_DATAGRAM;
	struct sockaddr_un sun = { 0 };
	struct iovec iov = { um_req_alloc(r, n + 1), n };
	struct msghdr msg = { .msg_name = &sun,
			      .msg_namelen = sizeof(sun) - 1,
			      .msg_iov = &iov,
			      .msg_iovlen = 1 };
	long got;
	int ret;

	if (!iov.iov_base)
		return -ENOMEM;
	got = receive_some(r, sock, &msg, (int)r->arg[3]);
	if (got < 0)
		return got;
	ret = um_copy_out(r, um_uptr_of(r->arg[1]), iov.iov_base,
			  (size_t)got < n ? (size_t)got : n);
	if (ret == 0)
		ret = um_sock_give(r, 4, &sun, msg.msg_namelen);
	return ret < 0 ? ret : got;
}

long sys_recvfrom(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	UM_CLOSE int sock = -1;

	if (s)
		return um_net_recvfrom(r, s);
	if (!r->arg[4])
		return UM_CONTINUE;
	sock = um_sock_dup(r);
	return sock < 0 ? UM_CONTINUE : receive(r, sock);
}

/* What came with the message, with the guest's own numbers of descriptors. */
static int give_control(struct um_req *r, const struct msghdr *theirs,
			struct msghdr *mine, bool cloexec)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mine); c;
	     c = CMSG_NXTHDR(mine, c)) {
		int *fds;
		size_t n = fds_of(c, &fds);

		for (size_t i = 0; i < n; i++)
			fds[i] = (int)um_give_fd(r, fds[i], cloexec);
	}
	return um_copy_out(r, um_uptr_of((uintptr_t)theirs->msg_control),
			   mine->msg_control, mine->msg_controllen);
}

static int give_name(struct um_req *r, struct msghdr *theirs,
		     const struct msghdr *mine)
{
	const struct sockaddr_un *real = mine->msg_name;
	struct sockaddr_un sun = *real;
	socklen_t room = theirs->msg_namelen;

	theirs->msg_namelen = mine->msg_namelen;
	if (real->sun_path[0])
		theirs->msg_namelen = um_sock_shown(r, real, &sun);
	return um_copy_out(r, um_uptr_of((uintptr_t)theirs->msg_name), &sun,
			   room < theirs->msg_namelen ? room
						      : theirs->msg_namelen);
}

/* Control messages, and the header with all its lengths and flags. */
static int give_header(struct um_req *r, struct msghdr *theirs,
		       struct msghdr *mine)
{
	int ret = give_control(r, theirs, mine,
			       (int)r->arg[2] & MSG_CMSG_CLOEXEC);

	theirs->msg_controllen = mine->msg_controllen;
	theirs->msg_flags = mine->msg_flags & ~MSG_CMSG_CLOEXEC;
	if (ret == 0)
		ret = um_copy_out(r, um_uptr_of(r->arg[1]), theirs,
				  sizeof(*theirs));
	return ret;
}

static long receive_message(struct um_req *r, int sock, struct msghdr *theirs)
{
	struct iovec vector[64];
	struct sockaddr_un sun = { 0 };
	struct iovec iov;
	struct msghdr mine = { .msg_name = &sun,
			       .msg_namelen = sizeof(sun) - 1,
			       .msg_iov = &iov,
			       .msg_iovlen = 1 };
	long n = copy_vector(r, theirs, vector);
	long got;
	int ret;

	if (n < 0)
		return n;
	iov.iov_len = n < MAX_DATAGRAM ? (size_t)n : MAX_DATAGRAM;
	iov.iov_base = um_req_alloc(r, iov.iov_len + 1);
	mine.msg_controllen = theirs->msg_controllen < MAX_CONTROL
				      ? theirs->msg_controllen
				      : MAX_CONTROL;
	mine.msg_control = um_req_alloc(r, mine.msg_controllen + 1);
	if (!iov.iov_base || !mine.msg_control)
		return -ENOMEM;
	got = receive_some(r, sock, &mine, (int)r->arg[2] | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return got;
	ret = um_copy_out_vec(r, vector, theirs->msg_iovlen, iov.iov_base,
			      (size_t)got < iov.iov_len ? (size_t)got
							: iov.iov_len);
	if (ret == 0)
		ret = give_name(r, theirs, &mine);
	if (ret < 0)
		drop_rights(&mine, SIZE_MAX);
	else
		ret = give_header(r, theirs, &mine);
	return ret < 0 ? ret : got;
}

/* Who does not ask for the sender's name gets it all from the kernel. */
long sys_recvmsg(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	UM_CLOSE int sock = -1;
	struct msghdr msg;

	if (s)
		return um_net_recvmsg(r, s);
	/* A stand-in may come with it. */
	if (um_standin_any() || um_stream_any())
		um_req_add_flag(r, UM_PAGE_CHAN);
	if (!um_special_any())
		return UM_CONTINUE;
	if (um_copy_in(r, um_uptr_of(r->arg[1]), &msg, sizeof(msg)) < 0)
		return -EFAULT;
	if (!msg.msg_name || !msg.msg_namelen)
		return UM_CONTINUE;
	sock = um_sock_dup(r);
	return sock < 0 ? UM_CONTINUE : receive_message(r, sock, &msg);
}
