// SPDX-License-Identifier: GPL-2.0-or-later
/* dir.c - reading directories; working directory and root */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include <umview/vuctl.h>

#include "base/path.h"
#include "guest/inject.h"
#include "guest/shared.h"
#include "sys/sys.h"
#include "view/cwd.h"
#include "view/perm.h"

struct listing {
	struct um_dirent *entries;
	size_t n;
	size_t room;
};

static int collect(void *arg, const char *name, uint64_t ino,
		   unsigned char type)
{
	struct listing *l = arg;

	if (l->n == l->room) {
		size_t want = l->room ? l->room * 2 : 64;
		struct um_dirent *grown =
			realloc(l->entries, want * sizeof(*grown));

		if (!grown)
			return 1;
		l->entries = grown;
		l->room = want;
	}
	l->entries[l->n].name = strdup(name);
	if (!l->entries[l->n].name)
		return 1;
	l->entries[l->n].ino = ino ? ino : 1;
	l->entries[l->n++].type = type;
	return 0;
}

static void forget_entries(struct um_obj *o)
{
	for (size_t i = 0; i < o->nentries; i++)
		free(o->entries[i].name);
	free(um_steal(o->entries));
	o->nentries = 0;
	o->listed = false;
}

/* So many attributes are fetched ahead with a listing. */
#define MAX_AHEAD 2048

static void tell(struct um_req *r, const struct um_obj *o, uint64_t dir,
		 const char *text, const char *path)
{
	const struct um_told name = { .view = r->attr->view,
				      .dir = dir,
				      .text = text,
				      .n = strlen(text),
				      .mount = o->mount->id,
				      .path = path };

	um_vnode_tell(o->mount, &name);
}

/*
 * Who lists a directory asks for the attributes next, by names from its
 * descriptor, or, where it is the working directory, by bare names.
 */
static void tell_entries(struct um_req *r, const struct um_obj *o,
			 const struct um_loc *dir)
{
	const uint64_t key = um_dir_key(o->inode);
	const uint64_t cwd = um_cwd_key(o->mount, dir->path);
	const char *rel;

	if (!um_mount_may_tell(o->mount) || um_perm_holds_in(r->list) ||
	    strcmp(r->attr->root, "/") != 0 || o->nentries > MAX_AHEAD)
		return;
	for (size_t i = 0; i < o->nentries; i++) {
		const char *name = o->entries[i].name;
		char path[PATH_MAX];
		char view[PATH_MAX];
		struct stat st;

		if (!um_path_join(path, dir->rel, name) ||
		    !um_path_join(view, dir->path, name) ||
		    name[strspn(name, ".")] == '\0' ||
		    um_list_find(r->list, view, &rel) != o->mount ||
		    um_fs_getattr(o->mount, path, NULL, &st) < 0)
			continue;
		tell(r, o, key, name, path);
		if (cwd == r->page.cwd)
			tell(r, o, cwd, name, path);
	}
}

/* The listing as it is now; o->io is held. */
static int refresh(struct um_req *r, struct um_obj *o)
{
	struct listing l = { 0 };
	struct um_loc loc = { .mount = o->mount };
	UM_FREE char *rel = um_obj_path(o);
	int ret;

	if (!rel)
		return -ENOENT;
	forget_entries(o);
	loc.rel = rel;
	loc.path = um_view_path_of(r, o->mount, rel);
	if (!loc.path)
		return -ENOMEM;
	ret = um_list_readdir(o->list, &loc, collect, &l);
	o->entries = l.entries;
	o->nentries = l.n;
	o->listed = ret == 0;
	if (ret == 0)
		tell_entries(r, o, &loc);
	return ret;
}

/*
 * struct linux_dirent (old) keeps the type in the record's last byte, struct
 * linux_dirent64 before the name; getdents(2).
 */
