// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec.c - execve, execveat: every program is loaded by the agent
 *
 * The monitor does what the kernel does before the point of no return: finds
 * the file, checks it, resolves `#!` (recursively, by the kernel's rules; see
 * execve(2)) and makes sure that the interpreter of a dynamic program exists.
 * What it found waits in `pending` under the process's id. Then the guest
 * execs the agent, by an injected descriptor; the agent's first call (HELLO)
 * fetches it.
 *
 * A process that is being traced execs natively, so that its debugger sees
 * what it expects; so does what cannot be read. Those run without an agent,
 * on the slow road, and only files that are real.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include <umview/vuctl.h>

#include "agent/proto.h"
#include "base/hash.h"
#include "base/lock.h"
#include "guest/inject.h"
#include "guest/shared.h"
#include "sys/stats.h"
#include "sys/sys.h"
#include "sys/text.h"
#include "view/cwd.h"
#include "view/perm.h"

#define HEAD_SIZE   256
#define MAX_SCRIPTS 5

/* What a process will find when its agent asks. */
struct pending {
	struct um_hnode node;
	struct um_exec_info info;
	char args[UM_EXEC_ARGS_MAX];
	size_t nargs;
	const struct um_attr *attr;
	int fd;
	int interp_fd;
};

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

static long filtered(struct um_req *r)
{
	struct um_attr want = *r->attr;
	const struct um_attr *attr;

	want.filtered = true;
	attr = um_attr_intern(&want);
	if (!attr || um_req_set_attr(r, attr) < 0)
		return -ENOMEM;
	return UM_CONTINUE;
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

/* Only PR_SET_SECCOMP comes here; see filter.c. */
long sys_prctl(struct um_req *r)
{
	return filtered(r);
}

/* Only what makes a tracer comes here; see filter.c. */
long sys_ptrace(struct um_req *r)
{
	(void)r;
	atomic_store(&tracers, true);
	return UM_CONTINUE;
}

static void pending_free(struct pending *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	if (p->interp_fd >= 0)
		close(p->interp_fd);
	free(p);
}

static struct pending *take_pending(pid_t tgid)
{
	struct pending *p = NULL;
	struct um_hnode *n;

	um_lock(&lock);
	n = um_hash_get(&pendings, (uint64_t)tgid);
	if (n) {
		um_hash_del(&pendings, n);
		p = um_container(n, struct pending, node);
	}
	um_unlock(&lock);
	return p;
}

/* Takes p. */
static int put_pending(pid_t tgid, struct pending *p)
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

static struct pending *take_orphan(void)
{
	struct pending *p = NULL;

	um_lock(&lock);
	for (size_t i = 0; i < pendings.nslots && !p; i++) {
		struct um_hnode *n = pendings.slot[i];

		while (n && kill((pid_t)n->key, 0) == 0)
			n = n->next;
		if (n) {
			um_hash_del(&pendings, n);
			p = um_container(n, struct pending, node);
		}
	}
	um_unlock(&lock);
	return p;
}

void um_exec_sweep(void)
{
	struct pending *p;

	while ((p = take_orphan()))
		pending_free(p);
}

/* An exec on its way: the file that is looked at, and the list of arguments. */
struct exec {
	struct um_req *r;
	struct pending *p;
	struct um_loc loc;
	struct stat st;
	unsigned char head[HEAD_SIZE];
	size_t nhead;
	int fd;
	int scripts;
	const char *name;
	const char *path;
	bool cloexec_fd;
};

static int fd_of_obj(struct um_obj *o)
{
	if (!o->vnode)
		return -EACCES;
	return um_vnode_ready_fd(o->vnode, O_RDONLY);
}

/* The file that loc leads to, open for reading by us. */
static int open_file(const struct um_loc *loc)
{
	if (loc->obj)
		return fd_of_obj(loc->obj);
	if (um_loc_is_real(loc))
		return (int)UM_SYS(open(loc->rel, O_RDONLY | O_CLOEXEC));
	if (!loc->exists)
		return -ENOENT;
	return um_vnode_open_whole(loc->mount, loc->rel);
}

static int stat_file(struct exec *x)
{
	const struct um_loc *loc = &x->loc;

	if (loc->obj)
		return um_obj_getattr(loc->obj, &x->st);
	if (um_loc_is_real(loc))
		return (int)UM_SYS(stat(loc->rel, &x->st));
	x->st = loc->st;
	return loc->exists ? 0 : -ENOENT;
}

static int check_file(struct exec *x)
{
	const struct um_loc *loc = &x->loc;
	int ret = stat_file(x);

	if (ret < 0)
		return ret;
	if (!S_ISREG(x->st.st_mode))
		return -EACCES;
	if (!um_loc_is_real(loc) && (loc->mount->flags & MS_NOEXEC))
		return -EACCES;
	if (um_loc_is_real(loc))
		return (int)UM_SYS(
			faccessat(AT_FDCWD, loc->rel, X_OK, AT_EACCESS));
	if (!(x->st.st_mode & 0111))
		return -EACCES;
	return um_may(x->r, loc->mount, &x->st, X_OK);
}

static int read_head(struct exec *x)
{
	ssize_t n;
	int fd;
	int ret = check_file(x);

	if (ret < 0)
		return ret;
	fd = open_file(&x->loc);
	if (fd < 0)
		return fd;
	if (x->fd >= 0)
		close(x->fd);
	x->fd = fd;
	n = pread(fd, x->head, HEAD_SIZE, 0);
	if (n < 0)
		return -errno;
	x->nhead = (size_t)n;
	memset(x->head + n, 0, (size_t)(HEAD_SIZE - n));
	return 0;
}

/* Put strings before those that are there. */
static int prepend(struct pending *pending, const char *const *words, int n)
{
	size_t more = 0;
	char *p = pending->args;

	for (int i = 0; i < n; i++)
		more += strlen(words[i]) + 1;
	if (pending->nargs + more > sizeof(pending->args))
		return -E2BIG;
	memmove(p + more, p, pending->nargs);
	pending->nargs += more;
	for (int i = 0; i < n; i++) {
		size_t len = strlen(words[i]) + 1;

		memcpy(p, words[i], len);
		p += len;
	}
	pending->info.nargs += (uint32_t)n;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * "#!" BLANK* INTERP [BLANK+ ARG] BLANK* NEWLINE, all within the first 256
 * bytes; a longer line is cut, unless that would cut the interpreter's name.
 */
static int parse_script(struct exec *x, char **interp, char **arg)
{
	char *line = um_req_alloc(x->r, HEAD_SIZE + 1);
	char *end;
	char *p;

	if (!line)
		return -ENOMEM;
	memcpy(line, x->head, HEAD_SIZE);
	line[HEAD_SIZE] = '\0';
	end = strchr(line, '\n');
	if (!end) {
		end = line + strlen(line);
		p = line + 2 + strspn(line + 2, " \t");
		if (x->nhead == HEAD_SIZE && !strpbrk(p, " \t") &&
		    end == line + HEAD_SIZE)
			return -ENOEXEC;
	}
	while (end > line + 2 && is_blank(end[-1]))
		end--;
	*end = '\0';
	p = line + 2 + strspn(line + 2, " \t");
	if (!*p)
		return -ENOEXEC;
	*interp = p;
	p += strcspn(p, " \t");
	*arg = NULL;
	if (*p) {
		*p++ = '\0';
		p += strspn(p, " \t");
		*arg = *p ? p : NULL;
	}
	return 0;
}

/*
 * The file of this name. In a view without mounts the host's own name will do,
 * unless it may lead through /proc, where it would be the monitor's.
 */
static int find_file(struct um_req *r, const char *path, struct um_loc *loc)
{
	if (path[0] != '/' || !um_walk_is_idle(r, path) ||
	    strstr(path, "proc") || !strncmp(path, "/dev", 4))
		return um_walk_always(r, AT_FDCWD, path, UM_FOLLOW, loc);
	*loc = (struct um_loc){ .mount = um_mount_real(),
				.path = path,
				.rel = path,
				.native = true,
				.slash = path[strlen(path) - 1] == '/' };
	return 0;
}

static int walk_to(struct exec *x, const char *path)
{
	int ret;

	um_loc_fini(&x->loc);
	ret = find_file(x->r, path, &x->loc);
	if (ret < 0)
		return ret;
	if (!x->loc.slash || !um_loc_is_real(&x->loc))
		return 0;
	/* only a directory may be named so, and none can be run */
	ret = (int)UM_SYS(stat(x->loc.rel, &x->st));
	if (ret < 0)
		return ret;
	return S_ISDIR(x->st.st_mode) ? -EACCES : -ENOTDIR;
}

/* argv[0] gives way to: interpreter, its argument, the script's name. */
static int run_script(struct exec *x)
{
	const char *words[3];
	char *interp;
	char *arg;
	int n = 0;
	int ret = parse_script(x, &interp, &arg);

	if (ret < 0)
		return ret;
	/* the interpreter could not open it: fexecve(3) */
	if (x->cloexec_fd)
		return -ENOENT;
	if (++x->scripts > MAX_SCRIPTS)
		return -ELOOP;
	words[n++] = interp;
	if (arg)
		words[n++] = arg;
	if (x->scripts == 1)
		words[n++] = x->name;
	/* the former interpreter's name stands where argv[0] stood */
	ret = prepend(x->p, words, n);
	if (ret == 0)
		ret = walk_to(x, interp);
	return ret;
}

static int check_elf(const struct exec *x)
{
	const Elf64_Ehdr *eh = (const void *)x->head;

	if (x->nhead < sizeof(*eh) ||
	    memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64 ||
	    (eh->e_type != ET_EXEC && eh->e_type != ET_DYN) ||
	    eh->e_phentsize != sizeof(Elf64_Phdr) || !eh->e_phnum ||
	    eh->e_phnum > 128)
		return -ENOEXEC;
	return 0;
}

/* The interpreter must be there before the old program goes. */
static int check_interp(struct exec *x, const Elf64_Phdr *ph)
{
	struct um_loc loc UM_LOC;
	char path[PATH_MAX];
	ssize_t n;
	int ret;

	loc = (struct um_loc){ 0 };
	if (ph->p_filesz < 2 || ph->p_filesz >= sizeof(path))
		return -ENOEXEC;
	n = pread(x->fd, path, ph->p_filesz, (off_t)ph->p_offset);
	if (n != (ssize_t)ph->p_filesz || path[n - 1])
		return -ENOEXEC;
	ret = find_file(x->r, um_req_strdup(x->r, path), &loc);
	if (ret < 0)
		return ret;
	ret = open_file(&loc);
	if (ret < 0)
		return ret;
	if (x->p->interp_fd >= 0)
		close(x->p->interp_fd);
	x->p->interp_fd = ret;
	return 0;
}

static int check_segments(struct exec *x)
{
	const Elf64_Ehdr *eh = (const void *)x->head;
	size_t size = eh->e_phnum * sizeof(Elf64_Phdr);
	Elf64_Phdr *ph = um_req_alloc(x->r, size);
	bool loads = false;

	if (!ph)
		return -ENOMEM;
	if (pread(x->fd, ph, size, (off_t)eh->e_phoff) != (ssize_t)size)
		return -ENOEXEC;
	for (int i = 0; i < eh->e_phnum; i++) {
		int ret = 0;

		loads |= ph[i].p_type == PT_LOAD;
		if (ph[i].p_type == PT_INTERP)
			ret = check_interp(x, &ph[i]);
		if (ret < 0)
			return ret;
	}
	return loads ? 0 : -ENOEXEC;
}

static int resolve(struct exec *x)
{
	int ret = read_head(x);

	while (ret == 0 && x->nhead > 2 && !memcmp(x->head, "#!", 2)) {
		ret = run_script(x);
		if (ret == 0)
			ret = read_head(x);
	}
	if (ret == 0)
		ret = check_elf(x);
	return ret < 0 ? ret : check_segments(x);
}

/*
 * Set-uid-root programs look like root to themselves, which mount(8) and its
 * kin want to see; no privilege comes with it.
 */
static struct um_ids new_ids(const struct exec *x)
{
	struct um_ids ids = x->r->attr->ids;
	const struct stat *st = &x->st;

	if (um_perm_is_secure() && !x->scripts)
		return um_perm_exec_ids(&ids, x->loc.mount, st);
	if (x->scripts || !(st->st_mode & S_ISUID) || st->st_uid != 0 ||
	    (!um_loc_is_real(&x->loc) && (x->loc.mount->flags & MS_NOSUID)))
		return ids;
	if (!um_loc_is_real(&x->loc) && !ids.virt)
		return ids;
	memset(&ids, 0, sizeof(ids));
	ids.virt = true;
	return ids;
}

static int set_attr(struct exec *x)
{
	struct um_attr want = *x->r->attr;
	char text[PATH_MAX];
	char link[64];
	ssize_t n;

	want.ids = new_ids(x);
	want.exe = NULL;
	if (!x->loc.obj)
		want.exe = um_req_strdup(x->r, x->loc.path);
	if (um_loc_is_real(&x->loc)) {
		/* as the kernel would show it, however it was reached */
		snprintf(link, sizeof(link), "/proc/self/fd/%d", x->fd);
		n = readlink(link, text, sizeof(text) - 1);
		if (n > 0) {
			text[n] = '\0';
			want.exe = um_req_strdup(x->r, text);
		}
	}
	if (!want.exe)
		want.exe = um_obj_label(x->r, x->loc.obj);
	if (!want.exe)
		return -ENOMEM;
	x->p->attr = um_attr_intern(&want);
	return x->p->attr ? 0 : -ENOMEM;
}

static int fill_info(struct exec *x)
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
	x->p->fd = um_steal_fd(&x->fd);
	return 0;
}

/* Resolve and leave the result for the agent. 0, UM_CONTINUE, -errno. */
static long prepare(struct exec *x)
{
	int ret;

	if (atomic_load(&tracers) && um_req_is_traced(x->r))
		return um_loc_is_native(&x->loc) ? UM_CONTINUE : -EACCES;
	x->p = calloc(1, sizeof(*x->p));
	if (!x->p)
		return -ENOMEM;
	x->p->fd = -1;
	x->p->interp_fd = -1;
	ret = resolve(x);
	if (ret == -EACCES && um_loc_is_native(&x->loc) && !x->scripts &&
	    x->fd < 0 && access(x->loc.rel, X_OK) == 0 &&
	    S_ISREG(x->st.st_mode))
		return UM_CONTINUE;
	if (ret == 0)
		ret = fill_info(x);
	if (ret < 0)
		return ret;
	return put_pending(um_req_tgid(x->r), um_steal(x->p));
}

static void exec_fini(struct exec *x)
{
	um_loc_fini(&x->loc);
	pending_free(x->p);
	if (x->fd >= 0)
		close(x->fd);
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
static long go_without(struct exec *x, bool native)
{
	static atomic_bool told;
	struct pending *p = take_pending(um_req_tgid(x->r));

	if (native && um_loc_is_native(&x->loc)) {
		x->r->attr = p->attr;
		pending_free(p);
		return UM_CONTINUE;
	}
	pending_free(p);
	if (!atomic_exchange(&told, true))
		um_err("programs on mounted file systems cannot be run %s",
		       agent_fd < 0 ? "with --no-agent"
				    : "under a seccomp filter of their own");
	return -EACCES;
}

static long finish(struct exec *x, uint64_t argv, uint64_t envp, uint64_t empty)
{
	bool native = um_loc_is_native(&x->loc);
	long ret = prepare(x);

	if (ret == 0 && (agent_fd < 0 || x->r->attr->filtered))
		ret = go_without(x, native);
	exec_fini(x);
	if (ret == UM_CONTINUE)
		return exec_native(x->r);
	return ret < 0 ? ret : exec_agent(x->r, argv, envp, empty, native);
}

long sys_execve(struct um_req *r)
{
	struct exec x = { .r = r, .fd = -1 };
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(r->arg[0]), &path);

	if (ret < 0)
		return ret;
	x.name = path;
	ret = walk_to(&x, path);
	if (ret < 0) {
		exec_fini(&x);
		return ret;
	}
	return finish(&x, r->arg[1], r->arg[2], r->arg[0] + strlen(path));
}

#define AT_EXECVE_CHECK_BIT 0x10000

/* fexecve(3): the descriptor is the program. */
static int walk_fd(struct exec *x, int fd)
{
	struct um_req *r = x->r;
	const char *link =
		um_req_printf(r, "/proc/%d/fd/%d", (int)um_req_tgid(r), fd);
	char text[PATH_MAX];
	struct stat st;
	int ret;

	x->cloexec_fd = um_gfd_cloexec(r, um_gfd_of((uint64_t)fd));
	x->name = um_req_printf(r, "/dev/fd/%d", fd);
	if (!link || !x->name)
		return -ENOMEM;
	ret = um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st);
	if (ret < 0)
		return ret;
	x->loc.obj = um_obj_find(&st);
	x->loc.mount = um_mount_real();
	x->loc.native = !x->loc.obj;
	x->loc.path = link;
	x->loc.rel = link;
	if (x->loc.obj && x->loc.obj->kind != UM_OBJ_FILE)
		return walk_to(x, link);
	ret = um_gfd_link(r, um_gfd_of((uint64_t)fd), text, sizeof(text));
	if (ret == 0 && !x->loc.obj)
		x->loc.path = um_req_strdup(r, text);
	return ret;
}

