// SPDX-License-Identifier: GPL-2.0-or-later
/* umfuse.c - the module: mount and umount */
#include "umfuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#define STACK_SIZE (1 << 20)

/* --- the thread of the program --- */

struct call_of_main {
	struct umfuse *mnt;
	char **argv;
	int status;
};

static void call_main(void *arg)
{
	struct call_of_main *c = arg;

	c->status = c->mnt->prog.main(c->mnt->args.n, c->argv);
}

static void *run_program(void *arg)
{
	struct umfuse *mnt = arg;
	size_t size = ((size_t)mnt->args.n + 1) * sizeof(char *);
	/* programs put their arguments in another order, or drop some */
	struct call_of_main c = { mnt, malloc(size), 1 };
	int status;

	umfuse_set_self(mnt);
	um_next_set_current(mnt->next);
	if (c.argv) {
		memcpy(c.argv, mnt->args.v, size);
		um_contained(call_main, &c, &c.status);
	}
	um_next_set_current(NULL);
	status = c.status;
	free(c.argv);
	pthread_rwlock_wrlock(&mnt->tree);
	mnt->alive = false;
	pthread_rwlock_unlock(&mnt->tree);

	pthread_mutex_lock(&mnt->lock);
	if (mnt->state == UMFUSE_RUNNING && !atomic_load(&mnt->stop))
		um_err("%s: main ended while mounted", mnt->name);
	mnt->status = status;
	mnt->state = UMFUSE_ENDED;
	atomic_store(&mnt->stop, true);
	pthread_cond_broadcast(&mnt->changed);
	pthread_mutex_unlock(&mnt->lock);
	return NULL;
}

static int start_program(struct umfuse *mnt)
{
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	err = pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (!err)
		err = pthread_create(&mnt->thread, &attr, run_program, mnt);
	pthread_attr_destroy(&attr);
	return -err;
}

/*
 * Waits until the program serves or has given up. There is no time limit: it
 * may ask for a password.
 * Return: 0 or -errno; the thread is gone then
 */
static int wait_for_program(struct umfuse *mnt)
{
	bool running;

	pthread_mutex_lock(&mnt->lock);
	while (mnt->state == UMFUSE_STARTING)
		pthread_cond_wait(&mnt->changed, &mnt->lock);
	running = mnt->state == UMFUSE_RUNNING;
	pthread_mutex_unlock(&mnt->lock);
	if (running)
		return 0;
	pthread_join(mnt->thread, NULL);
	if (mnt->error)
		return -mnt->error;
	if (!mnt->silent)
		um_err("%s: main returned %d without serving the mount",
		       mnt->name, mnt->status);
	return -EIO;
}

bool umfuse_is_tried(struct umfuse *mnt)
{
	bool tried;

	if (!mnt->silent)
		return false;
	pthread_mutex_lock(&mnt->lock);
	tried = mnt->state == UMFUSE_STARTING;
	pthread_mutex_unlock(&mnt->lock);
	return tried;
}

/* For programs that know of umfuse: they said why, mount(2) gives `error`. */
void umfuse_failed(int error)
{
	struct umfuse *mnt = umfuse_self();

	if (mnt && error > 0)
		mnt->error = error;
}

/* Likewise: open decides for each opening (um_fs.asks_open). */
void umfuse_asks_open(void)
{
	struct umfuse *mnt = umfuse_self();

	if (mnt)
		mnt->asks_open = true;
}

/* --- the mount --- */

static void free_mount(struct umfuse *mnt)
{
	umfuse_fuse_free(mnt->fuse);
	umfuse_prog_unload(&mnt->prog);
	umfuse_nodes_fini(&mnt->nodes);
	umfuse_words_fini(&mnt->args);
	umfuse_opts_fini(&mnt->opts);
	umfuse_behind_fini(&mnt->behind);
	pthread_cond_destroy(&mnt->changed);
	pthread_mutex_destroy(&mnt->lock);
	pthread_rwlock_destroy(&mnt->tree);
	free(mnt->name);
	free(mnt->target);
	free(mnt);
}

static struct umfuse *new_mount(const struct um_mount_req *req,
				struct um_fs *fs)
{
	struct umfuse *mnt = calloc(1, sizeof(*mnt));

