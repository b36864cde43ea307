/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounting.h - a file system comes to be, for mount(2) and fsconfig(2) */
#ifndef UM_SYS_MOUNTING_H
#define UM_SYS_MOUNTING_H

#include "sys/sys.h"

/**
 * struct um_mounting - what is asked for; texts live as long as the request
 * @flags: MS_*
 * @name: the mount point as it was written, for messages; NULL: none yet
 * @target: the mount point; where there is none yet, @floating
 * @is_canonical: @source is a name of the view
 */
struct um_mounting {
	char *source;
	char *type;
	char *data;
	unsigned long flags;
	const char *name;
	struct um_loc target;
	bool floating;
	bool is_canonical;
};

/* Where a mount is to stand: the last name need not exist. */
int um_mounting_target(struct um_req *r, int dirfd, const char *path,
		       unsigned int flags, struct um_loc *out);
/* Binds, and what the kernel has one of, are a module's: its type, or NULL. */
const char *um_mounting_bind_type(struct um_mounting *a);
/*
 * The service for a type, loaded if need be; the request's list has it then.
 * silent: one of the types that mount(8) tries, one after the other.
 */
struct um_service *um_mounting_server(struct um_req *r, const char *type,
				      bool silent, int *err);
/* It is the module whose mounts show the view itself. */
bool um_mounting_shows_view(const struct um_service *s);
/* A source that is a name in the view is told by its canonical name. */
const char *um_mounting_source(struct um_req *r, const char *source);
/* The mount (ref), in no view yet. 0 or -errno. */
int um_mounting_start(struct um_req *r, const struct um_mounting *a,
		      struct um_service *s, const char *type,
		      struct um_mount **out);
/* A module says itself why it refuses; what else fails is told here. */
void um_mounting_failed(const struct um_mounting *a, int err);

#endif
