// SPDX-License-Identifier: GPL-2.0-or-later
/* ops.c - the table of operations of a mount */
#include "ops.h"

static const struct um_fs_ops all = {
	.size = sizeof(struct um_fs_ops),
	.getattr = umfuse_op_getattr,
	.readlink = umfuse_op_readlink,
	.readdir = umfuse_op_readdir,
	.mknod = umfuse_op_mknod,
	.mkdir = umfuse_op_mkdir,
	.unlink = umfuse_op_unlink,
	.rmdir = umfuse_op_rmdir,
	.symlink = umfuse_op_symlink,
	.rename = umfuse_op_rename,
	.link = umfuse_op_link,
	.chmod = umfuse_op_chmod,
	.chown = umfuse_op_chown,
	.utimens = umfuse_op_utimens,
	.truncate = umfuse_op_truncate,
	.statfs = umfuse_op_statfs,
	.setxattr = umfuse_op_setxattr,
	.getxattr = umfuse_op_getxattr,
	.listxattr = umfuse_op_listxattr,
	.removexattr = umfuse_op_removexattr,
	.open = umfuse_op_open,
	.create = umfuse_op_create,
	.read = umfuse_op_read,
	.write = umfuse_op_write,
	.fallocate = umfuse_op_fallocate,
	.fsync = umfuse_op_fsync,
	.lseek = umfuse_op_lseek,
	.ioctl = umfuse_op_ioctl,
	.ioctl_dir = umfuse_op_ioctl_dir,
	.release = umfuse_op_release,
	.syncfs = umfuse_op_syncfs,
	.umount = umfuse_op_umount,
	.copy_file_range = umfuse_op_copy_file_range,
};

/* Leaves out what the program leaves out; the core knows how to answer. */
#define KEEP(name, has)                                                        \
	do {                                                                   \
		if (!(has))                                                    \
			ops->name = NULL;                                      \
	} while (0)

void umfuse_ops_init(struct um_fs_ops *ops, const struct fuse_operations *op)
{
	*ops = all;
	KEEP(readlink, op->readlink);
	KEEP(readdir, op->readdir);
	KEEP(mknod, op->mknod || op->create);
	KEEP(create, op->mknod || op->create);
	KEEP(mkdir, op->mkdir);
	KEEP(unlink, op->unlink);
	KEEP(rmdir, op->rmdir);
	KEEP(symlink, op->symlink);
	KEEP(rename, op->rename);
	KEEP(link, op->link);
	KEEP(chmod, op->chmod);
	KEEP(chown, op->chown);
	KEEP(utimens, op->utimens);
	KEEP(truncate, op->truncate);
	KEEP(setxattr, op->setxattr);
	KEEP(getxattr, op->getxattr);
	KEEP(listxattr, op->listxattr);
	KEEP(removexattr, op->removexattr);
	KEEP(read, op->read || op->read_buf);
	KEEP(write, op->write || op->write_buf);
	KEEP(fallocate, op->fallocate);
	KEEP(lseek, op->lseek);
	KEEP(copy_file_range, op->copy_file_range);
	KEEP(ioctl, op->ioctl);
	KEEP(ioctl_dir, op->ioctl);
}
