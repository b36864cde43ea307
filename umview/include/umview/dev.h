/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dev.h - what a device module implements
 *
 * A module umdevNAME is a shared object with one symbol, `um_dev_module`. The
 * module umdev loads it for mount(2) of the type umdevNAME, and calls its
 * mount function, which describes one device: a disk with its partitions, or a
 * character device with its sub devices. The core does the rest: nodes and
 * their attributes, numbers, /sys, /proc/partitions, partition tables, the
 * ioctls that all block devices answer, who may open what.
 *
 * Conventions, as in fs.h: 0 or a count is good, -errno bad; operations may be
 * called from any thread, several at once; no lock of the core is held.
 */
#ifndef UMVIEW_DEV_H
#define UMVIEW_DEV_H

#include <umview/module.h>

struct um_dev;

/**
 * struct um_dev_fh - an open device
 * @fh: for the module's own use (set it in open)
 * @flags: access mode of open(2), and O_EXCL
 * @sub: which sub device; 0: the device itself
 */
struct um_dev_fh {
	uint64_t fh;
	int flags;
	unsigned int sub;
};

/* What is to become of a range: see ioctl_list BLKDISCARD, BLKZEROOUT. */
enum um_dev_wipe {
	UM_DEV_DISCARD,
	UM_DEV_ZERO,
};

/* What um_dev_ops.ioctl_size says of a request's argument, with its size. */
#define UM_DEV_IN   0x10000000
#define UM_DEV_OUT  0x20000000
#define UM_DEV_SIZE 0x07ffffff

/**
 * struct um_dev_ops - operations of a device
 * @size: sizeof(struct um_dev_ops) when the module was built
 * @open: a guest opens the device. NULL: nothing to do. A block device is also
 *	read and written without being opened.
 * @release: last use of fh
 * @read: block: n bytes at off, which lie inside the device; `fh` may be NULL.
 *	Character: up to n bytes; off is the descriptor's offset, for those who
 *	want it. Must not wait; see @stream.
 * @write: likewise
 * @sync: what was written is on stable storage on return. NULL: always so.
 * @wipe: a range of a block device is discarded, or reads as zeros from now on.
 *	NULL, or it answers EOPNOTSUPP: discarding fails, zeros are written.
 * @ioctl: a request that the core does not answer itself; `arg` as the guest
 *	gave it, `data` what it points to, as ioctl_size() says. Return: the
 *	result of ioctl(2); ENOTTY: unknown. NULL: ENOTTY.
 * @ioctl_size: how large the argument of a request is, and whether it goes in
 *	or out: UM_DEV_IN, UM_DEV_OUT, both or none. NULL, or -ENOTTY: as the
 *	number says by _IOC().
 * @stream: of a device with @packets set: an open device is a SOCK_SEQPACKET
 *	socket, of which `fd` is the module's end, from now on its own. So
 *	guests sleep in read(2), write(2) and poll(2) of the kernel, and a
 *	packet is what one read or write moves. That the guest has closed its
 *	side is seen as end of file; release() follows. To hang up: shutdown(2).
 * @umount: called once, last; flush and free dev->priv.
 */
struct um_dev_ops {
	size_t size;
	int (*open)(struct um_dev *dev, struct um_dev_fh *fh);
	void (*release)(struct um_dev *dev, struct um_dev_fh *fh);
	ssize_t (*read)(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
			size_t n, off_t off);
	ssize_t (*write)(struct um_dev *dev, struct um_dev_fh *fh,
			 const void *buf, size_t n, off_t off);
	int (*sync)(struct um_dev *dev);
	int (*wipe)(struct um_dev *dev, enum um_dev_wipe how, uint64_t off,
		    uint64_t n);
	long (*ioctl)(struct um_dev *dev, struct um_dev_fh *fh,
		      unsigned int cmd, unsigned long arg, void *data);
	int (*ioctl_size)(struct um_dev *dev, unsigned int cmd);
	int (*stream)(struct um_dev *dev, struct um_dev_fh *fh, int fd);
	void (*umount)(struct um_dev *dev);
};

