// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * name.c - names: UTF-8 here, UTF-16 and eleven bytes in the image
 *
 * Names differ in case only where they are shown: lookups take ASCII letters
 * of both cases for one, as Linux does with utf8.
 */
#include "fat.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOWER_BASE 0x08
#define LOWER_EXT  0x10

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static int upper(int c)
{
	return c >= 'a' && c <= 'z' ? c - 32 : c;
}

uint32_t fat_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint32_t)lower((unsigned char)*name)) * 16777619u;
	return h;
}

bool fat_same(const char *a, const char *b)
{
	while (*a && lower((unsigned char)*a) == lower((unsigned char)*b)) {
		a++;
		b++;
	}
	return lower((unsigned char)*a) == lower((unsigned char)*b);
}

static bool is_allowed(unsigned int c)
{
	return c >= 0x20 && (c >= 0x7f || !strchr("\"*/:<>?\\|", (int)c));
}

/* What eleven bytes hold without a long name; space is not among them. */
static bool is_plain(int c)
{
	return isdigit(c) || isupper(c) || islower(c) ||
	       (c && strchr("$%'-_@~`!(){}^#&", c));
}

/* One code point; 0 at the end, or for what is no UTF-8. */
static unsigned int decode(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	static const unsigned int least[] = { 0, 0x80, 0x800, 0x10000 };
	int more = s[0] < 0x80	     ? 0
		   : s[0] >> 5 == 6  ? 1
		   : s[0] >> 4 == 14 ? 2
				     : 3;
	unsigned int c = more ? s[0] & (0x3fu >> more) : s[0];

	if (s[0] >= 0xf8 || (s[0] >= 0x80 && s[0] < 0xc0))
		return 0;
	for (int i = 1; i <= more; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	*p += more + 1;
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return c;
}

int fat_to_utf16(const char *name, uint16_t out[FAT_MAX_NAME])
{
	size_t len = strlen(name);
	int n = 0;

	if (!len || name[len - 1] == '.' || name[len - 1] == ' ')
		return -EINVAL;
	while (*name) {
		unsigned int c = decode(&name);

		if (!c || !is_allowed(c))
			return -EINVAL;
		if (n + (c > 0xffff) >= FAT_MAX_NAME)
			return -ENAMETOOLONG;
		if (c > 0xffff) {
			out[n++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		out[n++] = (uint16_t)c;
	}
	return n;
}

static char *encode(char *to, unsigned int c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c >= 0x10000) {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
	} else if (c >= 0x800) {
		*to++ = (char)(0xe0 | c >> 12);
	}
	if (c >= 0x800)
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	else
		*to++ = (char)(0xc0 | c >> 6);
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* A name that could not be looked up again is shown with '_' for what hinders. */
void fat_to_utf8(const uint16_t *from, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int c = from[i];

		if (c >> 10 == 0x36 && i + 1 < n && from[i + 1] >> 10 == 0x37)
			c = 0x10000 + ((c & 0x3ff) << 10 | (from[++i] & 0x3ff));
		else if (c >> 11 == 0x1b || !c || c == '/')
			c = '_';
		out = encode(out, c);
	}
	*out = '\0';
}

static char *add_part(char *out, const uint8_t *part, int n, bool lowers)
{
	while (n && part[n - 1] == ' ')
		n--;
	for (int i = 0; i < n; i++) {
		int c = part[i];

		/* of a code page that nobody knows here */
		if (c >= 0x80 || c < 0x20 || c == '/')
			c = '_';
		*out++ = (char)(lowers ? lower(c) : c);
	}
	return out;
}

void fat_short_text(const uint8_t *slot, char out[32])
{
	uint8_t name[11];
	char *end;
	char *ext;

	memcpy(name, slot, 11);
	if (name[0] == 0x05)
		name[0] = 0xe5;
	end = add_part(out, name, 8, slot[12] & LOWER_BASE);
	ext = add_part(end + 1, name + 8, 3, slot[12] & LOWER_EXT);
	if (ext > end + 1) {
		*end = '.';
		end = ext;
	}
	*end = '\0';
}

/* One part of a short name. False: it does not fit, or mixes cases. */
static bool take_part(const char *from, size_t n, uint8_t *to, size_t room,
		      bool *lowers)
{
	bool has_lower = false;
	bool has_upper = false;

	if (n > room)
		return false;
	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)from[i];

		if (!is_plain(c))
			return false;
		has_lower |= islower(c) != 0;
		has_upper |= isupper(c) != 0;
		to[i] = (uint8_t)upper(c);
	}
	*lowers = has_lower;
	return !has_lower || !has_upper;
}

bool fat_is_short(const char *name, uint8_t out[11], uint8_t *cases)
{
	const char *dot = strchr(name, '.');
	size_t n = dot ? (size_t)(dot - name) : strlen(name);
	bool base = false;
	bool ext = false;

	memset(out, ' ', 11);
	if (!n || !take_part(name, n, out, 8, &base))
		return false;
	if (dot &&
	    (!dot[1] || !take_part(dot + 1, strlen(dot + 1), out + 8, 3, &ext)))
		return false;
	*cases = (uint8_t)((base ? LOWER_BASE : 0) | (ext ? LOWER_EXT : 0));
	return true;
}

uint8_t fat_checksum(const uint8_t name[11])
{
	uint8_t sum = 0;

	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
	return sum;
}

static size_t squeeze(const char *from, const char *end, uint8_t *to,
		      size_t room)
{
	size_t n = 0;

	for (; from < end && n < room; from++) {
		int c = (unsigned char)*from;

		if (c == ' ' || c == '.' || c >> 6 == 2)
			continue;
		to[n++] = (uint8_t)(is_plain(c) ? upper(c) : '_');
	}
	return n;
}

/* "LONGNA~1.TXT"; from number 5 on "LOABCD~1.TXT" with a hash of the name. */
void fat_make_short(const char *name, unsigned int n, uint8_t out[11])
{
	const char *dot = strrchr(name, '.');
	char tail[16];
	size_t have;
	size_t len;

	if (dot == name)
		dot = NULL;
	memset(out, ' ', 11);
	have = squeeze(name, dot ? dot : name + strlen(name), out, 6);
	if (!have)
		out[have++] = '_';
	if (dot)
		squeeze(dot + 1, dot + strlen(dot), out + 8, 3);
	if (n < 5) {
		snprintf(tail, sizeof(tail), "~%u", n);
	} else {
		have = have < 2 ? have : 2;
		snprintf(tail, sizeof(tail), "%04X~%u",
			 (fat_hash(name) + n / 9) & 0xffff, n % 9 + 1);
	}
	len = strlen(tail);
	memset(out + have, ' ', 8 - have);
	if (have + len > 8)
		have = 8 - len;
	memcpy(out + have, tail, len);
}
