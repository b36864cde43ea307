/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wait.h - a worker that sleeps in the kernel for its guest, interruptibly
 *
 *	do {
 *		um_wait_begin(r);
 *		ret = UM_SYS(open(fifo, ...));
 *		um_wait_end();
 *	} while (ret == -EINTR && um_wait_again(r, &ret));
 *
 * Between begin and end the worker gets EINTR when the guest is gone or has a
 * signal to take.
 */
#ifndef UM_GUEST_WAIT_H
#define UM_GUEST_WAIT_H

#include <semaphore.h>

#include "guest/req.h"

int um_wait_setup(void);
/*
 * Until no worker sleeps any more for a guest that is gone: before a call that
 * such a worker could be taken for the other side of (opening a FIFO).
 */
void um_wait_settle(void);
void um_wait_begin(struct um_req *r);
void um_wait_end(void);
/* After EINTR: true: nothing to do with the guest. False: *ret is the answer. */
bool um_wait_again(struct um_req *r, long *ret);
/*
 * Before one asks again for what nobody tells of: sleep for so long. False: *ret is
 * the answer, as above.
 */
bool um_wait_nap(struct um_req *r, int ms, long *ret);
/*
 * For a semaphore that another thread posts. 0, or -EINTR: the guest whose
 * request this thread serves is gone or has a signal to take.
 */
UM_MUST_CHECK int um_wait_sem(sem_t *sem);
/* The same for a descriptor's events, as poll(2) names them. */
UM_MUST_CHECK int um_wait_fd(int fd, short events);

#endif
