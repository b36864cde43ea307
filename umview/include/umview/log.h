/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h - messages of the monitor and its modules
 *
 * One line each, on umview's standard error or in the file given with
 * --log. Not to be called in a signal handler.
 */
#ifndef UMVIEW_LOG_H
#define UMVIEW_LOG_H

enum um_log_level {
	UM_LOG_ERR,
	UM_LOG_WARN,
	UM_LOG_INFO,
	UM_LOG_DEBUG,
	UM_LOG_TRACE,
};

void um_log(enum um_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int um_log_enabled(enum um_log_level level);

#define um_err(...)  um_log(UM_LOG_ERR, __VA_ARGS__)
#define um_warn(...) um_log(UM_LOG_WARN, __VA_ARGS__)
#define um_info(...) um_log(UM_LOG_INFO, __VA_ARGS__)
#define um_debug(...)                                                          \
	do {                                                                   \
		if (um_log_enabled(UM_LOG_DEBUG))                              \
			um_log(UM_LOG_DEBUG, __VA_ARGS__);                     \
	} while (0)
#define um_trace(...)                                                          \
	do {                                                                   \
		if (um_log_enabled(UM_LOG_TRACE))                              \
			um_log(UM_LOG_TRACE, __VA_ARGS__);                     \
	} while (0)

#endif
