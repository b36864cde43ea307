/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * assert.h - our own bugs end the monitor loudly, in every build
 */
#ifndef UM_BASE_ASSERT_H
#define UM_BASE_ASSERT_H

void um_assert_failed(const char *cond, const char *file, int line)
	__attribute__((noreturn));

#define UM_ASSERT(cond)                                                        \
	do {                                                                   \
		if (!(cond))                                                   \
			um_assert_failed(#cond, __FILE__, __LINE__);           \
	} while (0)

#endif
