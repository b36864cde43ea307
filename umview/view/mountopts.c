// SPDX-License-Identifier: GPL-2.0-or-later
/* mountopts.c - mount options that the core takes for itself */
#include "view/mountopts.h"

#include <stdio.h>
#include <string.h>

/* Length of the option at p, up to a comma that nothing protects. */
static size_t option_len(const char *p)
{
	char quote = 0;
	size_t n = 0;

	for (; p[n]; n++) {
		if (p[n] == '\\' && p[n + 1])
			n++;
		else if (quote && p[n] == quote)
			quote = 0;
		else if (!quote && (p[n] == '\'' || p[n] == '"'))
			quote = p[n];
		else if (!quote && p[n] == ',')
			break;
	}
	return n;
}

static bool is(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && !strncmp(p, word, n);
}

/* The value without its quotes. */
static char *unquote(const char *p, size_t n)
{
	char *out = calloc(1, n + 1);
	size_t at = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\'' || p[i] == '"')
			continue;
		if (p[i] == '\\' && i + 1 < n)
			i++;
		out[at++] = p[i];
	}
	while (at > 1 && out[at - 1] == '/')
		at--;
	out[at] = '\0';
	return out;
}

/* One that names can be compared with: they have no such parts any more. */
static bool is_clean(const char *path)
{
	while (*path == '/' && path[1]) {
		size_t n = strcspn(++path, "/");

		if (!n || is(path, n, ".") || is(path, n, ".."))
			return false;
		path += n;
	}
	return true;
}

static int add_except(struct um_mount *m, const char *p, size_t n)
{
	char **grown = realloc(m->except, (m->nexcept + 1) * sizeof(char *));
	char *path;

	if (!grown)
		return -ENOMEM;
	m->except = grown;
	path = unquote(p, n);
	if (!path)
		return -ENOMEM;
	if (path[0] != '/') {
		um_err("except=%s: begin it with a slash: it is the part of "
		       "the path after the mount point",
		       path);
		free(path);
		return -EINVAL;
	}
	if (!is_clean(path)) {
		um_err("except=%s: without `.', `..' and empty names: it is "
		       "the part of the path after the mount point",
		       path);
		free(path);
		return -EINVAL;
	}
	m->except[m->nexcept++] = path;
	return 0;
}

/* 1: the core's own; 0: for the module; -errno. */
static int take_one(struct um_mount *m, const char *p, size_t n)
{
	int ret;

	if (m->relayed && n >= 8 && !strncmp(p, "instead=", 8)) {
		free(m->instead);
		m->instead = unquote(p + 8, n - 8);
		return m->instead ? 1 : -ENOMEM;
	}
	if (n >= 7 && !strncmp(p, "except=", 7)) {
		ret = add_except(m, p + 7, n - 7);
		return ret < 0 ? ret : 1;
	}
	if (is(p, n, "permanent") || is(p, n, "perm"))
		m->permanent = true;
	else if (is(p, n, "human"))
		m->human = true;
	else if (is(p, n, "merge"))
		m->merge = true;
	else if (is(p, n, "ro"))
		m->flags |= MS_RDONLY;
	else if (is(p, n, "rw"))
		m->flags &= ~(unsigned long)MS_RDONLY;
	else
		return is(p, n, "");
	return 1;
}

int um_mountopts_take(struct um_mount *m, const char *data)
{
	size_t at = 0;

	m->options = calloc(1, strlen(data) + 1);
	if (!m->options)
		return -ENOMEM;
	for (;;) {
		size_t n = option_len(data);
		int ret = take_one(m, data, n);

		if (ret < 0)
			return ret;
		if (ret == 0) {
			if (at)
				m->options[at++] = ',';
			memcpy(m->options + at, data, n);
			at += n;
		}
		if (!data[n])
			return 0;
		data += n + 1;
	}
}

bool um_mountopts_has(const char *data, const char *word)
{
	for (;;) {
		size_t n = option_len(data);

		if (is(data, n, word))
			return true;
		if (!data[n])
			return false;
		data += n + 1;
	}
}

/* As an option's value, of which nothing is taken for a comma or a quote. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, "%s%c", strchr(",'\"\\", *text) ? "\\" : "",
			*text);
}

char *um_mountopts_text(const struct um_mount *m)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(m->options, out);
	if (m->permanent)
		fputs(",permanent", out);
	if (m->human)
		fputs(",human", out);
	if (m->merge)
		fputs(",merge", out);
	for (size_t i = 0; i < m->nexcept; i++) {
		fputs(",except=", out);
		put_escaped(out, m->except[i]);
	}
	return fclose(out) == 0 ? text : NULL;
}

/* Whether a later option has the key of the one at p. */
static bool is_overruled(const char *p, size_t n)
{
	size_t key = strcspn(p, "=,");

	for (const char *q = p + n; *q; q += option_len(q)) {
		q++;
		if (!strncmp(p, q, key) && strcspn(q, "=,") == key)
			return true;
	}
	return false;
}

void um_mountopts_compact(char *options)
{
	size_t at = 0;

	for (const char *p = options; *p;) {
		size_t n = option_len(p);
		bool is_last = !p[n];

		if (!is_overruled(p, n)) {
			if (at)
				options[at++] = ',';
			memmove(options + at, p, n);
			at += n;
		}
		p += n + !is_last;
		if (is_last)
			break;
	}
	options[at] = '\0';
}

void um_mountopts_drop(struct um_mount *m)
{
	while (m->nexcept)
		free(m->except[--m->nexcept]);
	free(um_steal(m->except));
	free(um_steal(m->instead));
	free(atomic_exchange(&m->options, NULL));
}
