// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * socket.c - AF_UNIX names: bind, connect, accept, names shown
 *
 * A socket is a real one; only the name is the view's. The call is made by the
 * monitor on a duplicate of the guest's socket with the name that the kernel
 * understands. Other families, and names that are the kernel's too, pass.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "guest/inject.h"
#include "guest/wait.h"
#include "sys/net.h"
#include "sys/sockname.h"
#include "sys/special.h"
#include "view/perm.h"

/*
 * The path of a guest's address; *path NULL: not a pathname. The address may
 * lack its NUL; unix(7).
 */
static int copy_path(struct um_req *r, uint64_t addr, uint64_t len, char **path)
{
	struct sockaddr_un sun;
	size_t n;
	int ret;

	*path = NULL;
	if (!addr || len <= offsetof(struct sockaddr_un, sun_path) ||
	    len > sizeof(sun))
		return 0;
	memset(&sun, 0, sizeof(sun));
	ret = um_copy_in(r, um_uptr_of(addr), &sun, len);
	if (ret < 0)
		return ret;
	if (sun.sun_family != AF_UNIX || !sun.sun_path[0])
		return 0;
	n = len - offsetof(struct sockaddr_un, sun_path);
	*path = um_req_alloc(r, n + 1);
	if (!*path)
		return -ENOMEM;
	memcpy(*path, sun.sun_path, n);
	(*path)[n] = '\0';
	return 0;
}

/* A real name of any length fits an address by way of its directory. */
static int real_address(const char *path, struct sockaddr_un *sun, int *dirfd)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path + 1), path);
	*dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dirfd < 0)
		return -errno;
	if (snprintf(sun->sun_path, sizeof(sun->sun_path),
		     "/proc/self/fd/%d/%s", *dirfd,
		     slash + 1) >= (int)sizeof(sun->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

static long bind_virtual(struct um_req *r, const struct um_loc *loc, int sock,
			 const char *shown)
{
	struct stat st;
	int ret;

	if (loc->exists)
		return -EADDRINUSE;
	ret = um_may_make(r, loc);
	if (ret < 0)
		return ret;
	ret = um_vnode_mknod(loc->mount, loc->rel,
			     S_IFSOCK | um_apply_umask(r, 0777), 0);
	if (ret < 0)
		return ret == -EEXIST ? -EADDRINUSE : ret;
	ret = um_fs_getattr(loc->mount, loc->rel, NULL, &st);
	if (ret == 0)
		ret = um_special_bind(loc, st.st_ino, sock, shown);
	if (ret < 0)
		um_fs_unlink(loc->mount, loc->rel);
	return ret;
}

static long bind_real(struct um_req *r, const struct um_loc *loc, int sock)
{
	struct sockaddr_un sun;
	UM_CLOSE int dirfd = -1;
	int ret = real_address(loc->rel, &sun, &dirfd);

	if (ret < 0)
		return ret;
	ret = (int)UM_SYS(bind(sock, (void *)&sun, sizeof(sun)));
	if (ret == 0)
		um_fs_chmod(loc->mount, loc->rel, NULL,
			    um_apply_umask(r, 0777));
	return ret;
}

long sys_bind(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	struct um_loc loc UM_LOC;
	UM_CLOSE int sock = -1;
	char *path;
	int ret;

	loc = (struct um_loc){ 0 };
	if (s)
		return um_net_bind(r, s);
	ret = copy_path(r, r->arg[1], r->arg[2], &path);
	if (ret < 0)
		return ret;
	if (!path)
		return UM_CONTINUE;
	ret = um_walk(r, AT_FDCWD, path, UM_ENTRY, &loc);
	if (ret < 0)
		return ret;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (sock < 0)
		return sock;
	return um_loc_is_real(&loc) ? bind_real(r, &loc, sock)
				    : bind_virtual(r, &loc, sock, path);
}

/* The address the kernel understands for a guest's name: 1; 0: its own. */
int um_sock_translate(struct um_req *r, uint64_t addr, uint64_t len,
		      struct sockaddr_un *sun, int *dirfd)
{
	struct um_loc loc UM_LOC;
	const char *beneath;
	char *path;
	int ret;

	loc = (struct um_loc){ 0 };
	ret = copy_path(r, addr, len, &path);
	if (ret < 0 || !path)
		return ret;
	ret = um_walk(r, AT_FDCWD, path, UM_FOLLOW | UM_READ, &loc);
	if (ret < 0 || um_loc_is_native(&loc))
		return ret;
	if (um_loc_is_real(&loc)) {
		ret = real_address(loc.rel, sun, dirfd);
		return ret < 0 ? ret : 1;
	}
	if (!loc.exists)
		return -ENOENT;
	if (um_special_socket(&loc) < 0 &&
	    um_special_beneath(r, &loc, &beneath)) {
		ret = real_address(beneath, sun, dirfd);
		return ret < 0 ? ret : 1;
	}
	ret = um_may(r, loc.mount, &loc.st, W_OK);
	if (ret == 0)
		ret = um_special_socket(&loc);
	if (ret < 0)
		return ret;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(sun->sun_path, sizeof(sun->sun_path), "/proc/self/fd/%d", ret);
	return 1;
}

/*
 * The guest makes the call itself where it can be made to, so that the other
 * side sees its credentials: unix(7), SO_PEERCRED.
 */
static long connect_in_guest(struct um_req *r, const struct sockaddr_un *sun)
{
	const uint64_t args[6] = { r->arg[0], 0, sizeof(*sun) };
	struct sockaddr_un theirs = *sun;
	const char *self = "/proc/self/";
	size_t n = strlen(self);

	if (!strncmp(sun->sun_path, self, n) &&
	    snprintf(theirs.sun_path, sizeof(theirs.sun_path), "/proc/%d/%s",
		     (int)getpid(),
		     sun->sun_path + n) >= (int)sizeof(theirs.sun_path))
		return -EPERM;
	return um_inject_data(r, SYS_connect, args, 1, &theirs, sizeof(theirs));
}

long sys_connect(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	struct sockaddr_un sun;
	UM_CLOSE int dirfd = -1;
	UM_CLOSE int sock = -1;
	long ret;

	if (s)
		return um_net_connect(r, s);
	ret = um_sock_translate(r, r->arg[1], r->arg[2], &sun, &dirfd);
	if (ret <= 0)
		return ret < 0 ? ret : UM_CONTINUE;
	ret = connect_in_guest(r, &sun);
	if (ret == UM_ANSWERED)
		return ret;
	sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (sock < 0)
		return sock;
	do {
		um_wait_begin(r);
		ret = UM_SYS(connect(sock, (void *)&sun, sizeof(sun)));
		um_wait_end();
	} while (ret == -EINTR && um_wait_again(r, &ret));
	return ret;
}

typedef int (*name_fn)(int sock, struct sockaddr *addr, socklen_t *len);

socklen_t um_sock_shown(struct um_req *r, const struct sockaddr_un *real,
			struct sockaddr_un *out)
{
	const char *shown = um_special_shown(r, real->sun_path);

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	snprintf(out->sun_path, sizeof(out->sun_path), "%s",
		 shown ? shown : real->sun_path);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			   strlen(out->sun_path) + 1);
}

int um_sock_give(struct um_req *r, int argno, const struct sockaddr_un *real,
		 socklen_t len)
{
	struct sockaddr_un sun = *real;
	socklen_t room;
	int ret = um_copy_in(r, um_uptr_of(r->arg[argno + 1]), &room,
			     sizeof(room));

	if (ret < 0)
		return ret;
	if ((int)room < 0)
		return -EINVAL;
	if (real->sun_path[0])
		len = um_sock_shown(r, real, &sun);
	ret = um_copy_out(r, um_uptr_of(r->arg[argno]), &sun,
			  room < len ? room : len);
	if (ret == 0)
		ret = um_copy_out(r, um_uptr_of(r->arg[argno + 1]), &len,
				  sizeof(len));
	return ret;
}

int um_sock_dup(struct um_req *r)
{
	int domain = 0;
	socklen_t len = sizeof(domain);
	int sock;

	if (!um_special_any())
		return -ENOENT;
	sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (sock >= 0 &&
	    getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    domain == AF_UNIX)
		return sock;
	if (sock >= 0)
		close(sock);
	return -ENOENT;
}

static long name_call(struct um_req *r, name_fn fn)
{
	UM_CLOSE int sock = um_sock_dup(r);
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun) - 1;

	memset(&sun, 0, sizeof(sun));
	if (sock < 0 || fn(sock, (void *)&sun, &len) < 0 || !sun.sun_path[0] ||
	    !um_special_shown(r, sun.sun_path))
		return UM_CONTINUE;
	return um_sock_give(r, 1, &sun, len);
}

