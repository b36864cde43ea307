// SPDX-License-Identifier: GPL-2.0-or-later
/* vuctl.c - what guests ask of their monitor; see <umview/vuctl.h> */
#include <umview/vuctl.h>

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "sys/mounter.h"
#include "sys/net.h"
#include "sys/sys.h"
#include "sys/text.h"
#include "sys/viewend.h"
#include "view/perm.h"

#define MAX_TEXT 4096

static int copy_text(struct um_req *r, int argno, char **out)
{
	return um_copy_in_str(r, um_uptr_of(r->arg[argno]), MAX_TEXT, out);
}

static long add_service(struct um_req *r)
{
	struct um_service *s = NULL;
	char *name;
	char *spec;
	int ret = copy_text(r, 1, &spec);

	if (ret < 0)
		return ret;
	name = um_req_strdup(r, spec);
	if (!name)
		return -ENOMEM;
	name[strcspn(name, ",")] = '\0';
	if (um_list_service(r->list, name))
		return -EEXIST;
	ret = um_service_load(spec, r->arg[2] & UM_SERVICE_PERMANENT, &s);
	if (ret < 0)
		return ret;
	ret = um_view_add_service(r->attr->view, s);
	um_service_put(s);
	return ret;
}

static long del_service(struct um_req *r)
{
	const struct um_service *s;
	char *name;
	int ret = copy_text(r, 1, &name);

	if (ret < 0)
		return ret;
	s = um_list_service(r->list, name);
	if (s && s->stack && um_standin_busy(s->stack))
		return -EBUSY;
	return um_view_del_service(r->attr->view, name);
}

/* Text with its NUL for a buffer of the guest's. */
static long give_text(struct um_req *r, const char *text, uint64_t buf,
		      uint64_t room)
{
	size_t n = strlen(text) + 1;
	int ret;

	if (n > room)
		return room ? -ERANGE : (long)n;
	ret = um_copy_out(r, um_uptr_of(buf), text, n);
	return ret < 0 ? ret : (long)n;
}

static long list_service(struct um_req *r)
{
	const char *text = "";

	for (size_t i = 0; text && i < r->list->nservices; i++)
		text = um_req_printf(r, "%s%s%s", text, i ? ":" : "",
				     r->list->services[i]->module->name);
	return text ? give_text(r, text, r->arg[1], r->arg[2]) : -ENOMEM;
}

static long name_service(struct um_req *r)
{
	const struct um_service *s;
	const char *text;
	char *name;
	int ret = copy_text(r, 1, &name);

	if (ret < 0)
		return ret;
	s = um_list_service(r->list, name);
	if (!s)
		return -ENOENT;
	text = r->arg[4] == 0 ? s->module->description : s->module->options;
	return give_text(r, text ? text : "", r->arg[2], r->arg[3]);
}

static long split(struct um_req *r)
{
	const uint32_t old = r->attr->view;
	struct um_attr want = *r->attr;
	const struct um_attr *attr;
	int id = um_view_split(old);
	int ret;

	if (id < 0)
		return id;
	want.view = (uint32_t)id;
	attr = um_attr_intern(&want);
	ret = attr ? um_req_set_attr(r, attr) : -ENOMEM;
	if (ret < 0)
		return ret;
	um_viewend_left(old);
	ret = um_viewend_watch((uint32_t)id, um_req_tgid(r));
	return ret < 0 ? ret : id;
}

static long getinfo(struct um_req *r)
{
	struct um_viewinfo info;

	memset(&info, 0, sizeof(info));
	uname(&info.uname);
	info.server = getpid();
	info.view = (int32_t)r->attr->view;
	um_view_get_name(r->attr->view, info.name);
	return um_copy_out(r, um_uptr_of(r->arg[1]), &info, sizeof(info));
}

static long setname(struct um_req *r)
{
	char *name;
	int ret = copy_text(r, 1, &name);

	return ret < 0 ? ret : um_view_set_name(r->attr->view, name);
}

static bool is_target(const struct um_req *r, pid_t pid)
{
	const struct um_attr *attr;
	bool has_page;

	char text[32];

	/* the reaper is the monitor's child, and no guest */
	if (um_proc_status(pid, "PPid", text, sizeof(text)) < 0 ||
	    strtol(text, NULL, 10) == getpid() || !um_is_guest(pid))
		return false;
	attr = um_attr_of(pid, &has_page);
	return um_view_descends(attr->view, r->attr->view);
}

/* Looks at /proc at most, when guests fork faster than they die. */
#define KILL_PASSES 16

struct pid_set {
	pid_t *pids;
	size_t n;
	size_t room;
};

