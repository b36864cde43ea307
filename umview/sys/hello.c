// SPDX-License-Identifier: GPL-2.0-or-later
/* hello.c - an agent's first call: the program it is to load, and its files */
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proto.h"
#include "dev/stream.h"
#include "guest/shared.h"
#include "net/standin.h"
#include "sys/interp.h"
#include "sys/pending.h"
#include "sys/stats.h"
#include "sys/sys.h"
#include "sys/text.h"
#include "view/cwd.h"

static int inject_or_none(struct um_req *r, int fd)
{
	return fd < 0 ? UM_EXEC_NO_FD : r->engine->inject(r, fd, true, false);
}

static void fill_cwd(struct um_req *r, struct um_page *page)
{
	struct um_cwd cwd;
	int found = um_cwd_of(r, r->tid, &cwd);

	if (found != 0)
		page->flags |= UM_PAGE_CWD;
	if (found == 0 || found == 1)
		page->cwd = um_cwd_key(cwd.mount, cwd.path);
}

/* The page of a program that starts. */
static struct um_page first_page(struct um_req *r,
				 const struct um_exec_pending *p)
{
	struct um_page page = { .magic = UM_PAGE_MAGIC,
				.version = um_page_version(),
				.attr = p->attr->id,
				.flags = um_attr_page_flags(p->attr),
				.view = um_shared_view(p->attr->view),
				.owner = um_req_tgid(r) };

	if (um_cwd_any() || r->list->nmounts)
		fill_cwd(r, &page);
	if (p->interp_fd >= 0)
		page.flags |= UM_PAGE_INTERP;
	/* It may have inherited one. */
	if (um_standin_any() || um_stream_any())
		page.flags |= UM_PAGE_CHAN;
	return page;
}

/* A file that stays open here: the agent opens it by this. */
static int point_at(int fd, struct um_exec_file *out)
{
	struct stat st;

	out->fd = UM_EXEC_NO_FD;
	out->at = UM_EXEC_NO_FD;
	/* without a region file the agent goes on, unpatched */
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	out->at = fd;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return 0;
}

static int give_interp(struct um_req *r, const struct um_exec_pending *p,
		       struct um_exec_file *out)
{
	out->at = UM_EXEC_NO_FD;
	out->fd = UM_EXEC_NO_FD;
	if (p->interp_fd >= 0 && p->keeps_interp)
		return point_at(p->interp_fd, out);
	out->fd = inject_or_none(r, p->interp_fd);
	return p->interp_fd >= 0 && out->fd < 0 ? out->fd : 0;
}

/* Where the agent could not open what point_at() named. */
long um_exec_give(struct um_req *r)
{
	int fd = (int)r->arg[1];

	if (fd < 0 || (fd != um_shared_fd() && !um_interp_is_kept(fd)))
		return -EBADF;
	return r->engine->inject(r, fd, true, false);
}

/*
 * The answer is the program's descriptor. That of a virtual file is closed here
 * before the agent goes on, as in um_give_fd().
 */
static long give_program(struct um_req *r, struct um_exec_pending *p)
{
	int ret = r->engine->inject(r, p->fd, true, p->is_real);

	if (p->is_real)
		return ret < 0 ? ret : UM_ANSWERED;
	return ret;
}

/* What the agent is to load, and the descriptors of it. */
static long hand_over(struct um_req *r, struct um_exec_pending *p)
{
	struct um_exec_info *info = &p->info;
	int ret;

	info->page = first_page(r, p);
	um_text_of(p->fd, &info->text);
	if (p->interp_fd >= 0)
		um_text_of(p->interp_fd, &info->interp_text);
	um_text_expected(info);
	/* first: the kernel gives it the lowest number that is free */
	info->exec_fd = UM_EXEC_NO_FD;
	if (p->exec_fd >= 0) {
		info->exec_fd = r->engine->inject(r, p->exec_fd, false, false);
		if (info->exec_fd < 0)
			return info->exec_fd;
	}
	info->monitor = (uint32_t)getpid();
	info->stats_fd = inject_or_none(r, um_stats_fd());
	ret = point_at(um_shared_fd(), &info->region);
	if (ret == 0)
		ret = give_interp(r, p, &info->interp);
	if (ret == 0)
		ret = um_copy_out(r, um_uptr_of(r->arg[1]), info,
				  offsetof(struct um_exec_info, strings) +
					  info->args + p->nargs);
	return ret < 0 ? ret : give_program(r, p);
}

/* The agent is in place and asks what it is to load. */
long um_exec_hello(struct um_req *r)
{
	/* a process that has just exec'ed has one thread */
	pid_t tgid = r->tgid = r->tid;
	struct um_exec_pending *p = um_pending_take(tgid);
	long ret;

	if (!p)
		return -ESRCH;
	um_attr_table_del(tgid);
	r->attr = p->attr;
	r->list = um_view_list(p->attr->view);
	ret = r->arg[2] == sizeof(p->info) ? hand_over(r, p) : -EINVAL;
	um_pending_free(p);
	um_list_put(r->list);
	return ret;
}
