// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ident.c - user and group ids
 *
 * Most guests have the ids they have. A set-uid-root program, and what it
 * runs, has virtual ones: it looks like root to itself and may change to any
 * id; no privilege comes with it. See credentials(7), setresuid(2).
 *
 * Of capabilities one thing is known: who asked to keep them (PR_SET_KEEPCAPS)
 * before it stopped being root may still choose its groups. What it may do with
 * its user id, and to files, that goes: capset(2), which may give up what was
 * kept, is the kernel's.
 */
#include <string.h>

#include "sys/sys.h"

#define KEEP ((uint64_t)-1)

static const struct um_ids *virt(const struct um_req *r)
{
	return r->attr->ids.virt ? &r->attr->ids : NULL;
}

static long store(struct um_req *r, const struct um_ids *ids)
{
	struct um_attr want = *r->attr;
	const struct um_attr *attr;

	want.ids = *ids;
	attr = um_attr_intern(&want);
	return attr ? um_req_set_attr(r, attr) : -ENOMEM;
}

#define GETTER(call, field)                                                    \
	long sys_##call(struct um_req *r)                                      \
	{                                                                      \
		const struct um_ids *ids = virt(r);                            \
                                                                               \
		return ids ? (long)ids->field : UM_CONTINUE;                   \
	}

GETTER(getuid, ruid)
GETTER(geteuid, euid)
GETTER(getgid, rgid)
GETTER(getegid, egid)

static long give_three(struct um_req *r, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t ids[3] = { a, b, c };
	int ret = 0;

	for (int i = 0; ret == 0 && i < 3; i++)
		ret = um_copy_out(r, um_uptr_of(r->arg[i]), &ids[i],
				  sizeof(ids[i]));
	return ret;
}

long sys_getresuid(struct um_req *r)
{
	const struct um_ids *ids = virt(r);

	if (!ids)
		return UM_CONTINUE;
	return give_three(r, ids->ruid, ids->euid, ids->suid);
}

long sys_getresgid(struct um_req *r)
{
	const struct um_ids *ids = virt(r);

	if (!ids)
		return UM_CONTINUE;
	return give_three(r, ids->rgid, ids->egid, ids->sgid);
}

/* prctl(2); the kernel answers. */
long um_ident_keep_caps(struct um_req *r)
{
	const struct um_ids *ids = virt(r);
	struct um_ids now;
	long ret;

	if (!ids || r->arg[1] > 1 || r->arg[1] == ids->keeps)
		return UM_CONTINUE;
	now = *ids;
	now.keeps = (uint32_t)r->arg[1];
	ret = store(r, &now);
	return ret < 0 ? ret : UM_CONTINUE;
}

static bool may_group(const struct um_ids *ids)
{
	return ids->euid == 0 || ids->caps;
}

/* May this guest take the id? As root any; else one that it has. */
static bool may_uid(const struct um_ids *ids, uint64_t id)
{
	return (uint32_t)id == (uint32_t)KEEP || ids->euid == 0 ||
	       id == ids->ruid || id == ids->euid || id == ids->suid;
}

static bool may_gid(const struct um_ids *ids, uint64_t id)
{
	return (uint32_t)id == (uint32_t)KEEP || may_group(ids) ||
	       id == ids->rgid || id == ids->egid || id == ids->sgid;
}

static uint32_t chosen(uint64_t want, uint32_t now)
{
	return (uint32_t)want == (uint32_t)KEEP ? now : (uint32_t)want;
}

static bool has_root(const struct um_ids *ids)
{
	return !ids->ruid || !ids->euid || !ids->suid;
}

static long set_uids(struct um_req *r, uint64_t ruid, uint64_t euid,
		     uint64_t suid)
{
	const struct um_ids *ids = virt(r);
	struct um_ids now;

	if (!ids)
		return UM_CONTINUE;
	if (!may_uid(ids, ruid) || !may_uid(ids, euid) || !may_uid(ids, suid))
		return -EPERM;
	now = *ids;
	now.ruid = chosen(ruid, ids->ruid);
	now.euid = chosen(euid, ids->euid);
	now.suid = chosen(suid, ids->suid);
	now.fsuid = now.euid;
	if (has_root(ids) && !has_root(&now))
		now.caps = now.keeps;
	return store(r, &now);
}

