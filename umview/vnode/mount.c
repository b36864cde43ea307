// SPDX-License-Identifier: GPL-2.0-or-later
/* mount.c - life of a mounted file system */
#include "vnode/mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "guest/contain.h"
#include "vnode/attrcache.h"
#include "vnode/fscall.h"
#include "vnode/vnode.h"

/* Device numbers of mounts: a major number that Linux leaves to local use. */
#define MOUNT_MAJOR 243
/* How long operations of a mount that crashed are waited for. */
#define CRASH_MS 2000

static atomic_uint next_id = 1;
struct um_mount *um_mount_new(void)
{
	struct um_mount *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	atomic_init(&m->refs, 1);
	m->id = atomic_fetch_add(&next_id, 1);
	m->dev = makedev(MOUNT_MAJOR, m->id);
	m->cache = um_attrcache_new(m->id);
	um_mutex_init(&m->serial, UM_RANK_IO);
	for (int i = 0; i < UM_NAME_LOCKS; i++)
		um_mutex_init(&m->names[i], UM_RANK_IO);
	return m;
}

struct um_mount *um_mount_get(struct um_mount *m)
{
	atomic_fetch_add(&m->refs, 1);
	return m;
}

struct um_mount *um_mount_try_get(struct um_mount *m)
{
	int refs = atomic_load(&m->refs);

	while (refs > 0)
		if (atomic_compare_exchange_weak(&m->refs, &refs, refs + 1))
			return m;
	return NULL;
}

/*
 * Operations end by themselves: modules do not wait for guests. In one that
 * crashed they may wait for what nobody gives back; such a mount is never freed.
 */
static void wait_for_operations(struct um_mount *m)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	int patience = CRASH_MS;

	while (atomic_load(&m->inflight)) {
		if (atomic_load(&m->crashed) && patience-- % 50 == 0)
			um_contain_eject(m);
		if (patience < 0) {
			um_mount_get(m);
			return;
		}
		nanosleep(&ms, NULL);
	}
}

void um_mount_own_ops(struct um_mount *m)
{
	size_t size = m->fs.ops->size;

	if (size > sizeof(m->ops))
		size = sizeof(m->ops);
	memcpy(&m->ops, m->fs.ops, size);
	m->ops.size = size;
	m->fs.ops = &m->ops;
}

void um_mount_shutdown(struct um_mount *m)
{
	if (atomic_exchange(&m->dead, true))
		return;
	wait_for_operations(m);
	if (m->fs.ops)
		um_fs_umount(m);
	if (m->forget_devices)
		m->forget_devices(m);
	if (m->release_source)
		m->release_source(m->source_hold);
	um_mount_unclaim(m);
}

struct um_mount *um_mount_new_devices(const char *name,
				      const struct um_fs_ops *ops)
{
	struct um_mount *m = um_mount_new();

	if (!m)
		return NULL;
	um_attrcache_free(um_steal(m->cache));
	m->fs.ops = ops;
	m->point = strdup("/");
	m->source = strdup(name);
	m->type = strdup(name);
	m->options = strdup("");
	m->devices = true;
	if (m->point && m->source && m->type && m->options)
		return m;
	um_mount_put(m);
	return NULL;
}

/* Nobody knows who reads a text at this moment: it is freed with the mount. */
struct um_old_text {
	struct um_old_text *next;
	char *text;
};

static struct um_mutex text_lock = UM_MUTEX_INIT(UM_RANK_LEAF);

int um_mount_keep_text(struct um_mount *m, char *_Atomic *place,
		       char *_Atomic *text)
{
	struct um_old_text *old = malloc(sizeof(*old));

	if (!old)
		return -ENOMEM;
	um_lock(&text_lock);
	old->text = atomic_exchange(place, atomic_exchange(text, NULL));
	old->next = m->old;
	m->old = old;
	um_unlock(&text_lock);
	return 0;
}

static void free_old_texts(struct um_mount *m)
{
	while (m->old) {
		struct um_old_text *old = m->old;

		m->old = old->next;
		free(old->text);
		free(old);
	}
}

static void destroy(struct um_mount *m)
{
	um_mount_shutdown(m);
	if (m->release_beneath)
		m->release_beneath(m->beneath);
	for (size_t i = 0; i < m->nexcept; i++)
		free(m->except[i]);
	free(m->except);
	free(m->point);
	free(m->source);
	free(m->type);
	free(m->options);
	free(m->instead);
	free(m->jump);
	free_old_texts(m);
	um_attrcache_free(m->cache);
	um_mutex_fini(&m->serial);
	for (int i = 0; i < UM_NAME_LOCKS; i++)
		um_mutex_fini(&m->names[i]);
	free(m);
}

