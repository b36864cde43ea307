// SPDX-License-Identifier: GPL-2.0-or-later
/* req.c - a request's memory, its guest's memory and its guest's /proc */
#include "guest/req.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>

#include <umview/log.h>

#include "agent/proto.h"
#include "guest/kept.h"
#include "guest/self.h"
#include "guest/shared.h"

#define CHUNK_MIN 4096

struct um_chunk {
	struct um_chunk *next;
	size_t used;
	size_t size;
	_Alignas(16) char data[];
};

static _Thread_local struct um_req *current;

struct um_req *um_req_current(void)
{
	return current;
}

void um_req_set_current(struct um_req *r)
{
	current = r;
}

void *um_req_alloc(struct um_req *r, size_t n)
{
	struct um_chunk *c = r->arena;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (!c || c->size - c->used < n) {
		size_t size = n > CHUNK_MIN ? n : CHUNK_MIN;

		c = malloc(sizeof(*c) + size);
		if (!c)
			return NULL;
		c->next = r->arena;
		c->used = 0;
		c->size = size;
		r->arena = c;
	}
	p = c->data + c->used;
	c->used += n;
	return p;
}

char *um_req_strdup(struct um_req *r, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = um_req_alloc(r, n);

	if (p)
		memcpy(p, s, n);
	return p;
}

