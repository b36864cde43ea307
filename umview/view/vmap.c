// SPDX-License-Identifier: GPL-2.0-or-later
/* vmap.c - which names a view's agents must ask about */
#include "view/vmap.h"

#include <string.h>
#include <sys/stat.h>

#include "guest/shared.h"
#include "view/path.h"

/* Files and links of /proc, /sys and /dev that the view answers for. */
static const char *const always[] = {
	"exe",		"root",	     "cwd",	   "maps",	  "smaps",
	"mounts",	"mountinfo", "mountstats", "filesystems", "partitions",
	"loop-control", "dev",	     "block",	   "mtab",	  "map_files",
	"fuse",		"cuse",
};

/* And where sockets are of a stack. */
static const char *const of_stacks[] = { "net", "resolv.conf",
					 "stub-resolv.conf" };
/* Beyond these there is one for all: every name is asked about. */
#define MAX_DEVICES 64

static const char *devices[MAX_DEVICES];
static atomic_uint ndevices;

void um_vmap_add_device(const char *name)
{
	unsigned int n = atomic_load(&ndevices);

	if (n < MAX_DEVICES)
		devices[n] = name;
	atomic_store(&ndevices, n + 1);
}

static void add(struct um_vmap *map, const char *name, size_t n)
{
	um_bloom_add(map->bloom, um_hash_text(name, n));
}

/* The last component of point[0..n). */
static void add_last(struct um_vmap *map, const char *point, size_t n)
{
	size_t from = n;

	while (from && point[from - 1] != '/')
		from--;
	if (from < n)
		add(map, point + from, n - from);
}

static void add_mount(struct um_vmap *map, const struct um_list *l, size_t i)
{
	const struct um_mount *m = l->mounts[i];
	const char *point = um_list_point(l, i);
	const char *slash = strrchr(point, '/');

	map->busy = 1;
	/* it tells by itself which names are its own */
	if (um_fs_is_layer(m)) {
		map->layers = 1;
		return;
	}
	if (!slash || !slash[1]) {
		map->all = 1;
		return;
	}
	add_last(map, point, strlen(point));
	/* its parent may have to show it */
	if (slash != point)
		add_last(map, point, (size_t)(slash - point));
}

static void add_name(void *arg, const char *name)
{
	add(arg, name, strlen(name));
}

void um_vmap_publish(uint32_t id, const struct um_list *l)
{
	unsigned int n = atomic_load(&ndevices);
	struct um_vmap map = { 0 };

	for (size_t i = 0; i < UM_ARRAY_SIZE(always); i++)
		add(&map, always[i], strlen(always[i]));
	for (size_t i = 0; i < n && i < MAX_DEVICES; i++)
		add(&map, devices[i], strlen(devices[i]));
	map.all = n > MAX_DEVICES;
	for (size_t i = 0; i < l->nmounts; i++) {
		add_mount(&map, l, i);
		map.net |= l->mounts[i]->fs.net != NULL;
	}
	for (size_t i = 0; i < l->nservices; i++)
		map.net |= l->services[i]->stack != NULL;
	for (size_t i = 0; map.net && i < UM_ARRAY_SIZE(of_stacks); i++)
		add(&map, of_stacks[i], strlen(of_stacks[i]));
	um_dev_each_name(l, add_name, &map);
	/* any node of the host's may be one of ours */
	if (um_dev_is_foreign(l))
		map.all = 1;
	um_shared_set_vmap(id, &map);
}
