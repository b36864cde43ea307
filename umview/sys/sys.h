/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sys.h - one function a system call, and what they share
 *
 * sys_<call>() gets a request and returns what guest/req.h says.
 */
#ifndef UM_SYS_SYS_H
#define UM_SYS_SYS_H

#include "guest/req.h"
#include "view/path.h"

#define UM_NATIVE_CALL(name)
#define UM_AGENT_CALL(name)
#define UM_VIEW_CALL(name)     long sys_##name(struct um_req *r);
#define UM_ARG_CALL(name, how) long sys_##name(struct um_req *r);
#define UM_FILTER_CALL(name, how)
#define UM_ENOSYS_CALL(name)
#define UM_EPERM_CALL(name)
#include "sys/syscalls.def"
#undef UM_NATIVE_CALL
#undef UM_AGENT_CALL
#undef UM_VIEW_CALL
#undef UM_ARG_CALL
#undef UM_FILTER_CALL
#undef UM_ENOSYS_CALL
#undef UM_EPERM_CALL

long sys_vuctl(struct um_req *r);

/* A request of any number: find who answers. The workers' entry point. */
long um_dispatch(struct um_req *r);
/* The name of a call that the monitor answers; "?". */
const char *um_call_name(int nr);
/* Before the first request. */
void um_dispatch_setup(void);
/* The same for calls of module code; um_self_setup()'s handler. */
long um_dispatch_self(struct um_req *r);

/* The seccomp filter; program is the caller's to free. Length or -errno. */
struct sock_filter;
int um_filter_build(struct sock_filter **out);
/* Whether the monitor answers the call, or may have to. */
bool um_filter_tracks(int nr);

/* dirfd of argument n, sign-extended as the kernel does. */
static inline int um_arg_fd(const struct um_req *r, int n)
{
	return (int)r->arg[n];
}

/* The object behind the guest's descriptor in argument n (ref), or NULL. */
struct um_obj *um_arg_obj(struct um_req *r, int n);

/* Path argument n, from AT_FDCWD. */
int um_arg_walk(struct um_req *r, int n, unsigned int flags,
		struct um_loc *out);
/* Ids for the module, with the guest's umask. */
mode_t um_apply_umask(struct um_req *r, mode_t mode);

/* Attributes of a descriptor (or AT_FDCWD): 0, UM_CONTINUE when real. */
long um_fd_getattr(struct um_req *r, int fd, struct stat *out);

/*
 * What was changed by way of a real descriptor is now another file than the
 * one it is of: let the guest's number stand for that.
 */
void um_fd_follow(struct um_req *r, int fd, const struct um_loc *loc);

/* Results of pathwise calls on what is not the guest's own to do. */
int um_loc_need(const struct um_loc *loc);

/* What the /proc layer knows better: an open descriptor, or -ENOENT. */
extern int (*um_proc_open_hook)(struct um_req *r, const struct um_loc *loc);

/* Have the guest change directory: fd is borrowed. */
long um_guest_fchdir(struct um_req *r, int fd);
/* A directory (attributes: st) was opened; `object` is of what stands for it. */
void um_dir_opened(struct um_req *r, const struct stat *st,
		   const struct stat *object);

/* exec.c: the agent's executable; set once, or not at all: --no-agent. */
void um_exec_setup(int fd);
long um_exec_hello(struct um_req *r);
long um_exec_prepare(struct um_req *r);
long um_exec_prepare_at(struct um_req *r);
long um_exec_give(struct um_req *r);
/* rw.c: UM_VU_CLOSE */
long um_close_begin(struct um_req *r);
/* PR_SET_KEEPCAPS of a guest whose ids are virtual. */
long um_ident_keep_caps(struct um_req *r);
/* Let go what waits for processes that were killed before they could ask. */
void um_exec_sweep(void);
/* The guest runs the agent, or is about to; so without a page it starts. */
bool um_exec_is_agent(pid_t pid);

/* dir.c: chdir and fchdir that the agent makes itself: see vuctl.h */
long um_chdir_prepare(struct um_req *r);
long um_fchdir_prepare(struct um_req *r);

/* umount.c: unmount everything of a view that is going; see main/session.c */
int um_do_umount(struct um_req *r, struct um_mount *m, int flags);
/* Nobody uses it: it may end. */
bool um_mount_is_idle(struct um_mount *m);

#endif
