/* SPDX-License-Identifier: GPL-2.0-or-later */
/* restore.h - a guest gets its own system call instructions back */
#ifndef UM_SYS_RESTORE_H
#define UM_SYS_RESTORE_H

struct um_req;

/*
 * In all texts of the guest, unless other threads may be running them. What
 * cannot be restored still works.
 */
void um_text_restore(struct um_req *r);

#endif
