/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmap.h - which names a view's agents must ask about
 *
 * The agents of a view look a path's components up in the set of its struct
 * um_vmap (agent/proto.h). It has the last component of every mount point, of
 * the directories that show names they do not have, and the few names below
 * /proc, /sys and /dev that the view answers for.
 */
#ifndef UM_VIEW_VMAP_H
#define UM_VIEW_VMAP_H

#include "view/view.h"

/*
 * From now on a name in /dev is the view's, in all views; what they were told
 * before is to be told again (um_view_republish()). The name stays in use.
 */
void um_vmap_add_device(const char *name);
/* Tell the agents of view `id` what its list is now. */
void um_vmap_publish(uint32_t id, const struct um_list *l);

#endif
