// SPDX-License-Identifier: GPL-2.0-or-later
/* tun.c - interfaces of /dev/net/tun for the programs tun_*.c */
#include "tun.h"

#include <time.h>

int n_tun(void)
{
	return (int)CHECK_OK(open("/dev/net/tun", O_RDWR));
}

int n_setiff(int fd, const char *name, int flags, struct ifreq *ifr)
{
	memset(ifr, 0, sizeof(*ifr));
	strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
	ifr->ifr_flags = (short)flags;
	return ioctl(fd, TUNSETIFF, ifr);
}

int n_attached(const char *name, int flags)
{
	struct ifreq ifr;
	int fd = n_tun();

	CHECK_OK(n_setiff(fd, name, flags, &ifr));
	CHECK_STR(ifr.ifr_name, name);
	return fd;
}

/* An ioctl(2) that any socket takes. */
static int ask(unsigned long cmd, struct ifreq *ifr, const char *name)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret, err;

	memset(ifr->ifr_name, 0, IFNAMSIZ);
	strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
	ret = ioctl(sock, cmd, ifr);
	err = errno;
	close(sock);
	errno = err;
	return ret;
}

int n_index(const char *name)
{
	struct ifreq ifr = { 0 };

	return ask(SIOCGIFINDEX, &ifr, name) < 0 ? 0 : ifr.ifr_ifindex;
}

bool n_gone(const char *name)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	for (int n = 0; n < 2000 && n_index(name); n++)
		nanosleep(&moment, NULL);
	return !n_index(name);
}

unsigned int n_flags(const char *name)
{
	struct ifreq ifr = { 0 };

	CHECK_OK(ask(SIOCGIFFLAGS, &ifr, name));
	return (unsigned short)ifr.ifr_flags;
}

static void set_flags(const char *name, unsigned int set, unsigned int clear)
{
	struct ifreq ifr = { 0 };

	ifr.ifr_flags = (short)((n_flags(name) & ~clear) | set);
	CHECK_OK(ask(SIOCSIFFLAGS, &ifr, name));
}

void n_up(const char *name, const char *addr)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *in = (void *)&ifr.ifr_addr;

	in->sin_family = AF_INET;
	CHECK(inet_pton(AF_INET, addr, &in->sin_addr) == 1);
	CHECK_OK(ask(SIOCSIFADDR, &ifr, name));
	in->sin_addr.s_addr = htonl(0xffffff00);
	CHECK_OK(ask(SIOCSIFNETMASK, &ifr, name));
	set_flags(name, IFF_UP, 0);
}

void n_down(const char *name)
{
	set_flags(name, 0, IFF_UP);
}
