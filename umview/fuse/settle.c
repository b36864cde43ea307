// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * settle.c - close(2) of a written file takes effect before what follows it
 *
 * So does the last close of a file that was unlinked while it was open, and
 * that its daemon keeps under another name until then.
 *
 * The kernel's close waits for FLUSH, upon which many daemons write. So does the
 * agent's (lock.c). But a file may go by dup2(2), by the end of its process, or
 * be closed by a program whose calls the agent does not see: that is the
 * kernel's own business, and the monitor learns of it afterwards. So
 * whoever names a file next, while a written file is being closed, waits for
 * the daemon's answer first: to the guests it looks as if close had waited.
 * Only for a moment: the one who asks may be what the daemon waits for.
 *
 * A name that goes waits for RELEASE too: libfuse's path-based daemons look
 * whether the file is open, and then give it a hidden name in its directory. Is
 * its last RELEASE taken by another of their threads in between, the hidden file
 * stays for good. The kernel's FUSE leaves that to chance.
 */
#include "fuse/settle.h"

#include <time.h>

#include "fuse/node.h"
#include "guest/shared.h"
#include "vnode/vnode.h"

#define STEP_NS	  200000
#define MAX_STEPS 1000

static atomic_int written;
static atomic_int flushing;

void um_fuse_file_written(void)
{
	atomic_fetch_add(&written, 1);
	um_shared_add_unsettled(1);
}

void um_fuse_file_closing(void)
{
	atomic_fetch_add(&flushing, 1);
	atomic_fetch_sub(&written, 1);
}

void um_fuse_file_closed(void)
{
	atomic_fetch_sub(&flushing, 1);
	um_shared_add_unsettled(-1);
}

static void one_step(void)
{
	const struct timespec step = { .tv_nsec = STEP_NS };

	nanosleep(&step, NULL);
}

void um_fuse_settle(const struct um_req *r)
{
	if (!atomic_load(&written) && !atomic_load(&flushing))
		return;
	if (r->attr->helper)
		return;
	um_obj_settle();
	for (int i = 0; i < MAX_STEPS && atomic_load(&flushing); i++)
		one_step();
}

/* @count is of a node: the connection's lock guards it. */
static bool is_any(struct um_fuse *c, const int *count)
{
	bool ret;

	um_fuse_lock(c);
	ret = *count > 0;
	um_fuse_unlock(c);
	return ret;
}

void um_fuse_settle_node(struct um_fuse *c, struct um_fuse_node *n)
{
	if (is_any(c, &n->files))
		um_obj_settle();
	for (int i = 0; i < MAX_STEPS && is_any(c, &n->leaving); i++)
		one_step();
}
