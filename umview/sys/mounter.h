/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounter.h - types of file systems that programs of the view serve */
#ifndef UM_SYS_MOUNTER_H
#define UM_SYS_MOUNTER_H

#include "sys/sys.h"

/*
 * `program` is umview-mounter; borrowed. Before the first guest; 0, -errno.
 */
int um_mounter_setup(const char *program);
/* After aliases: a program serves this type, and mount(8) starts it. */
bool um_mounter_serves(const char *type);
/* The type for which this program is started, or NULL. */
const char *um_mounter_of(const char *program);
/* UM_VU_MOUNTER, see <umview/vuctl.h> */
long um_mounter_begin(struct um_req *r);

#endif
