// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * testfs.c - a FUSE daemon that shows what it is asked
 *
 *	testfs [-o OPTION...] [-f] DIR
 *
 * A flat file system in memory with a few files, each with a manner of its own.
 * It is mounted in a view and, where one may, by the kernel: guest.py must see
 * the same in both.
 *
 *	plain	nothing special
 *	full	close(2) fails with ENOSPC after it was written
 *	late	open(2) is answered when `go` has been written to
 *	unknown	LOOKUP is
 *	go	see late and unknown
 *	locks	fcntl(2) and flock(2) are the daemon's; `other*` is locked by
 *		somebody else, `other` for a read lock
 *	direct	direct_io
 *	kept	keep_cache; "store TEXT" to `control` puts TEXT into the cache,
 *		"retrieve" asks for it back
 *	hang	LOOKUP is answered a moment after its INTERRUPT, with success
 *	acl	root's; its list lets user $ACL_UID write it, group $ACL_GID read
 *	timed, long	name and attributes hold for a second, and for an hour;
 *		"grow" to `control` makes both longer and says nothing, "hide" has
 *		`long` go and "show" come again; "changed" and "gone" tell of it
 *	counts	what the daemon has seen and still has to be told; see counts()
 *	control	commands
 */
#define FUSE_USE_VERSION 314

#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
	ROOT,
	PLAIN,
	FULL,
	LATE,
	GO,
	LOCKS,
	OTHER,
	DIRECT,
	KEPT,
	HANG,
	UNKNOWN,
	ACL,
	TIMED,
	LONG,
	COUNTS,
	CONTROL,
	NFILES
};

#define INODE(ino) ((fuse_ino_t)(ino) + 1)
#define FILE_OF(i) ((i)-1)
#define MAX_SIZE   (1 << 20)
#define MAX_LOCKS  64
#define BLOCK	   4096

static const char *const names[NFILES] = {
	"",	 "plain",  "full",   "late",   "go",	  "locks",
	"other", "direct", "kept",   "hang",   "unknown", "acl",
	"timed", "long",   "counts", "control"
};

struct file {
	char *data;
	size_t size;
	bool written;
	atomic_long lookups;
	atomic_long opens;
};

struct lock {
	fuse_ino_t ino;
	uint64_t owner;
	struct flock fl;
	bool flock;
};

static struct file files[NFILES];
static struct lock locks[MAX_LOCKS];
static size_t nlocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool may_go;
static atomic_bool is_hidden;
static atomic_long done;
static char retrieved[256];
static atomic_long flushes, copies, forgets, hangs, late;
static struct fuse_session *session;

/* ---- attributes and names ---- */

static void fill_attr(int i, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = INODE(i);
	st->st_mode = i == ROOT ? S_IFDIR | 0777 : S_IFREG | 0666;
	st->st_nlink = i == ROOT ? 2 : 1;
	st->st_size = (off_t)files[i].size;
	st->st_uid = getuid();
	st->st_gid = getgid();
	st->st_blksize = BLOCK;
	if (i == ACL) {
		st->st_mode = S_IFREG | 0660;
		st->st_uid = st->st_gid = 0;
	}
}

/* For how long attributes and names hold, in seconds. */
static double holds(int i)
{
	if (i == TIMED)
		return 1;
	return i == LONG ? 3600 : 0;
}

static void fs_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	fill_attr((int)FILE_OF(ino), &st);
	fuse_reply_attr(req, &st, holds((int)FILE_OF(ino)));
}

/* What a chmod, truncate or utimens asks for: the size is all there is. */
static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
		       int to_set, struct fuse_file_info *fi)
{
	struct file *f = &files[FILE_OF(ino)];
	size_t size = (size_t)attr->st_size;

	if (to_set & FUSE_SET_ATTR_SIZE) {
		if (size > MAX_SIZE) {
			fuse_reply_err(req, EFBIG);
			return;
		}
		pthread_mutex_lock(&lock);
		if (size > f->size)
			memset(f->data + f->size, 0, size - f->size);
		f->size = size;
		pthread_mutex_unlock(&lock);
	}
	fs_getattr(req, ino, fi);
}

