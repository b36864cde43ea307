/* SPDX-License-Identifier: GPL-2.0-or-later */
/* special.h - kernel objects behind FIFO and socket names of virtual trees */
#ifndef UM_SYS_SPECIAL_H
#define UM_SYS_SPECIAL_H

#include "sys/sys.h"

/* Open a FIFO or device node of a mount. A descriptor of ours or -errno. */
int um_special_open(struct um_req *r, const struct um_loc *loc, int flags);
/* Open a real FIFO as the guest would: wait for the other end, or a signal. */
int um_fifo_open(struct um_req *r, const char *path, int flags);
/* Bind sock (borrowed) for the socket node `ino` that loc names, `shown` so. */
int um_special_bind(const struct um_loc *loc, ino_t ino, int sock,
		    const char *shown);
/* The last name of a FIFO or socket node went. */
void um_special_forget(const struct um_mount *m, ino_t ino);
/* Attributes of the virtual FIFO behind a descriptor; -ENOENT: a real one. */
int um_special_getattr(const struct stat *inside, struct stat *out);
/* The bound socket's node, as a borrowed O_PATH descriptor, or -errno. */
int um_special_socket(const struct um_loc *loc);
bool um_special_any(void);
/* The name in the view that a real socket address stands for; NULL: none. */
const char *um_special_shown(struct um_req *r, const char *real);

/*
 * The node is one of the view beneath, of the host's own file system there
 * (arena): what is open behind it is the host's.
 */
bool um_special_beneath(struct um_req *r, const struct um_loc *loc,
			const char **out);

#endif
