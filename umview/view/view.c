// SPDX-License-Identifier: GPL-2.0-or-later
/* view.c - views: numbers that point to immutable lists */
#include "view/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "view/change.h"
#include "view/cwd.h"
#include "view/vmap.h"

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_VIEW);
static struct um_view **views;
static uint32_t nviews;

struct um_list *um_list_get(struct um_list *l)
{
	atomic_fetch_add(&l->refs, 1);
	return l;
}

void um_list_put(struct um_list *l)
{
	if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	while (l->nmounts) {
		um_mount_put(l->mounts[--l->nmounts]);
		free(l->points[l->nmounts]);
	}
	free(l->points);
	for (size_t i = 0; i < l->nservices; i++)
		um_service_put(l->services[i]);
	for (size_t i = 0; i < l->naliases; i++) {
		free(l->aliases[i].name);
		free(l->aliases[i].type);
	}
	free(l->mounts);
	free(l->services);
	free(l->aliases);
	free(l);
}

void um_list_put_void(void *l)
{
	um_list_put(l);
}

static int copy_points(struct um_list *l, const struct um_list *from)
{
	for (size_t i = 0; i < from->nmounts; i++) {
		if (from->points[i])
			l->points[i] = strdup(from->points[i]);
		if (from->points[i] && !l->points[i])
			return -ENOMEM;
	}
	return 0;
}

/* A copy with room for one more of each kind. */
static struct um_list *list_copy(const struct um_list *from)
{
	struct um_list *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	atomic_init(&l->refs, 1);
	l->mounts = calloc(from->nmounts + 1, sizeof(struct um_mount *));
	l->points = calloc(from->nmounts + 1, sizeof(char *));
	l->services = calloc(from->nservices + 1, sizeof(struct um_service *));
	l->aliases = calloc(from->naliases + 1, sizeof(struct um_alias));
	if (!l->mounts || !l->points || !l->services || !l->aliases) {
		um_list_put(l);
		return NULL;
	}
	for (; l->nmounts < from->nmounts; l->nmounts++)
		l->mounts[l->nmounts] = um_mount_get(from->mounts[l->nmounts]);
	if (copy_points(l, from) < 0) {
		um_list_put(l);
		return NULL;
	}
	for (; l->nservices < from->nservices; l->nservices++) {
		l->services[l->nservices] = from->services[l->nservices];
		atomic_fetch_add(&l->services[l->nservices]->refs, 1);
	}
	while (l->naliases < from->naliases) {
		const struct um_alias *a = &from->aliases[l->naliases];
		struct um_alias *mine = &l->aliases[l->naliases++];

		mine->name = strdup(a->name);
		mine->type = strdup(a->type);
		if (!mine->name || !mine->type) {
			um_list_put(l);
			return NULL;
		}
	}
	return l;
}

static struct um_view *find_locked(uint32_t id)
{
	return id < nviews ? views[id] : NULL;
}

struct um_list *um_view_list(uint32_t id)
{
	struct um_list *l = NULL;
	struct um_view *v;

	um_lock(&lock);
	v = find_locked(id);
	if (v)
		l = um_list_get(v->list);
	um_unlock(&lock);
	return l;
}

/* Takes list. Return: the view's number or -errno. */
static int view_new(uint32_t parent, struct um_list *list)
{
	struct um_view **grown;
	struct um_view *v = calloc(1, sizeof(*v));
	int id = -ENOMEM;

	um_lock(&lock);
	grown = realloc(views, (nviews + 1) * sizeof(struct um_view *));
	if (grown)
		views = grown;
	if (grown && v) {
		v->id = nviews;
		v->parent = parent;
		v->list = um_steal(list);
		id = (int)nviews;
		um_vmap_publish(v->id, v->list);
		views[nviews++] = um_steal(v);
	}
	um_unlock(&lock);
	free(v);
	um_list_put(list);
	return id;
}

int um_view_split(uint32_t parent)
{
	struct um_list *l = um_view_list(parent);

	return l ? view_new(parent, l) : -EINVAL;
}

static const struct um_alias default_aliases[] = {
	{ (char[]){ "ext2" }, (char[]){ "umfuseext2" } },
	{ (char[]){ "ext3" }, (char[]){ "umfuseext2" } },
	{ (char[]){ "ext4" }, (char[]){ "umfuseext2" } },
	{ (char[]){ "binfmt_misc" }, (char[]){ "umbinfmt" } },
	{ (char[]){ "iso9660" }, (char[]){ "umfuseiso9660" } },
	{ (char[]){ "vfat" }, (char[]){ "umfusefat" } },
	{ (char[]){ "msdos" }, (char[]){ "umfusefat" } },
	{ (char[]){ "squashfs" }, (char[]){ "umfusesquash" } },
	{ (char[]){ "umlwip" }, (char[]){ "umnetlwip" } },
	{ (char[]){ "lwipv6" }, (char[]){ "umnetlwip" } },
	{ (char[]){ "umnetlwipv6" }, (char[]){ "umnetlwip" } },
	{ (char[]){ "overlay" }, (char[]){ "viewfsoverlay" } },
	{ (char[]){ "modifshide" }, (char[]){ "viewfshide" } },
	{ (char[]){ "tmpfs" }, (char[]){ "ramfs" } },
#define UM_MOUNTER(type, program, package, words, options)
#define UM_MOUNTER_ALIAS(alias, type) { (char[]){ alias }, (char[]){ type } },
#include "view/mounters.def"
#undef UM_MOUNTER
#undef UM_MOUNTER_ALIAS
};

