// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * binfmt.c - entries of binary formats: read, written, compared
 *
 * For modules and for the host's own entries. A line is taken and refused as
 * the kernel's fs/binfmt_misc.c does, odd ones too: unit and scenario tests
 * compare the two.
 */
#include <umview/binfmt.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Shortest line, and how many delimiters may be left out at its end. */
#define LINE_MIN 11
#define PAD	 8

/* A line on its way through the parser: the rest, and what parts its fields. */
struct line {
	char *p;
	char delim;
};

/* The next field, which ends at a delimiter; NULL: there is none. */
static char *take(struct line *l)
{
	char *start = l->p;

	while (*l->p != l->delim && *l->p)
		l->p++;
	if (*l->p != l->delim)
		return NULL;
	*l->p++ = '\0';
	return start;
}

/* The same where \xHH may stand for any byte, and a NUL is one of them. */
static char *take_bytes(struct line *l)
{
	char *start = l->p;
	char *p = start;

	while (*p != l->delim) {
		bool is_hex = p[0] == '\\' && p[1] == 'x';

		/* a delimiter among the digits is a digit, if it can be one */
		if (is_hex && (!isxdigit((unsigned char)p[2]) ||
			       !isxdigit((unsigned char)p[3])))
			return NULL;
		p += is_hex ? 4 : 1;
	}
	*p = '\0';
	l->p = p + 1;
	return start;
}

static unsigned int digit_of(char c)
{
	if (isdigit((unsigned char)c))
		return (unsigned int)(c - '0');
	return (unsigned int)(tolower((unsigned char)c) - 'a') + 10;
}

/* \xH and \xHH become bytes, in place; up to the first NUL. Return: how many. */
static size_t unescape(char *s)
{
	char *out = s;
	char *start = s;

	while (*s) {
		if (s[0] == '\\' && s[1] == 'x' &&
		    isxdigit((unsigned char)s[2])) {
			unsigned int value = digit_of(s[2]);

			s += 3;
			if (isxdigit((unsigned char)*s))
				value = value * 16 + digit_of(*s++);
			*out++ = (char)value;
			continue;
		}
		if (s[0] == '\\' && s[1])
			*out++ = *s++;
		*out++ = *s++;
	}
	return (size_t)(out - start);
}

/* [+-]DIGITS[NEWLINE], not negative. */
static int parse_offset(const char *text, int *out)
{
	const char *p = text + (*text == '+' || *text == '-');
	long value = 0;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	while (isdigit((unsigned char)*p) && value <= UM_BINFMT_LINE)
		value = value * 10 + (*p++ - '0');
	if (value > UM_BINFMT_LINE || strcmp(p + (*p == '\n'), "") != 0 ||
	    (value && *text == '-'))
		return -EINVAL;
	*out = (int)value;
	return 0;
}

static int parse_magic(struct line *l, struct um_binfmt *f)
{
	char *offset = take(l);
	char *magic;
	char *mask;

	if (!offset || (*offset && parse_offset(offset, &f->offset) < 0))
		return -EINVAL;
	magic = take_bytes(l);
	if (!magic || !*magic)
		return -EINVAL;
	mask = take_bytes(l);
	if (!mask)
		return -EINVAL;
	f->magic = magic;
	f->size = unescape(magic);
	f->mask = *mask ? mask : NULL;
	if (f->mask && unescape(mask) != f->size)
		return -EINVAL;
	return f->size <= UM_BINFMT_HEAD &&
			       f->offset <= UM_BINFMT_HEAD - (int)f->size
		       ? 0
		       : -EINVAL;
}

static int parse_extension(struct line *l, struct um_binfmt *f)
{
	if (!take(l))
		return -EINVAL;
	f->magic = take(l);
	if (!f->magic || !*f->magic || strchr(f->magic, '/') || !take(l))
		return -EINVAL;
	return 0;
}

static const struct {
	char letter;
	unsigned int flags;
} letters[] = {
	{ 'P', UM_BINFMT_ARGV0 },
	{ 'O', UM_BINFMT_OPEN },
	{ 'C', UM_BINFMT_CREDS | UM_BINFMT_OPEN },
	{ 'F', UM_BINFMT_FIX },
};

