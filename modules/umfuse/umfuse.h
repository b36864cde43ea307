/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umfuse.h - private to umfuse: a FUSE program inside the monitor
 *
 * Terms. *program*: the shared object umfuseNAME.so with its main(), written
 * for libfuse 3. *mount*: struct umfuse, one mount(2). *handle*: struct fuse,
 * what the program gets from fuse_new() (ours, the program sees it opaque).
 *
 * Life of a mount. mount() loads the program and runs its main() in a thread
 * of its own. main() comes to fuse_new(), which finds the mount in a variable
 * of the thread, and to fuse_loop(), which calls the program's init and sets
 * the mount RUNNING: then mount() returns. The thread sleeps in fuse_loop()
 * while the core's threads call the program's operations directly. umount()
 * (or fuse_exit()) sets `stop`; fuse_loop() waits for the operations still
 * running, returns, and main() ends as it would anywhere else.
 *
 * Locks, in the order they are taken:
 *  - mnt->tree: read while any operation runs; written by those that move or
 *    remove names, so that a path given to the program stays true for the
 *    call, and by the end of the loop, which so waits for all operations.
 *  - mnt->lock: state, stop and the list of open files.
 *  - behind.lock: writes not yet given to the program.
 *  - nodes.lock: the node table; a leaf.
 */
#ifndef UMFUSE_UMFUSE_H
#define UMFUSE_UMFUSE_H

#define FUSE_USE_VERSION 312

#include <fuse.h>
#include <fuse_lowlevel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "args.h"

#define UMFUSE_MAGIC 0x65735546

/* --- load.c: programs as shared objects --- */

/**
 * struct umfuse_prog - a loaded program
 * @memfd: holds the private copy it was loaded from, or -1
 */
struct umfuse_prog {
	void *dl;
	int memfd;
	int (*main)(int argc, char **argv);
};

int umfuse_load_init(void);
void umfuse_load_fini(void);
int umfuse_prog_load(struct umfuse_prog *p, const char *name);
void umfuse_prog_unload(struct umfuse_prog *p);

/* --- node.c: inode numbers and the paths of open files --- */

struct umfuse_node;

struct umfuse_nodes {
	pthread_mutex_t lock;
	struct umfuse_node **bucket;
	size_t nbucket;
	size_t count;
	uint64_t last;
	struct umfuse_node *root;
};

int umfuse_nodes_init(struct umfuse_nodes *t);
void umfuse_nodes_fini(struct umfuse_nodes *t);
struct umfuse_node *umfuse_node_get(struct umfuse_nodes *t, const char *path);
void umfuse_node_put(struct umfuse_nodes *t, struct umfuse_node *node);
uint64_t umfuse_node_ino(struct umfuse_nodes *t, const char *path);
uint64_t umfuse_node_number(const struct umfuse_node *node);
char *umfuse_node_path(struct umfuse_nodes *t, struct umfuse_node *node);
void umfuse_node_drop(struct umfuse_nodes *t, const char *path);
void umfuse_node_move(struct umfuse_nodes *t, const char *from, const char *to,
		      bool exchange);
void umfuse_node_link(struct umfuse_nodes *t, const char *from, const char *to);

/* --- the mount --- */

/**
 * struct umfuse_file - an open file; um_fh.fh points to it
 * @fi: as the program left it in open or create
 * @error: -errno of a write that was answered before, 0: none
 */
struct umfuse_file {
	struct umfuse_file *next;
	struct umfuse_file **prev;
	struct umfuse_node *node;
	struct fuse_file_info fi;
	int error;
};

/**
 * struct umfuse_behind - writes that the program has not seen yet; see behind.c
 * @room: size of @buf, 0: writes are not gathered
 * @file: NULL: there are none
 */
struct umfuse_behind {
	pthread_mutex_t lock;
	char *buf;
	size_t room;
	size_t used;
	off_t off;
	struct umfuse_file *file;
};

enum umfuse_state { UMFUSE_STARTING, UMFUSE_RUNNING, UMFUSE_ENDED };

/**
 * struct umfuse - a mount
 * @ops: operations offered to the core: those the program has
 * @error: errno-style reason of a failed start, 0 when none is known
 * @alive: operations may run; written with @tree held for writing
 */
struct umfuse {
	struct um_next *next;
	struct um_fs_ops ops;
	struct um_cred mounter;
	struct umfuse_opts opts;
	struct umfuse_words args;
	struct umfuse_prog prog;
	char *name;
	char *target;

