// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * image.c - calls that the process itself has to make, on what the monitor
 * gives: exec, changes of directory, texts of libraries
 */
#include "agent/fast.h"

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <umview/vuctl_nr.h>

static const char nothing[] = "";

static void close_fd(long fd)
{
	um_native(__NR_close, fd, 0, 0, 0, 0, 0);
}

/* This process runs the agent, if it can name it. */
static const char self[] = "/proc/self/exe";

static long exec_self(long argv, long envp)
{
	return um_native(__NR_execve, (long)self, argv, envp, 0, 0, 0);
}

/* What says of that name, and not of the program, that it cannot be had. */
static int is_unnamed(long ret)
{
	return ret == -ENOENT || ret == -EACCES || ret == -EPERM ||
	       ret == -ENOTDIR || ret == -ELOOP;
}

/* The program need not wait any longer. */
static void give_up(void)
{
	um_viewed(UM_NR_VUCTL, UM_VUCTL_EXEC, 0, 0, 0);
}

/* The monitor knows the program by now, and gave the agent's descriptor. */
static long exec_agent(long fd, long argv, long envp)
{
	long ret = um_native(__NR_execveat, fd, (long)nothing, argv, envp,
			     AT_EMPTY_PATH, 0);

	close_fd(fd);
	give_up();
	return ret;
}

static long prepare(long nr, const long *a, long how)
{
	if (nr == __NR_execve)
		return um_viewed(UM_NR_VUCTL, UM_VUCTL_EXEC, a[0], how, 0);
	return um_viewed6(UM_NR_VUCTL, UM_VUCTL_EXECAT, a[0], a[1], a[4], how,
			  0);
}

static long exec_by(long nr, const long *a, long argv, long envp)
{
	long fd = prepare(nr, a, UM_VUCTL_BY_SELF);
	long ret;

	if (fd == 0) {
		ret = exec_self(argv, envp);
		if (!is_unnamed(ret)) {
			give_up();
			return ret;
		}
		fd = prepare(nr, a, 0);
	}
	if (fd < 0)
		return fd;
	return fd == UM_VUCTL_NATIVE ? um_pass(nr, a)
				     : exec_agent(fd, argv, envp);
}

long um_fast_execve(long nr, const long *a)
{
	return exec_by(nr, a, a[1], a[2]);
}

#define AT_EXECVE_CHECK_BIT 0x10000

long um_fast_execveat(long nr, const long *a)
{
	if (a[4] & AT_EXECVE_CHECK_BIT)
		return um_ask(nr, a);
	return exec_by(nr, a, a[2], a[3]);
}

/* The kernel's working directory is another now: the memos' name for it too. */
static long changed(long ret)
{
	if (ret == 0)
		um_page.cwd = 0;
	return ret;
}

static long change_to(long fd)
{
	long ret = um_native(__NR_fchdir, fd, 0, 0, 0, 0, 0);

	close_fd(fd);
	return changed(ret);
}

long um_fast_chdir(long nr, const long *a)
{
	long ret = UM_VUCTL_NATIVE;

	if (!um_is_idle() || (um_page.flags & (UM_PAGE_ROOT | UM_PAGE_CWD)))
		ret = um_viewed(UM_NR_VUCTL, UM_VUCTL_CHDIR, a[0], 0, 0);
	if (ret < 0)
		return ret;
	return ret == UM_VUCTL_NATIVE ? changed(um_pass(nr, a))
				      : change_to(ret);
}

long um_fast_fchdir(long nr, const long *a)
{
	long ret;

	if (!(um_page.flags & UM_PAGE_CWD)) {
		ret = um_pass(nr, a);
		if (ret != -ENOTDIR || !um_shared->objs)
			return changed(ret);
	}
	ret = um_viewed(UM_NR_VUCTL, UM_VUCTL_FCHDIR, a[0], 0, 0);
	if (ret < 0)
		return ret;
	return ret == UM_VUCTL_NATIVE ? changed(um_pass(nr, a))
				      : change_to(ret);
}