void um_mount_put(struct um_mount *m)
{
	if (m && atomic_fetch_sub(&m->refs, 1) == 1)
		destroy(m);
}

static struct um_mutex claim_lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_mount *claims;

static bool in_conflict(const struct um_mount *a, const struct um_mount *b)
{
	return a->image == b->image && a->image_ino == b->image_ino &&
	       !strcmp(a->server, b->server) &&
	       !(a->flags & b->flags & MS_RDONLY);
}

int um_mount_claim(struct um_mount *m, const char *server, dev_t image,
		   ino_t ino)
{
	struct um_mount *other;

	m->server = server;
	m->image = image;
	m->image_ino = ino;
	um_lock(&claim_lock);
	for (other = claims; other; other = other->claimed)
		if (in_conflict(m, other))
			break;
	if (!other) {
		m->claimed = claims;
		claims = m;
	}
	um_unlock(&claim_lock);
	return other ? -EBUSY : 0;
}

void um_mount_unclaim(struct um_mount *m)
{
	struct um_mount **at = &claims;

	um_lock(&claim_lock);
	while (*at && *at != m)
		at = &(*at)->claimed;
	if (*at)
		*at = m->claimed;
	um_unlock(&claim_lock);
}

bool um_mount_keep(struct um_mount *m)
{
	int n = atomic_load(&m->keepers);

	while (n >= 0)
		if (atomic_compare_exchange_weak(&m->keepers, &n, n + 1))
			return true;
	return false;
}

void um_mount_unkeep(struct um_mount *m)
{
	atomic_fetch_sub(&m->keepers, 1);
}

bool um_mount_try_end(struct um_mount *m)
{
	int nobody = 0;

	return atomic_compare_exchange_strong(&m->keepers, &nobody, -1) ||
	       nobody < 0;
}

static struct um_mutex detached_lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_mount *detached;

/* Takes the reference. */
static void list_locked(struct um_mount *m)
{
	m->detached = detached;
	detached = m;
}

void um_mount_detach(struct um_mount *m)
{
	um_lock(&detached_lock);
	m->settled = false;
	if (!m->listed) {
		m->listed = true;
		list_locked(um_mount_get(m));
	}
	um_unlock(&detached_lock);
}

bool um_mount_settle(struct um_mount *m)
{
	int was = UM_FLOATING;
	bool is;

	um_lock(&detached_lock);
	is = atomic_compare_exchange_strong(&m->floating, &was, UM_SETTLED);
	m->settled |= is;
	um_unlock(&detached_lock);
	return is;
}

/* Files may have been opened and written since it was taken out of the views. */
static void end(struct um_mount *m)
{
	um_vnode_sync_mount(m);
	um_vnode_drop(m);
	um_mount_shutdown(m);
}

/* Back into the list, or out of it: it has ended, or has its place in a view. */
static void put_back(struct um_mount *m, bool ended)
{
	bool keep;

	um_lock(&detached_lock);
	keep = !ended && !m->settled;
	m->listed = keep;
	if (keep)
		list_locked(m);
	um_unlock(&detached_lock);
	if (!keep)
		um_mount_put(m);
}

/* One that floats must not be given its place while it ends. */
static bool may_end(struct um_mount *m)
{
	bool may;

	um_lock(&detached_lock);
	may = !m->settled && um_mount_try_end(m);
	if (may)
		atomic_store(&m->floating, UM_SETTLED);
	um_unlock(&detached_lock);
	return may;
}

/* Whether one has ended. */
static bool reap_once(bool (*is_idle)(struct um_mount *m))
{
	struct um_mount *all;
	bool any = false;

	um_lock(&detached_lock);
	all = detached;
	detached = NULL;
	um_unlock(&detached_lock);
	while (all) {
		struct um_mount *m = all;
		bool ends = is_idle(m) && may_end(m);

		all = m->detached;
		if (ends)
			end(m);
		put_back(m, ends);
		any |= ends;
	}
	return any;
}

void um_mount_reap(bool (*is_idle)(struct um_mount *m))
{
	/* one may have held another, looked at before */
	while (reap_once(is_idle))
		;
}

struct um_mount *um_mount_take_detached(unsigned int after)
{
	struct um_mount **newest = NULL;
	struct um_mount *m = NULL;

	um_lock(&detached_lock);
	for (struct um_mount **at = &detached; *at; at = &(*at)->detached)
		if ((*at)->id > after && !atomic_load(&(*at)->inflight) &&
		    (!newest || (*at)->id > (*newest)->id))
			newest = at;
	if (newest) {
		m = *newest;
		*newest = m->detached;
		m->listed = false;
	}
	um_unlock(&detached_lock);
	return m;
}
