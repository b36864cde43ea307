// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * execfile.c - what the kernel does with the file before an execve's point of
 * no return
 *
 * Once the guest has exec'ed the agent its old program is gone, and an error
 * could only kill it. So all that may fail is tried before, in the order of
 * the kernel (execve(2)): the name, type and mode of the file, binary formats
 * (binfmt.c), `#!` lines, ELF head and program headers, and the interpreter of a dynamic program.
 * Nothing here changes the guest; a struct um_exec collects what is found.
 */
#include "sys/execfile.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "sys/binfmt.h"
#include "sys/interp.h"
#include "view/perm.h"

#define MAX_SCRIPTS	    5
#define AT_EXECVE_CHECK_BIT 0x10000
/* linux/binfmts.h */
#define AT_FLAGS_ARGV0_BIT 1u

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
	if (um_fs_gives(loc->mount))
		return um_fs_give(loc->mount, loc->rel, O_RDONLY | O_CLOEXEC,
				  0);
	return um_vnode_open_whole(loc->mount, loc->rel);
}

static int stat_file(struct um_exec *x)
{
	const struct um_loc *loc = &x->loc;

	if (loc->obj)
		return um_obj_getattr(loc->obj, &x->st);
	if (um_loc_is_real(loc))
		return (int)UM_SYS(stat(loc->rel, &x->st));
	x->st = loc->st;
	return loc->exists ? 0 : -ENOENT;
}

static int check_file(struct um_exec *x)
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

/* The interpreter is at fd (taken): what becomes of the file before it? */
static int next_fd(struct um_exec *x, int fd)
{
	int last = x->fd;

	x->fd = fd;
	if (last < 0)
		return 0;
	if (!x->opens) {
		close(last);
		return 0;
	}
	/* an interpreter that gets a file open is a program itself */
	if (x->p->exec_fd >= 0) {
		close(last);
		return -ENOEXEC;
	}
	x->p->exec_fd = last;
	return 0;
}

int um_execfile_open(struct um_exec *x)
{
	int ret = check_file(x);

	if (ret < 0)
		return ret;
	ret = open_file(&x->loc);
	return ret < 0 ? ret : next_fd(x, ret);
}

char *um_execfile_name(const struct um_exec *x)
{
	char text[PATH_MAX];
	char link[64];
	const char *shown;
	ssize_t n = -1;

	if (x->fixed)
		return strdup(x->fixed);
	if (um_loc_is_real(&x->loc)) {
		/* as the kernel would show it, however it was reached */
		snprintf(link, sizeof(link), "/proc/self/fd/%d", x->fd);
		n = readlink(link, text, sizeof(text) - 1);
	}
	if (n > 0) {
		text[n] = '\0';
		shown = um_list_name_of(x->r, text);
		return strdup(shown ? shown : text);
	}
	if (!x->loc.obj)
		return strdup(x->loc.path);
	return NULL;
}

void um_execfile_fini(struct um_exec *x)
{
	um_loc_fini(&x->loc);
	if (x->fd >= 0)
		close(x->fd);
}

static int read_head(struct um_exec *x)
{
	ssize_t n;
	int ret = x->fixed ? 0 : um_execfile_open(x);

	if (ret < 0)
		return ret;
	n = pread(x->fd, x->head, UM_EXEC_HEAD, 0);
	if (n < 0)
		return -errno;
	x->nhead = (size_t)n;
	memset(x->head + n, 0, (size_t)(UM_EXEC_HEAD - n));
	return 0;
}

/* Put strings before those that are there. */
static int prepend(struct um_exec_pending *pending, const char *const *words,
		   int n)
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

static char *skip_blanks(char *p, const char *last)
{
	for (; p <= last; p++)
		if (!is_blank(*p))
			return p;
	return NULL;
}

static char *find_blank(char *p, const char *last)
{
	for (; p <= last; p++)
		if (is_blank(*p) || !*p)
			return p;
	return NULL;
}

