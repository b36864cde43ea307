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

/* Names lie in one block, so that a directory costs few allocations. */
struct listing {
	struct um_dirent *entries;
	size_t n;
	size_t room;
	char *names;
	size_t used;
	size_t size;
};

/* Room for n more bytes of names, or false. */
static bool reserve_names(struct listing *l, size_t n)
{
	size_t want = l->size ? l->size * 2 : 4096;
	char *grown;

	if (l->size - l->used >= n)
		return true;
	if (want < l->used + n)
		want = l->used + n;
	grown = malloc(want);
	if (!grown)
		return false;
	if (l->used)
		memcpy(grown, l->names, l->used);
	for (size_t i = 0; i < l->n; i++)
		l->entries[i].name = grown + (l->entries[i].name - l->names);
	free(l->names);
	l->names = grown;
	l->size = want;
	return true;
}

static bool reserve_entry(struct listing *l)
{
	size_t want = l->room ? l->room * 2 : 64;
	struct um_dirent *grown;

	if (l->n < l->room)
		return true;
	grown = realloc(l->entries, want * sizeof(*grown));
	if (!grown)
		return false;
	l->entries = grown;
	l->room = want;
	return true;
}

static int collect(void *arg, const char *name, uint64_t ino,
		   unsigned char type)
{
	struct listing *l = arg;
	size_t n = strlen(name) + 1;
	struct um_dirent *e;

	if (!reserve_entry(l) || !reserve_names(l, n))
		return 1;
	e = &l->entries[l->n++];
	e->name = memcpy(l->names + l->used, name, n);
	e->ino = ino ? ino : 1;
	e->type = type;
	l->used += n;
	return 0;
}

static void forget_entries(struct um_obj *o)
{
	free(um_steal(o->entries));
	free(um_steal(o->names));
	o->nentries = 0;
	o->listed = false;
}

/* So many attributes are fetched ahead with a listing. */
#define MAX_AHEAD 2048

/* Who lists a directory asks for the attributes next. */
static void tell_entries(struct um_req *r, const struct um_obj *o,
			 const struct um_loc *dir)
{
	const uint64_t place =
		um_hash_byte(um_shared_place(o->mount->id, dir->rel), '/');
	const char *rel;

	if (um_perm_holds_in(r->list) || strcmp(r->attr->root, "/") != 0 ||
	    o->nentries > MAX_AHEAD)
		return;
	for (size_t i = 0; i < o->nentries; i++) {
		const char *name = o->entries[i].name;
		char path[PATH_MAX];
		char view[PATH_MAX];
		struct um_told told = { .view = r->attr->view,
					.dir = UM_IN_PLACE,
					.mount = o->mount->id,
					.path = path };
		struct stat st;

		told.hash = um_place_of(place, name, strlen(name));
		if (name[strspn(name, ".")] == '\0' ||
		    !um_shared_lacks(&told) ||
		    !um_path_join(path, dir->rel, name) ||
		    !um_path_join(view, dir->path, name) ||
		    um_list_find(r->list, view, &rel) != o->mount ||
		    (o->mount->fs.quick &&
		     um_fs_getattr(o->mount, path, NULL, &st) < 0))
			continue;
		um_vnode_tell(o->mount, &told);
	}
}

/*
 * struct linux_dirent (old) keeps the type in the record's last byte, struct
 * linux_dirent64 before the name; getdents(2).
 */
static size_t name_at(bool old)
{
	return old ? 18 : 19;
}

static size_t record_size(const char *name, bool old)
{
	size_t n = name_at(old) + strlen(name) + 1 + (old ? 1 : 0);

	return (n + 7) & ~(size_t)7;
}

static size_t put_entry(char *at, size_t room, const struct um_dirent *e,
			uint64_t next, bool old)
{
	size_t reclen = record_size(e->name, old);
	uint16_t len16 = (uint16_t)reclen;

	if (reclen > room)
		return 0;
	memset(at, 0, reclen);
	memcpy(at, &e->ino, 8);
	memcpy(at + 8, &next, 8);
	memcpy(at + 16, &len16, 2);
	memcpy(at + name_at(old), e->name, strlen(e->name) + 1);
	at[old ? reclen - 1 : 18] = (char)e->type;
	return reclen;
}

