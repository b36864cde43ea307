/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.h - the kinds of links */
#ifndef ST_LINK_H
#define ST_LINK_H

#include "iface.h"

/* A kind by its name (vde, slirp, wire, dummy, tap); NULL: there is none. */
const struct st_link_ops *st_link_find(const char *kind);
/* What open had to say about its last failure; "" if nothing. */
const char *st_link_why(void);
void st_link_set_why(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

extern const struct st_link_ops st_link_vde;
extern const struct st_link_ops st_link_tap;
extern const struct st_link_ops st_link_slirp;
extern const struct st_link_ops st_link_wire;
extern const struct st_link_ops st_link_dummy;

#endif
