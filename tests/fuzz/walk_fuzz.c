// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * walk_fuzz.c - the canonical walk over a small tree
 *
 * Lines of the input make the tree: "dNAME", "fNAME", "mNAME" (a mount),
 * "lNAME TARGET"; the last line is walked, its first byte being the flags.
 * Where a walk ends, the name is canonical and belongs to the mount.
 */
#include "fuzz/guest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/path.h"
#include "fuzz/alloc.h"

#define MAX_LINES 24

static void check_canonical(const char *path)
{
	size_t n = strlen(path);

	FUZZ_CHECK(path[0] == '/');
	FUZZ_CHECK(n == 1 || path[n - 1] != '/');
	FUZZ_CHECK(!strstr(path, "//"));
	FUZZ_CHECK(!strstr(path, "/./") && !strstr(path, "/../"));
	FUZZ_CHECK(n < 2 || strcmp(path + n - 2, "/.") != 0);
	FUZZ_CHECK(n < 3 || strcmp(path + n - 3, "/..") != 0);
}

/*
 * The guest stands in the host's root, from before the mount over it: names
 * from there lead beneath, all others to the mount.
 */
static void check_loc(const struct um_loc *loc, bool from_cwd)
{
	const char *rel;

	if (loc->obj)
		return;
	check_canonical(loc->path);
	check_canonical(loc->rel);
	if (um_loc_is_real(loc)) {
		FUZZ_CHECK(from_cwd);
		return;
	}
	rel = um_path_beneath(loc->path, loc->mount->point);
	FUZZ_CHECK(rel && !strcmp(*rel ? rel : "/", loc->rel));
}

static void walk(const char *path, unsigned int flags)
{
	bool has_page;
	struct um_req r = { .tid = guest_tid() };
	struct um_loc loc;
	struct um_loc again;
	int ret;

	r.attr = um_attr_of(r.tid, &has_page);
	r.list = um_view_list(0);
	alloc_begin();
	ret = um_walk(&r, AT_FDCWD, path, flags, &loc);
	alloc_end();
	FUZZ_CHECK(ret <= 0 && ret >= -4095);
	if (ret == 0) {
		check_loc(&loc, path[0] != '/' ||
					(flags & (UM_IN_ROOT | UM_BENEATH)));
		/* a canonical name leads to itself */
		if (!(flags & UM_NO_XDEV) && loc.exists) {
			FUZZ_CHECK(um_walk(&r, AT_FDCWD, loc.path, 0, &again) ==
				   0);
			FUZZ_CHECK(!strcmp(again.path, loc.path));
			um_loc_fini(&again);
		}
		um_loc_fini(&loc);
	}
	um_list_put(r.list);
	um_req_fini(&r);
}

/* A name for the tree: from the root, whatever the line says. */
static void absolute(const char *name, char out[256])
{
	size_t n = 0;

	out[n++] = '/';
	while (*name == '/')
		name++;
	for (; *name && n < 254; name++)
		if (*name != '/' || out[n - 1] != '/')
			out[n++] = *name;
	while (n > 1 && out[n - 1] == '/')
		n--;
	out[n] = '\0';
}

static void add(char *line)
{
	char name[256];
	char *target = strchr(line, ' ');
	struct um_mount *m = guest_root();

	if (target)
		*target++ = '\0';
	absolute(line + 1, name);
	if (line[0] == 'd')
		um_fs_mkdir(m, name, 0755);
	else if (line[0] == 'f')
		um_fs_mknod(m, name, S_IFREG | 0644, 0);
	else if (line[0] == 'l' && target)
		um_fs_symlink(m, target, name);
	else if (line[0] == 'm' && !strstr(name, "/.") && name[1])
		guest_mount(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[PATH_MAX];
	char *line = text;
	char *end;

	if (size < 2 || size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	guest_begin();
	for (int i = 0; i < MAX_LINES && (end = strchr(line, '\n')); i++) {
		*end = '\0';
		if (*line)
			add(line);
		line = end + 1;
	}
	if (*line)
		walk(line + 1, (unsigned char)*line);
	guest_end();
	return 0;
}
