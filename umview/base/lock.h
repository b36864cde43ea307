/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock.h - mutexes with a rank: taking a lower or equal rank aborts
 *
 * Ranks are taken in ascending order. No core lock is held while a module
 * runs, with one exception that is not a core lock in that sense: UM_RANK_IO,
 * the order of changes to one file (the kernel's inode lock). Nested images
 * nest their files' I/O locks, each in the view beneath the other, so this
 * rank may repeat.
 */
#ifndef UM_BASE_LOCK_H
#define UM_BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>

enum um_rank {
	UM_RANK_IO = 1,
	UM_RANK_MODULE,
	UM_RANK_VIEW,
	UM_RANK_GUEST,
	UM_RANK_VNODE,
	UM_RANK_CACHE,
	UM_RANK_LEAF,
	UM_RANK_LOG,
};

#if defined(__clang__)
#define UM_CAPABILITY(x) __attribute__((capability(x)))
#define UM_ACQUIRE(...)	 __attribute__((acquire_capability(__VA_ARGS__)))
#define UM_RELEASE(...)	 __attribute__((release_capability(__VA_ARGS__)))
#define UM_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define UM_NO_TSA	 __attribute__((no_thread_safety_analysis))
#else
#define UM_CAPABILITY(x)
#define UM_ACQUIRE(...)
#define UM_RELEASE(...)
#define UM_REQUIRES(...)
#define UM_NO_TSA
#endif

struct UM_CAPABILITY("mutex") um_mutex {
	pthread_mutex_t m;
	enum um_rank rank;
};

#define UM_MUTEX_INIT(r)                                                       \
	{                                                                      \
		.m = PTHREAD_MUTEX_INITIALIZER, .rank = (r)                    \
	}

void um_mutex_init(struct um_mutex *mutex, enum um_rank rank);
void um_mutex_fini(struct um_mutex *mutex);
void um_lock(struct um_mutex *mutex) UM_ACQUIRE(mutex);
void um_unlock(struct um_mutex *mutex) UM_RELEASE(mutex);
/* False: another has it. */
bool um_trylock(struct um_mutex *mutex);

#endif