/* NULL: none, and what is read may not be all of the interpreter's name. */
static char *end_of_line(char *line)
{
	char *last = line + UM_EXEC_HEAD - 1;
	char *end = strchr(line, '\n');
	char *name;

	if (end)
		return end;
	name = skip_blanks(line + 2, last);
	return name && find_blank(name, last) ? last : NULL;
}

/*
 * "#!" BLANK* INTERP [BLANK+ ARG] BLANK* NEWLINE, all within the first 256
 * bytes; a longer line is cut, unless that would cut the interpreter's name. A
 * file that ends before has NULs there, and those are no blanks. As the
 * kernel's load_script().
 */
static int parse_script(struct um_exec *x, char **interp, char **arg)
{
	char *line = um_req_alloc(x->r, UM_EXEC_HEAD + 1);
	char *end;
	char *blank;

	if (!line)
		return -ENOMEM;
	memcpy(line, x->head, UM_EXEC_HEAD);
	line[UM_EXEC_HEAD] = '\0';
	end = end_of_line(line);
	if (!end)
		return -ENOEXEC;
	while (is_blank(end[-1]))
		end--;
	*interp = skip_blanks(line + 2, end);
	if (!*interp || *interp == end)
		return -ENOEXEC;
	blank = find_blank(*interp, end);
	*arg = blank && *blank ? skip_blanks(blank, end) : NULL;
	*end = '\0';
	if (*arg)
		*blank = '\0';
	/* the empty name is the working directory */
	return **interp ? 0 : -EACCES;
}

/*
 * The file of this name. In a view without mounts, or when it was walked before,
 * the host's own name will do, unless it may lead through /proc, where it would be the monitor's.
 */
static int find_file(struct um_req *r, const char *path, struct um_loc *loc)
{
	if (path[0] != '/' ||
	    !(um_walk_is_idle(r, path) || um_walk_is_known(r, path)) ||
	    strstr(path, "proc") || !strncmp(path, "/dev", 4))
		return um_walk_always(r, AT_FDCWD, path, UM_FOLLOW | UM_READ,
				      loc);
	*loc = (struct um_loc){ .mount = um_mount_real(),
				.path = path,
				.rel = path,
				.native = true,
				.slash = path[strlen(path) - 1] == '/' };
	return 0;
}

int um_execfile_walk(struct um_exec *x, const char *path)
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

static int to_interp(struct um_exec *x, const char *interp)
{
	x->interp = interp;
	x->fixed = NULL;
	return um_execfile_walk(x, interp);
}

/* argv[0] gives way to: interpreter, its argument, the script's name. */
static int run_script(struct um_exec *x)
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
		ret = to_interp(x, interp);
	return ret;
}

/* The file is open already, in whatever root the guest is. */
static int to_file(struct um_exec *x, const struct um_binfmt_file *file)
{
	int fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	um_loc_fini(&x->loc);
	x->fixed = um_req_strdup(x->r, file->path);
	x->loc = (struct um_loc){ .mount = um_mount_real(),
				  .path = x->fixed,
				  .rel = x->fixed };
	x->st = file->st;
	if (!x->fixed) {
		close(fd);
		return -ENOMEM;
	}
	return next_fd(x, fd);
}

/* argv[0] gives way to: interpreter, name of the file. */
static int put_format_args(struct um_exec *x, const struct um_binfmt_req *q)
{
	const char *words[2];
	int n = 0;

	words[n++] = q->interpreter;
	if (x->scripts == 1 || (q->flags & UM_BINFMT_ARGV0))
		words[n++] = x->interp;
	if (q->flags & UM_BINFMT_ARGV0) {
		x->p->info.at_flags |= AT_FLAGS_ARGV0_BIT;
		if (x->scripts == 1)
			x->p->info.keep = 1;
	}
	return prepend(x->p, words, n);
}

