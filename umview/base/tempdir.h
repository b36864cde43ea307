/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tempdir.h - a private directory for a moment */
#ifndef UM_BASE_TEMPDIR_H
#define UM_BASE_TEMPDIR_H

#include "base/cleanup.h"

/* Short enough that a name in it fits the address of a socket. */
#define UM_TEMPDIR_MAX 96

/*
 * um_tempdir() - make an empty directory that only we can enter
 * @dir: UM_TEMPDIR_MAX bytes, gets its name
 * Return: 0 or -EACCES: the host has no place for one. The caller removes it.
 */
int um_tempdir(char *dir) UM_MUST_CHECK;

#endif
