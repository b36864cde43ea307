// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * alive.c - does any guest still have that AF_UNIX socket?
 *
 * By its inode the kernel tells of a socket without a descriptor of ours:
 * sock_diag(7) finds it at once, where the kernel has it. The module unix_diag may
 * be missing; its answer then is that of a socket that is gone, so it is asked
 * for one that is not first. /proc/net/unix, read through, does without; while
 * others come and go, it may pass over one that stays: it is read again.
 * A listener has a name, too: whoever can take that knows that it is free.
 * What cannot be found out counts as open: a listener that stays is better than
 * one that is lost.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sock.h"

enum { LOOKS = 3 };
enum { UNKNOWN = -1, GONE, THERE };

/* A kernel that cannot look it up says GONE, too. */
static int diag_says(uint64_t inode)
{
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} ask = { .h = { .nlmsg_len = sizeof(ask),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST },
		  .r = { .sdiag_family = AF_UNIX,
			 .udiag_states = ~0U,
			 .udiag_ino = (uint32_t)inode,
			 .udiag_cookie = { ~0U, ~0U } } };
	union {
		struct nlmsghdr h;
		char bytes[1024];
	} answer;
	static int fd = -1;

	if (fd < 0)
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			    NETLINK_SOCK_DIAG);
	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) != sizeof(ask) ||
	    recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.h))
		return UNKNOWN;
	if (answer.h.nlmsg_type != NLMSG_ERROR)
		return THERE;
	return ((struct nlmsgerr *)NLMSG_DATA(&answer.h))->error == -ENOENT
		       ? GONE
		       : UNKNOWN;
}

/* Does it find one that there is? */
static bool has_diag(void)
{
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has =
		fd >= 0 && fstat(fd, &st) == 0 && diag_says(st.st_ino) == THERE;

	if (fd >= 0)
		close(fd);
	return has;
}

/* The seventh column is the inode; a heading comes first. */
static bool list_has(FILE *list, uint64_t inode)
{
	unsigned long long at;
	char *line = NULL;
	size_t size = 0;
	bool has = false;

	while (!has && getline(&line, &size, list) > 0)
		has = sscanf(line, "%*s %*s %*s %*s %*s %*s %llu", &at) == 1 &&
		      at == inode;
	free(line);
	return has;
}

static bool listed(uint64_t inode)
{
	bool has = false;

	for (int i = 0; i < LOOKS && !has; i++) {
		FILE *list = fopen("/proc/net/unix", "re");

		has = !list || list_has(list, inode);
		if (list)
			fclose(list);
	}
	return has;
}

bool st_name_lives(const struct sockaddr *name, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool lives = fd < 0 || bind(fd, name, len) < 0;

	if (fd >= 0)
		close(fd);
	return lives;
}

bool st_inode_lives(uint64_t inode)
{
	static bool asked, diag;

	if (!asked)
		diag = has_diag();
	asked = true;
	return diag ? diag_says(inode) != GONE : listed(inode);
}
