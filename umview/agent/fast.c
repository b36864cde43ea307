// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fast.c - calls that came by a stub: the table, and calls on descriptors
 *
 * What a descriptor stands for is read off the object. The kernel is asked
 * first wherever it fails on a virtual object by itself: a descriptor in access
 * mode 3 neither reads nor lists (EBADF, ENOTDIR). Where it would answer, and
 * wrongly, the object shows its seals: those of a memfd. As long as no guest
 * of the session has a virtual descriptor, nothing is asked at all.
 *
 * An open /dev/fuse is a socket that natively reads and writes: what shows it
 * is its type, which hardly any other socket has. Reads are asked in those who
 * may serve a file system alone, and only while some device has more to say than
 * its socket holds: what others read of it, the kernel has there.
 */
#include "agent/fast.h"

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <umview/vuctl_nr.h>

/* stat(2) as the kernel writes it; only what is looked at here has a name. */
struct attributes {
	unsigned long dev;
	unsigned long ino;
	unsigned long nlink;
	unsigned int mode;
};

#define SOL_SOCKET     1
#define SO_TYPE	       3
#define SO_RCVLOWAT    18
#define SOCK_SEQPACKET 5

static int has_option(long fd, int name, int value)
{
	int is = 0;
	int len = sizeof(is);

	return um_native(__NR_getsockopt, fd, SOL_SOCKET, name, (long)&is,
			 (long)&len, 0) == 0 &&
	       is == value;
}

/* May it be an open /dev/fuse? */
static int is_channel(long fd)
{
	return (um_shared->chans || um_shared->standins) &&
	       has_option(fd, SO_TYPE, SOCK_SEQPACKET);
}

/* The same, for calls that a marked one leaves to the kernel. */
static int is_asked_channel(long fd)
{
	return is_channel(fd) && !has_option(fd, SO_RCVLOWAT, UM_STREAM_MARK);
}

int um_is_object(long fd)
{
	return um_shared->objs &&
	       um_native(__NR_fcntl, fd, F_GET_SEALS, 0, 0, 0, 0) > 0;
}

static int is_virtual(long fd)
{
	return um_is_object(fd) || is_channel(fd);
}

/* What is read natively is also sought, mapped and locked so. */
static int is_lazy(long fd)
{
	long flags = um_native(__NR_fcntl, fd, F_GETFL, 0, 0, 0, 0);

	return flags >= 0 && (flags & O_ACCMODE) == O_ACCMODE;
}

/* The object itself does what is right, unless it is in access mode 3. */
static long fast_object(long nr, const long *a)
{
	if (um_shared->objs && is_lazy(a[0]))
		return um_ask(nr, a);
	return um_pass(nr, a);
}

/* Most locks are those of the object. */
static long fast_lock(long nr, const long *a)
{
	return um_shared->locks ? um_on_descriptor(a[0], nr, a)
				: fast_object(nr, a);
}

long um_on_descriptor(long fd, long nr, const long *a)
{
	return is_virtual(fd) ? um_ask(nr, a) : um_pass(nr, a);
}

static long fast_fd(long nr, const long *a)
{
	return um_on_descriptor(a[0], nr, a);
}

/*
 * A file that was opened to be read may be a layer's, which is to change. And
 * one of its store has extended attributes that are the layer's own.
 */
static long fast_change(long nr, const long *a)
{
	return um_vmap()->layers ? um_ask(nr, a) : fast_fd(nr, a);
}

/* Access mode 3 is the cue. */
static long by_mode(long nr, const long *a)
{
	long ret = um_pass(nr, a);

	return ret == -EBADF && um_shared->objs ? um_ask(nr, a) : ret;
}

static long fast_read(long nr, const long *a)
{
	if ((um_shared->held || um_shared->standins) &&
	    (um_page.flags & (UM_PAGE_HELPER | UM_PAGE_CHAN)) &&
	    is_asked_channel(a[0]))
		return um_ask(nr, a);
	return by_mode(nr, a);
}

/* Files that are cached and may be written are written through the monitor. */
static long fast_write(long nr, const long *a)
{
	if (!um_shared->writers && !um_shared->chans && !um_shared->standins)
		return by_mode(nr, a);
	return um_is_object(a[0]) || is_asked_channel(a[0]) ? um_ask(nr, a)
							    : um_pass(nr, a);
}

static long fast_getdents(long nr, const long *a)
{
	long ret = um_pass(nr, a);

	return ret == -ENOTDIR && um_shared->objs ? um_ask(nr, a) : ret;
}