static int find(const char *name)
{
	for (int i = 1; i < NFILES; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static void wait_interrupted(fuse_req_t req)
{
	atomic_fetch_add(&hangs, 1);
	while (!fuse_req_interrupted(req))
		usleep(10000);
	/* longer than anybody waits who was interrupted */
	usleep(1500000);
}

static void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .generation = 1 };
	int i = find(name);

	if (parent != FUSE_ROOT_ID || i < 0 ||
	    (i == LONG && atomic_load(&is_hidden))) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	if (i == HANG)
		wait_interrupted(req);
	pthread_mutex_lock(&lock);
	while (i == UNKNOWN && !may_go)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	e.ino = INODE(i);
	e.attr_timeout = e.entry_timeout = holds(i);
	fill_attr(i, &e.attr);
	atomic_fetch_add(&files[i].lookups, 1);
	if (fuse_reply_entry(req, &e) < 0)
		atomic_fetch_sub(&files[i].lookups, 1);
	if (i == HANG)
		atomic_fetch_add(&late, 1);
}

static void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	if (ino != FUSE_ROOT_ID) {
		atomic_fetch_sub(&files[FILE_OF(ino)].lookups, (long)n);
		atomic_fetch_add(&forgets, (long)n);
	}
	fuse_reply_none(req);
}

static void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	char *buf = malloc(size);
	size_t at = 0;

	(void)ino;
	(void)fi;
	for (int i = (int)off + 1; buf && i < NFILES; i++) {
		struct stat st;
		size_t n;

		fill_attr(i, &st);
		n = fuse_add_direntry(req, buf + at, size - at, names[i], &st,
				      i);
		if (n > size - at)
			break;
		at += n;
	}
	fuse_reply_buf(req, buf, at);
	free(buf);
}

/* ---- data ---- */

static void counts(void)
{
	struct file *f = &files[COUNTS];
	long lookups = 0;
	long opens = 0;
	char which[256] = "";

	for (int i = 1; i < NFILES; i++) {
		bool kept = i == COUNTS || i == TIMED || i == LONG;

		lookups += kept ? 0 : atomic_load(&files[i].lookups);
		opens += i == COUNTS ? 0 : atomic_load(&files[i].opens);
		if (i != COUNTS && atomic_load(&files[i].opens))
			snprintf(which + strlen(which),
				 sizeof(which) - strlen(which), " %s",
				 names[i]);
	}
	f->size = (size_t)snprintf(
		f->data, MAX_SIZE,
		"lookups %ld\nopens %ld\nflushes %ld\nlocks %zu\ncopies %ld\n"
		"negative %d\nhangs %ld\nlate %ld\nhang %ld\ndone %ld\n"
		"open%s\n"
		"retrieved %s\n",
		lookups, opens, atomic_load(&flushes), nlocks,
		atomic_load(&copies), lookups < 0 || opens < 0,
		atomic_load(&hangs), atomic_load(&late),
		atomic_load(&files[HANG].lookups), atomic_load(&done),
		which[0] ? which : " none", retrieved);
}

static void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	int i = (int)FILE_OF(ino);

	pthread_mutex_lock(&lock);
	while (i == LATE && !may_go)
		pthread_cond_wait(&changed, &lock);
	if (i == COUNTS)
		counts();
	else if (fi->flags & O_TRUNC)
		files[i].size = 0;
	pthread_mutex_unlock(&lock);
	fi->direct_io = i == DIRECT || i == COUNTS;
	fi->keep_cache = i == KEPT;
	atomic_fetch_add(&files[i].opens, 1);
	if (fuse_reply_open(req, fi) < 0)
		atomic_fetch_sub(&files[i].opens, 1);
}

static void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct file *f = &files[FILE_OF(ino)];
	size_t left;

	(void)fi;
	pthread_mutex_lock(&lock);
	left = (size_t)off < f->size ? f->size - (size_t)off : 0;
	fuse_reply_buf(req, f->data + off, left < size ? left : size);
	pthread_mutex_unlock(&lock);
}

static void store(const char *text)
{
	struct fuse_bufvec buf = FUSE_BUFVEC_INIT(strlen(text));

	memcpy(files[KEPT].data, text, strlen(text));
	files[KEPT].size = strlen(text);
	buf.buf[0].mem = files[KEPT].data;
	fuse_lowlevel_notify_store(session, INODE(KEPT), 0, &buf,
				   (enum fuse_buf_copy_flags)0);
}

