/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * web.h - management of a switch by a browser
 *
 * One page for the switch, one for each of its menus: what "showinfo" says, and a
 * form for each command. All is made from the switch's own answer to "help".
 * Each request has a thread and a connection to the switch of its own.
 */
#ifndef UM_VDE_WEB_H
#define UM_VDE_WEB_H

#include "rcfile.h"

struct web;

/* Takes fd, which listens. NULL: it does not start */
struct web *web_new(const char *node, const char *mgmt, const struct rcfile *rc,
		    int fd);
void web_free(struct web *web);

#endif
