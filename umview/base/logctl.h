/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logctl.h - where messages go */
#ifndef UM_BASE_LOGCTL_H
#define UM_BASE_LOGCTL_H

#include <umview/log.h>

/* Later messages go to fd (borrowed, never closed) up to level. */
void um_log_setup(int fd, enum um_log_level level);

/* Where they go now. */
int um_log_fd(void);

#endif
