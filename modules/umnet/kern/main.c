// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - umnetkern-stack: a network namespace and its sockets
 *
 * usage: umnetkern-stack FD [INTERFACE...]
 *
 * FD is its end of the pair to the module (netproc/proto.h), which starts it. It
 * leaves for a user, a network and a mount namespace, sets the loopback and its
 * interfaces up (uplink.h; as for umnetlwip-stack), and then answers two requests:
 * for a socket, and for the text of a file of /proc or /sys as it is in that
 * namespace. It ends when the module closes its end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "uplink.h"

enum { CONTROL = 3, TEXT_MAX = 4 << 20 };

static void answer(uint32_t tag, int ret, const void *data, size_t len, int fd)
{
	const struct st_rep rep = { .tag = tag,
				    .ret = ret,
				    .len = (uint32_t)len };

	message_answer(CONTROL, &rep, data, fd);
}

/* ---- the namespace ---- */

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int ret = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

/* The user stays who it is: the guests' files are the same ones. */
static int map_ids(uid_t uid, gid_t gid)
{
	char text[64];
	int ret;

	snprintf(text, sizeof(text), "%u %u 1\n", uid, uid);
	ret = put("/proc/self/uid_map", text);
	if (ret < 0)
		return ret;
	(void)put("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "%u %u 1\n", gid, gid);
	return put("/proc/self/gid_map", text);
}

static void forward(void)
{
	(void)put("/proc/sys/net/ipv4/ip_forward", "1");
	(void)put("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}

static int loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

/* With interfaces a second namespace is for the other ends of their cables. */
static int leave_cables(void)
{
	int ret;

	if (!uplink_any())
		return 0;
	ret = uplink_prepare();
	if (ret == 0 && unshare(CLONE_NEWNET) < 0)
		ret = -errno;
	return ret;
}

/* Its own /sys/class/net, where the kernel allows the mount. */
static void show_sys(void)
{
	(void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV,
		    NULL);
}

static int enter(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int ret;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) < 0) {
		ret = -errno;
		fprintf(stderr,
			"umnetkern: the host allows no user namespace: %s; "
			"umnetlwip needs none\n",
			strerror(-ret));
		return ret;
	}
	ret = map_ids(uid, gid);
	if (ret == 0)
		ret = leave_cables();
	if (ret == 0)
		ret = loopback_up();
	if (ret == 0)
		uplink_connect();
	show_sys();
	return ret;
}

/* ---- requests ---- */

static void make_socket(const struct st_req *q)
{
	int fd = socket(q->a, q->b | SOCK_CLOEXEC, q->c);

	answer(q->tag, fd < 0 ? -errno : 0, NULL, 0, fd);
	if (fd >= 0)
		close(fd);
}

static bool is_ours(const char *path)
{
	return (!strncmp(path, "/proc/net/", 10) ||
		!strncmp(path, "/proc/sys/net/", 14) ||
		!strncmp(path, "/sys/class/net/", 15)) &&
	       !strstr(path, "/..");
}

/* A folder's names, one a line. */
static int list(const char *path, char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);
	DIR *dir = opendir(path);
	struct dirent *e;

	while (out && dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			fprintf(out, "%s\n", e->d_name);
	if (dir)
		closedir(dir);
	if (!out || fclose(out) != 0)
		return -ENOMEM;
	return dir ? 0 : -ENOENT;
}

static int slurp(const char *path, char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;
	char buf[16384];

	while (out && fd >= 0 && *len < TEXT_MAX &&
	       (n = read(fd, buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, (size_t)n, out);
		fflush(out);
	}
	if (fd >= 0)
		close(fd);
	if (!out || fclose(out) != 0)
		return -ENOMEM;
	return n < 0 ? -ENOENT : 0;
}

/* The text from offset a on; the count is of all of it. */
static void give_file(const struct st_req *q, const char *path)
{
	size_t len = 0, from = q->a < 0 ? 0 : (size_t)q->a, n;
	char *text = NULL;
	struct stat st;
	int ret = -ENOENT;

	if (!strcmp(path, "/etc/resolv.conf") && uplink_resolver()) {
		text = strdup(uplink_resolver());
		len = text ? strlen(text) : 0;
		ret = text ? 0 : -ENOMEM;
	}
	/* A directory is asked for by a slash at its end. */
	if (is_ours(path) && stat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode) == (path[strlen(path) - 1] == '/'))
		ret = S_ISDIR(st.st_mode) ? list(path, &text, &len)
					  : slurp(path, &text, &len);
	if (ret == 0 && from > len)
		from = len;
	n = ret == 0 ? len - from : 0;
	if (n > ST_DATA_MAX)
		n = ST_DATA_MAX;
	answer(q->tag, ret == 0 ? (int)len : ret, n ? text + from : NULL, n,
	       -1);
	free(text);
}

static void serve(const struct st_req *q, const char *data)
{
	char path[256];

	switch (q->op) {
	case ST_SOCKET:
		make_socket(q);
		break;
	case ST_FILE:
		snprintf(path, sizeof(path), "%.*s", (int)q->len, data);
		give_file(q, path);
		break;
	case ST_CANCEL:
	case ST_CLOSE:
		break;
	default:
		answer(q->tag, -EOPNOTSUPP, NULL, 0, -1);
	}
}

int main(int argc, char **argv)
{
	static char data[ST_DATA_MAX];
	struct st_req q;
	int ret;

	if (argc < 2 || fcntl(CONTROL, F_SETFD, FD_CLOEXEC) < 0) {
		fprintf(stderr,
			"umnetkern-stack: it is started by the module umnet of umview(1)\n");
		return 2;
	}
	/* It ends with its module. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	for (int n = 2; n < argc; n++)
		if (strchr(argv[n], '='))
			uplink_start(argv[n]);
	ret = enter();
	for (int n = 2; ret == 0 && n < argc; n++)
		if (!strcmp(argv[n], "forward"))
			forward();
	answer(0, ret, NULL, 0, -1);
	if (ret == 0)
		while (message_request(CONTROL, 0, &q, data, NULL) == 0)
			serve(&q, data);
	uplink_end();
	return ret < 0;
}
