/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.h - the engine that waits at the seccomp listener
 *
 * Workers sleep in NOTIF_RECV; each carries one request from notification to
 * answer. There is always one more worker than there are requests at work, so
 * any number of guests may block in modules at the same time.
 */
#ifndef UM_GUEST_NOTIFY_H
#define UM_GUEST_NOTIFY_H

#include "guest/req.h"

typedef long (*um_handle_fn)(struct um_req *r);

/* Serve the listener (borrowed) with handle. 0 or -errno. */
int um_notify_start(int listener, um_handle_fn handle);
/* Sleep until the last guest has gone; true. False: time-out in ms passed. */
bool um_notify_wait_end(int timeout_ms);

/* Answer a request by hand, ahead of a special answer; see inject.h. */
int um_notify_answer(struct um_req *r, long value);

extern const struct um_engine um_engine_notify;

#endif
