// SPDX-License-Identifier: GPL-2.0-or-later
/* alias.c - other names of file system types, as a view has them */
#include <stdlib.h>
#include <string.h>

#include "view/change.h"

static struct um_alias *find_alias(const struct um_list *l, const char *name)
{
	for (size_t i = 0; i < l->naliases; i++)
		if (!strcmp(l->aliases[i].name, name))
			return &l->aliases[i];
	return NULL;
}

struct alias_change {
	const char *name;
	const char *type;
};

static int remove_alias(struct um_list *l, struct um_alias *a)
{
	if (!a)
		return -ENOENT;
	free(a->name);
	free(a->type);
	*a = l->aliases[--l->naliases];
	return 0;
}

/* Would `type`, followed through the aliases, come to mean `name`? */
static bool leads_to(const struct um_list *l, const char *type,
		     const char *name)
{
	const struct um_alias *a;

	while (strcmp(type, name) != 0) {
		a = find_alias(l, type);
		if (!a)
			return false;
		type = a->type;
	}
	return true;
}

static int set_alias(struct um_list *l, void *arg)
{
	const struct alias_change *c = arg;
	struct um_alias *a = find_alias(l, c->name);

	if (!*c->type)
		return remove_alias(l, a);
	if (leads_to(l, c->type, c->name))
		return -ELOOP;
	if (a) {
		free(a->type);
	} else {
		a = &l->aliases[l->naliases++];
		a->name = strdup(c->name);
	}
	a->type = strdup(c->type);
	return a->name && a->type ? 0 : -ENOMEM;
}

int um_view_set_alias(uint32_t id, const char *name, const char *type)
{
	struct alias_change c = { name, type };

	/* a list of aliases is lines of two words */
	if (!um_view_is_name(name) || !um_view_is_name(type) ||
	    strchr(name, ' ') || strchr(type, ' '))
		return -EINVAL;
	return *name ? um_view_change(id, set_alias, &c) : -EINVAL;
}

/* set_alias() keeps circles out. */
const char *um_list_alias(const struct um_list *l, const char *type)
{
	const struct um_alias *a;

	while ((a = find_alias(l, type)))
		type = a->type;
	return type;
}