static size_t records_size(const struct um_obj *o)
{
	size_t size = 0;

	for (size_t i = 0; i < o->nentries; i++)
		size += record_size(o->entries[i].name, false);
	return size;
}

/* The agents answer getdents64(2) with it. */
static void tell_listing(struct um_req *r, const struct um_obj *o,
			 const struct um_listing *stamp)
{
	size_t size = records_size(o);
	char *buf = size < UM_RECORDS ? um_req_alloc(r, size + 1) : NULL;
	size_t at = 0;

	if (!buf)
		return;
	for (size_t i = 0; i < o->nentries; i++)
		at += put_entry(buf + at, size - at, &o->entries[i], i + 1,
				false);
	um_shared_list(o->inode, stamp, buf, at);
}

/* The listing as it is now; o->io is held. */
static int refresh(struct um_req *r, struct um_obj *o)
{
	struct listing l = { 0 };
	struct um_loc loc = { .mount = o->mount };
	struct um_listing stamp;
	UM_FREE char *rel = um_obj_path(o);
	int ret;

	um_shared_unlist(o->inode);
	if (!rel)
		return -ENOENT;
	um_shared_stamp(o->mount->id, rel, &stamp);
	forget_entries(o);
	loc.rel = rel;
	loc.path = um_view_path_of(r, o->mount, rel);
	if (!loc.path)
		return -ENOMEM;
	ret = um_list_readdir(o->list, &loc, collect, &l);
	o->entries = l.entries;
	o->names = l.names;
	o->nentries = l.n;
	o->listed = ret == 0;
	o->stamp = stamp;
	if (ret == 0 && um_mount_may_tell(o->mount)) {
		tell_entries(r, o, &loc);
		if (o->mount->fs.quick)
			tell_listing(r, o, &stamp);
	}
	return ret;
}

/* Opened before, and nothing has changed since. */
static bool is_listed_now(struct um_obj *o)
{
	UM_FREE char *rel = um_obj_path(o);
	struct um_listing now;

	if (!o->listed || !rel)
		return false;
	um_shared_stamp(o->mount->id, rel, &now);
	return now.bucket == o->stamp.bucket &&
	       now.version == o->stamp.version && now.epoch == o->stamp.epoch &&
	       now.lists == o->stamp.lists;
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

/* A directory larger than that may not be listed after all. */
#define LIST_AT_ONCE 16384

/*
 * It was opened: it will be listed. The first getdents(2) gives what was there
 * when it was opened, if that is still so.
 */
void um_dir_opened(struct um_req *r, const struct stat *st,
		   const struct stat *object)
{
	struct um_obj *o UM_OBJ = NULL;

	if (st->st_size > LIST_AT_ONCE)
		return;
	o = um_obj_find(object);
	if (!o || o->kind != UM_OBJ_DIR || !o->mount->fs.quick ||
	    !um_mount_may_tell(o->mount))
		return;
	um_lock(&o->io);
	if (is_listed_now(o))
		tell_listing(r, o, &o->stamp);
	else if (refresh(r, o) < 0)
		um_debug("cannot list what was opened");
	um_unlock(&o->io);
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
	struct um_cwd cwd;
	const char *shown;
	size_t n;
	int ret;

	if (!um_cwd_any() && !um_shared_moves() && !strcmp(r->attr->root, "/"))
		return UM_CONTINUE;
	ret = um_cwd_of(r, r->tid, &cwd);
	if (ret < 0 || ret == UM_CWD_REMOVED || ret == UM_CWD_DETACHED)
		return ret < 0 ? ret : -ENOENT;
	if (ret == 0 && !strcmp(r->attr->root, "/"))
		return UM_CONTINUE;
	shown = um_path_seen(cwd.path, r->attr->root);
	if (!shown)
		shown = um_req_printf(r, "(unreachable)%s", cwd.path);
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