char *um_req_printf(struct um_req *r, const char *fmt, ...)
{
	va_list ap;
	va_list again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = um_req_alloc(r, (size_t)n + 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

struct um_hold {
	struct um_hold *next;
	void *what;
	void (*release)(void *what);
};

int um_req_hold(struct um_req *r, void *what, void (*release)(void *what))
{
	struct um_hold *h = um_req_alloc(r, sizeof(*h));

	if (!h) {
		release(what);
		return -ENOMEM;
	}
	*h = (struct um_hold){ r->holds, what, release };
	r->holds = h;
	return 0;
}

void um_req_fini(struct um_req *r)
{
	for (; r->holds; r->holds = r->holds->next)
		r->holds->release(r->holds->what);
	while (r->arena) {
		struct um_chunk *c = r->arena;

		r->arena = c->next;
		free(c);
	}
}

/* Hosts may refuse process_vm_*: the second way is /proc/PID/mem. */
static ssize_t by_proc_mem(pid_t tid, uint64_t addr, void *buf, size_t n,
			   bool writing)
{
	UM_CLOSE int fd = -1;
	char path[64];
	ssize_t done;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)tid);
	fd = open(path, (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -EFAULT;
	if (writing)
		done = pwrite(fd, buf, n, (off_t)addr);
	else
		done = pread(fd, buf, n, (off_t)addr);
	return done <= 0 && n ? -EFAULT : done;
}

static ssize_t vm_copy(struct um_req *r, uint64_t addr, void *buf, size_t n,
		       bool writing)
{
	struct iovec local = { buf, n };
	struct iovec remote = { (void *)(uintptr_t)addr, n };
	ssize_t done;

	if (!n)
		return 0;
	if (writing)
		done = process_vm_writev(r->tid, &local, 1, &remote, 1, 0);
	else
		done = process_vm_readv(r->tid, &local, 1, &remote, 1, 0);
	if (done > 0)
		return done;
	if (done < 0 && (errno == EPERM || errno == ENOSYS))
		return by_proc_mem(r->tid, addr, buf, n, writing);
	return -EFAULT;
}

ssize_t um_copy_in_some(struct um_req *r, um_uptr from, void *to, size_t n)
{
	return vm_copy(r, from.a, to, n, false);
}

ssize_t um_copy_out_some(struct um_req *r, um_uptr to, const void *from,
			 size_t n)
{
	/* process_vm_writev only reads it */
	return vm_copy(r, to.a, (void *)(uintptr_t)from, n, true);
}

int um_copy_in(struct um_req *r, um_uptr from, void *to, size_t n)
{
	ssize_t got = um_copy_in_some(r, from, to, n);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -EFAULT;
}

int um_copy_out(struct um_req *r, um_uptr to, const void *from, size_t n)
{
	ssize_t put = um_copy_out_some(r, to, from, n);

	if (put < 0)
		return (int)put;
	return (size_t)put == n ? 0 : -EFAULT;
}

int um_copy_in_vec(struct um_req *r, const struct iovec *iov, size_t n,
		   void *to, size_t room)
{
	char *at = to;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++) {
		if (iov[i].iov_len > room)
			return -EMSGSIZE;
		ret = um_copy_in(r, um_uptr_of((uintptr_t)iov[i].iov_base), at,
				 iov[i].iov_len);
		at += iov[i].iov_len;
		room -= iov[i].iov_len;
	}
	return ret;
}

int um_copy_out_vec(struct um_req *r, const struct iovec *iov, size_t n,
		    const void *from, size_t len)
{
	const char *at = from;
	int ret = 0;

	for (size_t i = 0; ret == 0 && len && i < n; i++) {
		size_t part = iov[i].iov_len < len ? iov[i].iov_len : len;

		ret = um_copy_out(r, um_uptr_of((uintptr_t)iov[i].iov_base), at,
				  part);
		at += part;
		len -= part;
	}
	return ret;
}

int um_copy_in_str(struct um_req *r, um_uptr from, size_t max, char **out)
{
	size_t have = 0;
	size_t room = max < 256 ? max : 256;
	char *buf = um_req_alloc(r, room);

	while (buf) {
		size_t page = 4096 - ((from.a + have) & 4095);
		size_t want = room - have < page ? room - have : page;
		ssize_t got = um_copy_in_some(r, um_uptr_add(from, have),
					      buf + have, want);

		if (got <= 0)
			return -EFAULT;
		if (memchr(buf + have, 0, (size_t)got)) {
			*out = buf;
			return 0;
		}
		have += (size_t)got;
		if (have == max)
			return -ENAMETOOLONG;
		if (have == room) {
			size_t bigger = room * 4 < max ? room * 4 : max;
			char *p = um_req_alloc(r, bigger);

			if (p)
				memcpy(p, buf, have);
			buf = p;
			room = bigger;
		}
	}
	return -ENOMEM;
}

int um_copy_in_path(struct um_req *r, um_uptr from, char **out)
{
	return um_copy_in_str(r, from, PATH_MAX, out);
}

#define STATUS_MAX 4096

/* /proc/PID/status, a newline before it so that every key follows one. */
static int read_status(pid_t tid, char text[STATUS_MAX])
{
	UM_CLOSE int fd = -1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	text[0] = '\n';
	n = read(fd, text + 1, STATUS_MAX - 2);
	if (n <= 0)
		return -ENOENT;
	text[n + 1] = '\0';
	return 0;
}

/* What follows "key:" and blanks, or NULL. */
static char *find_key(char *text, const char *key)
{
	char want[40];
	char *p;

	snprintf(want, sizeof(want), "\n%s:", key);
	p = strstr(text, want);
	return p ? p + strlen(want) + strspn(p + strlen(want), "\t ") : NULL;
}

int um_proc_status(pid_t tid, const char *key, char *buf, size_t size)
{
	char text[STATUS_MAX];
	char *p;

	if (read_status(tid, text) < 0)
		return -ENOENT;
	p = find_key(text, key);
	if (!p)
		return -ENOENT;
	snprintf(buf, size, "%.*s", (int)strcspn(p, "\n"), p);
	return 0;
}

static unsigned long long number_of(char *text, const char *key, int base)
{
	char *p = find_key(text, key);

	return p ? strtoull(p, NULL, base) : 0;
}

static unsigned long long status_number(pid_t tid, const char *key, int base)
{
	char text[STATUS_MAX];

	return read_status(tid, text) < 0 ? 0 : number_of(text, key, base);
}

pid_t um_req_tgid(struct um_req *r)
{
	if (!r->tgid && r->has_page && r->page.owner == r->tid)
		r->tgid = r->tid;
	/* refused or not: there is a process of this number with this thread */
	if (!r->tgid && (tgkill(r->tid, r->tid, 0) == 0 || errno == EPERM))
		r->tgid = r->tid;
	if (!r->tgid)
		r->tgid = (pid_t)status_number(r->tid, "Tgid", 10);
	return r->tgid;
}

mode_t um_req_umask(struct um_req *r)
{
	return (mode_t)status_number(r->tid, "Umask", 8);
}

bool um_req_is_traced(struct um_req *r)
{
	char text[STATUS_MAX];

	if (read_status(r->tid, text) < 0)
		return false;
	/* whoever asks this will want to know that as well */
	r->tgid = (pid_t)number_of(text, "Tgid", 10);
	return number_of(text, "TracerPid", 10) != 0;
}

static bool has_signal(struct um_req *r, const uint64_t *mask)
{
	char text[STATUS_MAX];
	unsigned long long pending;

	if (read_status(r->tid, text) < 0)
		return false;
	pending = number_of(text, "SigPnd", 16) | number_of(text, "ShdPnd", 16);
	return (pending & ~(mask ? *mask : number_of(text, "SigBlk", 16))) != 0;
}

bool um_req_has_signal(struct um_req *r)
{
	return has_signal(r, NULL);
}

bool um_req_has_signal_under(struct um_req *r, uint64_t mask)
{
	return has_signal(r, &mask);
}

static void fd_path(struct um_req *r, um_gfd fd, char path[64])
{
	snprintf(path, 64, "/proc/%d/fd/%d", (int)r->tid, fd.n);
}

int um_gfd_stat(struct um_req *r, um_gfd fd, struct stat *out)
{
	char path[64];

	if (fd.n < 0)
		return -EBADF;
	fd_path(r, fd, path);
	return stat(path, out) < 0 ? -EBADF : 0;
}

int um_gfd_link(struct um_req *r, um_gfd fd, char *buf, size_t size)
{
	char path[64];
	ssize_t n;

	if (fd.n < 0)
		return -EBADF;
	fd_path(r, fd, path);
	n = readlink(path, buf, size - 1);
	if (n < 0)
		return -EBADF;
	buf[n] = '\0';
	return 0;
}

int um_gfd_dup(struct um_req *r, um_gfd fd)
{
	UM_CLOSE int pidfd = -1;

	if (r->engine == &um_engine_self)
		return (int)UM_SYS(fcntl(fd.n, F_DUPFD_CLOEXEC, 0));
	if (um_kept_wanted())
		return um_kept_dup(r, fd);
	pidfd = (int)syscall(SYS_pidfd_open, um_req_tgid(r), 0);
	if (pidfd < 0)
		return -ESRCH;
	return (int)UM_SYS(syscall(SYS_pidfd_getfd, pidfd, fd.n, 0));
}

bool um_gfd_cloexec(struct um_req *r, um_gfd fd)
{
	UM_CLOSE int info = -1;
	char path[64];
	char text[256];
	char *p;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)r->tid, fd.n);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	n = read(info, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strstr(text, "flags:");
	return p && (strtoul(p + 6, NULL, 8) & O_CLOEXEC);
}