long sys_getsockname(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);

	return s ? um_net_name(r, s, false) : name_call(r, getsockname);
}

long sys_getpeername(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);

	return s ? um_net_name(r, s, true) : name_call(r, getpeername);
}

/* The peer may be bound to a name of the view. */
static long accept_one(struct um_req *r, int sock, int flags)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun) - 1;
	long fd;
	int ret;

	memset(&sun, 0, sizeof(sun));
	do {
		um_wait_begin(r);
		fd = UM_SYS(accept4(sock, (void *)&sun, &len,
				    flags | SOCK_CLOEXEC));
		um_wait_end();
	} while (fd == -EINTR && um_wait_again(r, &fd));
	if (fd < 0)
		return fd;
	ret = um_sock_give(r, 1, &sun, len);
	if (ret < 0) {
		close((int)fd);
		return ret;
	}
	return um_give_fd(r, (int)fd, flags & SOCK_CLOEXEC);
}

static long accept_any(struct um_req *r, int flags)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	UM_CLOSE int sock = -1;

	if (s)
		return um_net_accept(r, s, flags);
	if (!r->arg[1])
		return UM_CONTINUE;
	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	sock = um_sock_dup(r);
	return sock < 0 ? UM_CONTINUE : accept_one(r, sock, flags);
}

long sys_accept(struct um_req *r)
{
	return accept_any(r, 0);
}

long sys_accept4(struct um_req *r)
{
	return accept_any(r, (int)r->arg[3]);
}
