// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fsconfig.c - fsopen(2) and fsconfig(2): a file system is described, and made
 *
 * What is set is kept as mount(2)'s options: a module looks at them when the
 * file system is created. Where it is to stand is not known then. Types that
 * ask for that (devices, stacks, binary formats, viewfs) are refused with ENOSYS,
 * upon which programs use mount(2), and so are FUSE programs'.
 */
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>

#include "sys/fscontext.h"
#include "sys/fusedev.h"
#include "sys/mounting.h"
#include "sys/remount.h"
#include "view/mountopts.h"
#include "view/perm.h"

#define MAX_KEY	   256
#define MAX_VALUE  256
#define MAX_BINARY (1024 * 1024)
/* As a page of options, which is what mount(2) takes. */
#define MAX_OPTIONS 4096

/* Modules that look at the mount point. */
static bool wants_place(const struct um_service *s, const char *type)
{
	static const char *const modules[] = { "umdev", "umnet", "umbinfmt" };

	if (um_mounting_shows_view(s))
		return !strcmp(type, "viewfs") || !strcmp(type, "viewfshide");
	for (size_t i = 0; i < UM_ARRAY_SIZE(modules); i++)
		if (!strncmp(s->module->name, modules[i], strlen(modules[i])))
			return true;
	return false;
}

static int check_type(struct um_req *r, char *name)
{
	struct um_mounting a = { .type = name, .source = name };
	const char *type = um_mounting_bind_type(&a);
	struct um_service *s;
	int ret;

	if (type)
		return 0;
	if (um_fuse_is_type(name))
		return -ENOSYS;
	type = um_req_strdup(r, um_list_alias(r->list, name));
	if (!type || !*type)
		return type ? -ENODEV : -ENOMEM;
	s = um_mounting_server(r, type, true, &ret);
	if (!s)
		return ret;
	return wants_place(s, type) ? -ENOSYS : 0;
}

long sys_fsopen(struct um_req *r)
{
	struct um_fscontext *c;
	char *name;
	int ret;

	if (um_may_administer(r) < 0)
		return -EPERM;
	if (r->arg[1] & ~(uint64_t)FSOPEN_CLOEXEC)
		return -EINVAL;
	ret = um_copy_in_str(r, um_uptr_of(r->arg[0]), MAX_OPTIONS, &name);
	if (ret == 0)
		ret = check_type(r, name);
	if (ret < 0)
		return ret == -ENAMETOOLONG ? -EINVAL : ret;
	c = um_fscontext_new(name, NULL);
	return c ? um_fscontext_give(r, c, r->arg[1] & FSOPEN_CLOEXEC)
		 : -ENOMEM;
}

/* ---- settings ---- */

