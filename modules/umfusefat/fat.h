/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fat.h - FAT12, FAT16 and FAT32 with long names, read and written
 *
 * Source: Microsoft's FAT32 File System Specification of 2000 ("fatgen103"),
 * and what fsck.fat accepts. One operation runs at a time (-s), so there are
 * no locks.
 *
 * A file is its directory entry, 32 bytes somewhere in the image; that place
 * names it here (struct fat_entry). The table is read through a window. A
 * directory that was looked at is kept in memory with its names (struct fat_dir),
 * and written through: what an operation has done is in the image, but for the
 * window, when it returns.
 */
#ifndef UMFUSEFAT_FAT_H
#define UMFUSEFAT_FAT_H

#define FUSE_USE_VERSION 312

#include <fuse.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <umview/module.h>

#define FAT_PROGRAM "umfusefat"

#define FAT_READ_ONLY 0x01
#define FAT_VOLUME    0x08
#define FAT_DIRECTORY 0x10
#define FAT_ARCHIVE   0x20
#define FAT_LONG      0x0f

#define FAT_END	     UINT32_MAX
#define FAT_FREE     0u
#define FAT_SLOT     32
#define FAT_MAX_NAME 255
/* A multiple of 512 and of the 3 bytes that two entries of FAT12 have. */
#define FAT_WINDOW  49152
#define FAT_NDIRS   16
#define FAT_DIR_MAX 65536u

/**
 * struct fat_entry - a directory entry, read
 * @off: place in the image; 0: the root, which has none
 * @first: its first cluster, 0: none
 */
struct fat_entry {
	uint64_t off;
	uint32_t first;
	uint32_t size;
	uint8_t attr;
	struct timespec mtime;
	struct timespec atime;
	struct timespec ctime;
};

/**
 * struct fat_name - one name of a directory
 * @slot, @nslots: where its entries are, the short one last
 */
struct fat_name {
	char *text;
	uint32_t hash;
	uint32_t slot;
	uint32_t nslots;
};

/**
 * struct fat_dir - a directory in memory
 * @first: its first cluster; 0: the fixed root of FAT12 and FAT16
 * @slots: its content, @nslots of FAT_SLOT bytes
 * @clusters: where that lies; NULL for the fixed root
 * @used: when last
 */
struct fat_dir {
	bool valid;
	uint32_t first;
	uint8_t *slots;
	uint32_t nslots;
	uint32_t *clusters;
	uint32_t nclusters;
	struct fat_name *names;
	uint32_t nnames;
	uint32_t room;
	uint64_t used;
};

/* An open file; @at caches a place in its chain, good while `chains` holds. */
struct fat_file {
	struct fat_file *next;
	uint64_t off;
	uint32_t index;
	uint32_t cluster;
	uint64_t chains;
};

/**
 * struct fat - a mounted file system
 * @nclusters: clusters are numbered 2 to nclusters + 1
 * @free: how many are free, FAT_END: not counted yet
 * @hint: where to look for a free one
 * @chains: grows with every cluster that is given back
 */
struct fat {
	struct um_next_file *image;
	bool readonly;
	bool dirty;
	int bits;
	uint32_t cluster_size;
	uint32_t nfats;
	uint32_t active;
	uint64_t table_off;
	uint64_t table_size;
	uint64_t root_off;
	uint32_t root_slots;
	uint32_t root_first;
	uint64_t data_off;
	uint32_t nclusters;
	uint32_t info_off;
	uint32_t free;
	uint32_t hint;
	uint64_t chains;
	uint8_t *window;
	uint64_t window_off;
	bool window_dirty;
	struct fat_dir dirs[FAT_NDIRS];
	uint64_t clock;
	struct fat_file *files;
	uid_t uid;
	gid_t gid;
	mode_t fmask;
	mode_t dmask;
};

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

/* volume.c: all of n bytes, or -errno */
int fat_open(struct fat *fs, const char *path, bool readonly);
int fat_close(struct fat *fs);
int fat_read(struct fat *fs, uint64_t off, void *buf, size_t n);
int fat_write(struct fat *fs, uint64_t off, const void *buf, size_t n);
int fat_sync(struct fat *fs);
/* Before the first change. */
int fat_begin(struct fat *fs);

