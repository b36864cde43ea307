/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cleanup.h - let go of locals at the end of their scope; small shared macros
 */
#ifndef UM_BASE_CLEANUP_H
#define UM_BASE_CLEANUP_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define UM_MUST_CHECK	 __attribute__((warn_unused_result))
#define UM_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void um_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void um_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

#define UM_FREE	 __attribute__((cleanup(um_cleanup_free)))
#define UM_CLOSE __attribute__((cleanup(um_cleanup_close)))

/* Hand a pointer on to a new owner. */
#define um_steal(p)                                                            \
	({                                                                     \
		typeof(p) _um_p = (p);                                         \
		(p) = NULL;                                                    \
		_um_p;                                                         \
	})

static inline int um_steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

/* Call libc: a result of -1 becomes -errno. */
#define UM_SYS(call)                                                           \
	({                                                                     \
		long _um_r = (long)(call);                                     \
		_um_r == -1 ? -(long)errno : _um_r;                            \
	})

#endif
