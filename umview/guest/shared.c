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
#include "guest/region.h"

/* What is changed outside of the session is seen after this, at the latest. */
#define MEMO_SECONDS 2

struct um_shared *um_region;
static unsigned char *stubs;
static int region = -1;
static int readonly = -1;
static off_t region_size;
struct um_mutex um_region_lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static bool ageing;

/* Nobody reads it: what is told before the region stands. */
static struct um_shared nowhere;

bool um_region_stands(void)
{
	return um_region && um_region != &nowhere;
}

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
	um_region = p;
	stubs = (unsigned char *)p + UM_SHARED_SIZE;
	return 0;
}

int um_shared_setup(int agent_fd)
{
	struct stat st;
	int ret;

	um_region = &nowhere;
	if (fstat(agent_fd, &st) < 0)
		return -errno;
	ret = map_region();
	if (ret < 0)
		return ret;
	um_region->version = UM_PROTO_VERSION;
	um_region->agent_dev = st.st_dev;
	um_region->agent_ino = st.st_ino;
	if (fstat(region, &st) < 0)
		return -errno;
	um_region->memfd_dev = st.st_dev;
	um_region->region_ino = st.st_ino;
	um_region->monitor = (uint32_t)getpid();
	um_region->vmap[UM_NVMAPS - 1].busy = 1;
	um_region->vmap[UM_NVMAPS - 1].all = 1;
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
	if (um_region)
		__atomic_store_n(&um_region->objs, clamp(n), __ATOMIC_SEQ_CST);
}

void um_shared_add_writers(int n)
{
	if (um_region)
		__atomic_add_fetch(&um_region->writers, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_flushes(int n)
{
	if (um_region)
		__atomic_add_fetch(&um_region->flushes, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_locks(int n)
{
	if (um_region)
		__atomic_add_fetch(&um_region->locks, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

/* Counted here too: there may be no region. */
static atomic_int polls;

void um_shared_add_polls(int n)
{
	atomic_fetch_add(&polls, n);
	if (um_region)
		__atomic_add_fetch(&um_region->polls, (uint32_t)n,
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
	if (um_region)
		__atomic_store_n(&um_region->moves, 1, __ATOMIC_SEQ_CST);
}

bool um_shared_moves(void)
{
	return atomic_load(&moves);
}

void um_shared_add_births(int n)
{
	if (um_region)
		__atomic_add_fetch(&um_region->births, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_set_specials(bool any)
{
	if (um_region)
		__atomic_store_n(&um_region->specials, any, __ATOMIC_SEQ_CST);
}

void um_shared_set_devs(void)
{
	if (um_region)
		__atomic_store_n(&um_region->devs, 1, __ATOMIC_SEQ_CST);
}

void um_shared_set_standins(void)
{
	if (um_region)
		__atomic_store_n(&um_region->standins, 1, __ATOMIC_SEQ_CST);
}

void um_shared_add_chans(int n)
{
	if (um_region)
		__atomic_add_fetch(&um_region->chans, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_held(int n)
{
	if (um_region)
		__atomic_add_fetch(&um_region->held, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_unsettled(int n)
{
	if (um_region)
		__atomic_add_fetch(&um_region->unsettled, (uint32_t)n,
				   __ATOMIC_SEQ_CST);
}

void um_shared_add_plain(uint64_t key)
{
	if (um_region)
		__atomic_store_n(&um_region->plain[(key >> 8) % UM_NPLAIN], key,
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

	if (!um_region || view >= UM_NVMAPS - 1)
		return;
	um_lock(&um_region_lock);
	to = &um_region->vmap[view];
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
	__atomic_add_fetch(&um_region->lists, 1, __ATOMIC_SEQ_CST);
	um_unlock(&um_region_lock);
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

	if (!um_region)
		return;
	add_to_set(um_region->changed, UM_NCHANGED, hash);
	if (passed)
		add_to_set(um_region->passed, UM_NCHANGED, hash);
}

void um_shared_add_dressed(dev_t dev, ino_t ino)
{
	if (um_region)
		add_to_set(um_region->dressed, UM_NDRESSED,
			   um_node_key((uint32_t)dev, ino));
}

void um_shared_forget(void)
{
	if (um_region)
		__atomic_add_fetch(&um_region->gen, 1, __ATOMIC_SEQ_CST);
}

void um_shared_forget_whole(void)
{
	if (um_region)
		__atomic_add_fetch(&um_region->whole_gen, 1, __ATOMIC_SEQ_CST);
}

/* One life of memos: from the first one until all are forgotten. */
static void *age(void *arg)
{
	const struct timespec nap = { .tv_sec = MEMO_SECONDS };

	(void)arg;
	nanosleep(&nap, NULL);
	um_lock(&um_region_lock);
	ageing = false;
	um_unlock(&um_region_lock);
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
	if (!um_region)
		return 0;
	return um_memo_gen(
		__atomic_load_n(&um_region->gen, __ATOMIC_SEQ_CST),
		__atomic_load_n(&um_region->whole_gen, __ATOMIC_SEQ_CST));
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

	return um_region && um_region->memo[(memo >> 8) % UM_NMEMOS] == memo;
}

void um_shared_remember(const struct um_memo_of *of, const char *name, size_t n)
{
	uint64_t memo;

	if (!um_region)
		return;
	memo = memo_of(of, name, n);
	um_lock(&um_region_lock);
	if (start_ageing_locked())
		__atomic_store_n(&um_region->memo[(memo >> 8) % UM_NMEMOS],
				 memo, __ATOMIC_SEQ_CST);
	um_unlock(&um_region_lock);
}
