// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * call.c - ioctl(2) on open devices
 *
 * A call is carried through the mount's own operation (um_fs_ioctl()), so that
 * it counts as one: the mount does not end meanwhile, and the file is not
 * closed. The numbers that carry it are no guest's: what guests ask of a device
 * comes by um_dev_ioctl() alone.
 */
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dev/opennode.h"

#define UM_DEV_CALL 0xd0e1f2a3u

int um_dev_copy_in(uint64_t at, void *buf, size_t n)
{
	UM_CORE_CODE;
	struct um_req *r = um_req_current();

	return r ? um_copy_in(r, um_uptr_of(at), buf, n) : -EFAULT;
}

/* Copy the argument in, have the module answer, copy it out. */
static long module_ioctl(struct um_devset *s, struct um_dev_call *c)
{
	const struct um_dev_ops *ops = s->dev.ops;
	unsigned long arg = c->r->arg[2];
	int how = -ENOTTY;
	UM_FREE void *data = NULL;
	size_t size;
	long ret;

	if (!ops->ioctl)
		return -ENOTTY;
	if (ops->ioctl_size)
		how = UM_DEV_OP(s, ops->ioctl_size(&s->dev, c->cmd));
	if (how < 0)
		how = (int)_IOC_SIZE(c->cmd) |
		      ((_IOC_DIR(c->cmd) & _IOC_WRITE) ? UM_DEV_IN : 0) |
		      ((_IOC_DIR(c->cmd) & _IOC_READ) ? UM_DEV_OUT : 0);
	size = (size_t)(how & UM_DEV_SIZE);
	if (!(how & (UM_DEV_IN | UM_DEV_OUT)))
		return UM_DEV_OP(s,
				 ops->ioctl(&s->dev, c->fh, c->cmd, arg, NULL));
	data = calloc(1, size + 1);
	if (!data)
		return -ENOMEM;
	if ((how & UM_DEV_IN) &&
	    um_copy_in(c->r, um_uptr_of(arg), data, size) < 0)
		return -EFAULT;
	ret = UM_DEV_OP(s, ops->ioctl(&s->dev, c->fh, c->cmd, arg, data));
	if (ret >= 0 && (how & UM_DEV_OUT) &&
	    um_copy_out(c->r, um_uptr_of(arg), data, size) < 0)
		return -EFAULT;
	return ret;
}

static long answer(struct um_devset *s, struct um_dev_call *c)
{
	long ret = -UM_ENOIOCTLCMD;

	if (s->own && s->own->ioctl)
		ret = s->own->ioctl(s, c);
	if (ret == -UM_ENOIOCTLCMD && um_devset_is_block(s))
		ret = um_blk_ioctl(s, c);
	if (ret == -UM_ENOIOCTLCMD)
		ret = module_ioctl(s, c);
	if (s->spec.debug)
		um_info("%s: ioctl %#x = %ld", c->node->path, c->cmd, ret);
	return ret;
}

struct call {
	struct um_dev_call c;
	long ret;
};

/* What a call through the file system's operation carries. */
struct handover {
	int fd;
	int ret;
};

#define UM_DEV_STREAM 0xd0e1f2a4u

int um_open_node_call(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		      void *data, size_t size)
{
	struct um_open_node *o = (struct um_open_node *)(uintptr_t)fh->fh;
	struct call *call = data;

	(void)fs;
	if (!o->set)
		return -ENOTTY;
	if (cmd == UM_DEV_CALL && size == sizeof(*call)) {
		call->c.node = o->node;
		call->c.fh = &o->fh;
		call->ret = answer(o->set, &call->c);
		return 0;
	}
	if (cmd == UM_DEV_STREAM && size == sizeof(struct handover)) {
		struct handover *h = data;

		h->ret = UM_DEV_OP(
			o->set,
			o->set->dev.ops->stream(&o->set->dev, &o->fh, h->fd));
		return 0;
	}
	/* the core, and modules, who ask how large it is */
	if (cmd != BLKGETSIZE64 || size < sizeof(uint64_t) ||
	    !um_devset_is_block(o->set))
		return -ENOTTY;
	um_lock(&um_dev_lock);
	memcpy(data, &o->node->size, sizeof(uint64_t));
	um_unlock(&um_dev_lock);
	return 0;
}

long um_dev_ioctl(struct um_req *r, struct um_obj *o, unsigned int cmd)
{
	struct call call = { .c = { .r = r, .cmd = cmd } };
	int ret = 0;

	/* who asks whether somebody has it open */
	if (cmd == BLKRRPART || cmd == BLKPG || (cmd >> 8) == 'L')
		um_vnode_busy(o->mount);
	if (cmd == BLKFLSBUF)
		ret = um_vnode_write_back(o->vnode);
	if (ret == 0)
		ret = um_vnode_ioctl(o->vnode, UM_DEV_CALL, &call,
				     sizeof(call));
	if (ret == 0 && call.c.wiped[1])
		ret = um_vnode_reread(o->vnode, (off_t)call.c.wiped[0],
				      (off_t)call.c.wiped[1]);
	if (ret == 0 && call.c.resized)
		um_vnode_remeasure(o->mount);
	return ret < 0 ? ret : call.ret;
}

int um_open_node_stream(struct um_mount *m, struct um_open_node *o, int fd)
{
	struct um_fh fh = { .fh = (uint64_t)(uintptr_t)o };
	struct handover h = { .fd = fd };
	int ret = um_fs_ioctl(m, &fh, UM_DEV_STREAM, &h, sizeof(h));

	return ret < 0 ? ret : h.ret;
}

long um_open_node_ioctl(struct um_req *r, struct um_mount *m,
			struct um_open_node *o, unsigned int cmd)
{
	struct um_fh fh = { .fh = (uint64_t)(uintptr_t)o };
	struct call call = { .c = { .r = r, .cmd = cmd } };
	int ret = um_fs_ioctl(m, &fh, UM_DEV_CALL, &call, sizeof(call));

	return ret < 0 ? ret : call.ret;
}
