// SPDX-License-Identifier: GPL-2.0-or-later
/* shared.c - what the monitor tells all guests at once */
#include "guest/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <umview/log.h>

#include "base/cleanup.h"
#include "base/lock.h"

/* What is changed outside of the session is seen after this, at the latest. */
#define MEMO_SECONDS 2

static struct um_shared *shared;
static unsigned char *stubs;
static int region = -1;
static int readonly = -1;
static off_t region_size;
static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static bool ageing;

/* Nobody reads it: what is told before the region stands. */
static struct um_shared nowhere;

static int map_region(void)
{
	const size_t size = UM_SHARED_SIZE + UM_STUBS_SIZE;
	char path[64];
	void *p;

	region = memfd_create("umview-region", MFD_CLOEXEC);
	if (region < 0 || ftruncate(region, (off_t)size) < 0)
		return -errno;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, region, 0);
	if (p == MAP_FAILED)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", region);
	readonly = open(path, O_RDONLY | O_CLOEXEC);
	if (readonly < 0)
		return -errno;
	region_size = (off_t)size;
	shared = p;
	stubs = (unsigned char *)p + UM_SHARED_SIZE;
	return 0;
}

int um_shared_setup(int agent_fd)
{
	struct stat st;
	int ret;

	shared = &nowhere;
	if (fstat(agent_fd, &st) < 0)
		return -errno;
	ret = map_region();
	if (ret < 0)
		return ret;
	shared->version = UM_PROTO_VERSION;
	shared->agent_dev = st.st_dev;
	shared->agent_ino = st.st_ino;
	if (fstat(region, &st) < 0)
		return -errno;
	shared->memfd_dev = st.st_dev;
	shared->region_ino = st.st_ino;
	shared->monitor = (uint32_t)getpid();
	shared->vmap[UM_NVMAPS - 1].busy = 1;
	shared->vmap[UM_NVMAPS - 1].all = 1;
	return 0;
}

int um_shared_fd(void)
{
	return readonly;
}

unsigned char *um_shared_stubs(void)
{
	return stubs;
}

off_t um_shared_append(const void *data, size_t n)
{
	off_t at = region_size;
	ssize_t put;

	if (ftruncate(region, at + (off_t)n) < 0)
		return -errno;
	put = pwrite(region, data, n, at);
	if (put < 0)
		return -errno;
	if ((size_t)put != n)
		return -ENOSPC;
	region_size = (at + (off_t)n + 4095) & ~(off_t)4095;
	return at;
}

