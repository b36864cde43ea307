// SPDX-License-Identifier: GPL-2.0-or-later
/* args.c - from mount options to the argument list of the program */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#define WRITEBACK_SIZE (128ul << 10)
#define WRITEBACK_MAX  (64ul << 20)
#define CACHE_MAX      (1ul << 40)

int umfuse_words_add(struct umfuse_words *w, const char *s)
{
	char **v = realloc(w->v, (size_t)(w->n + 2) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	w->v = v;
	v[w->n] = strdup(s);
	if (!v[w->n])
		return -ENOMEM;
	v[++w->n] = NULL;
	return 0;
}

void umfuse_words_fini(struct umfuse_words *w)
{
	for (int i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
	*w = (struct umfuse_words){ 0 };
}

/*
 * Copies the text of *from up to a character of `ends` that no quote protects
 * to `to`, without that layer of quotes; moves *from behind it. Within "..."
 * and outside quotes \ protects the next character; within '...' nothing does.
 * Return: the end met, 0 at the end of the string, -EINVAL: open quote.
 */
static int unquote(const char **from, char *to, const char *ends)
{
	const char *p = *from;
	int quote = 0;

	for (; *p && (quote || !strchr(ends, *p)); p++) {
		if (quote != '\'' && *p == '\\' && p[1])
			*to++ = *++p;
		else if (quote ? *p == quote : *p == '\'' || *p == '"')
			quote ^= *p;
		else
			*to++ = *p;
	}
	*to = 0;
	*from = *p ? p + 1 : p;
	if (quote)
		return -EINVAL;
	return (unsigned char)*p;
}

/* Appends an option to a -o list, its commas protected as libfuse reads it. */
static int add_fsopt(char **list, const char *opt)
{
	size_t have = *list ? strlen(*list) : 0;
	char *p = realloc(*list, have + 2 * strlen(opt) + 2);

	if (!p)
		return -ENOMEM;
	*list = p;
	p += have;
	if (have)
		*p++ = ',';
	for (; *opt; opt++) {
		if (*opt == ',' || *opt == '\\')
			*p++ = '\\';
		*p++ = *opt;
	}
	*p = 0;
	return 0;
}

static int add_flags(char **list, unsigned long flags)
{
	static const struct {
		unsigned long flag;
		const char *name;
	} table[] = {
		{ MS_NOSUID, "nosuid" },     { MS_NODEV, "nodev" },
		{ MS_NOEXEC, "noexec" },     { MS_SYNCHRONOUS, "sync" },
		{ MS_DIRSYNC, "dirsync" },   { MS_NOATIME, "noatime" },
		{ MS_REMOUNT, "remount" },   { MS_NODIRATIME, "nodiratime" },
		{ MS_RELATIME, "relatime" },
	};
	int err = add_fsopt(list, flags & MS_RDONLY ? "ro" : "rw");

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!err && flags & table[i].flag)
			err = add_fsopt(list, table[i].name);
	return err;
}

static bool set_flag(struct umfuse_opts *o, const char *opt)
{
	struct {
		const char *name;
		bool *flag;
	} table[] = {
		{ "debug", &o->debug },
		{ "fsdebug", &o->fsdebug },
		{ "showcall", &o->showcall },
		{ "nosource", &o->nosource },
		{ "hard_remove", &o->hard_remove },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(opt, table[i].name) == 0) {
			*table[i].flag = true;
			return true;
		}
	}
	return false;
}

static int set_id(const char *opt, const char *value, bool *has, id_t *id)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || end == value || *end || *value == '-' || n >= UINT32_MAX) {
		um_err("umfuse: %s: not an id", opt);
		return -EINVAL;
	}
	*has = true;
	*id = (id_t)n;
	return 0;
}

/* "=SIZE", with k, m or g behind it; nothing: as it was. */
static int set_size(const char *opt, const char *value, size_t max, size_t *out)
{
	static const char units[] = "kmg";
	const char *unit;
	unsigned long n;
	unsigned int shift = 0;
	char *end;

	if (!*value)
		return 0;
	errno = 0;
	n = strtoul(value + 1, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
	}
	if (errno || end == value + 1 || *end || value[1] == '-' ||
	    n > max >> shift) {
		um_err("umfuse: %s: a size up to %zum is needed", opt,
		       max >> 20);
		return -EINVAL;
	}
	*out = (size_t)n << shift;
	return 0;
}

static int set_writeback(struct umfuse_opts *o, const char *opt)
{
	int err;

	o->writeback = WRITEBACK_SIZE;
	err = set_size(opt, opt + strlen("writeback"), WRITEBACK_MAX,
		       &o->writeback);
	if (!err && !o->writeback) {
		um_err("umfuse: %s: a size above 0 is needed", opt);
		err = -EINVAL;
	}
	return err;
}

static int set_cache(struct umfuse_opts *o, const char *opt)
{
	o->has_cache = true;
	return set_size(opt, opt + strlen("cache"), CACHE_MAX, &o->cache);
}