static const struct {
	const char *key;
	unsigned long set;
	unsigned long clear;
} flags[] = {
	{ "ro", MS_RDONLY, 0 },		  { "rw", 0, MS_RDONLY },
	{ "sync", MS_SYNCHRONOUS, 0 },	  { "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },	  { "mand", MS_MANDLOCK, 0 },
	{ "nomand", 0, MS_MANDLOCK },	  { "lazytime", MS_LAZYTIME, 0 },
	{ "nolazytime", 0, MS_LAZYTIME },
};

static bool set_flag(struct um_fscontext *c, const char *key)
{
	for (size_t i = 0; i < UM_ARRAY_SIZE(flags); i++)
		if (!strcmp(key, flags[i].key)) {
			c->flags = (c->flags | flags[i].set) & ~flags[i].clear;
			return true;
		}
	return false;
}

static int set_source(struct um_fscontext *c, const char *value)
{
	if (!value || c->source) {
		um_fscontext_say(c, 'e',
				 value ? "Multiple sources"
				       : "Non-string source");
		return -EINVAL;
	}
	c->source = strdup(value);
	return c->source ? 0 : -ENOMEM;
}

static int add_option(struct um_fscontext *c, const char *key,
		      const char *value)
{
	char *text;

	if (strpbrk(key, ",=") || (value && strchr(value, ','))) {
		um_fscontext_say(c, 'e', "an option contains a comma");
		return -EINVAL;
	}
	if (asprintf(&text, "%s%s%s%s%s", c->options, *c->options ? "," : "",
		     key, value ? "=" : "", value ? value : "") < 0)
		return -ENOMEM;
	if (strlen(text) >= MAX_OPTIONS) {
		free(text);
		return -EINVAL;
	}
	free(c->options);
	c->options = text;
	return 0;
}

/* value: NULL for a flag */
static int set(struct um_fscontext *c, const char *key, const char *value)
{
	if (c->phase == UM_FSCONTEXT_SPENT)
		c->phase = UM_FSCONTEXT_PICKED;
	if (c->phase != UM_FSCONTEXT_SETTING && c->phase != UM_FSCONTEXT_PICKED)
		return -EBUSY;
	if (set_flag(c, key))
		return 0;
	if (!strcmp(key, "source") && c->phase == UM_FSCONTEXT_SETTING)
		return set_source(c, value);
	return add_option(c, key, value);
}

/* ---- commands ---- */

static int create(struct um_req *r, struct um_fscontext *c)
{
	struct um_mounting a = { .type = um_req_strdup(r, c->type),
				 .source = um_req_strdup(
					 r, c->source ? c->source : "none"),
				 .data = um_req_strdup(r, c->options),
				 .flags = c->flags,
				 .target = { .path = "/" },
				 .floating = true };
	struct um_service *s;
	const char *type;
	int ret = 0;

	if (!a.type || !a.source || !a.data)
		return -ENOMEM;
	type = um_mounting_bind_type(&a);
	if (!type)
		type = um_req_strdup(r, um_list_alias(r->list, a.type));
	s = type ? um_mounting_server(r, type, false, &ret) : NULL;
	if (!s)
		return ret < 0 ? ret : -ENOMEM;
	/* as mount(2) names it */
	if (um_mounting_shows_view(s) || !strcmp(a.type, "tmpfs"))
		type = a.type;
	if (!strcmp(a.type, "overlay"))
		type = "viewfsoverlay";
	return um_mounting_start(r, &a, s, type, &c->m);
}

static int do_create(struct um_req *r, struct um_fscontext *c)
{
	int ret;

	if (c->phase != UM_FSCONTEXT_SETTING)
		return -EBUSY;
	um_fscontext_listen(c);
	ret = create(r, c);
	um_fscontext_listen(NULL);
	c->phase = ret < 0 ? UM_FSCONTEXT_FAILED : UM_FSCONTEXT_CREATED;
	return ret;
}

static int do_reconfigure(struct um_fscontext *c)
{
	unsigned long kept = c->m ? c->m->flags & UM_MS_KEPT & ~MS_RDONLY : 0;
	int ret;

	if (c->phase == UM_FSCONTEXT_SPENT)
		c->phase = UM_FSCONTEXT_PICKED;
	if (c->phase != UM_FSCONTEXT_PICKED)
		return -EBUSY;
	um_fscontext_listen(c);
	ret = um_remount_options(c->m, kept | c->flags, c->options);
	um_fscontext_listen(NULL);
	c->phase = ret < 0 ? UM_FSCONTEXT_FAILED : UM_FSCONTEXT_SPENT;
	c->options[0] = '\0';
	return ret;
}

/* ---- the call ---- */

/* Which arguments each command has. */
static int check_args(unsigned int cmd, uint64_t key, uint64_t value, int aux)
{
	switch (cmd) {
	case FSCONFIG_SET_FLAG:
		return key && !value && !aux ? 0 : -EINVAL;
	case FSCONFIG_SET_STRING:
		return key && value && !aux ? 0 : -EINVAL;
	case FSCONFIG_SET_BINARY:
		return key && value && aux > 0 && aux <= MAX_BINARY ? 0
								    : -EINVAL;
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY:
		return key && value && (aux == AT_FDCWD || aux >= 0) ? 0
								     : -EINVAL;
	case FSCONFIG_SET_FD:
		return key && !value && aux >= 0 ? 0 : -EINVAL;
	case FSCONFIG_CMD_CREATE:
	case FSCONFIG_CMD_RECONFIGURE:
		return key || value || aux ? -EINVAL : 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* The phases are looked at under the lock; this holds it. */
static int command(struct um_req *r, struct um_fscontext *c, unsigned int cmd,
		   const char *key, const char *value)
{
	switch (cmd) {
	case FSCONFIG_SET_FLAG:
	case FSCONFIG_SET_STRING:
		return key ? set(c, key, value) : -EINVAL;
	case FSCONFIG_CMD_CREATE:
		return do_create(r, c);
	case FSCONFIG_CMD_RECONFIGURE:
		return do_reconfigure(c);
	default:
		um_fscontext_say(c, 'e', "options are words and texts only");
		return -EINVAL;
	}
}

static int copy_word(struct um_req *r, uint64_t at, size_t max, char **out)
{
	int ret;

	*out = NULL;
	if (!at)
		return 0;
	ret = um_copy_in_str(r, um_uptr_of(at), max, out);
	return ret == -ENAMETOOLONG ? -EINVAL : ret;
}

long sys_fsconfig(struct um_req *r)
{
	unsigned int cmd = (unsigned int)r->arg[1];
	struct um_fscontext *c = NULL;
	char *key = NULL;
	char *value = NULL;
	long ret;

	if (um_arg_fd(r, 0) < 0)
		return -EINVAL;
	ret = check_args(cmd, r->arg[2], r->arg[3], (int)r->arg[4]);
	if (ret == 0)
		ret = um_fscontext_arg(r, 0, &c);
	if (ret == 0)
		ret = copy_word(r, r->arg[2], MAX_KEY, &key);
	if (ret == 0 && cmd == FSCONFIG_SET_STRING)
		ret = copy_word(r, r->arg[3], MAX_VALUE, &value);
	if (ret == 0 &&
	    (cmd == FSCONFIG_CMD_CREATE || cmd == FSCONFIG_CMD_RECONFIGURE))
		ret = um_may_administer(r);
	if (ret == 0) {
		um_lock(&c->busy);
		ret = command(r, c, cmd, key, value);
		um_unlock(&c->busy);
	}
	um_fscontext_put(c);
	return ret;
}
