/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arc.h - private to umfusearchive: an archive as a tree of files
 *
 * Terms. *entry*: one member of the archive, known by its ordinal number.
 * *node*: a file, directory... of the tree; *name*: a node's place in a
 * directory, hard links have several. *store*: a nameless file that holds the
 * contents of nodes. *cursor*: the libarchive reader, which only goes forward.
 *
 * At mount the headers are read once, and the tree is made of them; that is
 * the index. Contents come from the archive when they are asked for: the cursor
 * goes on to the entry, and what it unpacks goes into the store, up to where it
 * was asked for. Where unpacking an entry means to unpack all before it (a
 * compressed tar, a solid 7z), what the cursor passes is kept in the store as
 * well, so all reading together unpacks the archive once. Where entries can be
 * reached on their own (a plain tar or cpio), a new cursor begins there. Else
 * (zip) a new cursor skips headers, which costs no unpacking; when that has been
 * done several times, it keeps small contents as if the archive were solid.
 *
 * The store has a limit. When it is reached, contents that can be had again
 * from the archive are dropped, if nobody has them open.
 *
 * A changed file has all its contents in the store. At the end (and at syncfs)
 * a changed tree is written to a new archive beside the old one, and takes its
 * place.
 *
 * There are no locks: the program asks umfuse for one operation at a time.
 */
#ifndef UMFUSEARCHIVE_ARC_H
#define UMFUSEARCHIVE_ARC_H

#define FUSE_USE_VERSION 31

#include <archive.h>
#include <archive_entry.h>
#include <fuse.h>

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <umview/next.h>

#define ARC_PROGRAM "umfusearchive"

/* --- store.c --- */

/**
 * struct store - contents in blocks
 * @limit, @used: in blocks
 * @spare: numbers of blocks that were given back
 */
struct store {
	int fd;
	uint64_t limit;
	uint64_t used;
	uint32_t next;
	uint32_t *spare;
	size_t nspare;
	size_t room;
};

/**
 * struct content - which blocks hold the contents of a file
 * @map: block number plus 1, 0: zeros
 */
struct content {
	uint32_t *map;
	size_t n;
};

int store_open(struct store *s, uint64_t limit);
void store_close(struct store *s);
int store_read(const struct store *s, const struct content *c, void *buf,
	       size_t n, uint64_t off);
/* ENOSPC: the limit. */
int store_write(struct store *s, struct content *c, const void *buf, size_t n,
		uint64_t off);
/* Everything from `from` to `to` reads as zeros; `to` is rounded down. */
void store_forget(struct store *s, struct content *c, uint64_t from,
		  uint64_t to);
int store_truncate(struct store *s, struct content *c, uint64_t size);
/* The first piece at or after `from` that is not all holes; false: none. */
bool store_next(const struct content *c, uint64_t from, uint64_t *at,
		uint64_t *n);
void store_drop(struct store *s, struct content *c);

/* --- tree.c --- */

struct node;

struct name {
	struct name *chain;
	struct name *prev;
	struct name *next;
	struct node *dir;
	struct node *node;
	char text[];
};

struct xattr {
	struct xattr *next;
	size_t size;
	void *value;
	char name[];
};

/**
 * struct node - a file, directory...
 * @parent: of a directory, NULL for the root
 * @first, @last: names in a directory, in the order they came
 * @implied: a directory that only the names of others tell of
 * @archived: the contents from @filled on are to be had from the archive
 * @sparse: the archive tells of holes in it
 * @entry, @header: number of the entry with the contents, where it begins
 * @saved: number of the save that wrote it last; @path: there
 */
struct node {
	struct stat st;
	unsigned int opens;
	struct node *parent;
	struct name *first;
	struct name *last;
	bool implied;
	bool archived;
	bool sparse;
	uint64_t filled;
	size_t entry;
	int64_t header;
	struct content data;
	char *link;
	char *uname;
	char *gname;
	struct xattr *xattrs;
	unsigned int saved;
	char *path;
};

struct tree {
	struct name **table;
	size_t nbuckets;
	size_t count;
	struct node *root;
	uint64_t last_ino;
};

struct arc;

int tree_init(struct arc *a);
void tree_fini(struct arc *a);
/* gives: with no name yet. */
struct node *node_new(struct arc *a, mode_t mode);
/* Frees it when it has no name and is not open. */
void node_drop(struct arc *a, struct node *node);
void node_touch(struct node *node, bool modified);
struct name *tree_child(const struct tree *t, const struct node *dir,
			const char *text, size_t n);
