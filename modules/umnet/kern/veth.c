// SPDX-License-Identifier: GPL-2.0-or-later
/* veth.c - interfaces of a network namespace: cables out of it, their settings */
#include "veth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/route.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- one message of netlink ---- */

struct message {
	struct nlmsghdr h;
	char data[512];
};

static void *append(struct message *m, const void *data, size_t len)
{
	char *at = (char *)m + NLMSG_ALIGN(m->h.nlmsg_len);

	if (data)
		memcpy(at, data, len);
	m->h.nlmsg_len = NLMSG_ALIGN(m->h.nlmsg_len) + (uint32_t)len;
	return at;
}

static struct rtattr *put(struct message *m, unsigned short type,
			  const void *data, size_t len)
{
	struct rtattr a = { .rta_len = (unsigned short)RTA_LENGTH(len),
			    .rta_type = type };
	struct rtattr *at = append(m, &a, sizeof(a));

	if (len)
		append(m, data, len);
	return at;
}

/* What was put since belongs to the attribute. */
static void end(struct message *m, struct rtattr *a)
{
	a->rta_len = (unsigned short)((char *)m + m->h.nlmsg_len - (char *)a);
}

static void put_name_and_mtu(struct message *m, const char *name, int mtu)
{
	put(m, IFLA_IFNAME, name, strlen(name) + 1);
	put(m, IFLA_MTU, &mtu, sizeof(mtu));
}

static int ask(const struct message *m)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[1024];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int ret = 0;

	if (fd < 0 || send(fd, m, m->h.nlmsg_len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) <
		    (ssize_t)NLMSG_LENGTH(sizeof(answer.e)))
		ret = -errno;
	else if (answer.h.nlmsg_type == NLMSG_ERROR)
		ret = answer.e.error;
	if (fd >= 0)
		close(fd);
	return ret;
}

int veth_make(const char *name, int mtu, int netns)
{
	struct message m = { .h = { .nlmsg_len = NLMSG_LENGTH(0),
				    .nlmsg_type = RTM_NEWLINK,
				    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK |
						   NLM_F_CREATE |
						   NLM_F_EXCL } };
	const struct ifinfomsg none = { .ifi_family = AF_UNSPEC };
	struct rtattr *info, *data, *peer;

	append(&m, &none, sizeof(none));
	put_name_and_mtu(&m, name, mtu);
	info = put(&m, IFLA_LINKINFO, NULL, 0);
	put(&m, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = put(&m, IFLA_INFO_DATA, NULL, 0);
	peer = put(&m, VETH_INFO_PEER, NULL, 0);
	append(&m, &none, sizeof(none));
	put_name_and_mtu(&m, name, mtu);
	put(&m, IFLA_NET_NS_FD, &netns, sizeof(netns));
	end(&m, peer);
	end(&m, data);
	end(&m, info);
	return ask(&m);
}

/* ---- requests of netdevice(7) ---- */

static struct ifreq about(const char *name)
{
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return r;
}

int veth_set_up(int sock, const char *name)
{
	struct ifreq r = about(name);

	r.ifr_flags = IFF_UP;
	return ioctl(sock, SIOCSIFFLAGS, &r) < 0 ? -errno : 0;
}

int veth_index(int sock, const char *name)
{
	struct ifreq r = about(name);

	return ioctl(sock, SIOCGIFINDEX, &r) < 0 ? -errno : r.ifr_ifindex;
}

void veth_plain_frames(int sock, const char *name)
{
	static const uint32_t off[] = { ETHTOOL_STXCSUM, ETHTOOL_STSO };

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		struct ethtool_value v = { .cmd = off[i] };
		struct ifreq r = about(name);

		r.ifr_data = (void *)&v;
		ioctl(sock, SIOCETHTOOL, &r);
	}
}

static void put4(struct sockaddr *out, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(out, &in, sizeof(in));
}

int veth_address(int sock, const char *name, const char *addr, const char *mask,
		 const char *gateway)
{
	struct rtentry e = { .rt_flags = RTF_UP | RTF_GATEWAY };
	struct ifreq r = about(name);

	put4(&r.ifr_addr, addr);
	if (ioctl(sock, SIOCSIFADDR, &r) < 0)
		return -errno;
	put4(&r.ifr_netmask, mask);
	if (ioctl(sock, SIOCSIFNETMASK, &r) < 0)
		return -errno;
	put4(&e.rt_dst, "0.0.0.0");
	put4(&e.rt_genmask, "0.0.0.0");
	put4(&e.rt_gateway, gateway);
	return ioctl(sock, SIOCADDRT, &e) < 0 ? -errno : 0;
}