/* Return: 1 taken, 0 not ours, -errno. */
static int set_value(struct umfuse_opts *o, const char *opt)
{
	struct {
		const char *name;
		char **text;
	} table[] = {
		{ "pre=", &o->pre },
		{ "post=", &o->post },
		{ "format=", &o->format },
	};
	int err;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(table[i].name);

		if (strncmp(opt, table[i].name, n) == 0) {
			free(*table[i].text);
			*table[i].text = strdup(opt + n);
			return *table[i].text ? 1 : -ENOMEM;
		}
	}
	if (strncmp(opt, "fuseuid=", 8) == 0)
		err = set_id(opt, opt + 8, &o->has_uid, &o->uid);
	else if (strncmp(opt, "fusegid=", 8) == 0)
		err = set_id(opt, opt + 8, &o->has_gid, &o->gid);
	else if (strcmp(opt, "writeback") == 0 ||
		 strncmp(opt, "writeback=", 10) == 0)
		err = set_writeback(o, opt);
	else if (strncmp(opt, "cache=", 6) == 0 &&
		 isdigit((unsigned char)opt[6]))
		err = set_cache(o, opt);
	else
		return 0;
	return err ? err : 1;
}

static int take_option(struct umfuse_opts *o, const char *opt)
{
	int ret;

	if (!*opt || set_flag(o, opt))
		return 0;
	ret = set_value(o, opt);
	if (ret == 0)
		ret = add_fsopt(&o->fsopts, opt);
	return ret < 0 ? ret : 0;
}

int umfuse_opts_add(struct umfuse_opts *o, const char *opt)
{
	return add_fsopt(&o->fsopts, opt);
}

int umfuse_opts_take(struct umfuse_opts *o, const char *options)
{
	char *opt = malloc(strlen(options) + 1);
	int err = opt ? 0 : -ENOMEM;

	for (int end = ','; !err && end == ',';) {
		end = unquote(&options, opt, ",");
		if (end < 0)
			um_err("umfuse: open quote in the mount options");
		err = end < 0 ? end : take_option(o, opt);
	}
	if (!err && o->fsdebug)
		err = add_fsopt(&o->fsopts, "debug");
	free(opt);
	return err;
}

int umfuse_opts_init(struct umfuse_opts *o, unsigned long flags,
		     const char *options)
{
	int err;

	*o = (struct umfuse_opts){ 0 };
	err = add_flags(&o->fsopts, flags);
	if (!err)
		err = umfuse_opts_take(o, options);
	if (err)
		umfuse_opts_fini(o);
	return err;
}

void umfuse_opts_fini(struct umfuse_opts *o)
{
	free(o->pre);
	free(o->post);
	free(o->format);
	free(o->fsopts);
	*o = (struct umfuse_opts){ 0 };
}

/* Adds the blank-separated words of text, one layer of quotes removed. */
static int add_words(struct umfuse_words *out, const char *text)
{
	char *word;
	int err = 0;

	if (!text)
		return 0;
	word = malloc(strlen(text) + 1);
	if (!word)
		return -ENOMEM;
	while (!err && *(text += strspn(text, " \t\n"))) {
		err = unquote(&text, word, " \t\n");
		if (err < 0)
			um_err("umfuse: open quote in pre= or post=");
		else
			err = umfuse_words_add(out, word);
	}
	free(word);
	return err;
}

static bool has_source(const struct umfuse_opts *o,
		       const struct um_mount_req *req)
{
	return !o->nosource && strcmp(req->source, "NONE") != 0;
}

/* What a % letter of format= stands for; NULL: nothing special. */
static const char *subst(const struct umfuse_opts *o,
			 const struct um_mount_req *req, char letter)
{
	switch (letter) {
	case 'O':
		return o->fsopts ? o->fsopts : "";
	case 'S':
		return has_source(o, req) ? req->source : "";
	case 'M':
	case 'D':
		return req->target;
	case '%':
		return "%";
	default:
		return NULL;
	}
}

/* gives: word with its % letters replaced. */
static char *expand(const struct umfuse_opts *o, const struct um_mount_req *req,
		    const char *word)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (; *word; word++) {
		const char *s = *word == '%' ? subst(o, req, word[1]) : NULL;

		if (s) {
			fputs(s, out);
			word++;
		} else {
			fputc(*word, out);
		}
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int add_format_word(const struct umfuse_opts *o,
			   const struct um_mount_req *req, const char *word,
			   struct umfuse_words *out)
{
	char *text;
	int err;

	if (strcmp(word, "%S") == 0 && !has_source(o, req))
		return 0;
	if (strcmp(word, "%O") == 0) {
		if (!o->fsopts)
			return 0;
		err = umfuse_words_add(out, "-o");
		if (err)
			return err;
	}
	text = expand(o, req, word);
	err = text ? umfuse_words_add(out, text) : -ENOMEM;
	free(text);
	return err;
}

static int add_format(const struct umfuse_opts *o,
		      const struct um_mount_req *req, struct umfuse_words *out)
{
	struct umfuse_words words = { 0 };
	int err = add_words(&words, o->format);

	for (int i = 0; !err && i < words.n; i++)
		err = add_format_word(o, req, words.v[i], out);
	umfuse_words_fini(&words);
	return err;
}

int umfuse_args_build(const struct umfuse_opts *o,
		      const struct um_mount_req *req, struct umfuse_words *out)
{
	int err;

	*out = (struct umfuse_words){ 0 };
	err = umfuse_words_add(out, req->fstype);
	if (!err && o->format) {
		err = add_format(o, req, out);
	} else if (!err) {
		err = add_words(out, o->pre);
		if (!err && o->fsopts)
			err = umfuse_words_add(out, "-o");
		if (!err && o->fsopts)
			err = umfuse_words_add(out, o->fsopts);
		if (!err && has_source(o, req))
			err = umfuse_words_add(out, req->source);
		if (!err)
			err = umfuse_words_add(out, req->target);
		if (!err)
			err = add_words(out, o->post);
	}
	if (err)
		umfuse_words_fini(out);
	return err;
}
