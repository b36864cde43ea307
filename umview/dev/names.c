// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names.c - which names of a view are those of virtual devices
 *
 *   the nodes		the mount point, and what it is followed by: a number,
 *			or `p` and a number. Of a disk that took the place of
 *			one of the host's, the partitions that it lacks hide
 *			the host's
 *   /sys/devices/virtual/block/NAME, with a directory for each partition
 *   /sys/block/NAME, /sys/class/block/NAME, /sys/dev/block/M:m   links to it
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/dev.h"
#include "dev/loop.h"
#include "dev/part.h"
#include "guest/shared.h"

#define SYS_DIR "/sys/devices/virtual/block"

/* What follows prefix, or NULL. */
static const char *after(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) ? NULL : path + n;
}

/* A decimal number without leading zeros up to the end of the text; 0: none. */
static long whole_number(const char *text)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*text) || (text[0] == '0' && text[1]) ||
	    strlen(text) > 9)
		return 0;
	n = strtol(text, &end, 10);
	return *end ? 0 : n;
}

static bool has_subs(const struct um_devset *s)
{
	return s->dev.partitions || s->dev.nsub;
}

static struct um_dev_place at_node(struct um_devset *s, const char *path)
{
	struct um_dev_place p = { .kind = UM_DEV_NONE, .set = s };
	const char *point = s->nodes->path;
	const char *rest = after(path, point);
	long n;

	if (!rest)
		return p;
	p.kind = UM_DEV_NODE;
	p.node = s->nodes;
	if (!*rest)
		return p;
	if (s->dev.partitions && isdigit((unsigned char)rest[-1]))
		rest += *rest == 'p' ? 1 : strlen(rest);
	n = has_subs(s) ? whole_number(rest) : 0;
	p.node = n > 0 ? um_devnode_find_locked(s, (unsigned int)n) : NULL;
	if (!p.node)
		p.kind = s->foreign && s->dev.partitions && n > 0 &&
					 n <= UM_PART_MAX
				 ? UM_DEV_ABSENT
				 : UM_DEV_NONE;
	return p;
}

/* The first part of `path`, if it is the name of a node, and what follows. */
static const char *node_named(struct um_devnode *d, const char *path)
{
	const char *rest = after(path, d->name);

	return rest && (!*rest || *rest == '/') ? rest : NULL;
}

/* NAME, NAME/file, NAME/PARTITION/file */
static struct um_dev_place at_sys_dir(struct um_devset *s, const char *path)
{
	struct um_dev_place p = { .kind = UM_DEV_NONE, .set = s };
	const char *rest = node_named(s->nodes, path);

	if (!rest)
		return p;
	p.node = s->nodes;
	for (struct um_devnode *d = s->nodes->next; d && *rest; d = d->next) {
		const char *deeper = node_named(d, rest + 1);

		if (!deeper)
			continue;
		p.node = d;
		rest = deeper;
		break;
	}
	p.rest = rest;
	p.kind = um_dev_sys_kind(p.node, rest);
	if (p.kind == UM_DEV_NONE)
		p.kind = UM_DEV_ABSENT;
	return p;
}

static struct um_dev_place at_link(struct um_devset *s, const char *name,
				   bool by_number, bool parts)
{
	struct um_dev_place p = { .kind = UM_DEV_NONE, .set = s };
	char number[32];

	for (struct um_devnode *d = s->nodes; d; d = d->next) {
		if (d->n && !parts)
			break;
		snprintf(number, sizeof(number), "%u:%u", major(d->rdev),
			 minor(d->rdev));
		if (strcmp(name, by_number ? number : d->name) != 0)
			continue;
		p.kind = UM_DEV_LINK;
		p.node = d;
		break;
	}
	return p;
}

static struct um_dev_place at_sys(struct um_devset *s, const char *path)
{
	struct um_dev_place none = { .kind = UM_DEV_NONE };
	const char *rest = after(path, SYS_DIR "/");

	if (!um_devset_is_block(s))
		return none;
	if (rest)
		return at_sys_dir(s, rest);
	if ((rest = after(path, "/sys/block/")))
		return at_link(s, rest, false, false);
	if ((rest = after(path, "/sys/class/block/")))
		return at_link(s, rest, false, true);
	if ((rest = after(path, "/sys/dev/block/")))
		return at_link(s, rest, true, true);
	return none;
}

