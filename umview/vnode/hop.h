/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hop.h - into a module's operation, and out of it again, whatever it does
 *
 * What the files behind fscall.h are made of.
 */
#ifndef UM_VNODE_HOP_H
#define UM_VNODE_HOP_H

#include <setjmp.h>
#include <stddef.h>

#include "guest/contain.h"
#include "guest/self.h"
#include "vnode/fscall.h"

/* What surrounds a module's operation. */
struct um_hop {
	struct um_mount *m;
	struct um_next *outer;
	struct um_self self;
	struct um_contain contain;
};

/* False: nobody goes in any more, it is dead or has crashed. */
bool um_hop_enter(struct um_mount *m, struct um_hop *h);
void um_hop_leave(const struct um_hop *h);
/* What came of it, once left: ret, or -EIO if it crashed. */
long um_hop_outcome(const struct um_hop *h, const char *op, long ret);
/* Traces it; path NULL: an open file. Return: ret. */
long um_hop_done(const struct um_mount *m, const char *op, const char *path,
		 long ret);
/*
 * What a module says it has filled or taken is not more than there was: to go
 * by it would be to read behind a buffer of the core's.
 */
long um_hop_counted(const struct um_mount *m, const char *op, long ret,
		    size_t size);

/* The module's own code: a crash leads behind it. */
#define INSIDE(h, call)                                                        \
	do {                                                                   \
		if (sigsetjmp((h)->contain.at, 0) == 0) {                      \
			call;                                                  \
		}                                                              \
		um_hop_leave(h);                                               \
	} while (0)

/*
 * Call operation `op` of mount `m`: `absent` is the answer where the module
 * has none.
 */
#define HOP(m, op, path, absent, ...)                                          \
	({                                                                     \
		volatile long _ret = (absent);                                 \
		struct um_hop _h;                                              \
		if ((m)->fs.ops->op && (_ret = -EIO, um_hop_enter(m, &_h))) {  \
			if (sigsetjmp(_h.contain.at, 0) == 0)                  \
				_ret = (m)->fs.ops->op(&(m)->fs, __VA_ARGS__); \
			um_hop_leave(&_h);                                     \
			_ret = um_hop_outcome(&_h, #op, _ret);                 \
		}                                                              \
		um_hop_done(m, #op, path, _ret);                               \
	})

/* A member that modules built before it lack. */
#define HAS(m, op)                                                             \
	((m)->fs.ops->size > offsetof(struct um_fs_ops, op) && (m)->fs.ops->op)

#endif
