// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * menu.c - what a switch can be told: the answer to its command "help"
 *
 * Three columns: path, arguments, help. The first two are padded with blanks to 18 and 15
 * characters, with one more between them; a longer path moves the others. "====" in
 * place of arguments: a menu's head.
 */
#include "menu.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_COLUMN = 19, HELP_COLUMN = 16 };

static const char *skip_blanks(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/* A copy without the blanks at its end. */
static char *copy(const char *at, size_t len)
{
	while (len && at[len - 1] == ' ')
		len--;
	return strndup(at, len);
}

/* Where a column ends: where the next begins, or later, after two blanks. */
static size_t column(const char *at, size_t width)
{
	size_t len = strlen(at);

	if (len <= width)
		return len;
	while (at[width] && at[width - 1] != ' ')
		width++;
	return width;
}

static bool is_heading(const char *line)
{
	return line[0] == '-' || line[0] == ' ' || !line[0] ||
	       strncmp(line, "COMMAND ", 8) == 0;
}

static int push(struct menu *m, struct menu_item item)
{
	struct menu_item *more = NULL;

	if (item.path && item.args && item.help)
		more = realloc(m->items, (m->count + 1) * sizeof(*more));
	if (!more) {
		free(item.path);
		free(item.args);
		free(item.help);
		return -ENOMEM;
	}
	m->items = more;
	more[m->count++] = item;
	return 0;
}

int menu_add(struct menu *m, const char *line)
{
	size_t path = column(line, PATH_COLUMN);
	size_t word = strcspn(line, " ");
	size_t args = column(line + path, HELP_COLUMN);
	struct menu_item item;

	if (is_heading(line))
		return 0;
	item.is_menu = strncmp(line + path, "====", 4) == 0;
	item.path = copy(line, word);
	item.args = item.is_menu ? strdup("") : copy(line + path, args);
	item.help = strdup(skip_blanks(line + path + args));
	return push(m, item);
}

void menu_fini(struct menu *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->items[i].path);
		free(m->items[i].args);
		free(m->items[i].help);
	}
	free(m->items);
	m->items = NULL;
	m->count = 0;
}

const struct menu_item *menu_find(const struct menu *m, const char *path)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->items[i].path, path) == 0)
			return &m->items[i];
	}
	return NULL;
}

/* One menu up. */
static void leave(char *dir)
{
	char *slash = strrchr(dir, '/');

	if (slash)
		*slash = '\0';
	else
		dir[0] = '\0';
}

/* The name in the menu, if there is one; else the name. */
static const struct menu_item *look(const struct menu *m, const char *dir,
				    const char *word, char *path, size_t size)
{
	const struct menu_item *item;

	if (dir[0] && word[0] != '/') {
		snprintf(path, size, "%s/%s", dir, word);
		item = menu_find(m, path);
		if (item)
			return item;
	}
	snprintf(path, size, "%s", word + (word[0] == '/'));
	return menu_find(m, path);
}

bool menu_resolve(const struct menu *m, char *dir, size_t dir_size,
		  const char *line, char *out, size_t size)
{
	char word[256], path[512];
	const struct menu_item *item;
	size_t len;

	line = skip_blanks(line);
	len = strcspn(line, " ");
	if (!len || len >= sizeof(word))
		return snprintf(out, size, "%s", line) > 0;
	snprintf(word, sizeof(word), "%.*s", (int)len, line);
	if (strcmp(word, "/") == 0) {
		dir[0] = '\0';
		return false;
	}
	if (strcmp(word, "..") == 0) {
		leave(dir);
		return false;
	}
	item = look(m, dir, word, path, sizeof(path));
	if (item && item->is_menu) {
		snprintf(dir, dir_size, "%s", path);
		return false;
	}
	snprintf(out, size, "%s%s", item ? path : word, line + len);
	return true;
}

/* How much of a and b is alike. */
static size_t common(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

size_t menu_complete(const struct menu *m, const char *dir, const char *word,
		     char *out, size_t size,
		     void (*show)(void *arg, const char *path), void *arg)
{
	size_t skip = dir[0] ? strlen(dir) + 1 : 0, len = strlen(word);
	const char *first = NULL;
	size_t count = 0, same = 0;

	out[0] = '\0';
	for (size_t i = 0; i < m->count; i++) {
		const char *path = m->items[i].path;

		if (skip && (strncmp(path, dir, skip - 1) != 0 ||
			     path[skip - 1] != '/'))
			continue;
		path += skip;
		if (strncmp(path, word, len) != 0)
			continue;
		if (show)
			show(arg, path);
		same = first ? common(first, path) < same ? common(first, path)
							  : same
			     : strlen(path);
		if (!first)
			first = path;
		count++;
	}
	if (first)
		snprintf(out, size, "%.*s", (int)(same - len), first + len);
	return count;
}
