// SPDX-License-Identifier: GPL-2.0-or-later
/* tun_call.c - /dev/net/tun: names, life and ioctls of its interfaces */
#include "tun.h"

#include <linux/filter.h>
#include <sys/sysmacros.h>

#define NO_PI IFF_NO_PI

static void is_a_device(void)
{
	struct stat st;
	int fd = n_tun();

	CHECK_OK(fstat(fd, &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, makedev(10, 200));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
}

static void has_nothing_at_first(void)
{
	struct ifreq ifr = { 0 };
	unsigned int features = 0;
	char buf[64] = { 0x45 };
	int fd = n_tun(), v = 100;
	struct iovec iov = { buf, sizeof(buf) };

	CHECK_ERRNO(read(fd, buf, sizeof(buf)), EBADFD);
	CHECK_ERRNO(readv(fd, &iov, 1), EBADFD);
	CHECK_ERRNO(write(fd, buf, sizeof(buf)), EBADFD);
	CHECK_ERRNO(writev(fd, &iov, 1), EBADFD);
	CHECK_ERRNO(ioctl(fd, TUNGETIFF, &ifr), EBADFD);
	CHECK_ERRNO(ioctl(fd, TUNSETPERSIST, 1L), EBADFD);
	CHECK_ERRNO(ioctl(fd, TUNSETOFFLOAD, 0L), EBADFD);
	CHECK_ERRNO(ioctl(fd, TUNSETSNDBUF, &v), EBADFD);
	CHECK_ERRNO(ioctl(fd, SIOCGIFHWADDR, &ifr), EBADFD);
	CHECK_ERRNO(ioctl(fd, TUNSETIFF, T_BAD_PTR), EFAULT);
	CHECK_OK(ioctl(fd, TUNGETFEATURES, &features));
	CHECK_EQ(features & (IFF_TUN | IFF_TAP | NO_PI | IFF_VNET_HDR),
		 IFF_TUN | IFF_TAP | NO_PI | IFF_VNET_HDR);
	ifr.ifr_flags = IFF_DETACH_QUEUE;
	CHECK_ERRNO(ioctl(fd, TUNSETQUEUE, &ifr), EINVAL);
	ifr.ifr_flags = IFF_ATTACH_QUEUE;
	CHECK_ERRNO(ioctl(fd, TUNSETQUEUE, &ifr), EINVAL);
}

static void names_are_written_back(void)
{
	static const struct {
		const char *name;
		int flags;
		const char *want;
	} rows[] = {
		{ "", IFF_TUN, "tun0" },
		{ "", IFF_TAP | NO_PI, "tap0" },
		{ "my%d", IFF_TAP, "my0" },
		{ "my%d", IFF_TUN, "my1" },
		{ "precise", IFF_TUN, "precise" },
	};
	struct ifreq ifr;

	for (size_t n = 0; n < T_COUNT(rows); n++) {
		int fd = n_tun();

		CHECK_OK(n_setiff(fd, rows[n].name, rows[n].flags, &ifr));
		CHECK_STR(ifr.ifr_name, rows[n].want);
		CHECK(n_index(rows[n].want) > 0);
	}
}

static void refuses(void)
{
	struct ifreq ifr;
	int fd = n_tun(), other;

	CHECK_ERRNO(n_setiff(fd, "x0", 0, &ifr), EINVAL);
	CHECK_ERRNO(n_setiff(fd, "x0", NO_PI, &ifr), EINVAL);
	CHECK_ERRNO(n_setiff(fd, "a/b", IFF_TAP, &ifr), EINVAL);
	CHECK_ERRNO(n_setiff(fd, "lo", IFF_TAP, &ifr), EINVAL);
	CHECK_ERRNO(n_setiff(fd, "lo", IFF_TUN | IFF_TUN_EXCL, &ifr), EBUSY);
	CHECK_ERRNO(n_setiff(fd, "x0", IFF_TUN | IFF_NAPI_FRAGS, &ifr), EINVAL);
	CHECK_EQ(n_index("x0"), 0);
	other = n_attached("x0", IFF_TAP | NO_PI);
	CHECK_ERRNO(n_setiff(fd, "x0", IFF_TAP, &ifr), EBUSY);
	CHECK_ERRNO(n_setiff(fd, "x0", IFF_TAP | IFF_TUN_EXCL, &ifr), EBUSY);
	CHECK_ERRNO(n_setiff(fd, "x0", IFF_TUN, &ifr), EINVAL);
	CHECK_ERRNO(n_setiff(other, "x1", IFF_TAP, &ifr), EEXIST);
	/* what failed left it as it was */
	CHECK_OK(n_setiff(fd, "x1", IFF_TAP, &ifr));
}

static void tells_its_flags(void)
{
	struct ifreq ifr = { 0 };
	int fd = n_attached("x0", IFF_TAP | NO_PI | IFF_VNET_HDR);

	CHECK_OK(ioctl(fd, TUNGETIFF, &ifr));
	CHECK_STR(ifr.ifr_name, "x0");
	/* IFF_NOFILTER is the same bit as IFF_NO_PI */
	CHECK_EQ((unsigned short)ifr.ifr_flags, IFF_TAP | NO_PI | IFF_VNET_HDR);
	CHECK_OK(ioctl(fd, TUNSETPERSIST, 1L));
	CHECK_OK(ioctl(fd, TUNGETIFF, &ifr));
	CHECK_EQ((unsigned short)ifr.ifr_flags & IFF_PERSIST, IFF_PERSIST);
	CHECK_OK(ioctl(fd, TUNSETPERSIST, 0L));
	CHECK_FILE("/sys/class/net/x0/tun_flags", "0x5002\n");
	CHECK_FILE("/sys/class/net/x0/owner", "-1\n");
	CHECK_ERRNO(ioctl(fd, 0x54ff, &ifr), EINVAL);
}

static void lives_as_long_as_it_is_open(void)
{
	int fd = n_attached("x0", IFF_TAP), dup_fd = dup(fd);

	close(fd);
	CHECK(n_index("x0") > 0);
	close(dup_fd);
	CHECK(n_gone("x0"));
}

static void persists(void)
{
	struct ifreq ifr;
	int fd = n_attached("x0", IFF_TUN | NO_PI), index = n_index("x0");

	CHECK_OK(ioctl(fd, TUNSETPERSIST, 1L));
	CHECK_OK(ioctl(fd, TUNSETOWNER, 7L));
	CHECK_OK(ioctl(fd, TUNSETGROUP, 8L));
	CHECK_ERRNO(ioctl(fd, TUNSETOWNER, -1L), EINVAL);
	CHECK_ERRNO(ioctl(fd, TUNSETGROUP, -1L), EINVAL);
	CHECK_FILE("/sys/class/net/x0/owner", "7\n");
	CHECK_FILE("/sys/class/net/x0/group", "8\n");
	close(fd);
	/* it is free for the next one as soon as the last close is seen */
	fd = n_tun();
	for (int n = 0; n < 2000 && n_setiff(fd, "x0", IFF_TUN, &ifr) < 0; n++)
		usleep(10000);
	CHECK_EQ(n_index("x0"), index);
	CHECK_OK(ioctl(fd, TUNGETIFF, &ifr));
	CHECK_EQ((unsigned short)ifr.ifr_flags,
		 IFF_TUN | IFF_PERSIST | IFF_NOFILTER);
	CHECK_OK(ioctl(fd, TUNSETPERSIST, 0L));
	close(fd);
	CHECK(n_gone("x0"));
}

static void has_an_index_of_choice(void)
{
	int fd = n_tun(), v = -1;
	struct ifreq ifr;

	CHECK_ERRNO(ioctl(fd, TUNSETIFINDEX, &v), EINVAL);
	v = 777;
	CHECK_OK(ioctl(fd, TUNSETIFINDEX, &v));
	CHECK_OK(n_setiff(fd, "x0", IFF_TAP, &ifr));
	CHECK_EQ(n_index("x0"), 777);
	CHECK_ERRNO(ioctl(fd, TUNSETIFINDEX, &v), EPERM);
}

static int get(int fd, unsigned long cmd)
{
	int v = -1;

	CHECK_OK(ioctl(fd, cmd, &v));
	return v;
}

static long set(int fd, unsigned long cmd, int v)
{
	return ioctl(fd, cmd, &v);
}

static void keeps_numbers(void)
{
	int fd = n_attached("x0", IFF_TAP | NO_PI | IFF_VNET_HDR);

	CHECK_EQ(get(fd, TUNGETVNETHDRSZ), 10);
	CHECK_OK(set(fd, TUNSETVNETHDRSZ, 12));
	CHECK_EQ(get(fd, TUNGETVNETHDRSZ), 12);
	CHECK_ERRNO(set(fd, TUNSETVNETHDRSZ, 9), EINVAL);
	CHECK_EQ(get(fd, TUNGETSNDBUF), 0x7fffffff);
	CHECK_OK(set(fd, TUNSETSNDBUF, 100000));
	CHECK_EQ(get(fd, TUNGETSNDBUF), 100000);
	CHECK_ERRNO(set(fd, TUNSETSNDBUF, 0), EINVAL);
	CHECK_ERRNO(set(fd, TUNSETSNDBUF, -5), EINVAL);
	CHECK_EQ(get(fd, TUNGETVNETLE), 0);
	CHECK_OK(set(fd, TUNSETVNETLE, 1));
	CHECK_EQ(get(fd, TUNGETVNETLE), 1);
	CHECK_ERRNO(set(fd, TUNSETVNETBE, 1), EINVAL);
	CHECK_OK(set(fd, TUNSETSTEERINGEBPF, -1));
	CHECK_OK(ioctl(fd, TUNSETNOCSUM, 1L));
}

static void takes_offloads(void)
{
	int fd = n_attached("x0", IFF_TAP | NO_PI | IFF_VNET_HDR);
	long tso = TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	CHECK_OK(ioctl(fd, TUNSETOFFLOAD, 0L));
	CHECK_OK(ioctl(fd, TUNSETOFFLOAD, (long)TUN_F_CSUM));
	CHECK_OK(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | tso));
	CHECK_ERRNO(ioctl(fd, TUNSETOFFLOAD, tso), EINVAL);
	CHECK_ERRNO(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO_ECN),
		    EINVAL);
	CHECK_ERRNO(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | 1L << 20), EINVAL);
}

