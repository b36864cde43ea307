/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * um_lib.h - what a program can ask of the view it runs in
 *
 * One function for each sub-command of umview-vuctl(2). Unless told otherwise
 * they return 0 or more on success, and -1 with errno set on failure. Outside
 * a view each fails with ENOSYS (EPERM where a sandbox refuses unknown calls).
 * All are thread-safe. Link with -lum.
 */
#ifndef UM_LIB_H
#define UM_LIB_H

#include <sys/socket.h>
#include <sys/types.h>

#include <umview/vuctl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What um_name_service() tells. */
enum um_service_text {
	UM_SERVICE_DESCRIPTION = 0,
	UM_SERVICE_OPTIONS = 1,
};

/* Return: 1 inside a view, 0 outside. Sets no errno. */
int um_check_viewos(void);

/**
 * um_add_service() - load a module into this view
 * @spec: "module[,args]"; module is a name or the path of a shared object
 * @flags: 0 or UM_SERVICE_PERMANENT
 *
 * Errors: EEXIST a service of that name is there; ENOENT no such module;
 * ENOEXEC it does not load or was built for another API; or its own.
 */
int um_add_service(const char *spec, unsigned int flags);

/* Unload a service. Errors: ENOENT; EBUSY it is permanent or in use. */
int um_del_service(const char *name);

/**
 * um_list_service() - names of the services of this view
 * @buf: set to the names, separated by colons, NUL-terminated
 * @len: size of buf
 *
 * Return: bytes needed, the NUL included. Errors: ERANGE buf is too small.
 */
ssize_t um_list_service(char *buf, size_t len);

/**
 * um_name_service() - texts of one service
 * @what: which text
 *
 * Return: bytes needed, the NUL included. Errors: ENOENT; ERANGE.
 */
ssize_t um_name_service(const char *name, char *buf, size_t len,
			enum um_service_text what);

/*
 * The same in memory that grows as needed; free() it. NULL on failure, with
 * errno set.
 */
char *um_list_service_dup(void);
char *um_name_service_dup(const char *name, enum um_service_text what);

/**
 * um_fsalias() - let mount(2) of one type mean another
 * @alias: type as given to mount
 * @type: type to use instead; "" or NULL removes the alias
 *
 * Errors: ENOENT no such alias to remove; ELOOP aliases lead back to it.
 */
int um_fsalias(const char *alias, const char *type);

/* "alias type\n" lines; as um_list_service() and um_list_service_dup(). */
ssize_t um_list_fsalias(char *buf, size_t len);
char *um_list_fsalias_dup(void);

/**
 * um_mounter() - the caller is about to start a program that mounts by itself
 * @options, @flags: as for mount(2): those of the view's own are for what the
 *	program mounts
 * @rest: set to the options that are left for the program
 *
 * Return: bytes needed, the NUL included. Errors: ERANGE; EINVAL.
 */
ssize_t um_mounter(const char *options, unsigned long flags, char *rest,
		   size_t len);

/* Identity of this view. */
int um_view_getinfo(struct um_viewinfo *out);

/* Name this view. Errors: ENAMETOOLONG above UM_VIEWNAME_MAX bytes. */
int um_setviewname(const char *name);

/*
 * The calling process leaves for a new view that starts as a copy of its own.
 * Return: the number of the new view.
 */
int um_view_split(void);

/*
 * Signal every process of this view and of the views split from it, the caller
 * excepted. sig 0 only counts. Return: how many.
 */
int um_killall(int sig);

/* The file type of a network stack's special file, in st_mode. */
#ifndef S_IFSTACK
#define S_IFSTACK 0160000
#endif
/* The type that makes msocket() set a default. */
#ifndef SOCK_DEFAULT
#define SOCK_DEFAULT 0
#endif

/**
 * msocket() - socket(2) on a network stack that is named
 * @path: the stack's special file; NULL: the process's default stack
 * @domain, @type, @protocol: as socket(2). type SOCK_DEFAULT: no socket is made;
 *	from now on the stack is the default for sockets of domain (AF_UNSPEC: of
 *	every family it has) of this process and those it forks
 *
 * Return: a descriptor, or 0 after SOCK_DEFAULT. Errors: those of socket(2);
 * EACCES; ENOTSUP path is not a stack's file, or outside a view; EINVAL
 * SOCK_DEFAULT without a path. Outside a view it is socket(2) where path is
 * NULL.
 */
int msocket(const char *path, int domain, int type, int protocol);

#ifdef __cplusplus
}
#endif

#endif
