// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pages.c - pages of a file of ramfs, in tables of 512
 *
 * A page that was never written is not there, and reads as zeros.
 */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PER_TABLE 512

struct table {
	char *page[PER_TABLE];
};

static int grow_tables(struct node *node, size_t want)
{
	struct table **grown;

	if (want <= node->ntables)
		return 0;
	grown = reallocarray(node->tables, want, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + node->ntables, 0,
	       (want - node->ntables) * sizeof(*grown));
	node->tables = grown;
	node->ntables = want;
	return 0;
}

char *ram_get_page(const struct node *node, size_t n)
{
	size_t t = n / PER_TABLE;

	if (t >= node->ntables || !node->tables[t])
		return NULL;
	return node->tables[t]->page[n % PER_TABLE];
}

char *ram_make_page(struct node *node, size_t n, int *err)
{
	size_t t = n / PER_TABLE;
	char **slot;

	*err = grow_tables(node, t + 1);
	if (*err == 0 && !node->tables[t])
		node->tables[t] = calloc(1, sizeof(struct table));
	if (*err == 0 && !node->tables[t])
		*err = -ENOMEM;
	if (*err < 0)
		return NULL;
	slot = &node->tables[t]->page[n % PER_TABLE];
	if (!*slot)
		*err = ram_take_page(node);
	if (!*slot && *err == 0) {
		*slot = calloc(1, RAM_PAGE);
		if (!*slot) {
			ram_give_page(node->in);
			*err = -ENOSPC;
		}
		node->pages += *slot != NULL;
	}
	return *slot;
}

static void drop_page(struct node *node, size_t n)
{
	size_t t = n / PER_TABLE;

	if (!ram_get_page(node, n))
		return;
	free(node->tables[t]->page[n % PER_TABLE]);
	node->tables[t]->page[n % PER_TABLE] = NULL;
	node->pages--;
	ram_give_page(node->in);
}

void ram_drop_pages(struct node *node, size_t first)
{
	for (size_t n = first; n < node->ntables * PER_TABLE; n++)
		drop_page(node, n);
}

void ram_free_data(struct node *node)
{
	ram_drop_pages(node, 0);
	for (size_t t = 0; t < node->ntables; t++)
		free(node->tables[t]);
	free(node->tables);
}
