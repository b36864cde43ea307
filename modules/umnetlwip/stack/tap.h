/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tap.h - interfaces whose link is a descriptor of /dev/net/tun */
#ifndef ST_TAP_H
#define ST_TAP_H

#include <stdio.h>

#include "iface.h"
#include "proto.h"

struct st_nl_out;
struct tun;

void st_tap_init(void);
/* NULL: the interface is another kind. */
const struct tun *st_tap_of(const struct st_iface *i);
/*
 * ST_TUN_OPEN, ST_TUN. *fd: that came; -1 when it is taken. The answer's data
 * goes to `out`, at least q->len bytes.
 */
int st_tap_open(const struct st_req *q, const void *data, int *fd, uint64_t *id,
		void *out);
int st_tap_call(const struct st_req *q, const void *data, void *out);
/* Its IFLA_INFO_DATA. */
void st_tap_put_info(struct st_nl_out *o, const struct st_iface *i);
/* A file of its own in /sys/class/net/NAME; false: it has none of that name. */
bool st_tap_file(FILE *f, const struct st_iface *i, const char *name);

#endif
