// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec.c - execve, execveat: every program is loaded by the agent
 *
 * The monitor does what the kernel does before the point of no return: finds
 * the file and checks it (execfile.c). What it found waits in `pendings` under
 * the process's id. Then the guest execs the agent, by an injected descriptor;
 * the agent's first call (HELLO) fetches it.
 *
 * A process that is being traced execs natively, so that its debugger sees
 * what it expects (traced.c); so does what cannot be read, if it is real. Those
 * run without an agent, on the slow road.
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <umview/vuctl.h>

#include "agent/proto.h"
#include "base/hash.h"
#include "base/lock.h"
#include "dev/stream.h"
#include "guest/inject.h"
#include "guest/shared.h"
#include "net/standin.h"
#include "sys/execfile.h"
#include "sys/interp.h"
#include "sys/restore.h"
#include "sys/stats.h"
#include "sys/sys.h"
#include "sys/text.h"
#include "sys/traced.h"
#include "sys/viewend.h"
#include "view/cwd.h"
#include "view/perm.h"

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_hash pendings;
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

static void pending_free(struct um_exec_pending *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	um_execfile_drop_interp(p);
	if (p->exec_fd >= 0)
		close(p->exec_fd);
	free(p);
}

static struct um_exec_pending *take_pending(pid_t tgid)
{
	struct um_exec_pending *p = NULL;
	struct um_hnode *n;

	um_lock(&lock);
	n = um_hash_get(&pendings, (uint64_t)tgid);
	if (n) {
		um_hash_del(&pendings, n);
		p = um_container(n, struct um_exec_pending, node);
	}
	um_unlock(&lock);
	return p;
}

/* Takes p. */
static int put_pending(pid_t tgid, struct um_exec_pending *p)
{
	int ret;

	pending_free(take_pending(tgid));
	um_lock(&lock);
	ret = um_hash_add(&pendings, &p->node, (uint64_t)tgid);
	um_unlock(&lock);
	if (ret < 0)
		pending_free(p);
	return ret;
}

static struct um_exec_pending *take_orphan(void)
{
	struct um_exec_pending *p = NULL;

	um_lock(&lock);
	for (size_t i = 0; i < pendings.nslots && !p; i++) {
		struct um_hnode *n = pendings.slot[i];

		while (n && kill((pid_t)n->key, 0) == 0)
			n = n->next;
		if (n) {
			um_hash_del(&pendings, n);
			p = um_container(n, struct um_exec_pending, node);
		}
	}
	um_unlock(&lock);
	return p;
}

void um_exec_sweep(void)
{
	struct um_exec_pending *p;

	while ((p = take_orphan()))
		pending_free(p);
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
	return put_pending(um_req_tgid(x->r), um_steal(x->p));
}

static void exec_fini(struct um_exec *x)
{
	um_execfile_fini(x);
	pending_free(x->p);
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
		pending_free(take_pending(um_req_tgid(r)));
		return n;
	}
	args[0] = (uint64_t)n;
	um_req_tgid(r);
	ret = um_inject_exec(r, args, n, &done);
	if (!done)
		pending_free(take_pending(um_req_tgid(r)));
	if (ret != UM_ANSWERED && native)
		return exec_native(r);
	return ret == UM_ANSWERED ? ret : no_ptrace(ret);
}

