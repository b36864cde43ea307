// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * traced.c - programs that a debugger starts and that lie in the view only
 *
 * Where the process has an agent, that execs the descriptor. Where it has none,
 * as the shell by which gdb starts a program, only its tracer can change the
 * call; but the name is in its memory: it becomes that of the descriptor. Not
 * in a child of vfork(2), whose parent has the same memory. A shell such as dash
 * gives one text as name and as argv[0]: argv[0] is then moved to where nothing
 * is, below the stack.
 */
#include "sys/traced.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "sys/sys.h"

static int fill(int to, int from)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return -errno;
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(st.st_size - at));

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

/* The file's own memfd is open for writing, which the kernel does not exec. */
static int make_copy(int from)
{
	UM_CLOSE int fd = memfd_create("umview", MFD_CLOEXEC);
	char link[64];
	int ret = fd < 0 ? -errno : fill(fd, from);

	if (ret < 0)
		return ret;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return (int)UM_SYS(open(link, O_RDONLY | O_CLOEXEC));
}

int um_traced_program(const struct um_exec *x)
{
	if (x->scripts || x->by_view || x->far_interp || x->p->exec_fd >= 0)
		return -EACCES;
	if (um_loc_is_real(&x->loc))
		return (int)UM_SYS(fcntl(x->p->fd, F_DUPFD_CLOEXEC, 0));
	return make_copy(x->p->fd);
}

/* Does somebody else's memory change with the guest's? */
static bool shares_memory(struct um_req *r)
{
	char text[32];
	pid_t parent;

	if (um_proc_status(um_req_tgid(r), "PPid", text, sizeof(text)) < 0)
		return true;
	parent = (pid_t)strtol(text, NULL, 10);
	return syscall(SYS_kcmp, r->tid, parent, KCMP_VM, 0, 0) <= 0;
}

/* Where a blocked thread's stack ends; 0: not known. */
static uint64_t stack_pointer(pid_t tid)
{
	uint64_t sp = 0;
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/syscall", (int)tid);
	f = fopen(name, "re");
	if (!f)
		return 0;
	/* number, six arguments, stack pointer, instruction pointer */
	if (fscanf(f, "%*s %*s %*s %*s %*s %*s %*s %" SCNx64, &sp) != 1)
		sp = 0;
	fclose(f);
	return sp;
}

#define RED_ZONE 128 /* what a function may have below its stack pointer */

/* argv[0] stays what it is, though the name at `name` changes. */
static int keep_argv0(struct um_req *r, uint64_t name, const char *path)
{
	um_uptr argv = um_uptr_of(r->arg[1]);
	size_t len = strlen(path) + 1;
	uint64_t first;
	uint64_t sp;
	int ret;

	if (!r->arg[1])
		return 0;
	ret = um_copy_in(r, argv, &first, sizeof(first));
	if (ret < 0 || first != name)
		return ret;
	sp = stack_pointer(r->tid);
	if (sp < RED_ZONE + len)
		return -EACCES;
	first = sp - RED_ZONE - len;
	ret = um_copy_out(r, um_uptr_of(first), path, len);
	return ret < 0 ? ret : um_copy_out(r, argv, &first, sizeof(first));
}

long um_traced_redirect(struct um_req *r, uint64_t name, int fd)
{
	char link[32];
	char *path;
	int n;

	if (r->nr != SYS_execve ||
	    um_copy_in_path(r, um_uptr_of(name), &path) < 0 ||
	    strlen(path) < strlen("/dev/fd/0") || shares_memory(r))
		return -EACCES;
	n = r->engine->inject(r, fd, true, false);
	if (n < 0)
		return n;
	snprintf(link, sizeof(link), "/dev/fd/%d", n);
	if (strlen(path) < strlen(link) || keep_argv0(r, name, path) < 0 ||
	    um_copy_out(r, um_uptr_of(name), link, strlen(link) + 1) < 0)
		return -EACCES;
	return UM_CONTINUE;
}
