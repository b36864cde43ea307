// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * service.c - finding and loading modules
 *
 * Looked for, in this order: the name as given (when it has a slash), then
 * NAME.so in ~/.umview/modules, each directory of $UMVIEW_MODULE_PATH, and the
 * directories that belong to this umview.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "guest/contain.h"
#include "view/view.h"

int (*um_service_stack_hook)(struct um_service *s, const char *args);

static char *own_dirs;

void um_service_set_dirs(const char *dirs)
{
	free(own_dirs);
	own_dirs = strdup(dirs);
}

static bool try_file(const char *dir, size_t n, const char *name, char *out)
{
	static const char *const endings[] = { ".so", "" };

	for (size_t i = 0; i < UM_ARRAY_SIZE(endings); i++) {
		int len = snprintf(out, PATH_MAX, "%.*s/%s%s", (int)n, dir,
				   name, endings[i]);

		if (len < PATH_MAX && access(out, R_OK) == 0)
			return true;
	}
	return false;
}

static bool try_dirs(const char *dirs, const char *name, char *out)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");

		if (n && try_file(dirs, n, name, out))
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

static bool find_module(const char *name, char *out)
{
	const char *home = getenv("HOME");
	char dir[PATH_MAX];

	if (strchr(name, '/')) {
		const char *slash = strrchr(name, '/');

		return try_file(name, (size_t)(slash - name), slash + 1, out);
	}
	if (home) {
		int n = snprintf(dir, sizeof(dir), "%s/.umview/modules", home);

		if (n < PATH_MAX && try_file(dir, (size_t)n, name, out))
			return true;
	}
	return try_dirs(getenv("UMVIEW_MODULE_PATH"), name, out) ||
	       try_dirs(own_dirs, name, out);
}

bool um_service_exists(const char *name)
{
	char path[PATH_MAX];

	return !strchr(name, '/') && *name && find_module(name, path);
}

char *um_module_find(const char *name)
{
	char path[PATH_MAX];

	if (strchr(name, '/') || !*name || !find_module(name, path))
		return NULL;
	return strdup(path);
}

static int check(const struct um_module *m, const char *path)
{
	if (!m) {
		um_err("%s: no symbol um_module: not a module", path);
		return -EINVAL;
	}
	if (m->api != UM_MODULE_API ||
	    m->size < offsetof(struct um_module, stack)) {
		um_err("%s: made for module API %u, this umview has %u", path,
		       m->api, UM_MODULE_API);
		return -ENOEXEC;
	}
	return 0;
}

/* Module code outside of any mount. -EIO: it crashed. */
static int call_init(const struct um_module *m, const char *args)
{
	struct um_contain c;
	volatile int ret = -EIO;

	um_contain_enter(&c, NULL);
	if (sigsetjmp(c.at, 0) == 0)
		ret = m->init(args);
	um_contain_leave(&c);
	if (c.what)
		um_err("module %s crashed (%s) in init", m->name, c.what);
	return ret;
}

static void call_fini(const struct um_module *m)
{
	struct um_contain c;

	um_contain_enter(&c, NULL);
	if (sigsetjmp(c.at, 0) == 0)
		m->fini();
	um_contain_leave(&c);
	if (c.what)
		um_err("module %s crashed (%s) in fini", m->name, c.what);
}

static bool has_stack(const struct um_module *m)
{
	return m->size > offsetof(struct um_module, stack) && m->stack;
}

static int start_module(struct um_service *s, const char *args)
{
	const struct um_module *m = s->module;
	int ret = m->init ? call_init(m, args) : 0;

	if (ret < 0 || !has_stack(m) || !um_service_stack_hook)
		return ret;
	ret = um_service_stack_hook(s, args);
	if (ret < 0 && m->fini)
		call_fini(m);
	return ret;
}

static int open_module(const char *path, const char *args, struct um_service *s)
{
	int ret;

	s->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!s->handle) {
		um_err("%s", dlerror());
		return -ENOEXEC;
	}
	s->module = dlsym(s->handle, "um_module");
	ret = check(s->module, path);
	if (ret == 0)
		ret = start_module(s, args);
	if (ret < 0) {
		dlclose(s->handle);
		s->handle = NULL;
	}
	return ret;
}

int um_service_load(const char *spec, bool permanent, struct um_service **out)
{
	UM_FREE char *name = strndup(spec, strcspn(spec, ","));
	const char *comma = strchr(spec, ',');
	char path[PATH_MAX];
	struct um_service *s;
	int ret;

	if (!name || !*name)
		return -EINVAL;
	if (!find_module(name, path)) {
		um_err("%s: no such module; see \"modules\" in umview(1) for "
		       "the places searched",
		       name);
		return -ENOENT;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	atomic_init(&s->refs, 1);
	s->permanent = permanent;
	ret = open_module(path, comma ? comma + 1 : "", s);
	if (ret < 0)
		free(um_steal(s));
	*out = s;
	return ret;
}

void um_service_put(struct um_service *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	if (s->stack) {
		um_mount_shutdown(s->stack);
		um_mount_put(s->stack);
	}
	if (s->module->fini)
		call_fini(s->module);
	dlclose(s->handle);
	free(s);
}
