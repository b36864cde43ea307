// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * magic.c - links of /proc that the kernel follows without their text
 *
 * The kernel's answer is about the agent, the placeholder, the memfd; the
 * view's is about the program, the directory, the file. See proc(5).
 */
#include "view/magic.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "view/cwd.h"
#include "view/path.h"

/* Parse "/proc/PID/..." or "/proc/PID/task/TID/...": what follows, or NULL. */
static const char *parse_pid(const char *path, pid_t *tid)
{
	char *end;

	if (strncmp(path, "/proc/", 6) != 0 || !isdigit((unsigned char)path[6]))
		return NULL;
	*tid = (pid_t)strtol(path + 6, &end, 10);
	if (!strncmp(end, "/task/", 6) && isdigit((unsigned char)end[6]))
		*tid = (pid_t)strtol(end + 6, &end, 10);
	return *end == '/' ? end + 1 : NULL;
}

static int kernel_text(struct um_req *r, const char *path, const char **out)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	*out = um_req_strdup(r, text);
	return *out ? 0 : -ENOMEM;
}

static bool is_deleted(const char *text)
{
	static const char end[] = " (deleted)";
	size_t n = strlen(text);

	return n >= sizeof(end) && !strcmp(text + n - (sizeof(end) - 1), end);
}

/* A file that some mount has in store is named as that mount shows it. */
static int shown_as(struct um_req *r, struct um_magic *out)
{
	const char *shown = r->list->nmounts && out->path[0] == '/'
				    ? um_list_name_of(r, out->path)
				    : NULL;
	const char *rel;
	struct um_mount *m = shown ? NULL : um_list_moved(r, out->path, &rel);

	if (m)
		shown = um_view_path_of(r, m, rel);
	if (shown) {
		out->is_label = is_deleted(out->path);
		out->is_virtual = !out->is_label;
		out->path = shown;
		out->mount = NULL;
	}
	return 1;
}

static int find_fd(struct um_req *r, const char *path, struct um_magic *out)
{
	struct stat st;
	UM_FREE char *rel = NULL;
	struct um_obj *o;
	int ret;

	if (stat(path, &st) < 0)
		return -errno;
	o = um_obj_find(&st);
	if (!o) {
		if (S_ISDIR(st.st_mode))
			out->mount = um_mount_real();
		ret = kernel_text(r, path, &out->path);
		return ret < 0 ? ret : shown_as(r, out);
	}
	rel = um_obj_path(o);
	if (!rel) {
		out->obj = o;
		out->path = "";
		return 1;
	}
	out->is_virtual = true;
	out->path = um_view_path_of(r, o->mount, rel);
	out->mount = o->mount;
	ret = um_req_hold_mount(r, o->mount);
	um_obj_put(o);
	return out->path && ret == 0 ? shown_as(r, out) : -ENOMEM;
}

static int find_cwd(struct um_req *r, pid_t tid, struct um_magic *out)
{
	struct um_cwd cwd;
	int ret = um_cwd_of(r, tid, &cwd);

	if (ret < 0)
		return ret;
	out->path = cwd.path;
	out->mount = cwd.mount;
	out->is_virtual = ret > 0;
	if (ret == UM_CWD_REMOVED || ret == UM_CWD_DETACHED) {
		out->path = um_req_printf(r, "%s (deleted)", cwd.path);
		out->mount = NULL;
	}
	return out->path ? 1 : -ENOMEM;
}

static int find_attr(struct um_req *r, const char *path, const char *value,
		     const char *native, struct um_magic *out)
{
	int ret;

	if (strcmp(value, native) != 0) {
		out->is_virtual = true;
		out->path = value;
		return 1;
	}
	ret = kernel_text(r, path, &out->path);
	return ret < 0 ? ret : 1;
}

static int find_self(struct um_req *r, const char *path, struct um_magic *out)
{
	out->rename = true;
	if (!strcmp(path, "/proc/self"))
		out->path = um_req_printf(r, "/proc/%d", (int)um_req_tgid(r));
	else if (!strcmp(path, "/proc/thread-self"))
		out->path = um_req_printf(r, "/proc/%d/task/%d",
					  (int)um_req_tgid(r), (int)r->tid);
	else
		return 0;
	return out->path ? 1 : -ENOMEM;
}

int um_magic_find(struct um_req *r, const char *path, struct um_magic *out)
{
	const struct um_attr *attr;
	const char *what;
	bool has_page;
	pid_t tid;

	*out = (struct um_magic){ .path = "" };
	if (!isdigit((unsigned char)path[6]))
		return find_self(r, path, out);
	what = parse_pid(path, &tid);
	/* the monitor is no guest: what it has open is its own business */
	if (!what || tid == getpid())
		return 0;
	if (!strncmp(what, "fd/", 3) && isdigit((unsigned char)what[3]) &&
	    !strchr(what + 3, '/'))
		return find_fd(r, path, out);
	if (!strcmp(what, "cwd"))
		return find_cwd(r, tid, out);
	if (strcmp(what, "exe") != 0 && strcmp(what, "root") != 0)
		return 0;
	attr = um_attr_of(tid, &has_page);
	if (!strcmp(what, "exe"))
		return find_attr(r, path, attr->exe, "", out);
	return find_attr(r, path, attr->root, "/", out);
}

int um_magic_text(struct um_req *r, const char *path, const char **text)
{
	struct um_magic mg;
	int ret;

	if (strncmp(path, "/proc/", 6) != 0)
		return -ENOENT;
	ret = um_magic_find(r, path, &mg);
	if (ret <= 0 || mg.rename)
		return ret < 0 && ret != -ENOENT ? ret : -ENOENT;
	if (mg.obj) {
		*text = um_obj_label(r, mg.obj);
		um_obj_put(mg.obj);
		return *text ? 0 : -ENOMEM;
	}
	if (!mg.is_virtual && !mg.is_label)
		return -ENOENT;
	*text = um_path_seen(mg.path, r->attr->root);
	if (!*text)
		*text = mg.path;
	return 0;
}
