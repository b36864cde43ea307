// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sysfs.c - what /sys says of virtual block devices; see sysfs(5)
 *
 * A directory for each disk, with one for each of its partitions inside, and
 * the files that programs read. None can be written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/dev.h"

#define FOR_DISKS 1
#define FOR_PARTS 2
#define FOR_ALL	  3

typedef int (*text_fn)(const struct um_devnode *n, char **out);

/**
 * struct attribute - one file
 * @text: what it says, unless @make does; without a newline
 */
struct attribute {
	const char *name;
	int who;
	text_fn make;
	const char *text;
};

static int say(char **out, unsigned long long value)
{
	return asprintf(out, "%llu\n", value);
}

static int say_dev(const struct um_devnode *n, char **out)
{
	return asprintf(out, "%u:%u\n", major(n->rdev), minor(n->rdev));
}

static int say_size(const struct um_devnode *n, char **out)
{
	return say(out, n->size / 512);
}

static int say_start(const struct um_devnode *n, char **out)
{
	return say(out, n->start / 512);
}

static int say_partition(const struct um_devnode *n, char **out)
{
	return say(out, n->n);
}

static int say_ro(const struct um_devnode *n, char **out)
{
	return say(out, um_blk_is_readonly_locked(n));
}

static int say_removable(const struct um_devnode *n, char **out)
{
	return say(out, n->set->dev.removable);
}

static int say_seq(const struct um_devnode *n, char **out)
{
	return say(out, n->set->serial);
}

static int say_block(const struct um_devnode *n, char **out)
{
	return say(out, um_devset_block(n->set));
}

static int say_io_min(const struct um_devnode *n, char **out)
{
	return say(out, n->set->dev.io_min ? n->set->dev.io_min
					   : um_devset_block(n->set));
}

static int say_io_opt(const struct um_devnode *n, char **out)
{
	return say(out, n->set->dev.io_opt);
}

static int say_rotational(const struct um_devnode *n, char **out)
{
	return say(out, n->set->dev.rotational);
}

static int say_discard_unit(const struct um_devnode *n, char **out)
{
	return say(out, n->set->dev.ops->wipe ? 4096 : 0);
}

static int say_discard_max(const struct um_devnode *n, char **out)
{
	return say(out, n->set->dev.ops->wipe ? 4294966784u : 0);
}

static int say_readahead(const struct um_devnode *n, char **out)
{
	return say(out, n->readahead / 2);
}

static int say_uevent(const struct um_devnode *n, char **out)
{
	char part[128] = "";

	if (n->n)
		snprintf(part, sizeof(part), "PARTN=%u\n%s%s%s", n->n,
			 *n->uuid ? "PARTUUID=" : "", n->uuid,
			 *n->uuid ? "\n" : "");
	return asprintf(out,
			"MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n"
			"DISKSEQ=%llu\n%s",
			major(n->rdev), minor(n->rdev),
			strncmp(n->path, "/dev/", 5) ? n->name : n->path + 5,
			n->n ? "partition" : "disk",
			(unsigned long long)n->set->serial, part);
}

#define NO_STAT                                                                \
	"       0        0        0        0        0        0        0        0        0        0        0"

