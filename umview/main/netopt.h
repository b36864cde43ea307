/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netopt.h - umview --net: which stack a view begins with */
#ifndef UM_MAIN_NETOPT_H
#define UM_MAIN_NETOPT_H

/**
 * struct um_netopt - what is mounted as the default stack
 * @type: for mount(2); NULL: nothing
 * @source, @data: likewise
 * All allocated; um_netopt_fini().
 */
struct um_netopt {
	char *type;
	char *source;
	char *data;
};

/*
 * none, native, kern, slirp[,FORWARDS], wire:NAME, a VNL (SCHEME://...); kern, and
 * one of the latter three; or MODULE[,OPTIONS]. Return: 0; -ENOMEM; -EINVAL: *why says what is wrong.
 */
int um_netopt_parse(const char *value, struct um_netopt *out, const char **why);
void um_netopt_fini(struct um_netopt *opt);
/* Mount it, as a process of the view. 0 or -errno. */
int um_netopt_mount(const struct um_netopt *opt);

#endif
