/* SPDX-License-Identifier: GPL-2.0-or-later */
/* radv.h - a router says so: router advertisements; RFC 4861, 8106 */
#ifndef ST_RADV_H
#define ST_RADV_H

#include <stdio.h>

#include "radvconf.h"

struct pbuf;

/*
 * The text of a configuration takes the place of the one there is; -EINVAL: and
 * what is wrong is told on the standard error.
 */
int st_radv_load(const char *text, size_t len);
void st_radv_print(FILE *f);
/* An interface came up, or became a router. */
void st_radv_changed(const struct st_iface *i);
/* What others advertised is not heeded any more. */
void st_radv_forget_routers(const struct st_iface *i);
/*
 * A packet of IPv6 came: solicitations are answered. true: an advertisement that
 * is not to be heeded; it was freed.
 */
bool st_radv_heard(struct pbuf *p);

#endif
