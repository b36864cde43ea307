// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * session.c - the monitor's life
 *
 *	front (the process the user started, waits)
 *	  +- monitor (this file; a process group of its own)
 *	       +- reaper
 *		    +- first guest (in the front's process group)
 *			 +- all other guests
 *
 * The reaper is a subreaper: guests whose parents are gone fall to it, stay
 * descendants of the monitor (which is what Yama wants to see) and are waited
 * for. The monitor cannot do that itself: waiting for a child that another of
 * its threads traces for a moment would take the tracer's stops away.
 *
 * The session ends when the listener says that the last guest is gone; then
 * what is mounted is flushed and unmounted.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include <umview/log.h>

#include "base/logctl.h"
#include "dev/dev.h"
#include "guest/kept.h"
#include "guest/notify.h"
#include "guest/self.h"
#include "guest/shared.h"
#include "guest/wait.h"
#include "main/session.h"
#include "net/stack.h"
#include "net/sysnet.h"
#include "proc/files.h"
#include "sys/fusedev.h"
#include "sys/mounter.h"
#include "sys/remotelock.h"
#include "sys/stats.h"
#include "sys/sys.h"
#include "sys/viewend.h"
#include "view/cwd.h"
#include "view/perm.h"

#define READY_LIMIT (64L << 20)

/* How often to look whether daemons alone are left, after the command. */
#define LOOK_MS 250

static int report_fd = -1;

/*
 * The reaper writes to it when a guest has ended, from the end of the first on.
 */
static int ended_fd = -1;

static void report(int what, int value)
{
	struct um_report r = { .what = what, .value = value };

	if (write(report_fd, &r, sizeof(r)) < 0)
		um_debug("the front process is gone");
}

/* The directory of the running program: agent and modules lie near. */
static int own_dir(char *dir)
{
	ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX - 1);

	if (n < 0)
		return -errno;
	dir[n] = '\0';
	*strrchr(dir, '/') = '\0';
	return 0;
}

/* A program of ours, in one of the directories relative to the own one. */
static int find_part(const char *dir, const char *name, char path[2 * PATH_MAX])
{
	const char *rel = UM_PART_DIRS_REL;

	for (;;) {
		size_t n = strcspn(rel, ":");

		snprintf(path, 2 * PATH_MAX, "%s/%.*s/%s", dir, (int)n, rel,
			 name);
		if (access(path, R_OK) == 0)
			return 0;
		if (!rel[n])
			break;
		rel += n + 1;
	}
	um_err("cannot find %s near %s: is the installation complete?", name,
	       dir);
	return -ENOENT;
}

static int open_agent(const char *dir)
{
	char path[2 * PATH_MAX];
	int ret = find_part(dir, "umview-agent", path);

	return ret < 0 ? ret : (int)UM_SYS(open(path, O_RDONLY | O_CLOEXEC));
}

static int set_mounter(const char *dir)
{
	static char real[PATH_MAX];
	char path[2 * PATH_MAX];
	int ret = find_part(dir, "umview-mounter", path);

	if (ret < 0)
		return ret;
	return realpath(path, real) ? um_mounter_setup(real) : -errno;
}

static void set_module_dirs(const char *dir)
{
	const char *rel = UM_MODULE_DIRS_REL;
	char dirs[8 * PATH_MAX];
	size_t at = 0;

	while (*rel) {
		size_t n = strcspn(rel, ":");
		int len = snprintf(dirs + at, sizeof(dirs) - at, "%s%s/%.*s",
				   at ? ":" : "", dir, (int)n, rel);

		if (len > 0 && (size_t)len < sizeof(dirs) - at)
			at += (size_t)len;
		rel += n + (rel[n] == ':');
	}
	dirs[at] = '\0';
	um_service_set_dirs(dirs);
}

static const int ignored[] = { SIGINT,	SIGQUIT, SIGHUP,  SIGPIPE, SIGTERM,
			       SIGTTOU, SIGTTIN, SIGTSTP, SIGIO,   SIGXFSZ };

/* A guest's limit is asked for where it matters (sys/fsize.c). */
static const int limited[] = { RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS,
			       RLIMIT_DATA };

