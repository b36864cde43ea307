/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kern.h - a stack of the kernel's own, in a network namespace */
#ifndef UMNET_KERN_H
#define UMNET_KERN_H

struct um_fs;

int um_kern_mount(struct um_fs *fs);

#endif
