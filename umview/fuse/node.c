// SPDX-License-Identifier: GPL-2.0-or-later
/* node.c - nodes of a FUSE file system, and names in it; see node.h */
#include "fuse/node.h"

#include <string.h>
#include <time.h>

#include "guest/req.h"
#include "guest/shared.h"

#define MAX_DENTRIES 16384
#define NS	     1000000000ULL

uint64_t um_fuse_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

static uint64_t valid_until(uint64_t sec, uint32_t nsec)
{
	if (!sec && !nsec)
		return 0;
	if (sec > UINT64_MAX / NS / 4)
		sec = UINT64_MAX / NS / 4;
	return um_fuse_now() + sec * NS + (nsec < NS ? nsec : NS - 1);
}

/* Names the request at work; 0: none. */
static uint64_t current_request(void)
{
	const struct um_req *r = um_req_current();

	return r ? r->id : 0;
}

static bool holds(uint64_t until, uint64_t made_for)
{
	return (made_for && made_for == current_request()) ||
	       (until && um_fuse_now() < until);
}

/* ---- what guests were told, taken back ---- */

static void untell_name(struct um_fuse_dentry *d)
{
	if (d->told)
		um_shared_bucket_changed(d->bucket);
	d->told = false;
}

/* Who may search a directory decides of all names in it. */
static void untell_node(const struct um_fuse *c, struct um_fuse_node *n)
{
	if (!n->told)
		return;
	n->told = false;
	if (c->check_modes && S_ISDIR(n->attr.mode))
		um_shared_all_changed();
	else
		um_shared_node_changed(c->mount_id, n->ino);
}

/* ---- nodes ---- */

static struct um_fuse_node *find_node_locked(struct um_fuse *c, uint64_t id)
{
	struct um_hnode *h = um_hash_get(&c->nodes, id);

	return h ? um_container(h, struct um_fuse_node, node) : NULL;
}

static struct um_fuse_node *find_ino_locked(struct um_fuse *c, uint64_t ino)
{
	struct um_hnode *h = um_hash_get(&c->inos, ino);

	return h ? um_container(h, struct um_fuse_node, by_ino) : NULL;
}

/* Two names of one file, for all that can be told. */
static bool same_file(const struct fuse_attr *a, const struct fuse_attr *b)
{
	return a->nlink > 1 && a->mode == b->mode && a->size == b->size &&
	       a->mtime == b->mtime && a->mtimensec == b->mtimensec;
}

/*
 * The core takes the inode number of a regular file for its identity. The
 * daemon's identity is the node's number, and what it tells as inode number may
 * be that of a file on another disk too. So the first node to come with a
 * number has it; a later one only if it looks like another link of the file,
 * else it gets a number made from the node's.
 */
static uint64_t shown_ino_locked(struct um_fuse *c, struct um_fuse_node *n,
				 const struct fuse_attr *a)
{
	uint64_t ino = a->ino ? a->ino : n->id;
	struct um_fuse_node *first;

	if (!S_ISREG(a->mode))
		return ino;
	first = find_ino_locked(c, ino);
	if (!first) {
		n->claims = um_hash_add(&c->inos, &n->by_ino, ino) == 0;
		return ino;
	}
	return first == n || same_file(a, &first->attr)
		       ? ino
		       : (n->id ^ (1ULL << 63));
}

static uint64_t next_change(struct um_fuse *c)
{
	return atomic_fetch_add(&c->changes, 1) + 1;
}

uint64_t um_fuse_asked(struct um_fuse *c)
{
	return atomic_load(&c->changes);
}

static void node_free_locked(struct um_fuse *c, struct um_fuse_node *n)
{
	untell_node(c, n);
	if (n->changed > c->gone)
		c->gone = n->changed;
	um_hash_del(&c->nodes, &n->node);
	if (n->claims)
		um_hash_del(&c->inos, &n->by_ino);
	n->next_forget = c->forget;
	c->forget = n;
}

static void put_locked(struct um_fuse *c, struct um_fuse_node *n)
{
	if (n && --n->refs == 0)
		node_free_locked(c, n);
}

static struct um_fuse_node *node_new_locked(struct um_fuse *c, uint64_t id)
{
	struct um_fuse_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->id = id;
	/* it may be one of those */
	n->changed = n->moved = c->gone;
	if (um_hash_add(&c->nodes, &n->node, id) < 0) {
		free(n);
		return NULL;
	}
	return n;
}

void um_fuse_lock(struct um_fuse *c)
{
	um_lock(&c->lock);
}

