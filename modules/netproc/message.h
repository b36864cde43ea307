/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - the messages of proto.h, for both ends of the pair
 *
 * A message is one packet of an AF_UNIX SOCK_SEQPACKET pair, and may carry a
 * descriptor. What a signal interrupts is done again.
 */
#ifndef UM_NETPROC_MESSAGE_H
#define UM_NETPROC_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

#include "proto.h"

struct iovec;

/**
 * message_send() - send one message
 * @sock: an end of a pair
 * @iov: its parts, @n of them
 * @fd: goes with it; borrowed; -1: none
 * @flags: as of sendmsg(2)
 *
 * Return: 0, or -errno: -EAGAIN where it would have to wait and shall not.
 */
int message_send(int sock, const struct iovec *iov, size_t n, int fd,
		 int flags);

/**
 * message_receive() - take one message
 * @sock: an end of a pair
 * @iov: where its parts go, @n of them; what does not fit is cut off
 * @flags: as of recvmsg(2)
 * @fd: what came with it, or -1; the caller's; NULL: none is taken
 *
 * Return: its bytes; 0: the other end is gone; -errno.
 */
ssize_t message_receive(int sock, const struct iovec *iov, size_t n, int flags,
			int *fd);

/**
 * message_answer() - send an answer
 * @sock: the end of the process
 * @rep: its head
 * @data: rep->len bytes that follow
 * @fd: goes with it; borrowed; -1: none
 *
 * If the module is gone nobody misses it.
 */
void message_answer(int sock, const struct st_rep *rep, const void *data,
		    int fd);

/**
 * message_request() - take a request
 * @sock: the end of the process
 * @flags: as of recvmsg(2)
 * @q: its head
 * @data: where what follows goes; ST_DATA_MAX bytes
 * @fd: what came with it, or -1; the caller's; NULL: none is taken
 *
 * Return: 0; -EPROTO: q->len is not what came; -EPIPE: the module is gone, or
 * talks of something else; -errno: -EAGAIN where it would have to wait and shall
 * not.
 */
int message_request(int sock, int flags, struct st_req *q, void *data, int *fd);

#endif
