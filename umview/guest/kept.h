/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept.h - duplicates of guests' descriptors where pidfd_getfd is refused
 */
#ifndef UM_GUEST_KEPT_H
#define UM_GUEST_KEPT_H

#include "guest/req.h"

/* Ask once, of a child: may we? Later calls of the others depend on it. */
void um_kept_probe(pid_t child);
/* Where we may not: remember a descriptor (borrowed) that a guest is given. */
void um_kept_add(int fd);
/* The guest's open file description, as a descriptor of ours, or -errno. */
int um_kept_dup(struct um_req *r, um_gfd fd);
/* Let go of those that no guest has any more. */
void um_kept_sweep(void);
/* pidfd_getfd(2) is refused. */
bool um_kept_wanted(void);

#endif