/* table.c: the chains of clusters */
static inline bool fat_is_cluster(const struct fat *fs, uint32_t c)
{
	return c >= 2 && c - 2 < fs->nclusters;
}

static inline uint64_t fat_place(const struct fat *fs, uint32_t c)
{
	return fs->data_off + (uint64_t)(c - 2) * fs->cluster_size;
}

/* The next cluster, FAT_END at the end; -EIO for what cannot be. */
int fat_next(struct fat *fs, uint32_t c, uint32_t *out);
/* A free cluster, behind `last` (0: the first of a chain). */
int fat_append(struct fat *fs, uint32_t last, uint32_t *out);
/* Give back the chain from c on; 0: none. */
int fat_give_back(struct fat *fs, uint32_t c);
/* The chain ends with c. */
int fat_cut(struct fat *fs, uint32_t c);
int fat_count_free(struct fat *fs);
int fat_flush_table(struct fat *fs);

/* name.c */
bool fat_is_short(const char *name, uint8_t out[11], uint8_t *cases);
/* UTF-16 of a name; -EINVAL: no FAT name, -ENAMETOOLONG. */
int fat_to_utf16(const char *name, uint16_t out[FAT_MAX_NAME]);
/* out has room for 3 * FAT_MAX_NAME + 1 bytes */
void fat_to_utf8(const uint16_t *from, size_t n, char *out);
void fat_short_text(const uint8_t *slot, char out[32]);
uint8_t fat_checksum(const uint8_t name[11]);
/* A short name for a long one, number n of those that come into question. */
void fat_make_short(const char *name, unsigned int n, uint8_t out[11]);
uint32_t fat_hash(const char *name);
bool fat_same(const char *a, const char *b);

/* dir.c */
void fat_forget_dirs(struct fat *fs);
int fat_load_dir(struct fat *fs, uint32_t first, struct fat_dir **out);
struct fat_name *fat_lookup(struct fat_dir *d, const char *name);
uint64_t fat_slot_place(const struct fat *fs, const struct fat_dir *d,
			uint32_t slot);
/* A name for the entry, of which the 21 bytes behind the name are given. */
int fat_add_name(struct fat *fs, struct fat_dir **dir, const char *name,
		 const uint8_t entry[FAT_SLOT], uint64_t *off);
int fat_remove_name(struct fat *fs, struct fat_dir *d, struct fat_name *n);
bool fat_is_empty(const struct fat_dir *d);

/* entry.c */
int fat_read_entry(struct fat *fs, uint64_t off, struct fat_entry *out);
/* First cluster, size, attributes and times of e, to its place. */
int fat_write_entry(struct fat *fs, const struct fat_entry *e);
void fat_fill_entry(uint8_t slot[FAT_SLOT], const struct fat_entry *e);
int fat_find(struct fat *fs, const char *path, struct fat_entry *out);
/* The directory that has the last name of path, which is *name. */
int fat_find_parent(struct fat *fs, const char *path, struct fat_dir **out,
		    const char **name);
void fat_now(struct timespec *out);

/* names.c */
/* A name for e, whose times are set; *off: where its entry is. */
int fat_make(struct fat *fs, const char *path, struct fat_entry *e,
	     uint64_t *off);
int fat_make_dir(struct fat *fs, const char *path);
int fat_remove(struct fat *fs, const char *path, bool directory);
/* replace: what is there goes, else -EEXIST. */
int fat_rename(struct fat *fs, const char *from, const char *to, bool replace);

/* file.c */
ssize_t fat_read_file(struct fat *fs, struct fat_file *f, void *buf, size_t n,
		      uint64_t off);
ssize_t fat_write_file(struct fat *fs, struct fat_file *f, const void *buf,
		       size_t n, uint64_t off);
int fat_resize(struct fat *fs, struct fat_file *f, uint64_t size);

#endif
