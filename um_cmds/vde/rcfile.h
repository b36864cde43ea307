/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rcfile.h - vdetelweb's configuration file: the password, and addresses */
#ifndef UM_VDE_RCFILE_H
#define UM_VDE_RCFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { RC_HASH_MAX = 256, RC_WORD_MAX = 64, RC_ADDRESSES = 8 };

/**
 * struct rcfile - what it says
 * @hash: the password as crypt(3) keeps it; empty: there is none
 * @interface: which interface gets the addresses
 * @addrs: "ADDRESS/BITS" of either family; @routes: default routers
 */
struct rcfile {
	char hash[RC_HASH_MAX];
	char interface[RC_WORD_MAX];
	char addrs[RC_ADDRESSES][RC_WORD_MAX], routes[2][RC_WORD_MAX];
	size_t addr_count, route_count;
};

/*
 * Return: 0, -errno, or the number of the line that is wrong; then *why says
 * what is.
 */
int rc_read(FILE *from, struct rcfile *out, const char **why);

/* Is that the password? Takes some milliseconds. */
bool rc_is_password(const struct rcfile *rc, const char *password);

/* Give the interface its addresses and routes, by ip(8). With a message. */
int rc_apply(const struct rcfile *rc);

#endif