static int walk_at(struct exec *x, const char *path, int flags)
{
	struct um_req *r = x->r;
	int fd = um_arg_fd(r, 0);
	bool follows = !(flags & AT_SYMLINK_NOFOLLOW);
	struct stat st;
	int ret;

	if (!*path)
		return (flags & AT_EMPTY_PATH) ? walk_fd(x, fd) : -ENOENT;
	x->name = path;
	if (path[0] != '/' && fd != AT_FDCWD)
		x->name = um_req_printf(r, "/dev/fd/%d/%s", fd, path);
	if (!x->name)
		return -ENOMEM;
	ret = um_walk_always(r, fd, path, follows ? UM_FOLLOW : 0, &x->loc);
	if (ret < 0 || follows)
		return ret;
	if (um_loc_is_real(&x->loc))
		return lstat(x->loc.rel, &st) == 0 && S_ISLNK(st.st_mode)
			       ? -ELOOP
			       : 0;
	return x->loc.exists && S_ISLNK(x->loc.st.st_mode) ? -ELOOP : 0;
}

/* By the arguments of execveat(2). 0, 1: nothing is to be done, -errno. */
static int find_at(struct exec *x)
{
	struct um_req *r = x->r;
	int flags = (int)r->arg[4];
	char *path;
	int ret;

	if (flags &
	    ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_EXECVE_CHECK_BIT))
		return -EINVAL;
	ret = um_copy_in_path(r, um_uptr_of(r->arg[1]), &path);
	if (ret == 0)
		ret = walk_at(x, path, flags);
	if (ret == 0 && (flags & AT_EXECVE_CHECK_BIT))
		ret = check_file(x) < 0 ? check_file(x) : 1;
	x->path = ret == 0 ? path : NULL;
	return ret;
}