static const struct attribute attributes[] = {
	{ "dev", FOR_ALL, say_dev, NULL },
	{ "size", FOR_ALL, say_size, NULL },
	{ "ro", FOR_ALL, say_ro, NULL },
	{ "uevent", FOR_ALL, say_uevent, NULL },
	{ "alignment_offset", FOR_ALL, NULL, "0" },
	{ "discard_alignment", FOR_ALL, NULL, "0" },
	{ "inflight", FOR_ALL, NULL, "       0        0" },
	{ "stat", FOR_ALL, NULL, NO_STAT },
	{ "partition", FOR_PARTS, say_partition, NULL },
	{ "start", FOR_PARTS, say_start, NULL },
	{ "removable", FOR_DISKS, say_removable, NULL },
	{ "hidden", FOR_DISKS, NULL, "0" },
	{ "diskseq", FOR_DISKS, say_seq, NULL },
	{ "capability", FOR_DISKS, NULL, "0" },
	{ "range", FOR_DISKS, NULL, "1" },
	{ "ext_range", FOR_DISKS, NULL, "256" },
	{ "queue/logical_block_size", FOR_DISKS, say_block, NULL },
	{ "queue/physical_block_size", FOR_DISKS, say_block, NULL },
	{ "queue/hw_sector_size", FOR_DISKS, say_block, NULL },
	{ "queue/minimum_io_size", FOR_DISKS, say_io_min, NULL },
	{ "queue/optimal_io_size", FOR_DISKS, say_io_opt, NULL },
	{ "queue/rotational", FOR_DISKS, say_rotational, NULL },
	{ "queue/discard_granularity", FOR_DISKS, say_discard_unit, NULL },
	{ "queue/discard_max_bytes", FOR_DISKS, say_discard_max, NULL },
	{ "queue/discard_max_hw_bytes", FOR_DISKS, say_discard_max, NULL },
	{ "queue/discard_zeroes_data", FOR_DISKS, NULL, "0" },
	{ "queue/write_zeroes_max_bytes", FOR_DISKS, NULL, "0" },
	{ "queue/write_same_max_bytes", FOR_DISKS, NULL, "0" },
	{ "queue/read_ahead_kb", FOR_DISKS, say_readahead, NULL },
	{ "queue/max_sectors_kb", FOR_DISKS, NULL, "1280" },
	{ "queue/max_hw_sectors_kb", FOR_DISKS, NULL, "1280" },
	{ "queue/max_segments", FOR_DISKS, NULL, "128" },
	{ "queue/max_segment_size", FOR_DISKS, NULL, "65536" },
	{ "queue/nr_requests", FOR_DISKS, NULL, "128" },
	{ "queue/rq_affinity", FOR_DISKS, NULL, "1" },
	{ "queue/scheduler", FOR_DISKS, NULL, "[none]" },
	{ "queue/add_random", FOR_DISKS, NULL, "0" },
	{ "queue/write_cache", FOR_DISKS, NULL, "write back" },
	{ "queue/dax", FOR_DISKS, NULL, "0" },
	{ "queue/fua", FOR_DISKS, NULL, "0" },
	{ "queue/nr_zones", FOR_DISKS, NULL, "0" },
	{ "queue/chunk_sectors", FOR_DISKS, NULL, "0" },
	{ "queue/zoned", FOR_DISKS, NULL, "none" },
	{ "holders/", FOR_ALL, NULL, NULL },
	{ "slaves/", FOR_DISKS, NULL, NULL },
};

static bool is_for(const struct attribute *a, const struct um_devnode *n)
{
	return a->who & (n->n ? FOR_PARTS : FOR_DISKS);
}

static const char *const *own_files(const struct um_devnode *n)
{
	static const char *const none[] = { NULL };
	const struct um_devset_own *own = n->set->own;

	return own && own->files && !n->n && own->has_files(n->set) ? own->files
								    : none;
}

/* `name` has a slash in front: the file itself, or its directory? */
static enum um_dev_kind compare(const char *name, const char *file)
{
	name++;
	while (*name && *name == *file) {
		name++;
		file++;
	}
	if (*name)
		return UM_DEV_NONE;
	if (!*file)
		return UM_DEV_FILE;
	return *file == '/' ? UM_DEV_DIR : UM_DEV_NONE;
}

enum um_dev_kind um_dev_sys_kind(const struct um_devnode *n, const char *name)
{
	enum um_dev_kind kind = *name ? UM_DEV_NONE : UM_DEV_DIR;

	if (kind == UM_DEV_NONE && !strcmp(name, "/subsystem"))
		return UM_DEV_LINK;
	for (size_t i = 0; kind == UM_DEV_NONE && i < UM_ARRAY_SIZE(attributes);
	     i++)
		if (is_for(&attributes[i], n))
			kind = compare(name, attributes[i].name);
	for (const char *const *f = own_files(n); kind == UM_DEV_NONE && *f;
	     f++)
		kind = compare(name, *f);
	return kind;
}

