// SPDX-License-Identifier: GPL-2.0-or-later
/* pending.c - what waits for an agent that was execed, by its process's id */
#include "sys/pending.h"

#include <signal.h>
#include <unistd.h>

#include "base/lock.h"
#include "sys/execfile.h"

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_hash pendings;

void um_pending_free(struct um_exec_pending *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	um_execfile_drop_interp(p);
	if (p->exec_fd >= 0)
		close(p->exec_fd);
	free(p);
}

struct um_exec_pending *um_pending_take(pid_t tgid)
{
	struct um_exec_pending *p = NULL;
	struct um_hnode *n;

	um_lock(&lock);
	n = um_hash_get(&pendings, (uint64_t)tgid);
	if (n) {
		um_hash_del(&pendings, n);
		p = um_container(n, struct um_exec_pending, node);
	}
	um_unlock(&lock);
	return p;
}

int um_pending_put(pid_t tgid, struct um_exec_pending *p)
{
	int ret;

	um_pending_free(um_pending_take(tgid));
	um_lock(&lock);
	ret = um_hash_add(&pendings, &p->node, (uint64_t)tgid);
	um_unlock(&lock);
	if (ret < 0)
		um_pending_free(p);
	return ret;
}

static struct um_exec_pending *take_orphan(void)
{
	struct um_exec_pending *p = NULL;

	um_lock(&lock);
	for (size_t i = 0; i < pendings.nslots && !p; i++) {
		struct um_hnode *n = pendings.slot[i];

		while (n && kill((pid_t)n->key, 0) == 0)
			n = n->next;
		if (n) {
			um_hash_del(&pendings, n);
			p = um_container(n, struct um_exec_pending, node);
		}
	}
	um_unlock(&lock);
	return p;
}

void um_exec_sweep(void)
{
	struct um_exec_pending *p;

	while ((p = take_orphan()))
		um_pending_free(p);
}
