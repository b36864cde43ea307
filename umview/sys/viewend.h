/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * viewend.h - the end of a view whose session goes on
 *
 * A view that was split off ends with its last process: what is mounted in it
 * alone is written back and unmounted then, as umount -l does it.
 */
#ifndef UM_SYS_VIEWEND_H
#define UM_SYS_VIEWEND_H

#include "guest/req.h"

/* `pid` is a process of the view; wait for the last one's end. 0 or -errno. */
UM_MUST_CHECK int um_viewend_watch(uint32_t view, pid_t pid);
/* One process of the view is leaving it for another. */
void um_viewend_left(uint32_t view);
/* A guest of this monitor, and alive. */
bool um_is_guest(pid_t pid);
/*
 * Before the guest starts a program, or mounts: who has waited for the last
 * process of a view finds the images of that view written and free.
 */
void um_viewend_settle(struct um_req *r);
/* The session ends: what is at work is waited for, nothing else is begun. */
void um_viewend_stop(void);

#endif
