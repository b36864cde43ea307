// SPDX-License-Identifier: GPL-2.0-or-later
/* cabkey.c - the secret of an encrypted cable, and the file it is kept in */
#include "cabkey.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEX_LEN = 2 * CAB_KEY_LEN };

_Static_assert(CAB_KEY_LEN == crypto_kdf_KEYBYTES, "the secret is a kdf's key");

void cab_key_derive(const uint8_t secret[CAB_KEY_LEN], struct cab_key *out)
{
	static const char context[crypto_kdf_CONTEXTBYTES] = { 'u', 'm', 'v',
							       'd', 'e', 'c',
							       'a', 'b' };

	crypto_kdf_derive_from_key(out->hello, CAB_KEY_LEN, 1, context, secret);
	crypto_kdf_derive_from_key(out->welcome, CAB_KEY_LEN, 2, context,
				   secret);
	crypto_kdf_derive_from_key(out->mix, CAB_KEY_LEN, 3, context, secret);
}

static int write_line(int fd)
{
	uint8_t secret[CAB_KEY_LEN];
	char line[HEX_LEN + 1];
	ssize_t len;

	randombytes_buf(secret, sizeof(secret));
	sodium_bin2hex(line, sizeof(line), secret, sizeof(secret));
	line[HEX_LEN] = '\n';
	len = write(fd, line, sizeof(line));
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(line, sizeof(line));
	if (len < 0)
		return -errno;
	return len == (ssize_t)sizeof(line) ? 0 : -ENOSPC;
}

int cab_key_generate(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write_line(fd);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	if (ret < 0)
		unlink(path);
	return ret;
}

/* Return: 0 if line holds one secret and, at most, white space after it. */
static int parse(const char *line, size_t len, uint8_t secret[CAB_KEY_LEN])
{
	const char *end;
	size_t got;

	if (sodium_hex2bin(secret, CAB_KEY_LEN, line, len, NULL, &got, &end) ||
	    got != CAB_KEY_LEN)
		return -EBADMSG;
	for (; end < line + len; end++) {
		if (!strchr(" \t\r\n", *end))
			return -EBADMSG;
	}
	return 0;
}

static int read_secret(int fd, uint8_t secret[CAB_KEY_LEN])
{
	char line[HEX_LEN + 16];
	struct stat st;
	ssize_t len;
	int ret;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && (st.st_mode & 077))
		return -EPERM;
	len = read(fd, line, sizeof(line));
	if (len < 0)
		return -errno;
	ret = parse(line, (size_t)len, secret);
	sodium_memzero(line, sizeof(line));
	return ret;
}

int cab_key_load(const char *path, struct cab_key *out)
{
	uint8_t secret[CAB_KEY_LEN];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = read_secret(fd, secret);
	close(fd);
	if (ret == 0)
		cab_key_derive(secret, out);
	sodium_memzero(secret, sizeof(secret));
	return ret;
}
