// SPDX-License-Identifier: GPL-2.0-or-later
/* lock.c - mutexes with a rank */
#include "base/lock.h"

#include "base/assert.h"

/* Ranks held by this thread, one bit each; UM_RANK_IO counts apart. */
static _Thread_local unsigned int held;
static _Thread_local unsigned int io_depth;

void um_mutex_init(struct um_mutex *mutex, enum um_rank rank)
{
	pthread_mutex_init(&mutex->m, NULL);
	mutex->rank = rank;
}

void um_mutex_fini(struct um_mutex *mutex)
{
	pthread_mutex_destroy(&mutex->m);
}

void um_lock(struct um_mutex *mutex) UM_NO_TSA
{
	unsigned int bit = 1u << mutex->rank;

	if (mutex->rank == UM_RANK_IO) {
		UM_ASSERT(held == 0);
		io_depth++;
	} else {
		UM_ASSERT(held < bit);
		held |= bit;
	}
	pthread_mutex_lock(&mutex->m);
}

bool um_trylock(struct um_mutex *mutex) UM_NO_TSA
{
	if (pthread_mutex_trylock(&mutex->m) != 0)
		return false;
	if (mutex->rank == UM_RANK_IO) {
		UM_ASSERT(held == 0);
		io_depth++;
	} else {
		UM_ASSERT(held < (1u << mutex->rank));
		held |= 1u << mutex->rank;
	}
	return true;
}

void um_unlock(struct um_mutex *mutex) UM_NO_TSA
{
	pthread_mutex_unlock(&mutex->m);
	if (mutex->rank == UM_RANK_IO)
		io_depth--;
	else
		held &= ~(1u << mutex->rank);
}
