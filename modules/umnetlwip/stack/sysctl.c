// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sysctl.c - /proc/sys/net: settings that are read and written
 *
 *	ipv4/ip_forward, ipv4/ip_local_port_range
 *	ipv4/conf/NAME/{forwarding,send_redirects}
 *	ipv6/conf/NAME/{forwarding,accept_ra}
 *	netfilter/nf_conntrack_{count,max}
 *	um/{rules,radv}			rules.h, radv.h
 *
 * NAME is an interface, `all' or `default', as in the kernel's: a change of
 * all/forwarding is one of all interfaces and of those to come.
 */
#include <netinet/in.h>

#include "sysctl.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack.h"
#include "radv.h"
#include "rules.h"

#define TOP "/proc/sys/net/"

enum { STORE_MAX = 65536 };

struct st_conf st_conf_all = { .send_redirects = true, .accept_ra = 1 };
struct st_conf st_conf_default = { .send_redirects = true, .accept_ra = 1 };

/* A router does not go by what others advertise. */
static void set_forward(struct st_iface *i, int family, bool on)
{
	if (family == AF_INET) {
		i->conf.forward4 = on;
		return;
	}
	i->conf.forward6 = on;
	if (on && i->conf.accept_ra < 2)
		st_radv_forget_routers(i);
	st_radv_changed(i);
}

void st_conf_forward(int family, bool on)
{
	bool four = family == AF_INET;

	*(four ? &st_conf_all.forward4 : &st_conf_all.forward6) = on;
	*(four ? &st_conf_default.forward4 : &st_conf_default.forward6) = on;
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		set_forward(i, family, on);
}

/* ---- conf/NAME/FILE ---- */

enum { IS_BOOL, IS_FORWARD, IS_NUMBER };

