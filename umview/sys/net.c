// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net.c - sockets of a stack: made, named, connected, shut down
 *
 * The guest's descriptor is real (umview/net.h). What is done to it by the stack
 * is done on a duplicate, which is closed at once: the stack sees the end of a
 * socket by the end of its last descriptor.
 */
#include "sys/net.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "guest/wait.h"
#include "view/perm.h"

/* ---- socket ---- */

static int set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static long made(struct um_req *r, struct um_mount *m, int fd, uint64_t id,
		 int domain, int type, int flags)
{
	int ret = (flags & SOCK_NONBLOCK) ? set_nonblock(fd) : 0;

	if (ret == 0 && id)
		ret = um_standin_add(fd, m, id, domain, type);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	if (id && type != SOCK_STREAM)
		um_req_add_flag(r, UM_PAGE_CHAN);
	return um_give_fd(r, fd, flags & SOCK_CLOEXEC);
}

long um_net_socket(struct um_req *r, struct um_mount *m, int domain, int type,
		   int protocol)
{
	int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
	uint64_t id = 0;
	long fd;

	type &= ~flags;
	if (type & ~0xf)
		return -EINVAL;
	if (!um_stack_enter(m))
		return -ENETDOWN;
	fd = m->fs.net->ops->socket
		     ? m->fs.net->ops->socket(m->fs.net, domain, type, protocol,
					      &id)
		     : -EAFNOSUPPORT;
	if (fd >= 0)
		um_stack_touch(m);
	um_stack_leave(m);
	if (fd < 0)
		return fd;
	return made(r, m, (int)fd, id, domain, type, flags);
}

long sys_socket(struct um_req *r)
{
	struct um_mount *m = um_stack_of(r, (int)r->arg[0]);
	long ret;

	if (!m)
		return UM_CONTINUE;
	ret = um_net_socket(r, m, (int)r->arg[0], (int)r->arg[1],
			    (int)r->arg[2]);
	um_mount_put(m);
	return ret;
}

/* The stack whose special file it is (ref). */
static int find_stack(struct um_req *r, const char *path, struct um_mount **out)
{
	struct um_loc loc UM_LOC;
	struct stat st;
	int ret;

	loc = (struct um_loc){ 0 };
	ret = um_walk_always(r, AT_FDCWD, path, UM_FOLLOW, &loc);
	if (ret < 0)
		return ret;
	if (loc.obj)
		return -ENOTSUP;
	ret = um_fs_getattr(loc.mount, loc.rel, NULL, &st);
	if (ret == 0 && !um_stack_is(loc.mount))
		ret = -ENOTSUP;
	if (ret == 0)
		ret = um_may(r, loc.mount, &st, X_OK);
	if (ret == 0)
		*out = um_mount_get(loc.mount);
	return ret;
}

/* A socket of the host's stack is one that the guest makes itself. */
static long host_socket(struct um_req *r)
{
	int type = (int)r->arg[3];
	long fd = UM_SYS(
		socket((int)r->arg[2], type | SOCK_CLOEXEC, (int)r->arg[4]));

	return fd < 0 ? fd : um_give_fd(r, (int)fd, type & SOCK_CLOEXEC);
}

long um_net_msocket(struct um_req *r)
{
	int domain = (int)r->arg[2], type = (int)r->arg[3];
	struct um_mount *named = NULL, *m;
	char *path;
	long ret;

	if (r->arg[1]) {
		ret = um_copy_in_path(r, um_uptr_of(r->arg[1]), &path);
		if (ret == 0)
			ret = find_stack(r, path, &named);
		if (ret < 0)
			return ret;
	}
	if (type == SOCK_DEFAULT) {
		ret = named ? um_stack_choose(r, named, domain) : -EINVAL;
	} else {
		m = named ? um_stack_follow(r, named, domain)
			  : um_stack_of(r, domain);
		ret = m ? um_net_socket(r, m, domain, type, (int)r->arg[4])
			: host_socket(r);
		um_mount_put(m);
	}
	um_mount_put(named);
	return ret;
}

/* ---- addresses ---- */

int um_net_copy_addr(struct um_req *r, uint64_t at, uint64_t len,
		     struct sockaddr_storage *out)
{
	int ret;

	memset(out, 0, sizeof(*out));
	if ((int)len < 0 || len > sizeof(*out))
		return -EINVAL;
	ret = um_copy_in(r, um_uptr_of(at), out, len);
	return ret < 0 ? ret : (int)len;
}

int um_net_give_addr(struct um_req *r, uint64_t at, uint64_t lenp,
		     const void *addr, socklen_t len)
{
	socklen_t room;
	int ret = um_copy_in(r, um_uptr_of(lenp), &room, sizeof(room));

	if (ret < 0)
		return ret;
	if ((int)room < 0)
		return -EINVAL;
	ret = um_copy_out(r, um_uptr_of(at), addr, room < len ? room : len);
	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(lenp), &len, sizeof(len));
}

