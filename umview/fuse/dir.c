// SPDX-License-Identifier: GPL-2.0-or-later
/* dir.c - listing a directory of a FUSE file system */
#include <limits.h>

#include "fuse/ops.h"
#include "fuse/perm.h"

#define CHUNK (32 * 1024)
/* What the kernel once asked for, which old daemons rely on. */
#define OLD_CHUNK 4096
/* A daemon may tell of entries for ever; all of a listing is kept. */
#define MAX_ENTRIES (1u << 22)

struct listing {
	struct um_fuse *c;
	struct um_fuse_node *dir;
	struct um_fuse_file file;
	um_fill_fn fill;
	void *arg;
	uint64_t off;
	uint64_t asked;
	unsigned int n;
	bool plus;
	bool stopped;
};

static int open_dir(struct listing *l)
{
	struct fuse_open_in in = { 0 };
	struct fuse_open_out out;
	struct um_fuse_call k = { .opcode = FUSE_OPENDIR,
				  .node = l->dir->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .out = &out,
				  .outmax = sizeof(out),
				  .exact = true,
				  .always = true };
	ssize_t ret;

	l->file.virtual = um_fuse_lacks(l->c, FUSE_OPENDIR);
	if (l->file.virtual)
		return 0;
	ret = um_fuse_call(l->c, &k);
	if (ret == -ENOSYS && (l->c->flags & FUSE_NO_OPENDIR_SUPPORT)) {
		l->file.virtual = true;
		return 0;
	}
	if (ret < 0)
		return (int)ret;
	l->file.fh = out.fh;
	return 0;
}

static void close_dir(struct listing *l)
{
	struct fuse_release_in in = { .fh = l->file.fh };
	struct um_fuse_call k = { .opcode = FUSE_RELEASEDIR,
				  .node = l->dir->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };

	if (!l->file.virtual)
		um_fuse_post(l->c, &k, NULL, NULL);
}

static bool is_name(const struct fuse_dirent *d)
{
	return d->namelen && d->namelen <= UM_LONG_NAME &&
	       !memchr(d->name, '/', d->namelen) &&
	       !memchr(d->name, '\0', d->namelen);
}

static int give(struct listing *l, const struct fuse_dirent *d)
{
	char name[UM_LONG_NAME + 1];

	if (++l->n > MAX_ENTRIES)
		return -EIO;
	memcpy(name, d->name, d->namelen);
	name[d->namelen] = '\0';
	l->off = d->off;
	l->stopped = l->fill(l->arg, name, d->ino, (unsigned char)d->type) != 0;
	return 0;
}

/* The entry that came along was looked up by that: it is known from now on. */
static void learn(struct listing *l, const struct fuse_direntplus *dp)
{
	const struct fuse_dirent *d = &dp->dirent;
	struct um_fuse_node *n = NULL;
	char name[UM_LONG_NAME + 1];

	if (!dp->entry_out.nodeid)
		return;
	memcpy(name, d->name, d->namelen);
	name[d->namelen] = '\0';
	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    um_fuse_entry(l->c, l->dir, name, &dp->entry_out, l->asked, &n) ==
		    0)
		um_fuse_node_put(l->c, n);
}

/* One reply's entries; learned even when nobody wants more of them. */
static int unpack(struct listing *l, const char *buf, size_t len)
{
	size_t head = l->plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;
	int ret = 0;

	while (len >= head && ret == 0) {
		const struct fuse_direntplus *dp = (const void *)buf;
		const struct fuse_dirent *d =
			l->plus ? &dp->dirent : (const void *)buf;
		size_t size = FUSE_DIRENT_ALIGN(head + d->namelen);

		if (d->namelen > len - head)
			break;
		if (!is_name(d))
			return -EIO;
		if (l->plus)
			learn(l, dp);
		if (!l->stopped)
			ret = give(l, d);
		if (size >= len)
			break;
		buf += size;
		len -= size;
	}
	return ret;
}

static ssize_t read_some(struct listing *l, char *buf)
{
	struct fuse_read_in in = { .fh = l->file.fh,
				   .offset = l->off,
				   .size = l->c->minor < 12 ? OLD_CHUNK
							    : CHUNK };
	struct um_fuse_call k = { .opcode = l->plus ? FUSE_READDIRPLUS
						    : FUSE_READDIR,
				  .node = l->dir->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .outmax = CHUNK,
				  .always = l->plus };

	k.out = buf;
	l->asked = um_fuse_asked(l->c);
	return um_fuse_call(l->c, &k);
}

static int list(struct listing *l)
{
	UM_FREE char *buf = malloc(CHUNK);
	ssize_t got = 1;
	int ret = 0;

	if (!buf)
		return -ENOMEM;
	while (!l->stopped && ret == 0) {
		unsigned int before = l->n;

		got = read_some(l, buf);
		if (got == -ENOSYS && l->plus) {
			l->plus = false;
			continue;
		}
		if (got <= 0)
			return (int)got;
		ret = unpack(l, buf, (size_t)got);
		/* half an entry: there is no more to come of asking again */
		if (l->n == before)
			break;
	}
	return ret;
}

int um_fuse_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
		    void *arg)
{
	struct listing l = { .c = um_fuse_of(fs), .fill = fill, .arg = arg };
	int ret = um_fuse_resolve(l.c, path, &l.dir);

	if (ret < 0)
		return ret;
	l.plus = (l.c->flags & FUSE_DO_READDIRPLUS) &&
		 !um_fuse_lacks(l.c, FUSE_READDIRPLUS);
	ret = um_fuse_may(l.c, l.dir, UM_FUSE_R);
	if (ret == 0)
		ret = open_dir(&l);
	if (ret == 0) {
		ret = list(&l);
		close_dir(&l);
	}
	um_fuse_node_put(l.c, l.dir);
	return ret;
}