/* A notification is not to be sent while the request it may wait for is. */
static void *command(void *arg)
{
	char *text = arg;

	text[strcspn(text, "\n")] = '\0';
	if (!strncmp(text, "store ", 6))
		store(text + 6);
	else if (!strcmp(text, "retrieve"))
		fuse_lowlevel_notify_retrieve(session, INODE(KEPT), 200, 0,
					      NULL);
	else if (!strncmp(text, "silent ", 7))
		files[PLAIN].size = (size_t)snprintf(files[PLAIN].data,
						     MAX_SIZE, "%s", text + 7);
	else if (!strcmp(text, "inval"))
		fuse_lowlevel_notify_inval_inode(session, INODE(PLAIN), 0, 0);
	else if (!strcmp(text, "expire"))
		fuse_lowlevel_notify_inval_entry(session, FUSE_ROOT_ID, "plain",
						 5);
	else if (!strcmp(text, "grow"))
		files[TIMED].size = ++files[LONG].size;
	else if (!strcmp(text, "changed"))
		fuse_lowlevel_notify_inval_inode(session, INODE(LONG), 0, 0);
	else if (!strcmp(text, "gone"))
		fuse_lowlevel_notify_inval_entry(session, FUSE_ROOT_ID, "long",
						 4);
	else if (!strcmp(text, "hide") || !strcmp(text, "show"))
		atomic_store(&is_hidden, text[0] == 'h');
	atomic_fetch_add(&done, 1);
	free(text);
	return NULL;
}

static void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf,
		     size_t size, off_t off, struct fuse_file_info *fi)
{
	struct file *f = &files[FILE_OF(ino)];
	pthread_t thread;

	(void)fi;
	if ((size_t)off + size > MAX_SIZE) {
		fuse_reply_err(req, EFBIG);
		return;
	}
	if (FILE_OF(ino) == CONTROL) {
		if (pthread_create(&thread, NULL, command,
				   strndup(buf, size)) == 0)
			pthread_detach(thread);
		fuse_reply_write(req, size);
		return;
	}
	pthread_mutex_lock(&lock);
	if ((size_t)off > f->size)
		memset(f->data + f->size, 0, (size_t)off - f->size);
	memcpy(f->data + off, buf, size);
	if ((size_t)off + size > f->size)
		f->size = (size_t)off + size;
	f->written = true;
	if (FILE_OF(ino) == GO) {
		may_go = true;
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&lock);
	fuse_reply_write(req, size);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are FUSE's */
static void fs_copy(fuse_req_t req, fuse_ino_t in, off_t in_off,
		    struct fuse_file_info *in_fi, fuse_ino_t out, off_t out_off,
		    struct fuse_file_info *out_fi, size_t n, int flags)
{
	const struct file *from = &files[FILE_OF(in)];
	struct file *to = &files[FILE_OF(out)];

	(void)in_fi;
	(void)out_fi;
	(void)flags;
	pthread_mutex_lock(&lock);
	if ((size_t)in_off >= from->size)
		n = 0;
	else if (n > from->size - (size_t)in_off)
		n = from->size - (size_t)in_off;
	if ((size_t)out_off + n > MAX_SIZE)
		n = 0;
	memmove(to->data + out_off, from->data + in_off, n);
	if ((size_t)out_off + n > to->size)
		to->size = (size_t)out_off + n;
	pthread_mutex_unlock(&lock);
	atomic_fetch_add(&copies, 1);
	fuse_reply_write(req, n);
}

static void fs_retrieve_reply(fuse_req_t req, void *cookie, fuse_ino_t ino,
			      off_t off, struct fuse_bufvec *bufv)
{
	struct fuse_bufvec to = FUSE_BUFVEC_INIT(sizeof(retrieved) - 1);
	ssize_t n;

	(void)cookie;
	(void)ino;
	(void)off;
	memset(retrieved, 0, sizeof(retrieved));
	to.buf[0].mem = retrieved;
	n = fuse_buf_copy(&to, bufv, (enum fuse_buf_copy_flags)0);
	retrieved[n < 0 ? 0 : n] = '\0';
	fuse_reply_none(req);
}

/* ---- locks ---- */

static bool overlaps(const struct flock *a, const struct flock *b)
{
	off_t a_end = a->l_len ? a->l_start + a->l_len : INT64_MAX;
	off_t b_end = b->l_len ? b->l_start + b->l_len : INT64_MAX;

	return a->l_start < b_end && b->l_start < a_end;
}

/* Who asks, for what, and which kind of lock. */
struct wish {
	fuse_ino_t ino;
	uint64_t owner;
	bool flock;
	struct flock fl;
};

static struct lock *conflict(const struct wish *w)
{
	for (size_t i = 0; i < nlocks; i++) {
		struct lock *l = &locks[i];

		if (l->ino == w->ino && l->owner != w->owner &&
		    l->flock == w->flock && overlaps(&l->fl, &w->fl) &&
		    (l->fl.l_type == F_WRLCK || w->fl.l_type == F_WRLCK))
			return l;
	}
	return NULL;
}

/* Whole locks only: whoever unlocks a part of one unlocks all of it. */
static void drop(const struct wish *w)
{
	size_t n = 0;

	for (size_t i = 0; i < nlocks; i++)
		if (locks[i].ino != w->ino || locks[i].owner != w->owner ||
		    locks[i].flock != w->flock ||
		    !overlaps(&locks[i].fl, &w->fl))
			locks[n++] = locks[i];
	nlocks = n;
	pthread_cond_broadcast(&changed);
}

static int take(fuse_req_t req, const struct wish *w, bool wait)
{
	struct timespec end;

	if (w->fl.l_type == F_UNLCK) {
		drop(w);
		return 0;
	}
	while (conflict(w)) {
		if (!wait)
			return EAGAIN;
		if (fuse_req_interrupted(req))
			return EINTR;
		clock_gettime(CLOCK_REALTIME, &end);
		end.tv_nsec += 20000000;
		if (end.tv_nsec >= 1000000000) {
			end.tv_nsec -= 1000000000;
			end.tv_sec++;
		}
		pthread_cond_timedwait(&changed, &lock, &end);
	}
	drop(w);
	if (nlocks == MAX_LOCKS)
		return ENOLCK;
	locks[nlocks++] = (struct lock){ w->ino, w->owner, w->fl, w->flock };
	return 0;
}

/* `other` is locked by somebody who is no guest. */
static int held_elsewhere(fuse_ino_t ino, const struct flock *fl)
{
	return FILE_OF(ino) == OTHER && fl->l_type == F_WRLCK ? EAGAIN : 0;
}

static void fs_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		     struct flock *fl)
{
	struct wish w = { ino, fi->lock_owner, false, *fl };
	const struct lock *l;

	pthread_mutex_lock(&lock);
	l = conflict(&w);
	if (held_elsewhere(ino, fl)) {
		*fl = (struct flock){
			.l_type = F_RDLCK, .l_start = 10, .l_len = 5, .l_pid = 1
		};
	} else if (l) {
		*fl = l->fl;
	} else {
		fl->l_type = F_UNLCK;
	}
	pthread_mutex_unlock(&lock);
	fuse_reply_lock(req, fl);
}

