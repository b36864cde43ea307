/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net.h - what a network stack module implements
 *
 * A stack is mounted as a special file (S_IFSTACK). Guests whose default stack
 * it is, or who name it with msocket(), make their sockets of it: the calls of
 * section 2 of the manual come to the operations below, by their own names.
 *
 * A guest's socket is always a real descriptor of the kernel's, of one of two
 * kinds:
 *  - a socket of some stack of the kernel's (another network namespace): the
 *    module's socket() gives it and sets *id to 0; the core never asks again;
 *  - a *stand-in*: an AF_UNIX socket, whose other end the stack has. read,
 *    write, poll, dup, fork, SCM_RIGHTS... are the kernel's own. What would
 *    show the difference (names, options, addresses) is asked of the module, by
 *    the id it gave.
 *
 * Stand-ins of SOCK_STREAM are SOCK_STREAM. They are unconnected at first;
 * connect() and listen() get a duplicate of the guest's descriptor, on which
 * the module calls connect(2) or listen(2). It keeps none longer than the
 * operation: that the guest's last descriptor is gone must show at the other end. The stack's end of
 * a connection that the guest accepts is bound to a name by which the module
 * knows it again (@accepted).
 *
 * All other stand-ins are one end of a SOCK_SEQPACKET pair. A packet to the
 * guest begins with a struct um_net_head, which the core takes off; a packet
 * from the guest is the payload to the connected address. What has an address
 * or control data goes by @sendmsg.
 *
 * A packet socket may have memory that the guest maps (PACKET_RX_RING, @map).
 * Then what comes is there and not at the stand-in, by which only who waits is
 * told (@await): by a head whose namelen is UM_NET_TOKEN. It is taken off before
 * the guest waits the next time, and never shown.
 *
 * Conventions: return 0, a count or -errno. Operations are called from any
 * thread, several at once; no core lock is held. Where one has to wait it waits
 * with um_net_wait(). Who asks: um_caller() (fs.h).
 */
#ifndef UMVIEW_NET_H
#define UMVIEW_NET_H

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The file type of a stack's special file, in st_mode. */
#define S_IFSTACK 0160000
/* The type that makes msocket(2viewos) set a default. */
#define SOCK_DEFAULT 0

struct ifreq;
struct um_net;
struct um_next;

/**
 * struct um_net_head - what precedes a packet on its way to the guest
 * @error: not 0: no packet; the guest's call fails with this errno (a message
 *	of ICMP about what it sent)
 * @namelen: bytes of @name that are the sender's address; 0: none is told
 * @controllen: bytes of control data (as of msg_control) between head and
 *	payload
 * @name: a struct sockaddr_in, _in6, _ll or _nl
 */
struct um_net_head {
	int32_t error;
	uint16_t namelen;
	uint16_t controllen;
	uint8_t name[32];
};

/* No packet: there is something in what the guest has mapped. */
#define UM_NET_TOKEN 0xffff
/* Control data of one packet is never longer. */
#define UM_NET_CONTROL_MAX 512

/* Another mounted stack, kept by um_net_open(). */
struct um_net_stack;

/**
 * enum um_net_whose - a stack need not serve each family itself
 * @UM_NET_OWN: its own: its socket() is called
 * @UM_NET_OTHER: another stack's
 * @UM_NET_DEFAULT: whose they would be if this stack were not there
 * @UM_NET_HOST: the host's
 */
enum um_net_whose {
	UM_NET_OWN,
	UM_NET_OTHER,
	UM_NET_DEFAULT,
	UM_NET_HOST,
};

/**
 * struct um_net_ops - operations of a stack
 * @size: sizeof(struct um_net_ops) when the module was built
 * @family: has the stack sockets of this domain? NULL: of every domain.
 * @socket: a descriptor for the guest, which becomes the core's; *id as above.
 *	type has no SOCK_NONBLOCK, SOCK_CLOEXEC: they are the core's.
 * @connect: fd: the duplicate, borrowed. wait: the guest's descriptor is
 *	blocking; else the answer is 0 or -EINPROGRESS at once.
 * @listen: fd as in connect
 * @accepted: fd: a borrowed duplicate of what the guest accepted; *id: what it
 *	is to the module. -ENOENT: none of its own.
 * @getsockname, @getpeername: *len: in: room, out: the address's length, which
 *	may be more
 * @getsockopt: *len: in: room, out: bytes set; value: of PACKET_HDRLEN also in
 * @setsockopt: SO_ATTACH_FILTER has the instructions themselves
 * @shutdown: before the stand-in itself is shut down
 * @ioctl: data: its argument, in and out, size bytes. Behind a struct ifconf
 *	comes its buffer, of ifc_len bytes; behind a struct rtentry the text that
 *	rt_dev points to
 * @sendmsg: flags as sendmsg(2). Return: bytes of payload sent.
 * @errqueue: recvmsg(2) with MSG_ERRQUEUE: head, control data and payload into
 *	buf. Return: bytes, or -EAGAIN.
 * @file: the text of a file such as /proc/net/tcp or
 *	/sys/class/net/eth0/mtu as this stack has it, allocated, *out the caller's.
 *	A path that ends with a slash asks for the names in that directory, one
 *	a line. Return: its length; -ENOENT: the stack has none.
 * @store: write(2) to such a file, at an offset. Return: size. NULL: they are
 *	only read. Modules built before it have a smaller @size.
 * @umount: called once, last; free net->priv. Sockets may still be open: from
 *	now on they have lost their stack.
 * @delegate: whose are new sockets of this domain? UM_NET_OTHER: *out is set,
 *	borrowed; it must live as long as this stack. NULL: all are its own.
 * @tun_open: a guest's descriptor of /dev/net/tun gets its interface: TUNSETIFF.
 *	fd: a borrowed duplicate of the other end of it, a SOCK_SEQPACKET socket
 *	on which packets come and go as by read(2) and write(2) of the kernel's.
 *	ifr: in and out. index: of TUNSETIFINDEX, or 0. *id: what it is to the
 *	module. -ENODEV: this stack has no such interface, and makes none. That
 *	the guest has closed it, or another it had it from, is seen at fd alone.
 * @tun: any other request of it; data: what its argument points to, in and
 *	out, size bytes, or the argument, as a long. TUNATTACHFILTER has the
 *	instructions themselves. Return: as ioctl(2).
 * @map: mmap(2) of a packet socket, that long and from that offset on: a
 *	descriptor that is mapped in its place, from 0 on; it becomes the
 *	core's. The socket must not be changed while it is mapped anywhere.
 * @await: the guest is going to wait for a socket that it has given a ring: from
 *	now on the stand-in gets a token when there is something new, at once if
 *	there is already. Return: 0, or -errno, which poll(2) is to show.
 */
