// SPDX-License-Identifier: GPL-2.0-or-later
/* kit.c - short forms for driving a file system in the contract tests */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool kit_can(const struct kit *k, const char *cap)
{
	char word[40];

	snprintf(word, sizeof(word), ",%s,", cap);
	return !strstr(k->what->without, word);
}

const char *P(struct kit *k, const char *name)
{
	static _Thread_local char ring[8][512];
	static _Thread_local unsigned int turn;
	char *out = ring[turn++ % 8];

	snprintf(out, sizeof(ring[0]), "%s/%s", k->dir, name);
	return out;
}

void kit_enter(struct kit *k)
{
	if (k->fs->serial)
		pthread_mutex_lock(&k->lock);
}

void kit_leave(struct kit *k)
{
	if (k->fs->serial)
		pthread_mutex_unlock(&k->lock);
}

int kit_open(struct kit *k, const char *path, int flags, struct um_fh *out)
{
	int err;

	*out = (struct um_fh){ .flags = flags };
	kit_enter(k);
	err = k->ops->open(k->fs, path, out);
	kit_leave(k);
	return err;
}

int kit_create(struct kit *k, const char *path, mode_t mode, int flags,
	       struct um_fh *out)
{
	int err;

	*out = (struct um_fh){ .flags = flags };
	kit_enter(k);
	if (k->ops->create) {
		err = k->ops->create(k->fs, path, mode, out);
	} else {
		err = k->ops->mknod(k->fs, path, S_IFREG | mode, 0);
		if (!err)
			err = k->ops->open(k->fs, path, out);
	}
	kit_leave(k);
	return err;
}

void kit_close(struct kit *k, struct um_fh *fh)
{
	kit_enter(k);
	k->ops->release(k->fs, fh);
	kit_leave(k);
}

void kit_file(struct kit *k, const char *path, const char *text)
{
	struct um_fh fh;
	size_t n = strlen(text);

	assert_int_equal(kit_create(k, path, 0644, O_RDWR, &fh), 0);
	kit_enter(k);
	assert_int_equal(n ? k->ops->write(k->fs, &fh, text, n, 0) : 0, n);
	kit_leave(k);
	kit_close(k, &fh);
}

void kit_expect(struct kit *k, const char *path, const char *text)
{
	struct um_fh fh;
	char buf[512];
	ssize_t n;

	assert_int_equal(kit_open(k, path, O_RDONLY, &fh), 0);
	kit_enter(k);
	n = k->ops->read(k->fs, &fh, buf, sizeof(buf), 0);
	kit_leave(k);
	kit_close(k, &fh);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

int kit_lstat(struct kit *k, const char *path, struct stat *out)
{
	int err;

	kit_enter(k);
	err = k->ops->getattr(k->fs, path, NULL, out);
	kit_leave(k);
	return err;
}

ino_t kit_ino(struct kit *k, const char *path)
{
	struct stat st;

	assert_int_equal(kit_lstat(k, path, &st), 0);
	assert_int_not_equal(st.st_ino, 0);
	return st.st_ino;
}
