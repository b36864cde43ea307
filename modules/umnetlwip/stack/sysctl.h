/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sysctl.h - /proc/sys/net: settings that are read and written */
#ifndef ST_SYSCTL_H
#define ST_SYSCTL_H

#include <stdio.h>
#include <sys/types.h>

#include "iface.h"

/* conf/all and conf/default. Forwarding is off at first. */
extern struct st_conf st_conf_all, st_conf_default;

/* As net.ipv4.ip_forward and net.ipv6.conf.all.forwarding: all interfaces. */
void st_conf_forward(int family, bool on);

/* A file, or with a slash at the end a directory's names; false: it is not. */
bool st_sysctl_print(FILE *f, const char *path);
/* Write at offset `at`. Return: len, or -errno. */
int st_sysctl_store(const char *path, const char *text, size_t len, int at);

#endif
