// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load.c - programs as shared objects
 *
 * The program's references to libfuse must come to api.c. The dynamic linker
 * looks first in the global scope, so umfuse.so promotes itself to it; there
 * it stands before the libfuse3 that it is linked with for fuse_opt_parse()
 * and the like. A program linked with libfuse3 itself asks for versions of
 * the symbols: umfuse.map gives ours the same ones.
 *
 * Each mount needs the program's variables for itself. A shared object loaded
 * twice is loaded once; dlmopen(3) would bring a second libc, with a second
 * malloc and a second errno. So the second mount loads a copy in a memfd.
 */
#include "umfuse.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Held while a program is looked up and loaded: two must not be "first". */
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static void *self;

int umfuse_load_init(void)
{
	Dl_info info;

	if (dladdr(&load_lock, &info))
		self = dlopen(info.dli_fname,
			      RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
	if (self)
		return 0;
	um_err("umfuse: cannot publish the FUSE library: %s", dlerror());
	return -ENOEXEC;
}

void umfuse_load_fini(void)
{
	if (self)
		dlclose(self);
	self = NULL;
}

/* gives: dir[0..n)/name.so when it can be read; NULL else. */
static char *candidate(const char *dir, size_t n, const char *name)
{
	char *path = NULL;

	if (n == 0 || asprintf(&path, "%.*s/%s.so", (int)n, dir, name) < 0)
		return NULL;
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static char *beside_self(const char *name)
{
	Dl_info info;
	const char *slash;

	if (!dladdr(&load_lock, &info))
		return NULL;
	slash = strrchr(info.dli_fname, '/');
	if (!slash)
		return candidate(".", 1, name);
	return candidate(info.dli_fname, (size_t)(slash - info.dli_fname),
			 name);
}

static char *in_list(const char *list, const char *name)
{
	char *path = NULL;

	while (list && *list && !path) {
		size_t n = strcspn(list, ":");

		path = candidate(list, n, name);
		list += n + (list[n] == ':');
	}
	return path;
}

static char *in_home(const char *name)
{
	const char *home = getenv("HOME");
	char *dir = NULL, *path;

	if (!home || asprintf(&dir, "%s/.umview/modules", home) < 0)
		return NULL;
	path = candidate(dir, strlen(dir), name);
	free(dir);
	return path;
}

/* gives */
static char *find(const char *name)
{
	char *path;

	if (strchr(name, '/'))
		return NULL;
	path = beside_self(name);
	if (!path)
		path = in_list(getenv("UMVIEW_MODULE_PATH"), name);
	if (!path)
		path = in_home(name);
	return path;
}

static bool is_loaded(const char *path)
{
	void *dl = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);

	if (dl)
		dlclose(dl);
	return dl != NULL;
}

static int copy_all(int from, int to)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, buf + done, (size_t)(n - done));
			if (w < 0)
				return -errno;
		}
	return n < 0 ? -errno : 0;
}

/* Return: a memfd with the contents of path, or -errno. */
static int copy_to_memfd(const char *path, const char *name)
{
	int err, to, from = open(path, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		return -errno;
	to = memfd_create(name, MFD_CLOEXEC);
	err = to < 0 ? -errno : copy_all(from, to);
	close(from);
	if (err && to >= 0)
		close(to);
	return err ? err : to;
}

/*
 * The memfd stays open as long as its copy is loaded: the linker knows an
 * object by its name, here the number of the descriptor.
 */
static int load_copy(struct umfuse_prog *p, const char *path, const char *name)
{
	char proc[40];

	p->memfd = copy_to_memfd(path, name);
	if (p->memfd < 0)
		return p->memfd;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", p->memfd);
	p->dl = dlopen(proc, RTLD_NOW | RTLD_LOCAL);
	return 0;
}

static int load_locked(struct umfuse_prog *p, const char *path,
		       const char *name)
{
	void *sym;
	int err = 0;

	if (is_loaded(path))
		err = load_copy(p, path, name);
	else
		p->dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (err) {
		um_err("umfuse: %s: %s", path, strerror(-err));
		return -ENODEV;
	}
	if (!p->dl) {
		um_err("umfuse: %s", dlerror());
		return -ENODEV;
	}
	sym = dlsym(p->dl, "main");
	if (!sym) {
		um_err("umfuse: %s has no main", path);
		return -ENODEV;
	}
	memcpy(&p->main, &sym, sizeof(sym));
	return 0;
}

/*
 * umfuse_prog_load() - an instance of NAME.so with variables of its own
 * Return: 0; ENODEV, and a message, when there is none that works.
 */
int umfuse_prog_load(struct umfuse_prog *p, const char *name)
{
	char *path = find(name);
	int err;

	*p = (struct umfuse_prog){ .memfd = -1 };
	if (!path) {
		um_err("umfuse: no module %s.so", name);
		return -ENODEV;
	}
	pthread_mutex_lock(&load_lock);
	err = load_locked(p, path, name);
	pthread_mutex_unlock(&load_lock);
	free(path);
	if (err)
		umfuse_prog_unload(p);
	return err;
}

void umfuse_prog_unload(struct umfuse_prog *p)
{
	pthread_mutex_lock(&load_lock);
	if (p->dl)
		dlclose(p->dl);
	pthread_mutex_unlock(&load_lock);
	if (p->memfd >= 0)
		close(p->memfd);
	*p = (struct umfuse_prog){ .memfd = -1 };
}
