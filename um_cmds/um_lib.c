// SPDX-License-Identifier: LGPL-2.1-or-later
/* um_lib.c - what a program can ask of the view it runs in */
#include "um_lib.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A text longer than this is a broken monitor, not a long text. */
#define TEXT_MAX ((size_t)1 << 20)

int um_check_viewos(void)
{
	int saved = errno;
	int inside = syscall(UM_NR_VUCTL, (long)UM_VU_CHECK) == 0;

	errno = saved;
	return inside;
}

int um_add_service(const char *spec, unsigned int flags)
{
	return (int)syscall(UM_NR_VUCTL, (long)UM_VU_ADD_SERVICE, spec,
			    (unsigned long)flags);
}

int um_del_service(const char *name)
{
	return (int)syscall(UM_NR_VUCTL, (long)UM_VU_DEL_SERVICE, name);
}

ssize_t um_list_service(char *buf, size_t len)
{
	return syscall(UM_NR_VUCTL, (long)UM_VU_LIST_SERVICE, buf, len);
}

ssize_t um_name_service(const char *name, char *buf, size_t len,
			enum um_service_text what)
{
	return syscall(UM_NR_VUCTL, (long)UM_VU_NAME_SERVICE, name, buf, len,
		       (unsigned long)what);
}

int um_fsalias(const char *alias, const char *type)
{
	return (int)syscall(UM_NR_VUCTL, (long)UM_VU_FSALIAS, alias,
			    type ? type : "");
}

ssize_t um_list_fsalias(char *buf, size_t len)
{
	return syscall(UM_NR_VUCTL, (long)UM_VU_LIST_FSALIAS, buf, len);
}

int um_view_getinfo(struct um_viewinfo *out)
{
	return (int)syscall(UM_NR_VUCTL, (long)UM_VU_GETINFO, out);
}

int um_setviewname(const char *name)
{
	return (int)syscall(UM_NR_VUCTL, (long)UM_VU_SETNAME, name);
}

ssize_t um_mounter(const char *options, unsigned long flags, char *rest,
		   size_t len)
{
	return syscall(UM_NR_VUCTL, (long)UM_VU_MOUNTER, options, flags, rest,
		       len);
}

int um_view_split(void)
{
	return (int)syscall(UM_NR_VUCTL, (long)UM_VU_SPLIT);
}

int um_killall(int sig)
{
	return (int)syscall(UM_NR_VUCTL, (long)UM_VU_KILLALL, (long)sig);
}

int msocket(const char *path, int domain, int type, int protocol)
{
	int saved = errno;
	long ret;

	if (!path && type == SOCK_DEFAULT) {
		errno = EINVAL;
		return -1;
	}
	ret = syscall(UM_NR_VUCTL, (long)UM_VU_MSOCKET, path, (long)domain,
		      (long)type, (long)protocol);
	if (ret >= 0 || um_check_viewos())
		return (int)ret;
	if (path) {
		errno = ENOTSUP;
		return -1;
	}
	errno = saved;
	return socket(domain, type, protocol);
}

/* One text of the view: which call, and for which service. */
struct text {
	enum um_vuctl call;
	const char *name;
	enum um_service_text what;
};

static ssize_t text_read(const struct text *text, char *buf, size_t len)
{
	if (text->call == UM_VU_LIST_SERVICE)
		return um_list_service(buf, len);
	if (text->call == UM_VU_LIST_FSALIAS)
		return um_list_fsalias(buf, len);
	return um_name_service(text->name, buf, len, text->what);
}

/*
 * The text may grow between two calls, so the needed size that a call reports
 * is a hint: try again until one fits.
 */
static char *text_dup(const struct text *text)
{
	size_t len = 256;
	char *buf = NULL;
	int err = ERANGE;

	while (len <= TEXT_MAX) {
		char *bigger = realloc(buf, len);
		ssize_t need;

		if (!bigger) {
			err = ENOMEM;
			break;
		}
		buf = bigger;
		buf[0] = '\0';
		need = text_read(text, buf, len);
		if (need < 0 && errno != ERANGE) {
			err = errno;
			break;
		}
		if (need >= 0 && (size_t)need <= len) {
			buf[len - 1] = '\0';
			return buf;
		}
		len = need > 0 ? (size_t)need : 2 * len;
	}
	free(buf);
	errno = err;
	return NULL;
}

char *um_list_service_dup(void)
{
	return text_dup(&(struct text){ .call = UM_VU_LIST_SERVICE });
}

char *um_name_service_dup(const char *name, enum um_service_text what)
{
	return text_dup(&(struct text){
		.call = UM_VU_NAME_SERVICE, .name = name, .what = what });
}

char *um_list_fsalias_dup(void)
{
	return text_dup(&(struct text){ .call = UM_VU_LIST_FSALIAS });
}