long um_give_fd(struct um_req *r, int fd, bool cloexec)
{
	int n;

	if (fd < 0)
		return fd;
	/*
	 * Not injected and answered in one go: the guest could then close its
	 * descriptor before ours is closed, and what counts last closes (umount
	 * of a busy mount) would see ours.
	 */
	n = r->engine->inject(r, fd, cloexec, false);
	if (n >= 0 && r->engine != &um_engine_self)
		um_kept_add(fd);
	close(fd);
	return n;
}

uint32_t um_page_version(void)
{
	static pid_t self;

	if (!self)
		self = getpid();
	return ((uint32_t)self << 8) | UM_PROTO_VERSION;
}

static int read_page(pid_t tid, struct um_page *page)
{
	struct um_req probe = { .tid = tid };
	int ret = um_copy_in(&probe, um_uptr_of(UM_PAGE), page, sizeof(*page));

	if (ret < 0)
		return ret;
	/* a guest of another monitor's has a page too, whose numbers say nothing */
	return page->magic == UM_PAGE_MAGIC &&
			       page->version == um_page_version()
		       ? 0
		       : -ENOENT;
}

/* Up the line of parents: the table, or a page; else set 0. */
static const struct um_attr *attr_of_parents(pid_t pid)
{
	while (pid > 1) {
		const struct um_attr *attr = um_attr_table_get(pid);
		struct um_page page;

		if (!attr && read_page(pid, &page) == 0)
			attr = um_attr_by_id(page.attr);
		if (attr)
			return attr;
		pid = (pid_t)status_number(pid, "PPid", 10);
	}
	return um_attr_by_id(0);
}