struct um_net_ops {
	size_t size;
	bool (*family)(struct um_net *net, int domain);
	int (*socket)(struct um_net *net, int domain, int type, int protocol,
		      uint64_t *id);
	int (*bind)(struct um_net *net, uint64_t id,
		    const struct sockaddr *addr, socklen_t len);
	int (*connect)(struct um_net *net, uint64_t id, int fd,
		       const struct sockaddr *addr, socklen_t len, bool wait);
	int (*listen)(struct um_net *net, uint64_t id, int fd, int backlog);
	int (*accepted)(struct um_net *net, int fd, uint64_t *id);
	int (*getsockname)(struct um_net *net, uint64_t id,
			   struct sockaddr *addr, socklen_t *len);
	int (*getpeername)(struct um_net *net, uint64_t id,
			   struct sockaddr *addr, socklen_t *len);
	int (*getsockopt)(struct um_net *net, uint64_t id, int level, int name,
			  void *value, socklen_t *len);
	int (*setsockopt)(struct um_net *net, uint64_t id, int level, int name,
			  const void *value, socklen_t len);
	int (*shutdown)(struct um_net *net, uint64_t id, int how);
	int (*ioctl)(struct um_net *net, uint64_t id, unsigned int cmd,
		     void *data, size_t size);
	ssize_t (*sendmsg)(struct um_net *net, uint64_t id,
			   const struct msghdr *msg, int flags);
	ssize_t (*errqueue)(struct um_net *net, uint64_t id, void *buf,
			    size_t size, int flags);
	ssize_t (*file)(struct um_net *net, const char *path, char **out);
	void (*umount)(struct um_net *net);
	enum um_net_whose (*delegate)(struct um_net *net, int domain,
				      struct um_net_stack **out);
	ssize_t (*store)(struct um_net *net, const char *path, const void *data,
			 size_t size, off_t off);
	int (*tun_open)(struct um_net *net, int fd, struct ifreq *ifr,
			int index, uint64_t *id);
	long (*tun)(struct um_net *net, uint64_t id, unsigned int cmd,
		    void *data, size_t size);
	int (*map)(struct um_net *net, uint64_t id, size_t len, off_t off);
	int (*await)(struct um_net *net, uint64_t id);
};

/**
 * struct um_net - one mounted stack
 * @ops: set by the module's mount function
 * @priv: for the module
 * @core: the core's own
 */
struct um_net {
	const struct um_net_ops *ops;
	void *priv;
	void *core;
};

/*
 * Wait for a semaphore that another thread posts, in the course of an operation.
 * Return: 0, or -EINTR: a signal waits for the guest, or it was killed: give up.
 */
int um_net_wait(sem_t *sem);
/* The same for a descriptor's events, as poll(2) names them. */
int um_net_wait_fd(int fd, short events);

/*
 * The stack has ended by itself. Its sockets that listen have no end that would
 * show it: they are shut down.
 */
void um_net_ended(struct um_net *net);

/*
 * The stack whose special file is `path` in the view beneath, which is in use
 * until um_net_close(). Return: 0; -ENOTSUP: it is no stack's file; or the error
 * of looking for it.
 */
int um_net_open(struct um_next *next, const char *path,
		struct um_net_stack **out);
void um_net_close(struct um_net_stack *stack);

/* A descriptor of /dev/net/tun that has an interface of some stack. */
struct um_net_tun;
/*
 * Give it one: um_net_ops.tun_open of `net`, or, if that is NULL, of the stack
 * of the guest that asks, which is in use from then on. -ENODEV: it has none.
 * When the stack ends, the guest reads the end of file.
 */
int um_net_tun_open(struct um_net *net, int fd, struct ifreq *ifr, int index,
		    struct um_net_tun **out);
/* um_net_ops.tun */
long um_net_tun_call(struct um_net_tun *t, unsigned int cmd, void *data,
		     size_t size);
/* The guest has closed it. NULL: nothing to do. */
void um_net_tun_close(struct um_net_tun *t);

#endif
