/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.h - views and what they are composed of
 *
 * A struct um_list is one composition: mounts in the order they were made,
 * services, aliases of file system types. It never changes: mounting makes a
 * new one (v2 = m2 o m1(v0)). A view is a number that points to the list of
 * the moment. A nested view starts with its parent's list and goes its own
 * way; so nothing done in it can touch the parent.
 *
 * The newest mount that covers a path wins. A mount keeps the list that was
 * beneath it; that is the view its module sees.
 */
#ifndef UM_VIEW_VIEW_H
#define UM_VIEW_VIEW_H

#include "guest/req.h"
#include "vnode/vnode.h"

/*
 * A loaded module. Lists hold references; the last one unloads it. @stack: its
 * network stack, a mount that stands in no list; NULL: none.
 */
struct um_service {
	atomic_int refs;
	const struct um_module *module;
	void *handle;
	bool permanent;
	struct um_mount *stack;
};

struct um_alias {
	char *name;
	char *type;
};

/* @points: where mounts were moved to; NULL: it is where it was mounted. */
struct um_list {
	atomic_int refs;
	struct um_mount **mounts;
	char **points;
	size_t nmounts;
	struct um_service **services;
	size_t nservices;
	struct um_alias *aliases;
	size_t naliases;
};

/* @retired: no guest is left that would use it; its list does not change */
struct um_view {
	uint32_t id;
	uint32_t parent;
	bool retired;
	char name[65];
	struct um_list *list;
};

/* The first view, number 0, with the default aliases. 0 or -errno. */
int um_view_setup(void);
/* The agents of all views are told anew what names to ask about. */
void um_view_republish(void);
void um_view_fini(void);
/*
 * Out of all views, and written back: it ends now, whoever still refers to it,
 * or when nobody does any more (um_mount_reap()).
 */
void um_view_release_mount(struct um_mount *m, bool now);
/* Unmount, in all views, what `which` says: newest view, newest mount first. */
void um_view_end_mounts(bool (*which)(const struct um_mount *m));
/*
 * Nobody uses the view any more: end(m) is called for each mount that no other
 * view keeps, the newest first.
 */
void um_view_retire(uint32_t id, void (*end)(struct um_mount *m));
/* And nobody is left in it: it lets go of its list. 0 or -ENOMEM. */
UM_MUST_CHECK int um_view_close(uint32_t id);
/* The list of view `id` at this moment (ref); NULL: no such view. */
struct um_list *um_view_list(uint32_t id);
/* The request goes on with the view as it is now. */
void um_view_renew_list(struct um_req *r);
struct um_list *um_list_get(struct um_list *l);
void um_list_put(struct um_list *l);
void um_list_put_void(void *l);
/* A new view that starts as `parent`. Return: its number or -errno. */
int um_view_split(uint32_t parent);
bool um_view_descends(uint32_t view, uint32_t from);
int um_view_get_name(uint32_t id, char out[65]);
/* No control character, no blank at either end. */
bool um_view_is_name(const char *name);
int um_view_set_name(uint32_t id, const char *name);

/* Changes of a view's list; each makes a new one. 0 or -errno. */
int um_view_add_mount(uint32_t id, struct um_mount *m);
int um_view_del_mount(uint32_t id, struct um_mount *m);
/* With all that is mounted on it, on top of what there is at `to`. */
int um_view_move_mount(uint32_t id, struct um_mount *m, const char *to);
/* One that was made without a place. */
int um_view_attach_mount(uint32_t id, struct um_mount *m, const char *to);
int um_view_add_service(uint32_t id, struct um_service *s);
int um_view_del_service(uint32_t id, const char *name);
int um_view_set_alias(uint32_t id, const char *name, const char *type);
/* Tell the agents anew which names they must ask about. */
void um_view_publish(void);
/* The mount point of mount i, and of a mount that the list may have. */
const char *um_list_point(const struct um_list *l, size_t i);
const char *um_list_point_of(const struct um_list *l, const struct um_mount *m);
bool um_list_has(const struct um_list *l, const struct um_mount *m);
/* How many views' lists hold the mount. */
size_t um_view_holders(const struct um_mount *m);

/* Alias of alias ... of a type; the type itself when there is none. */
const char *um_list_alias(const struct um_list *l, const char *type);
struct um_service *um_list_service(const struct um_list *l, const char *name);
/* The service whose name `fstype` begins with; the longest. */
struct um_service *um_list_server(const struct um_list *l, const char *fstype);

/* Load a module by spec "name[,args]" (service.c). */
int um_service_load(const char *spec, bool permanent, struct um_service **out);
bool um_service_exists(const char *name);
/*
 * Starts the network stack of a module that has one, as it is loaded: s->stack.
 * 0 or -errno.
 */
extern int (*um_service_stack_hook)(struct um_service *s, const char *args);
void um_service_put(struct um_service *s);
/* Where modules are looked for besides the standard places; before a setup. */
void um_service_set_dirs(const char *dirs);

#endif