static void fs_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		     struct flock *fl, int sleep)
{
	struct wish w = { ino, fi->lock_owner, false, *fl };
	int err = held_elsewhere(ino, fl);

	pthread_mutex_lock(&lock);
	if (!err)
		err = take(req, &w, sleep);
	pthread_mutex_unlock(&lock);
	fuse_reply_err(req, err);
}

static void fs_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		     int op)
{
	struct wish w = { ino, fi->lock_owner, true, { .l_type = F_WRLCK } };
	int err;

	if ((op & ~LOCK_NB) == LOCK_UN)
		w.fl.l_type = F_UNLCK;
	else if ((op & ~LOCK_NB) == LOCK_SH)
		w.fl.l_type = F_RDLCK;
	err = held_elsewhere(ino, &w.fl);
	pthread_mutex_lock(&lock);
	if (!err)
		err = take(req, &w, !(op & LOCK_NB));
	pthread_mutex_unlock(&lock);
	fuse_reply_err(req, err);
}

static void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct wish w = { .ino = ino, .owner = fi->lock_owner };
	struct file *f = &files[FILE_OF(ino)];
	int err;

	pthread_mutex_lock(&lock);
	drop(&w);
	err = FILE_OF(ino) == FULL && f->written ? ENOSPC : 0;
	f->written = false;
	pthread_mutex_unlock(&lock);
	if (FILE_OF(ino) != COUNTS && FILE_OF(ino) != CONTROL)
		atomic_fetch_add(&flushes, 1);
	fuse_reply_err(req, err);
}

