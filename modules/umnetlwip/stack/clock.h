/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.h - lwIP's timers, run only while something needs them */
#ifndef ST_CLOCK_H
#define ST_CLOCK_H

#include <stdint.h>

/* Run what is due, and what was left out while nothing needed it. */
void st_clock_run(void);
/* Milliseconds until the next is due; UINT32_MAX: nothing waits. */
uint32_t st_clock_sleep(void);
/* At the end of a round: deliver what was sent to ourselves. */
void st_clock_settle(void);
/* A frame came or went, or a request: neighbours are waited for, for a while. */
void st_clock_touch(void);
/* A piece of a packet came: the others are waited for. */
void st_clock_touch_pieces(void);

#endif