/* What the monitor changes for itself and the guests are to have as it was. */
static struct {
	mode_t mask;
	struct rlimit limits[UM_ARRAY_SIZE(limited)];
	void (*handlers[UM_ARRAY_SIZE(ignored)])(int sig);
} theirs;

/* As high as they may be. */
static void raise_limits(void)
{
	for (size_t i = 0; i < UM_ARRAY_SIZE(limited); i++) {
		struct rlimit rl;

		getrlimit(limited[i], &theirs.limits[i]);
		rl = theirs.limits[i];
		rl.rlim_cur = rl.rlim_max;
		setrlimit(limited[i], &rl);
	}
}

/* A quarter of the memory. */
static uint64_t cache_limit(void)
{
	struct sysinfo si;

	if (sysinfo(&si) < 0)
		return 1UL << 30;
	return (uint64_t)si.totalram * si.mem_unit / 4;
}

/* SIGIO: a guest opens a file while vnode/ asks for its lease. */
static void ignore_signals(void)
{
	for (size_t i = 0; i < UM_ARRAY_SIZE(ignored); i++)
		theirs.handlers[i] = signal(ignored[i], SIG_IGN);
}

/* The first guest starts with what umview was started with. */
static void give_back(pid_t group)
{
	for (size_t i = 0; i < UM_ARRAY_SIZE(ignored); i++)
		signal(ignored[i], theirs.handlers[i]);
	signal(SIGUSR2, SIG_DFL);
	signal(SIGSYS, SIG_DFL);
	for (size_t i = 0; i < UM_ARRAY_SIZE(limited); i++)
		setrlimit(limited[i], &theirs.limits[i]);
	setpgid(0, group);
	umask(theirs.mask);
}

static int set_up(const struct um_options *opts)
{
	char dir[PATH_MAX];
	int ret = own_dir(dir);
	int fd;

	if (ret < 0)
		return ret;
	fd = opts->no_agent ? -1 : open_agent(dir);
	if (fd < 0 && !opts->no_agent)
		return fd;
	um_exec_setup(fd);
	ret = fd < 0 ? 0 : um_shared_setup(fd);
	if (ret < 0)
		um_warn("no fast road: %s", strerror(-ret));
	set_module_dirs(dir);
	ret = opts->stats ? um_stats_setup() : 0;
	if (ret < 0)
		um_warn("no statistics: %s", strerror(-ret));
	if (opts->secure)
		um_perm_set_secure();
	ret = um_attr_setup(opts->secure);
	if (ret == 0)
		ret = um_view_setup();
	if (ret == 0)
		ret = um_vnode_setup(READY_LIMIT, cache_limit());
	if (ret == 0)
		ret = um_wait_setup();
	if (ret == 0)
		ret = um_dev_setup();
	if (ret == 0)
		ret = um_fusedev_setup();
	if (ret == 0)
		ret = set_mounter(dir);
	if (ret == 0 && !opts->nonesting)
		ret = um_self_setup(um_dispatch_self);
	um_stack_setup();
	if (ret == 0)
		ret = um_sysnet_setup();
	um_remotelock_setup();
	/* a sanitizer reports a crash itself */
	if (ret == 0 && !UM_BUILD_SANITIZE[0])
		ret = um_contain_setup();
	um_dispatch_setup();
	um_proc_setup();
	return ret;
}

static int preload(const struct um_options *opts)
{
	for (size_t i = 0; i < opts->npreload; i++) {
		struct um_service *s = NULL;
		int ret = um_service_load(opts->preload[i], false, &s);

		if (ret == 0)
			ret = um_view_add_service(0, s);
		um_service_put(s);
		if (ret < 0) {
			um_err("cannot load module %s: %s", opts->preload[i],
			       strerror(-ret));
			return ret;
		}
	}
	if (opts->viewname)
		return um_view_set_name(0, opts->viewname);
	return 0;
}

static int receive_fd(int sock)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) <= 0)
		return -EIO;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EIO;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* Wait for all guests that have no other parent; tell how the first ended. */
static void reap(pid_t first) __attribute__((noreturn));

static void reap(pid_t first)
{
	const uint64_t one = 1;
	bool over = false;
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, 0);
		if (pid == first) {
			report(UM_STATUS, status);
			over = true;
		}
		if (over && write(ended_fd, &one, sizeof(one)) < 0)
			_exit(0);
		if (pid < 0 && errno != EINTR)
			_exit(0);
	}
}

