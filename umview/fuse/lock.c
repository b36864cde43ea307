// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lock.c - locks of a FUSE file system, and what close(2) waits for
 *
 * A daemon that agreed to (FUSE_POSIX_LOCKS, FUSE_FLOCK_LOCKS) keeps the locks
 * of its files. The owner of a lock of fcntl(2) is the process, as in FLUSH,
 * upon which the daemon drops what that process has.
 */
#include <fcntl.h>
#include <sys/file.h>

#include "fuse/ops.h"
#include "fuse/settle.h"
#include "guest/req.h"

static uint64_t own_process(void)
{
	struct um_req *r = um_req_current();

	return r ? (uint64_t)um_req_tgid(r) : 0;
}

/* The lock came when nobody waited for it any more. */
static void late_lock(struct um_fuse *c, uint64_t node, const void *in,
		      const void *out)
{
	struct fuse_lk_in lk = *(const struct fuse_lk_in *)in;
	struct um_fuse_call k = { .opcode = FUSE_SETLK,
				  .node = node,
				  .in = { UM_FUSE_ARG(lk) },
				  .nargs = 1 };

	(void)out;
	lk.lk.type = F_UNLCK;
	um_fuse_post(c, &k, NULL, NULL);
}

static struct fuse_lk_in request(const struct um_fuse_file *f,
				 const struct flock *fl, uint64_t owner)
{
	uint64_t end = fl->l_len
			       ? (uint64_t)fl->l_start + (uint64_t)fl->l_len - 1
			       : INT64_MAX;

	_Static_assert(sizeof(struct fuse_lk_in) <= UM_FUSE_LATE_MAX,
		       "late_lock()");
	return (struct fuse_lk_in){ .fh = f->fh,
				    .owner = owner,
				    .lk = { .start = (uint64_t)fl->l_start,
					    .end = end,
					    .type = (uint32_t)fl->l_type,
					    .pid = (uint32_t)own_process() } };
}

static int get_lock(struct um_fuse *c, const struct um_fuse_file *f,
		    struct fuse_lk_in *in, struct flock *fl)
{
	struct fuse_lk_out out;
	struct um_fuse_call k = { .opcode = FUSE_GETLK,
				  .node = f->node->id,
				  .in = { { in, sizeof(*in) } },
				  .nargs = 1,
				  .out = &out,
				  .outmax = sizeof(out),
				  .exact = true };
	ssize_t ret = um_fuse_call(c, &k);

	if (ret < 0)
		return (int)ret;
	if (out.lk.type != F_UNLCK &&
	    (out.lk.start > INT64_MAX || out.lk.end > INT64_MAX ||
	     out.lk.end < out.lk.start ||
	     (out.lk.type != F_RDLCK && out.lk.type != F_WRLCK)))
		return -EIO;
	fl->l_type = (short)out.lk.type;
	if (fl->l_type == F_UNLCK)
		return 0;
	fl->l_start = (off_t)out.lk.start;
	fl->l_len = out.lk.end == INT64_MAX
			    ? 0
			    : (off_t)(out.lk.end - out.lk.start + 1);
	fl->l_pid = (pid_t)out.lk.pid;
	return 0;
}

static int set_lock(struct um_fuse *c, const struct um_fuse_file *f,
		    struct fuse_lk_in *in, uint32_t opcode)
{
	struct um_fuse_call k = { .opcode = opcode,
				  .node = f->node->id,
				  .in = { { in, sizeof(*in) } },
				  .nargs = 1,
				  .late = late_lock };

	return (int)um_fuse_call(c, &k);
}

/* From whom nobody waits for the answer: it may be gone. */
static int drop_lock(struct um_fuse *c, const struct um_fuse_file *f,
		     struct fuse_lk_in *in)
{
	struct um_fuse_call k = { .opcode = FUSE_SETLK,
				  .node = f->node->id,
				  .in = { { in, sizeof(*in) } },
				  .nargs = 1 };

	um_fuse_post(c, &k, NULL, NULL);
	return 0;
}

int um_fuse_lock_file(struct um_fs *fs, struct um_fh *fh, int cmd,
		      struct flock *fl, uint64_t owner)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *f = um_fuse_file_of(fh);
	struct fuse_lk_in in = request(f, fl, owner);

	if (!(c->flags & FUSE_POSIX_LOCKS) || f->virtual)
		return -ENOSYS;
	switch (cmd) {
	case F_GETLK:
		return get_lock(c, f, &in, fl);
	case F_SETLKW:
		return set_lock(c, f, &in, FUSE_SETLKW);
	case UM_LOCK_DROP:
		return drop_lock(c, f, &in);
	default:
		return set_lock(c, f, &in, FUSE_SETLK);
	}
}

int um_fuse_flock(struct um_fs *fs, struct um_fh *fh, int op, uint64_t owner)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *f = um_fuse_file_of(fh);
	struct flock fl = { .l_type = F_WRLCK };
	struct fuse_lk_in in;

	if (!(c->flags & FUSE_FLOCK_LOCKS) || f->virtual)
		return -ENOSYS;
	if (op & LOCK_SH)
		fl.l_type = F_RDLCK;
	else if (op & LOCK_UN)
		fl.l_type = F_UNLCK;
	in = request(f, &fl, owner);
	in.lk_flags = FUSE_LK_FLOCK;
	if (op & UM_FLOCK_DROP)
		return drop_lock(c, f, &in);
	return set_lock(c, f, &in, FUSE_SETLK);
}

/* What was written is with the daemon; see settle.c. */
void um_fuse_settled(struct um_fuse_file *f)
{
	if (!f->written)
		return;
	f->written = false;
	um_fuse_file_closing();
	um_fuse_file_closed();
}

int um_fuse_flush(struct um_fs *fs, struct um_fh *fh)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_file *f = um_fuse_file_of(fh);
	struct fuse_flush_in in = { .fh = f->fh, .lock_owner = own_process() };
	struct um_fuse_call k = { .opcode = FUSE_FLUSH,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };
	int late = um_fuse_catch_up(c, f->node, f);
	ssize_t ret = 0;

	if (!f->virtual && !um_fuse_lacks(c, FUSE_FLUSH))
		ret = um_fuse_call(c, &k);
	um_fuse_forget_attr(c, f->node);
	if (ret == -EINTR)
		return -EINTR;
	f->flushed = true;
	um_fuse_settled(f);
	if (late)
		return late;
	return ret == -ENOSYS ? 0 : (int)ret;
}