static bool has_pid(const struct pid_set *set, pid_t pid)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->pids[i] == pid)
			return true;
	return false;
}

static int add_pid(struct pid_set *set, pid_t pid)
{
	if (set->n == set->room) {
		size_t room = set->room ? 2 * set->room : 64;
		pid_t *pids = reallocarray(set->pids, room, sizeof(*pids));

		if (!pids)
			return -ENOMEM;
		set->pids = pids;
		set->room = room;
	}
	set->pids[set->n++] = pid;
	return 0;
}

/* Signal who is not in the set yet. How many there were, or -errno. */
static long kill_others(struct um_req *r, struct pid_set *set)
{
	DIR *dir = opendir("/proc");
	pid_t self = um_req_tgid(r);
	struct dirent *e;
	long n = 0;

	if (!dir)
		return -errno;
	while (n >= 0 && (e = readdir(dir))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (!isdigit((unsigned char)e->d_name[0]) || pid == self ||
		    pid == getpid() || has_pid(set, pid) || !is_target(r, pid))
			continue;
		if (kill(pid, (int)r->arg[1]) == 0)
			n = add_pid(set, pid) < 0 ? -ENOMEM : n + 1;
	}
	closedir(dir);
	return n;
}

/*
 * Each gets the signal once. Who was forked while we looked has its parent's
 * work to do and not its signal: look until nobody is new.
 */
static long killall(struct um_req *r)
{
	struct pid_set set = { 0 };
	long n = kill_others(r, &set);

	for (int i = 0; n > 0 && r->arg[1] != 0 && i < KILL_PASSES; i++)
		n = kill_others(r, &set);
	free(set.pids);
	return n < 0 ? n : (long)set.n;
}

static long fsalias(struct um_req *r)
{
	char *alias;
	char *type;
	int ret = copy_text(r, 1, &alias);

	if (ret >= 0)
		ret = copy_text(r, 2, &type);
	if (ret < 0)
		return ret;
	return um_view_set_alias(r->attr->view, alias, type);
}

static long list_fsalias(struct um_req *r)
{
	const char *text = "";

	for (size_t i = 0; text && i < r->list->naliases; i++)
		text = um_req_printf(r, "%s%s %s\n", text,
				     r->list->aliases[i].name,
				     r->list->aliases[i].type);
	return text ? give_text(r, text, r->arg[1], r->arg[2]) : -ENOMEM;
}

/* What changes the view for all its guests. */
static bool changes_view(enum um_vuctl what)
{
	return what == UM_VU_ADD_SERVICE || what == UM_VU_DEL_SERVICE ||
	       what == UM_VU_SETNAME || what == UM_VU_KILLALL ||
	       what == UM_VU_FSALIAS || what == UM_VU_MOUNTER;
}

long sys_vuctl(struct um_req *r)
{
	if (changes_view((enum um_vuctl)r->arg[0]) && um_may_administer(r) < 0)
		return -EPERM;
	switch ((enum um_vuctl)r->arg[0]) {
	case UM_VU_CHECK:
		return 0;
	case UM_VU_ADD_SERVICE:
		return add_service(r);
	case UM_VU_DEL_SERVICE:
		return del_service(r);
	case UM_VU_LIST_SERVICE:
		return list_service(r);
	case UM_VU_NAME_SERVICE:
		return name_service(r);
	case UM_VU_SPLIT:
		return split(r);
	case UM_VU_GETINFO:
		return getinfo(r);
	case UM_VU_SETNAME:
		return setname(r);
	case UM_VU_KILLALL:
		return killall(r);
	case UM_VU_FSALIAS:
		return fsalias(r);
	case UM_VU_LIST_FSALIAS:
		return list_fsalias(r);
	case UM_VU_MOUNTER:
		return um_mounter_begin(r);
	case UM_VU_HELLO:
		return -EINVAL; /* um_dispatch() answers it */
	case UM_VU_EXEC:
		return um_exec_prepare(r);
	case UM_VU_EXECAT:
		return um_exec_prepare_at(r);
	case UM_VU_CHDIR:
		return um_chdir_prepare(r);
	case UM_VU_FCHDIR:
		return um_fchdir_prepare(r);
	case UM_VU_TEXT:
		return um_text_give(r);
	case UM_VU_GIVE:
		return um_exec_give(r);
	case UM_VU_MAP:
		return um_net_map_give(r);
	case UM_VU_SETTLE:
		return um_net_settle_set(r);
	case UM_VU_CLOSE:
		return um_close_begin(r);
	case UM_VU_MSOCKET:
		return um_net_msocket(r);
	}
	return -EINVAL;
}
