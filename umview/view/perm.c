// SPDX-License-Identifier: GPL-2.0-or-later
/* perm.c - who may do what with virtual objects; see perm.h */
#include "view/perm.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whose rights are looked at; `root` may everything. */
struct subject {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	int ngroups;
	bool root;
};

static bool secure;

void um_perm_set_secure(void)
{
	secure = true;
}

bool um_perm_is_secure(void)
{
	return secure;
}

bool um_perm_holds_for(const struct um_mount *m)
{
	return (secure || m->human) && !um_mount_is_real(m);
}

bool um_perm_holds_in(const struct um_list *l)
{
	if (secure)
		return true;
	for (size_t i = 0; i < l->nmounts; i++)
		if (l->mounts[i]->human)
			return true;
	return false;
}

/* The guests' groups where they have no virtual ones: as umview was started. */
static int own_groups(gid_t list[UM_GROUPS_MAX])
{
	int n = getgroups(UM_GROUPS_MAX, list);

	return n < 0 ? 0 : n;
}

static struct subject subject_of(struct um_req *r, bool really)
{
	const struct um_ids *ids = &r->attr->ids;
	struct subject s = { .uid = ids->fsuid,
			     .gid = ids->fsgid,
			     .groups = ids->groups,
			     .ngroups = ids->ngroups };
	gid_t *list;

	if (ids->virt && really) {
		s.uid = ids->ruid;
		s.gid = ids->rgid;
	} else if (!ids->virt) {
		s.uid = really ? getuid() : geteuid();
		s.gid = really ? getgid() : getegid();
		list = um_req_alloc(r, UM_GROUPS_MAX * sizeof(gid_t));
		s.groups = list;
		s.ngroups = list ? own_groups(list) : 0;
	}
	s.root = s.uid == 0;
	return s;
}

static bool in_group(const struct subject *s, gid_t gid)
{
	if (s->gid == gid)
		return true;
	for (int i = 0; i < s->ngroups; i++)
		if (s->groups[i] == gid)
			return true;
	return false;
}

bool um_in_group(struct um_req *r, gid_t gid)
{
	struct subject s = subject_of(r, false);

	return in_group(&s, gid);
}

static int check(const struct subject *s, const struct um_mount *m,
		 const struct stat *st, int mask)
{
	unsigned int bits = st->st_mode;
	bool has_data = S_ISREG(bits) || S_ISDIR(bits) || S_ISLNK(bits);

	if ((mask & W_OK) && has_data && um_mount_is_readonly(m))
		return -EROFS;
	if (s->root)
		return (mask & X_OK) && !S_ISDIR(bits) && !(bits & 0111)
			       ? -EACCES
			       : 0;
	if (st->st_uid == s->uid)
		bits >>= 6;
	else if (in_group(s, st->st_gid))
		bits >>= 3;
	return ((unsigned int)mask & ~bits & 7) ? -EACCES : 0;
}

int um_may(struct um_req *r, const struct um_mount *m, const struct stat *st,
	   int mask)
{
	struct subject s;

	if (!um_perm_holds_for(m))
		return 0;
	s = subject_of(r, false);
	return check(&s, m, st, mask);
}

int um_may_really(struct um_req *r, const struct um_mount *m,
		  const struct stat *st, int mask)
{
	struct subject s;

	if (!um_perm_holds_for(m))
		return 0;
	s = subject_of(r, true);
	return check(&s, m, st, mask);
}

int um_may_open(struct um_req *r, const struct um_mount *m,
		const struct stat *st, int flags)
{
	static const int masks[] = { [O_RDONLY] = R_OK,
				     [O_WRONLY] = W_OK,
				     [O_RDWR] = R_OK | W_OK,
				     [O_ACCMODE] = R_OK | W_OK };
	int mask = masks[flags & O_ACCMODE];
	int ret;

	if (flags & O_TRUNC)
		mask |= W_OK;
	if ((S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) &&
	    (m->flags & MS_NODEV) && um_perm_holds_for(m))
		return -EACCES;
	ret = um_may(r, m, st, mask);
	if (ret == 0 && (flags & O_NOATIME))
		ret = um_may_own(r, m, st);
	return ret;
}

int um_may_own(struct um_req *r, const struct um_mount *m,
	       const struct stat *st)
{
	struct subject s;

	if (!um_perm_holds_for(m))
		return 0;
	s = subject_of(r, false);
	return s.root || s.uid == st->st_uid ? 0 : -EPERM;
}

int um_may_chown(struct um_req *r, const struct um_mount *m,
		 const struct stat *st, uid_t uid, gid_t gid)
{
	struct subject s;

	if (!um_perm_holds_for(m))
		return 0;
	s = subject_of(r, false);
	if (s.root)
		return 0;
	if (s.uid != st->st_uid || (uid != (uid_t)-1 && uid != s.uid) ||
	    (gid != (gid_t)-1 && gid != st->st_gid && !in_group(&s, gid)))
		return -EPERM;
	return 0;
}

mode_t um_may_mode(struct um_req *r, const struct um_mount *m,
		   const struct stat *st, mode_t mode)
{
	struct subject s;

	if (!um_perm_holds_for(m))
		return mode;
	s = subject_of(r, false);
	if (!s.root && !S_ISDIR(st->st_mode) && !in_group(&s, st->st_gid))
		mode &= ~(mode_t)S_ISGID;
	return mode;
}

/* The directory that holds loc's last name; the root of a mount has none. */
static int parent_of(struct um_req *r, const struct um_loc *loc,
		     struct stat *out)
{
	char *dir = um_req_strdup(r, loc->rel);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!slash)
		return -ENOMEM;
	slash[slash == dir] = '\0';
	return um_fs_getattr(loc->mount, dir, NULL, out);
}

int um_may_make(struct um_req *r, const struct um_loc *loc)
{
	struct stat dir;
	int ret;

	if (!um_perm_holds_for(loc->mount))
		return 0;
	ret = parent_of(r, loc, &dir);
	return ret < 0 ? ret : um_may(r, loc->mount, &dir, W_OK | X_OK);
}

int um_may_remove(struct um_req *r, const struct um_loc *loc)
{
	struct subject s;
	struct stat dir;
	int ret;

	if (!um_perm_holds_for(loc->mount))
		return 0;
	ret = parent_of(r, loc, &dir);
	if (ret == 0)
		ret = um_may(r, loc->mount, &dir, W_OK | X_OK);
	if (ret < 0 || !(dir.st_mode & S_ISVTX))
		return ret;
	s = subject_of(r, false);
	return s.root || s.uid == dir.st_uid || s.uid == loc->st.st_uid
		       ? 0
		       : -EPERM;
}

int um_may_administer(const struct um_req *r)
{
	return !secure || r->attr->ids.euid == 0 ? 0 : -EPERM;
}

struct um_ids um_perm_exec_ids(const struct um_ids *ids,
			       const struct um_mount *m, const struct stat *st)
{
	struct um_ids now = *ids;
	mode_t mode = (m->flags & MS_NOSUID) ? 0 : st->st_mode;

	if (mode & S_ISUID)
		now.euid = st->st_uid;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		now.egid = st->st_gid;
	now.suid = now.fsuid = now.euid;
	now.sgid = now.fsgid = now.egid;
	return now;
}