char *um_dev_sys_text(const struct um_devnode *n, const char *name)
{
	char *text = NULL;

	for (size_t i = 0; i < UM_ARRAY_SIZE(attributes); i++) {
		const struct attribute *a = &attributes[i];
		int ret;

		if (!is_for(a, n) || strcmp(name + 1, a->name) != 0)
			continue;
		ret = a->make ? a->make(n, &text)
			      : asprintf(&text, "%s\n", a->text);
		return ret < 0 ? NULL : text;
	}
	return n->set->own ? n->set->own->text(n->set, name + 1) : NULL;
}

/* From the directory of `path` to the node's own. */
ssize_t um_dev_sys_link(const struct um_devnode *n, const char *path, char *buf,
			size_t size)
{
	const struct um_devnode *disk = n->set->nodes;
	const char *to = "../../devices/virtual/block";
	char text[256];
	size_t len;

	if (!strncmp(path, "/sys/devices/", 13))
		snprintf(text, sizeof(text), "%s../../../../class/block",
			 n->n ? "../" : "");
	else
		snprintf(text, sizeof(text), "%s/%s%s%s",
			 strncmp(path, "/sys/block/", 11) ? to : to + 3,
			 disk->name, n->n ? "/" : "", n->n ? n->name : "");
	len = strlen(text) < size ? strlen(text) : size;
	memcpy(buf, text, len);
	return (ssize_t)len;
}

/* ---- listings ---- */

#define MAX_ENTRIES 320

/* Entries, gathered under the lock and told without it. */
struct entries {
	char *name[MAX_ENTRIES];
	unsigned char type[MAX_ENTRIES];
	size_t n;
};

static void add_entry(struct entries *e, const char *name, size_t n,
		      unsigned char type)
{
	for (size_t i = 0; i < e->n; i++)
		if (strlen(e->name[i]) == n && !strncmp(e->name[i], name, n))
			return;
	if (!n || e->n == UM_ARRAY_SIZE(e->name))
		return;
	e->name[e->n] = strndup(name, n);
	e->type[e->n] = type;
	e->n += e->name[e->n] != NULL;
}

/* The first part of a file's name below the directory. */
static void add_below(struct entries *e, const char *dir, const char *file)
{
	size_t n = strlen(dir);
	size_t len;

	if (n && (strncmp(file, dir + 1, n - 1) != 0 || file[n - 1] != '/'))
		return;
	file += n;
	len = strcspn(file, "/");
	add_entry(e, file, len, file[len] ? 4 : 8);
}

static void gather_locked(struct entries *e, const struct um_devnode *n,
			  const char *dir)
{
	for (size_t i = 0; i < UM_ARRAY_SIZE(attributes); i++)
		if (is_for(&attributes[i], n))
			add_below(e, dir, attributes[i].name);
	for (const char *const *f = own_files(n); *f; f++)
		add_below(e, dir, *f);
	if (*dir)
		return;
	add_entry(e, "subsystem", 9, 10);
	for (const struct um_devnode *d = n->n ? NULL : n->next; d; d = d->next)
		add_entry(e, d->name, strlen(d->name), 4);
}

int um_dev_sys_list(struct um_mount *m, const char *path, um_fill_fn fill,
		    void *arg)
{
	struct entries e = { .n = 0 };
	struct um_dev_place p;
	int stop;

	um_lock(&um_dev_lock);
	p = um_dev_place_locked(m, path);
	if (p.kind == UM_DEV_DIR)
		gather_locked(&e, p.node, p.rest);
	um_unlock(&um_dev_lock);
	if (p.kind != UM_DEV_DIR)
		return -ENOTDIR;
	stop = fill(arg, ".", 0, 4) || fill(arg, "..", 0, 4);
	for (size_t i = 0; i < e.n; i++) {
		if (!stop)
			stop = fill(arg, e.name[i], 0, e.type[i]);
		free(e.name[i]);
	}
	return 0;
}
