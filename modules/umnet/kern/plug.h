/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plug.h - what a stack of the kernel's and its plugs say to each other
 *
 * umnetkern-plug (umnetlwip/plug) is started as PROGRAM SPEC, FD 3 its end of a
 * SOCK_SEQPACKET pair. It sends a struct kern_plugged. If that says so it is given
 * one descriptor: a packet socket, whose interface is the other end of the
 * cable. It ends with the pair.
 */
#ifndef UMNET_KERN_PLUG_H
#define UMNET_KERN_PLUG_H

#include <stdint.h>

enum { KERN_PLUG_FD = 3 };

/**
 * struct kern_plugged - the link is there
 * @ret: 0, or -errno; then why is a text, which may be ""
 * @mtu: what the interface is to have
 * @carrier: it is plugged in; later the plug tells by its end of the cable
 */
struct kern_plugged {
	int32_t ret;
	int32_t mtu;
	int32_t carrier;
	char why[244];
};

#endif
