// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mount.c - mount(2): a view's list gains a layer
 *
 * The calls that came with Linux 5.2 (fsopen...) answer ENOSYS, upon which
 * mount(8) uses this one.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/path.h"
#include "dev/dev.h"
#include "guest/contain.h"
#include "net/stack.h"
#include "sys/fusedev.h"
#include "sys/mounter.h"
#include "sys/remount.h"
#include "sys/viewend.h"
#include "view/mountopts.h"
#include "view/perm.h"
#include "vnode/attrcache.h"

#define MAX_TEXT 4096

/* mount(2)'s arguments, copied in. */
struct args {
	char *source;
	char *type;
	char *data;
	unsigned long flags;
	const char *name;
	struct um_loc target;
};

static int copy_text(struct um_req *r, uint64_t at, char **out)
{
	int ret;

	if (!at) {
		*out = um_req_strdup(r, "");
		return *out ? 0 : -ENOMEM;
	}
	ret = um_copy_in_str(r, um_uptr_of(at), MAX_TEXT, out);
	return ret == -ENAMETOOLONG ? -EINVAL : ret;
}

static int copy_args(struct um_req *r, struct args *a)
{
	int ret = copy_text(r, r->arg[0], &a->source);

	if (ret == 0)
		ret = copy_text(r, r->arg[2], &a->type);
	if (ret == 0)
		ret = copy_text(r, r->arg[4], &a->data);
	a->flags = r->arg[3];
	if ((a->flags & MS_MGC_MSK) == MS_MGC_VAL)
		a->flags &= ~MS_MGC_MSK;
	return ret;
}

