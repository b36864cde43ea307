// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fscontext.c - the descriptors of fsopen(2) and fspick(2)
 *
 * A context is a node of a file system of the core's own, which stands in no
 * list: its opening is a LAZY object, so that dup, fork and passing on are the
 * kernel's, a read comes to the monitor, and the last close is heard. What is
 * read are messages, one a call.
 */
#include "sys/fscontext.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/logctl.h"

#define NAME "/[fscontext]"

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_fscontext *contexts;
static struct um_mount *nodes;
static unsigned int last_id;

/* By the name of its node (ref), or NULL. */
static struct um_fscontext *find(const char *path)
{
	struct um_fscontext *c;
	unsigned long id;

	if (strncmp(path, NAME, strlen(NAME)) != 0)
		return NULL;
	id = strtoul(path + strlen(NAME), NULL, 10);
	um_lock(&lock);
	c = contexts;
	while (c && c->id != id)
		c = c->next;
	if (c)
		atomic_fetch_add(&c->refs, 1);
	um_unlock(&lock);
	return c;
}

static void destroy(struct um_fscontext *c)
{
	/* a mount that nobody took ends when it is idle */
	if (c->m && c->phase == UM_FSCONTEXT_CREATED)
		um_mount_detach(c->m);
	um_mount_put(c->m);
	while (c->nmessages)
		free(c->message[--c->nmessages]);
	free(c->type);
	free(c->source);
	free(c->options);
	um_mutex_fini(&c->busy);
	free(c);
}

void um_fscontext_put(struct um_fscontext *c)
{
	struct um_fscontext **at = &contexts;
	bool last;

	if (!c)
		return;
	um_lock(&lock);
	last = atomic_fetch_sub(&c->refs, 1) == 1;
	while (last && *at && *at != c)
		at = &(*at)->next;
	if (last && *at)
		*at = c->next;
	um_unlock(&lock);
	if (last)
		destroy(c);
}

struct um_fscontext *um_fscontext_new(const char *type, struct um_mount *m)
{
	struct um_fscontext *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	atomic_init(&c->refs, 1);
	um_mutex_init(&c->busy, UM_RANK_IO);
	c->type = strdup(type);
	c->options = strdup("");
	c->phase = m ? UM_FSCONTEXT_PICKED : UM_FSCONTEXT_SETTING;
	if (m)
		c->m = um_mount_get(m);
	if (!c->type || !c->options) {
		destroy(c);
		return NULL;
	}
	um_lock(&lock);
	c->id = ++last_id;
	c->next = contexts;
	contexts = c;
	um_unlock(&lock);
	return c;
}

void um_fscontext_say(struct um_fscontext *c, char level, const char *text)
{
	char *line;

	if (asprintf(&line, "%c %s\n", level, text) < 0)
		return;
	if (c->nmessages == UM_FSCONTEXT_MESSAGES) {
		free(c->message[0]);
		memmove(&c->message[0], &c->message[1],
			(UM_FSCONTEXT_MESSAGES - 1) * sizeof(char *));
		c->nmessages--;
	}
	c->message[c->nmessages++] = line;
}

static void heard(void *arg, enum um_log_level level, const char *line)
{
	um_fscontext_say(arg, level == UM_LOG_ERR ? 'e' : 'w', line);
}

void um_fscontext_listen(struct um_fscontext *c)
{
	um_log_listen(c ? heard : NULL, c);
}

/* ---- the file system of the nodes ---- */

static int node_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	(void)fs;
	(void)path;
	(void)fh;
	*out = (struct stat){ .st_ino = 1,
			      .st_mode = S_IFCHR | 0600,
			      .st_nlink = 1,
			      .st_uid = getuid(),
			      .st_gid = getgid(),
			      .st_blksize = 4096 };
	return 0;
}

static int node_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct um_fscontext *c = find(path);

	(void)fs;
	fh->fh = (uint64_t)(uintptr_t)c;
	return c ? 0 : -ENXIO;
}

static struct um_fscontext *context_of(const struct um_fh *fh)
{
	return (struct um_fscontext *)(uintptr_t)fh->fh;
}

static void node_release(struct um_fs *fs, struct um_fh *fh)
{
	(void)fs;
	um_fscontext_put(context_of(fh));
}

static ssize_t take_message(struct um_fscontext *c, void *buf, size_t size)
{
	size_t n;

	if (!c->nmessages)
		return -ENODATA;
	n = strlen(c->message[0]);
	if (n > size)
		return -EMSGSIZE;
	memcpy(buf, c->message[0], n);
	free(c->message[0]);
	c->nmessages--;
	memmove(&c->message[0], &c->message[1], c->nmessages * sizeof(char *));
	return (ssize_t)n;
}

static ssize_t node_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t size, off_t off)
{
	struct um_fscontext *c = context_of(fh);
	ssize_t ret;

	(void)fs;
	(void)off;
	um_lock(&c->busy);
	ret = take_message(c, buf, size);
	um_unlock(&c->busy);
	return ret;
}

static const struct um_fs_ops ops = {
	.size = sizeof(ops),
	.getattr = node_getattr,
	.open = node_open,
	.read = node_read,
	.release = node_release,
};

static struct um_mount *nodes_mount(void)
{
	struct um_mount *fresh = um_mount_new_devices("fscontext", &ops);
	struct um_mount *m;

	um_lock(&lock);
	if (!nodes)
		nodes = um_steal(fresh);
	m = nodes;
	um_unlock(&lock);
	um_mount_put(fresh);
	return m;
}

long um_fscontext_give(struct um_req *r, struct um_fscontext *c, bool cloexec)
{
	struct um_mount *m = nodes_mount();
	char name[64];
	struct stat st;
	long fd = -ENOMEM;

	snprintf(name, sizeof(name), NAME "%u", c->id);
	if (m) {
		node_getattr(&m->fs, name, NULL, &st);
		fd = um_vnode_open_device(m, name, &st, O_RDWR);
	}
	if (fd >= 0)
		fd = um_give_fd(r, (int)fd, cloexec);
	um_fscontext_put(c);
	return fd;
}

int um_fscontext_arg(struct um_req *r, int n, struct um_fscontext **out)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, n);
	UM_FREE char *path = NULL;
	struct stat st;
	int ret = um_gfd_stat(r, um_gfd_of(r->arg[n]), &st);

	*out = NULL;
	if (ret < 0)
		return ret;
	if (!o || !nodes || o->mount != nodes)
		return -EINVAL;
	path = um_obj_path(o);
	*out = path ? find(path) : NULL;
	return *out ? 0 : -EINVAL;
}
