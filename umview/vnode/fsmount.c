// SPDX-License-Identifier: GPL-2.0-or-later
/* fsmount.c - hops about a mount as a whole, and questions to layers */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include <umview/binfmt.h>

#include "guest/shared.h"
#include "vnode/hop.h"

bool um_mount_is_readonly(const struct um_mount *m)
{
	/* a device that must not be written to says so itself */
	return !m->devices && (m->fs.readonly || (m->flags & MS_RDONLY));
}

int um_fs_statfs(struct um_mount *m, struct statfs *out)
{
	memset(out, 0, sizeof(*out));
	return (int)HOP(m, statfs, "/", -ENOSYS, out);
}

int um_fs_syncfs(struct um_mount *m)
{
	volatile int ret = -EIO;
	struct um_hop h;

	if (!m->fs.ops->syncfs)
		return 0;
	if (!um_hop_enter(m, &h))
		return -EIO;
	INSIDE(&h, ret = m->fs.ops->syncfs(&m->fs));
	return (int)um_hop_done(m, "syncfs", "/",
				um_hop_outcome(&h, "syncfs", ret));
}

bool um_fs_can_remount(const struct um_mount *m)
{
	return HAS(m, remount);
}

int um_fs_remount(struct um_mount *m, unsigned long flags, const char *options)
{
	return (int)HOP(m, remount, "/", 0, flags, options);
}

void um_fs_tell(struct um_mount *m, const struct um_told *name)
{
	struct um_hop h;

	if (!um_hop_enter(m, &h))
		return;
	INSIDE(&h, m->tell(m, name));
	um_hop_outcome(&h, "tell", 0);
}

int um_fs_binfmt(struct um_mount *m, struct um_binfmt_req *req)
{
	const struct um_fs_ops *ops = m->fs.ops;

	/* hardly any has it: exec should not pay */
	if (ops->size <= offsetof(struct um_fs_ops, binfmt) || !ops->binfmt ||
	    atomic_load(&m->dead))
		return 0;
	return (int)HOP(m, binfmt, req->path, 0, req);
}

bool um_fs_gives(const struct um_mount *m)
{
	return HAS(m, give);
}

int um_fs_give(struct um_mount *m, const char *path, int flags, mode_t mode)
{
	if (((flags & O_ACCMODE) != O_RDONLY ||
	     (flags & (O_CREAT | O_TRUNC))) &&
	    um_mount_is_readonly(m))
		return -EROFS;
	return (int)HOP(m, give, path, -ENOSYS, path, flags, mode);
}

int um_fs_where(struct um_mount *m, const char *path, char *out, size_t size)
{
	if (!HAS(m, where))
		return -ENOENT;
	return (int)HOP(m, where, path, -ENOENT, path, out, size);
}

bool um_fs_is_layer(const struct um_mount *m)
{
	return HAS(m, covers);
}

bool um_fs_covers(struct um_mount *m, const char *path, int how)
{
	return !HAS(m, covers) || HOP(m, covers, path, true, path, how) != 0;
}

int um_fs_name_of(struct um_mount *m, const char *below, char *out, size_t size)
{
	if (!HAS(m, name_of))
		return -ENOENT;
	return (int)HOP(m, name_of, below, -ENOENT, below, out, size);
}

void um_fs_moves(void)
{
	um_shared_set_moves();
}

int um_fs_moved(struct um_mount *m, const char *path, char *out, size_t size)
{
	if (!HAS(m, moved))
		return -ENOENT;
	return (int)HOP(m, moved, path, -ENOENT, path, out, size);
}

bool um_fs_dress(struct um_mount *m, struct stat *st)
{
	return HAS(m, dress) && HOP(m, dress, NULL, false, st) > 0;
}

void um_fs_cover_name(const char *name, bool beneath)
{
	um_shared_add_changed(name, beneath);
}

void um_fs_covered(void)
{
	um_shared_forget();
}

void um_fs_covered_file(void)
{
	um_shared_forget_whole();
}

void um_fs_cover_node(dev_t dev, ino_t ino)
{
	um_shared_add_dressed(dev, ino);
}
