/* SPDX-License-Identifier: GPL-2.0-or-later */
/* region.h - the region file, for the files that write it: shared.c, tell.c */
#ifndef UM_GUEST_REGION_H
#define UM_GUEST_REGION_H

#include "base/lock.h"
#include "guest/shared.h"

/* NULL before um_shared_setup(). Nobody may read it: see um_region_stands(). */
extern struct um_shared *um_region;
/* For what is not written by one atomic operation. */
extern struct um_mutex um_region_lock;
/* Is it one that guests map? */
bool um_region_stands(void);

#endif
