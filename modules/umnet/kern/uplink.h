/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uplink.h - ways out of a network namespace that need none of the host's root
 *
 * Each interface is one end of a cable (veth). The other end is in a second
 * namespace, where nobody but its plug (plug.h) looks at it: a process that was
 * started before, in the namespaces of the host, where switches are found.
 */
#ifndef UMNET_KERN_UPLINK_H
#define UMNET_KERN_UPLINK_H

#include <stdbool.h>

/* In the host's namespaces: "NAME=KIND[:ARGUMENT][;dhcp][;up]". */
void uplink_start(const char *spec);
bool uplink_any(void);
/* In the outer namespace. 0 or -errno. */
int uplink_prepare(void);
/* In the namespace of the guests. */
void uplink_connect(void);
/* The way out is slirp's: what /etc/resolv.conf is; NULL: it is not. */
const char *uplink_resolver(void);
/* All plugs end. */
void uplink_end(void);

#endif
