// SPDX-License-Identifier: GPL-2.0-or-later
/* vnode.c - regular files: the table of them, caching and closing */
#include "vnode/vnode.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "guest/shared.h"
#include "vnode/internal.h"

#define MAX_VNODES 4096

struct um_vnode_state um_vn = {
	.table = UM_MUTEX_INIT(UM_RANK_VNODE),
	.inotify = -1,
	.inotify_files = -1,
};

uint64_t um_vnode_key(const struct um_mount *m, ino_t ino)
{
	return ((uint64_t)m->id << 48) ^ (uint64_t)ino;
}

struct um_vnode *um_vnode_find_locked(struct um_mount *m, ino_t ino)
{
	struct um_hnode *n = um_hash_get(&um_vn.by_node, um_vnode_key(m, ino));

	for (; n; n = um_hash_next(n)) {
		struct um_vnode *v = um_container(n, struct um_vnode, node);

		if (v->mount == m && v->ino == ino)
			return v;
	}
	return NULL;
}

static void vnode_free(struct um_vnode *v)
{
	um_vnode_release_fh(v);
	if (v->is_map)
		um_devmap_gone(v);
	v->populated = false;
	um_vnode_account(v);
	close(v->lease_fd);
	close(v->memfd);
	free(v->path);
	free(v->was);
	um_mount_put(v->mount);
	um_mutex_fini(&v->io);
	um_mutex_fini(&v->file.io);
	free(v);
}

struct um_vnode *um_vnode_ref(struct um_vnode *v)
{
	um_lock(&um_vn.table);
	v->refs++;
	um_unlock(&um_vn.table);
	return v;
}

void um_vnode_put(struct um_vnode *v)
{
	bool last;

	if (!v)
		return;
	um_lock(&um_vn.table);
	last = --v->refs == 0;
	um_unlock(&um_vn.table);
	if (last)
		vnode_free(v);
}

/*
 * Guests open a cached file by the number of its descriptor here (agent/
 * names.c, `reopen`), and look afterwards if it is the one they mean. Numbers
 * from here on are hardly ever another's meanwhile.
 */
#define FIRST_TOLD_FD 1024

int um_fd_move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_TOLD_FD);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

uint32_t um_vnode_fd_locked(const struct um_vnode *v)
{
	if (v->memfd < FIRST_TOLD_FD || !v->populated || v->direct ||
	    v->volatile_data || v->device || v->orphan || v->hidden ||
	    v->gone || v->withheld || !v->path || atomic_load(&v->stale))
		return 0;
	return (uint32_t)v->memfd;
}

void um_vnode_withhold(struct um_vnode *v)
{
	um_lock(&um_vn.table);
	v->withheld++;
	um_shared_node_changed(v->mount->id, v->ino);
	um_unlock(&um_vn.table);
}

void um_vnode_offer(struct um_vnode *v)
{
	um_lock(&um_vn.table);
	v->withheld--;
	um_unlock(&um_vn.table);
}

