/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.h - options of a mount that become words for a stack's program */
#ifndef UM_NETPROC_WORDS_H
#define UM_NETPROC_WORDS_H

/*
 * The next word of *rest, which is changed; NULL: there was none left. Words are
 * parted by commas; those within double quotes are the word's own, and the
 * quotes go.
 */
char *words_next(char **rest);

/* A NULL-terminated list, and its words; NULL is one, too. */
void words_free(char **words);

#endif