static void has_a_hardware_address(void)
{
	static const unsigned char mine[6] = { 2, 1, 2, 3, 4, 5 };
	struct ifreq ifr = { 0 };
	int tap = n_attached("x0", IFF_TAP), tun = n_attached("x1", IFF_TUN);

	CHECK_OK(ioctl(tap, SIOCGIFHWADDR, &ifr));
	CHECK_EQ(ifr.ifr_hwaddr.sa_family, ARPHRD_ETHER);
	memcpy(ifr.ifr_hwaddr.sa_data, mine, 6);
	CHECK_OK(ioctl(tap, SIOCSIFHWADDR, &ifr));
	CHECK_FILE("/sys/class/net/x0/address", "02:01:02:03:04:05\n");
	memset(&ifr, 0, sizeof(ifr));
	CHECK_OK(ioctl(tap, SIOCGIFHWADDR, &ifr));
	CHECK_MEM(ifr.ifr_hwaddr.sa_data, mine, 6);
	CHECK_OK(ioctl(tun, SIOCGIFHWADDR, &ifr));
	CHECK_EQ(ifr.ifr_hwaddr.sa_family, ARPHRD_NONE);
	CHECK_ERRNO(ioctl(tun, SIOCSIFHWADDR, &ifr), EOPNOTSUPP);
	CHECK_FILE("/sys/class/net/x1/type", "65534\n");
}

