/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logctl.h - where messages go */
#ifndef UM_BASE_LOGCTL_H
#define UM_BASE_LOGCTL_H

#include <umview/log.h>

/* Later messages go to fd (borrowed, never closed) up to level. */
void um_log_setup(int fd, enum um_log_level level);

/* Where they go now. */
int um_log_fd(void);

/*
 * What this thread says of errors and warnings is told to `line` as well, without
 * a newline, until it is called with NULL.
 */
typedef void (*um_log_line_fn)(void *arg, enum um_log_level level,
			       const char *line);
void um_log_listen(um_log_line_fn line, void *arg);

#endif
