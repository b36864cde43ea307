// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umbinfmt.c - /proc/sys/fs/binfmt_misc of a view
 *
 * The files are those of the kernel's binfmt_misc: a line written to `register`
 * makes an entry (um_binfmt_parse()), each entry has a file, and exec asks
 * umbinfmt_binfmt(). A mount where a binfmt_misc was before, the host's or
 * another of these, begins with the entries of that: they are its own then, and
 * may be switched off in the view.
 *
 * No lock is held where an interpreter is opened: its name may lead through
 * this mount.
 */
#include "entries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BINFMTFS_TYPE 0x42494e4d

#define TELL(b, ...)                                                           \
	do {                                                                   \
		if ((b)->debug)                                                \
			um_info("umbinfmt: " __VA_ARGS__);                     \
	} while (0)

static struct binfmt *lock(struct um_fs *fs)
{
	struct binfmt *b = fs->priv;

	pthread_mutex_lock(&b->mutex);
	return b;
}

static int unlock(struct binfmt *b, int ret)
{
	pthread_mutex_unlock(&b->mutex);
	return ret;
}

static int umbinfmt_getattr(struct um_fs *fs, const char *path,
			    struct um_fh *fh, struct stat *out)
{
	struct binfmt *b = lock(fs);
	const struct node *n = node_find(b, path, fh);

	if (n)
		*out = n->st;
	return unlock(b, n ? 0 : -ENOENT);
}

/* The entries of this moment, which nobody frees meanwhile. */
static struct node **hold_entries(struct um_fs *fs, size_t *count)
{
	struct binfmt *b = lock(fs);
	struct node **list;
	size_t n = 0;

	for (struct node *e = b->entries; e; e = e->next)
		n++;
	list = calloc(n + 1, sizeof(struct node *));
	*count = n;
	n = 0;
	for (struct node *e = list ? b->entries : NULL; e; e = e->next) {
		e->uses++;
		list[n++] = e;
	}
	unlock(b, 0);
	return list;
}

static void let_go(struct um_fs *fs, struct node **list, size_t n)
{
	struct binfmt *b = lock(fs);

	while (n-- > 0)
		node_put(list[n]);
	unlock(b, 0);
	free(list);
}

static int umbinfmt_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			    void *arg)
{
	const struct binfmt *b = fs->priv;
	struct node **list;
	size_t n;
	size_t i = 0;

	if (strcmp(path, "/") != 0)
		return -ENOTDIR;
	list = hold_entries(fs, &n);
	if (!list)
		return -ENOMEM;
	if (fill(arg, ".", b->root.st.st_ino, DT_DIR) ||
	    fill(arg, "..", b->root.st.st_ino, DT_DIR) ||
	    fill(arg, "register", b->reg.st.st_ino, DT_REG) ||
	    fill(arg, "status", b->status.st.st_ino, DT_REG))
		i = n;
	while (i < n &&
	       !fill(arg, list[i]->f->name, list[i]->st.st_ino, DT_REG))
		i++;
	let_go(fs, list, n);
	return 0;
}

/* Attributes may be changed, and mean nothing: as in the kernel. */
static int umbinfmt_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
			  mode_t mode)
{
	struct binfmt *b = lock(fs);
	struct node *n = node_find(b, path, fh);

	if (n)
		n->st.st_mode = (n->st.st_mode & S_IFMT) | (mode & 07777);
	return unlock(b, n ? 0 : -ENOENT);
}

static int umbinfmt_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
			  uid_t uid, gid_t gid)
{
	struct binfmt *b = lock(fs);
	struct node *n = node_find(b, path, fh);

	if (n && uid != (uid_t)-1)
		n->st.st_uid = uid;
	if (n && gid != (gid_t)-1)
		n->st.st_gid = gid;
	return unlock(b, n ? 0 : -ENOENT);
}

static void set_time(struct timespec *to, const struct timespec *from)
{
	if (from->tv_nsec == UTIME_NOW)
		clock_gettime(CLOCK_REALTIME, to);
	else if (from->tv_nsec != UTIME_OMIT)
		*to = *from;
}

static int umbinfmt_utimens(struct um_fs *fs, const char *path,
			    struct um_fh *fh, const struct timespec ts[2])
{
	struct binfmt *b = lock(fs);
	struct node *n = node_find(b, path, fh);

	if (n) {
		set_time(&n->st.st_atim, &ts[0]);
		set_time(&n->st.st_mtim, &ts[1]);
	}
	return unlock(b, n ? 0 : -ENOENT);
}

static int umbinfmt_truncate(struct um_fs *fs, const char *path,
			     struct um_fh *fh, off_t size)
{
	struct binfmt *b = lock(fs);
	const struct node *n = node_find(b, path, fh);

	(void)size;
	return unlock(b, n ? 0 : -ENOENT);
}