static void fs_release(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct wish w = { .ino = ino, .owner = fi->lock_owner, .flock = true };

	pthread_mutex_lock(&lock);
	if (fi->flock_release)
		drop(&w);
	pthread_mutex_unlock(&lock);
	atomic_fetch_sub(&files[FILE_OF(ino)].opens, 1);
	fuse_reply_err(req, 0);
}

/* ---- ioctl ---- */

#define TEST_GET  _IOR('u', 1, int)
#define TEST_SET  _IOW('u', 2, int)
#define TEST_SWAP _IOWR('u', 3, int[2])

/* NOLINTNEXTLINE(readability-function-size): the parameters are FUSE's */
static void fs_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd,
		     void *arg, struct fuse_file_info *fi, unsigned int flags,
		     const void *in, size_t in_size, size_t out_size)
{
	static int value = 7;
	int pair[2];

	(void)ino;
	(void)arg;
	(void)fi;
	(void)flags;
	if (cmd == TEST_GET && out_size == sizeof(int)) {
		fuse_reply_ioctl(req, 0, &value, sizeof(value));
	} else if (cmd == TEST_SET && in_size == sizeof(int)) {
		memcpy(&value, in, sizeof(value));
		fuse_reply_ioctl(req, 3, NULL, 0);
	} else if (cmd == TEST_SWAP && in_size == sizeof(pair)) {
		pair[0] = ((const int *)in)[1];
		pair[1] = ((const int *)in)[0];
		fuse_reply_ioctl(req, 0, pair, sizeof(pair));
	} else {
		fuse_reply_err(req, ENOTTY);
	}
}

/* ---- access control lists ---- */

static void fs_init(void *arg, struct fuse_conn_info *conn)
{
	(void)arg;
	conn->want |=
		conn->capable & (FUSE_CAP_POSIX_ACL | FUSE_CAP_PARALLEL_DIROPS);
}

static uint32_t number_of(const char *variable)
{
	const char *text = getenv(variable);

	return text ? (uint32_t)strtoul(text, NULL, 10) : 1;
}

static void fs_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
			size_t size)
{
	struct {
		uint32_t version;
		struct {
			uint16_t tag;
			uint16_t perm;
			uint32_t id;
		} entry[6];
	} acl = { 2,
		  { { 0x01, 6, UINT32_MAX },
		    { 0x02, 6, number_of("ACL_UID") },
		    { 0x04, 4, UINT32_MAX },
		    { 0x08, 4, number_of("ACL_GID") },
		    { 0x10, 6, UINT32_MAX },
		    { 0x20, 0, UINT32_MAX } } };

	if (FILE_OF(ino) != ACL || strcmp(name, "system.posix_acl_access") != 0)
		fuse_reply_err(req, ENODATA);
	else if (!size)
		fuse_reply_xattr(req, sizeof(acl));
	else if (size < sizeof(acl))
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, (const char *)&acl, sizeof(acl));
}

static const struct fuse_lowlevel_ops ops = {
	.init = fs_init,
	.getxattr = fs_getxattr,
	.lookup = fs_lookup,
	.forget = fs_forget,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.readdir = fs_readdir,
	.open = fs_open,
	.release = fs_release,
	.read = fs_read,
	.write = fs_write,
	.flush = fs_flush,
	.copy_file_range = fs_copy,
	.retrieve_reply = fs_retrieve_reply,
	.getlk = fs_getlk,
	.setlk = fs_setlk,
	.flock = fs_flock,
	.ioctl = fs_ioctl,
};

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fuse_cmdline_opts opts;
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int ret = 1;

	for (int i = 0; i < NFILES; i++)
		files[i].data = calloc(1, MAX_SIZE + BLOCK);
	if (fuse_parse_cmdline(&args, &opts) != 0 || !opts.mountpoint)
		return 2;
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!session || fuse_set_signal_handlers(session) != 0)
		return 1;
	if (fuse_session_mount(session, opts.mountpoint) == 0) {
		fuse_daemonize(opts.foreground);
		ret = fuse_session_loop_mt(session, config);
		fuse_session_unmount(session);
	}
	fuse_remove_signal_handlers(session);
	fuse_session_destroy(session);
	fuse_loop_cfg_destroy(config);
	free(opts.mountpoint);
	fuse_opt_free_args(&args);
	return ret ? 1 : 0;
}