int um_view_setup(void)
{
	struct um_list none = { 0 };
	struct um_list *l = list_copy(&none);
	int ret = l ? view_new(0, l) : -ENOMEM;

	for (size_t i = 0; ret >= 0 && i < UM_ARRAY_SIZE(default_aliases); i++)
		ret = um_view_set_alias(0, default_aliases[i].name,
					default_aliases[i].type);
	return ret < 0 ? ret : 0;
}

/* Whether a view holds the mount that has, or may have, guests who use it. */
static bool is_wanted(const struct um_mount *m)
{
	bool wanted = false;

	um_lock(&lock);
	for (uint32_t i = 0; i < nviews && !wanted; i++)
		wanted = !views[i]->retired && um_list_has(views[i]->list, m);
	um_unlock(&lock);
	return wanted;
}

void um_view_retire(uint32_t id, void (*end)(struct um_mount *m))
{
	struct um_list *l = um_view_list(id);
	struct um_view *v;

	um_lock(&lock);
	v = find_locked(id);
	if (v)
		v->retired = true;
	um_unlock(&lock);
	for (size_t i = l ? l->nmounts : 0; i-- > 0;)
		if (!atomic_load(&l->mounts[i]->dead) &&
		    !is_wanted(l->mounts[i]))
			end(l->mounts[i]);
	um_list_put(l);
}

int um_view_close(uint32_t id)
{
	struct um_list none = { 0 };
	struct um_list *l = list_copy(&none);
	struct um_view *v;

	if (!l)
		return -ENOMEM;
	um_lock(&lock);
	v = find_locked(id);
	if (v) {
		struct um_list *old = v->list;

		v->list = l;
		l = old;
		um_vmap_publish(id, v->list);
	}
	um_unlock(&lock);
	um_obj_unpark_all();
	um_list_put(l);
	return 0;
}

void um_view_renew_list(struct um_req *r)
{
	um_list_put(r->list);
	r->list = um_view_list(r->attr->view);
}

void um_view_release_mount(struct um_mount *m, bool now)
{
	if (!now) {
		um_fs_syncfs(m);
		um_mount_detach(m);
		return;
	}
	um_vnode_drop(m);
	um_cwd_drop(m);
	um_mount_shutdown(m);
}

/* No guest that counts is left: whoever still refers to the mount does so for nothing. */
static void end_mount(struct um_mount *m)
{
	um_vnode_sync_mount(m);
	um_view_release_mount(m, true);
}

static uint32_t count_views(void)
{
	uint32_t n;

	um_lock(&lock);
	n = nviews;
	um_unlock(&lock);
	return n;
}

void um_view_end_mounts(bool (*which)(const struct um_mount *m))
{
	for (uint32_t id = count_views(); id-- > 0;) {
		struct um_list *l = um_view_list(id);

		for (size_t i = l ? l->nmounts : 0; i-- > 0;)
			if (which(l->mounts[i]))
				end_mount(l->mounts[i]);
		um_list_put(l);
	}
}

void um_view_republish(void)
{
	um_lock(&lock);
	for (uint32_t id = 0; id < nviews; id++)
		um_vmap_publish(id, views[id]->list);
	um_unlock(&lock);
}

static struct um_view *take_newest(void)
{
	struct um_view *v = NULL;

	um_lock(&lock);
	if (nviews)
		v = views[--nviews];
	else
		free(um_steal(views));
	um_unlock(&lock);
	return v;
}

/* What umount -l left, if it is newer: it may still write to what is older. */
static void end_detached(unsigned int after)
{
	struct um_mount *m;

	while ((m = um_mount_take_detached(after))) {
		end_mount(m);
		um_mount_put(m);
	}
}

/* Unmount what is left: newest view first, newest mount first. */
void um_view_fini(void)
{
	struct um_view *v;

	while ((v = take_newest())) {
		for (size_t i = v->list->nmounts; i-- > 0;) {
			struct um_mount *m = v->list->mounts[i];

			if (um_view_holders(m) > 0)
				continue;
			end_detached(m->id);
			end_mount(m);
		}
		um_list_put(v->list);
		free(v);
	}
	end_detached(0);
}

bool um_view_descends(uint32_t view, uint32_t from)
{
	bool yes = false;

	um_lock(&lock);
	while (view != from && view != 0 && find_locked(view))
		view = find_locked(view)->parent;
	yes = view == from;
	um_unlock(&lock);
	return yes;
}

int um_view_get_name(uint32_t id, char out[65])
{
	struct um_view *v;

	um_lock(&lock);
	v = find_locked(id);
	if (v)
		memcpy(out, v->name, sizeof(v->name));
	um_unlock(&lock);
	return v ? 0 : -EINVAL;
}