static const struct setting {
	const char *name;
	size_t offset;
	int family, kind;
} settings[] = {
	{ "forwarding", offsetof(struct st_conf, forward4), AF_INET,
	  IS_FORWARD },
	{ "send_redirects", offsetof(struct st_conf, send_redirects), AF_INET,
	  IS_BOOL },
	{ "accept_ra", offsetof(struct st_conf, accept_ra), AF_INET6,
	  IS_NUMBER },
	{ "forwarding", offsetof(struct st_conf, forward6), AF_INET6,
	  IS_FORWARD },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* What follows TOP "ipv4/conf/" or TOP "ipv6/conf/", or NULL. */
static const char *after_conf(const char *path, int *family)
{
	static const char four[] = TOP "ipv4/conf/", six[] = TOP "ipv6/conf/";

	*family = strncmp(path, four, sizeof(four) - 1) ? AF_INET6 : AF_INET;
	if (*family == AF_INET || !strncmp(path, six, sizeof(six) - 1))
		return path + sizeof(four) - 1;
	return NULL;
}

/* The conf of NAME/..., *rest what follows it; *i: its interface, or NULL. */
static struct st_conf *conf_of(const char *name, const char **rest,
			       struct st_iface **i)
{
	const char *slash = strchr(name, '/');
	char copy[IFNAMSIZ];

	*i = NULL;
	if (!slash || (size_t)(slash - name) >= sizeof(copy))
		return NULL;
	memcpy(copy, name, (size_t)(slash - name));
	copy[slash - name] = '\0';
	*rest = slash + 1;
	if (!strcmp(copy, "all"))
		return &st_conf_all;
	if (!strcmp(copy, "default"))
		return &st_conf_default;
	*i = st_iface_by_name(copy);
	return *i ? &(*i)->conf : NULL;
}

static const struct setting *setting_of(int family, const char *name)
{
	for (size_t n = 0; n < SETTINGS; n++)
		if (settings[n].family == family &&
		    !strcmp(settings[n].name, name))
			return &settings[n];
	return NULL;
}

static int get(const struct st_conf *c, const struct setting *s)
{
	const char *at = (const char *)c + s->offset;
	bool flag;
	int v;

	if (s->kind == IS_NUMBER) {
		memcpy(&v, at, sizeof(v));
		return v;
	}
	memcpy(&flag, at, sizeof(flag));
	return flag;
}

static void set(struct st_conf *c, struct st_iface *i, const struct setting *s,
		int v)
{
	char *at = (char *)c + s->offset;
	bool flag = v;

	if (s->kind == IS_NUMBER)
		memcpy(at, &v, sizeof(v));
	else if (s->kind == IS_FORWARD && c == &st_conf_all)
		st_conf_forward(s->family, flag);
	else if (s->kind == IS_FORWARD && i)
		set_forward(i, s->family, flag);
	else
		memcpy(at, &flag, sizeof(flag));
}

static void conf_names(FILE *f)
{
	fputs("all\ndefault\n", f);
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		fprintf(f, "%s\n", i->name);
}

static bool print_conf(FILE *f, const char *name, int family)
{
	const struct setting *s;
	const struct st_conf *c;
	struct st_iface *i;
	const char *rest;

	if (!*name) {
		conf_names(f);
		return true;
	}
	c = conf_of(name, &rest, &i);
	if (!c)
		return false;
	if (!*rest) {
		for (size_t n = 0; n < SETTINGS; n++)
			if (settings[n].family == family)
				fprintf(f, "%s\n", settings[n].name);
		return true;
	}
	s = setting_of(family, rest);
	if (s)
		fprintf(f, "%d\n", get(c, s));
	return s;
}

/* ---- single files ---- */

static void ip_forward(FILE *f)
{
	fprintf(f, "%d\n", st_conf_all.forward4);
}

static void port_range(FILE *f)
{
	fputs("32768\t60999\n", f);
}

static void conntrack_count(FILE *f)
{
	fprintf(f, "%zu\n", st_conn_count());
}

static void conntrack_max(FILE *f)
{
	fprintf(f, "%d\n", ST_CONN_MAX);
}

static void own_names(FILE *f)
{
	fputs("radv\nrules\n", f);
}

static int number(const char *text, int *out)
{
	char *end;
	long v = strtol(text, &end, 0);

	end += strspn(end, " \t\n");
	if (end == text || *end || v < -1000000 || v > 1000000)
		return -EINVAL;
	*out = (int)v;
	return 0;
}

static int store_forward(const char *text, size_t len, int at)
{
	int v, ret = number(text, &v);

	(void)len;
	(void)at;
	if (ret == 0)
		st_conf_forward(AF_INET, v);
	return ret;
}

/* Commands, each line as it comes. */
static int store_rules(const char *text, size_t len, int at)
{
	(void)at;
	return st_rules_load(text, len);
}

/*
 * A whole configuration. Shells write it line by line: what follows at the end of
 * what was written belongs to it.
 */
static int store_radv(const char *text, size_t len, int at)
{
	static char *all;
	static size_t have;
	char *grown;

	if (at && (size_t)at != have)
		return -EINVAL;
	if (at + len > STORE_MAX)
		return -EFBIG;
	grown = realloc(all, at + len + 1);
	if (!grown)
		return -ENOMEM;
	all = grown;
	memcpy(all + at, text, len);
	have = at + len;
	return st_radv_load(all, have);
}

static const struct {
	const char *path;
	void (*print)(FILE *f);
	int (*store)(const char *text, size_t len,
		     int at); /* NULL: only read */
} files[] = {
	{ TOP "ipv4/ip_forward", ip_forward, store_forward },
	{ TOP "ipv4/ip_local_port_range", port_range, NULL },
	{ TOP "netfilter/nf_conntrack_count", conntrack_count, NULL },
	{ TOP "netfilter/nf_conntrack_max", conntrack_max, NULL },
	{ TOP "um/", own_names, NULL },
	{ TOP "um/rules", st_rules_print, store_rules },
	{ TOP "um/radv", st_radv_print, store_radv },
};

bool st_sysctl_print(FILE *f, const char *path)
{
	const char *name;
	int family;

	for (size_t n = 0; n < sizeof(files) / sizeof(files[0]); n++)
		if (!strcmp(files[n].path, path)) {
			files[n].print(f);
			return true;
		}
	name = after_conf(path, &family);
	return name && print_conf(f, name, family);
}

static int store_conf(const char *name, int family, const char *text)
{
	const struct setting *s;
	struct st_iface *i;
	struct st_conf *c;
	const char *rest;
	int v, ret;

	c = conf_of(name, &rest, &i);
	s = c ? setting_of(family, rest) : NULL;
	if (!s)
		return -ENOENT;
	ret = number(text, &v);
	if (ret == 0)
		set(c, i, s, v);
	return ret;
}

static int store(const char *path, const char *text, size_t len, int at)
{
	const char *name;
	int family;

	for (size_t n = 0; n < sizeof(files) / sizeof(files[0]); n++)
		if (!strcmp(files[n].path, path))
			return files[n].store ? files[n].store(text, len, at)
					      : -EACCES;
	name = after_conf(path, &family);
	return name ? store_conf(name, family, text) : -ENOENT;
}

int st_sysctl_store(const char *path, const char *text, size_t len, int at)
{
	char *copy;
	int ret;

	if (at < 0 || len > STORE_MAX)
		return -EFBIG;
	copy = strndup(text, len);
	if (!copy)
		return -ENOMEM;
	ret = store(path, copy, len, at);
	free(copy);
	return ret < 0 ? ret : (int)len;
}
