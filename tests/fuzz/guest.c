// SPDX-License-Identifier: GPL-2.0-or-later
/* guest.c - a guest for the fuzz targets, and a view for it */
#include "fuzz/guest.h"

#include "fuzz/alloc.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <umview/module.h>

#include "base/logctl.h"
#include "guest/wait.h"
#include "tree.h"

#define MAX_FDS	 64
#define FIRST_FD 200

static pid_t guest = -1;
static int fds[MAX_FDS];
static size_t nfds;
static struct um_mount *root;

void guest_bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* Calls that wait for others end here: there is nobody to wait for. */
static int fake_alive(struct um_req *r)
{
	(void)r;
	return -ENOENT;
}

static int fake_inject(struct um_req *r, int fd, bool cloexec, bool answer)
{
	int n;

	(void)r;
	(void)cloexec;
	(void)answer;
	if (nfds == MAX_FDS)
		return -EMFILE;
	n = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
	if (n < 0)
		return -errno;
	fds[nfds++] = n;
	return n;
}

static int fake_replace(struct um_req *r, int fd, um_gfd at, bool cloexec)
{
	(void)r;
	(void)cloexec;
	for (size_t i = 0; i < nfds; i++)
		if (fds[i] == at.n)
			return dup3(fd, at.n, O_CLOEXEC) < 0 ? -errno : at.n;
	return -EBADF;
}

static const struct um_engine engine = {
	.name = "fuzz",
	.inject = fake_inject,
	.replace = fake_replace,
	.alive = fake_alive,
};

int guest_fd(size_t n)
{
	return nfds ? fds[n % nfds] : -1;
}

pid_t guest_tid(void)
{
	return guest;
}

struct um_mount *guest_root(void)
{
	return root;
}

/* valgrind knows no such clone: there the guest is this process itself. */
static void start_child(void)
{
	pid_t parent = getpid();

	if (getenv("UM_FUZZ_SELF")) {
		guest = getpid();
		FUZZ_CHECK(chdir("/") == 0);
		return;
	}
	guest = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (guest == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* a short run may be over by now */
		if (getppid() != parent || syscall(SYS_chdir, "/") < 0)
			syscall(SYS_exit_group, 1);
		for (;;)
			syscall(SYS_pause);
	}
	FUZZ_CHECK(guest > 0);
}

static void no_log(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	FUZZ_CHECK(null >= 0);
	um_log_setup(null, UM_LOG_ERR);
}

static void guest_setup(void)
{
	void *at =
		mmap(ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	FUZZ_CHECK(at == ARENA);
	signal(SIGIO, SIG_IGN);
	start_child();
	no_log();
	FUZZ_CHECK(um_attr_setup(false) == 0);
	FUZZ_CHECK(um_view_setup() == 0);
	FUZZ_CHECK(um_vnode_setup(1 << 20, 1 << 26) == 0);
	FUZZ_CHECK(um_wait_setup() == 0);
	um_dispatch_setup();
	ram_max_file = 4 << 20;
	um_exec_setup(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's interface */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	guest_setup();
	return 0;
}

static struct um_mount *new_mount(const char *point)
{
	struct um_mount_req req = { .fstype = "ramfs",
				    .source = "none",
				    .target = point,
				    .options = "" };
	struct um_mount *m = um_mount_new();

	FUZZ_CHECK(m);
	m->point = strdup(point);
	m->source = strdup("none");
	m->type = strdup("ramfs");
	m->options = strdup("");
	m->beneath = um_view_list(0);
	m->release_beneath = um_list_put_void;
	m->fs.next = m->beneath;
	FUZZ_CHECK(um_module.mount(&req, &m->fs) == 0);
	FUZZ_CHECK(um_view_add_mount(0, m) == 0);
	return m;
}

void guest_mount(const char *point)
{
	um_mount_put(new_mount(point));
}

void guest_begin(void)
{
	memset(ARENA, 0, ARENA_SIZE);
	root = new_mount("/");
}

/* Whatever the guest did: without descriptors nothing is open any more. */
void guest_end(void)
{
	struct um_list *l = um_view_list(0);

	while (nfds)
		close(fds[--nfds]);
	um_attr_table_del(guest);
	for (size_t i = l->nmounts; i-- > 0;) {
		struct um_mount *m = l->mounts[i];

		FUZZ_CHECK(um_vnode_busy(m) == 0);
		um_vnode_drop(m);
		FUZZ_CHECK(um_view_del_mount(0, m) == 0);
	}
	for (size_t i = 0; i < l->naliases; i++)
		FUZZ_CHECK(um_view_set_alias(0, l->aliases[i].name, "") == 0);
	um_list_put(l);
	um_mount_put(root);
	root = NULL;
}

long guest_call(int nr, const uint64_t arg[6])
{
	struct um_req r = {
		.engine = &engine, .id = 1, .tid = guest, .nr = nr
	};
	long ret;

	memcpy(r.arg, arg, sizeof(r.arg));
	um_req_set_current(&r);
	alloc_begin();
	ret = um_dispatch(&r);
	alloc_end();
	um_req_set_current(NULL);
	um_req_fini(&r);
	FUZZ_CHECK(ret >= -4095 || ret == UM_CONTINUE || ret == UM_ANSWERED);
	return ret;
}

uint64_t input_take(struct input *in, size_t bytes)
{
	uint64_t value = 0;
	size_t n = bytes < in->size ? bytes : in->size;

	memcpy(&value, in->data, n);
	in->data += n;
	in->size -= n;
	return value;
}