static int run_format(struct um_exec *x, const struct um_binfmt_req *q)
{
	char *interp = um_req_strdup(x->r, q->interpreter);
	int ret;

	if (!interp)
		return -ENOMEM;
	/* the interpreter could not open it: fexecve(3) */
	if (x->cloexec_fd)
		return -ENOENT;
	if (++x->scripts > MAX_SCRIPTS)
		return -ELOOP;
	if (q->flags & UM_BINFMT_OPEN)
		x->opens = true;
	if (q->flags & UM_BINFMT_CREDS) {
		x->has_creds = true;
		x->creds_st = x->st;
		x->creds_mount = um_loc_is_real(&x->loc) ? NULL : x->loc.mount;
	}
	ret = put_format_args(x, q);
	if (ret < 0)
		return ret;
	if (!q->file)
		return to_interp(x, interp);
	x->interp = interp;
	return to_file(x, q->file);
}

/* Return: whether another program is to run what x was at. */
static int find_interp(struct um_exec *x)
{
	struct um_binfmt_req q;
	bool by_host;
	int ret = um_binfmt_find(x, &q, &by_host);

	if (ret > 0) {
		x->by_view |= !by_host;
		ret = run_format(x, &q);
		free(q.interpreter);
		return ret < 0 ? ret : 1;
	}
	if (ret < 0 || x->nhead < 2 || memcmp(x->head, "#!", 2) != 0)
		return ret;
	ret = run_script(x);
	return ret < 0 ? ret : 1;
}

static int check_elf(const struct um_exec *x)
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

void um_execfile_drop_interp(struct um_exec_pending *p)
{
	if (p->interp_fd >= 0 && !p->keeps_interp)
		close(p->interp_fd);
	p->interp_fd = -1;
}

/* The interpreter must be there before the old program goes. */
static int check_interp(struct um_exec *x, const Elf64_Phdr *ph)
{
	struct um_loc loc UM_LOC;
	char path[PATH_MAX];
	bool stays = false;
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
	if (!loc.obj && um_loc_is_real(&loc))
		ret = um_interp_open(loc.rel, &stays);
	else
		ret = open_file(&loc);
	if (ret < 0)
		return ret;
	x->far_interp = !um_loc_is_native(&loc);
	um_execfile_drop_interp(x->p);
	x->p->interp_fd = ret;
	x->p->keeps_interp = stays;
	return 0;
}

static int check_segments(struct um_exec *x)
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

int um_execfile_resolve(struct um_exec *x)
{
	int ret;

	x->interp = x->name;
	do {
		ret = read_head(x);
		if (ret == 0)
			ret = find_interp(x);
	} while (ret > 0);
	if (ret == 0)
		ret = check_elf(x);
	return ret < 0 ? ret : check_segments(x);
}

/* fexecve(3): the descriptor is the program. */
static int walk_fd(struct um_exec *x, int fd)
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
		return um_execfile_walk(x, link);
	ret = um_gfd_link(r, um_gfd_of((uint64_t)fd), text, sizeof(text));
	if (ret == 0 && !x->loc.obj) {
		x->loc.path = um_list_name_of(r, text);
		if (!x->loc.path)
			x->loc.path = um_req_strdup(r, text);
	}
	return ret;
}

static int walk_at(struct um_exec *x, const char *path, int flags)
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
	ret = um_walk_always(r, fd, path, (follows ? UM_FOLLOW : 0) | UM_READ,
			     &x->loc);
	if (ret < 0 || follows)
		return ret;
	if (um_loc_is_real(&x->loc))
		return lstat(x->loc.rel, &st) == 0 && S_ISLNK(st.st_mode)
			       ? -ELOOP
			       : 0;
	return x->loc.exists && S_ISLNK(x->loc.st.st_mode) ? -ELOOP : 0;
}

int um_execfile_walk_at(struct um_exec *x)
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