/* SEEK_DATA and SEEK_HOLE: the holes are those of the file, not of its copy. */
static long fast_lseek(long nr, const long *a)
{
	return (unsigned long)a[2] <= 2 ? fast_object(nr, a) : fast_fd(nr, a);
}

/* The kernel has written the buffer before. */
static long fstat_virtual(long nr, const long *a, uint64_t inode)
{
	struct um_told t;

	if (!um_told_self(inode, &t))
		return um_ask(nr, a);
	for (int i = 0; i < UM_STAT_WORDS; i++)
		((volatile uint64_t *)a[1])[i] = t.st[i];
	return 0;
}

static long fast_fstat(long nr, const long *a)
{
	const volatile struct attributes *st =
		(const volatile struct attributes *)a[1];
	long ret = um_pass(nr, a);

	if (ret < 0)
		return ret;
	if (um_shared->objs && st->dev == um_shared->memfd_dev)
		return fstat_virtual(nr, a, st->ino);
	if (um_shared->specials &&
	    ((st->mode & S_IFMT) == S_IFIFO || (st->mode & S_IFMT) == S_IFSOCK))
		return um_ask(nr, a);
	if (um_shared->chans && (st->mode & S_IFMT) == S_IFSOCK)
		return um_ask(nr, a);
	if (st->ino == um_shared->agent_ino && st->dev == um_shared->agent_dev)
		return um_ask(nr, a);
	if (um_vmap()->busy &&
	    um_set_has(um_shared->dressed, UM_NDRESSED,
		       um_node_key((uint32_t)st->dev, st->ino)))
		return um_ask(nr, a);
	return ret;
}

/* The access mode is one that says what it is; a directory is read only. */
static long fast_getfl(long nr, const long *a)
{
	long flags = um_pass(nr, a);

	if (flags < 0 || (flags & O_ACCMODE) != O_ACCMODE || !um_shared->objs)
		return flags;
	if (!um_told_listing(a[0]) && !um_told_beneath(a[0]))
		return um_ask(nr, a);
	return (flags & ~O_ACCMODE) | O_DIRECTORY;
}

