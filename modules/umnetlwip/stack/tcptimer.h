/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcptimer.h - the time of TCP: its ticks, and patience */
#ifndef ST_TCPTIMER_H
#define ST_TCPTIMER_H

#include <stdint.h>

/* Milliseconds from one st_tcp_timer() to the next; 0: nothing needs it. */
uint32_t st_tcp_timer_period(uint32_t every);
void st_tcp_timer(void);
/* The process woke up: TCP's clock goes on from now. */
void st_tcp_timer_wake(void);

#endif
