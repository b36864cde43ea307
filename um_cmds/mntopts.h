/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mntopts.h - options of mount(8) as flags and data of mount(2) */
#ifndef UM_CMDS_MNTOPTS_H
#define UM_CMDS_MNTOPTS_H

/**
 * struct mntopts - what mount(2) gets
 * @flags: MS_*
 * @data: what is for the file system, comma-separated; NULL when nothing is
 * All zero: no option.
 */
struct mntopts {
	unsigned long flags;
	char *data;
};

/**
 * mntopts_add() - take the options of one -o
 * @list: comma-separated; '...', "..." and \ protect a comma, and are handed on
 *
 * Later options win over earlier ones. Options that only mount(8) uses
 * (defaults, noauto, user, nofail, x-...) are dropped.
 *
 * Return: 0, -EINVAL for a quote that does not end, -ENOMEM
 */
int mntopts_add(struct mntopts *opts, const char *list);
void mntopts_fini(struct mntopts *opts);

#endif
