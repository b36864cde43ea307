// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec.c - execve, execveat: every program is loaded by the agent
 *
 * The monitor does what the kernel does before the point of no return: finds
 * the file and checks it (execfile.c). What it found waits under the process's id
 * (pending.c). Then the guest execs the agent, by an injected descriptor; the
 * agent's first call (HELLO, hello.c) fetches it.
 *
 * A process that is being traced execs natively, so that its debugger sees
 * what it expects (traced.c); so does what cannot be read, if it is real. Those
 * run without an agent, on the slow road.
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <umview/vuctl.h>

#include "agent/proto.h"
#include "guest/inject.h"
#include "sys/execfile.h"
#include "sys/restore.h"
#include "sys/sys.h"
#include "sys/text.h"
#include "sys/traced.h"
#include "sys/viewend.h"
#include "view/perm.h"

static int agent_fd = -1;

/* Somebody may trace guests: a look at each is needed. */
static atomic_bool tracers;
/* The monitor's, and so the guests'. */
static uid_t own_uid;
static gid_t own_gid;

void um_exec_setup(int fd)
{
	char text[32];

	agent_fd = fd;
	own_uid = getuid();
	own_gid = getgid();
	if (um_proc_status(getpid(), "TracerPid", text, sizeof(text)) < 0 ||
	    strcmp(text, "0") != 0)
		atomic_store(&tracers, true);
}

bool um_exec_is_agent(pid_t pid)
{
	struct stat agent;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return stat(path, &st) < 0 ||
	       (fstat(agent_fd, &agent) == 0 && agent.st_dev == st.st_dev &&
		agent.st_ino == st.st_ino);
}

static long become(struct um_req *r, const struct um_attr *want)
{
	const struct um_attr *attr = um_attr_intern(want);

	if (!attr || um_req_set_attr(r, attr) < 0)
		return -ENOMEM;
	return UM_CONTINUE;
}

static long filtered(struct um_req *r)
{
	struct um_attr want = *r->attr;

	want.filtered = true;
	return become(r, &want);
}

/*
 * A filter of the guest's own, which knows nothing of an agent's calls: from
 * now on it makes none, and its programs run without one.
 */
long sys_seccomp(struct um_req *r)
{
	bool makes = r->arg[0] == SECCOMP_SET_MODE_FILTER ||
		     r->arg[0] == SECCOMP_SET_MODE_STRICT;

	return makes ? filtered(r) : UM_CONTINUE;
}

/*
 * Only PR_SET_SECCOMP, PR_SET_KEEPCAPS and PR_SET_SYSCALL_USER_DISPATCH come
 * here; see filter.c. Who catches its own calls, or is about to, is to see no agent's either. Other
 * threads may go on when one has ended it.
 */
long sys_prctl(struct um_req *r)
{
	struct um_attr want = *r->attr;

	if ((int)r->arg[0] == PR_SET_SECCOMP)
		return filtered(r);
	if ((int)r->arg[0] == PR_SET_KEEPCAPS)
		return um_ident_keep_caps(r);
	um_text_restore(r);
	want.dispatched = true;
	return become(r, &want);
}

/* Only what makes a tracer comes here; see filter.c. */
long sys_ptrace(struct um_req *r)
{
	(void)r;
	atomic_store(&tracers, true);
	return UM_CONTINUE;
}

/*
 * Set-uid-root programs look like root to themselves, which mount(8) and its
 * kin want to see; no privilege comes with it.
 */
static struct um_ids new_ids(const struct um_exec *x)
{
	struct um_ids ids = x->r->attr->ids;
	const struct stat *st = x->has_creds ? &x->creds_st : &x->st;
	const struct um_mount *m = x->has_creds		     ? x->creds_mount
				   : um_loc_is_real(&x->loc) ? NULL
							     : x->loc.mount;

	if (x->scripts && !x->has_creds)
		return ids;
	if (um_perm_is_secure())
		return um_perm_exec_ids(&ids, m ? m : um_mount_real(), st);
	if (!(st->st_mode & S_ISUID) || st->st_uid != 0 ||
	    (m && (m->flags & MS_NOSUID)))
		return ids;
	if (m && !ids.virt)
		return ids;
	memset(&ids, 0, sizeof(ids));
	ids.virt = true;
	return ids;
}

static int set_attr(struct um_exec *x)
{
	struct um_attr want = *x->r->attr;
	UM_FREE char *name = um_execfile_name(x);

	want.ids = new_ids(x);
	want.ids.keeps = want.ids.caps = false;
	want.dispatched = false;
	want.exe = name;
	if (!want.exe && x->loc.obj)
		want.exe = um_obj_label(x->r, x->loc.obj);
	if (!want.exe)
		return -ENOMEM;
	x->p->attr = um_attr_intern(&want);
	return x->p->attr ? 0 : -ENOMEM;
}

