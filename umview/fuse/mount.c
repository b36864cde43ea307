// SPDX-License-Identifier: GPL-2.0-or-later
/* mount.c - mount(2) of a FUSE daemon's file system, and its end */
#include "fuse/mount.h"

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>

#include "fuse/ops.h"
#include "guest/req.h"
#include "view/view.h"
#include "vnode/attrcache.h"

/* How long umount(2) waits for the daemon to be gone. */
#define LEAVE_MS 300

bool um_fuse_is_type(const char *type)
{
	size_t n = strcspn(type, ".");

	return (n == 4 && !strncmp(type, "fuse", n)) ||
	       (n == 7 && !strncmp(type, "fuseblk", n));
}

static bool number(const char *text, size_t n, int base, unsigned long *out)
{
	char buf[24];
	char *end;

	if (!n || n >= sizeof(buf))
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	*out = strtoul(buf, &end, base);
	return !*end && *out <= UINT32_MAX;
}

static bool is(const char *p, size_t key, const char *word)
{
	return key == strlen(word) && !strncmp(p, word, key);
}

static int take_flag(struct um_fuse_opts *o, const char *p, size_t n)
{
	if (is(p, n, "default_permissions"))
		o->check_modes = true;
	else if (!is(p, n, "allow_other"))
		return -EINVAL;
	return 0;
}

static int take_one(struct um_fuse_opts *o, const char *p, size_t n)
{
	size_t key = strcspn(p, "=,");
	unsigned long v = 0;

	if (key >= n)
		return take_flag(o, p, n);
	if (is(p, key, "subtype"))
		return 0;
	if (!number(p + key + 1, n - key - 1, is(p, key, "rootmode") ? 8 : 10,
		    &v))
		return -EINVAL;
	if (is(p, key, "fd")) {
		o->fd = (int)v;
		o->has_fd = true;
	} else if (is(p, key, "rootmode")) {
		o->rootmode = (mode_t)v;
		o->has_mode = true;
	} else if (is(p, key, "user_id")) {
		o->has_uid = true;
	} else if (is(p, key, "group_id")) {
		o->has_gid = true;
	} else if (is(p, key, "max_read")) {
		o->max_read = (uint32_t)v;
	} else if (!is(p, key, "blksize")) {
		return -EINVAL;
	}
	return 0;
}

int um_fuse_parse(const char *data, struct um_fuse_opts *out)
{
	*out = (struct um_fuse_opts){ .fd = -1 };
	for (;;) {
		size_t n = strcspn(data, ",");
		int ret = n ? take_one(out, data, n) : 0;

		if (ret < 0)
			return ret;
		if (!data[n])
			break;
		data += n + 1;
	}
	return out->has_fd && out->has_mode && out->has_uid && out->has_gid
		       ? 0
		       : -EINVAL;
}

char *um_fuse_shown(const char *data)
{
	char *out = calloc(1, strlen(data) + 1);
	size_t at = 0;

	while (out && *data) {
		size_t n = strcspn(data, ",");

		if (n && strncmp(data, "fd=", 3) != 0 &&
		    strncmp(data, "rootmode=", 9) != 0) {
			if (at)
				out[at++] = ',';
			memcpy(out + at, data, n);
			at += n;
		}
		data += n + (data[n] == ',');
	}
	return out;
}

static void send_destroy(struct um_fuse *c)
{
	struct um_fuse_call k = { .opcode = FUSE_DESTROY };
	struct um_req *r = um_req_current();
	bool own = r && um_req_tgid(r) == atomic_load(&c->daemon);

	/* its own umount(2) is no moment to wait for it, nor is umount -l */
	if (own || c->mount->hurried)
		um_fuse_post(c, &k, NULL, NULL);
	else if (um_fuse_drain(c) == 0)
		(void)um_fuse_call(c, &k);
}

/* Mounts that ended while their daemons lived on. */
struct ended {
	pid_t daemon;
	char *point;
};

#define MAX_ENDED 32

static struct um_mutex ended_lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct ended ended[MAX_ENDED];
static size_t next_ended;

static void remember_end(const struct um_fuse *c)
{
	char *point = strdup(c->mount->point);

	um_lock(&ended_lock);
	free(ended[next_ended].point);
	ended[next_ended].daemon = atomic_load(&c->daemon);
	ended[next_ended].point = point;
	next_ended = (next_ended + 1) % MAX_ENDED;
	um_unlock(&ended_lock);
}

bool um_fuse_was_at(pid_t tgid, const char *point)
{
	bool found = false;

	um_lock(&ended_lock);
	for (size_t i = 0; i < MAX_ENDED && !found; i++) {
		struct ended *e = &ended[i];

		found = e->point && e->daemon == tgid &&
			!strcmp(e->point, point);
		if (found)
			free(um_steal(e->point));
	}
	um_unlock(&ended_lock);
	return found;
}

void um_fuse_cut(struct um_fuse *c)
{
	remember_end(c);
	um_fuse_abort(c);
}

/*
 * What the daemon holds open, it holds until it has ended, and what lies
 * beneath its mount is busy so long. Most end at once.
 */
