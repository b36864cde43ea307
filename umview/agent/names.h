/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.h - what a name may mean: shared by names.c and attrs.c alone */
#ifndef UM_AGENT_NAMES_H
#define UM_AGENT_NAMES_H

#include "agent/fast.h"

/* A component is "." or ".."; the last one is, or there is none; a slash follows. */
#define UM_ODD_DOTS  1
#define UM_ODD_LAST  2
#define UM_ODD_SLASH 4

/* What the look at a name tells. */
struct um_look {
	uint64_t hash; /* of the whole */
	uint64_t dir;  /* of what precedes the last component and its slash */
	uint64_t last; /* of the last component */
	int absolute;
	int slashes; /* it has a directory part */
	int odd;     /* UM_ODD_* */
	int hit;     /* a component before the last is in the set */
	int last_hit;
};

enum um_verdict {
	UM_UNREAD,    /* it cannot be read, or is no path: ask */
	UM_ASK,	      /* it may be virtual, or nobody knows */
	UM_PLAIN,     /* the kernel's own, links and all */
	UM_PLAIN_DIR, /* the directory is; the last part is no mount point */
	UM_LINKLESS,  /* all is the kernel's, unless there is a link in it */
};

/* 0, or -errno: it cannot be read, or is no path. */
int um_look(const char *path, int probed, struct um_look *n);
/* Can the string be read, and is it no longer than a name may be? */
int um_is_path(const char *path);
/* What the name's start has to say: UM_ASK, or UM_PLAIN. */
enum um_verdict um_judge_start(long dirfd, const char *path);
/* For a name that the kernel has read already, or (probe) not yet. */
enum um_verdict um_verdict_of(long dirfd, const char *path, int probe);
/* Of a name that is UM_PLAIN_DIR, and was read: is it UM_PLAIN too? Its hash. */
int um_is_plain(long dirfd, const char *path, uint64_t *hash);
/* May the name be virtual also where nothing is mounted? */
int um_asks_idle(long dirfd, const char *path);

/* Of the calls of both files: is a descriptor the first argument? */
static inline int um_is_at(long nr)
{
	return nr == __NR_openat || nr == __NR_newfstatat || nr == __NR_statx ||
	       nr == __NR_faccessat || nr == __NR_faccessat2 ||
	       nr == __NR_readlinkat;
}

#endif
