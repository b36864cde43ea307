// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * namelock.c - what holds a name to its file; see mount.h, @names
 *
 * One lock a mount would do. But where another process answers for the names,
 * and may take its time, the others are not to wait with one: those mounts have
 * a lock for each of UM_NAME_LOCKS classes of names. Who opens a file takes the
 * class of its name; who makes or removes one that of its directory's name too,
 * so that one change of a directory follows the other, as in the kernel. A
 * directory that is moved takes all names in it along, and so all classes.
 *
 * Classes are taken in the order of their numbers.
 */
#include <string.h>

#include "agent/proto.h"
#include "vnode/internal.h"

static uint32_t class_of(const struct um_mount *m, const char *path, size_t n)
{
	if (!m->fs.remote)
		return 1;
	return 1u << (um_hash_mix(um_hash_text(path, n)) % UM_NAME_LOCKS);
}

uint32_t um_names_of(const struct um_mount *m, const char *path)
{
	return class_of(m, path, strlen(path));
}

uint32_t um_names_of_entry(const struct um_mount *m, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash ? (size_t)(slash - path) : 0;

	return um_names_of(m, path) | class_of(m, path, dir);
}

uint32_t um_names_all(const struct um_mount *m)
{
	return m->fs.remote ? (1u << UM_NAME_LOCKS) - 1 : 1;
}

void um_names_lock(struct um_mount *m, uint32_t classes) UM_NO_TSA
{
	for (unsigned int i = 0; i < UM_NAME_LOCKS; i++)
		if (classes & (1u << i))
			um_lock(&m->names[i]);
}

void um_names_unlock(struct um_mount *m, uint32_t classes) UM_NO_TSA
{
	for (unsigned int i = 0; i < UM_NAME_LOCKS; i++)
		if (classes & (1u << i))
			um_unlock(&m->names[i]);
}
