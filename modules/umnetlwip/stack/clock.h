/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.h - lwIP's timers, run only while something needs them */
#ifndef ST_CLOCK_H
#define ST_CLOCK_H

#include <stdint.h>

/* Run what is due. */
void st_clock_run(void);
/* Milliseconds until the next is due; UINT32_MAX: nothing waits. */
uint32_t st_clock_sleep(void);
/* At the end of a round: deliver what was sent to ourselves. */
void st_clock_settle(void);
/* Group membership changed, or a packet came: its timers run for a while. */
void st_clock_touch(void);

#endif