static void may_be_of_another_type(void)
{
	int fd = n_attached("x0", IFF_TUN | NO_PI);

	CHECK_OK(ioctl(fd, TUNSETLINK, (long)ARPHRD_PPP));
	CHECK_FILE("/sys/class/net/x0/type", "512\n");
	CHECK_OK(ioctl(fd, TUNSETLINK, (long)ARPHRD_NONE));
	n_up("x0", "10.66.0.1");
	CHECK_ERRNO(ioctl(fd, TUNSETLINK, (long)ARPHRD_PPP), EBUSY);
}

static void is_up_as_the_kernel_says(void)
{
	unsigned int about = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT |
			     IFF_NOARP | IFF_BROADCAST | IFF_MULTICAST;
	int tun = n_attached("x0", IFF_TUN | NO_PI);
	int tap = n_attached("x1", IFF_TAP | NO_PI);

	CHECK_EQ(n_flags("x0") & about,
		 IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST);
	CHECK_EQ(n_flags("x1") & about, IFF_BROADCAST | IFF_MULTICAST);
	n_up("x0", "10.66.0.1");
	n_up("x1", "10.66.1.1");
	CHECK_EQ(n_flags("x0") & (IFF_UP | IFF_RUNNING), IFF_UP | IFF_RUNNING);
	CHECK_OK(set(tap, TUNSETCARRIER, 0));
	CHECK_FILE("/sys/class/net/x1/carrier", "0\n");
	CHECK_OK(set(tap, TUNSETCARRIER, 1));
	CHECK_FILE("/sys/class/net/x1/carrier", "1\n");
	close(tun);
}

