// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * files.c - files of /proc whose content the view changes
 *
 *   mountinfo, mounts	the host's lines, then the view's mounts
 *   filesystems	the host's, then what the view can mount
 *   partitions	the host's, then virtual block devices
 *   maps, smaps	files of virtual file systems under their names
 *
 * The content is made when the file is opened. See proc(5).
 */
#include "proc/files.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/path.h"
#include "dev/dev.h"
#include "net/stack.h"
#include "sys/mounter.h"
#include "sys/sys.h"
#include "sys/text.h"

/* mount ids of the view: above any that the kernel gives out in practice */
#define ID_BASE 1000000

typedef int (*make_fn)(struct um_req *r, const char *path, pid_t tid,
		       FILE *out);

/* Names with blanks and backslashes as three octal digits. */
static void put_name(FILE *out, const char *name)
{
	for (; *name; name++) {
		if (strchr(" \t\n\\#", *name))
			fprintf(out, "\\%03o", (unsigned char)*name);
		else
			fputc(*name, out);
	}
}

static int copy_file(const char *path, FILE *out)
{
	char buf[8192];
	FILE *in = fopen(path, "re");
	size_t n;

	if (!in)
		return -errno;
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out);
	fclose(in);
	return 0;
}

static const char *flag_text(const struct um_mount *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s%s%s",
		 um_mount_is_readonly(m) ? "ro" : "rw",
		 m->flags & MS_NOSUID ? ",nosuid" : "",
		 m->flags & MS_NODEV ? ",nodev" : "",
		 m->flags & MS_NOEXEC ? ",noexec" : "",
		 m->flags & MS_SYNCHRONOUS ? ",sync" : "",
		 m->flags & MS_NOATIME ? ",noatime" : ",relatime");
	return buf;
}

/* The host's mount that answers for a name: the newest of the nearest ones. */
static int host_parent(const char *mountinfo, const char *name)
{
	char *line = NULL;
	size_t room = 0;
	size_t longest = 0;
	int id = 1;
	FILE *in = fopen(mountinfo, "re");

	while (in && getline(&line, &room, in) > 0) {
		char point[PATH_MAX];
		int this_id;

		if (sscanf(line, "%d %*d %*s %*s %4095s", &this_id, point) !=
			    2 ||
		    !um_path_beneath(name, point) || strlen(point) < longest)
			continue;
		longest = strlen(point);
		id = this_id;
	}
	if (in)
		fclose(in);
	free(line);
	return id;
}

static int parent_id(const struct um_list *l, size_t i, const char *mountinfo)
{
	size_t on = um_list_parent(l, i);

	return on ? (int)(ID_BASE + l->mounts[on - 1]->id)
		  : host_parent(mountinfo, um_list_point(l, i));
}

static void put_mountinfo(FILE *out, const struct um_mount *m,
			  const char *point, int parent)
{
	char flags[96];

	flag_text(m, flags, sizeof(flags));
	fprintf(out, "%u %d %u:%u / ", ID_BASE + m->id, parent, major(m->dev),
		minor(m->dev));
	put_name(out, point);
	fprintf(out, " %s - ", flags);
	put_name(out, m->type);
	fputc(' ', out);
	put_name(out, m->source);
	fprintf(out, " %s%s%s\n", um_mount_is_readonly(m) ? "ro" : "rw",
		*m->options ? "," : "", m->options);
}

static void put_mounts(FILE *out, const struct um_mount *m, const char *point)
{
	char flags[96];

	put_name(out, m->source);
	fputc(' ', out);
	put_name(out, point);
	fputc(' ', out);
	put_name(out, m->type);
	fprintf(out, " %s%s%s 0 0\n", flag_text(m, flags, sizeof(flags)),
		*m->options ? "," : "", m->options);
}

/* mountinfo and mounts of a process of the view. */
static int make_mounts(struct um_req *r, const char *path, pid_t tid, FILE *out)
{
	bool has_page;
	const struct um_attr *attr = um_attr_of(tid, &has_page);
	struct um_list *l = um_view_list(attr->view);
	bool info = strstr(path, "mountinfo") != NULL;
	int ret = copy_file(path, out);

	(void)r;
	for (size_t i = 0; l && i < l->nmounts; i++) {
		const struct um_mount *m = l->mounts[i];
		const char *point =
			um_path_seen(um_list_point(l, i), attr->root);

		if (!point || atomic_load(&m->dead))
			continue;
		if (info)
			put_mountinfo(out, m, point, parent_id(l, i, path));
		else
			put_mounts(out, m, point);
	}
	um_list_put(l);
	return ret;
}