/* Where the mount is to stand: the last name need not exist. */
static int find_target(struct um_req *r, struct args *a)
{
	struct um_loc parent UM_LOC;
	struct stat st;
	char *path;
	char *slash;
	int ret = um_copy_in_path(r, um_uptr_of(r->arg[1]), &path);

	parent = (struct um_loc){ 0 };
	a->name = ret >= 0 ? path : NULL;
	if (ret >= 0)
		ret = um_walk_always(r, AT_FDCWD, path,
				     UM_FOLLOW | UM_ENTRY | UM_MOUNTPOINT,
				     &a->target);
	if (ret < 0)
		return ret;
	if (a->target.obj)
		return -ENOENT;
	/* one on top of another; the one who asks may serve the other */
	if (!um_loc_is_real(&a->target) && !strcmp(a->target.rel, "/"))
		return 0;
	if (um_fs_getattr(a->target.mount, a->target.rel, NULL, &st) == 0)
		return 0;
	path = um_req_strdup(r, a->target.path);
	slash = path ? strrchr(path, '/') : NULL;
	if (!slash)
		return -ENOENT;
	slash[slash == path] = '\0';
	parent.mount = um_list_find(r->list, path, &parent.rel);
	ret = um_fs_getattr(parent.mount, parent.rel, NULL, &st);
	if (ret < 0)
		return ret;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* A source that is a name in the view is told by its canonical name. */
static const char *find_source(struct um_req *r, const char *source)
{
	struct um_loc loc UM_LOC;
	struct stat st;
	const char *path = source;

	loc = (struct um_loc){ 0 };
	if (!*source)
		return "none";
	if (um_walk_always(r, AT_FDCWD, source, UM_FOLLOW, &loc) == 0 &&
	    !loc.obj && um_fs_getattr(loc.mount, loc.rel, NULL, &st) == 0)
		path = loc.path;
	return path;
}

/* Modules that serve a family of types, loaded when one is asked for. */
static const char *const families[] = { "umfuse", "umdev",  "umbinfmt",
					"viewfs", "ummisc", "umnet" };

/* A stack may be a module of its own, though its name begins with the family's. */
static bool has_own_module(const char *type)
{
	return !strncmp(type, "umnet", 5) && um_service_exists(type);
}

/* What may have been meant. */
static void tell_unknown(const char *type)
{
	const char *known = um_mounter_of(type);

	if (known)
		um_err("no module serves type `%s', but a program of this name "
		       "does: mount -t %s, or fuse.%s; see umview-mount(7)",
		       type, known, type);
	else
		um_err("no module serves type `%s'; see um_add_service(1); a "
		       "FUSE program is started by mount -t fuse.PROGRAM",
		       type);
}

/* Silent: one of the types that mount(8) tries, one after the other. */
static int load_server(struct um_req *r, const char *type, bool silent)
{
	struct um_service *s = NULL;
	const char *name = NULL;
	int ret;

	if (has_own_module(type))
		name = type;
	for (size_t i = 0; !name && i < UM_ARRAY_SIZE(families); i++)
		if (!strncmp(type, families[i], strlen(families[i])))
			name = families[i];
	if (!name)
		name = type;
	if (um_mounter_serves(type)) {
		um_err("type `%s' is served by a program, which mount(8) and "
		       "viewmount(1) start",
		       type);
		return -ENODEV;
	}
	if (!um_service_exists(name)) {
		if (!silent)
			tell_unknown(type);
		return -ENODEV;
	}
	ret = um_service_load(name, false, &s);
	if (ret < 0)
		return ret == -ENOENT ? -ENODEV : ret;
	ret = um_view_add_service(r->attr->view, s);
	um_service_put(s);
	return ret == -EEXIST ? 0 : ret;
}

static struct um_service *find_server(struct um_req *r, const char *type,
				      bool silent, int *err)
{
	struct um_service *s = um_list_server(r->list, type);

	*err = 0;
	if (s && (!strcmp(s->module->name, type) || !has_own_module(type)))
		return s;
	*err = load_server(r, type, silent);
	if (*err < 0)
		return NULL;
	um_view_renew_list(r);
	s = um_list_server(r->list, type);
	if (!s)
		*err = -ENODEV;
	return s;
}

static int fill_mount(struct um_mount *m, const struct args *a,
		      const char *source, const char *type)
{
	m->point = strdup(a->target.path);
	m->source = strdup(source);
	m->type = strdup(type);
	m->flags = a->flags;
	if (!m->point || !m->source || !m->type)
		return -ENOMEM;
	return um_mountopts_take(m, a->data);
}

static void release_source(void *hold)
{
	um_next_close(hold);
}

/*
 * What the module is to open. A device stays in use as long as the mount
 * lives, whether or not the module reads through it.
 */
static int take_source(struct um_req *r, struct um_mount *m, const char **out)
{
	struct um_next_file *f;
	int ret;

	*out = m->source;
	ret = um_dev_source(r, m->source, m->flags & MS_RDONLY, out);
	if (ret <= 0)
		return ret;
	um_obj_settle();
	ret = um_next_open(m->beneath, m->source, O_RDONLY | UM_DEV_HOLD, 0,
			   &f);
	if (ret < 0)
		return ret;
	m->source_hold = f;
	m->release_source = release_source;
	return 0;
}

static char module_of_binds[] = "viewfs";

/* Two file systems that write to one image would destroy it. */
static int claim_source(const struct um_req *r, struct um_mount *m,
			const char *source)
{
	struct um_mount *in;
	const char *rel;
	struct stat st;
	int ret;

	/* a bind is of the file itself, not of what it holds */
	if (source[0] != '/' ||
	    !strcmp(m->service->module->name, module_of_binds))
		return 0;
	um_mount_reap(um_mount_is_idle);
	in = um_list_find(r->list, source, &rel);
	if (um_fs_getattr(in, rel, NULL, &st) < 0 ||
	    !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
		return 0;
	ret = um_mount_claim(m, m->service->module->name,
			     um_mount_is_real(in) ? st.st_dev : in->dev,
			     st.st_ino);
	if (ret < 0)
		um_err("%s: mounted already, or still in use after umount -l",
		       source);
	return ret;
}

/* A module that says it serves the mount, and has not said by what. */
static int serves(const struct um_mount *m, const struct um_service *s, int ret)
{
	if (ret < 0 || (ret == 0 && (um_stack_is(m) || m->fs.ops)))
		return ret;
	um_err("module %s: mount returned %d, or set no operations",
	       s->module->name, ret);
	return -EIO;
}

static int start_fs(struct um_mount *m, struct um_service *s,
		    const char *source)
{
	struct um_mount_req req = { .fstype = m->type,
				    .source = source,
				    .target = m->point,
				    .flags = m->flags,
				    .options = m->options,
				    .merge = m->merge };
	struct um_next *outer = um_next_current();
	struct um_contain c;
	volatile int ret = -EIO;

	if (!s->module->mount) {
		um_err("module %s has nothing to mount", s->module->name);
		return -ENODEV;
	}
	um_next_set_current(m->fs.next);
	um_contain_enter(&c, m);
	if (sigsetjmp(c.at, 0) == 0)
		ret = s->module->mount(&req, &m->fs);
	um_contain_leave(&c);
	um_next_set_current(outer);
	if (c.what)
		um_err("module %s crashed (%s) in mount", s->module->name,
		       c.what);
	ret = serves(m, s, ret);
	if (ret == 0 && m->fs.ops)
		um_mount_own_ops(m);
	return ret == 0 && um_stack_is(m) ? um_stack_init(m) : ret;
}

/* A module says itself why it refuses; what else fails is told here. */
static void say_failed(const struct args *a, int err)
{
	if (a->flags & MS_SILENT)
		return;
	um_err("cannot mount `%s' on `%s': %s", a->source ? a->source : "?",
	       a->name ? a->name : "?", strerror(-err));
}

/* No file system came to be: there is none to end. */
static void drop_failed(struct um_mount *m)
{
	atomic_store(&m->dead, true);
	if (m->release_source)
		m->release_source(m->source_hold);
	m->release_source = NULL;
	um_mount_unclaim(m);
}

static int set_jump(struct um_mount *m)
{
	static const char *const of_kernel[] = { "/proc", "/dev", "/sys" };

	for (size_t i = 0; i < UM_ARRAY_SIZE(of_kernel); i++)
		if (um_fs_gives(m) && !um_fs_is_layer(m) &&
		    um_path_beneath(m->source, of_kernel[i])) {
			m->jump = strdup(m->source);
			return m->jump ? 0 : -ENOMEM;
		}
	return 0;
}

/* What changes without the core is known for a while, or not at all. */
static void set_cache(struct um_mount *m)
{
	/* guests have descriptors of its files, and change them by these */
	if (m->cache && um_fs_gives(m))
		um_attrcache_free(um_steal(m->cache));
	if (!m->fs.remote || !m->cache)
		return;
	if (m->fs.ttl_ms)
		um_attrcache_set_ttl(m->cache, m->fs.ttl_ms);
	else
		um_attrcache_free(um_steal(m->cache));
}

static int check_bind(const struct um_req *r, const struct args *a,
		      const char *source)
{
	const char *rel;

	if (!(a->flags & MS_BIND) || source[0] != '/')
		return 0;
	return um_remount_is_unbindable(um_list_find(r->list, source, &rel))
		       ? -EINVAL
		       : 0;
}

static int mount_new(struct um_req *r, const struct args *a,
		     struct um_service *s, const char *type)
{
	struct um_mount *m = um_mount_new();
	const char *source;
	int ret;

	if (!m)
		return -ENOMEM;
	ret = fill_mount(m, a, find_source(r, a->source), type);
	m->service = s;
	m->beneath = um_list_get(r->list);
	m->release_beneath = um_list_put_void;
	m->fs.next = m->beneath;
	m->capture = um_next_has_mounts(m->fs.next);
	if (ret == 0)
		ret = check_bind(r, a, m->source);
	if (ret < 0)
		say_failed(a, ret);
	if (ret == 0)
		ret = take_source(r, m, &source);
	if (ret == 0)
		ret = claim_source(r, m, source);
	if (ret == 0)
		ret = start_fs(m, s, source);
	if (ret == 0) {
		set_cache(m);
		ret = set_jump(m);
	}
	if (ret < 0)
		drop_failed(m);
	else
		ret = um_view_add_mount(r->attr->view, m);
	um_mount_put(m);
	return ret;
}

/* What the kernel has one of: a mount of it is its own place elsewhere. */
static struct {
	const char *type;
	char at[16];
} singles[] = {
	{ "proc", "/proc" },	     { "sysfs", "/sys" },
	{ "devtmpfs", "/dev" },	     { "devpts", "/dev/pts" },
	{ "mqueue", "/dev/mqueue" }, { "cgroup2", "/sys/fs/cgroup" },
};
static char no_options[] = "";

/* Binds are a module's: its type, or NULL. */
static const char *bind_type(struct args *a)
{
	if (a->flags & MS_BIND) {
		a->type = module_of_binds;
		a->data = no_options;
		return a->type;
	}
	for (size_t i = 0; i < UM_ARRAY_SIZE(singles); i++)
		if (!strcmp(a->type, singles[i].type)) {
			a->source = singles[i].at;
			a->data = no_options;
			return module_of_binds;
		}
	return NULL;
}

/* The newest mount of the module at this place, if it is of this source. */
static struct um_mount *find_again(const struct um_req *r, const struct args *a,
				   const struct um_service *s,
				   const char *source)
{
	const struct um_list *l = r->list;

	for (size_t i = l->nmounts; i-- > 0;)
		if (l->mounts[i]->service == s &&
		    !strcmp(um_list_point(l, i), a->target.path))
			return strcmp(l->mounts[i]->source, source)
				       ? NULL
				       : l->mounts[i];
	return NULL;
}

/*
 * -o renew: the same mount once more, as the newest: so it covers, and shows,
 * what was mounted since. What is open of it are files of the host's, or of
 * other mounts, and stays open.
 */
static long renew(struct um_req *r, struct args *a, struct um_service *s)
{
	struct um_mount *old = find_again(r, a, s, find_source(r, a->source));
	long ret;

	if (!old)
		return -ENOENT;
	if (um_view_holders(old) > 1 || atomic_load(&old->users) ||
	    !um_mount_try_end(old))
		return -EBUSY;
	a->data = um_mountopts_text(old);
	a->flags = old->flags;
	if (!a->data)
		return -ENOMEM;
	um_mount_get(old);
	ret = um_view_del_mount(r->attr->view, old);
	um_view_renew_list(r);
	if (ret == 0) {
		um_mount_shutdown(old);
		ret = mount_new(r, a, s, old->type);
	}
	um_mount_put(old);
	free(a->data);
	return ret;
}

/* A FUSE daemon, through its open /dev/fuse. */
static long mount_fuse(struct um_req *r, const struct args *a, const char *type)
{
	struct um_mount *m = um_mount_new();
	int ret;

	if (!m)
		return -ENOMEM;
	m->point = strdup(a->target.path);
	m->source = strdup(*a->source ? a->source : "none");
	m->type = strdup(type);
	m->flags = a->flags | r->attr->mount_flags;
	m->beneath = um_list_get(r->list);
	m->release_beneath = um_list_put_void;
	m->fs.next = m->beneath;
	m->relayed = true;
	ret = m->point && m->source && m->type ? 0 : -ENOMEM;
	if (ret == 0)
		ret = um_mountopts_take(m, r->attr->mount_options);
	if (ret == 0 && m->instead) {
		free(m->point);
		m->point = um_steal(m->instead);
	}
	free(atomic_exchange(&m->options, NULL));
	if (ret == 0)
		ret = um_fusedev_mount(r, m, a->data);
	if (ret == 0)
		ret = um_view_add_mount(r->attr->view, m);
	else
		say_failed(a, ret);
	um_mount_put(m);
	return ret;
}

long sys_mount(struct um_req *r)
{
	struct args a = { 0 };
	struct um_service *s;
	const char *type;
	int ret = copy_args(r, &a);

	um_viewend_settle(r);
	if (ret >= 0)
		ret = find_target(r, &a);
	if (ret >= 0)
		ret = um_may_administer(r);
	if (ret < 0) {
		say_failed(&a, ret);
		um_loc_fini(&a.target);
		return ret;
	}
	if (um_remount_is(a.flags))
		return um_remount(r, &a.target, a.source, a.flags, a.data);
	type = bind_type(&a);
	if (type) {
		s = find_server(r, type, a.flags & MS_SILENT, &ret);
		return s ? mount_new(r, &a, s, a.type) : ret;
	}
	if (um_fuse_is_type(a.type))
		return mount_fuse(r, &a, a.type);
	type = um_list_alias(r->list, a.type);
	type = um_req_strdup(r, type);
	s = type ? find_server(r, type, a.flags & MS_SILENT, &ret) : NULL;
	if (!s)
		return ret < 0 ? ret : -ENOMEM;
	if (!strcmp(s->module->name, module_of_binds) &&
	    um_mountopts_has(a.data, "renew"))
		return renew(r, &a, s);
	/* programs look for this name, and ramfs heeds its options */
	if (!strcmp(a.type, "tmpfs") && !strcmp(type, "ramfs"))
		type = a.type;
	return mount_new(r, &a, s, type);
}
