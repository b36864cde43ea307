// SPDX-License-Identifier: GPL-2.0-or-later
/* options.c - which interfaces are plugged into what, by source and options */
#include "options.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umview/log.h>

#include "words.h"

enum { WORDS_MAX = 64 };

static int check(const char *word)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1]) {
		um_err("umdevtap: `%s': it is to be NAME=VNL", word);
		return -EINVAL;
	}
	if (equals - word >= IFNAMSIZ ||
	    memchr(word, '/', (size_t)(equals - word))) {
		um_err("umdevtap: `%s': no name of an interface", word);
		return -EINVAL;
	}
	return 0;
}

static int add(char **words, size_t *n, char *word)
{
	if (!word)
		return -ENOMEM;
	if (*n == WORDS_MAX) {
		um_err("umdevtap: more than %d interfaces", WORDS_MAX);
		free(word);
		return -EINVAL;
	}
	words[(*n)++] = word;
	return 0;
}

static int add_source(char **words, size_t *n, const char *source)
{
	char *word;

	if (!strcmp(source, "none"))
		return 0;
	return add(words, n, asprintf(&word, "=%s", source) < 0 ? NULL : word);
}

int tap_options_parse(const char *source, const char *options, char ***out)
{
	char **words = calloc(WORDS_MAX + 1, sizeof(*words));
	char *copy = strdup(options), *rest = copy, *word;
	size_t n = 0;
	int ret = words && copy ? add_source(words, &n, source) : -ENOMEM;

	while (ret == 0 && (word = words_next(&rest))) {
		if (!*word)
			continue;
		ret = check(word);
		if (ret == 0)
			ret = add(words, &n, strdup(word));
	}
	free(copy);
	if (ret < 0 || !n) {
		words_free(words);
		words = NULL;
	}
	*out = words;
	return ret;
}
