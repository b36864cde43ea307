/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tun.h - descriptors of /dev/net/tun that have an interface of a stack */
#ifndef UM_NET_TUN_H
#define UM_NET_TUN_H

#include <umview/net.h>

/* The stack ended: whoever reads one of its interfaces finds the end. */
void um_tun_end(const struct um_net *net);

#endif
