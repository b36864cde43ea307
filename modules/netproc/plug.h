/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plug.h - what a stack of the kernel's and its plugs say to each other: umnetkern
 *
 * umnetkern-plug (umnetlwip/plug) is started as PROGRAM SPEC, FD 3 its end of a
 * SOCK_SEQPACKET pair. It sends a struct plug_said. If that says so it is given
 * one descriptor: a packet socket, whose interface is the other end of the
 * cable. It ends with the pair.
 */
#ifndef UM_NETPROC_PLUG_H
#define UM_NETPROC_PLUG_H

#include <stdint.h>

enum { PLUG_FD = 3 };

/**
 * struct plug_said - the link is there
 * @ret: 0, or -errno; then why is a text, which may be ""
 * @mtu: what the interface is to have
 * @carrier: it is plugged in; later the plug tells by its end of the cable
 */
struct plug_said {
	int32_t ret;
	int32_t mtu;
	int32_t carrier;
	char why[244];
};

#endif
