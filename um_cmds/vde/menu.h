/* SPDX-License-Identifier: GPL-2.0-or-later */
/* menu.h - what a switch can be told: the answer to its command "help" */
#ifndef UM_VDE_MENU_H
#define UM_VDE_MENU_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct menu_item - a command, or the head of a menu ("port")
 * @path: as it is typed ("port/create")
 * @args: what goes after it, as text; empty if nothing does
 */
struct menu_item {
	char *path, *args, *help;
	bool is_menu;
};

struct menu {
	struct menu_item *items;
	size_t count;
};

/* Takes one line of the answer after another. -ENOMEM */
int menu_add(struct menu *m, const char *line);
void menu_fini(struct menu *m);

const struct menu_item *menu_find(const struct menu *m, const char *path);

/**
 * menu_resolve() - what a line means in a menu
 * @dir: the menu that the user is in, empty for none; changed by the name of a menu, by
 *	".." and by "/"
 * @out: the line for the switch
 *
 * A name is looked for in the menu, then among all commands; one that is not
 * found is left as it is: the switch says what it thinks of it.
 *
 * Return: whether there is something to send.
 */
bool menu_resolve(const struct menu *m, char *dir, size_t dir_size,
		  const char *line, char *out, size_t size);

/**
 * menu_complete() - the rest of the first word
 * @word: what was typed
 * @out: gets what all that begin so have in common beyond it
 * @show: called with each of them if there are several; may be NULL
 *
 * Return: how many there are
 */
size_t menu_complete(const struct menu *m, const char *dir, const char *word,
		     char *out, size_t size,
		     void (*show)(void *arg, const char *path), void *arg);

#endif