static int umbinfmt_statfs(struct um_fs *fs, struct statfs *out)
{
	(void)fs;
	*out = (struct statfs){ .f_type = BINFMTFS_TYPE,
				.f_bsize = 4096,
				.f_frsize = 4096,
				.f_namelen = NAME_MAX };
	return 0;
}

static int umbinfmt_create(struct um_fs *fs, const char *path, mode_t mode,
			   struct um_fh *fh)
{
	(void)fs;
	(void)path;
	(void)mode;
	(void)fh;
	return -EACCES;
}

static int umbinfmt_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct binfmt *b = lock(fs);
	struct node *n = node_find(b, path, NULL);

	if (!n)
		return unlock(b, -ENOENT);
	n->uses++;
	fh->fh = (uintptr_t)n;
	fh->direct = true;
	fh->empty_writes = true;
	return unlock(b, 0);
}

static void umbinfmt_release(struct um_fs *fs, struct um_fh *fh)
{
	struct binfmt *b = lock(fs);

	node_put(node_find(b, NULL, fh));
	unlock(b, 0);
}

static ssize_t umbinfmt_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			     size_t size, off_t off)
{
	struct binfmt *b = lock(fs);
	const struct node *n = node_find(b, NULL, fh);
	char text[UM_BINFMT_TEXT] = "";
	size_t len = 0;

	if (n == &b->status)
		len = (size_t)snprintf(text, sizeof(text), "%sabled\n",
				       b->off ? "dis" : "en");
	else if (n->f)
		len = um_binfmt_print(n->f, text);
	unlock(b, 0);
	if (!len)
		return -EINVAL;
	if ((size_t)off >= len)
		return 0;
	size = size < len - (size_t)off ? size : len - (size_t)off;
	memcpy(buf, text + off, size);
	return (ssize_t)size;
}

static int enter(struct um_fs *fs, struct um_binfmt *f,
		 struct um_binfmt_file *interp)
{
	struct binfmt *b = lock(fs);
	int ret = entry_add(b, f, interp);

	if (ret == 0)
		TELL(b, "%s registered: by %s, to be run by %s", f->name,
		     f->flags & UM_BINFMT_MAGIC ? "magic" : "extension",
		     f->interpreter);
	return unlock(b, ret);
}

static ssize_t do_register(struct um_fs *fs, const char *line, size_t size)
{
	struct um_binfmt_file *interp = NULL;
	struct um_binfmt *f;
	int ret = um_binfmt_parse(line, size, &f);

	if (ret < 0)
		return ret;
	if (f->flags & UM_BINFMT_FIX)
		ret = um_binfmt_open(fs, f->interpreter, &interp);
	if (ret == 0)
		ret = enter(fs, f, interp);
	if (ret < 0) {
		um_binfmt_close(interp);
		um_binfmt_free(f);
	}
	return ret < 0 ? ret : (ssize_t)size;
}

static void command_status(struct binfmt *b, int command)
{
	if (command == 3)
		while (b->entries)
			entry_remove(b, b->entries);
	else
		b->off = command == 1;
}

static void command_entry(struct binfmt *b, struct node *n, int command)
{
	if (command == 3)
		entry_remove(b, n);
	else if (command == 2)
		n->f->flags |= UM_BINFMT_ENABLED;
	else
		n->f->flags &= ~UM_BINFMT_ENABLED;
}

