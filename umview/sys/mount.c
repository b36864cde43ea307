// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mount.c - mount(2): a view's list gains a layer
 *
 * The calls that came with Linux 5.2 are in fsconfig.c and mounttree.c.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/path.h"
#include "sys/fusedev.h"
#include "sys/mounting.h"
#include "sys/remount.h"
#include "sys/viewend.h"
#include "view/mountopts.h"
#include "view/perm.h"

#define MAX_TEXT 4096
#define NET_DIR	 "/dev/net"

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

static int copy_args(struct um_req *r, struct um_mounting *a)
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

int um_mounting_target(struct um_req *r, int dirfd, const char *path,
		       unsigned int flags, struct um_loc *out)
{
	struct um_loc parent UM_LOC;
	struct stat st;
	char *dir;
	char *slash;
	int ret = um_walk_always(r, dirfd, path,
				 flags | UM_ENTRY | UM_MOUNTPOINT, out);

	parent = (struct um_loc){ 0 };
	if (ret < 0)
		return ret;
	if (out->obj)
		return -ENOENT;
	/* one on top of another; the one who asks may serve the other */
	if (!um_loc_is_real(out) && !strcmp(out->rel, "/"))
		return 0;
	if (um_fs_getattr(out->mount, out->rel, NULL, &st) == 0)
		return 0;
	dir = um_req_strdup(r, out->path);
	slash = dir ? strrchr(dir, '/') : NULL;
	if (!slash)
		return -ENOENT;
	slash[slash == dir] = '\0';
	parent.mount = um_list_find(r->list, dir, &parent.rel);
	ret = um_fs_getattr(parent.mount, parent.rel, NULL, &st);
	if (ret < 0)
		return ret;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int mount_new(struct um_req *r, const struct um_mounting *a,
		     struct um_service *s, const char *type)
{
	struct um_mount *m;
	int ret = um_mounting_start(r, a, s, type, &m);

	if (ret == 0)
		ret = um_view_add_mount(r->attr->view, m);
	um_mount_put(m);
	return ret;
}

/*
 * Where stacks are mounted by convention; a host without /dev/net/tun, or a
 * container, may have no such directory. Then the view gets one.
 */
static int make_net_dir(struct um_req *r)
{
	struct um_mounting a = { .source = (char[]){ "none" },
				 .type = (char[]){ "tmpfs" },
				 .data = (char[]){ "mode=755" },
				 .name = NET_DIR };
	struct um_service *s;
	int ret = um_mounting_target(r, AT_FDCWD, a.name, UM_FOLLOW, &a.target);

	s = ret == 0 ? um_mounting_server(r, "ramfs", true, &ret) : NULL;
	if (s)
		ret = mount_new(r, &a, s, a.type);
	um_loc_fini(&a.target);
	um_view_renew_list(r);
	return ret;
}

static int find_target(struct um_req *r, struct um_mounting *a)
{
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(r->arg[1]), &path);

	a->name = ret >= 0 ? path : NULL;
	if (ret >= 0)
		ret = um_mounting_target(r, AT_FDCWD, path, UM_FOLLOW,
					 &a->target);
	if (!a->name || ret != -ENOENT ||
	    strncmp(path, NET_DIR "/", sizeof(NET_DIR)) != 0 ||
	    um_may_administer(r) < 0 || make_net_dir(r) < 0)
		return ret;
	um_loc_fini(&a->target);
	return um_mounting_target(r, AT_FDCWD, path, UM_FOLLOW, &a->target);
}

/* The newest mount of the module at this place, if it is of this source. */
static struct um_mount *find_again(const struct um_req *r,
				   const struct um_mounting *a,
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
static long renew(struct um_req *r, struct um_mounting *a, struct um_service *s)
{
	struct um_mount *old =
		find_again(r, a, s, um_mounting_source(r, a->source));
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
static long mount_fuse(struct um_req *r, const struct um_mounting *a,
		       const char *type)
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
		um_mounting_failed(a, ret);
	um_mount_put(m);
	return ret;
}

long sys_mount(struct um_req *r)
{
	struct um_mounting a = { 0 };
	struct um_service *s;
	const char *type;
	int ret = copy_args(r, &a);

	um_viewend_settle(r);
	if (ret >= 0)
		ret = find_target(r, &a);
	if (ret >= 0)
		ret = um_may_administer(r);
	if (ret < 0) {
		um_mounting_failed(&a, ret);
		um_loc_fini(&a.target);
		return ret;
	}
	if (um_remount_is(a.flags))
		return um_remount(r, &a.target, a.source, a.flags, a.data);
	type = um_mounting_bind_type(&a);
	if (type) {
		s = um_mounting_server(r, type, a.flags & MS_SILENT, &ret);
		return s ? mount_new(r, &a, s, a.type) : ret;
	}
	if (um_fuse_is_type(a.type))
		return mount_fuse(r, &a, a.type);
	type = um_list_alias(r->list, a.type);
	type = um_req_strdup(r, type);
	s = type ? um_mounting_server(r, type, a.flags & MS_SILENT, &ret)
		 : NULL;
	if (!s)
		return ret < 0 ? ret : -ENOMEM;
	if (um_mounting_shows_view(s) && um_mountopts_has(a.data, "renew"))
		return renew(r, &a, s);
	/* programs look for this name, and ramfs heeds its options */
	if (!strcmp(a.type, "tmpfs") && !strcmp(type, "ramfs"))
		type = a.type;
	return mount_new(r, &a, s, type);
}