static unsigned long min(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

/*
 * A process has each text once: a second copy (dlmopen(3)) keeps its own
 * system call instructions.
 */
static int is_taken(const struct um_text *t, unsigned long base)
{
	unsigned long old = um_bases[t->id];

	return old && old != base && um_can_read((const void *)(old + t->from));
}

#define PAGE_UP(x) (((x) + 4095) & ~4095UL)

struct window {
	unsigned long at;
	unsigned long from;
	unsigned long len;
	long prot;
	int fd;
};

/* What of the run lies in the window. */
static long lay_run(const struct window *w, const struct um_run *run)
{
	unsigned long from = run->from > w->from ? run->from : w->from;
	unsigned long to = min(run->from + run->len, w->from + w->len);

	if (from >= to)
		return 0;
	return um_native(__NR_mmap, (long)(w->at + from - w->from),
			 (long)(to - from), w->prot, MAP_PRIVATE | MAP_FIXED,
			 w->fd, (long)(run->at + from - run->from));
}

#define SOME_RUNS 4

/* As far as it comes: each run stands for itself. */
static int lay_runs(const struct window *w, const struct um_text *t)
{
	struct um_run run[SOME_RUNS] = { 0 };
	unsigned long n;

	for (unsigned long i = 0; i < t->runs; i += n) {
		n = min(t->runs - i, SOME_RUNS);
		if (um_native(__NR_pread64, w->fd, (long)run,
			      (long)(n * sizeof(*run)),
			      (long)(t->at + i * sizeof(*run)), 0,
			      0) != (long)(n * sizeof(*run)))
			return 0;
		for (unsigned long k = 0; k < n; k++)
			if (lay_run(w, &run[k]) < 0)
				return 0;
	}
	return 0;
}

int um_lay_text(const struct um_text *t, int fd, unsigned long at,
		unsigned long from, unsigned long len, long prot)
{
	struct window w = { at, from, min(PAGE_UP(len), t->len), prot, fd };
	struct um_run whole = { t->from, t->len, t->at };
	unsigned long base = at - from;

	if (from < t->from || from - t->from > t->len - w.len ||
	    is_taken(t, base))
		return 0;
	um_bases[t->id] = base;
	if (t->runs)
		return lay_runs(&w, t);
	if (lay_run(&w, &whole) >= 0)
		return w.len >= len;
	um_bases[t->id] = 0;
	return 0;
}

/* A file's code, as ld.so maps it. */
static int is_library(const long *a)
{
	return (um_page.flags & UM_PAGE_INTERP) && (a[2] & PROT_EXEC) &&
	       !(a[2] & PROT_WRITE) && (a[3] & MAP_TYPE) == MAP_PRIVATE;
}

static uint64_t key_of(long fd)
{
	uint64_t st[UM_STAT_WORDS];

	if (!um_stat_fd(fd, st))
		return 0;
	/* dev, ino, size, mtime */
	return um_plain_key(st[0], st[1], st[6], st[11], st[12]);
}

/* The monitor said before that the file has no patched copy. */
static int is_known_plain(uint64_t key)
{
	return !key || um_shared->plain[(key >> 8) % UM_NPLAIN] == key;
}

/*
 * What the loader left for the first library; the descriptor is closed with
 * its use. The program may have closed it, and have another there.
 */
static struct um_text expected;
static uint64_t expected_key;
static int expected_fd = -1;
static uint32_t interp_id;

void um_expect_text(const struct um_exec_info *info, int fd)
{
	interp_id = info->interp_text.id;
	if (fd < 0)
		return;
	if (!info->lib_text.id) {
		close_fd(fd);
		return;
	}
	expected = info->lib_text;
	expected_key = info->lib_key;
	expected_fd = fd;
}

static int take_expected(uint64_t key)
{
	int fd = expected_fd;
	uint64_t object;

	if (fd < 0 || key != expected_key)
		return -EBADF;
	expected_fd = -1;
	object = um_object_of(fd);
	if (!object || object != um_shared->region_ino)
		return -EBADF;
	return fd;
}

/* Of a packet socket, memory of its stack is mapped. */
static long map_socket(const long *a)
{
	long fd = um_viewed(UM_NR_VUCTL, UM_VUCTL_MAP, a[4], a[1], a[5]);
	long ret;

	if (fd < 0)
		return fd;
	ret = um_native(__NR_mmap, a[0], a[1], a[2], a[3], fd, 0);
	close_fd(fd);
	return ret;
}

/*
 * The monitor has to know of shared maps that may write. A private one of a
 * virtual file is the kernel's, unless the descriptor cannot be read (EACCES).
 */
static long map_file(long nr, const long *a)
{
	long ret;

	if ((a[3] & MAP_TYPE) != MAP_PRIVATE && um_is_object(a[4]))
		return um_ask(nr, a);
	ret = um_pass(nr, a);
	if (ret == -ENODEV && um_shared->standins)
		return map_socket(a);
	return ret == -EACCES && um_shared->objs ? um_ask(nr, a) : ret;
}

long um_fast_mmap(long nr, const long *a)
{
	struct um_text text;
	uint64_t key;
	long ret;
	long fd;

	if ((a[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)) &&
	    (unsigned long)a[0] < UM_LOW_END)
		return (a[3] & MAP_FIXED_NOREPLACE) ? -EEXIST : -EPERM;
	if (a[3] & MAP_ANONYMOUS)
		return um_pass(nr, a);
	ret = map_file(nr, a);
	if ((ret < 0 && ret > -4096) || !is_library(a))
		return ret;
	key = key_of(a[4]);
	if (is_known_plain(key))
		return ret;
	fd = take_expected(key);
	if (fd >= 0) {
		text = expected;
	} else {
		text.from = 0;
		text.len = 0;
		text.at = 0;
		text.id = 0;
		text.runs = 0;
		fd = um_viewed(UM_NR_VUCTL, UM_VUCTL_TEXT, a[4], (long)&text,
			       interp_id);
	}
	if (fd < 0)
		return ret;
	um_lay_text(&text, (int)fd, (unsigned long)ret, (unsigned long)a[5],
		    (unsigned long)a[1], a[2]);
	close_fd(fd);
	return ret;
}