	pthread_rwlock_t tree;
	bool alive;
	struct umfuse_nodes nodes;
	struct umfuse_behind behind;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum umfuse_state state;
	atomic_bool stop;
	bool serial;
	bool readonly;
	bool changes;
	bool silent;
	bool asks_open;
	unsigned int ttl_ms;
	int error;
	int status;
	struct fuse *fuse;
	fuse_log_func_t log;
	struct umfuse_file *files;
	pthread_t thread;
};

/**
 * struct fuse - the program's handle
 * @session_fd: a descriptor for fuse_session_fd(), -1 until asked for
 */
struct fuse {
	struct umfuse *mnt;
	struct fuse_operations op;
	struct fuse_config cfg;
	struct fuse_conn_info conn;
	void *data;
	bool inited;
	int session_fd;
};

/* The mount whose main() the calling thread runs, or NULL. */
struct umfuse *umfuse_self(void);
void umfuse_failed(int error);
void umfuse_asks_open(void);
/* mount(8) tries one type after the other: why this one refuses nobody asks. */
bool umfuse_is_tried(struct umfuse *mnt);
void umfuse_set_self(struct umfuse *mnt);

/* --- loop.c --- */

/* Wakes the loop of the mount so that it ends. */
void umfuse_stop(struct umfuse *mnt);
int umfuse_loop(struct fuse *f, bool serial);
struct fuse_context umfuse_context_swap(struct fuse_context ctx);
struct fuse_context umfuse_context_idle(struct fuse *f);

void umfuse_fuse_free(struct fuse *f);

/* --- opts.c: what fuse_new() and fuse_parse_cmdline() understand --- */

int umfuse_lib_options(struct fuse_args *args, struct fuse *f);
int umfuse_cmdline(struct umfuse *mnt, struct fuse_args *args,
		   struct fuse_cmdline_opts *out);

/* --- call.c: what surrounds each operation --- */

/**
 * struct umfuse_call - a running operation
 * @fuse: NULL when the mount is dead
 * @path: for the program
 */
struct umfuse_call {
	struct umfuse *mnt;
	struct fuse *fuse;
	const char *name;
	const char *path;
	char *own_path;
	struct fuse_context saved;
};

int umfuse_enter(struct umfuse_call *c, struct um_fs *fs, const char *name,
		 const char *path);
/* As umfuse_enter(), and no other operation runs meanwhile. */
int umfuse_enter_alone(struct umfuse_call *c, struct um_fs *fs,
		       const char *name, const char *path);
/* On an open file: gives a copy of its fuse_file_info. */
int umfuse_enter_file(struct umfuse_call *c, struct um_fs *fs, const char *name,
		      struct um_fh *fh, struct fuse_file_info *fi);
/* Path, open file or both. @fi is NULL on return when there is no file. */
int umfuse_enter_node(struct umfuse_call *c, struct um_fs *fs, const char *name,
		      const char *path, struct um_fh *fh,
		      struct fuse_file_info *fi, struct fuse_file_info **out);
ssize_t umfuse_leave(struct umfuse_call *c, ssize_t ret);
/* The same for operations that answer 0 or an error. */
int umfuse_leave0(struct umfuse_call *c, int ret);

/* --- behind.c: option writeback; without it nothing is done --- */

void umfuse_behind_init(struct umfuse_behind *b);
int umfuse_behind_start(struct umfuse_behind *b, size_t room);
void umfuse_behind_fini(struct umfuse_behind *b);
bool umfuse_behind_take(struct umfuse_call *c, struct umfuse_file *file,
			const char *buf, size_t size, off_t off);
void umfuse_behind_flush(struct umfuse_call *c);
int umfuse_behind_error(struct umfuse_call *c, struct umfuse_file *file);

/* --- io.c --- */

/* Gives it to the program, in pieces that it takes. Return: bytes, -errno */
ssize_t umfuse_write(struct umfuse_call *c, const char *path, const char *buf,
		     size_t size, off_t off, struct fuse_file_info *fi);

/* --- attr.c --- */

int umfuse_getattr(struct umfuse_call *c, const char *path,
		   struct fuse_file_info *fi, struct stat *out);

/* --- ops.c --- */

/* The operations that the program has. */
void umfuse_ops_init(struct um_fs_ops *ops, const struct fuse_operations *op);

/* --- umfuse.c --- */

void umfuse_op_umount(struct um_fs *fs);

#endif
