/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interfaces.h - which interfaces the options of a mount ask for: umnetlwip, umnetkern */
#ifndef UM_NETPROC_INTERFACES_H
#define UM_NETPROC_INTERFACES_H

enum { UM_INTERFACES_MAX = 64 };

/*
 * From source and options of mount(2) to arguments of the stack's program
 * (umnetlwip/stack/main.c), a NULL-terminated list for words_free(). What is wrong is
 * logged: -EINVAL.
 */
int um_interfaces_parse(const char *source, const char *options, char ***out);

#endif