	if (!mnt)
		return NULL;
	mnt->next = fs->next;
	mnt->mounter = *um_caller();
	mnt->prog.memfd = -1;
	mnt->silent = req->flags & MS_SILENT;
	pthread_rwlock_init(&mnt->tree, NULL);
	pthread_mutex_init(&mnt->lock, NULL);
	umfuse_behind_init(&mnt->behind);
	pthread_cond_init(&mnt->changed, NULL);
	atomic_init(&mnt->stop, false);
	mnt->name = strdup(req->fstype);
	mnt->target = strdup(req->target);
	if (!mnt->name || !mnt->target || umfuse_nodes_init(&mnt->nodes) < 0) {
		free_mount(mnt);
		return NULL;
	}
	return mnt;
}

static void show_call(const struct umfuse *mnt)
{
	for (int i = 0; i < mnt->args.n; i++)
		um_info("%s: argv[%d] = %s", mnt->name, i, mnt->args.v[i]);
}

static int prepare(struct umfuse *mnt, const struct um_mount_req *req)
{
	int err = umfuse_opts_init(&mnt->opts, req->flags, req->options);

	if (!err)
		err = umfuse_behind_start(&mnt->behind, mnt->opts.writeback);
	if (!err)
		err = umfuse_args_build(&mnt->opts, req, &mnt->args);
	if (!err && mnt->opts.showcall)
		show_call(mnt);
	if (!err)
		err = umfuse_prog_load(&mnt->prog, req->fstype);
	if (!err)
		err = start_program(mnt);
	return err ? err : wait_for_program(mnt);
}

/* Under the tree lock: the program may end at any time now. */
static int offer(struct umfuse *mnt, const struct um_mount_req *req,
		 struct um_fs *fs)
{
	bool alive;

	pthread_rwlock_rdlock(&mnt->tree);
	alive = mnt->alive;
	if (alive) {
		umfuse_ops_init(&mnt->ops, &mnt->fuse->op);
		fs->unlink_open = mnt->fuse->cfg.hard_remove &&
				  mnt->fuse->cfg.nullpath_ok;
	}
	pthread_rwlock_unlock(&mnt->tree);
	if (!alive)
		return -EIO;
	fs->ops = &mnt->ops;
	fs->priv = mnt;
	fs->serial = mnt->serial;
	fs->quick = !mnt->changes;
	fs->remote = mnt->changes;
	fs->ttl_ms = mnt->ttl_ms;
	fs->limited = mnt->opts.has_cache;
	fs->keep = mnt->opts.cache;
	fs->asks_open = mnt->asks_open;
	fs->readonly = mnt->readonly || req->flags & MS_RDONLY;
	return 0;
}

static void end_program(struct umfuse *mnt)
{
	umfuse_stop(mnt);
	pthread_join(mnt->thread, NULL);
}

static int umfuse_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct umfuse *mnt = new_mount(req, fs);
	int err;

	if (!mnt) {
		um_err("umfuse: out of memory");
		return -ENOMEM;
	}
	err = prepare(mnt, req);
	if (!err) {
		err = offer(mnt, req, fs);
		if (err)
			end_program(mnt);
	}
	if (err)
		free_mount(mnt);
	return err;
}

void umfuse_op_umount(struct um_fs *fs)
{
	struct umfuse *mnt = fs->priv;
	struct umfuse_call c;

	/* every operation but write gives gathered writes to the program */
	umfuse_leave0(&c, umfuse_enter(&c, fs, "umount", NULL));
	end_program(mnt);
	if (mnt->status != 0)
		um_warn("%s: main returned %d", mnt->name, mnt->status);
	free_mount(mnt);
	fs->priv = NULL;
}

static int umfuse_init(const char *args)
{
	(void)args;
	return umfuse_load_init();
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "umfuse",
	.description = "FUSE file systems inside the view",
	.options =
		"debug         trace each operation\n"
		"fsdebug       pass debug to the file system\n"
		"showcall      show the arguments of the file system\n"
		"nosource      leave out the source\n"
		"pre=WORDS     arguments before -o\n"
		"post=WORDS    arguments at the end\n"
		"format=WORDS  all arguments: %O options, %S source, %M target\n"
		"fuseuid=N     user id the file system is told\n"
		"fusegid=N     group id the file system is told\n"
		"hard_remove   do not hide open files that are removed\n"
		"cache=SIZE    keep so much of files that nobody has open\n"
		"writeback[=SIZE]  gather writes before the file system sees them\n",
	.init = umfuse_init,
	.fini = umfuse_load_fini,
	.mount = umfuse_mount,
};
