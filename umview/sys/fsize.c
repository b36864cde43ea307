// SPDX-License-Identifier: GPL-2.0-or-later
/* fsize.c - RLIMIT_FSIZE, for what the monitor writes on behalf of a guest */
#include "sys/fsize.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static rlim_t limit_of(struct um_req *r)
{
	struct rlimit limit;

	if (prlimit(um_req_tgid(r), RLIMIT_FSIZE, NULL, &limit) < 0)
		return RLIM_INFINITY;
	return limit.rlim_cur;
}

static int too_big(struct um_req *r)
{
	syscall(SYS_tgkill, um_req_tgid(r), r->tid, SIGXFSZ);
	return -EFBIG;
}

int um_fsize_clamp(struct um_req *r, off_t off, size_t *n)
{
	rlim_t limit = limit_of(r);

	if (limit == RLIM_INFINITY || off < 0 || !*n)
		return 0;
	if ((rlim_t)off >= limit)
		return too_big(r);
	if (*n > limit - (rlim_t)off)
		*n = limit - (rlim_t)off;
	return 0;
}

int um_fsize_allows(struct um_req *r, off_t old, off_t size)
{
	rlim_t limit;

	if (size <= old)
		return 0;
	limit = limit_of(r);
	if (limit == RLIM_INFINITY || (rlim_t)size <= limit)
		return 0;
	return too_big(r);
}
