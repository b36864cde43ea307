/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockname.h - addresses of AF_UNIX sockets, as the view and the kernel say */
#ifndef UM_SYS_SOCKNAME_H
#define UM_SYS_SOCKNAME_H

#include <sys/socket.h>
#include <sys/un.h>

#include "sys/sys.h"

/*
 * The address that the kernel understands for a guest's. Return: 1; 0: its
 * own will do; -errno. *dirfd: to be closed when it has been used.
 */
int um_sock_translate(struct um_req *r, uint64_t addr, uint64_t len,
		      struct sockaddr_un *sun, int *dirfd);
/* The name that the view has for a real one; the address's length. */
socklen_t um_sock_shown(struct um_req *r, const struct sockaddr_un *real,
			struct sockaddr_un *out);
/*
 * The same for the guest: at the pointer argument argno, its length by the
 * next. `len` is of the real one, for names that are none.
 */
int um_sock_give(struct um_req *r, int argno, const struct sockaddr_un *real,
		 socklen_t len);
/*
 * A duplicate of the AF_UNIX socket in argument 0; -ENOENT: what it is asked
 * can be left to the kernel.
 */
int um_sock_dup(struct um_req *r);

#endif
