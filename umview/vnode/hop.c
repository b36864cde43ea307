// SPDX-License-Identifier: GPL-2.0-or-later
/* hop.c - into a module's operation, and out of it again, whatever it does */
#include "vnode/hop.h"

#include "vnode/attrcache.h"

static _Thread_local struct um_cred caller;
static _Thread_local struct um_next *current_next;
static _Thread_local unsigned int depth;

const struct um_cred *um_caller(void)
{
	return &caller;
}

void um_caller_set(const struct um_cred *cred)
{
	caller = *cred;
}

struct um_next *um_next_current(void)
{
	return current_next;
}

/*
 * A thread that a module started itself works for the view beneath in its libc
 * calls too. A worker, which is about to load the module, does not.
 */
void um_next_set_current(struct um_next *next)
{
	current_next = next;
	if (!um_req_current())
		um_self_enter(next && um_next_has_mounts(next) ? (void *)next
							       : NULL);
}

/*
 * It may not have let go of what it held: nobody goes in any more. Who waits
 * inside for that is called back; there may be more of them by now.
 */
static long crashed(struct um_mount *m, const struct um_contain *c,
		    const char *op)
{
	if (!atomic_exchange(&m->crashed, true))
		um_err("%s on %s crashed (%s) in %s: it answers EIO from now "
		       "on, and what it had not written is lost; umount it",
		       m->type, m->point, c->what, op);
	if (m->cache)
		um_attrcache_forget_all(m->cache);
	um_contain_eject(m);
	return -EIO;
}

bool um_hop_enter(struct um_mount *m, struct um_hop *h) UM_NO_TSA
{
	atomic_fetch_add(&m->inflight, 1);
	if (atomic_load(&m->dead)) {
		atomic_fetch_sub(&m->inflight, 1);
		return false;
	}
	*h = (struct um_hop){ .m = m, .outer = current_next };
	if (m->fs.serial)
		um_lock(&m->serial);
	if (atomic_load(&m->crashed)) {
		if (m->fs.serial)
			um_unlock(&m->serial);
		atomic_fetch_sub(&m->inflight, 1);
		return false;
	}
	current_next = m->fs.next;
	depth++;
	h->self = um_self_enter(m->capture ? m->beneath : NULL);
	/* the core's own file systems have no service */
	if (m->service)
		um_contain_enter(&h->contain, m);
	else
		h->contain.what = NULL;
	return true;
}

void um_hop_leave(const struct um_hop *h) UM_NO_TSA
{
	um_self_restore(&h->self);
	depth--;
	current_next = h->outer;
	if (h->m->fs.serial)
		um_unlock(&h->m->serial);
	atomic_fetch_sub(&h->m->inflight, 1);
}

long um_hop_outcome(const struct um_hop *h, const char *op, long ret)
{
	return h->contain.what ? crashed(h->m, &h->contain, op) : ret;
}

long um_hop_done(const struct um_mount *m, const char *op, const char *path,
		 long ret)
{
	um_trace("%*s%s: %s %s = %ld", (int)depth, "", m->type, op,
		 path ? path : "(open file)", ret);
	return ret;
}

long um_hop_counted(const struct um_mount *m, const char *op, long ret,
		    size_t size)
{
	if (ret <= 0 || (size_t)ret <= size)
		return ret;
	um_err("%s on %s: %s returned %ld, where %zu is the most", m->type,
	       m->point, op, ret, size);
	return -EIO;
}

/* The mount is dead already: nobody else is inside. */
void um_fs_umount(struct um_mount *m)
{
	struct um_next *outer = current_next;
	struct um_contain c;
	struct um_self self;

	if (!m->fs.ops->umount || atomic_load(&m->crashed))
		return;
	current_next = m->fs.next;
	self = um_self_enter(m->capture ? m->beneath : NULL);
	c.what = NULL;
	if (m->service)
		um_contain_enter(&c, m);
	if (sigsetjmp(c.at, 0) == 0)
		m->fs.ops->umount(&m->fs);
	um_self_restore(&self);
	current_next = outer;
	if (c.what)
		crashed(m, &c, "umount");
}