static int fill_info(struct um_exec *x)
{
	struct um_exec_info *info = &x->p->info;
	const char *base = strrchr(x->name, '/');
	const struct um_ids *ids;
	int ret = set_attr(x);

	if (ret < 0)
		return ret;
	ids = &x->p->attr->ids;
	if (strlen(x->name) >= UM_EXEC_PATH_MAX)
		return -ENAMETOOLONG;
	info->args = (uint32_t)strlen(x->name) + 1;
	memcpy(info->strings, x->name, info->args);
	memcpy(info->strings + info->args, x->p->args, x->p->nargs);
	snprintf(info->comm, sizeof(info->comm), "%s",
		 base ? base + 1 : x->name);
	info->uid = ids->virt ? ids->ruid : own_uid;
	info->euid = ids->virt ? ids->euid : own_uid;
	info->gid = ids->virt ? ids->rgid : own_gid;
	info->egid = ids->virt ? ids->egid : own_gid;
	x->p->is_real = !x->loc.obj && um_loc_is_real(&x->loc);
	x->p->fd = um_steal_fd(&x->fd);
	return 0;
}

static bool is_traced(struct um_req *r)
{
	return atomic_load(&tracers) && um_req_is_traced(r);
}

/*
 * Resolve and leave the result for the agent; of a traced process the kernel
 * is to exec *traced, a descriptor, if that is not -1. 0, UM_CONTINUE, -errno.
 */
static long prepare(struct um_exec *x, int *traced)
{
	const bool is_watched = is_traced(x->r);
	int ret;

	*traced = -1;
	um_viewend_settle(x->r);
	if (is_watched && um_loc_is_native(&x->loc))
		return UM_CONTINUE;
	x->p = calloc(1, sizeof(*x->p));
	if (!x->p)
		return -ENOMEM;
	x->p->fd = -1;
	x->p->interp_fd = -1;
	x->p->exec_fd = -1;
	ret = um_execfile_resolve(x);
	if (ret == -EACCES && um_loc_is_native(&x->loc) && !x->scripts &&
	    x->fd < 0 && access(x->loc.rel, X_OK) == 0 &&
	    S_ISREG(x->st.st_mode))
		return UM_CONTINUE;
	if (ret == 0)
		ret = fill_info(x);
	if (ret < 0)
		return ret;
	if (is_watched)
		*traced = um_traced_program(x);
	if (*traced >= 0)
		return 0;
	/* what execs the agent by itself can do so under a tracer, too */
	if (is_watched && (!x->by_agent || *traced != -EACCES))
		return *traced;
	return um_pending_put(um_req_tgid(x->r), um_steal(x->p));
}

static void exec_fini(struct um_exec *x)
{
	um_execfile_fini(x);
	um_pending_free(x->p);
}

/* Natively: the process has no agent from then on. */
static long exec_native(struct um_req *r)
{
	um_attr_table_set(um_req_tgid(r), r->attr);
	return UM_CONTINUE;
}

static long no_ptrace(long err)
{
	static atomic_bool told;

	if (!atomic_exchange(&told, true))
		um_err("this host refuses ptrace (%s): programs on mounted "
		       "file systems cannot be run",
		       strerror((int)-err));
	return -EACCES;
}

/*
 * Make the guest exec the agent with its own arguments; where that cannot be,
 * a `native` program goes without.
 */
static long exec_agent(struct um_req *r, uint64_t argv, uint64_t envp,
		       uint64_t empty, bool native)
{
	uint64_t args[6] = { 0, empty, argv, envp, AT_EMPTY_PATH, 0 };
	int n = r->engine->inject(r, agent_fd, true, false);
	bool done = false;
	long ret;

	if (n < 0) {
		um_pending_free(um_pending_take(um_req_tgid(r)));
		return n;
	}
	args[0] = (uint64_t)n;
	um_req_tgid(r);
	ret = um_inject_exec(r, args, n, &done);
	if (!done)
		um_pending_free(um_pending_take(um_req_tgid(r)));
	if (ret != UM_ANSWERED && native)
		return exec_native(r);
	return ret == UM_ANSWERED ? ret : no_ptrace(ret);
}