/* umview --no-agent: the kernel execs what is the host's own. */
static long go_without(struct um_exec *x, bool native)
{
	static atomic_bool told;
	struct um_exec_pending *p = take_pending(um_req_tgid(x->r));

	if (native && um_loc_is_native(&x->loc)) {
		x->r->attr = p->attr;
		pending_free(p);
		return UM_CONTINUE;
	}
	pending_free(p);
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
		pending_free(take_pending(um_req_tgid(r)));
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

static int inject_or_none(struct um_req *r, int fd)
{
	return fd < 0 ? UM_EXEC_NO_FD : r->engine->inject(r, fd, true, false);
}

static void fill_cwd(struct um_req *r, struct um_page *page)
{
	struct um_cwd cwd;
	int found = um_cwd_of(r, r->tid, &cwd);

	if (found != 0)
		page->flags |= UM_PAGE_CWD;
	if (found == 0 || found == 1)
		page->cwd = um_cwd_key(cwd.mount, cwd.path);
}

/* The page of a program that starts. */
static struct um_page first_page(struct um_req *r,
				 const struct um_exec_pending *p)
{
	struct um_page page = { .magic = UM_PAGE_MAGIC,
				.version = um_page_version(),
				.attr = p->attr->id,
				.flags = um_attr_page_flags(p->attr),
				.view = um_shared_view(p->attr->view),
				.owner = um_req_tgid(r) };

	if (um_cwd_any() || r->list->nmounts)
		fill_cwd(r, &page);
	if (p->interp_fd >= 0)
		page.flags |= UM_PAGE_INTERP;
	/* It may have inherited one. */
	if (um_standin_any() || um_stream_any())
		page.flags |= UM_PAGE_CHAN;
	return page;
}

/* A file that stays open here: the agent opens it by this. */
static int point_at(int fd, struct um_exec_file *out)
{
	struct stat st;

	out->fd = UM_EXEC_NO_FD;
	out->at = UM_EXEC_NO_FD;
	/* without a region file the agent goes on, unpatched */
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	out->at = fd;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return 0;
}

static int give_interp(struct um_req *r, const struct um_exec_pending *p,
		       struct um_exec_file *out)
{
	out->at = UM_EXEC_NO_FD;
	out->fd = UM_EXEC_NO_FD;
	if (p->interp_fd >= 0 && p->keeps_interp)
		return point_at(p->interp_fd, out);
	out->fd = inject_or_none(r, p->interp_fd);
	return p->interp_fd >= 0 && out->fd < 0 ? out->fd : 0;
}

/* Where the agent could not open what point_at() named. */
long um_exec_give(struct um_req *r)
{
	int fd = (int)r->arg[1];

	if (fd < 0 || (fd != um_shared_fd() && !um_interp_is_kept(fd)))
		return -EBADF;
	return r->engine->inject(r, fd, true, false);
}

/*
 * The answer is the program's descriptor. That of a virtual file is closed here
 * before the agent goes on, as in um_give_fd().
 */
static long give_program(struct um_req *r, struct um_exec_pending *p)
{
	int ret = r->engine->inject(r, p->fd, true, p->is_real);

	if (p->is_real)
		return ret < 0 ? ret : UM_ANSWERED;
	return ret;
}

/* What the agent is to load, and the descriptors of it. */
static long hand_over(struct um_req *r, struct um_exec_pending *p)
{
	struct um_exec_info *info = &p->info;
	int ret;

	info->page = first_page(r, p);
	um_text_of(p->fd, &info->text);
	if (p->interp_fd >= 0)
		um_text_of(p->interp_fd, &info->interp_text);
	um_text_expected(info);
	/* first: the kernel gives it the lowest number that is free */
	info->exec_fd = UM_EXEC_NO_FD;
	if (p->exec_fd >= 0) {
		info->exec_fd = r->engine->inject(r, p->exec_fd, false, false);
		if (info->exec_fd < 0)
			return info->exec_fd;
	}
	info->monitor = (uint32_t)getpid();
	info->stats_fd = inject_or_none(r, um_stats_fd());
	ret = point_at(um_shared_fd(), &info->region);
	if (ret == 0)
		ret = give_interp(r, p, &info->interp);
	if (ret == 0)
		ret = um_copy_out(r, um_uptr_of(r->arg[1]), info,
				  offsetof(struct um_exec_info, strings) +
					  info->args + p->nargs);
	return ret < 0 ? ret : give_program(r, p);
}

/* The agent is in place and asks what it is to load. */
long um_exec_hello(struct um_req *r)
{
	/* a process that has just exec'ed has one thread */
	pid_t tgid = r->tgid = r->tid;
	struct um_exec_pending *p = take_pending(tgid);
	long ret;

	if (!p)
		return -ESRCH;
	um_attr_table_del(tgid);
	r->attr = p->attr;
	r->list = um_view_list(p->attr->view);
	ret = r->arg[2] == sizeof(p->info) ? hand_over(r, p) : -EINVAL;
	pending_free(p);
	um_list_put(r->list);
	return ret;
}