/* Return: where the letters end. */
static const char *parse_flags(const char *p, struct um_binfmt *f)
{
	for (size_t i = 0; i < UM_ARRAY_SIZE(letters); i++) {
		if (*p != letters[i].letter)
			continue;
		f->flags |= letters[i].flags;
		p++;
		i = (size_t)-1;
	}
	return p;
}

static int parse_head(struct line *l, struct um_binfmt *f)
{
	f->name = take(l);
	if (!f->name || !*f->name || strchr(f->name, '/') ||
	    !strcmp(f->name, ".") || !strcmp(f->name, ".."))
		return -EINVAL;
	if (*l->p != 'M' && *l->p != 'E')
		return -EINVAL;
	f->flags = UM_BINFMT_ENABLED;
	if (*l->p++ == 'M')
		f->flags |= UM_BINFMT_MAGIC;
	return *l->p++ == l->delim ? 0 : -EINVAL;
}

static int parse_line(struct um_binfmt *f, size_t n)
{
	struct line l = { .p = f->store + 1, .delim = f->store[0] };
	const char *p;
	int ret;

	memset(f->store + n, l.delim, PAD);
	ret = parse_head(&l, f);
	if (ret == 0)
		ret = f->flags & UM_BINFMT_MAGIC ? parse_magic(&l, f)
						 : parse_extension(&l, f);
	if (ret < 0)
		return ret;
	f->interpreter = take(&l);
	if (!f->interpreter || !*f->interpreter)
		return -EINVAL;
	p = parse_flags(l.p, f);
	if (*p == '\n')
		p++;
	return p == f->store + n ? 0 : -EINVAL;
}

static struct um_binfmt *entry_new(const char *text, size_t n)
{
	struct um_binfmt *f = calloc(1, sizeof(*f));

	if (f)
		f->store = calloc(1, n + PAD + 1);
	if (f && !f->store)
		free(um_steal(f));
	if (f)
		memcpy(f->store, text, n);
	return f;
}

int um_binfmt_parse(const char *line, size_t n, struct um_binfmt **out)
{
	struct um_binfmt *f;
	int ret;

	if (n < LINE_MIN || n > UM_BINFMT_LINE)
		return -EINVAL;
	f = entry_new(line, n);
	if (!f)
		return -ENOMEM;
	ret = parse_line(f, n);
	if (ret < 0)
		um_binfmt_free(um_steal(f));
	*out = f;
	return ret;
}

void um_binfmt_free(struct um_binfmt *f)
{
	if (!f)
		return;
	free(f->store);
	free(f);
}

/* Hexadecimal digits to bytes, in place. Return: how many; -EINVAL. */
static long unhex(char *s)
{
	char *out = s;
	const char *in = s;

	for (; *in; in += 2) {
		if (!isxdigit((unsigned char)in[0]) ||
		    !isxdigit((unsigned char)in[1]))
			return -EINVAL;
		*out++ = (char)(digit_of(in[0]) * 16 + digit_of(in[1]));
	}
	return out - s;
}

/* The value in a line "KEY VALUE". */
static int read_field(struct um_binfmt *f, const char *key, char *value)
{
	long n = 0;

	if (!strcmp(key, "interpreter")) {
		f->interpreter = value;
	} else if (!strcmp(key, "flags:")) {
		if (*parse_flags(value, f))
			return -EINVAL;
	} else if (!strcmp(key, "extension")) {
		f->magic = value + (*value == '.');
	} else if (!strcmp(key, "offset")) {
		f->flags |= UM_BINFMT_MAGIC;
		return parse_offset(value, &f->offset);
	} else if (!strcmp(key, "magic")) {
		f->magic = value;
		n = unhex(value);
		f->size = n < 0 ? 0 : (size_t)n;
	} else if (!strcmp(key, "mask")) {
		f->mask = value;
		n = unhex(value);
		if (n >= 0 && (size_t)n != f->size)
			return -EINVAL;
	}
	return n < 0 ? -EINVAL : 0;
}

