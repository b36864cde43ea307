// SPDX-License-Identifier: GPL-2.0-or-later
/* uplink.c - ways out of a network namespace; see uplink.h */
#include "uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"
#include "plug.h"
#include "veth.h"

enum { UPLINKS = 64 };

/**
 * struct uplink - one of them
 * @plug: our end of the pair
 * @packets: a packet socket of the outer namespace, until the plug has it
 */
struct uplink {
	char name[IFNAMSIZ];
	pid_t pid;
	int plug, packets, mtu;
	bool up, dhcp, slirp, carrier;
};

static struct uplink uplinks[UPLINKS];
static size_t count;
static int outer = -1;
static bool resolves;

bool uplink_any(void)
{
	return count > 0;
}

static void complain(const char *name, const char *what, int ret)
{
	fprintf(stderr, "umnetkern: interface %s: %s%s%s\n", name, what,
		ret ? ": " : "", ret ? strerror(-ret) : "");
}

/* ---- its plug ---- */

/* It lies beside this program. Does not return. */
static void run_plug(const char *spec, int end)
{
	char own[PATH_MAX] = "", path[PATH_MAX];
	struct plug_said said = { .ret = -ENOENT };

	(void)!readlink("/proc/self/exe", own, sizeof(own) - 1);
	if (snprintf(path, sizeof(path), "%s/umnetkern-plug", dirname(own)) <
		    (int)sizeof(path) &&
	    dup2(end, PLUG_FD) >= 0)
		execl(path, "umnetkern-plug", spec, NULL);
	snprintf(said.why, sizeof(said.why),
		 "no links were built: umnetkern-plug is not there");
	(void)!write(PLUG_FD, &said, sizeof(said));
	_exit(127);
}

static int start_plug(struct uplink *u, const char *spec)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	u->pid = fork();
	if (u->pid == 0)
		run_plug(spec, ends[1]);
	close(ends[1]);
	if (u->pid < 0) {
		close(ends[0]);
		return -EAGAIN;
	}
	u->plug = ends[0];
	return 0;
}

static void end_plug(struct uplink *u)
{
	close(u->plug);
	waitpid(u->pid, NULL, 0);
}

/* What it says; why is for who is told of it. */
static int hear_plug(struct uplink *u, struct plug_said *said)
{
	struct iovec iov = { said, sizeof(*said) };
	ssize_t n = message_receive(u->plug, &iov, 1, 0, NULL);

	if (n != (ssize_t)sizeof(*said))
		*said = (struct plug_said){ .ret = -EIO };
	said->why[sizeof(said->why) - 1] = '\0';
	u->mtu = said->mtu;
	u->carrier = said->carrier;
	return said->ret;
}

void uplink_start(const char *spec)
{
	struct uplink *u = &uplinks[count];
	struct plug_said said = { 0 };
	int ret;

	if (count == UPLINKS)
		return;
	*u = (struct uplink){ .packets = -1 };
	snprintf(u->name, sizeof(u->name), "%.*s", (int)strcspn(spec, "="),
		 spec);
	u->up = strstr(spec, ";up");
	u->slirp = strstr(spec, "=slirp");
	u->dhcp = strstr(spec, ";dhcp");
	ret = start_plug(u, spec);
	if (ret < 0) {
		complain(u->name, "no plug", ret);
		return;
	}
	ret = hear_plug(u, &said);
	if (ret == 0) {
		count++;
		return;
	}
	complain(u->name, *said.why ? said.why : "cannot be had",
		 *said.why ? 0 : ret);
	end_plug(u);
}

void uplink_end(void)
{
	while (count > 0)
		end_plug(&uplinks[--count]);
}

/* ---- the outer namespace ---- */

static int set_option(int fd, int name)
{
	int on = 1;

	return setsockopt(fd, SOL_PACKET, name, &on, sizeof(on)) < 0 ? -errno
								     : 0;
}

/* Nobody has an address there, or asks for one. */
static void be_silent(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

int uplink_prepare(void)
{
	int ret = 0;

	be_silent();
	outer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (outer < 0)
		return -errno;
	for (size_t i = 0; i < count && ret == 0; i++) {
		struct uplink *u = &uplinks[i];

		u->packets = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
		if (u->packets < 0)
			return -errno;
		ret = set_option(u->packets, PACKET_AUXDATA);
		if (ret == 0)
			ret = set_option(u->packets, PACKET_IGNORE_OUTGOING);
	}
	return ret;
}

/* ---- the inner one ---- */

static int give_packets(struct uplink *u)
{
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	int ret = message_send(u->plug, &iov, 1, u->packets, MSG_NOSIGNAL);

	close(u->packets);
	u->packets = -1;
	return ret;
}

/* The other end is the packet socket's. */
static int bind_packets(struct uplink *u)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	int ret = veth_index(u->packets, u->name);

	if (ret < 0)
		return ret;
	at.sll_ifindex = ret;
	if (bind(u->packets, (void *)&at, sizeof(at)) < 0)
		return -errno;
	ret = u->carrier ? veth_set_up(u->packets, u->name) : 0;
	return ret < 0 ? ret : give_packets(u);
}

/* The kernel asks no DHCP server; slirp's addresses are known. */
static int set_up(const struct uplink *u, int sock)
{
	int ret = 0;

	if (u->up)
		ret = veth_set_up(sock, u->name);
	if (ret < 0 || !u->dhcp)
		return ret;
	if (!u->slirp) {
		complain(u->name,
			 "up, without an address: the kernel asks no DHCP "
			 "server, a client in the view can (udhcpc)",
			 0);
		return 0;
	}
	resolves = true;
	return veth_address(sock, u->name, "10.0.2.15", "255.255.255.0",
			    "10.0.2.2");
}

static int connect_one(struct uplink *u, int sock)
{
	int ret = veth_make(u->name, u->mtu, outer);

	if (ret < 0)
		return ret;
	veth_plain_frames(sock, u->name);
	ret = bind_packets(u);
	return ret < 0 ? ret : set_up(u, sock);
}

void uplink_connect(void)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; i < count; i++) {
		int ret = connect_one(&uplinks[i], sock);

		if (ret < 0)
			complain(uplinks[i].name,
				 "no cable out of the namespace", ret);
	}
	close(sock);
	close(outer);
}

const char *uplink_resolver(void)
{
	return resolves ? "nameserver 10.0.2.3\n" : NULL;
}
