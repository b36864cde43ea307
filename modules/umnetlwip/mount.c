// SPDX-License-Identifier: GPL-2.0-or-later
/* mount.c - from the options of a mount to a stack's process */
#include "mount.h"

#include <sys/socket.h>

#include "interfaces.h"
#include "netproc.h"
#include "words.h"

const char um_lwip_options[] =
	"vdN=VNL        interface vdN plugged into a switch or any VNL\n"
	"vdN            N interfaces vd0... on the default switch\n"
	"slN[=FORWARDS] interface slN: the host's network, by NAT\n"
	"tpN=NAME       interface tpN on the host's tap interface NAME\n"
	"wrN=NAME       interface wrN: one end of the private wire NAME\n"
	"lo             the loopback alone\n"
	"dhcp           interfaces come up and ask for an address\n"
	"up             interfaces come up\n"
	"forward        packets for others are forwarded: a router\n"
	"ra=FILE        what routers advertise; see umview-umnetlwip(7)\n";

static bool has_family(int domain)
{
	return domain == AF_INET || domain == AF_INET6 ||
	       domain == AF_NETLINK || domain == AF_PACKET;
}

int um_lwip_start(const char *source, const char *options, struct um_fs *fs)
{
	char **interfaces = NULL;
	int ret = um_interfaces_parse(source, options, &interfaces);

	if (ret == 0)
		ret = um_netproc_start("umnetlwip-stack", interfaces,
				       has_family, fs);
	words_free(interfaces);
	return ret;
}
