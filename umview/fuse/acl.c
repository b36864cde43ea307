// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * acl.c - access control lists of a daemon that wants them heeded
 *
 * A daemon that agreed to FUSE_POSIX_ACL keeps them as an extended attribute, in
 * the form of <linux/posix_acl_xattr.h>, and leaves the decision to this side:
 * acl(5), "Access check algorithm".
 */
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include "fuse/ops.h"
#include "fuse/perm.h"
#include "guest/req.h"
#include "view/perm.h"

#define NAME	    "system.posix_acl_access"
#define MAX_ENTRIES 1024

struct acl {
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry entry[MAX_ENTRIES];
};

bool um_fuse_in_group(gid_t gid)
{
	struct um_req *r = um_req_current();

	return um_caller()->gid == gid || (r && r->attr && um_in_group(r, gid));
}

/* How many entries; 0: there is no list. */
static int read_acl(struct um_fuse *c, const struct um_fuse_node *n,
		    struct acl *out)
{
	struct fuse_getxattr_in in = { .size = sizeof(*out) };
	struct um_fuse_call k = { .opcode = FUSE_GETXATTR,
				  .node = n->id,
				  .in = { UM_FUSE_ARG(in), UM_FUSE_STR(NAME) },
				  .nargs = 2,
				  .out = out,
				  .outmax = sizeof(*out) };
	ssize_t ret;

	if (um_fuse_lacks(c, FUSE_GETXATTR))
		return 0;
	ret = um_fuse_call(c, &k);
	if (ret == -ENODATA || ret == -EOPNOTSUPP || ret == -ENOSYS)
		return 0;
	if (ret < 0)
		return (int)ret;
	if ((size_t)ret < sizeof(out->head) ||
	    ((size_t)ret - sizeof(out->head)) % sizeof(out->entry[0]) ||
	    out->head.a_version != POSIX_ACL_XATTR_VERSION)
		return -EIO;
	return (int)(((size_t)ret - sizeof(out->head)) / sizeof(out->entry[0]));
}

static const struct posix_acl_xattr_entry *find(const struct acl *acl, int n,
						unsigned int tag)
{
	for (int i = 0; i < n; i++)
		if (acl->entry[i].e_tag == tag)
			return &acl->entry[i];
	return NULL;
}

static bool grants(const struct posix_acl_xattr_entry *e, int what)
{
	return e && ((int)e->e_perm & what) == what;
}

/* What the mask takes from all but owner and others. */
static bool grants_masked(const struct acl *acl, int n,
			  const struct posix_acl_xattr_entry *e, int what)
{
	const struct posix_acl_xattr_entry *mask = find(acl, n, ACL_MASK);

	return grants(e, what) && (!mask || grants(mask, what));
}

static const struct posix_acl_xattr_entry *find_user(const struct acl *acl,
						     int n, uid_t uid)
{
	for (int i = 0; i < n; i++)
		if (acl->entry[i].e_tag == ACL_USER &&
		    acl->entry[i].e_id == uid)
			return &acl->entry[i];
	return NULL;
}

/* Any group that grants does; a group that does not keeps "others" away. */
static bool judge_groups(const struct acl *acl, int n, const struct stat *st,
			 int what)
{
	bool member = false;

	for (int i = 0; i < n; i++) {
		const struct posix_acl_xattr_entry *e = &acl->entry[i];

		if (e->e_tag != ACL_GROUP && e->e_tag != ACL_GROUP_OBJ)
			continue;
		if (!um_fuse_in_group(e->e_tag == ACL_GROUP ? e->e_id
							    : st->st_gid))
			continue;
		if (grants_masked(acl, n, e, what))
			return true;
		member = true;
	}
	return !member && grants(find(acl, n, ACL_OTHER), what);
}

static bool judge(const struct acl *acl, int n, const struct stat *st, int what)
{
	const struct posix_acl_xattr_entry *e;
	uid_t uid = um_caller()->uid;

	if (uid == st->st_uid)
		return grants(find(acl, n, ACL_USER_OBJ), what);
	e = find_user(acl, n, uid);
	if (e)
		return grants_masked(acl, n, e, what);
	return judge_groups(acl, n, st, what);
}

int um_fuse_may_by_acl(struct um_fuse *c, struct um_fuse_node *node,
		       const struct stat *st, int what)
{
	UM_FREE struct acl *acl = NULL;
	int n;

	/* with a list, the group's bits of the mode are its mask */
	if (!(c->flags & FUSE_POSIX_ACL) || !(st->st_mode & 0070) ||
	    S_ISLNK(st->st_mode) || um_caller()->uid == st->st_uid)
		return -ENODATA;
	acl = malloc(sizeof(*acl));
	if (!acl)
		return -ENOMEM;
	n = read_acl(c, node, acl);
	if (n <= 0)
		return n < 0 ? n : -ENODATA;
	return judge(acl, n, st, what) ? 0 : -EACCES;
}