static void has_filters_of_a_tap(void)
{
	struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, 65535) };
	struct sock_filter bad[] = { BPF_STMT(BPF_LD | BPF_IMM, 1) };
	struct sock_fprog prog = { 1, all }, wrong = { 1, bad },
			  none = { 0, all };
	struct sock_fprog got = { 0 };
	struct {
		unsigned short flags, count; /* a struct tun_filter */
		unsigned char addr[2][6];
	} f = { 0, 2, { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } } };
	int tap = n_attached("x0", IFF_TAP), tun = n_attached("x1", IFF_TUN);

	CHECK_ERRNO(ioctl(tun, TUNATTACHFILTER, &prog), EINVAL);
	CHECK_ERRNO(ioctl(tun, TUNDETACHFILTER, 0L), EINVAL);
	CHECK_ERRNO(ioctl(tun, TUNGETFILTER, &got), EINVAL);
	CHECK_ERRNO(ioctl(tun, TUNSETTXFILTER, &f), EINVAL);
	CHECK_ERRNO(ioctl(tap, TUNATTACHFILTER, &wrong), EINVAL);
	CHECK_ERRNO(ioctl(tap, TUNATTACHFILTER, &none), EINVAL);
	CHECK_ERRNO(ioctl(tap, TUNATTACHFILTER, T_BAD_PTR), EFAULT);
	CHECK_OK(ioctl(tap, TUNATTACHFILTER, &prog));
	CHECK_OK(ioctl(tap, TUNGETFILTER, &got));
	CHECK_EQ(got.len, 1);
	CHECK_OK(ioctl(tap, TUNDETACHFILTER, 0L));
	CHECK_EQ(ioctl(tap, TUNSETTXFILTER, &f), 2);
	f.count = 0;
	CHECK_EQ(ioctl(tap, TUNSETTXFILTER, &f), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(is_a_device);
	RUN(has_nothing_at_first);
	RUN(names_are_written_back);
	RUN(refuses);
	RUN(tells_its_flags);
	RUN(lives_as_long_as_it_is_open);
	RUN(persists);
	RUN(has_an_index_of_choice);
	RUN(keeps_numbers);
	RUN(takes_offloads);
	RUN(has_a_hardware_address);
	RUN(may_be_of_another_type);
	RUN(is_up_as_the_kernel_says);
	RUN(has_filters_of_a_tap);
	return t_done();
}
