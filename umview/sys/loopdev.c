// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loopdev.c - the table of virtual loop devices
 *
 * Devices are never freed: LOOP_CTL_REMOVE hides one. A number that the host
 * has is left alone.
 */
#include "sys/loopdev.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/shared.h"

#define MAX_NUMBER (1 << 20)

struct um_mutex um_loop_lock = UM_MUTEX_INIT(UM_RANK_LEAF);
struct um_loop *um_loop_table;

void um_backing_put(struct um_backing *b)
{
	if (!b || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	um_next_close(b->file);
	free(b->path);
	free(b);
}

/* The backing file (ref), or NULL. */
struct um_backing *um_backing_of(struct um_loop *l)
{
	struct um_backing *b;

	um_lock(&um_loop_lock);
	b = l->backing;
	if (b)
		atomic_fetch_add(&b->refs, 1);
	um_unlock(&um_loop_lock);
	return b;
}

bool um_loop_is_bound(const struct um_loop *l)
{
	return l->backing && !l->removed;
}

static struct um_loop *find_locked(int n)
{
	struct um_loop *l = um_loop_table;

	while (l && l->n != n)
		l = l->next;
	return l;
}

/* N of "<prefix>N<rest>", where rest is "" or begins with a slash; -ENOENT. */
int um_loop_number(const char *path, const char *prefix, const char **rest)
{
	size_t len = strlen(prefix);
	char *end;
	long n;

	path += strncmp(path, prefix, len) == 0 ? len : strlen(path);
	if (path[0] < '0' || path[0] > '9' || (path[0] == '0' && path[1] > '/'))
		return -ENOENT;
	n = strtol(path, &end, 10);
	*rest = end;
	return (*end && *end != '/') || n >= MAX_NUMBER ? -ENOENT : (int)n;
}

struct um_loop *um_loop_by_number(int n)
{
	struct um_loop *l;

	um_lock(&um_loop_lock);
	l = n < 0 ? NULL : find_locked(n);
	if (l && l->removed)
		l = NULL;
	um_unlock(&um_loop_lock);
	return l;
}

/* The device whose node the path is; NULL: none. */
struct um_loop *um_loop_find(const char *path)
{
	const char *rest;
	int n = um_loop_number(path, UM_LOOP_DEVICE, &rest);

	return n < 0 || *rest ? NULL : um_loop_by_number(n);
}

/* Whether the host's own devices serve the user. */
bool um_loop_host_serves(void)
{
	static atomic_int answer;

	if (!atomic_load(&answer)) {
		int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
		atomic_store(&answer, fd < 0 ? 1 : 2);
		if (fd >= 0)
			close(fd);
	}
	return atomic_load(&answer) == 2;
}

static bool host_has(int n)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/loop%d", n);
	if (lstat(path, &st) == 0)
		return true;
	snprintf(path, sizeof(path), "/sys/block/loop%d", n);
	return lstat(path, &st) == 0;
}

int um_loop_add(int n)
{
	struct um_loop *l;
	int ret = n;

	if (n < 0 || n >= MAX_NUMBER)
		return -EINVAL;
	if (host_has(n))
		return -EEXIST;
	um_lock(&um_loop_lock);
	l = find_locked(n);
	if (l && !l->removed) {
		ret = -EEXIST;
	} else if (l) {
		l->removed = false;
	} else if (!(l = calloc(1, sizeof(*l)))) {
		ret = -ENOMEM;
	} else {
		l->n = n;
		l->next = um_loop_table;
		um_loop_table = l;
	}
	um_unlock(&um_loop_lock);
	atomic_store(&um_dev_any, true);
	um_shared_set_devs();
	return ret;
}

int um_loop_get_free(void)
{
	int n = -ENOENT;

	um_loop_heed_closes();
	um_lock(&um_loop_lock);
	for (const struct um_loop *l = um_loop_table; l; l = l->next)
		if (!l->backing && !l->removed && (n < 0 || l->n < n))
			n = l->n;
	um_unlock(&um_loop_lock);
	for (int i = 0; n < 0 && i < MAX_NUMBER; i++) {
		n = um_loop_add(i);
		if (n < 0 && n != -EEXIST)
			return n;
	}
	return n;
}

int um_loop_remove(int n)
{
	struct um_loop *l;
	int ret = 0;

	um_lock(&um_loop_lock);
	l = find_locked(n);
	if (!l || l->removed)
		ret = -ENODEV;
	else if (l->backing || l->opens)
		ret = -EBUSY;
	else
		l->removed = true;
	um_unlock(&um_loop_lock);
	return ret;
}

int um_loop_sync(struct um_loop *l)
{
	struct um_backing *b = um_backing_of(l);
	int ret = b ? um_next_fsync(b->file, false) : 0;

	um_backing_put(b);
	return ret;
}