static void tell_forget(struct um_fuse *c, const struct um_fuse_node *n)
{
	struct fuse_forget_in in = { .nlookup = n->nlookup };
	struct um_fuse_call k = { .opcode = FUSE_FORGET,
				  .node = n->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };

	um_fuse_tell(c, &k);
}

void um_fuse_unlock(struct um_fuse *c)
{
	struct um_fuse_node *all = um_steal(c->forget);
	bool told = c->state == UM_FUSE_READY;

	um_unlock(&c->lock);
	while (all) {
		struct um_fuse_node *n = all;

		all = n->next_forget;
		if (n->nlookup && told)
			tell_forget(c, n);
		um_fuse_behind_free(n->behind);
		free(n);
	}
}

struct um_fuse_node *um_fuse_node_get(struct um_fuse *c, struct um_fuse_node *n)
{
	um_fuse_lock(c);
	n->refs++;
	um_fuse_unlock(c);
	return n;
}

void um_fuse_node_put(struct um_fuse *c, struct um_fuse_node *n)
{
	if (!n)
		return;
	um_fuse_lock(c);
	put_locked(c, n);
	um_fuse_unlock(c);
}

struct um_fuse_node *um_fuse_node_by_id(struct um_fuse *c, uint64_t id)
{
	struct um_fuse_node *n;

	um_fuse_lock(c);
	n = find_node_locked(c, id);
	if (n)
		n->refs++;
	um_fuse_unlock(c);
	return n;
}

/* ---- dentries ---- */

static uint64_t name_key(const struct um_fuse_node *dir, const char *name)
{
	return um_hash_str(name, dir->id * 0x9e3779b97f4a7c15u);
}

struct um_fuse_dentry *um_fuse_find_name(struct um_fuse *c,
					 const struct um_fuse_node *dir,
					 const char *name)
{
	struct um_hnode *h = um_hash_get(&c->names, name_key(dir, name));

	for (; h; h = um_hash_next(h)) {
		struct um_fuse_dentry *d =
			um_container(h, struct um_fuse_dentry, by_name);

		if (d->dir == dir && !strcmp(d->name, name))
			return d;
	}
	return NULL;
}

static void lru_out_locked(struct um_fuse *c, struct um_fuse_dentry *d)
{
	*(d->newer ? &d->newer->older : &c->lru_head) = d->older;
	*(d->older ? &d->older->newer : &c->lru_tail) = d->newer;
}

static void lru_in_locked(struct um_fuse *c, struct um_fuse_dentry *d)
{
	d->newer = NULL;
	d->older = c->lru_head;
	*(c->lru_head ? &c->lru_head->newer : &c->lru_tail) = d;
	c->lru_head = d;
}

static void drop_locked(struct um_fuse *c, struct um_fuse_dentry *d)
{
	untell_name(d);
	um_hash_del(&c->names, &d->by_name);
	lru_out_locked(c, d);
	c->ndentries--;
	put_locked(c, d->node);
	put_locked(c, d->dir);
	free(d);
}

/* A dentry without a node yet; out of memory: NULL, and the name is not kept. */
static struct um_fuse_dentry *name_new_locked(struct um_fuse *c,
					      struct um_fuse_node *dir,
					      const char *name)
{
	struct um_fuse_dentry *d = calloc(1, sizeof(*d) + strlen(name) + 1);

	if (!d)
		return NULL;
	memcpy(d->name, name, strlen(name) + 1);
	if (um_hash_add(&c->names, &d->by_name, name_key(dir, name)) < 0) {
		free(d);
		return NULL;
	}
	d->dir = dir;
	dir->refs++;
	lru_in_locked(c, d);
	c->ndentries++;
	return d;
}

/* The name leads to n from now on (NULL: it is absent). */
static void set_name_locked(struct um_fuse *c, struct um_fuse_node *dir,
			    const char *name, struct um_fuse_node *n,
			    uint64_t until)
{
	struct um_fuse_dentry *d = um_fuse_find_name(c, dir, name);
	struct um_fuse_node *before;

	if (!d)
		d = name_new_locked(c, dir, name);
	if (!d)
		return;
	before = d->node;
	if (before != n)
		untell_name(d);
	d->node = n;
	if (n)
		n->refs++;
	put_locked(c, before);
	d->until = until;
	d->made_for = current_request();
	lru_out_locked(c, d);
	lru_in_locked(c, d);
	while (c->ndentries > MAX_DENTRIES && c->lru_tail != d)
		drop_locked(c, c->lru_tail);
}

