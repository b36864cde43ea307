// SPDX-License-Identifier: GPL-2.0-or-later
/* dispatch.c - from a request's number to the function that answers */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <umview/log.h>
#include <umview/vuctl.h>

#include "guest/inject.h"
#include "sys/numbers.h"
#include "sys/stats.h"
#include "sys/sys.h"

#define NCALLS 512

typedef long (*sys_fn)(struct um_req *r);

struct call {
	sys_fn fn;
	const char *name;
};

static const struct call calls[NCALLS] = {
#define UM_NATIVE_CALL(name)
#define UM_AGENT_CALL(name)    [__NR_##name] = { NULL, #name },
#define UM_VIEW_CALL(name)     [__NR_##name] = { sys_##name, #name },
#define UM_ARG_CALL(name, how) [__NR_##name] = { sys_##name, #name },
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
};

const char *um_call_name(int nr)
{
	const char *name = nr >= 0 && nr < NCALLS ? calls[nr].name : NULL;

	return name ? name : "?";
}

static const struct call vuctl = { sys_vuctl, "vuctl" };

static const struct call *find(int nr)
{
	if (nr == UM_NR_VUCTL)
		return &vuctl;
	if (nr < 0 || nr >= NCALLS || !calls[nr].fn)
		return NULL;
	return &calls[nr];
}

/* The monitor's ids, and so the guests': they never change. */
static uid_t own_uid;
static gid_t own_gid;

void um_dispatch_setup(void)
{
	own_uid = geteuid();
	own_gid = getegid();
}

static void set_cred(struct um_req *r)
{
	const struct um_ids *ids = &r->attr->ids;

	r->cred.uid = ids->virt ? ids->fsuid : own_uid;
	r->cred.gid = ids->virt ? ids->fsgid : own_gid;
	r->cred.pid = r->tid;
	um_caller_set(&r->cred);
}

static void log_answer(const struct um_req *r, const char *name, long ret)
{
	if (ret == UM_CONTINUE)
		um_trace("%d %s continue", (int)r->tid, name);
	else if (ret == UM_ANSWERED)
		um_trace("%d %s answered", (int)r->tid, name);
	else
		um_trace("%d %s(%#lx, %#lx, %#lx) = %ld", (int)r->tid, name,
			 (unsigned long)r->arg[0], (unsigned long)r->arg[1],
			 (unsigned long)r->arg[2], ret);
}

long um_dispatch(struct um_req *r)
{
	const struct call *call = find(r->nr);
	long ret;

	if (um_inject_is_ours(r->tid))
		return UM_CONTINUE;
	if (!call)
		return -ENOSYS;
	/* a program that starts has no page yet, and all it needs waits */
	if (r->nr == UM_NR_VUCTL && r->arg[0] == UM_VU_HELLO)
		return um_exec_hello(r);
	um_stats_count(r);
	um_req_load_attr(r);
	r->list = um_view_list(r->attr->view);
	if (!r->list)
		return -EIO;
	set_cred(r);
	ret = call->fn(r);
	if (um_log_enabled(UM_LOG_TRACE))
		log_answer(r, call->name, ret);
	um_list_put(r->list);
	return ret;
}

/* A call of module code, in a thread of ours; the list is the engine's. */
long um_dispatch_self(struct um_req *r)
{
	const struct call *call = find(r->nr);

	if (!call || r->nr == UM_NR_VUCTL)
		return UM_CONTINUE;
	r->attr = um_attr_by_id(0);
	r->cred = *um_caller();
	return call->fn(r);
}

struct um_obj *um_arg_obj(struct um_req *r, int n)
{
	struct stat st;

	if (!um_obj_any() || um_gfd_stat(r, um_gfd_of(r->arg[n]), &st) < 0)
		return NULL;
	return um_obj_find(&st);
}

int um_arg_walk(struct um_req *r, int n, unsigned int flags, struct um_loc *out)
{
	return um_walk_user(r, AT_FDCWD, r->arg[n], flags, out);
}

mode_t um_apply_umask(struct um_req *r, mode_t mode)
{
	r->cred.umask = um_req_umask(r);
	um_caller_set(&r->cred);
	return mode & ~r->cred.umask;
}

int um_loc_need(const struct um_loc *loc)
{
	if (loc->obj || um_loc_is_real(loc))
		return 0;
	return loc->exists ? 0 : -ENOENT;
}