static void see_off(const struct um_fuse *c)
{
	struct um_req *r = um_req_current();
	pid_t daemon = atomic_load(&c->daemon);
	UM_CLOSE int fd = -1;
	struct pollfd p = { .events = POLLIN };

	if (!r || c->mount->hurried || um_req_tgid(r) == daemon)
		return;
	fd = (int)syscall(SYS_pidfd_open, daemon, 0);
	p.fd = fd;
	if (fd >= 0)
		poll(&p, 1, LEAVE_MS);
}

/*
 * The daemon is told in any case, not only where the kernel would: umount(8)
 * then returns when everything is written.
 */
static void umount(struct um_fs *fs)
{
	struct um_fuse *c = um_fuse_of(fs);
	bool alive;

	um_lock(&c->lock);
	alive = c->state == UM_FUSE_READY && !c->init_error;
	um_unlock(&c->lock);
	/* before the daemon can learn of it */
	if (alive) {
		remember_end(c);
		send_destroy(c);
	}
	um_chan_close(c->chan);
	if (alive)
		see_off(c);
	/* a notification may still be on its way */
	um_lock(&c->lock);
	c->mount = NULL;
	um_unlock(&c->lock);
	um_fuse_put(c);
	fs->priv = NULL;
}

static bool is_fusermount(pid_t pid)
{
	static const char name[] = "fusermount";
	char comm[64];

	return um_proc_status(pid, "Name", comm, sizeof(comm)) == 0 &&
	       !strncmp(comm, name, sizeof(name) - 1);
}

void um_fuse_left_alone(struct um_fuse *c)
{
	struct um_mount *m = NULL;

	if (!is_fusermount(c->mounter))
		return;
	um_lock(&c->lock);
	if (c->mount)
		m = um_mount_try_get(c->mount);
	um_unlock(&c->lock);
	if (!m)
		return;
	m->hurried = true;
	if (um_view_del_mount(c->view, m) == 0 && um_view_holders(m) == 0)
		um_mount_detach(m);
	um_mount_put(m);
}

static const struct um_fs_ops ops = {
	.size = sizeof(ops),
	.getattr = um_fuse_getattr,
	.readlink = um_fuse_readlink,
	.readdir = um_fuse_readdir,
	.mknod = um_fuse_mknod,
	.mkdir = um_fuse_mkdir,
	.unlink = um_fuse_unlink,
	.rmdir = um_fuse_rmdir,
	.symlink = um_fuse_symlink,
	.rename = um_fuse_rename,
	.link = um_fuse_link,
	.chmod = um_fuse_chmod,
	.chown = um_fuse_chown,
	.utimens = um_fuse_utimens,
	.truncate = um_fuse_truncate,
	.statfs = um_fuse_statfs,
	.setxattr = um_fuse_setxattr,
	.getxattr = um_fuse_getxattr,
	.listxattr = um_fuse_listxattr,
	.removexattr = um_fuse_removexattr,
	.open = um_fuse_open,
	.create = um_fuse_create,
	.read = um_fuse_read,
	.write = um_fuse_write,
	.fallocate = um_fuse_fallocate,
	.fsync = um_fuse_fsync,
	.lseek = um_fuse_lseek,
	.ioctl = um_fuse_ioctl,
	.release = um_fuse_release,
	.umount = umount,
	.copy_file_range = um_fuse_copy,
	.access = um_fuse_access,
	.flush = um_fuse_flush,
	.lock = um_fuse_lock_file,
	.flock = um_fuse_flock,
	.poll = um_fuse_poll,
	.birth = um_fuse_birth,
	.syncfs = um_fuse_syncfs,
	.tmpfile = um_fuse_tmpfile,
	.link_open = um_fuse_link_open,
};

struct um_fuse *um_fuse_of_mount(const struct um_mount *m)
{
	return m->fs.ops == &ops ? m->fs.priv : NULL;
}

int um_fuse_start(struct um_req *r, struct um_mount *m, struct um_chan *ch,
		  const struct um_fuse_opts *opts)
{
	struct um_fuse *c = um_fuse_new();
	int ret = c ? um_fuse_nodes_init(c) : -ENOMEM;

	if (ret == 0)
		ret = um_chan_attach(ch, c);
	if (ret < 0) {
		um_fuse_put(c);
		return ret;
	}
	atomic_fetch_add(&ch->refs, 1);
	c->chan = ch;
	c->mount = m;
	c->mount_id = m->id;
	c->rootmode = opts->rootmode & S_IFMT;
	c->check_modes = opts->check_modes;
	c->max_read = opts->max_read;
	c->mounter = um_req_tgid(r);
	c->view = r->attr->view;
	um_attrcache_free(um_steal(m->cache));
	m->root_type = c->rootmode;
	m->fs.priv = c;
	m->fs.ops = &ops;
	m->fs.unlink_open = true;
	m->fs.remote = true;
	m->tell = um_fuse_publish;
	m->long_names = true;
	um_fuse_send_init(c);
	return 0;
}
