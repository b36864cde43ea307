/* SPDX-License-Identifier: GPL-2.0-or-later */
/* change.h - how a view's list is changed, for the files that do */
#ifndef UM_VIEW_CHANGE_H
#define UM_VIEW_CHANGE_H

#include "view/view.h"

/*
 * Change a view's list: `change` works on a copy, with room for one more of each
 * kind, which takes the old one's place when it returns 0. Two changes at once:
 * the later one starts over.
 */
typedef int (*um_change_fn)(struct um_list *l, void *arg);

int um_view_change(uint32_t id, um_change_fn change, void *arg);

#endif