/* No page: the table. What a parent has is its own from the first call on. */
static const struct um_attr *attr_by_table(pid_t tid)
{
	pid_t tgid = (pid_t)status_number(tid, "Tgid", 10);
	const struct um_attr *attr = um_attr_table_get(tgid);

	if (attr)
		return attr;
	attr = attr_of_parents(tgid);
	if (tgid > 1 && um_attr_table_set(tgid, attr) < 0)
		um_warn("out of memory for the attributes of %d", (int)tgid);
	return attr;
}

const struct um_attr *um_attr_of_page(pid_t tid)
{
	struct um_page page;

	return read_page(tid, &page) == 0 ? um_attr_by_id(page.attr) : NULL;
}

const struct um_attr *um_attr_of(pid_t tid, bool *has_page)
{
	struct um_req probe = { .tid = tid };

	um_req_load_attr(&probe);
	*has_page = probe.has_page;
	return probe.attr;
}

void um_req_load_attr(struct um_req *r)
{
	r->has_page = read_page(r->tid, &r->page) == 0;
	r->attr = r->has_page ? um_attr_by_id(r->page.attr) : NULL;
	if (!r->attr)
		r->attr = attr_by_table(r->tid);
}

#define ATTR_FLAGS                                                             \
	(UM_PAGE_ROOT | UM_PAGE_IDS | UM_PAGE_FILTER | UM_PAGE_HELPER |        \
	 UM_PAGE_STACK)

static bool has_stacks(const struct um_attr *attr)
{
	for (size_t i = 0; i < UM_ARRAY_SIZE(attr->stacks); i++)
		if (attr->stacks[i])
			return true;
	return false;
}

uint32_t um_attr_page_flags(const struct um_attr *attr)
{
	return (strcmp(attr->root, "/") != 0 ? UM_PAGE_ROOT : 0) |
	       (attr->ids.virt ? UM_PAGE_IDS : 0) |
	       (attr->filtered || attr->dispatched ? UM_PAGE_FILTER : 0) |
	       (attr->helper ? UM_PAGE_HELPER : 0) |
	       (has_stacks(attr) ? UM_PAGE_STACK : 0);
}

#define PAGE_MEMBER(m) um_uptr_of(UM_PAGE + offsetof(struct um_page, m))

int um_req_set_attr(struct um_req *r, const struct um_attr *attr)
{
	struct um_page *page = &r->page;

	r->attr = attr;
	if (!r->has_page)
		return um_attr_table_set(um_req_tgid(r), attr);
	page->attr = attr->id;
	page->flags = (page->flags & ~ATTR_FLAGS) | um_attr_page_flags(attr);
	page->view = um_shared_view(attr->view);
	return um_copy_out(r, PAGE_MEMBER(attr), &page->attr,
			   offsetof(struct um_page, owner) -
				   offsetof(struct um_page, attr));
}

void um_req_add_flag(struct um_req *r, uint32_t flag)
{
	struct um_page *page = &r->page;

	if (!r->has_page || (page->flags & flag))
		return;
	page->flags |= flag;
	if (um_copy_out(r, PAGE_MEMBER(flags), &page->flags,
			sizeof(page->flags)))
		um_debug("thread %d is gone", (int)r->tid);
}

void um_req_set_cwd(struct um_req *r, bool is_virtual, uint64_t key)
{
	struct um_page *page = &r->page;
	uint32_t flags =
		(page->flags & ~UM_PAGE_CWD) | (is_virtual ? UM_PAGE_CWD : 0);

	if (!r->has_page || (flags == page->flags && key == page->cwd))
		return;
	page->flags = flags;
	page->cwd = key;
	if (um_copy_out(r, PAGE_MEMBER(cwd), &page->cwd, sizeof(page->cwd)) ||
	    um_copy_out(r, PAGE_MEMBER(flags), &page->flags,
			sizeof(page->flags)))
		um_debug("thread %d is gone", (int)r->tid);
}
