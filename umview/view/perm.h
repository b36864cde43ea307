/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perm.h - who may do what with virtual objects
 *
 * By default every guest may do on a mount what root may. With the mount's
 * option `human`, or in a session with --secure, the rules of
 * path_resolution(7) hold for the guest's (virtual) ids. With --secure guests
 * start as virtual root, and what changes a view asks for its effective id 0.
 *
 * Each check answers 0 where nothing is enforced.
 */
#ifndef UM_VIEW_PERM_H
#define UM_VIEW_PERM_H

#include "view/path.h"

/* --secure; before the first guest, and once. */
void um_perm_set_secure(void);
bool um_perm_is_secure(void);

bool um_perm_holds_for(const struct um_mount *m);
/* For any mount of the list? */
bool um_perm_holds_in(const struct um_list *l);

/* R_OK, W_OK, X_OK on a node: 0, -EACCES; -EROFS for what is written. */
int um_may(struct um_req *r, const struct um_mount *m, const struct stat *st,
	   int mask);
/* The same as access(2) asks: with the real ids. */
int um_may_really(struct um_req *r, const struct um_mount *m,
		  const struct stat *st, int mask);
/* What open(2) flags ask of a node that exists. */
int um_may_open(struct um_req *r, const struct um_mount *m,
		const struct stat *st, int flags);
/* Is the guest a member of the group? */
bool um_in_group(struct um_req *r, gid_t gid);
/* Only the owner may: -EPERM. */
int um_may_own(struct um_req *r, const struct um_mount *m,
	       const struct stat *st);
int um_may_chown(struct um_req *r, const struct um_mount *m,
		 const struct stat *st, uid_t uid, gid_t gid);
/* chmod(2): the mode that results; set-group-id goes for a foreign group. */
mode_t um_may_mode(struct um_req *r, const struct um_mount *m,
		   const struct stat *st, mode_t mode);
/* A name is made where loc leads, or goes from there (sticky directories). */
int um_may_make(struct um_req *r, const struct um_loc *loc);
int um_may_remove(struct um_req *r, const struct um_loc *loc);

/* What takes a capability: -EPERM with --secure, unless the effective id is 0. */
int um_may_administer(const struct um_req *r);
/* The ids after an exec of a program with these attributes, with --secure. */
struct um_ids um_perm_exec_ids(const struct um_ids *ids,
			       const struct um_mount *m, const struct stat *st);

#endif