static long fast_fcntl(long nr, const long *a)
{
	switch ((int)a[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_GETFD:
	case F_SETFD:
		return um_pass(nr, a);
	case F_GETFL:
		return fast_getfl(nr, a);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fast_lock(nr, a);
	default:
		return um_on_descriptor(a[0], nr, a);
	}
}

/* Not a socket of it was made yet, but it may be asked. */
static int may_have_stack(void)
{
	return um_vmap()->net || (um_page.flags & UM_PAGE_STACK);
}

#define TCGETS	 0x5401
#define SIOCOUTQ 0x5411
#define FIONCLEX 0x5450
#define FIOCLEX	 0x5451

/*
 * isatty(3) says no of every virtual file, some flags are the descriptor's.
 * Requests about interfaces are made of any socket; SIOC*.
 */
static long fast_ioctl(long nr, const long *a)
{
	unsigned int cmd = (unsigned int)a[1];

	if (cmd == FIOCLEX || cmd == FIONCLEX)
		return um_pass(nr, a);
	if ((um_shared->standins || may_have_stack()) && cmd >> 8 == 0x89)
		return um_ask(nr, a);
	if (um_shared->standins && cmd == SIOCOUTQ)
		return um_ask(nr, a);
	if (cmd == TCGETS && !um_shared->standins)
		return fast_object(nr, a);
	/* those of chattr(1) and their like may change a file, by any opening */
	if ((cmd >> 8 & 0xff) == 'f' || (cmd >> 8 & 0xff) == 'X' ||
	    (cmd >> 8 & 0xff) == 0x94)
		return fast_change(nr, a);
	return fast_fd(nr, a);
}

/* Some file systems write at close only, and tell then what went wrong. */
static long fast_close(long nr, const long *a)
{
	long told = 0;
	long ret;

	if (um_shared->flushes &&
	    um_native(__NR_fcntl, a[0], F_GET_SEALS, 0, 0, 0, 0) > 0)
		told = um_viewed(UM_NR_VUCTL, UM_VUCTL_CLOSE, a[0], 0, 0);
	ret = um_pass(nr, a);
	return ret < 0 ? ret : told;
}

/* Two descriptors: arguments 0 and 1, or 0 and 2. */
static long fast_two(long nr, const long *a)
{
	long other = nr == __NR_sendfile ? a[1] : a[2];

	return is_virtual(a[0]) || is_virtual(other) ? um_ask(nr, a)
						     : um_pass(nr, a);
}

static long fast_ids(long nr, const long *a)
{
	return um_page.flags & UM_PAGE_IDS ? um_ask(nr, a) : um_pass(nr, a);
}

static long fast_getcwd(long nr, const long *a)
{
	if ((um_page.flags & (UM_PAGE_CWD | UM_PAGE_ROOT)) || um_shared->moves)
		return um_ask(nr, a);
	return um_pass(nr, a);
}

/* Names and options of sockets. */
static long fast_names(long nr, const long *a)
{
	if (um_shared->specials || um_shared->standins)
		return um_ask(nr, a);
	return um_pass(nr, a);
}

/* Files are ready, but for those of file systems that say otherwise. */
static long fast_poll(long nr, const long *a)
{
	return um_shared->polls ? um_ask(nr, a) : um_pass(nr, a);
}

/*
 * The set is the kernel's to wait for. What is in it may have to be made ready
 * for that: packet sockets with a ring.
 */
static long fast_epoll_wait(long nr, const long *a)
{
	if (um_shared->polls && um_shared->standins)
		um_viewed(UM_NR_VUCTL, UM_VUCTL_SETTLE, a[0], 0, 0);
	return um_pass(nr, a);
}

/* What only a stack's sockets are asked. */
static long fast_socket_call(long nr, const long *a)
{
	return um_shared->standins ? um_ask(nr, a) : um_pass(nr, a);
}

#define AF_UNIX 1

static long fast_socket(long nr, const long *a)
{
	if ((int)a[0] != AF_UNIX && may_have_stack())
		return um_ask(nr, a);
	return um_pass(nr, a);
}

/* Who does not ask for a name, or gives none, is the kernel's. */
static long fast_address(long nr, const long *a)
{
	if (a[4])
		return um_fast_address(nr, a);
	return is_channel(a[0]) ? um_ask(nr, a) : um_pass(nr, a);
}

static long fast_recvfrom(long nr, const long *a)
{
	if (a[4])
		return fast_names(nr, a);
	return is_channel(a[0]) ? um_ask(nr, a) : um_pass(nr, a);
}

static long fast_accept(long nr, const long *a)
{
	return a[1] ? fast_names(nr, a) : fast_socket_call(nr, a);
}

static const um_fast_fn table[UM_NCALLS] = {
	[__NR_close] = fast_close,
	[__NR_read] = fast_read,
	[__NR_pread64] = fast_read,
	[__NR_readv] = fast_read,
	[__NR_preadv] = fast_read,
	[__NR_preadv2] = fast_read,
	[__NR_write] = fast_write,
	[__NR_pwrite64] = fast_write,
	[__NR_writev] = fast_write,
	[__NR_pwritev] = fast_write,
	[__NR_pwritev2] = fast_write,
	[__NR_getdents] = fast_getdents,
	[__NR_getdents64] = um_fast_getdents64,
	[__NR_fstat] = fast_fstat,
	[__NR_fcntl] = fast_fcntl,
	[__NR_lseek] = fast_lseek,
	[__NR_ioctl] = fast_ioctl,
	[__NR_socket] = fast_socket,
	[__NR_listen] = fast_socket_call,
	[__NR_shutdown] = fast_socket_call,
	[__NR_getsockopt] = fast_socket_call,
	[__NR_setsockopt] = fast_socket_call,
	[__NR_recvmmsg] = fast_socket_call,
	[__NR_sendmmsg] = um_fast_idle,
	[__NR_poll] = fast_poll,
	[__NR_ppoll] = fast_poll,
	[__NR_select] = fast_poll,
	[__NR_pselect6] = fast_poll,
	[__NR_epoll_ctl] = fast_poll,
	[__NR_epoll_wait] = fast_epoll_wait,
	[__NR_epoll_pwait] = fast_epoll_wait,
	[__NR_epoll_pwait2] = fast_epoll_wait,
	[__NR_flock] = fast_lock,
	[__NR_fsync] = fast_fd,
	[__NR_fdatasync] = fast_fd,
	[__NR_sync_file_range] = fast_fd,
	[__NR_syncfs] = fast_fd,
	[__NR_fadvise64] = fast_object,
	[__NR_readahead] = fast_fd,
	[__NR_ftruncate] = fast_fd,
	[__NR_fallocate] = fast_fd,
	[__NR_fstatfs] = fast_fd,
	[__NR_fchmod] = fast_change,
	[__NR_fchown] = fast_change,
	[__NR_fsetxattr] = fast_change,
	[__NR_fgetxattr] = fast_change,
	[__NR_flistxattr] = fast_change,
	[__NR_fremovexattr] = fast_change,
	[__NR_vmsplice] = fast_fd,
	[__NR_sendfile] = fast_two,
	[__NR_copy_file_range] = fast_two,
	[__NR_splice] = fast_two,
	[__NR_getuid] = fast_ids,
	[__NR_geteuid] = fast_ids,
	[__NR_getgid] = fast_ids,
	[__NR_getegid] = fast_ids,
	[__NR_getresuid] = fast_ids,
	[__NR_getresgid] = fast_ids,
	[__NR_getgroups] = fast_ids,
	[__NR_getcwd] = fast_getcwd,
	[__NR_getsockname] = fast_names,
	[__NR_getpeername] = fast_names,
	[__NR_recvfrom] = fast_recvfrom,
	[__NR_recvmsg] = fast_names,
	[__NR_accept] = fast_accept,
	[__NR_accept4] = fast_accept,
	[__NR_sendto] = fast_address,
	[__NR_sendmsg] = um_fast_address,
	[__NR_connect] = um_fast_idle,
	[__NR_bind] = um_fast_idle,
	[__NR_mmap] = um_fast_mmap,
	[__NR_open] = um_fast_open,
	[__NR_openat] = um_fast_open,
	[__NR_creat] = um_fast_open,
	[__NR_openat2] = um_fast_idle,
	[__NR_stat] = um_fast_stat,
	[__NR_lstat] = um_fast_stat,
	[__NR_newfstatat] = um_fast_stat,
	[__NR_statx] = um_fast_stat,
	[__NR_access] = um_fast_access,
	[__NR_faccessat] = um_fast_access,
	[__NR_faccessat2] = um_fast_access,
	[__NR_readlink] = um_fast_readlink,
	[__NR_readlinkat] = um_fast_readlink,
	[__NR_mkdir] = um_fast_entry,
	[__NR_rmdir] = um_fast_entry,
	[__NR_unlink] = um_fast_entry,
	[__NR_mkdirat] = um_fast_entryat,
	[__NR_unlinkat] = um_fast_entryat,
	[__NR_lchown] = um_fast_entry,
	[__NR_chmod] = um_fast_node,
	[__NR_chown] = um_fast_node,
	[__NR_truncate] = um_fast_node,
	[__NR_statfs] = um_fast_node,
	[__NR_getxattr] = um_fast_node,
	[__NR_listxattr] = um_fast_node,
	[__NR_utime] = um_fast_node,
	[__NR_utimes] = um_fast_node,
	[__NR_lgetxattr] = um_fast_entry,
	[__NR_llistxattr] = um_fast_entry,
	[__NR_rename] = um_fast_idle,
	[__NR_renameat] = um_fast_idle,
	[__NR_renameat2] = um_fast_idle,
	[__NR_link] = um_fast_idle,
	[__NR_linkat] = um_fast_idle,
	[__NR_symlink] = um_fast_idle,
	[__NR_symlinkat] = um_fast_idle,
	[__NR_fchmodat] = um_fast_idle,
	[__NR_fchownat] = um_fast_idle,
	[__NR_utimensat] = um_fast_idle,
	[__NR_rt_sigaction] = um_fast_sigaction,
	[__NR_prctl] = um_fast_prctl,
	[__NR_seccomp] = um_fast_seccomp,
	[__NR_chdir] = um_fast_chdir,
	[__NR_fchdir] = um_fast_fchdir,
	[__NR_execve] = um_fast_execve,
	[__NR_execveat] = um_fast_execveat,
};

long um_fast(long nr, const long *a)
{
	um_fast_fn fn = nr >= 0 && nr < UM_NCALLS ? table[nr] : 0;

	if ((um_page.flags & UM_PAGE_STATS) && nr >= 0 && nr < UM_NCALLS)
		__atomic_add_fetch(&((uint64_t *)UM_STATS)[nr], 1,
				   __ATOMIC_RELAXED);
	if (um_page.flags & UM_PAGE_FILTER)
		return um_ask(nr, a);
	return fn ? fn(nr, a) : um_ask(nr, a);
}
