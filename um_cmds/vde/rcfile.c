// SPDX-License-Identifier: GPL-2.0-or-later
/* rcfile.c - vdetelweb's configuration file: the password, and addresses */
#include "rcfile.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <errno.h>
#include <net/if.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve.h"

static const char blanks[] = " \t\r\n";

/* Not a cheap one: it is all that keeps people from trying them all. */
static int keep_password(struct rcfile *rc, const char *word, const char **why)
{
	struct crypt_data data = { 0 };
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash = word;

	*why = "the password is too long, or its form is not known";
	if (word[0] != '$') {
		if (!crypt_gensalt_rn("$6$", 0, NULL, 0, salt, sizeof(salt)))
			return -EINVAL;
		hash = crypt_r(word, salt, &data);
	} else if (crypt_checksalt(word) == CRYPT_SALT_INVALID) {
		return -EINVAL;
	}
	if (!hash || hash[0] == '*' || strlen(hash) >= sizeof(rc->hash))
		return -EINVAL;
	memcpy(rc->hash, hash, strlen(hash) + 1);
	return 0;
}

static bool is_address(const char *word, bool bits)
{
	char addr[RC_WORD_MAX];
	unsigned char bin[16];
	char *slash, *end = NULL;
	long len = 0, max;

	snprintf(addr, sizeof(addr), "%s", word);
	slash = strchr(addr, '/');
	if (slash)
		*slash++ = '\0';
	if ((slash != NULL) != bits)
		return false;
	if (inet_pton(AF_INET, addr, bin) == 1)
		max = 32;
	else if (inet_pton(AF_INET6, addr, bin) == 1)
		max = 128;
	else
		return false;
	if (slash)
		len = strtol(slash, &end, 10);
	return !slash || (end != slash && !*end && len >= 0 && len <= max);
}

static int keep_word(char *to, const char *word)
{
	if (strlen(word) >= RC_WORD_MAX)
		return -EINVAL;
	memcpy(to, word, strlen(word) + 1);
	return 0;
}

static int keep_addr(struct rcfile *rc, const char *word, const char **why)
{
	*why = "not an address with its number of bits";
	if (rc->addr_count == RC_ADDRESSES || !is_address(word, true))
		return -EINVAL;
	return keep_word(rc->addrs[rc->addr_count++], word);
}

static int keep_route(struct rcfile *rc, const char *word, const char **why)
{
	*why = "not the address of a router, or the third one";
	if (rc->route_count == 2 || !is_address(word, false))
		return -EINVAL;
	return keep_word(rc->routes[rc->route_count++], word);
}

static int keep_interface(struct rcfile *rc, const char *word, const char **why)
{
	*why = "not the name of an interface";
	if (strlen(word) >= IF_NAMESIZE)
		return -EINVAL;
	return keep_word(rc->interface, word);
}

static int take_line(struct rcfile *rc, char *line, const char **why)
{
	static const struct {
		const char *name;
		int (*keep)(struct rcfile *rc, const char *word,
			    const char **why);
	} words[] = {
		{ "password", keep_password },
		{ "ip4", keep_addr },
		{ "ip6", keep_addr },
		{ "defroute", keep_route },
		{ "defroute4", keep_route },
		{ "defroute6", keep_route },
		{ "interface", keep_interface },
	};
	char *state, *name = strtok_r(line, blanks, &state);
	char *word = name ? strtok_r(NULL, blanks, &state) : NULL;

	if (!name || name[0] == '#')
		return 0;
	*why = "one word is to follow";
	if (!word || strtok_r(NULL, blanks, &state))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, name) == 0)
			return words[i].keep(rc, word, why);
	}
	*why = "not a word of this file";
	return -EINVAL;
}

int rc_read(FILE *from, struct rcfile *out, const char **why)
{
	char *line = NULL;
	size_t size = 0;
	int number = 0, ret = 0;

	memset(out, 0, sizeof(*out));
	memcpy(out->interface, "vd0", 4);
	while (ret == 0 && getline(&line, &size, from) >= 0) {
		number++;
		ret = take_line(out, line, why);
	}
	if (ret == 0 && ferror(from))
		ret = -EIO;
	else if (ret < 0)
		ret = number;
	if (line)
		explicit_bzero(line, size);
	free(line);
	return ret;
}

/* crypt(3)'s output is as long for all passwords: no length is told. */
bool rc_is_password(const struct rcfile *rc, const char *password)
{
	struct crypt_data data = { 0 };
	const char *hash = crypt_r(password, rc->hash, &data);
	unsigned char differ = 0;
	size_t len = strlen(rc->hash);

	if (!len || !hash || strlen(hash) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(hash[i] ^ rc->hash[i]);
	return differ == 0;
}

static int run_ip(const char *const *argv)
{
	int ret, status = 0;
	pid_t pid;

	/* posix_spawn(3) changes no argument, its type says so. */
	ret = posix_spawnp(&pid, "ip", NULL, NULL,
			   (char *const *)(uintptr_t)argv, environ);
	if (ret) {
		serve_say("ip: %s", strerror(ret));
		return -ret;
	}
	do {
		ret = waitpid(pid, &status, 0);
	} while (ret < 0 && errno == EINTR);
	if (status == 0)
		return 0;
	serve_say(
		"'ip %s %s %s' failed; addresses in the configuration file want a view with a stack of its own",
		argv[1], argv[2], argv[3]);
	return -EIO;
}

int rc_apply(const struct rcfile *rc)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < rc->addr_count; i++)
		ret = run_ip((const char *const[]){ "ip", "addr", "replace",
						    rc->addrs[i], "dev",
						    rc->interface, NULL });
	if (ret == 0 && rc->addr_count)
		ret = run_ip((const char *const[]){
			"ip", "link", "set", rc->interface, "up", NULL });
	for (size_t i = 0; ret == 0 && i < rc->route_count; i++)
		ret = run_ip((const char *const[]){ "ip", "route", "replace",
						    "default", "via",
						    rc->routes[i], NULL });
	return ret;
}