static bool has_line(const char *path, const char *type)
{
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *in = fopen(path, "re");

	while (in && !found && getline(&line, &room, in) > 0) {
		char *tab = strchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		found = tab && !strcmp(tab + 1, type);
	}
	if (in)
		fclose(in);
	free(line);
	return found;
}

/* The type of mount i, if no mount before it has the same. */
static const char *new_type(const struct um_list *l, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (l->mounts[j]->type &&
		    !strcmp(l->mounts[j]->type, l->mounts[i]->type))
			return NULL;
	return l->mounts[i]->type;
}

/*
 * mount(8) without a type tries those that are not "nodev", one after the
 * other: what reads an image, by umfuse. Programs are not to be tried: some
 * ask questions.
 */
static const char *device_mark(const struct um_req *r, const char *alias)
{
	const char *type = um_list_alias(r->list, alias);

	return strncmp(type, "umfuse", 6) == 0 && !um_mounter_serves(type)
		       ? ""
		       : "nodev";
}

/* The host's own list. */
static int copy_filesystems(const struct um_req *r, const char *path, FILE *out)
{
	FILE *f = fopen(path, "re");
	char line[128];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		fprintf(out, "%s%s\n",
			line[0] == '\t' ? device_mark(r, line + 1) : "", line);
	}
	fclose(f);
	return 0;
}

static int make_filesystems(struct um_req *r, const char *path, pid_t tid,
			    FILE *out)
{
	int ret = copy_filesystems(r, path, out);

	(void)tid;
	/* daemons look for these before they try */
	if (!has_line(path, "fuse"))
		fprintf(out, "nodev\tfuse\n");
	if (!has_line(path, "fuseblk"))
		fprintf(out, "\tfuseblk\n");
	for (size_t i = 0; i < r->list->naliases; i++)
		if (!has_line(path, r->list->aliases[i].name))
			fprintf(out, "%s\t%s\n",
				device_mark(r, r->list->aliases[i].name),
				r->list->aliases[i].name);
	for (size_t i = 0; i < r->list->nservices; i++)
		fprintf(out, "nodev\t%s\n", r->list->services[i]->module->name);
	for (size_t i = 0; i < r->list->nmounts; i++)
		if (new_type(r->list, i) &&
		    !has_line(path, new_type(r->list, i)))
			fprintf(out, "nodev\t%s\n", r->list->mounts[i]->type);
	return ret;
}

static int make_partitions(struct um_req *r, const char *path, pid_t tid,
			   FILE *out)
{
	int ret = copy_file(path, out);

	(void)tid;
	um_dev_partitions(r->list, out);
	return ret;
}

/* The object that a line of maps names as one of our memfds (ref). */
static struct um_obj *mapped(const char *line, int *name_at)
{
	struct stat st;
	unsigned long inode;

	if (!strstr(line, "/memfd:umview (deleted)") ||
	    sscanf(line, "%*x-%*x %*s %*x %*s %lu %n", &inode, name_at) < 1)
		return NULL;
	st = um_obj_stat_of(inode);
	return um_obj_find(&st);
}

static const char *name_of_object(struct um_req *r, struct um_obj *o)
{
	UM_FREE char *rel = um_obj_path(o);

	return rel ? um_view_path_of(r, o->mount, rel) : um_obj_label(r, o);
}

/* A line of the region file: the patched copy of some other file's code? */
static bool put_text_line(struct um_req *r, FILE *out, const char *line)
{
	struct um_obj *o UM_OBJ = NULL;
	struct um_text_file f;
	unsigned long from;
	unsigned long to;
	unsigned long at;
	char perms[8];
	const char *name = f.path;

	o = NULL;
	if (!strstr(line, "/memfd:umview-region") ||
	    sscanf(line, "%lx-%lx %7s %lx", &from, &to, perms, &at) != 4 ||
	    !um_text_at(at, &f))
		return false;
	o = um_obj_find(&f.st);
	if (o)
		name = name_of_object(r, o);
	else if (r->list->nmounts && um_list_name_of(r, name))
		name = um_list_name_of(r, name);
	at = (unsigned long)fprintf(out, "%08lx-%08lx %s %08lx %02x:%02x %lu ",
				    from, to, perms, (unsigned long)f.offset,
				    major(f.st.st_dev), minor(f.st.st_dev),
				    (unsigned long)f.st.st_ino);
	fprintf(out, "%*s%s\n", at < 73 ? (int)(73 - at) : 0, "", name);
	return true;
}