int tree_add(struct arc *a, struct node *dir, const char *text,
	     struct node *node);
void tree_remove(struct arc *a, struct name *name);
struct node *tree_find(struct arc *a, const char *path);
/* The name of path, not the root's; *dir: its directory. Return: 0, -errno */
int tree_lookup(struct arc *a, const char *path, struct node **dir,
		struct name **out);
const char *tree_last(const char *path);

/* --- the mount --- */

/**
 * struct source - the archive as libarchive reads it
 * @base: where the reader's first byte lies
 * @locked: the archive that has its name now, NULL: not locked
 */
struct source {
	struct um_next_file *file;
	struct um_next_file *locked;
	uint64_t size;
	uint64_t base;
	uint64_t at;
	uint8_t *buf;
};

/**
 * struct cursor - a reader and the entry it is at
 * @entry: number of the next header to read
 * @node: whose contents come next, NULL: none's
 */
struct cursor {
	struct archive *reader;
	size_t entry;
	struct node *node;
};

/**
 * struct arc - a mount
 * @by_entry: which node has its contents in an entry, or NULL
 * @solid: unpacking an entry means to unpack those before
 * @direct: a reader may begin at any header
 * @rewinds: how often the cursor had to go back
 * @format, @filters: of libarchive
 * @written: base of the format that is written
 * @encrypted: entries are, which is nothing that we write
 */
struct arc {
	struct um_next *next;
	const char *path;
	char *charset;
	char *password;
	uint64_t max_entries;
	bool readonly;
	bool nobackup;
	bool dirty;
	bool backed_up;
	bool encrypted;
	unsigned int saves;
	struct stat st;
	struct source source;
	struct store store;
	struct tree tree;
	struct cursor cursor;
	struct node **by_entry;
	size_t nentries;
	size_t room;
	bool solid;
	bool direct;
	unsigned int rewinds;
	int format;
	int written;
	int filters[8];
	int nfilters;
	uid_t uid;
	gid_t gid;
	locale_t utf8;
};

/* source.c */
int source_open(struct arc *a);
/*
 * Keep other sessions off an archive that will be written, and off the new one
 * that has taken its place.
 */
int source_lock(struct arc *a);
void source_close(struct arc *a);
/* A reader that begins at `base`. NULL: out of memory, or no archive. */
struct archive *source_reader(struct arc *a, uint64_t base);

/* index.c: says why it fails. */
int index_read(struct arc *a);

/* fetch.c */
/* The contents of a node up to `limit` are in the store. */
int fetch(struct arc *a, struct node *node, uint64_t limit);
void cursor_close(struct arc *a);
/* Writes to the store; where it is full, what can be had again is dropped. */
int put_content(struct arc *a, struct node *node, const void *buf, size_t n,
		uint64_t off);

/* save.c: writes the tree to a new archive, if it has changed. */
int save(struct arc *a);
bool can_save(struct arc *a);

/* xattr.c */
struct xattr *xattr_find(struct node *node, const char *name);
int xattr_put(struct node *node, const char *name, const void *value,
	      size_t size);
void xattr_free_all(struct node *node);
int arc_setxattr(const char *path, const char *name, const char *value,
		 size_t size, int flags);
int arc_getxattr(const char *path, const char *name, char *buf, size_t size);
int arc_listxattr(const char *path, char *buf, size_t size);
int arc_removexattr(const char *path, const char *name);

/* change.c, ops.c */
struct arc *the_arc(void);
struct node *arc_node(const char *path, const struct fuse_file_info *fi);
int arc_mknod(const char *path, mode_t mode, dev_t rdev);
int arc_mkdir(const char *path, mode_t mode);
int arc_symlink(const char *target, const char *path);
int arc_unlink(const char *path);
int arc_rmdir(const char *path);
int arc_rename(const char *from, const char *to, unsigned int flags);
int arc_link(const char *from, const char *to);
int arc_chmod(const char *path, mode_t mode, struct fuse_file_info *fi);
int arc_chown(const char *path, uid_t uid, gid_t gid,
	      struct fuse_file_info *fi);
int arc_utimens(const char *path, const struct timespec ts[2],
		struct fuse_file_info *fi);

extern const struct fuse_operations arc_ops;

#endif
