// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe.c - can this directory hold a store?
 *
 * A store has copies of anything: links, files with two names, names of any
 * bytes, modes. On a file system that has no such things each of them would
 * fail when somebody changes a file, or be lost: better it is said at once.
 * Without attributes of users it can be done, with notes in META.
 */
#include "viewfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Bytes that FAT, NTFS and their like do not take; 0xff is no UTF-8 either. */
#define ODD_NAME "a:?*\\<\xff"

/* What is tried, in an empty directory. 0 or -errno. */
static int has_modes(int dir)
{
	static const mode_t modes[] = { 0640, 0751 };
	SHUT int fd = openat(dir, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (fd < 0 || fchmod(fd, modes[i]) < 0 ||
		    fstatat(dir, "f", &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		else if ((st.st_mode & 07777) != modes[i])
			return -EPERM;
	return 0;
}

static int has_cases(int dir)
{
	struct stat st;

	return fstatat(dir, "F", &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : -EEXIST;
}

static int has_hard_links(int dir)
{
	return (int)SYS(linkat(dir, "f", dir, "g", 0));
}

static int has_links(int dir)
{
	return (int)SYS(symlinkat("f", dir, "s"));
}

static int has_names(int dir)
{
	return (int)SYS(linkat(dir, "f", dir, ODD_NAME, 0));
}

static const struct {
	const char *what;
	int (*try)(int dir);
} tries[] = {
	{ "modes of files", has_modes },
	{ "upper and lower case", has_cases },
	{ "hard links", has_hard_links },
	{ "symbolic links", has_links },
	{ "names of any bytes", has_names },
};

/* No answer to the question. */
static bool says_nothing(int err)
{
	return err == -ENOSPC || err == -EDQUOT || err == -EIO;
}

/* What it lacks, or NULL. */
static const char *find_lack(int dir)
{
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int ret = tries[i].try(dir);

		if (says_nothing(ret))
			return NULL;
		if (ret < 0)
			return tries[i].what;
	}
	return NULL;
}

static void clean(int dir)
{
	static const char *const names[] = { "f", "g", "s", ODD_NAME };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir, names[i], 0);
}

/* In a directory of that name; 0 or -errno. */
static int probe_in(const char *work, const char **lack)
{
	SHUT int dir = -1;

	/* it may be left by one that was killed in this moment */
	if (mkdir(work, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	clean(dir);
	*lack = find_lack(dir);
	clean(dir);
	rmdir(work);
	return 0;
}

int viewfs_probe(struct viewfs *v)
{
	char work[PATH_MAX];
	const char *lack = NULL;
	int ret = viewfs_work_name(v, work);

	if (ret == 0)
		ret = probe_in(work, &lack);
	if (ret == -EINVAL || ret == -EILSEQ)
		lack = "names of any bytes";
	else if (ret < 0)
		return says_nothing(ret) ? 0 : ret;
	if (!lack)
		return 0;
	um_err("viewfs: changes cannot be kept in %s: its file system does not "
	       "have %s; take a directory on another one, such as ext4, or in "
	       "an image (mke2fs store.img 1G, mount -t umfuseext2 -o rw+)",
	       v->store, lack);
	return -EINVAL;
}

void viewfs_probe_xattrs(struct viewfs *v, const char *meta)
{
	v->no_xattrs = lsetxattr(meta, "user.overlay.probe", "y", 1, 0) < 0;
	if (!v->no_xattrs)
		lremovexattr(meta, "user.overlay.probe");
	else
		um_warn("viewfs: %s takes no extended attributes of users (%s): "
			"directories cannot be opaque, and owners are kept in "
			"files",
			v->store, strerror(errno));
}
