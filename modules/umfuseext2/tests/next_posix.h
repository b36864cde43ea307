/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * next_posix.h - how a test looks into, and breaks, the view beneath
 */
#ifndef NEXT_POSIX_H
#define NEXT_POSIX_H

/* Writes and syncs that still succeed; -1: all. */
extern long next_fail_after;
extern int next_fail_with;
extern unsigned long next_failures;

#endif
