/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc.h - what the files of netproc share: a process and its requests */
#ifndef UM_NETPROC_PROC_H
#define UM_NETPROC_PROC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/uio.h>

#include <umview/net.h>

#include "proto.h"

struct call;

/* @calls, @last_tag, @gone: under @lock. */
struct proc {
	struct um_net net;
	pid_t pid;
	int fd;
	pthread_t reader;
	pthread_mutex_t lock;
	struct call *calls;
	uint32_t last_tag;
	bool gone;
	atomic_bool ending; /* by umount */
	bool (*family)(int domain);
};

/* What goes with a request, and where its answer goes. */
struct ask {
	uint64_t id;
	int a, b, c;
	const struct iovec *iov; /* data */
	size_t niov;
	struct iovec one; /* what iov is where the data is in one piece */
	int fd;		  /* borrowed; -1: none */
	void *out;
	size_t room;
	/* the answer */
	uint64_t got_id;
	size_t got;
	int got_fd;
};

/* Return: the answer's ret. A signal for the guest cancels it. */
int proc_request(struct proc *l, enum st_op op, struct ask *ask);
/* Takes answers to who waits for them, until the process is gone. */
void proc_answers(struct proc *l);

extern const struct um_net_ops proc_ops;
void proc_umount(struct um_net *net);

#endif
