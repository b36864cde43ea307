/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tun.h - interfaces of /dev/net/tun for the programs tun_*.c */
#ifndef SYS_TUN_H
#define SYS_TUN_H

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "check.h"

/* An open /dev/net/tun. */
int n_tun(void);
/* TUNSETIFF; *ifr is what it wrote. */
int n_setiff(int fd, const char *name, int flags, struct ifreq *ifr);
/* One with this interface. */
int n_attached(const char *name, int flags);
/* The index of an interface, or 0. */
int n_index(const char *name);
/* It comes to be gone: the last close is seen in its own time. */
bool n_gone(const char *name);
unsigned int n_flags(const char *name);
/* Up, with this address of 24 bits. */
void n_up(const char *name, const char *addr);
void n_down(const char *name);

#endif