void um_fuse_expire_name(struct um_fuse *c, struct um_fuse_node *dir,
			 const char *name)
{
	struct um_fuse_dentry *d;

	um_fuse_lock(c);
	d = um_fuse_find_name(c, dir, name);
	if (d) {
		untell_name(d);
		d->until = d->made_for = 0;
	}
	um_fuse_unlock(c);
}

void um_fuse_drop_name(struct um_fuse *c, struct um_fuse_node *dir,
		       const char *name)
{
	struct um_fuse_dentry *d;

	um_fuse_lock(c);
	d = um_fuse_find_name(c, dir, name);
	if (d)
		drop_locked(c, d);
	um_fuse_unlock(c);
}

/* ---- attributes ---- */

/* Takes the name out; its node (a ref) and how long it is valid. */
static struct um_fuse_node *take_name_locked(struct um_fuse *c,
					     struct um_fuse_node *dir,
					     const char *name, uint64_t *until)
{
	struct um_fuse_dentry *d = um_fuse_find_name(c, dir, name);
	struct um_fuse_node *n = d ? d->node : NULL;

	if (!d)
		return NULL;
	if (n)
		n->refs++;
	*until = d->until;
	drop_locked(c, d);
	return n;
}

void um_fuse_move_name(struct um_fuse *c, struct um_fuse_node *from_dir,
		       const char *from, struct um_fuse_node *to_dir,
		       const char *to, bool exchange)
{
	uint64_t from_until = 0, to_until = 0;
	struct um_fuse_node *a, *b;

	um_fuse_lock(c);
	a = take_name_locked(c, from_dir, from, &from_until);
	b = take_name_locked(c, to_dir, to, &to_until);
	if (a)
		set_name_locked(c, to_dir, to, a, from_until);
	if (b && exchange)
		set_name_locked(c, from_dir, from, b, to_until);
	put_locked(c, a);
	put_locked(c, b);
	um_fuse_unlock(c);
}

/* Of what is not known at all even an old answer tells something: the type. */
static void set_attr_locked(struct um_fuse *c, struct um_fuse_node *n,
			    const struct fuse_attr *a, uint64_t until,
			    uint64_t asked)
{
	bool fresh = n->changed <= asked;

	if (!fresh && n->ino)
		return;
	if (!n->ino)
		n->ino = shown_ino_locked(c, n, a);
	untell_node(c, n);
	n->attr = *a;
	n->attr_until = fresh ? until : 0;
	n->attr_for = fresh ? current_request() : 0;
	n->changed = next_change(c);
}

static void forget_attr_locked(struct um_fuse *c, struct um_fuse_node *n)
{
	untell_node(c, n);
	n->attr_until = n->attr_for = 0;
	n->changed = n->moved = next_change(c);
}

void um_fuse_set_attr(struct um_fuse *c, struct um_fuse_node *n,
		      const struct fuse_attr_out *a, uint64_t asked,
		      struct stat *out)
{
	uint64_t until = valid_until(a->attr_valid, a->attr_valid_nsec);

	um_fuse_lock(c);
	set_attr_locked(c, n, &a->attr, until, asked);
	um_fuse_fill_stat(
		n, holds(n->attr_until, n->attr_for) ? &n->attr : &a->attr,
		out);
	if (asked < n->landed && out->st_size < (off_t)n->landed_end)
		out->st_size = (off_t)n->landed_end;
	um_fuse_unlock(c);
}

void um_fuse_attr_changed(struct um_fuse *c, struct um_fuse_node *n,
			  const struct fuse_attr_out *a, uint64_t asked)
{
	uint64_t until = valid_until(a->attr_valid, a->attr_valid_nsec);
	bool fresh;

	um_fuse_lock(c);
	fresh = n->changed <= asked;
	forget_attr_locked(c, n);
	if (fresh)
		set_attr_locked(c, n, &a->attr, until, n->changed);
	um_fuse_unlock(c);
}

void um_fuse_forget_attr(struct um_fuse *c, struct um_fuse_node *n)
{
	um_fuse_lock(c);
	forget_attr_locked(c, n);
	um_fuse_unlock(c);
}

bool um_fuse_get_attr(struct um_fuse *c, struct um_fuse_node *n,
		      struct stat *out)
{
	bool known;

	um_fuse_lock(c);
	known = n->ino && holds(n->attr_until, n->attr_for);
	if (known)
		um_fuse_fill_stat(n, &n->attr, out);
	um_fuse_unlock(c);
	return known;
}

