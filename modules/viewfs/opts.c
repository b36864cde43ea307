// SPDX-License-Identifier: GPL-2.0-or-later
/* opts.c - what a mount was asked to be */
#include "viewfs.h"

#include <stdio.h>
#include <sys/mount.h>

/* What the options say, before it is put together. */
struct options {
	struct viewfs *v;
	int modes;
	const char *lower;
	const char *upper;
};

static void unknown(const char *text)
{
	um_warn("viewfs: option `%s' is not known, and is left out", text);
}

static void set_mode(struct options *o, enum viewfs_mode mode)
{
	o->modes++;
	o->v->mode = mode;
}

static const struct {
	const char *name;
	enum viewfs_mode mode;
} modes[] = {
	{ "bind", VIEWFS_BIND },     { "move", VIEWFS_BIND },
	{ "merge", VIEWFS_MERGE },   { "cow", VIEWFS_COW },
	{ "mincow", VIEWFS_MINCOW }, { "worm", VIEWFS_WORM },
};

/* Those of overlayfs that say nothing here. */
static const char *const ignored[] = {
	"workdir=",  "userxattr",   "index=",	"xino=", "redirect_dir=",
	"metacopy=", "nfs_export=", "volatile", "uuid=",
};

static bool is_ignored(const char *text)
{
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (!strncmp(text, ignored[i], strlen(ignored[i])))
			return true;
	return false;
}

/* What would hide nothing, or less than was said, is refused. */
static const char *wrong_hide(const struct viewfs *v, const char *text)
{
	const char *slash = strchr(text, '/');

	if (!*text)
		return "hide= wants a pattern";
	if (v->hide)
		return "one hide= at a time; mount once more for the other";
	if (slash && slash != text && slash[strspn(slash, "/")])
		return "begin the pattern with a slash: it is of the whole name";
	return NULL;
}

static int set_hide(struct viewfs *v, const char *text)
{
	const char *wrong = wrong_hide(v, text);
	size_t n = strlen(text);

	if (wrong) {
		um_err("viewfs: %s", wrong);
		return -EINVAL;
	}
	while (n > 1 && text[n - 1] == '/')
		n--;
	v->hide = strndup(text, n);
	return v->hide ? 0 : -ENOMEM;
}

static int add_lower(struct viewfs *v, const char *path)
{
	char **grown = realloc(v->lower, (v->nlower + 1) * sizeof(char *));
	size_t n;

	if (!grown)
		return -ENOMEM;
	v->lower = grown;
	v->lower[v->nlower] = strdup(path);
	if (!v->lower[v->nlower])
		return -ENOMEM;
	n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		v->lower[v->nlower][--n] = '\0';
	v->nlower++;
	return 0;
}

/* lowerdir=: these, whatever was added before. */
static void set_lowers(struct options *o, const char *list)
{
	while (o->v->nlower)
		free(o->v->lower[--o->v->nlower]);
	o->lower = list;
}

/* lowerdir+=: one more, below the others; its colons are its own. */
static int add_one_lower(struct options *o, const char *path)
{
	if (o->lower || path[0] != '/') {
		um_err("viewfs: lowerdir+= wants an absolute name, and no "
		       "lowerdir= before it");
		return -EINVAL;
	}
	return add_lower(o->v, path);
}

static int take(struct options *o, const char *text)
{
	struct viewfs *v = o->v;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(text, modes[i].name)) {
			set_mode(o, modes[i].mode);
			return 0;
		}
	if (!strncmp(text, "hide=", 5))
		return set_hide(v, text + 5);
	if (!strncmp(text, "lowerdir+=", 10))
		return add_one_lower(o, text + 10);
	if (!strncmp(text, "lowerdir=", 9))
		set_lowers(o, text + 9);
	else if (!strncmp(text, "upperdir=", 9))
		o->upper = text + 9;
	else if (!strcmp(text, "wok"))
		v->wok = true;
	else if (!strcmp(text, "vstat"))
		v->vstat = true;
	else if (!strcmp(text, "debug"))
		v->debug = true;
	else if (*text && !is_ignored(text))
		unknown(text);
	return 0;
}

