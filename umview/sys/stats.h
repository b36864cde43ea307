/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - umview --stats: which road each call took
 *
 * The agent counts the calls that come to it in a page that all guests share;
 * the monitor counts those that come on to it, and those that came without the
 * agent. Calls that the filter lets pass by their number are counted nowhere.
 */
#ifndef UM_SYS_STATS_H
#define UM_SYS_STATS_H

#include <stdbool.h>
#include <stdio.h>

struct um_req;

/* Before the first guest. 0 or -errno. */
int um_stats_setup(void);
bool um_stats_on(void);
/* The shared page's file, for agents; -1: nobody counts. */
int um_stats_fd(void);
void um_stats_count(const struct um_req *r);
/* One table of the calls, one of the files whose calls were replaced. */
void um_stats_print(FILE *out);

#endif