long sys_execveat(struct um_req *r)
{
	struct exec x = { .r = r, .fd = -1 };
	int ret = find_at(&x);

	if (ret != 0) {
		exec_fini(&x);
		return ret < 0 ? ret : 0;
	}
	return finish(&x, r->arg[2], r->arg[3], r->arg[1] + strlen(x.path));
}

/* Resolved: answer with the agent's descriptor, which the caller will exec. */
static long finish_by_agent(struct exec *x)
{
	struct um_req *r = x->r;
	long ret = prepare(x);

	exec_fini(x);
	if (ret == UM_CONTINUE) {
		um_attr_table_set(um_req_tgid(r), r->attr);
		return UM_VUCTL_NATIVE;
	}
	return ret < 0 ? ret : r->engine->inject(r, agent_fd, true, false);
}

/* For code that can exec the agent itself: the launcher, and the agent. */
long um_exec_prepare(struct um_req *r)
{
	struct exec x = { .r = r, .fd = -1 };
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
	ret = walk_to(&x, path);
	if (ret == 0)
		return finish_by_agent(&x);
	exec_fini(&x);
	return ret;
}

long um_exec_prepare_at(struct um_req *r)
{
	struct exec x = { .r = r, .fd = -1 };
	const uint64_t dirfd = r->arg[1];
	const uint64_t path = r->arg[2];
	const uint64_t flags = r->arg[3];
	long ret;

	/* as execveat(2) has them */
	r->arg[0] = dirfd;
	r->arg[1] = path;
	r->arg[4] = flags;
	ret = find_at(&x);
	if (ret == 0)
		return finish_by_agent(&x);
	exec_fini(&x);
	return ret < 0 ? ret : 0;
}