static int read_lines(struct um_binfmt *f, char *text)
{
	char *rest = text;
	char *line = strsep(&rest, "\n");
	int ret = 0;

	if (!strcmp(line, "enabled"))
		f->flags |= UM_BINFMT_ENABLED;
	else if (strcmp(line, "disabled") != 0)
		return -EINVAL;
	while (ret == 0 && (line = strsep(&rest, "\n"))) {
		char *key = strsep(&line, " ");

		if (line)
			ret = read_field(f, key, line);
	}
	if (ret < 0 || !f->interpreter || !*f->interpreter || !f->magic)
		return -EINVAL;
	if (!(f->flags & UM_BINFMT_MAGIC))
		return *f->magic ? 0 : -EINVAL;
	return f->size && f->size <= UM_BINFMT_HEAD &&
			       f->offset <= UM_BINFMT_HEAD - (int)f->size
		       ? 0
		       : -EINVAL;
}

int um_binfmt_read(const char *name, const char *text, struct um_binfmt **out)
{
	size_t n = strlen(name) + 1;
	size_t len = strlen(text) + 1;
	UM_FREE char *both = malloc(n + len);
	struct um_binfmt *f;
	int ret;

	if (!both)
		return -ENOMEM;
	memcpy(both, name, n);
	memcpy(both + n, text, len);
	f = entry_new(both, n + len);
	if (!f)
		return -ENOMEM;
	f->name = f->store;
	ret = read_lines(f, f->store + n);
	if (ret < 0)
		um_binfmt_free(um_steal(f));
	*out = f;
	return ret;
}

/* Text on its way out, into room that is enough. */
struct text {
	char *p;
	size_t left;
};

static void put(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p, t->left, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->left)
		return;
	t->p += n;
	t->left -= (size_t)n;
}

static void put_hex(struct text *t, const char *key, const char *bytes,
		    size_t n)
{
	put(t, "\n%s ", key);
	for (size_t i = 0; i < n; i++)
		put(t, "%02x", (unsigned char)bytes[i]);
}

size_t um_binfmt_print(const struct um_binfmt *f, char out[UM_BINFMT_TEXT])
{
	struct text t = { out, UM_BINFMT_TEXT };

	put(&t, "%sabled\ninterpreter %.*s\nflags: ",
	    f->flags & UM_BINFMT_ENABLED ? "en" : "dis", UM_BINFMT_LINE,
	    f->interpreter);
	for (size_t i = 0; i < UM_ARRAY_SIZE(letters); i++)
		if ((f->flags & letters[i].flags) == letters[i].flags)
			put(&t, "%c", letters[i].letter);
	if (!(f->flags & UM_BINFMT_MAGIC)) {
		put(&t, "\nextension .%.*s\n", UM_BINFMT_LINE, f->magic);
		return (size_t)(t.p - out);
	}
	put(&t, "\noffset %d", f->offset);
	put_hex(&t, "magic", f->magic, f->size);
	if (f->mask)
		put_hex(&t, "mask", f->mask, f->size);
	put(&t, "\n");
	return (size_t)(t.p - out);
}

bool um_binfmt_match(const struct um_binfmt *f, const struct um_binfmt_req *req)
{
	const char *dot = strrchr(req->name, '.');
	const unsigned char *head = req->head + f->offset;

	if (!(f->flags & UM_BINFMT_ENABLED))
		return false;
	if (!(f->flags & UM_BINFMT_MAGIC))
		return dot && !strcmp(dot + 1, f->magic);
	for (size_t i = 0; i < f->size; i++) {
		unsigned char differs = head[i] ^ (unsigned char)f->magic[i];

		if (f->mask)
			differs &= (unsigned char)f->mask[i];
		if (differs)
			return false;
	}
	return true;
}

int um_binfmt_command(const char *text, size_t n)
{
	static const char *const commands[] = { "0", "1", "-1" };

	if (n > 3)
		return -EINVAL;
	if (!n)
		return 0;
	if (text[n - 1] == '\n')
		n--;
	for (int i = 0; i < 3; i++)
		if (n == strlen(commands[i]) && !memcmp(text, commands[i], n))
			return i + 1;
	return -EINVAL;
}