static ssize_t umbinfmt_write(struct um_fs *fs, struct um_fh *fh,
			      const void *buf, size_t size, off_t off)
{
	struct binfmt *b = fs->priv;
	struct node *n = node_find(b, NULL, fh);
	int command;

	/* one write is one line, wherever it goes */
	(void)off;
	if (n == &b->reg)
		return do_register(fs, buf, size);
	command = um_binfmt_command(buf, size);
	if (command <= 0)
		return command;
	lock(fs);
	if (n == &b->status)
		command_status(b, command);
	else
		command_entry(b, n, command);
	unlock(b, 0);
	return (ssize_t)size;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

static int answer(struct binfmt *b, const struct node *n,
		  struct um_binfmt_req *req)
{
	req->flags = n->f->flags;
	req->file = n->interp;
	req->interpreter = strdup(n->f->interpreter);
	TELL(b, "%s: %s is run by %s", n->f->name, req->path,
	     n->f->interpreter);
	return req->interpreter ? 1 : -ENOMEM;
}

static int umbinfmt_binfmt(struct um_fs *fs, struct um_binfmt_req *req)
{
	struct binfmt *b = lock(fs);
	const struct node *n = NULL;

	req->alone = b->taken;
	if (!b->off && (!b->scope || is_below(req->path, b->scope)))
		n = b->entries;
	while (n && !um_binfmt_match(n->f, req))
		n = n->next;
	return unlock(b, n ? answer(b, n, req) : 0);
}

static void umbinfmt_umount(struct um_fs *fs)
{
	struct binfmt *b = fs->priv;

	nodes_fini(b);
	free(b->scope);
	free(b);
}

static const struct um_fs_ops umbinfmt_ops = {
	.size = sizeof(struct um_fs_ops),
	.getattr = umbinfmt_getattr,
	.readdir = umbinfmt_readdir,
	.chmod = umbinfmt_chmod,
	.chown = umbinfmt_chown,
	.utimens = umbinfmt_utimens,
	.truncate = umbinfmt_truncate,
	.statfs = umbinfmt_statfs,
	.create = umbinfmt_create,
	.open = umbinfmt_open,
	.release = umbinfmt_release,
	.read = umbinfmt_read,
	.write = umbinfmt_write,
	.umount = umbinfmt_umount,
	.binfmt = umbinfmt_binfmt,
};

/* A file of the binfmt_misc beneath. */
static int read_beneath(struct um_fs *fs, const char *dir, const char *name,
			char text[UM_BINFMT_TEXT + 1])
{
	struct um_next_file *file;
	char *path;
	ssize_t n;
	int ret;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	ret = um_next_open(fs->next, path, O_RDONLY, 0, &file);
	free(path);
	if (ret < 0)
		return ret;
	n = um_next_pread(file, text, UM_BINFMT_TEXT, 0);
	um_next_close(file);
	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? (int)n : 0;
}

/* What is being taken over; newest first, as it is listed. */
struct takeover {
	struct um_fs *fs;
	const char *dir;
	struct um_binfmt **list;
	size_t n;
};

static int take_entry(void *arg, const char *name, uint64_t ino,
		      unsigned char type)
{
	struct takeover *t = arg;
	char text[UM_BINFMT_TEXT + 1];
	struct um_binfmt **more;

	(void)ino;
	if (type == DT_DIR || !strcmp(name, "register") ||
	    !strcmp(name, "status") || !strcmp(name, ".") ||
	    !strcmp(name, "..") || read_beneath(t->fs, t->dir, name, text) < 0)
		return 0;
	more = realloc(t->list, (t->n + 1) * sizeof(struct um_binfmt *));
	if (!more)
		return 1;
	t->list = more;
	if (um_binfmt_read(name, text, &more[t->n]) == 0)
		t->n++;
	return 0;
}

static void take_over(struct um_fs *fs, const char *dir)
{
	struct takeover t = { .fs = fs, .dir = dir };
	struct binfmt *b = fs->priv;
	char text[UM_BINFMT_TEXT + 1];
	struct statfs st;

	if (um_next_statfs(fs->next, dir, &st) < 0 ||
	    st.f_type != BINFMTFS_TYPE)
		return;
	b->taken = true;
	if (read_beneath(fs, dir, "status", text) == 0)
		b->off = !strcmp(text, "disabled\n");
	um_next_readdir(fs->next, dir, take_entry, &t);
	while (t.n-- > 0) {
		struct um_binfmt_file *interp = NULL;
		struct um_binfmt *f = t.list[t.n];

		/* where that fails it is found by name, at each exec */
		if (f->flags & UM_BINFMT_FIX &&
		    um_binfmt_open(fs, f->interpreter, &interp) < 0)
			interp = NULL;
		if (entry_add(b, f, interp) < 0) {
			um_binfmt_close(interp);
			um_binfmt_free(f);
		}
	}
	free(t.list);
}

static int take_options(struct binfmt *b, const char *options)
{
	if (!strcmp(options, "debug"))
		b->debug = true;
	else if (*options) {
		um_err("umbinfmt: %s: no such option", options);
		return -EINVAL;
	}
	return 0;
}

/* A directory as source: what is below it; "/" and "none" are all. */
static int take_source(struct um_fs *fs, const char *source)
{
	struct binfmt *b = fs->priv;
	struct stat st;
	int ret;

	if (source[0] != '/' || !source[1])
		return 0;
	ret = um_next_stat(fs->next, source, &st);
	if (ret == 0 && !S_ISDIR(st.st_mode))
		ret = -ENOTDIR;
	if (ret < 0) {
		um_err("umbinfmt: %s: %s", source, strerror(-ret));
		return ret;
	}
	b->scope = strdup(source);
	return b->scope ? 0 : -ENOMEM;
}

static int umbinfmt_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct binfmt *b = calloc(1, sizeof(*b));
	int ret;

	if (!b) {
		um_err("umbinfmt: out of memory");
		return -ENOMEM;
	}
	nodes_init(b);
	fs->priv = b;
	fs->ops = &umbinfmt_ops;
	fs->remote = true; /* no content is kept: it changes by itself */
	ret = take_options(b, req->options);
	if (ret == 0)
		ret = take_source(fs, req->source);
	if (ret < 0) {
		umbinfmt_umount(fs);
		return ret;
	}
	if (!b->scope)
		take_over(fs, req->target);
	return 0;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "umbinfmt",
	.description = "interpreters for binary formats, as binfmt_misc",
	.options =
		"debug      tell which file is run by what\n"
		"SOURCE     a directory: only what lies below it is run so\n",
	.mount = umbinfmt_mount,
};
