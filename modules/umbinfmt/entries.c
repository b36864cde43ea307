// SPDX-License-Identifier: GPL-2.0-or-later
/* entries.c - the files of one mount: the root, `register`, `status`, entries */
#include "entries.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void node_init(struct binfmt *b, struct node *n, mode_t mode)
{
	n->uses = 1;
	n->st = (struct stat){ .st_ino = ++b->last_ino,
			       .st_mode = mode,
			       .st_nlink = S_ISDIR(mode) ? 2 : 1,
			       .st_uid = um_caller()->uid,
			       .st_gid = um_caller()->gid,
			       .st_blksize = 4096 };
	clock_gettime(CLOCK_REALTIME, &n->st.st_mtim);
	n->st.st_atim = n->st.st_ctim = n->st.st_mtim;
}

void nodes_init(struct binfmt *b)
{
	pthread_mutex_init(&b->mutex, NULL);
	node_init(b, &b->root, S_IFDIR | 0755);
	node_init(b, &b->status, S_IFREG | 0644);
	node_init(b, &b->reg, S_IFREG | 0200);
}

void nodes_fini(struct binfmt *b)
{
	while (b->entries)
		entry_remove(b, b->entries);
	pthread_mutex_destroy(&b->mutex);
}

static struct node *find_entry(struct binfmt *b, const char *name)
{
	struct node *n = b->entries;

	while (n && strcmp(n->f->name, name) != 0)
		n = n->next;
	return n;
}

struct node *node_find(struct binfmt *b, const char *path,
		       const struct um_fh *fh)
{
	if (fh)
		return (struct node *)(uintptr_t)fh->fh;
	if (!strcmp(path, "/"))
		return &b->root;
	if (!strcmp(path, "/register"))
		return &b->reg;
	if (!strcmp(path, "/status"))
		return &b->status;
	return find_entry(b, path + 1);
}

void node_put(struct node *n)
{
	if (--n->uses || !n->f)
		return;
	um_binfmt_close(n->interp);
	um_binfmt_free(n->f);
	free(n);
}

int entry_add(struct binfmt *b, struct um_binfmt *f,
	      struct um_binfmt_file *interp)
{
	struct node *n;

	if (strlen(f->name) > NAME_MAX)
		return -ENAMETOOLONG;
	if (!strcmp(f->name, "register") || !strcmp(f->name, "status") ||
	    find_entry(b, f->name))
		return -EEXIST;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	node_init(b, n, S_IFREG | 0644);
	n->f = f;
	n->interp = interp;
	n->next = b->entries;
	b->entries = n;
	return 0;
}

void entry_remove(struct binfmt *b, struct node *n)
{
	struct node **at = &b->entries;

	while (*at && *at != n)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = n->next;
	n->next = NULL;
	n->st.st_nlink = 0;
	node_put(n);
}