struct um_dev_place um_dev_place_locked(const struct um_mount *m,
					const char *path)
{
	bool sys = strncmp(path, "/sys/", 5) == 0;
	struct um_dev_place p = { .kind = UM_DEV_NONE };

	for (struct um_devset *s = um_devsets; s; s = s->next) {
		if (s->mount != m || s->hidden)
			continue;
		if (!s->everywhere && !strcmp(path, "/"))
			return at_node(s, s->nodes->path);
		p = sys ? at_sys(s, path) : at_node(s, path);
		if (p.kind != UM_DEV_NONE)
			return p;
	}
	return p;
}

static bool covers(const struct um_mount *m, const char *path)
{
	struct um_dev_place p;

	/* inside the mount this would be the mount point */
	if (!path[1])
		return false;
	um_lock(&um_dev_lock);
	p = um_dev_place_locked(m, path);
	um_unlock(&um_dev_lock);
	return p.kind != UM_DEV_NONE;
}

/* For what stands in no list. */
static struct um_mount *find(const char *path)
{
	if (strncmp(path, "/dev/loop", 9) != 0 &&
	    strncmp(path, "/sys/", 5) != 0)
		return NULL;
	return covers(um_dev_shared, path) ? um_dev_shared : NULL;
}

int um_dev_source(struct um_req *r, const char *path, bool readonly,
		  const char **out)
{
	const char *rel;
	struct um_mount *m = um_list_find(r->list, path, &rel);
	struct um_devset *s = NULL;
	struct um_dev_place p;
	bool protects = false;
	bool whole = false;
	int ret = 0;

	*out = path;
	if (!m->devices)
		return 0;
	um_lock(&um_dev_lock);
	p = um_dev_place_locked(m, rel);
	if (p.kind == UM_DEV_NODE && um_devset_is_block(p.set)) {
		s = p.set;
		whole = !p.node->n;
		protects = um_blk_is_readonly_locked(p.node);
	}
	um_unlock(&um_dev_lock);
	if (!s)
		return 0;
	if (whole)
		ret = um_loop_backing(r, s, out);
	if (ret < 0)
		return ret;
	return protects && !readonly ? -EACCES : 1;
}

/* ---- listings ---- */

/* A name that a directory is to show, if its mount is the one that counts. */
struct shown {
	struct um_mount *mount;
	char *path;
	const char *name;
	ino_t ino;
	unsigned char type;
};

struct shown_list {
	struct shown *v;
	size_t n;
};

