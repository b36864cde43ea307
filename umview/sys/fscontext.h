/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fscontext.h - what fsopen(2) and fspick(2) give, and fsmount(2) takes */
#ifndef UM_SYS_FSCONTEXT_H
#define UM_SYS_FSCONTEXT_H

#include "sys/sys.h"

/*
 * What may be done with a context: as in the kernel, step by step. SPENT: its
 * mount was taken, and it can be reconfigured after the next setting.
 */
enum um_fscontext_phase {
	UM_FSCONTEXT_SETTING,
	UM_FSCONTEXT_CREATED,
	UM_FSCONTEXT_SPENT,
	UM_FSCONTEXT_PICKED,
	UM_FSCONTEXT_FAILED,
};

#define UM_FSCONTEXT_MESSAGES 8

/**
 * struct um_fscontext - a file system that is being configured
 * @refs: the open descriptor, and who works with it
 * @busy: held by each call, also while a module mounts
 * @options: comma-separated, as mount(2) takes them
 * @flags: MS_* of the file system
 * @m: what was created or picked (ref)
 * @message: what read(2) gives, the oldest first
 */
struct um_fscontext {
	struct um_fscontext *next;
	atomic_int refs;
	unsigned int id;
	struct um_mutex busy;
	enum um_fscontext_phase phase;
	char *type;
	char *source;
	char *options;
	unsigned long flags;
	struct um_mount *m;
	char *message[UM_FSCONTEXT_MESSAGES];
	size_t nmessages;
};

/* A new one (ref), for a type; or for a mount that there is. NULL: no memory. */
struct um_fscontext *um_fscontext_new(const char *type, struct um_mount *m);
/* Its descriptor in the guest, which owns the reference then; or -errno. */
long um_fscontext_give(struct um_req *r, struct um_fscontext *c, bool cloexec);
/* Of descriptor argument n (ref). 0, -EBADF, -EINVAL. */
int um_fscontext_arg(struct um_req *r, int n, struct um_fscontext **out);
void um_fscontext_put(struct um_fscontext *c);
/* A message as the kernel's: 'e', 'w' or 'i', a blank, a line. */
void um_fscontext_say(struct um_fscontext *c, char level, const char *text);
/* What this thread says from now on is told to it; NULL: to nobody. */
void um_fscontext_listen(struct um_fscontext *c);

#endif