/* a:b, where a backslash takes a colon for the name. */
static int add_lowers(struct viewfs *v, const char *list)
{
	char path[PATH_MAX];
	size_t n = 0;
	int ret = 0;

	for (const char *p = list; ret == 0; p++) {
		if (*p == '\\' && p[1]) {
			p++;
		} else if (!*p || *p == ':') {
			path[n] = '\0';
			ret = path[0] == '/' ? add_lower(v, path) : -EINVAL;
			if (!*p)
				break;
			n = 0;
			continue;
		}
		if (n < sizeof(path) - 1)
			path[n++] = *p;
	}
	if (ret == -EINVAL)
		um_err("viewfs: lowerdir= wants absolute names");
	return ret;
}

static int set_store(struct viewfs *v, const char *path)
{
	size_t n = strlen(path);

	if (path[0] != '/') {
		um_err("viewfs: `%s' is no directory", path);
		return -ENOENT;
	}
	v->store = strdup(path);
	if (!v->store)
		return -ENOMEM;
	while (n > 1 && v->store[n - 1] == '/')
		v->store[--n] = '\0';
	return 0;
}

static int as_overlay(struct options *o)
{
	struct viewfs *v = o->v;
	int ret = 0;

	if (!o->lower && !v->nlower) {
		um_err("viewfs: lowerdir= is needed");
		return -EINVAL;
	}
	if (o->upper && o->upper[0] != '/') {
		um_err("viewfs: upperdir= wants an absolute name");
		return -EINVAL;
	}
	if (o->lower)
		ret = add_lowers(v, o->lower);
	if (ret < 0)
		return ret;
	v->mode = o->upper ? VIEWFS_COW : VIEWFS_BIND;
	v->readonly |= !o->upper;
	return o->upper ? set_store(v, o->upper) : 0;
}

static int compose(struct options *o, const struct um_mount_req *req)
{
	struct viewfs *v = o->v;
	int ret;

	if (o->lower || o->upper || v->nlower ||
	    !strcmp(req->fstype, "viewfsoverlay"))
		return as_overlay(o);
	if (v->mode == VIEWFS_GONE)
		return 0;
	if (v->mode == VIEWFS_BIND)
		return req->source[0] == '/' ? add_lower(v, req->source)
					     : -ENOENT;
	ret = set_store(v, req->source);
	return ret < 0 ? ret : add_lower(v, req->target);
}

/*
 * May names be left to what lies beneath? Not where each is shown otherwise
 * than it is, or where nobody knows beforehand which names are not.
 */
static bool is_layer(const struct viewfs *v)
{
	if (v->wok || !v->nlower || !v->in_place)
		return false;
	if (v->hide && (v->hide[0] != '/' || strpbrk(v->hide, "*?[\\")))
		return false;
	return v->mode != VIEWFS_BIND || v->hide;
}

int viewfs_options(struct viewfs *v, const struct um_mount_req *req)
{
	FREE char *text = strdup(req->options);
	struct options o = { .v = v };
	char *at = text;
	char *one;
	int ret = 0;

	if (!text)
		return -ENOMEM;
	v->readonly = req->flags & MS_RDONLY;
	if (req->merge)
		set_mode(&o, VIEWFS_MERGE);
	if (!strcmp(req->fstype, "viewfshide"))
		v->mode = VIEWFS_GONE;
	while (ret == 0 && (one = strsep(&at, ",")))
		ret = take(&o, one);
	if (ret == 0 && o.modes > 1) {
		um_err("viewfs: one of bind, merge, cow, mincow and worm");
		return -EINVAL;
	}
	if (ret == 0 && v->vstat &&
	    (v->mode == VIEWFS_BIND || v->mode == VIEWFS_MERGE))
		um_warn("viewfs: vstat needs cow, mincow or worm, and is left "
			"out");
	if (ret == 0)
		ret = compose(&o, req);
	if (ret < 0)
		return ret;
	v->in_place = v->nlower == 1 && !strcmp(v->lower[0], v->point);
	v->layer = is_layer(v);
	return 0;
}
