/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sysnet.h - /sys/class/net and /proc/sys/net of the network stack */
#ifndef UM_NET_SYSNET_H
#define UM_NET_SYSNET_H

/* 0 or -errno. */
int um_sysnet_setup(void);

#endif
