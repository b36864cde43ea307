/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * req.h - one system call of one guest thread, from notification to answer
 *
 * A sys_<call>() gets the request and returns the call's result: a value or
 * -errno for the guest's register, or one of
 *
 *   UM_CONTINUE	the kernel carries the call out as the guest made it
 *   UM_ANSWERED	the answer went out already (a descriptor was injected)
 *
 * How memory is read and answers are given is the engine's business:
 *   notify.c	a guest thread stopped by the seccomp listener
 *   self.c	a thread of the monitor itself, inside module code
 */
#ifndef UM_GUEST_REQ_H
#define UM_GUEST_REQ_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <umview/fs.h>

#include "agent/proto.h"
#include "base/cleanup.h"
#include "base/types.h"
#include "guest/attr.h"

#define UM_CONTINUE LONG_MIN
#define UM_ANSWERED (LONG_MIN + 1)

/* Never reaches a guest that has no signal pending; see signal(7), restart. */
#define UM_ERESTARTSYS	  512
#define UM_ERESTARTNOHAND 514

struct um_req;
struct um_list;

/**
 * struct um_engine - how a request's guest is reached
 * @inject: put a copy of fd (borrowed) into the guest at its lowest free
 *	number. With `answer` the number is also the call's answer.
 *	Return: number or -errno
 * @replace: put a copy of fd at the guest's own number `at`
 * @alive: 0, or -ENOENT when the guest or the call is gone
 */
struct um_engine {
	const char *name;
	int (*inject)(struct um_req *r, int fd, bool cloexec, bool answer);
	int (*replace)(struct um_req *r, int fd, um_gfd at, bool cloexec);
	int (*alive)(struct um_req *r);
};

/**
 * struct um_req - one request
 * @id: the engine's name for it
 * @tid: calling thread, in the monitor's pid namespace
 * @tgid: its process; 0 until um_req_tgid() was asked
 * @attr: attribute set of the guest
 * @has_page: the guest carries an agent page
 * @page: that page, as it was when the call came
 * @list: layers of the guest's view when the call came (ref)
 * @cred: ids for modules; umask is read only where needed
 * @holds: what is let go of with the request
 * @arena: memory that lives as long as the request
 */
struct um_req {
	const struct um_engine *engine;
	uint64_t id;
	pid_t tid;
	pid_t tgid;
	int nr;
	uint64_t arg[6];
	uint64_t ip;
	const struct um_attr *attr;
	bool has_page;
	struct um_page page;
	struct um_list *list;
	struct um_cred cred;
	struct um_chunk *arena;
	struct um_hold *holds;
};

/* Memory freed with the request; NULL when there is none. */
void *um_req_alloc(struct um_req *r, size_t n);
char *um_req_strdup(struct um_req *r, const char *s);
char *um_req_printf(struct um_req *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void um_req_fini(struct um_req *r);
/* Call release(what) when the request ends; -ENOMEM: it was called at once. */
UM_MUST_CHECK int um_req_hold(struct um_req *r, void *what,
			      void (*release)(void *what));

/* Guest memory. 0, or -EFAULT when any byte could not be copied. */
UM_MUST_CHECK int um_copy_in(struct um_req *r, um_uptr from, void *to,
			     size_t n);
UM_MUST_CHECK int um_copy_out(struct um_req *r, um_uptr to, const void *from,
			      size_t n);
/* As much as can be copied: count, or -EFAULT when that is nothing. */
ssize_t um_copy_in_some(struct um_req *r, um_uptr from, void *to, size_t n);
ssize_t um_copy_out_some(struct um_req *r, um_uptr to, const void *from,
			 size_t n);
/*
 * A vector of the guest's, to or from one buffer; only the array itself was
 * copied in. In: -EMSGSIZE if there is more than `room`. Out: until `len` bytes
 * or the vector are used up. Return: 0, -EFAULT.
 */
UM_MUST_CHECK int um_copy_in_vec(struct um_req *r, const struct iovec *iov,
				 size_t n, void *to, size_t room);
UM_MUST_CHECK int um_copy_out_vec(struct um_req *r, const struct iovec *iov,
				  size_t n, const void *from, size_t len);
/*
 * A string of at most max bytes with its NUL, into the arena.
 * Return: 0, -EFAULT, -ENAMETOOLONG, -ENOMEM.
 */
UM_MUST_CHECK int um_copy_in_str(struct um_req *r, um_uptr from, size_t max,
				 char **out);
/* A path: PATH_MAX; "" is allowed here. */
UM_MUST_CHECK int um_copy_in_path(struct um_req *r, um_uptr from, char **out);

/* What /proc tells about the calling thread. */
pid_t um_req_tgid(struct um_req *r);
mode_t um_req_umask(struct um_req *r);
bool um_req_is_traced(struct um_req *r);
/* A signal that would interrupt a sleeping call is pending. */
bool um_req_has_signal(struct um_req *r);
/* With these signals blocked and no others. */
bool um_req_has_signal_under(struct um_req *r, uint64_t mask);
/* Text after "key:" in /proc/<tid>/status; -ENOENT. */
int um_proc_status(pid_t tid, const char *key, char *buf, size_t size);

/* A descriptor of the guest. */
int um_gfd_stat(struct um_req *r, um_gfd fd, struct stat *out);
/* Its open file description as a descriptor of ours. -errno; caller closes. */
int um_gfd_dup(struct um_req *r, um_gfd fd);
int um_gfd_link(struct um_req *r, um_gfd fd, char *buf, size_t size);
bool um_gfd_cloexec(struct um_req *r, um_gfd fd);

/* Give fd (taken: closed here) to the guest as the answer. */
long um_give_fd(struct um_req *r, int fd, bool cloexec);

/* Attributes of the process that thread `tid` belongs to; set 0 when unknown. */
const struct um_attr *um_attr_of(pid_t tid, bool *has_page);
/* What its page says; NULL: it carries none. */
const struct um_attr *um_attr_of_page(pid_t tid);
/* Those of the request's guest, into it. */
void um_req_load_attr(struct um_req *r);
/* From now on the request's process has these attributes. */
int um_req_set_attr(struct um_req *r, const struct um_attr *attr);
/* um_page.version of this monitor's guests. */
uint32_t um_page_version(void);
/* What the agent is to know by the attribute set, of UM_PAGE_*. */
uint32_t um_attr_page_flags(const struct um_attr *attr);
/* One more of UM_PAGE_*, that no attribute set stands for; until its exec. */
void um_req_add_flag(struct um_req *r, uint32_t flag);
/*
 * The guest's working directory is virtual, or not; `key` is what memos call it
 * (um_memo()), 0 when that is not known.
 */
void um_req_set_cwd(struct um_req *r, bool is_virtual, uint64_t key);

/* The request that this thread works on, or NULL. */
struct um_req *um_req_current(void);
void um_req_set_current(struct um_req *r);

#endif