static long set_gids(struct um_req *r, uint64_t rgid, uint64_t egid,
		     uint64_t sgid)
{
	const struct um_ids *ids = virt(r);
	struct um_ids now;

	if (!ids)
		return UM_CONTINUE;
	if (!may_gid(ids, rgid) || !may_gid(ids, egid) || !may_gid(ids, sgid))
		return -EPERM;
	now = *ids;
	now.rgid = chosen(rgid, ids->rgid);
	now.egid = chosen(egid, ids->egid);
	now.sgid = chosen(sgid, ids->sgid);
	now.fsgid = now.egid;
	return store(r, &now);
}

/* As root all three; else the effective one only. */
long sys_setuid(struct um_req *r)
{
	const struct um_ids *ids = virt(r);

	if (ids && ids->euid != 0)
		return set_uids(r, KEEP, r->arg[0], KEEP);
	return set_uids(r, r->arg[0], r->arg[0], r->arg[0]);
}

long sys_setgid(struct um_req *r)
{
	const struct um_ids *ids = virt(r);

	if (ids && ids->euid != 0)
		return set_gids(r, KEEP, r->arg[0], KEEP);
	return set_gids(r, r->arg[0], r->arg[0], r->arg[0]);
}

/* The saved id follows where the real one is set, or the effective changes. */
long sys_setreuid(struct um_req *r)
{
	bool saves = (uint32_t)r->arg[0] != (uint32_t)KEEP ||
		     (uint32_t)r->arg[1] != (uint32_t)KEEP;

	return set_uids(r, r->arg[0], r->arg[1], saves ? r->arg[1] : KEEP);
}

long sys_setregid(struct um_req *r)
{
	bool saves = (uint32_t)r->arg[0] != (uint32_t)KEEP ||
		     (uint32_t)r->arg[1] != (uint32_t)KEEP;

	return set_gids(r, r->arg[0], r->arg[1], saves ? r->arg[1] : KEEP);
}

long sys_setresuid(struct um_req *r)
{
	return set_uids(r, r->arg[0], r->arg[1], r->arg[2]);
}

long sys_setresgid(struct um_req *r)
{
	return set_gids(r, r->arg[0], r->arg[1], r->arg[2]);
}

/* These answer the former id, whatever became of the wish. */
long sys_setfsuid(struct um_req *r)
{
	const struct um_ids *ids = virt(r);
	struct um_ids now;
	uid_t before;

	if (!ids)
		return UM_CONTINUE;
	now = *ids;
	before = now.fsuid;
	if ((uint32_t)r->arg[0] != (uint32_t)KEEP && may_uid(ids, r->arg[0])) {
		now.fsuid = (uid_t)r->arg[0];
		store(r, &now);
	}
	return before;
}

long sys_setfsgid(struct um_req *r)
{
	const struct um_ids *ids = virt(r);
	struct um_ids now;
	gid_t before;

	if (!ids)
		return UM_CONTINUE;
	now = *ids;
	before = now.fsgid;
	if ((uint32_t)r->arg[0] != (uint32_t)KEEP && may_gid(ids, r->arg[0])) {
		now.fsgid = (gid_t)r->arg[0];
		store(r, &now);
	}
	return before;
}

long sys_getgroups(struct um_req *r)
{
	const struct um_ids *ids = virt(r);
	int size = (int)r->arg[0];
	int ret;

	if (!ids)
		return UM_CONTINUE;
	if (!size)
		return ids->ngroups;
	if (size < ids->ngroups)
		return -EINVAL;
	ret = um_copy_out(r, um_uptr_of(r->arg[1]), ids->groups,
			  (size_t)ids->ngroups * sizeof(gid_t));
	return ret < 0 ? ret : ids->ngroups;
}

long sys_setgroups(struct um_req *r)
{
	const struct um_ids *ids = virt(r);
	struct um_ids now;
	int ret;

	if (!ids)
		return UM_CONTINUE;
	if (!may_group(ids))
		return -EPERM;
	if (r->arg[0] > UM_GROUPS_MAX)
		return -EINVAL;
	now = *ids;
	memset(now.groups, 0, sizeof(now.groups));
	now.ngroups = (int)r->arg[0];
	ret = um_copy_in(r, um_uptr_of(r->arg[1]), now.groups,
			 (size_t)now.ngroups * sizeof(gid_t));
	return ret < 0 ? ret : store(r, &now);
}