long um_net_bind(struct um_req *r, struct um_standin *s)
{
	struct sockaddr_storage addr;
	int len = um_net_copy_addr(r, r->arg[1], r->arg[2], &addr);

	if (len < 0)
		return len;
	/* who was killed while it waited has its address until we know */
	um_wait_settle();
	return UM_STACK_CALL(s->stack, bind, -EOPNOTSUPP, s->id, (void *)&addr,
			     (socklen_t)len);
}

long um_net_connect(struct um_req *r, struct um_standin *s)
{
	struct sockaddr_storage addr;
	int len = um_net_copy_addr(r, r->arg[1], r->arg[2], &addr);
	UM_CLOSE int fd = -1;
	int flags;

	if (len < 0)
		return len;
	um_wait_settle();
	fd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (fd < 0)
		return fd;
	flags = fcntl(fd, F_GETFL);
	return UM_STACK_CALL(s->stack, connect, -EOPNOTSUPP, s->id, fd,
			     (void *)&addr, (socklen_t)len,
			     !(flags & O_NONBLOCK));
}

long um_net_name(struct um_req *r, struct um_standin *s, bool peer)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);
	long ret = peer ? UM_STACK_CALL(s->stack, getpeername, -ENOTCONN, s->id,
					(void *)&addr, &len)
			: UM_STACK_CALL(s->stack, getsockname, -EOPNOTSUPP,
					s->id, (void *)&addr, &len);

	return ret < 0 ? ret
		       : um_net_give_addr(r, r->arg[1], r->arg[2], &addr, len);
}

/* ---- listen and accept ---- */

long sys_listen(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	UM_CLOSE int fd = -1;

	if (!s)
		return UM_CONTINUE;
	if (s->packets)
		return -EOPNOTSUPP;
	fd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (fd < 0)
		return fd;
	return UM_STACK_CALL(s->stack, listen, -EOPNOTSUPP, s->id, fd,
			     (int)r->arg[1]);
}

/* Is it a connection of the stack's: id; -ENOENT: it is nobody's. */
static long is_own(struct um_standin *s, int fd, uint64_t *id)
{
	return UM_STACK_CALL(s->stack, accepted, -ENOENT, fd, id);
}

static long accept_fd(struct um_req *r, int sock, int flags)
{
	long fd;

	do {
		um_wait_begin(r);
		fd = UM_SYS(accept4(sock, NULL, NULL, flags | SOCK_CLOEXEC));
		um_wait_end();
	} while (fd == -EINTR && um_wait_again(r, &fd));
	return fd;
}

/* The next that is a connection of the stack's: others are nobody's. */
static long accept_own(struct um_req *r, struct um_standin *s, int sock,
		       int flags, uint64_t *id)
{
	for (;;) {
		long fd = accept_fd(r, sock, flags);
		long ret;

		if (fd < 0)
			return fd;
		ret = is_own(s, (int)fd, id);
		if (ret == 0)
			return fd;
		close((int)fd);
		if (ret != -ENOENT)
			return ret;
	}
}

long um_net_accept(struct um_req *r, struct um_standin *s, int flags)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);
	UM_CLOSE int sock = -1;
	uint64_t id = 0;
	long fd, ret;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	if (s->packets)
		return -EOPNOTSUPP;
	sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (sock < 0)
		return sock;
	fd = accept_own(r, s, sock, flags, &id);
	if (fd < 0)
		return fd;
	ret = UM_STACK_CALL(s->stack, getpeername, 0, id, (void *)&addr, &len);
	if (ret == 0 && r->arg[1])
		ret = um_net_give_addr(r, r->arg[1], r->arg[2], &addr, len);
	if (ret < 0 && ret != -ENOTCONN) {
		close((int)fd);
		return ret;
	}
	return made(r, s->stack, (int)fd, id, s->domain, s->type,
		    flags & SOCK_CLOEXEC);
}

/* ---- shutdown ---- */

/*
 * Of packets, what is sent goes through the stack, which refuses it from now on;
 * the stand-in says the end to who reads. The stack's end must not see a
 * hang-up: that is a close.
 */
static long shut_packets(struct um_req *r, long ret)
{
	UM_CLOSE int sock = -1;

	if ((int)r->arg[1] == SHUT_WR || (ret < 0 && ret != -ENOTCONN))
		return ret;
	sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (sock < 0)
		return sock;
	return shutdown(sock, SHUT_RD) < 0 ? -errno : ret;
}

long sys_shutdown(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	long ret;

	if (!s)
		return UM_CONTINUE;
	if ((unsigned int)r->arg[1] > SHUT_RDWR)
		return -EINVAL;
	ret = UM_STACK_CALL(s->stack, shutdown, 0, s->id, (int)r->arg[1]);
	if (s->packets)
		return shut_packets(r, ret);
	return ret < 0 ? ret : UM_CONTINUE;
}