static size_t put_entry(char *at, size_t room, const struct um_dirent *e,
			uint64_t next, bool old)
{
	size_t name = old ? 18 : 19;
	size_t len = strlen(e->name) + 1;
	size_t reclen = (name + len + (old ? 1 : 0) + 7) & ~(size_t)7;
	uint16_t len16 = (uint16_t)reclen;

	if (reclen > room)
		return 0;
	memset(at, 0, reclen);
	memcpy(at, &e->ino, 8);
	memcpy(at + 8, &next, 8);
	memcpy(at + 16, &len16, 2);
	memcpy(at + name, e->name, len);
	at[old ? reclen - 1 : 18] = (char)e->type;
	return reclen;
}

#define MAX_BATCH (256 * 1024)

static long batch(struct um_req *r, struct um_obj *o, int ofd, off_t pos,
		  bool old)
{
	size_t room = r->arg[2] < MAX_BATCH ? (size_t)r->arg[2] : MAX_BATCH;
	char *buf = um_req_alloc(r, room + 1);
	size_t at = 0;
	int ret;

	if (!buf)
		return -ENOMEM;
	for (; (size_t)pos < o->nentries; pos++) {
		size_t n = put_entry(buf + at, room - at, &o->entries[pos],
				     (uint64_t)pos + 1, old);

		if (!n)
			break;
		at += n;
	}
	if (!at)
		return (size_t)pos < o->nentries ? -EINVAL : 0;
	ret = um_copy_out(r, um_uptr_of(r->arg[1]), buf, at);
	if (ret < 0)
		return ret;
	lseek(ofd, pos, SEEK_SET);
	return (long)at;
}

static long getdents_any(struct um_req *r, bool old)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	UM_CLOSE int ofd = -1;
	off_t pos;
	long ret = 0;

	if (!o)
		return UM_CONTINUE;
	if (o->kind != UM_OBJ_DIR)
		return o->kind == UM_OBJ_PATH ? -EBADF : -ENOTDIR;
	ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (ofd < 0)
		return ofd;
	um_lock(&o->io);
	pos = lseek(ofd, 0, SEEK_CUR);
	if (pos == 0 || !o->listed)
		ret = refresh(r, o);
	if (ret == 0)
		ret = batch(r, o, ofd, pos, old);
	um_unlock(&o->io);
	return ret;
}

long sys_getdents(struct um_req *r)
{
	return getdents_any(r, true);
}

long sys_getdents64(struct um_req *r)
{
	return getdents_any(r, false);
}

static bool is_by_agent(const struct um_req *r)
{
	return r->nr == UM_NR_VUCTL;
}

/*
 * fd (borrowed) goes into the guest, which changes to it and closes it: by
 * itself where the agent asked, else by being made to.
 */
long um_guest_fchdir(struct um_req *r, int fd)
{
	int n = um_inject_is_refused() && !is_by_agent(r)
			? -EACCES
			: r->engine->inject(r, fd, true, false);
	uint64_t args[6] = { (uint64_t)n };

	long ret;

	if (n < 0 || is_by_agent(r))
		return n;
	ret = um_inject_then_close(r, SYS_fchdir, args, n);
	if (ret == UM_ANSWERED)
		return ret;
	if (um_req_is_traced(r))
		return -EACCES;
	um_err("this host refuses ptrace: a mounted directory cannot be the "
	       "working directory");
	return -EACCES;
}

