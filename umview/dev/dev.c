// SPDX-License-Identifier: GPL-2.0-or-later
/* dev.c - the table of virtual devices; numbers and names */
#include "dev/dev.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#include "dev/loop.h"
#include "guest/shared.h"
#include "vnode/attrcache.h"

#define MAX_MINORS 256

struct um_mutex um_dev_lock = UM_MUTEX_INIT(UM_RANK_LEAF);
struct um_devset *um_devsets;
struct um_mount *um_dev_shared;

unsigned int um_devset_block(const struct um_devset *s)
{
	return s->dev.block ? s->dev.block : 512;
}

uint64_t um_dev_next_serial(void)
{
	/* far from those that the host gives out */
	static _Atomic uint64_t serial = 1u << 24;

	return atomic_fetch_add(&serial, 1);
}

/* ---- numbers ---- */

/* A major number for local use that no driver of the host has. */
static unsigned int own_major(void)
{
	static atomic_uint found;
	unsigned int free_major = 254;
	bool taken[256] = { false };
	char line[128];
	unsigned int n;
	FILE *in;

	if (atomic_load(&found))
		return atomic_load(&found);
	in = fopen("/proc/devices", "re");
	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "%u", &n) == 1 && n < 256)
			taken[n] = true;
	if (in)
		fclose(in);
	while (free_major > 240 && taken[free_major])
		free_major--;
	atomic_store(&found, free_major);
	return free_major;
}

static dev_t own_number(void)
{
	static atomic_uint next;

	return makedev(own_major(),
		       atomic_fetch_add(&next, 1) * MAX_MINORS % (1u << 20));
}

/* ---- nodes ---- */

struct um_devnode *um_devnode_find_locked(struct um_devset *s, unsigned int n)
{
	struct um_devnode *d = s->nodes;

	while (d && d->n != n)
		d = d->next;
	return d;
}

/* Partitions of a name that ends in a digit are told apart by a `p`. */
static const char *between(const struct um_devset *s, const char *path)
{
	size_t n = strlen(path);

	return s->dev.partitions && n && isdigit((unsigned char)path[n - 1])
		       ? "p"
		       : "";
}

static bool name_is_taken_locked(const char *name)
{
	for (const struct um_devset *s = um_devsets; s; s = s->next)
		if (um_devset_is_block(s) && s->nodes &&
		    !strcmp(s->nodes->name, name))
			return true;
	return false;
}

/* One name in /sys is one disk: of two mounts /a/disk and /b/disk too. */
static void name_disk_locked(struct um_devnode *d)
{
	const char *slash = strrchr(d->path, '/');
	const char *base = slash ? slash + 1 : d->path;

	snprintf(d->name, sizeof(d->name), "%s", base);
	for (unsigned int i = 1; name_is_taken_locked(d->name); i++)
		snprintf(d->name, sizeof(d->name), "%.48s-%u", base, i);
}

static int name_node(struct um_devset *s, struct um_devnode *d,
		     const char *path)
{
	const char *p = between(s, path);

	if (!d->n) {
		d->path = strdup(path);
		return d->path ? 0 : -ENOMEM;
	}
	if (asprintf(&d->path, "%s%s%u", path, p, d->n) < 0) {
		d->path = NULL;
		return -ENOMEM;
	}
	snprintf(d->name, sizeof(d->name), "%.48s%s%u", s->nodes->name, p,
		 d->n);
	return 0;
}

static struct um_devnode *node_new(struct um_devset *s, unsigned int n,
				   const char *path, dev_t base)
{
	static _Atomic ino_t serial = 2;
	struct um_devnode *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->set = s;
	d->n = n;
	d->ino = atomic_fetch_add(&serial, 1);
	d->mode = s->dev.type | 0600;
	d->uid = getuid();
	d->gid = getgid();
	d->rdev = base ? base + n : 0;
	d->soft_block = 4096;
	d->readahead = 256;
	clock_gettime(CLOCK_REALTIME, &d->mtime);
	if (name_node(s, d, path) == 0)
		return d;
	free(d);
	return NULL;
}

static void node_free(struct um_devnode *d)
{
	free(d->path);
	free(d);
}

static void enter_locked(struct um_devset *s, struct um_devnode *d)
{
	struct um_devnode **at = &s->nodes;

	while (*at && (*at)->n < d->n)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
}

/* The number after /dev/loop8's is /dev/loop9's, not a partition's. */
static dev_t base_of_parts_locked(struct um_devset *s)
{
	if (!s->everywhere)
		return s->nodes->rdev;
	if (!s->parts)
		s->parts = own_number();
	return s->parts;
}

int um_devnode_add_locked(struct um_devset *s, unsigned int n, uint64_t start,
			  uint64_t size)
{
	const struct um_devnode *whole = s->nodes;
	struct um_devnode *d;

	if (um_devnode_find_locked(s, n))
		return -EEXIST;
	d = node_new(s, n, whole->path, base_of_parts_locked(s));
	if (!d)
		return -ENOMEM;
	d->mode = whole->mode;
	d->uid = whole->uid;
	d->gid = whole->gid;
	d->start = start;
	d->size = size;
	enter_locked(s, d);
	return 0;
}

void um_devnode_del_locked(struct um_devset *s, struct um_devnode *n)
{
	struct um_devnode **at = &s->nodes;

	while (*at && *at != n)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = n->next;
	node_free(n);
}

/* ---- sets ---- */