static bool is_control(char c)
{
	return (c >= 0 && c < ' ') || c == 0x7f;
}

bool um_view_is_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (is_control(name[i]))
			return false;
	return !n || (name[0] != ' ' && name[n - 1] != ' ');
}

int um_view_set_name(uint32_t id, const char *name)
{
	struct um_view *v;

	if (strlen(name) > 64)
		return -ENAMETOOLONG;
	if (!um_view_is_name(name))
		return -EINVAL;
	um_lock(&lock);
	v = find_locked(id);
	if (v)
		memcpy(v->name, name, strlen(name) + 1);
	um_unlock(&lock);
	return v ? 0 : -EINVAL;
}

int um_view_change(uint32_t id, um_change_fn change, void *arg)
{
	for (;;) {
		struct um_list *old = um_view_list(id);
		struct um_list *fresh = old ? list_copy(old) : NULL;
		bool swapped = false;
		struct um_view *v;
		int ret = fresh ? change(fresh, arg) : -ENOMEM;

		um_lock(&lock);
		v = find_locked(id);
		if (ret == 0 && v && v->retired)
			ret = -ESRCH;
		if (ret == 0 && v && v->list == old) {
			v->list = um_steal(fresh);
			um_vmap_publish(id, v->list);
			swapped = true;
		}
		um_unlock(&lock);
		um_obj_unpark_all();
		um_list_put(fresh);
		um_list_put(old);
		if (swapped)
			um_list_put(old);
		if (ret < 0 || swapped)
			return ret;
	}
}

void um_view_publish(void)
{
	um_lock(&lock);
	for (uint32_t id = 0; id < nviews; id++)
		if (views[id])
			um_vmap_publish(id, views[id]->list);
	um_unlock(&lock);
}

static int add_mount(struct um_list *l, void *arg)
{
	l->mounts[l->nmounts++] = um_mount_get(arg);
	return 0;
}

int um_view_add_mount(uint32_t id, struct um_mount *m)
{
	return um_view_change(id, add_mount, m);
}

static int del_mount(struct um_list *l, void *arg)
{
	for (size_t i = l->nmounts; i-- > 0;) {
		if (l->mounts[i] != arg)
			continue;
		free(l->points[i]);
		memmove(&l->mounts[i], &l->mounts[i + 1],
			(l->nmounts - i - 1) * sizeof(struct um_mount *));
		memmove(&l->points[i], &l->points[i + 1],
			(l->nmounts - i - 1) * sizeof(char *));
		l->nmounts--;
		l->points[l->nmounts] = NULL;
		um_mount_put(arg);
		return 0;
	}
	return -EINVAL;
}

int um_view_del_mount(uint32_t id, struct um_mount *m)
{
	return um_view_change(id, del_mount, m);
}

static int add_service(struct um_list *l, void *arg)
{
	struct um_service *s = arg;

	if (um_list_service(l, s->module->name))
		return -EEXIST;
	atomic_fetch_add(&s->refs, 1);
	l->services[l->nservices++] = s;
	return 0;
}

int um_view_add_service(uint32_t id, struct um_service *s)
{
	return um_view_change(id, add_service, s);
}

static bool serves_a_mount(const struct um_list *l, const struct um_service *s)
{
	for (size_t i = 0; i < l->nmounts; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): i is in range */
		if (l->mounts[i]->service == s)
			return true;
	return false;
}

static int del_service(struct um_list *l, void *arg)
{
	struct um_service *s = um_list_service(l, arg);

	if (!s)
		return -ENOENT;
	if (s->permanent || serves_a_mount(l, s))
		return -EBUSY;
	for (size_t i = 0; i < l->nservices; i++) {
		if (l->services[i] != s)
			continue;
		l->services[i] = l->services[--l->nservices];
		break;
	}
	um_service_put(s);
	return 0;
}

int um_view_del_service(uint32_t id, const char *name)
{
	UM_FREE char *copy = strdup(name);

	return copy ? um_view_change(id, del_service, copy) : -ENOMEM;
}

struct um_service *um_list_service(const struct um_list *l, const char *name)
{
	for (size_t i = 0; i < l->nservices; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): i is in range */
		if (!strcmp(l->services[i]->module->name, name))
			return l->services[i];
	return NULL;
}

struct um_service *um_list_server(const struct um_list *l, const char *fstype)
{
	struct um_service *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < l->nservices; i++) {
		size_t n = strlen(l->services[i]->module->name);

		if (n > longest &&
		    !strncmp(fstype, l->services[i]->module->name, n)) {
			best = l->services[i];
			longest = n;
		}
	}
	return best;
}

bool um_list_has(const struct um_list *l, const struct um_mount *m)
{
	for (size_t i = 0; i < l->nmounts; i++)
		if (l->mounts[i] == m)
			return true;
	return false;
}

size_t um_view_holders(const struct um_mount *m)
{
	size_t n = 0;

	um_lock(&lock);
	for (uint32_t i = 0; i < nviews; i++)
		n += um_list_has(views[i]->list, m);
	um_unlock(&lock);
	return n;
}
