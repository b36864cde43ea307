// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdev.c - the module: virtual devices
 *
 * A mount of the type umdevNAME loads umdevNAME.so, which describes a device
 * (umview/dev.h). What the nodes look like is said by options that are common
 * to all; these are taken here, the rest goes to the device's module.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <umview/dev.h>

/* Other names of modules. */
static const char *const aliases[][2] = {
	{ "umdevmbr", "umdevpart" },
	{ "umdevvd", "umdevimg" },
};

/* ---- options ---- */

/* The number after the `=`, up to `most`. */
static int number(const char *option, int base, long most, long *out)
{
	const char *text = strchr(option, '=') + 1;
	char *end;

	errno = 0;
	*out = strtol(text, &end, base);
	if (errno || end == text || *end || *out < 0 || *out > most) {
		um_err("%s: not a number, or out of range", option);
		return -EINVAL;
	}
	return 1;
}

static int minor(const char *option, struct um_dev_spec *spec)
{
	if (strcmp(option, "minor=any") != 0)
		return number(option, 10, UM_DEV_ANY_MINOR - 1, &spec->minor);
	spec->minor = UM_DEV_ANY_MINOR;
	return 1;
}

static bool has_key(const char *option, const char *key)
{
	return !strncmp(option, key, strlen(key));
}

/* 1: taken; 0: not one of ours; -EINVAL. */
static int take(const char *option, struct um_dev_spec *spec)
{
	if (!strcmp(option, "char"))
		spec->type = S_IFCHR;
	else if (!strcmp(option, "block"))
		spec->type = S_IFBLK;
	else if (!strcmp(option, "debug"))
		spec->debug = true;
	else if (has_key(option, "major="))
		return number(option, 10, 4095, &spec->major);
	else if (has_key(option, "minor="))
		return minor(option, spec);
	else if (has_key(option, "mode="))
		return number(option, 8, 07777, &spec->mode);
	else if (has_key(option, "uid="))
		return number(option, 10, UINT32_MAX - 1, &spec->uid);
	else if (has_key(option, "gid="))
		return number(option, 10, UINT32_MAX - 1, &spec->gid);
	else if (has_key(option, "nsubdev="))
		return number(option, 10, 255, &spec->nsub);
	else
		return 0;
	return 1;
}

/* `at` is the end of a text; the new end. */
static char *append(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n + 1);
	return at + n;
}

/* What is left for the device goes into `rest`, as long as `options`. */
static int take_options(const char *options, struct um_dev_spec *spec,
			char *rest)
{
	char *copy = strdup(options);
	char *save;
	char *at = rest;
	int ret = copy ? 0 : -ENOMEM;

	*rest = '\0';
	for (char *p = copy ? strtok_r(copy, ",", &save) : NULL; p && ret >= 0;
	     p = strtok_r(NULL, ",", &save)) {
		ret = take(p, spec);
		if (ret != 0)
			continue;
		if (at != rest)
			at = append(at, ",");
		at = append(at, p);
	}
	free(copy);
	return ret < 0 ? ret : 0;
}

/* ---- modules ---- */

static const char *module_of(const char *type)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(type, aliases[i][0]))
			return aliases[i][1];
	return type;
}

static const struct um_dev_module *checked(void *dl, const char *path)
{
	const struct um_dev_module *m = dlsym(dl, "um_dev_module");

	if (!m) {
		um_err("umdev: %s is no module of a device", path);
		return NULL;
	}
	if (m->api != UM_DEV_API || m->size < sizeof(*m)) {
		um_err("umdev: %s is made for API %u, this is %u", path, m->api,
		       UM_DEV_API);
		return NULL;
	}
	return m;
}

static const struct um_dev_module *load(const char *name, void **dl)
{
	const struct um_dev_module *m = NULL;
	char *path = um_module_find(name);

	*dl = NULL;
	if (!path) {
		um_err("umdev: no module %s.so", name);
		return NULL;
	}
	*dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (*dl)
		m = checked(*dl, path);
	else
		um_err("umdev: %s", dlerror());
	if (*dl && !m)
		dlclose(*dl);
	free(path);
	return m;
}

static void unload(void *dl)
{
	dlclose(dl);
}

/* ---- the mount ---- */

static int start(const struct um_dev_module *m, const struct um_mount_req *req,
		 struct um_fs *fs, const struct um_dev_spec *spec)
{
	struct um_dev dev = { .next = fs->next };
	int ret = m->mount(req, &dev);

	if (ret < 0)
		return ret;
	ret = um_dev_serve(fs, req, &dev, spec);
	if (ret < 0 && dev.ops->umount)
		dev.ops->umount(&dev);
	return ret;
}

static int umdev_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct um_dev_spec spec = { .major = -1,
				    .minor = -1,
				    .mode = -1,
				    .uid = -1,
				    .gid = -1,
				    .nsub = -1,
				    .ended = unload };
	struct um_mount_req mine = *req;
	char *rest = malloc(strlen(req->options) + 1);
	const struct um_dev_module *m;
	int ret = rest ? take_options(req->options, &spec, rest) : -ENOMEM;

	if (ret == 0) {
		m = load(module_of(req->fstype), &spec.arg);
		mine.options = rest;
		ret = m ? start(m, &mine, fs, &spec) : -ENODEV;
		if (m && ret < 0)
			unload(spec.arg);
	}
	free(rest);
	return ret;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "umdev",
	.description = "virtual devices",
	.options = "char, block   type of the device\n"
		   "major=N       major number\n"
		   "minor=N|any   minor number; any: every one\n"
		   "mode=OCTAL    permission bits of its nodes\n"
		   "uid=N         owner\n"
		   "gid=N         group\n"
		   "nsubdev=N     how many sub devices\n"
		   "debug         trace each operation\n"
		   "umdevpart, umdevramdisk:\n"
		   "sector=N      logical sector size, 512 to 4096\n"
		   "umdevramdisk:\n"
		   "size=N[KMGT]  size of the disk\n"
		   "mbr           with partitions\n"
		   "umdevimg:\n"
		   "format=NAME   format of the image; default: as found\n"
		   "umdevtap:\n"
		   "NAME=VNL      what an interface is plugged into\n",
	.mount = umdev_mount,
};
