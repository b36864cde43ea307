// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * init.c - FUSE_INIT: what both sides agree on
 *
 * What the kernel always offers is offered also where it makes no difference:
 * daemons ask for it without looking.
 */
#include <string.h>

#include <umview/log.h>

#include "fuse/ops.h"
#include "guest/shared.h"

#define OFFERED                                                                \
	(FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_EXPORT_SUPPORT |         \
	 FUSE_BIG_WRITES | FUSE_DONT_MASK | FUSE_SPLICE_WRITE |                \
	 FUSE_SPLICE_MOVE | FUSE_SPLICE_READ | FUSE_CACHE_SYMLINKS |           \
	 FUSE_HAS_IOCTL_DIR | FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS |     \
	 FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO | FUSE_NO_OPEN_SUPPORT |       \
	 FUSE_PARALLEL_DIROPS | FUSE_HANDLE_KILLPRIV | FUSE_ABORT_ERROR |      \
	 FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS | FUSE_INIT_EXT |                 \
	 FUSE_POSIX_ACL | FUSE_MAX_PAGES | FUSE_NO_OPENDIR_SUPPORT |           \
	 FUSE_WRITEBACK_CACHE | FUSE_EXPLICIT_INVAL_DATA)

/* The second word of flags. */
#define OFFERED2 ((uint32_t)(FUSE_HAS_EXPIRE_ONLY >> 32))

/* Newer than the header is STATX; the rest of 7.39 is for mapped files. */
#define OUR_MINOR 39

#define PAGE	      4096u
#define DEFAULT_PAGES 32u
#define MAX_PAGES     256u
/* Older daemons' INIT is laid out otherwise; see compat.c. */
#define OLDEST_MINOR 5
/* A daemon of protocol 7.22 or older answers with fewer fields. */
#define OLD_SIZE 24u

struct handshake {
	struct fuse_init_in in;
	struct fuse_init_out out;
};

static int check(const struct fuse_init_out *out)
{
	if (out->major == FUSE_KERNEL_VERSION && out->minor >= OLDEST_MINOR)
		return 0;
	um_err("fuse: the daemon speaks protocol %u.%u; this is %u.%u",
	       out->major, out->minor, FUSE_KERNEL_VERSION, OUR_MINOR);
	return -ECONNREFUSED;
}

/* From now on guests ask for locks here. */
static void take_locks(struct um_fuse *c)
{
	if (!c->mount || !(c->flags & (FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS)))
		return;
	c->mount->fs.locks = c->flags & FUSE_POSIX_LOCKS;
	c->mount->fs.flocks = c->flags & FUSE_FLOCK_LOCKS;
	c->locks = true;
	um_shared_add_locks(1);
}

static void agree(struct um_fuse *c, const struct fuse_init_out *out)
{
	uint32_t pages = DEFAULT_PAGES;
	uint32_t most;

	c->minor = out->minor;
	c->flags = out->flags;
	take_locks(c);
	um_fuse_offer_births(c);
	if (c->mount)
		c->mount->fs.behind = um_fuse_is_behind(c);
	/* such a daemon relies on its lists being heeded */
	if (c->flags & FUSE_POSIX_ACL)
		c->check_modes = true;
	if ((c->flags & FUSE_MAX_PAGES) && out->max_pages)
		pages = out->max_pages;
	if (pages > MAX_PAGES)
		pages = MAX_PAGES;
	most = pages * PAGE;
	c->max_write = out->max_write < PAGE ? PAGE : out->max_write;
	if (c->max_write > most)
		c->max_write = most;
	if (!c->max_read || c->max_read > most)
		c->max_read = most;
	if (c->max_read < PAGE)
		c->max_read = PAGE;
}

static void answered(struct um_fuse *c, void *arg, int error)
{
	struct handshake *h = arg;
	int ret = error;

	if (ret == 0)
		ret = check(&h->out);
	um_lock(&c->lock);
	if (ret == 0)
		agree(c, &h->out);
	else
		c->init_error = ret == -ENOTCONN ? 0 : -ECONNREFUSED;
	if (c->state == UM_FUSE_STARTING)
		c->state = UM_FUSE_READY;
	um_unlock(&c->lock);
	free(h);
}

void um_fuse_send_init(struct um_fuse *c)
{
	struct handshake *h = calloc(1, sizeof(*h));
	struct um_fuse_call k = { .opcode = FUSE_INIT, .nargs = 1 };

	if (!h) {
		um_fuse_abort(c);
		return;
	}
	_Static_assert(sizeof(h->out) > OLD_SIZE, "init_out has grown");
	h->in = (struct fuse_init_in){ .major = FUSE_KERNEL_VERSION,
				       .minor = OUR_MINOR,
				       .max_readahead = DEFAULT_PAGES * PAGE,
				       .flags = OFFERED,
				       .flags2 = OFFERED2 };
	k.in[0] = (struct iovec)UM_FUSE_ARG(h->in);
	k.out = &h->out;
	k.outmax = sizeof(h->out);
	um_fuse_post(c, &k, answered, h);
}