/* A file of the host's that some mount has in store. */
static void put_real_line(struct um_req *r, FILE *out, char *line)
{
	char *path = strchr(line, '/');
	const char *shown = NULL;

	if (path && r->list->nmounts) {
		line[strcspn(line, "\n")] = '\0';
		shown = um_list_name_of(r, path);
		if (shown)
			fprintf(out, "%.*s%s\n", (int)(path - line), line,
				shown);
		else
			fprintf(out, "%s\n", line);
		return;
	}
	fputs(line, out);
}

static void put_map_line(struct um_req *r, FILE *out, char *line)
{
	struct um_obj *o UM_OBJ = NULL;
	int at = 0;

	o = NULL;
	if (put_text_line(r, out, line))
		return;
	o = mapped(line, &at);
	if (!o) {
		put_real_line(r, out, line);
		return;
	}
	fprintf(out, "%.*s%s\n", at, line, name_of_object(r, o));
}

static int make_maps(struct um_req *r, const char *path, pid_t tid, FILE *out)
{
	char *line = NULL;
	size_t room = 0;
	FILE *in = fopen(path, "re");

	(void)tid;
	if (!in)
		return -errno;
	while (getline(&line, &room, in) > 0)
		put_map_line(r, out, line);
	free(line);
	fclose(in);
	return 0;
}

static int make_memfd(struct um_req *r, make_fn make, const char *path,
		      pid_t tid)
{
	UM_CLOSE int fd = memfd_create("proc", MFD_CLOEXEC);
	char link[64];
	FILE *out;
	int ret;

	if (fd < 0)
		return -errno;
	out = fdopen(dup(fd), "we");
	if (!out)
		return -errno;
	ret = make(r, path, tid, out);
	fclose(out);
	if (ret < 0)
		return ret;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return (int)UM_SYS(open(link, O_RDONLY | O_CLOEXEC));
}

/* ---- files of network stacks ---- */

/* The file of the guest's default stack, or -ENOENT. */
static int stack_file(struct um_req *r, const char *name)
{
	struct um_mount *m = um_stack_of(r, AF_INET);
	UM_FREE char *text = NULL;
	UM_CLOSE int fd = -1;
	char link[64];
	ssize_t n;

	if (!m)
		return -ENOENT;
	n = UM_STACK_CALL(m, file, -ENOENT, name, &text);
	um_mount_put(m);
	if (n <= 0)
		return -ENOENT;
	fd = memfd_create("proc", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		return fd < 0 ? -errno : -EIO;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return (int)UM_SYS(open(link, O_RDONLY | O_CLOEXEC));
}

static bool is_resolv_conf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(path, "/etc/resolv.conf") ||
	       (!strncmp(path, "/run/", 5) && slash &&
		(!strcmp(slash, "/resolv.conf") ||
		 !strcmp(slash, "/stub-resolv.conf")));
}

static pid_t parse_pid(const char *path, const char **file)
{
	char *end;
	pid_t pid;

	if (!isdigit((unsigned char)path[6]))
		return 0;
	pid = (pid_t)strtol(path + 6, &end, 10);
	if (!strncmp(end, "/task/", 6))
		pid = (pid_t)strtol(end + 6, &end, 10);
	*file = *end == '/' ? end + 1 : "";
	return pid;
}

static int proc_open(struct um_req *r, const struct um_loc *loc)
{
	const char *file;
	pid_t tid;

	if (is_resolv_conf(loc->path))
		return stack_file(r, "/etc/resolv.conf");
	if (strncmp(loc->path, "/proc/", 6) != 0)
		return -ENOENT;
	if (!strcmp(loc->path, "/proc/filesystems"))
		return make_memfd(r, make_filesystems, loc->path, 0);
	if (!strcmp(loc->path, "/proc/partitions") && um_dev_any_block(r->list))
		return make_memfd(r, make_partitions, loc->path, 0);
	tid = parse_pid(loc->path, &file);
	if (!tid)
		return -ENOENT;
	if (r->list->nmounts &&
	    (!strcmp(file, "mountinfo") || !strcmp(file, "mounts")))
		return make_memfd(r, make_mounts, loc->path, tid);
	if (!strncmp(file, "net/", 4)) {
		const char *name = um_req_printf(r, "/proc/%s", file);

		return name ? stack_file(r, name) : -ENOMEM;
	}
	if (!strcmp(file, "maps") || !strcmp(file, "smaps"))
		return make_memfd(r, make_maps, loc->path, tid);
	return -ENOENT;
}

void um_proc_setup(void)
{
	um_proc_open_hook = proc_open;
}
