/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rw.h - what data calls know of an object's descriptor */
#ifndef UM_SYS_RW_H
#define UM_SYS_RW_H

#include "sys/sys.h"

int um_obj_flags(const struct um_obj *o, int ofd);
bool um_obj_reads(int flags);
bool um_obj_writes(int flags);

#endif