/* umview --no-agent: the kernel execs what is the host's own. */
static long go_without(struct um_exec *x, bool native)
{
	static atomic_bool told;
	struct um_exec_pending *p = um_pending_take(um_req_tgid(x->r));

	if (native && um_loc_is_native(&x->loc)) {
		x->r->attr = p->attr;
		um_pending_free(p);
		return UM_CONTINUE;
	}
	um_pending_free(p);
	if (!atomic_exchange(&told, true))
		um_err("programs on mounted file systems, and those that the "
		       "view has an interpreter for, cannot be run %s",
		       agent_fd < 0 ? "with --no-agent"
				    : "under a seccomp filter of their own");
	return -EACCES;
}

/* The kernel execs the descriptor; the process will have no agent. */
static long exec_traced(struct um_exec *x, int fd, uint64_t empty)
{
	struct um_req *r = x->r;
	long ret = um_traced_redirect(r, empty - strlen(x->name), fd);

	if (ret == UM_CONTINUE)
		um_attr_table_set(um_req_tgid(r), x->p->attr);
	return ret;
}

static long finish(struct um_exec *x, uint64_t argv, uint64_t envp,
		   uint64_t empty)
{
	bool native = um_loc_is_native(&x->loc);
	UM_CLOSE int traced = -1;
	long ret = prepare(x, &traced);

	if (traced >= 0) {
		ret = exec_traced(x, traced, empty);
		exec_fini(x);
		return ret;
	}

	native = native && !x->by_view;
	if (ret == 0 && (agent_fd < 0 || x->r->attr->filtered))
		ret = go_without(x, native);
	exec_fini(x);
	if (ret == UM_CONTINUE)
		return exec_native(x->r);
	return ret < 0 ? ret : exec_agent(x->r, argv, envp, empty, native);
}

long sys_execve(struct um_req *r)
{
	struct um_exec x = { .r = r, .fd = -1 };
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(r->arg[0]), &path);

	if (ret < 0)
		return ret;
	x.name = path;
	ret = um_execfile_walk(&x, path);
	if (ret < 0) {
		exec_fini(&x);
		return ret;
	}
	return finish(&x, r->arg[1], r->arg[2], r->arg[0] + strlen(path));
}

long sys_execveat(struct um_req *r)
{
	struct um_exec x = { .r = r, .fd = -1 };
	int ret = um_execfile_walk_at(&x);

	if (ret != 0) {
		exec_fini(&x);
		return ret < 0 ? ret : 0;
	}
	return finish(&x, r->arg[2], r->arg[3], r->arg[1] + strlen(x.path));
}

/*
 * Resolved: the caller will exec the agent, by the descriptor that is the
 * answer, or as it can do by itself.
 */
static long finish_by_agent(struct um_exec *x, uint64_t how)
{
	struct um_req *r = x->r;
	UM_CLOSE int traced = -1;
	long ret = prepare(x, &traced);

	if (traced >= 0)
		um_attr_table_set(um_req_tgid(r), x->p->attr);
	exec_fini(x);
	if (traced >= 0)
		return r->engine->inject(r, traced, true, false);
	if (ret == UM_CONTINUE) {
		um_attr_table_set(um_req_tgid(r), r->attr);
		return UM_VUCTL_NATIVE;
	}
	if (ret < 0 || how == UM_VUCTL_BY_SELF)
		return ret;
	return r->engine->inject(r, agent_fd, true, false);
}

/* For code that can exec the agent itself: the launcher, and the agent. */
long um_exec_prepare(struct um_req *r)
{
	struct um_exec x = { .r = r, .fd = -1, .by_agent = true };
	char *path;
	long ret;

	if (!r->arg[1]) {
		um_pending_free(um_pending_take(um_req_tgid(r)));
		return -EFAULT;
	}
	ret = um_copy_in_path(r, um_uptr_of(r->arg[1]), &path);
	if (ret < 0)
		return ret;
	x.name = path;
	ret = um_execfile_walk(&x, path);
	if (ret == 0)
		return finish_by_agent(&x, r->arg[2]);
	exec_fini(&x);
	return ret;
}

long um_exec_prepare_at(struct um_req *r)
{
	struct um_exec x = { .r = r, .fd = -1, .by_agent = true };
	const uint64_t dirfd = r->arg[1];
	const uint64_t path = r->arg[2];
	const uint64_t flags = r->arg[3];
	const uint64_t how = r->arg[4];
	long ret;

	/* as execveat(2) has them */
	r->arg[0] = dirfd;
	r->arg[1] = path;
	r->arg[4] = flags;
	ret = um_execfile_walk_at(&x);
	if (ret == 0)
		return finish_by_agent(&x, how);
	exec_fini(&x);
	return ret < 0 ? ret : 0;
}
