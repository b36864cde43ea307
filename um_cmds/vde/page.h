/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.h - the pages of the web interface */
#ifndef UM_VDE_PAGE_H
#define UM_VDE_PAGE_H

#include <stdio.h>

#include "menu.h"
#include "mgmt.h"

/**
 * struct page - what a page is to show
 * @dir: the menu, empty for the switch itself
 * @cmd: command to carry out first, or NULL; @arg: what goes after it
 */
struct page {
	const char *node, *dir, *cmd, *arg;
};

/* Text as HTML. */
void page_escape(FILE *to, const char *text);

/*
 * -ENOENT: the switch has no such menu. -EINVAL: no such command, or an argument with
 * control characters. Else what mgmt_ask() returns when the switch is gone.
 */
int page_write(FILE *to, const struct page *page, struct mgmt_call *call);

#endif
