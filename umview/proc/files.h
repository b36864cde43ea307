/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h - files of /proc whose content the view changes */
#ifndef UM_PROC_FILES_H
#define UM_PROC_FILES_H

/* Have sys/open.c ask this layer. */
void um_proc_setup(void);

#endif