static uint32_t clamp(size_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

void um_shared_set_objs(size_t n)
{
	if (shared)
		__atomic_store_n(&shared->objs, clamp(n), __ATOMIC_SEQ_CST);
}

void um_shared_add_writers(int n)
{
	if (shared)
		__atomic_add_fetch(&shared->writers, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_flushes(int n)
{
	if (shared)
		__atomic_add_fetch(&shared->flushes, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_locks(int n)
{
	if (shared)
		__atomic_add_fetch(&shared->locks, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

/* Counted here too: there may be no region. */
static atomic_int polls;

void um_shared_add_polls(int n)
{
	atomic_fetch_add(&polls, n);
	if (shared)
		__atomic_add_fetch(&shared->polls, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

bool um_shared_polls(void)
{
	return atomic_load(&polls) != 0;
}

static atomic_bool moves;

void um_shared_set_moves(void)
{
	atomic_store(&moves, true);
	if (shared)
		__atomic_store_n(&shared->moves, 1, __ATOMIC_SEQ_CST);
}

bool um_shared_moves(void)
{
	return atomic_load(&moves);
}

void um_shared_add_births(int n)
{
	if (shared)
		__atomic_add_fetch(&shared->births, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_set_specials(bool any)
{
	if (shared)
		__atomic_store_n(&shared->specials, any, __ATOMIC_SEQ_CST);
}

void um_shared_set_devs(void)
{
	if (shared)
		__atomic_store_n(&shared->devs, 1, __ATOMIC_SEQ_CST);
}

void um_shared_set_standins(void)
{
	if (shared)
		__atomic_store_n(&shared->standins, 1, __ATOMIC_SEQ_CST);
}

void um_shared_add_chans(int n)
{
	if (shared)
		__atomic_add_fetch(&shared->chans, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_held(int n)
{
	if (shared)
		__atomic_add_fetch(&shared->held, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_unsettled(int n)
{
	if (shared)
		__atomic_add_fetch(&shared->unsettled, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_plain(uint64_t key)
{
	if (shared)
		__atomic_store_n(&shared->plain[(key >> 8) % UM_NPLAIN], key,
				 __ATOMIC_SEQ_CST);
}

uint32_t um_shared_view(uint32_t view)
{
	return view < UM_NVMAPS - 1 ? view : UM_NVMAPS - 1;
}

/*
 * Readers take no lock. The names are in the set before the view is busy, and
 * stay until it no longer is; in between, `all` makes everybody ask.
 */
void um_shared_set_vmap(uint32_t view, const struct um_vmap *map)
{
	struct um_vmap *to;

	if (!shared || view >= UM_NVMAPS - 1)
		return;
	um_lock(&lock);
	to = &shared->vmap[view];
	__atomic_store_n(&to->net, map->net, __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->all, 1, __ATOMIC_SEQ_CST);
	if (map->busy)
		__atomic_store_n(&to->busy, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < UM_BLOOM; i++)
		__atomic_store_n(&to->bloom[i], map->bloom[i],
				 __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->layers, map->layers, __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->busy, map->busy, __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->all, map->all, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&shared->lists, 1, __ATOMIC_SEQ_CST);
	um_unlock(&lock);
	um_shared_forget();
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static void add_to_set(uint64_t *set, uint64_t words, uint64_t hash)
{
	uint64_t h = um_hash_mix(hash);
	uint64_t a = h & (words * 64 - 1);
	uint64_t b = (h >> 24) & (words * 64 - 1);

	__atomic_or_fetch(&set[a / 64], 1UL << (a % 64), __ATOMIC_SEQ_CST);
	__atomic_or_fetch(&set[b / 64], 1UL << (b % 64), __ATOMIC_SEQ_CST);
}

void um_shared_add_changed(const char *name, bool passed)
{
	uint64_t hash = um_hash_text(name, strlen(name));

	if (!shared)
		return;
	add_to_set(shared->changed, UM_NCHANGED, hash);
	if (passed)
		add_to_set(shared->passed, UM_NCHANGED, hash);
}

void um_shared_add_dressed(dev_t dev, ino_t ino)
{
	if (shared)
		add_to_set(shared->dressed, UM_NDRESSED,
			   um_node_key((uint32_t)dev, ino));
}

void um_shared_forget(void)
{
	if (shared)
		__atomic_add_fetch(&shared->gen, 1, __ATOMIC_SEQ_CST);
}

void um_shared_forget_whole(void)
{
	if (shared)
		__atomic_add_fetch(&shared->whole_gen, 1, __ATOMIC_SEQ_CST);
}

/* One life of memos: from the first one until all are forgotten. */
static void *age(void *arg)
{
	const struct timespec nap = { .tv_sec = MEMO_SECONDS };

	(void)arg;
	nanosleep(&nap, NULL);
	um_lock(&lock);
	ageing = false;
	um_unlock(&lock);
	um_shared_forget();
	return NULL;
}

static bool start_ageing_locked(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (ageing)
		return true;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	ageing = pthread_create(&thread, &attr, age, NULL) == 0;
	pthread_attr_destroy(&attr);
	return ageing;
}

uint64_t um_shared_gen(void)
{
	if (!shared)
		return 0;
	return um_memo_gen(
		__atomic_load_n(&shared->gen, __ATOMIC_SEQ_CST),
		__atomic_load_n(&shared->whole_gen, __ATOMIC_SEQ_CST));
}

static uint64_t memo_of(const struct um_memo_of *of, const char *name, size_t n)
{
	return um_memo(um_hash_text(name, n), of->from,
		       um_shared_view(of->view), of->gen, of->kind);
}

bool um_shared_remembers(const struct um_memo_of *of, const char *name,
			 size_t n)
{
	uint64_t memo = memo_of(of, name, n);

	return shared && shared->memo[(memo >> 8) % UM_NMEMOS] == memo;
}

void um_shared_remember(const struct um_memo_of *of, const char *name, size_t n)
{
	uint64_t memo;

	if (!shared)
		return;
	memo = memo_of(of, name, n);
	um_lock(&lock);
	if (start_ageing_locked())
		__atomic_store_n(&shared->memo[(memo >> 8) % UM_NMEMOS], memo,
				 __ATOMIC_SEQ_CST);
	um_unlock(&lock);
}

uint16_t um_shared_bucket(uint32_t mount, const char *path)
{
	uint64_t h = um_hash_text(path, strlen(path)) ^ mount;

	return (uint16_t)(um_hash_mix(h) % UM_NVERSIONS);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A hundred days are as good as for ever, and ticks come again. */
#define LONGEST (100ULL * 86400 * 1000000000)

static uint32_t tick_of(uint64_t until)
{
	uint64_t last = until ? now() + LONGEST : 0;

	return until ? um_tick(until < last ? until : last) : 0;
}

static bool is_over(uint32_t until)
{
	return until && um_tick_is_over(until, um_tick(now()));
}

/* Before and after an entry is written; readers look at both: agent/nodes.c. */
#define turn(seq) __atomic_add_fetch(&(seq), 1, __ATOMIC_SEQ_CST)

/* Of its places the one it has, or one that is free, or another's. */
static struct um_node *node_place(uint64_t key)
{
	struct um_node *free_one = NULL;

	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		struct um_node *node = &shared->node[(key + i) % UM_NNODES];

		if (node->key == key)
			return node;
		if (!free_one && (!node->key || node->epoch != shared->epoch))
			free_one = node;
	}
	if (free_one)
		return free_one;
	return &shared->node[(key + (key >> 40) % UM_NPLACES) % UM_NNODES];
}

static void tell_node_locked(uint64_t key, const struct um_told *told,
			     const struct stat *st)
{
	struct um_node *node = node_place(key);
	bool same = told->fd && st->st_ino == told->ino;

	_Static_assert(sizeof(*st) == UM_STAT_WORDS * 8, "struct stat");
	turn(node->seq);
	node->key = key;
	node->epoch = shared->epoch;
	memcpy(node->st, st, sizeof(node->st));
	node->object = same ? told->object : 0;
	node->fd = same ? told->fd : 0;
	node->until = tick_of(told->node_until);
	turn(node->seq);
}

static bool is_stale(const struct um_name *name)
{
	return !name->tag || is_over(name->until) ||
	       name->epoch != shared->epoch ||
	       name->version != shared->versions[name->bucket];
}

static struct um_name *name_place(uint64_t tag)
{
	struct um_name *free_one = NULL;

	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		struct um_name *name = &shared->name[(tag + i) % UM_NNAMES];

		if (name->tag == tag)
			return name;
		if (!free_one && is_stale(name))
			free_one = name;
	}
	if (free_one)
		return free_one;
	return &shared->name[(tag + (tag >> 40) % UM_NPLACES) % UM_NNAMES];
}

uint64_t um_shared_place(uint32_t mount, const char *path)
{
	size_t n = strcmp(path, "/") != 0 ? strlen(path) : 0;

	return um_place_of(um_place_root(mount), path, n);
}

static uint64_t tag_of(const struct um_told *told)
{
	return um_name_tag(told->hash, told->dir, um_shared_view(told->view),
			   shared->lists);
}

static const struct um_name *find_name(uint64_t tag)
{
	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		struct um_name *name = &shared->name[(tag + i) % UM_NNAMES];

		if (name->tag == tag && !is_stale(name))
			return name;
	}
	return NULL;
}

static bool has_node(uint64_t key)
{
	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		const struct um_node *node =
			&shared->node[(key + i) % UM_NNODES];

		if (node->key == key && node->epoch == shared->epoch)
			return !is_over(node->until);
	}
	return false;
}

bool um_shared_lacks(const struct um_told *told)
{
	const struct um_name *name;
	bool lacks;

	if (!shared || shared == &nowhere)
		return false;
	um_lock(&lock);
	name = find_name(tag_of(told));
	lacks = !name || (name->node && !has_node(name->node));
	um_unlock(&lock);
	return lacks;
}

void um_shared_tell(const struct um_told *told, const struct stat *st)
{
	struct um_name *name;
	uint64_t tag;

	if (!shared || shared == &nowhere)
		return;
	um_lock(&lock);
	tag = tag_of(told);
	name = name_place(tag);
	turn(name->seq);
	name->tag = tag;
	name->bucket = um_shared_bucket(told->mount, told->path);
	name->version = shared->versions[name->bucket];
	name->epoch = shared->epoch;
	name->node = st ? um_node_key(told->mount, st->st_ino) : 0;
	name->is_dir = st && S_ISDIR(st->st_mode);
	name->place = um_shared_place(told->mount, told->path);
	name->until = tick_of(told->until);
	turn(name->seq);
	if (st)
		tell_node_locked(name->node, told, st);
	um_unlock(&lock);
}

static void drop_listing_locked(struct um_listing *l)
{
	if (!l->object)
		return;
	turn(l->seq);
	l->object = 0;
	turn(l->seq);
}

/* Room for records, where the oldest are. */
static uint32_t take_records_locked(uint32_t size)
{
	static uint32_t next;
	uint32_t at = next + size <= UM_RECORDS ? next : 0;

	for (size_t i = 0; i < UM_NLISTINGS; i++) {
		struct um_listing *l = &shared->listing[i];

		if (l->at < at + size && at < l->at + l->size)
			drop_listing_locked(l);
	}
	next = at + size;
	return at;
}

/* No more than this: listings of others have to be there too. */
#define MAX_RECORDS (UM_RECORDS / 4)

void um_shared_stamp(uint32_t mount, const char *path, struct um_listing *stamp)
{
	*stamp = (struct um_listing){ 0 };
	if (!shared)
		return;
	um_lock(&lock);
	stamp->bucket = um_shared_bucket(mount, path);
	stamp->version = shared->versions[stamp->bucket];
	stamp->epoch = shared->epoch;
	stamp->lists = shared->lists;
	um_unlock(&lock);
}

void um_shared_list(uint64_t object, const struct um_listing *stamp,
		    const void *records, size_t size)
{
	struct um_listing *l;

	if (!shared || shared == &nowhere || size > MAX_RECORDS)
		return;
	um_lock(&lock);
	l = &shared->listing[object % UM_NLISTINGS];
	drop_listing_locked(l);
	turn(l->seq);
	l->at = take_records_locked((uint32_t)size);
	l->size = (uint32_t)size;
	memcpy((char *)shared->records + l->at, records, size);
	l->bucket = stamp->bucket;
	l->version = stamp->version;
	l->epoch = stamp->epoch;
	l->lists = stamp->lists;
	l->object = object;
	turn(l->seq);
	um_unlock(&lock);
}

static void set_beneath(const struct um_beneath *from, uint64_t slot)
{
	struct um_beneath *to = &shared->beneath[slot % UM_NBENEATH];

	turn(to->seq);
	to->object = from->object;
	to->dev = from->dev;
	to->ino = from->ino;
	to->fd = from->fd;
	to->lists = shared->lists;
	turn(to->seq);
}

void um_shared_lay_beneath(uint64_t object, const struct stat *dir, int fd)
{
	const struct um_beneath b = { .object = object,
				      .dev = dir->st_dev,
				      .ino = dir->st_ino,
				      .fd = (uint32_t)fd };

	if (!shared || shared == &nowhere)
		return;
	um_lock(&lock);
	set_beneath(&b, object);
	um_unlock(&lock);
}

void um_shared_lift(uint64_t object)
{
	const struct um_beneath none = { 0 };

	if (!shared)
		return;
	um_lock(&lock);
	if (shared->beneath[object % UM_NBENEATH].object == object)
		set_beneath(&none, object);
	um_unlock(&lock);
}

void um_shared_unlist(uint64_t object)
{
	struct um_listing *l;

	if (!shared)
		return;
	um_lock(&lock);
	l = &shared->listing[object % UM_NLISTINGS];
	if (l->object == object)
		drop_listing_locked(l);
	um_unlock(&lock);
}

void um_shared_name_changed(uint32_t mount, const char *path)
{
	um_shared_bucket_changed(um_shared_bucket(mount, path));
}

void um_shared_bucket_changed(uint16_t bucket)
{
	if (shared)
		__atomic_add_fetch(&shared->versions[bucket % UM_NVERSIONS], 1,
				   __ATOMIC_SEQ_CST);
}

static void clear_locked(struct um_node *node, uint64_t key)
{
	if (node->key != key)
		return;
	turn(node->seq);
	node->key = 0;
	turn(node->seq);
}

void um_shared_node_changed(uint32_t mount, ino_t ino)
{
	uint64_t key = um_node_key(mount, ino);

	if (!shared)
		return;
	um_lock(&lock);
	for (uint64_t i = 0; i < UM_NPLACES; i++)
		clear_locked(&shared->node[(key + i) % UM_NNODES], key);
	um_unlock(&lock);
}

void um_shared_all_changed(void)
{
	if (shared)
		__atomic_add_fetch(&shared->epoch, 1, __ATOMIC_SEQ_CST);
}