static int inject_or_none(struct um_req *r, int fd)
{
	return fd < 0 ? UM_EXEC_NO_FD : r->engine->inject(r, fd, true, false);
}

static void fill_cwd(struct um_req *r, struct um_page *page)
{
	const struct um_mount *m = um_mount_real();
	const char *path;
	const char *rel;
	int found = um_cwd_of(r, r->tid, &path);

	if (found != 0)
		page->flags |= UM_PAGE_CWD;
	if (found == UM_CWD_REMOVED || !path)
		return;
	if (found > 0)
		m = um_list_find(r->list, path, &rel);
	page->cwd = um_cwd_key(m, path);
}

/* The page of a program that starts. */
static struct um_page first_page(struct um_req *r, const struct pending *p)
{
	struct um_page page = { .magic = UM_PAGE_MAGIC,
				.version = UM_PROTO_VERSION,
				.attr = p->attr->id,
				.flags = um_attr_page_flags(p->attr),
				.view = um_shared_view(p->attr->view),
				.owner = um_req_tgid(r) };

	if (um_cwd_any() || r->list->nmounts)
		fill_cwd(r, &page);
	if (p->interp_fd >= 0)
		page.flags |= UM_PAGE_INTERP;
	return page;
}

/* What the agent is to load, and the descriptors of it. */
static int hand_over(struct um_req *r, struct pending *p)
{
	struct um_exec_info *info = &p->info;

	info->page = first_page(r, p);
	um_text_of(p->fd, &info->text);
	if (p->interp_fd >= 0)
		um_text_of(p->interp_fd, &info->interp_text);
	um_text_expected(info);
	info->fd = inject_or_none(r, p->fd);
	info->interp_fd = inject_or_none(r, p->interp_fd);
	info->region_fd = inject_or_none(r, um_shared_fd());
	info->stats_fd = inject_or_none(r, um_stats_fd());
	if (info->fd < 0)
		return info->fd;
	return um_copy_out(r, um_uptr_of(r->arg[1]), info,
			   offsetof(struct um_exec_info, strings) + info->args +
				   p->nargs);
}

/* The agent is in place and asks what it is to load. */
long um_exec_hello(struct um_req *r)
{
	/* a process that has just exec'ed has one thread */
	pid_t tgid = r->tgid = r->tid;
	struct pending *p = take_pending(tgid);
	int ret;

	if (!p)
		return -ESRCH;
	um_attr_table_del(tgid);
	r->attr = p->attr;
	r->list = um_view_list(p->attr->view);
	ret = r->arg[2] == sizeof(p->info) ? hand_over(r, p) : -EINVAL;
	pending_free(p);
	um_list_put(r->list);
	return ret < 0 ? ret : 0;
}