static long change_to(struct um_req *r, struct um_mount *m, const char *rel)
{
	UM_CLOSE int fd = -1;
	const char *path;
	int place;

	/* a real directory that a layer adds to will do to stand in */
	if (um_fs_is_layer(m)) {
		path = um_view_path_of(r, m, rel);
		if (!path)
			return -ENOMEM;
		m = um_list_find_for(r->list, path, UM_COVERS_PASS, &rel);
	}
	if (um_mount_is_real(m)) {
		fd = open(rel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? -errno : um_guest_fchdir(r, fd);
	}
	/* before it is so: the agent then asks */
	um_req_set_cwd(r, true, 0);
	place = um_cwd_placeholder(m, rel);
	return place < 0 ? place : um_guest_fchdir(r, place);
}

long sys_chdir(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	int ret = um_arg_walk(r, 0, UM_FOLLOW | UM_READ | UM_ENTER, &loc);

	if (ret < 0)
		return ret;
	um_req_set_cwd(r, r->page.flags & UM_PAGE_CWD, 0);
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (loc.obj)
		return -ENOENT;
	if (!um_loc_is_real(&loc)) {
		if (!loc.exists)
			return -ENOENT;
		if (!S_ISDIR(loc.st.st_mode))
			return -ENOTDIR;
		ret = um_may(r, loc.mount, &loc.st, X_OK);
		if (ret < 0)
			return ret;
	}
	return change_to(r, loc.mount, loc.rel);
}

/* The call's argument is one further on; what is native the agent does. */
static long for_agent(struct um_req *r, long (*call)(struct um_req *r))
{
	long ret;

	r->arg[0] = r->arg[1];
	ret = call(r);
	return ret == UM_CONTINUE ? UM_VUCTL_NATIVE : ret;
}

long um_chdir_prepare(struct um_req *r)
{
	return for_agent(r, sys_chdir);
}

long um_fchdir_prepare(struct um_req *r)
{
	return for_agent(r, sys_fchdir);
}

long sys_fchdir(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	UM_FREE char *rel = NULL;
	struct stat st;
	int ret;

	um_req_set_cwd(r, r->page.flags & UM_PAGE_CWD, 0);
	if (!o)
		return UM_CONTINUE;
	rel = um_obj_path(o);
	if (!rel)
		return -ENOENT;
	if (um_fs_getattr(o->mount, rel, NULL, &st) < 0 || !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	ret = um_may(r, o->mount, &st, X_OK);
	return ret < 0 ? ret : change_to(r, o->mount, rel);
}

long sys_getcwd(struct um_req *r)
{
	const char *path;
	const char *shown;
	size_t n;
	int ret;

	if (!um_cwd_any() && !strcmp(r->attr->root, "/"))
		return UM_CONTINUE;
	ret = um_cwd_of(r, r->tid, &path);
	if (ret < 0 || ret == UM_CWD_REMOVED)
		return ret < 0 ? ret : -ENOENT;
	if (ret == 0 && !strcmp(r->attr->root, "/"))
		return UM_CONTINUE;
	shown = um_path_seen(path, r->attr->root);
	if (!shown)
		shown = um_req_printf(r, "(unreachable)%s", path);
	if (!shown)
		return -ENOMEM;
	n = strlen(shown) + 1;
	if (n > PATH_MAX)
		return -ENAMETOOLONG;
	if (n > r->arg[1])
		return -ERANGE;
	ret = um_copy_out(r, um_uptr_of(r->arg[0]), shown, n);
	return ret < 0 ? ret : (long)n;
}

/* The kernel's root stays; names are walked from the virtual one. */
long sys_chroot(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	const struct um_attr *attr;
	struct um_attr want = *r->attr;
	struct stat st;
	char *path;
	int ret;

	loc = (struct um_loc){ 0 };
	ret = um_copy_in_path(r, um_uptr_of(r->arg[0]), &path);
	if (ret == 0)
		ret = um_walk_always(r, AT_FDCWD, path, UM_FOLLOW | UM_READ,
				     &loc);
	if (ret < 0)
		return ret;
	ret = loc.obj ? -ENOENT : um_fs_getattr(loc.mount, loc.rel, NULL, &st);
	if (ret < 0)
		return ret;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	ret = um_may(r, loc.mount, &st, X_OK);
	if (ret < 0)
		return ret;
	want.root = um_req_strdup(r, loc.path);
	attr = want.root ? um_attr_intern(&want) : NULL;
	return attr ? um_req_set_attr(r, attr) : -ENOMEM;
}