void um_fuse_forget_entry(struct um_fuse *c, uint64_t id)
{
	struct fuse_forget_in in = { .nlookup = 1 };
	struct um_fuse_call k = { .opcode = FUSE_FORGET,
				  .node = id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };

	if (id && id != FUSE_ROOT_ID)
		um_fuse_tell(c, &k);
}

/* A node is of one type as long as the daemon has not been told to forget it. */
static bool fits(const struct um_fuse_node *n, const struct fuse_attr *a)
{
	return !n->ino || !((n->attr.mode ^ a->mode) & S_IFMT);
}

static int entry_locked(struct um_fuse *c, struct um_fuse_node *dir,
			const char *name, const struct fuse_entry_out *e,
			uint64_t asked, struct um_fuse_node **out)
{
	uint64_t until = valid_until(e->entry_valid, e->entry_valid_nsec);
	struct um_fuse_node *n = find_node_locked(c, e->nodeid);

	if (n && !fits(n, &e->attr))
		return -EIO;
	if (!n)
		n = node_new_locked(c, e->nodeid);
	if (!n)
		return -ENOMEM;
	n->refs++;
	n->nlookup++;
	set_attr_locked(c, n, &e->attr,
			valid_until(e->attr_valid, e->attr_valid_nsec), asked);
	if (name && dir->moved <= asked)
		set_name_locked(c, dir, name, n, until);
	*out = n;
	return 0;
}

int um_fuse_entry(struct um_fuse *c, struct um_fuse_node *dir, const char *name,
		  const struct fuse_entry_out *e, uint64_t asked,
		  struct um_fuse_node **out)
{
	int ret = -EIO;

	*out = NULL;
	if (e->nodeid && e->nodeid != FUSE_ROOT_ID &&
	    um_fuse_attr_valid(&e->attr)) {
		um_fuse_lock(c);
		ret = entry_locked(c, dir, name, e, asked, out);
		um_fuse_unlock(c);
	}
	if (ret < 0)
		um_fuse_forget_entry(c, e->nodeid);
	return ret;
}

/* ---- what is known of names ---- */

int um_fuse_known_name(struct um_fuse *c, struct um_fuse_node *dir,
		       const char *name, struct um_fuse_node **out)
{
	struct um_fuse_dentry *d;
	int ret = -EAGAIN;

	um_fuse_lock(c);
	d = um_fuse_find_name(c, dir, name);
	if (d && holds(d->until, d->made_for)) {
		ret = d->node ? 0 : -ENOENT;
		*out = d->node;
		if (d->node)
			d->node->refs++;
		lru_out_locked(c, d);
		lru_in_locked(c, d);
	}
	um_fuse_unlock(c);
	return ret;
}

void um_fuse_set_absent(struct um_fuse *c, struct um_fuse_node *dir,
			const char *name, const struct fuse_entry_out *e,
			uint64_t asked)
{
	uint64_t until = valid_until(e->entry_valid, e->entry_valid_nsec);

	um_fuse_lock(c);
	if (dir->moved <= asked)
		set_name_locked(c, dir, name, NULL, until);
	um_fuse_unlock(c);
}

struct um_fuse_node *um_fuse_next_behind(struct um_fuse *c)
{
	struct um_fuse_node *found = NULL;

	um_fuse_lock(c);
	for (size_t i = 0; i < c->nodes.nslots && !found; i++) {
		struct um_hnode *h = c->nodes.slot[i];

		for (; h && !found; h = h->next) {
			struct um_fuse_node *n =
				um_container(h, struct um_fuse_node, node);

			/* told last: what is on its way does not count */
			if (n->behind_time.tv_sec)
				found = n;
		}
	}
	if (found)
		found->refs++;
	um_fuse_unlock(c);
	return found;
}

/* ---- beginning and end ---- */

int um_fuse_nodes_init(struct um_fuse *c)
{
	um_fuse_lock(c);
	c->root = node_new_locked(c, FUSE_ROOT_ID);
	if (c->root)
		c->root->refs = 1;
	um_fuse_unlock(c);
	return c->root ? 0 : -ENOMEM;
}

void um_fuse_nodes_fini(struct um_fuse *c)
{
	um_fuse_lock(c);
	while (c->lru_tail)
		drop_locked(c, c->lru_tail);
	put_locked(c, um_steal(c->root));
	um_fuse_unlock(c);
	um_hash_fini(&c->nodes);
	um_hash_fini(&c->names);
	um_hash_fini(&c->inos);
}