struct um_devset *um_devset_new(struct um_mount *m, const struct um_dev *dev,
				const char *path, dev_t rdev)
{
	struct um_devset *s = calloc(1, sizeof(*s));
	struct um_devnode *d;

	if (!s)
		return NULL;
	s->mount = m;
	s->dev = *dev;
	s->dev.core = s;
	s->serial = um_dev_next_serial();
	s->spec = (struct um_dev_spec){ .major = -1,
					.minor = -1,
					.mode = -1,
					.uid = -1,
					.gid = -1,
					.nsub = -1 };
	d = node_new(s, 0, path, rdev);
	if (!d) {
		free(s);
		return NULL;
	}
	d->size = dev->size;
	s->nodes = d;
	s->hidden = true;
	um_lock(&um_dev_lock);
	name_disk_locked(d);
	s->next = um_devsets;
	um_devsets = s;
	um_unlock(&um_dev_lock);
	return s;
}

void um_devset_free(struct um_devset *s)
{
	struct um_devset **at = &um_devsets;

	um_lock(&um_dev_lock);
	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	um_unlock(&um_dev_lock);
	while (s->nodes)
		um_devnode_del_locked(s, s->nodes);
	free(s);
}

void um_dev_names_changed(void)
{
	um_view_publish();
}

void um_devset_publish(struct um_devset *s)
{
	um_lock(&um_dev_lock);
	s->hidden = false;
	um_unlock(&um_dev_lock);
}

void um_dev_set_size(struct um_dev *dev, uint64_t size)
{
	struct um_devset *s = dev->core;

	um_lock(&um_dev_lock);
	dev->size = size;
	s->nodes->size = size;
	s->serial = um_dev_next_serial();
	um_unlock(&um_dev_lock);
}

/* ---- mounts ---- */

/* The type and number of what stands at the mount point. */
static void take_over(struct um_fs *fs, const char *path, struct um_dev *dev,
		      dev_t *rdev)
{
	struct stat st;

	*rdev = 0;
	if (um_next_stat(fs->next, path, &st) < 0 ||
	    !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		return;
	if (!dev->type)
		dev->type = st.st_mode & S_IFMT;
	if (dev->type == (st.st_mode & S_IFMT))
		*rdev = st.st_rdev;
}

static void apply_spec(struct um_devset *s, const struct um_dev_spec *spec)
{
	s->spec = *spec;
	s->any_minor = spec->minor == UM_DEV_ANY_MINOR;
	for (struct um_devnode *d = s->nodes; d; d = d->next) {
		if (spec->mode >= 0)
			d->mode = (d->mode & S_IFMT) | (mode_t)spec->mode;
		if (spec->uid >= 0)
			d->uid = (uid_t)spec->uid;
		if (spec->gid >= 0)
			d->gid = (gid_t)spec->gid;
	}
}

static dev_t number_of(const struct um_dev *dev, const struct um_dev_spec *spec,
		       dev_t taken)
{
	long minor = spec->minor;

	if (spec->major < 0 && minor < 0 && !taken && S_ISCHR(dev->type))
		return dev->number;
	if (spec->major < 0 && minor < 0)
		return taken ? taken : own_number();
	if (minor == UM_DEV_ANY_MINOR || minor < 0)
		minor = 0;
	return makedev(spec->major < 0 ? major(taken)
				       : (unsigned int)spec->major,
		       (unsigned int)minor);
}

static int add_subs(struct um_devset *s)
{
	int ret = 0;

	for (unsigned int n = 1; n <= s->dev.nsub && ret == 0; n++)
		ret = um_devnode_add_locked(s, n, 0, s->dev.size);
	return ret;
}

/* Its module crashed, or node_umount() has done it already. */
static void forget(struct um_mount *m)
{
	struct um_devset *s;

	um_lock(&um_dev_lock);
	for (s = um_devsets; s && s->mount != m; s = s->next)
		;
	um_unlock(&um_dev_lock);
	if (s)
		um_devset_free(s);
}

int um_dev_serve(struct um_fs *fs, const struct um_mount_req *req,
		 const struct um_dev *dev, const struct um_dev_spec *spec)
{
	struct um_mount *m = um_container(fs, struct um_mount, fs);
	struct um_dev mine = *dev;
	struct um_devset *s;
	dev_t taken;
	int ret = 0;

	if (spec->type)
		mine.type = spec->type;
	take_over(fs, req->target, &mine, &taken);
	if (!mine.type)
		mine.type = S_IFCHR;
	if (spec->nsub >= 0 && !mine.partitions)
		mine.nsub = (unsigned int)spec->nsub;
	if (req->flags & MS_RDONLY)
		mine.readonly = true;
	s = um_devset_new(m, &mine, req->target, number_of(&mine, spec, taken));
	if (!s)
		return -ENOMEM;
	s->foreign = s->nodes->rdev && major(s->nodes->rdev) != own_major();
	ret = add_subs(s);
	if (ret == 0 && mine.partitions)
		ret = um_parts_scan(s);
	if (ret < 0) {
		um_devset_free(s);
		return ret;
	}
	apply_spec(s, spec);
	um_devset_publish(s);
	fs->ops = &um_dev_fs_ops;
	fs->priv = s;
	fs->readonly = false;
	/* the core's own code comes between: UM_DEV_OP() */
	s->beneath = m->capture && !mine.host_libc ? m->beneath : NULL;
	m->capture = false;
	m->devices = true;
	m->forget_devices = forget;
	m->root_type = mine.type;
	um_attrcache_free(um_steal(m->cache));
	return 0;
}

int um_dev_setup(void)
{
	int ret;

	um_dev_shared = um_mount_new_devices("dev", &um_dev_fs_ops);
	if (!um_dev_shared)
		return -ENOMEM;
	ret = um_dev_names_setup();
	return ret < 0 ? ret : um_loop_setup();
}