/* The reaper's life; the first guest is its child. */
static void run_reaper(const struct um_options *opts, pid_t group, int sock)
{
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "umview-reaper");
	pid = fork();
	if (pid == 0) {
		give_back(group);
		um_launch(opts, sock);
	}
	close(sock);
	if (pid < 0)
		_exit(125);
	report(UM_STARTED, pid);
	reap(pid);
}

/* Start reaper and first guest; the guest's listener comes back. */
static int start_guest(const struct um_options *opts, pid_t group,
		       pid_t *reaper)
{
	int sock[2];
	int fd;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) < 0)
		return -errno;
	*reaper = fork();
	if (*reaper < 0)
		return -errno;
	if (*reaper == 0) {
		close(sock[0]);
		run_reaper(opts, group, sock[1]);
	}
	close(sock[1]);
	fd = receive_fd(sock[0]);
	close(sock[0]);
	return fd;
}

/* The front process is gone: nobody asked for these guests any more. */
static void end_guests(pid_t reaper)
{
	um_err("umview's first process was killed; its guests are being ended "
	       "too");
	while (um_kill_descendants(reaper, SIGKILL) && !um_notify_wait_end(10))
		;
}

static atomic_bool print_stats;

static void want_stats(int sig)
{
	(void)sig;
	atomic_store(&print_stats, true);
}

static void wait_for_end(int listener, pid_t reaper)
{
	struct pollfd p[] = { { .fd = listener },
			      { .fd = report_fd },
			      { .fd = ended_fd, .events = POLLIN } };
	bool over = false;
	uint64_t n;

	while (!um_notify_wait_end(0)) {
		bool look = over && um_chan_any();

		if (atomic_exchange(&print_stats, false))
			um_stats_print(stderr);

		if (poll(p, UM_ARRAY_SIZE(p), look ? LOOK_MS : 2000) == 0) {
			um_kept_sweep();
			um_attr_table_sweep();
			um_mount_reap(um_mount_is_idle);
		}
		if (p[2].revents)
			over = read(ended_fd, &n, sizeof(n)) > 0;
		if (over && um_chan_any() && um_only_daemons(reaper))
			um_stop_daemons(reaper);
		if (p[1].revents & POLLERR) {
			end_guests(reaper);
			p[1] = (struct pollfd){ .fd = -1 };
		}
	}
	while (waitpid(reaper, NULL, 0) < 0 && errno == EINTR)
		;
}

static void end_session(void)
{
	um_viewend_stop();
	um_vnode_sync_mount(NULL);
	um_view_fini();
	um_mount_reap(um_mount_is_idle);
	um_vnode_fini();
}

static int monitor(const struct um_options *opts, pid_t group)
{
	pid_t reaper = -1;
	int listener;
	int ret;

	ended_fd = eventfd(0, EFD_CLOEXEC);
	theirs.mask = umask(0);
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "umview-monitor");
	ignore_signals();
	raise_limits();
	ret = set_up(opts);
	if (ret < 0) {
		um_err("cannot start a view: %s", strerror(-ret));
		report(UM_FAILED, 125);
		return 1;
	}
	if (preload(opts) < 0) {
		report(UM_FAILED, 1);
		return 1;
	}
	listener = start_guest(opts, group, &reaper);
	if (listener < 0) {
		waitpid(reaper, NULL, 0);
		report(UM_FAILED, 125);
		return 1;
	}
	if (opts->log)
		dup2(um_log_fd(), STDERR_FILENO);
	um_kept_probe(reaper);
	if (opts->stats)
		signal(SIGUSR1, want_stats);
	um_notify_start(listener, um_dispatch);
	wait_for_end(listener, reaper);
	end_session();
	um_stats_print(stderr);
	report(UM_ENDED, 0);
	return 0;
}

int um_session_run(const struct um_options *opts)
{
	int fds[2];
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return 125;
	pid = fork();
	if (pid < 0) {
		um_err("fork: %s", strerror(errno));
		return 125;
	}
	if (pid == 0) {
		close(fds[0]);
		report_fd = fds[1];
		_exit(monitor(opts, getpgid(getppid())));
	}
	close(fds[1]);
	return um_front(fds[0], pid);
}