static void show(struct shown_list *out, const struct um_devset *s,
		 const struct um_devnode *d, unsigned char type, char *path)
{
	struct shown *grown;

	grown = path ? realloc(out->v, (out->n + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(path);
		return;
	}
	out->v = grown;
	grown[out->n++] = (struct shown){ .mount = s->mount,
					  .path = path,
					  .name = strrchr(path, '/') + 1,
					  .ino = d->ino,
					  .type = type };
}

static char *join(const char *dir, const char *name)
{
	char *p;

	return asprintf(&p, "%s/%s", dir, name) < 0 ? NULL : p;
}

static void show_node(struct shown_list *out, const struct um_devset *s,
		      const struct um_devnode *d, const char *dir)
{
	const char *slash = strrchr(d->path, '/');
	size_t n = (size_t)(slash - d->path);
	char number[32];

	if (strlen(dir) == (n ? n : 1) && !strncmp(dir, d->path, n ? n : 1) &&
	    (d->n || s->everywhere))
		show(out, s, d, S_ISBLK(d->mode) ? 6 : 2, strdup(d->path));
	if (!um_devset_is_block(s))
		return;
	if (!d->n && !strcmp(dir, SYS_DIR))
		show(out, s, d, 4, join(dir, d->name));
	if ((!d->n && !strcmp(dir, "/sys/block")) ||
	    !strcmp(dir, "/sys/class/block"))
		show(out, s, d, 10, join(dir, d->name));
	snprintf(number, sizeof(number), "%u:%u", major(d->rdev),
		 minor(d->rdev));
	if (!strcmp(dir, "/sys/dev/block"))
		show(out, s, d, 10, join(dir, number));
}

static bool is_seen(const struct um_list *l, const struct um_devset *s)
{
	return !s->hidden && (s->everywhere || um_list_has(l, s->mount));
}

/* What the directory is to show, and hides: um_dev_class.names. */
static bool names(const struct um_list *l, const char *dir, um_fill_fn fill,
		  void *arg)
{
	struct shown_list all = { 0 };
	bool any = false;
	bool stop = false;

	um_lock(&um_dev_lock);
	for (const struct um_devset *s = um_devsets; s; s = s->next)
		for (struct um_devnode *d = s->nodes; d && is_seen(l, s);
		     d = d->next)
			show_node(&all, s, d, dir);
	um_unlock(&um_dev_lock);
	for (size_t i = 0; i < all.n; i++) {
		const char *rel;

		if (!stop &&
		    um_list_find(l, all.v[i].path, &rel) == all.v[i].mount) {
			any = true;
			stop = fill && fill(arg, all.v[i].name, all.v[i].ino,
					    all.v[i].type);
		}
		free(all.v[i].path);
	}
	free(all.v);
	return any;
}

/* Names for the agents to ask about, in a view with this list. */
static void each_name(const struct um_list *l,
		      void (*add)(void *arg, const char *name), void *arg)
{
	char number[32];

	um_lock(&um_dev_lock);
	for (const struct um_devset *s = um_devsets; s; s = s->next) {
		for (const struct um_devnode *d = s->nodes; d && is_seen(l, s);
		     d = d->next) {
			snprintf(number, sizeof(number), "%u:%u",
				 major(d->rdev), minor(d->rdev));
			add(arg, strrchr(d->path, '/') + 1);
			if (!um_devset_is_block(s))
				continue;
			add(arg, d->name);
			add(arg, number);
		}
	}
	um_unlock(&um_dev_lock);
}

/* ---- numbers ---- */

static bool is_foreign(const struct um_list *l)
{
	bool any = false;

	um_lock(&um_dev_lock);
	for (const struct um_devset *s = um_devsets; s && !any; s = s->next)
		any = s->foreign && is_seen(l, s);
	um_unlock(&um_dev_lock);
	return any;
}

static bool has_number(const struct um_devset *s, const struct um_devnode *d,
		       mode_t type, dev_t rdev)
{
	if (s->dev.type != type || !d->rdev)
		return false;
	return d->rdev == rdev ||
	       (s->any_minor && !d->n && major(d->rdev) == major(rdev));
}

/* Which of two mounts is the newer one, in this list. */
static bool is_newer(const struct um_list *l, const struct um_mount *a,
		     const struct um_mount *b)
{
	for (size_t i = l->nmounts; b && i-- > 0;)
		if (l->mounts[i] == a || l->mounts[i] == b)
			return l->mounts[i] == a;
	return !b;
}

static struct um_mount *by_number(struct um_req *r, mode_t type, dev_t rdev,
				  const char **rel)
{
	struct um_mount *m = NULL;

	um_lock(&um_dev_lock);
	for (struct um_devset *s = um_devsets; s; s = s->next) {
		for (struct um_devnode *d = s->nodes; d && is_seen(r->list, s);
		     d = d->next) {
			if (!has_number(s, d, type, rdev) ||
			    !is_newer(r->list, s->mount, m))
				continue;
			m = s->mount;
			*rel = d->n || s->everywhere ? um_req_strdup(r, d->path)
						     : "/";
		}
	}
	um_unlock(&um_dev_lock);
	return m && *rel ? m : NULL;
}

bool um_dev_any_block(const struct um_list *l)
{
	bool any = false;

	um_lock(&um_dev_lock);
	for (const struct um_devset *s = um_devsets; s && !any; s = s->next)
		any = um_devset_is_block(s) && is_seen(l, s);
	um_unlock(&um_dev_lock);
	return any;
}

void um_dev_partitions(const struct um_list *l, FILE *out)
{
	um_lock(&um_dev_lock);
	for (const struct um_devset *s = um_devsets; s; s = s->next)
		for (const struct um_devnode *d = s->nodes;
		     d && um_devset_is_block(s) && is_seen(l, s); d = d->next)
			if (d->size)
				fprintf(out, "%4u  %7u %10llu %s\n",
					major(d->rdev), minor(d->rdev),
					(unsigned long long)(d->size / 1024),
					d->name);
	um_unlock(&um_dev_lock);
}

static struct um_dev_class class = { .find = find,
				     .names = names,
				     .covers = covers,
				     .each_name = each_name,
				     .is_foreign = is_foreign,
				     .by_number = by_number };

int um_dev_names_setup(void)
{
	um_dev_add(&class);
	return 0;
}
