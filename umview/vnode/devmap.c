// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * devmap.c - block devices that are mapped
 *
 * Each opening of a device has a vnode of its own, without content. Who maps it
 * is given another one in its place, the map: one for each device node, with the
 * content of all of it, for as long as somebody has it open or mapped. While
 * there is one, all openings read from it and write to it as well, so that maps
 * and calls see one content, as with the kernel's buffers.
 *
 * What a map changed is found by comparing with what the memory file was when
 * it was last written back (`base_fd`), not with the device: that may be changed
 * by other ways, as a whole disk is by way of a partition, and what nobody
 * changed here must not be written over it. As in the kernel, these ways do not
 * see one another before the last close.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vnode/internal.h"

/* Largest device that is copied into memory, to be mapped. */
#define MAX_MAPPED ((off_t)1 << 30)
/* Numbers of nodes are below it. */
#define MAP_BIT ((ino_t)1 << 62)

static atomic_int any;

static struct um_vnode *map_of(const struct um_vnode *v)
{
	if (!v->device || v->is_map || !atomic_load(&any))
		return NULL;
	return um_vnode_lookup(v->mount, v->node_ino | MAP_BIT);
}

struct um_vnode *um_devmap_lock(const struct um_vnode *v) UM_NO_TSA
{
	struct um_vnode *map = map_of(v);

	if (!map)
		return NULL;
	um_lock(&map->io);
	if (map->populated)
		return map;
	um_devmap_unlock(map);
	return NULL;
}

void um_devmap_unlock(struct um_vnode *map) UM_NO_TSA
{
	if (!map)
		return;
	um_unlock(&map->io);
	um_vnode_put(map);
}

ssize_t um_devmap_read(const struct um_vnode *map, void *buf, size_t n,
		       off_t off)
{
	return UM_SYS(pread(map->memfd, buf, n, off));
}

int um_devmap_follow(const struct um_vnode *map, const void *buf, size_t n,
		     off_t off)
{
	int ret = um_vnode_pwrite_all(map->memfd, buf, n, off);

	return ret < 0 ? ret : um_vnode_pwrite_all(map->base_fd, buf, n, off);
}

/* The same bytes of the device as it is now. */
static int refresh_locked(struct um_vnode *map, off_t off, off_t n)
{
	UM_FREE char *buf = malloc(UM_VN_CHUNK);
	int ret = buf ? um_vnode_need_fh(map, O_RDONLY) : -ENOMEM;

	while (ret == 0 && n > 0) {
		ssize_t got =
			um_fs_read(map->mount, um_vnode_any_fh(map), buf,
				   (size_t)UM_VN_MIN(n, UM_VN_CHUNK), off);

		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		ret = um_devmap_follow(map, buf, (size_t)got, off);
		off += got;
		n -= got;
	}
	return ret;
}

int um_vnode_reread(struct um_vnode *v, off_t off, off_t n) UM_NO_TSA
{
	struct um_vnode *map = v->is_map ? um_vnode_ref(v) : map_of(v);
	int ret = 0;

	if (!map)
		return 0;
	um_lock(&map->io);
	if (map->populated)
		ret = refresh_locked(map, off, n);
	um_devmap_unlock(map);
	return ret;
}

int um_vnode_write_back(struct um_vnode *v)
{
	struct um_vnode *map =
		v->device && !v->is_map ? map_of(v) : um_vnode_ref(v);
	int ret = map ? um_vnode_sync(map) : 0;

	um_vnode_put(map);
	return ret;
}

/* The pieces of one memory file that are no holes, into another. */
static int copy_data(int from, int to)
{
	UM_FREE char *buf = malloc(UM_VN_CHUNK);
	ssize_t n = 0;
	int ret = buf ? 0 : -ENOMEM;

	for (off_t off = 0; ret == 0; off += n) {
		off = lseek(from, off, SEEK_DATA);
		if (off < 0)
			return errno == ENXIO ? 0 : -errno;
		n = pread(from, buf, UM_VN_CHUNK, off);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		ret = um_vnode_pwrite_all(to, buf, (size_t)n, off);
	}
	return ret;
}

static int fill_locked(struct um_vnode *map)
{
	int ret;

	if (map->populated)
		return 0;
	if (map->base_fd < 0)
		map->base_fd = memfd_create("umview", MFD_CLOEXEC);
	if (map->base_fd < 0 || ftruncate(map->base_fd, map->size) < 0)
		return -errno;
	ret = um_vnode_populate_locked(map);
	if (ret == 0)
		ret = copy_data(map->memfd, map->base_fd);
	if (ret < 0)
		map->populated = false;
	return ret;
}

void um_devmap_gone(struct um_vnode *map)
{
	if (map->base_fd >= 0)
		close(map->base_fd);
	atomic_fetch_sub(&any, 1);
}

static int get(struct um_vnode *v, struct um_vnode **out)
{
	UM_FREE char *path = um_vnode_path(v);
	struct stat st = { .st_ino = v->node_ino | MAP_BIT,
			   .st_size = v->size };

	if (!path)
		return -ENODEV;
	if (!v->size || v->size > MAX_MAPPED)
		return v->size ? -ENOMEM : -ENODEV;
	return um_vnode_get_map(v->mount, path, &st, out);
}

int um_devmap_get(struct um_vnode *v, int flags, struct um_vnode **out)
{
	struct um_vnode *map;
	int ret = get(v, &map);

	if (ret < 0)
		return ret;
	um_lock(&map->io);
	ret = um_vnode_need_fh(map, flags & O_ACCMODE);
	if (ret == 0)
		ret = fill_locked(map);
	um_unlock(&map->io);
	if (ret < 0)
		um_vnode_let_go(map);
	else
		*out = map;
	return ret;
}

void um_devmap_began(struct um_vnode *map)
{
	map->device = map->is_map = map->volatile_data = true;
	map->base_fd = -1;
	atomic_fetch_add(&any, 1);
}
