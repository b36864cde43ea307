/* SPDX-License-Identifier: GPL-2.0-or-later */
/* part.h - partition tables: MBR with extended partitions, and GPT */
#ifndef UM_DEV_PART_H
#define UM_DEV_PART_H

#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* As the kernel: DISK_MAX_PARTS, the disk itself counted. */
#define UM_PART_MAX 255

/**
 * struct um_part - one partition
 * @n: its number, from 1; logical ones from 5
 * @start, @size: in bytes
 * @uuid: as /dev/disk/by-partuuid has it
 */
struct um_part {
	unsigned int n;
	uint64_t start;
	uint64_t size;
	char uuid[37];
};

/* n bytes at off, all of them: 0 or -errno. */
typedef int (*um_part_read)(void *arg, void *buf, size_t n, uint64_t off);

/**
 * struct um_part_disk - what is looked at
 * @name: for messages
 * @size, @block: bytes, and the logical sector size
 */
struct um_part_disk {
	const char *name;
	uint64_t size;
	unsigned int block;
	um_part_read read;
	void *arg;
};

/*
 * The partitions of a disk, in the order of its table. What is wrong with the
 * table is logged, and left out. Return: how many; 0: there is no table, or an
 * empty one; -errno: the disk cannot be read.
 */
UM_MUST_CHECK int um_part_scan(const struct um_part_disk *d,
			       struct um_part out[UM_PART_MAX]);

#endif