/* The file's identity and page cache; its inode is what descriptors show. */
static int new_memfd(off_t size, uint64_t *inode)
{
	int fd = memfd_create("umview", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || ftruncate(fd, size) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	*inode = st.st_ino;
	return um_fd_move_up(fd);
}

static struct um_vnode *vnode_new(struct um_mount *m, const char *path,
				  const struct stat *st)
{
	struct um_vnode *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->memfd = new_memfd(st->st_size, &v->file.inode);
	v->lease_fd = v->memfd < 0 ? -1 : um_reopen(v->memfd, O_RDONLY);
	v->path = strdup(path);
	if (v->lease_fd < 0 || !v->path) {
		if (v->lease_fd >= 0)
			close(v->lease_fd);
		if (v->memfd >= 0)
			close(v->memfd);
		free(v->path);
		free(v);
		return NULL;
	}
	um_mutex_init(&v->io, UM_RANK_IO);
	um_mutex_init(&v->file.io, UM_RANK_IO);
	v->refs = 2;
	v->mount = um_mount_get(m);
	v->ino = st->st_ino;
	v->size = st->st_size;
	v->file.kind = UM_OBJ_FILE;
	v->file.mount = m;
	v->file.vnode = v;
	um_watch_add(&v->file, v->memfd);
	return v;
}

/* Into the hashes; the table lock is held. */
static void enter_locked(struct um_vnode *v)
{
	if (um_hash_add(&um_vn.by_node, &v->node,
			um_vnode_key(v->mount, v->ino)) ||
	    um_hash_add(&um_vn.by_inode, &v->file.node, v->file.inode) ||
	    um_hash_add(&um_vn.by_wd, &v->file.wd_node, um_watch_key(&v->file)))
		um_warn("out of memory for the vnode table");
	um_shared_set_objs(um_vn.by_inode.count);
}

struct um_vnode *um_vnode_lookup(struct um_mount *m, ino_t ino)
{
	struct um_vnode *v;

	um_lock(&um_vn.table);
	v = um_vnode_find_locked(m, ino);
	if (v)
		v->refs++;
	um_unlock(&um_vn.table);
	return v;
}

/* The resident ref is the table's. */
static int get(struct um_mount *m, const char *path, const struct stat *st,
	       bool is_map, struct um_vnode **out)
{
	struct um_vnode *v = um_vnode_lookup(m, st->st_ino);
	struct um_vnode *fresh;

	if (!v) {
		fresh = vnode_new(m, path, st);
		if (!fresh)
			return -ENOMEM;
		if (is_map)
			um_devmap_began(fresh);
		um_lock(&um_vn.table);
		v = um_vnode_find_locked(m, st->st_ino);
		if (v) {
			v->refs++;
		} else {
			v = um_steal(fresh);
			enter_locked(v);
		}
		um_unlock(&um_vn.table);
		if (fresh)
			vnode_free(fresh);
	}
	um_lock(&um_vn.table);
	/* the name known so far may be no more */
	if (m->fs.remote && v->path && !v->hidden && strcmp(v->path, path) != 0)
		free(um_steal(v->path));
	if (!v->path)
		v->path = strdup(path);
	um_unlock(&um_vn.table);
	*out = v;
	return 0;
}

int um_vnode_get(struct um_mount *m, const char *path, const struct stat *st,
		 struct um_vnode **out)
{
	return get(m, path, st, false, out);
}

int um_vnode_get_map(struct um_mount *m, const char *path,
		     const struct stat *st, struct um_vnode **out)
{
	return get(m, path, st, true, out);
}

bool um_vnode_is_open(struct um_vnode *v)
{
	if (fcntl(v->lease_fd, F_SETLEASE, F_WRLCK) < 0)
		return true;
	fcntl(v->lease_fd, F_SETLEASE, F_UNLCK);
	return false;
}

/* Out of the hashes: no name and no descriptor leads to it any more. */
static void leave_locked(struct um_vnode *v)
{
	if (v->gone)
		return;
	v->gone = true;
	um_hash_del(&um_vn.by_node, &v->node);
	um_hash_del(&um_vn.by_inode, &v->file.node);
	um_hash_del(&um_vn.by_wd, &v->file.wd_node);
	um_shared_set_objs(um_vn.by_inode.count);
	um_watch_del(&v->file);
}

static void remove_hidden(struct um_vnode *v)
{
	UM_FREE char *path = um_vnode_path(v);
	uint32_t names;

	if (!path)
		return;
	names = um_names_of_entry(v->mount, path);
	um_names_lock(v->mount, names);
	if (um_fs_unlink(v->mount, path) == 0) {
		um_lock(&um_vn.table);
		um_vnode_orphan_locked(v);
		um_unlock(&um_vn.table);
	}
	um_names_unlock(v->mount, names);
}

static void check_later(struct um_vnode *v)
{
	atomic_store(&v->unchecked, true);
	um_watch_again();
}

/*
 * Nobody has it open: write what mappings left, close the module's files.
 * The content stays cached unless the node is gone.
 */
static void last_close(struct um_vnode *v)
{
	bool pinned;

	if (atomic_load(&v->shared))
		um_vnode_sync(v);
	um_lock(&v->io);
	/* opened again meanwhile? an open is done under this lock */
	pinned = v->pins != 0;
	if (!um_vnode_is_open(v) && !pinned)
		um_vnode_release_fh(v);
	um_unlock(&v->io);
	if (pinned)
		check_later(v);
	if (v->hidden && !um_vnode_is_open(v))
		remove_hidden(v);
}

static int refs_of(struct um_vnode *v)
{
	int n;

	um_lock(&um_vn.table);
	n = v->refs;
	um_unlock(&um_vn.table);
	return n;
}

/* The mount's own limit for what nobody has open (um_fs.keep). */
static bool has_too_much(const struct um_mount *m)
{
	return m->fs.limited && atomic_load(&m->bytes) > m->fs.keep;
}

/* More than one opening may be of it. */
static bool is_shared(const struct um_vnode *v)
{
	return !v->device || v->is_map;
}

/* A close was seen: was it the last? */
void um_vnode_check(struct um_vnode *v)
{
	bool drop;

	if (um_vnode_is_open(v) || v->lazy)
		return;
	/* a ref besides the table's and the caller's: somebody works on it */
	if (refs_of(v) > 2 && is_shared(v)) {
		check_later(v);
		return;
	}
	last_close(v);
	um_lock(&um_vn.table);
	drop = (v->orphan || v->hidden || v->volatile_data ||
		has_too_much(v->mount)) &&
	       !v->gone && (v->refs == 2 || !is_shared(v)) && !v->lazy &&
	       !um_vnode_is_open(v);
	if (drop) {
		leave_locked(v);
		v->refs--;
	}
	um_unlock(&um_vn.table);
	um_vnode_trim();
}

static bool can_go_locked(struct um_vnode *v)
{
	if (v->refs != 1 || v->lazy || v->has_wfh || atomic_load(&v->shared))
		return false;
	um_shared_node_changed(v->mount->id, v->ino);
	return !um_vnode_is_open(v);
}

/* Cached files that nobody has open, oldest first, while there are too many. */
void um_vnode_trim(void)
{
	struct um_vnode *victims[32];
	size_t start, n = 0;

	um_lock(&um_vn.table);
	start = um_vn.hand;
	/* each slot once: they leave their slots only afterwards */
	for (size_t i = 0; i < um_vn.by_node.nslots && n < 32; i++) {
		struct um_hnode *h;

		if (um_vn.by_node.count < um_vn.max_vnodes &&
		    atomic_load(&um_vn.bytes) < um_vn.cache_limit)
			break;
		h = um_vn.by_node.slot[(start + i) % um_vn.by_node.nslots];
		for (; h && n < 32; h = h->next) {
			struct um_vnode *v =
				um_container(h, struct um_vnode, node);

			if (can_go_locked(v))
				victims[n++] = v;
		}
		um_vn.hand = start + i + (h ? 0 : 1);
	}
	for (size_t i = 0; i < n; i++)
		leave_locked(victims[i]);
	um_unlock(&um_vn.table);
	for (size_t i = 0; i < n; i++)
		um_vnode_put(victims[i]);
}

char *um_vnode_path(struct um_vnode *v)
{
	char *copy = NULL;

	um_lock(&um_vn.table);
	if (v->path)
		copy = strdup(v->path);
	um_unlock(&um_vn.table);
	return copy;
}

void um_vnode_let_go(struct um_vnode *v)
{
	if (v->device)
		um_vnode_check(v);
	um_vnode_put(v);
}

typedef void (*vnode_fn)(struct um_vnode *v, void *arg);

/* Call fn for every vnode of m (NULL: all), with a ref and no lock. */
static void for_each(struct um_mount *m, vnode_fn fn, void *arg)
{
	struct um_vnode **all;
	size_t n = 0;

	um_lock(&um_vn.table);
	all = calloc(um_vn.by_inode.count + 1, sizeof(struct um_vnode *));
	for (size_t i = 0; all && i < um_vn.by_inode.nslots; i++) {
		struct um_hnode *h = um_vn.by_inode.slot[i];

		for (; h; h = h->next) {
			struct um_obj *o = um_container(h, struct um_obj, node);

			if (o->kind != UM_OBJ_FILE || (m && o->mount != m))
				continue;
			o->vnode->refs++;
			all[n++] = o->vnode;
		}
	}
	um_unlock(&um_vn.table);
	for (size_t i = 0; i < n; i++) {
		fn(all[i], arg);
		um_vnode_put(all[i]);
	}
	free(all);
}

static void check_one(struct um_vnode *v, void *arg)
{
	(void)arg;
	um_vnode_check(v);
}

void um_vnode_check_all(void)
{
	for_each(NULL, check_one, NULL);
}

static void check_skipped(struct um_vnode *v, void *arg)
{
	(void)arg;
	if (atomic_exchange(&v->unchecked, false))
		um_vnode_check(v);
}

void um_vnode_check_skipped(void)
{
	for_each(NULL, check_skipped, NULL);
}

static void sync_one(struct um_vnode *v, void *arg)
{
	int *first = arg;
	int ret;

	if (!atomic_load(&v->shared))
		return;
	ret = um_vnode_sync(v);
	if (ret < 0 && *first == 0)
		*first = ret;
}

int um_vnode_sync_mount(struct um_mount *m)
{
	int ret = 0;

	for_each(m, sync_one, &ret);
	return ret;
}

static void catch_up(struct um_vnode *v, void *arg)
{
	(void)arg;
	if (v->mount->fs.behind && v->has_wfh)
		(void)um_fs_syncfs(v->mount);
}

void um_vnode_catch_up_all(void)
{
	for_each(NULL, catch_up, NULL);
}

static void measure_one(struct um_vnode *v, void *arg)
{
	(void)arg;
	if (v->device)
		um_device_measure(v);
}

void um_vnode_remeasure(struct um_mount *m)
{
	for_each(m, measure_one, NULL);
}

static void count_open(struct um_vnode *v, void *arg)
{
	if (um_vnode_is_open(v))
		(*(size_t *)arg)++;
}

size_t um_vnode_busy(struct um_mount *m)
{
	size_t n;

	um_watch_drain();
	n = um_obj_count(m);
	/* files of one that is kept may be open by way of who keeps it */
	if (atomic_load(&m->keepers) <= 0)
		for_each(m, count_open, &n);
	return n;
}

static void drop_one(struct um_vnode *v, void *arg)
{
	bool drop;

	(void)arg;
	if (um_vnode_is_open(v))
		return;
	last_close(v);
	um_lock(&um_vn.table);
	drop = !v->gone && !v->lazy;
	if (drop) {
		leave_locked(v);
		v->refs--;
	}
	um_unlock(&um_vn.table);
}

void um_vnode_drop(struct um_mount *m)
{
	um_obj_unpark_all();
	for_each(m, drop_one, NULL);
}

/* Each cached file has two descriptors; open ones need some, too. */
int um_vnode_setup(off_t ready_limit, uint64_t cache_limit)
{
	struct rlimit rl;

	um_vn.ready_limit = ready_limit;
	um_vn.cache_limit = cache_limit;
	um_vn.max_vnodes = MAX_VNODES;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_max / 8 < MAX_VNODES)
		um_vn.max_vnodes = rl.rlim_max / 8;
	return um_watch_setup();
}

void um_vnode_fini(void)
{
	um_watch_fini();
	um_obj_unpark_all();
	for_each(NULL, drop_one, NULL);
}
