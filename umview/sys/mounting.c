// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mounting.c - a file system comes to be: who serves the type, what is mounted
 *
 * For mount(2) and for fsconfig(2): where it is to be seen is theirs to say.
 */
#include "sys/mounting.h"

#include <fcntl.h>
#include <string.h>

#include "base/path.h"
#include "dev/dev.h"
#include "guest/contain.h"
#include "net/stack.h"
#include "sys/mounter.h"
#include "sys/remount.h"
#include "view/mountopts.h"
#include "vnode/attrcache.h"

const char *um_mounting_source(struct um_req *r, const char *source)
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

struct um_service *um_mounting_server(struct um_req *r, const char *type,
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

static int fill_mount(struct um_mount *m, const struct um_mounting *a,
		      const char *source, const char *type)
{
	m->floating = a->floating ? UM_FLOATING : UM_SETTLED;
	m->point = strdup(a->floating ? "/" : a->target.path);
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

bool um_mounting_shows_view(const struct um_service *s)
{
	return !strcmp(s->module->name, module_of_binds);
}

/* Two file systems that write to one image would destroy it. */
static int claim_source(const struct um_req *r, struct um_mount *m,
			const char *source)
{
	struct um_mount *in;
	const char *rel;
	struct stat st;
	int ret;

	/* a bind is of the file itself, not of what it holds */
	if (source[0] != '/' || um_mounting_shows_view(m->service))
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

/* What a module is told of a mount that has no place yet: a name like any. */
#define UM_NOWHERE "/ (nowhere)"

static int start_fs(struct um_mount *m, struct um_service *s,
		    const char *source)
{
	struct um_mount_req req = { .fstype = m->type,
				    .source = source,
				    .target =
					    m->floating ? UM_NOWHERE : m->point,
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

void um_mounting_failed(const struct um_mounting *a, int err)
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

static int check_bind(const struct um_req *r, const struct um_mounting *a,
		      const char *source)
{
	const char *rel;

	if (!(a->flags & MS_BIND) || source[0] != '/')
		return 0;
	return um_remount_is_unbindable(um_list_find(r->list, source, &rel))
		       ? -EINVAL
		       : 0;
}

int um_mounting_start(struct um_req *r, const struct um_mounting *a,
		      struct um_service *s, const char *type,
		      struct um_mount **out)
{
	struct um_mount *m = um_mount_new();
	const char *source;
	int ret;

	*out = NULL;
	if (!m)
		return -ENOMEM;
	source = a->is_canonical ? a->source : um_mounting_source(r, a->source);
	ret = fill_mount(m, a, source, type);
	m->service = s;
	m->beneath = um_list_get(r->list);
	m->release_beneath = um_list_put_void;
	m->fs.next = m->beneath;
	m->capture = um_next_has_mounts(m->fs.next);
	if (ret == 0)
		ret = check_bind(r, a, m->source);
	if (ret < 0)
		um_mounting_failed(a, ret);
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
	if (ret < 0) {
		drop_failed(m);
		um_mount_put(um_steal(m));
	}
	*out = m;
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

const char *um_mounting_bind_type(struct um_mounting *a)
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
