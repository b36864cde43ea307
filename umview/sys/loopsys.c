// SPDX-License-Identifier: GPL-2.0-or-later
/* loopsys.c - what /sys, /proc and the listings say of virtual loop devices */
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>

#include "sys/loop.h"
#include "sys/loopdev.h"

static const char *const files[] = { "/dev",
				     "/ro",
				     "/size",
				     "/removable",
				     "/loop/backing_file",
				     "/loop/autoclear",
				     "/loop/offset",
				     "/loop/sizelimit",
				     "/loop/partscan",
				     "/loop/dio" };

mode_t um_loop_sys_type(struct um_loop *l, const char *name)
{
	bool bound;

	um_lock(&um_loop_lock);
	bound = um_loop_is_bound(l);
	um_unlock(&um_loop_lock);
	if (!*name || (bound && !strcmp(name, "/loop")))
		return S_IFDIR;
	for (size_t i = 0; i < UM_ARRAY_SIZE(files); i++)
		if (!strcmp(name, files[i]) &&
		    (bound || strncmp(name, "/loop/", 6) != 0))
			return S_IFREG;
	return 0;
}

int um_loop_sys_list(struct um_loop *l, const char *name, um_fill_fn fill,
		     void *arg)
{
	size_t n = strlen(name);
	int stop = fill(arg, ".", 0, 4) || fill(arg, "..", 0, 4);

	if (!stop && !n && um_loop_sys_type(l, "/loop"))
		stop = fill(arg, "loop", 0, 4);
	for (size_t i = 0; !stop && i < UM_ARRAY_SIZE(files); i++) {
		const char *entry = files[i];

		if (!strncmp(entry, name, n) && entry[n] == '/' &&
		    !strchr(entry + n + 1, '/'))
			stop = fill(arg, entry + n + 1, 0, 8);
	}
	return 0;
}

char *um_loop_sys_text(struct um_loop *l, const char *name)
{
	char *text = NULL;
	int ret;

	um_lock(&um_loop_lock);
	if (!strcmp(name, "/dev"))
		ret = asprintf(&text, "%d:%d\n", UM_LOOP_MAJOR, l->n);
	else if (!strcmp(name, "/size"))
		ret = asprintf(&text, "%llu\n",
			       (unsigned long long)(l->size / UM_LOOP_SECTOR));
	else if (!strcmp(name, "/ro"))
		ret = asprintf(&text, "%d\n",
			       !!(l->info.lo_flags & LO_FLAGS_READ_ONLY));
	else if (!strcmp(name, "/loop/backing_file"))
		ret = asprintf(&text, "%s\n",
			       l->backing ? l->backing->path : "");
	else if (!strcmp(name, "/loop/offset"))
		ret = asprintf(&text, "%llu\n",
			       (unsigned long long)l->info.lo_offset);
	else if (!strcmp(name, "/loop/sizelimit"))
		ret = asprintf(&text, "%llu\n",
			       (unsigned long long)l->info.lo_sizelimit);
	else if (!strcmp(name, "/loop/autoclear"))
		ret = asprintf(&text, "%d\n",
			       !!(l->info.lo_flags & LO_FLAGS_AUTOCLEAR));
	else if (!strcmp(name, "/loop/partscan"))
		ret = asprintf(&text, "%d\n",
			       !!(l->info.lo_flags & LO_FLAGS_PARTSCAN));
	else
		ret = asprintf(&text, "0\n");
	um_unlock(&um_loop_lock);
	return ret < 0 ? NULL : text;
}

/* What /dev and /sys/block show of it. */
bool um_loop_names(const char *dir, um_fill_fn fill, void *arg)
{
	unsigned char type = 6; /* DT_BLK */
	char name[32];
	int n = -1;

	if (!strcmp(dir, "/sys/block"))
		type = 4;
	else if (strcmp(dir, "/dev") != 0)
		return false;
	for (bool any = false;; any = true) {
		struct um_loop *next = NULL;

		um_lock(&um_loop_lock);
		for (struct um_loop *l = um_loop_table; l; l = l->next)
			if (!l->removed && l->n > n &&
			    (!next || l->n < next->n))
				next = l;
		um_unlock(&um_loop_lock);
		if (!next || !fill)
			return any || next;
		n = next->n;
		snprintf(name, sizeof(name), "loop%d", n);
		if (fill(arg, name, (uint64_t)n + 2, type))
			return true;
	}
}

bool um_loop_any(void)
{
	bool any = false;

	um_lock(&um_loop_lock);
	for (const struct um_loop *l = um_loop_table; l && !any; l = l->next)
		any = um_loop_is_bound(l);
	um_unlock(&um_loop_lock);
	return any;
}

void um_loop_partitions(FILE *out)
{
	um_lock(&um_loop_lock);
	for (const struct um_loop *l = um_loop_table; l; l = l->next)
		if (um_loop_is_bound(l))
			fprintf(out, "%4d  %7d %10llu loop%d\n", UM_LOOP_MAJOR,
				l->n, (unsigned long long)(l->size / 1024),
				l->n);
	um_unlock(&um_loop_lock);
}
