/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iso.h - private to umfuseiso9660: reading ISO 9660 images
 *
 * Terms. *sector*: 2048 bytes of the image, numbered from its begin. *block*:
 * the unit that an image counts extents in, mostly a sector. *record*: one
 * entry of a directory as it lies in the image (ECMA-119, 9.1). *system use*:
 * the end of a record, where the Rock Ridge fields are (SUSP, RRIP). *node*:
 * what a record comes to.
 *
 * Everything read from an image is untrusted: extents are checked against the
 * size of the image, lengths against what holds them, chains are bounded.
 *
 * Nothing of an open image changes but its cache of directories, which has a
 * lock; operations run in any number of threads.
 */
#ifndef UMFUSEISO9660_ISO_H
#define UMFUSEISO9660_ISO_H

#define FUSE_USE_VERSION 31

#include <fuse.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <umview/next.h>

#define ISO_PROGRAM "umfuseiso9660"
#define ISO_SECTOR  2048
/* Directories whose entries are kept; see dir.c. */
#define ISO_DIRS_KEPT 64

enum iso_names { ISO_PLAIN, ISO_JOLIET, ISO_ROCK };

/**
 * struct iso_options - options of a mount
 * @session: -1: the newest
 * @sector: first sector of the session, -1: look for it
 * @mode, @dmode: modes of files and directories, -1: as in the image
 */
struct iso_options {
	int norock;
	int nojoliet;
	int map_off;
	int session;
	long long sector;
	int mode;
	int dmode;
};

struct iso_dir;

/**
 * struct iso - an open image
 * @size: bytes of data in it
 * @stride, @lead: a raw CD image has sectors of 2352 bytes, data after a lead
 * @skip: bytes before the first field of a system use area
 */
struct iso {
	struct um_next_file *file;
	struct iso_options opt;
	uint64_t size;
	uint32_t stride;
	uint32_t lead;
	uint32_t block_size;
	uint64_t blocks;
	enum iso_names names;
	uint8_t skip;
	uint32_t root_block;
	uint32_t root_size;
	uid_t uid;
	gid_t gid;
	pthread_mutex_t lock;
	struct iso_dir *dirs[ISO_DIRS_KEPT];
	uint64_t turn;
};

/* A piece of a file. */
struct iso_extent {
	uint32_t block;
	uint32_t size;
};

/**
 * struct iso_node - a file, a directory...
 * @size: as the user sees it; @packed: bytes in the extents
 * @zisofs: version of the compression, 0: none
 * @link: target of a symbolic link, or NULL
 */
struct iso_node {
	uint64_t ino;
	mode_t mode;
	uint32_t nlink;
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	uint64_t size;
	uint64_t packed;
	struct timespec atime;
	struct timespec mtime;
	struct timespec ctime;
	int zisofs;
	size_t nextents;
	struct iso_extent *extents;
	char *link;
};

static inline uint16_t iso_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t iso_le32(const uint8_t *p)
{
	return (uint32_t)iso_le16(p) | (uint32_t)iso_le16(p + 2) << 16;
}

static inline uint64_t iso_le64(const uint8_t *p)
{
	return (uint64_t)iso_le32(p) | (uint64_t)iso_le32(p + 4) << 32;
}

/* All that may fail return 0 or a count, or -errno. */

/* volume.c: iso_open() says why it fails. */
int iso_open(struct iso *iso, const char *path, const struct iso_options *opt);
void iso_close(struct iso *iso);
/* Exactly n bytes, or -EIO. */
int iso_read(const struct iso *iso, uint64_t off, void *buf, size_t n);
/* Does the extent lie in the image? */
bool iso_has(const struct iso *iso, uint64_t block, uint64_t size);

/* node.c */

/* Offsets in a record. */
enum {
	REC_LENGTH = 0,
	REC_BLOCK = 2,
	REC_SIZE = 10,
	REC_TIME = 18,
	REC_FLAGS = 25,
	REC_UNIT = 26,
	REC_NAME_LENGTH = 32,
	REC_NAME = 33,
};

#define REC_IS_DIR	  0x02
#define REC_IS_ASSOCIATED 0x04
#define REC_GOES_ON	  0x80

/* The longest name in the bytes of UTF-8, without the 0. */
#define ISO_NAME_MAX 1024

/**
 * struct iso_record - a record and what it says; rec borrowed
 * @at: where in the image it lies
 * @hidden: not to be listed
 */
struct iso_record {
	const uint8_t *rec;
	uint64_t at;
	bool hidden;
	char name[ISO_NAME_MAX + 1];
	struct iso_node node;
};

int iso_record_read(const struct iso *iso, struct iso_record *r);
int iso_node_add_extent(struct iso_node *node, const uint8_t *rec);
int iso_node_copy(struct iso_node *to, const struct iso_node *from);
void iso_node_fini(struct iso_node *node);
void iso_node_stat(const struct iso *iso, const struct iso_node *node,
		   struct stat *out);
struct timespec iso_time7(const uint8_t *p);
struct timespec iso_time17(const uint8_t *p);

/* rock.c */

/* The root's record has Rock Ridge: sets iso->skip. */
bool iso_rock_detect(struct iso *iso, const uint8_t *rec);
/* What the system use area says goes into r. */
int iso_rock_read(const struct iso *iso, struct iso_record *r);

/* dir.c; a node that is given is the caller's: iso_node_fini(). */
int iso_root(struct iso *iso, struct iso_node *out);
int iso_find(struct iso *iso, const char *path, struct iso_node *out);
int iso_list(struct iso *iso, const struct iso_node *dir, void *buf,
	     fuse_fill_dir_t fill);
void iso_forget_dirs(struct iso *iso);

/* data.c */

/* Bytes of the extents. */
ssize_t iso_read_packed(const struct iso *iso, const struct iso_node *node,
			void *buf, size_t n, uint64_t off);

/* zisofs.c */

/**
 * struct iso_unzip - an open file that is compressed
 * @block: unpacked contents of block number @have
 */
struct iso_unzip {
	pthread_mutex_t lock;
	uint32_t block_size;
	uint32_t table;
	uint64_t have;
	size_t have_size;
	uint8_t *block;
};

int iso_unzip_open(const struct iso *iso, const struct iso_node *node,
		   struct iso_unzip **out);
void iso_unzip_close(struct iso_unzip *z);
ssize_t iso_unzip_read(const struct iso *iso, const struct iso_node *node,
		       struct iso_unzip *z, uint8_t *buf, size_t n,
		       uint64_t off);

#endif