/**
 * struct um_dev - one device, as its module's mount function describes it
 * @ops, @priv: of the module
 * @next: the view beneath the mount point; set on entry
 * @type: S_IFBLK or S_IFCHR; 0: that of the target, else S_IFCHR
 * @packets: a character device that is read and written by packets; see @stream
 * @size: bytes of a block device; see um_dev_set_size()
 * @block: its logical sector size; 0: 512
 * @io_min, @io_opt: what it likes to be given at once; 0: @block; unknown
 * @heads, @sectors: for HDIO_GETGEO; 0: there is no geometry (ENOTTY)
 * @readonly: the core answers EPERM to whatever changes it
 * @rotational, @removable: shown in /sys
 * @partitions: its partitions are sub devices
 * @nsub: other sub devices, of a character device
 * @host_libc: what the module asks of libc in its operations is for the host,
 *	not for the view beneath
 * @core: the core's own
 * @number: of a character device, where neither an option nor what stands at
 *	the target says one; 0: none
 */
struct um_dev {
	const struct um_dev_ops *ops;
	void *priv;
	struct um_next *next;
	mode_t type;
	bool packets;
	uint64_t size;
	unsigned int block;
	unsigned int io_min;
	unsigned int io_opt;
	unsigned int heads;
	unsigned int sectors;
	bool readonly;
	bool rotational;
	bool removable;
	bool partitions;
	unsigned int nsub;
	bool host_libc;
	void *core;
	dev_t number;
};

#define UM_DEV_API 1

/**
 * struct um_dev_module - description of a device module
 * @api: UM_DEV_API
 * @size: sizeof(struct um_dev_module)
 * @name: the type that it serves, "umdevNAME"
 * @description: one line
 * @mount: describe the device. req->options has what umdev did not take. On
 *	failure log one line with um_err() that says why, and return -errno.
 */
struct um_dev_module {
	unsigned int api;
	size_t size;
	const char *name;
	const char *description;
	int (*mount)(const struct um_mount_req *req, struct um_dev *dev);
};

extern const struct um_dev_module um_dev_module;

/*
 * The device is a disk whose bytes are those of the file req->source, of the
 * view beneath. Read-only, if the mount is or the file cannot be written. Sets
 * all but dev->partitions; dev->block is heeded. 0, or -errno and a message.
 */
int um_dev_use_file(const struct um_mount_req *req, struct um_dev *dev);
/* dev->heads and dev->sectors, as suits dev->size. */
void um_dev_set_geometry(struct um_dev *dev);
/* 0 if req->options is empty, else a message and -EINVAL. */
int um_dev_no_options(const struct um_mount_req *req);
/* The value of an option sector=: into dev->block. 0 or -EINVAL. */
int um_dev_take_sector(const char *value, struct um_dev *dev);

/*
 * In an ioctl operation: more of the guest's memory than ioctl_size() could
 * tell. 0 or -EFAULT.
 */
int um_dev_copy_in(uint64_t at, void *buf, size_t n);
/*
 * Reads and writes of an open device of packets fail with this error from now
 * on; 0, as it is at first: they do not. Set it in open, stream or ioctl;
 * once it is 0 it stays so.
 */
void um_dev_hold(struct um_dev_fh *fh, int error);

/* The block device has another size now. */
void um_dev_set_size(struct um_dev *dev, uint64_t size);

/**
 * struct um_dev_spec - what the options of a mount say of its nodes
 * @type: S_IFBLK, S_IFCHR; 0: not said
 * @major, @minor: -1: not said; minor UM_DEV_ANY_MINOR: every one
 * @mode, @uid, @gid: -1: not said
 * @nsub: sub devices; -1: not said
 * @debug: log each operation
 * @ended: called after um_dev_ops.umount, with @arg
 */
struct um_dev_spec {
	mode_t type;
	long major;
	long minor;
	long mode;
	long uid;
	long gid;
	long nsub;
	bool debug;
	void (*ended)(void *arg);
	void *arg;
};

#define UM_DEV_ANY_MINOR 0x100000

/*
 * For umdev: the mount is one of this device, which is copied. 0 or -errno; the
 * device's module is to be told of the end (um_dev_ops.umount) only after 0.
 */
int um_dev_serve(struct um_fs *fs, const struct um_mount_req *req,
		 const struct um_dev *dev, const struct um_dev_spec *spec);

#endif
