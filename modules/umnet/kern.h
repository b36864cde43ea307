/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kern.h - a stack of the kernel's own, in a network namespace */
#ifndef UMNET_KERN_H
#define UMNET_KERN_H

struct um_fs;

/* source, options: as of umnetlwip; "none" and "": without interfaces */
int um_kern_mount(const char *source, const char *options, struct um_fs *fs);

#endif
