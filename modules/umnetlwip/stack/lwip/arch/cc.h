/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cc.h - what lwIP asks of its platform: glibc on x86_64, one thread */
#ifndef ST_ARCH_CC_H
#define ST_ARCH_CC_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define LWIP_NO_INTTYPES_H    0
#define LWIP_TIMEVAL_PRIVATE  0
#define LWIP_ERRNO_STDINCLUDE 1

/* A packet of a peer must never end the process: log and go on. */
void st_lwip_assert(const char *what, const char *file, int line);
#define LWIP_PLATFORM_DIAG(x)                                                  \
	do {                                                                   \
	} while (0)
#define LWIP_PLATFORM_ASSERT(x) st_lwip_assert(x, __FILE__, __LINE__)

uint32_t st_random(void);
#define LWIP_RAND() st_random()

#endif
