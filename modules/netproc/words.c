// SPDX-License-Identifier: GPL-2.0-or-later
/* words.c - options of a mount that become words for a stack's program */
#include "words.h"

#include <stdbool.h>
#include <stdlib.h>

char *words_next(char **rest)
{
	char *word = *rest, *in, *to;
	bool quoted = false;

	if (!word)
		return NULL;
	for (in = to = word; *in && (quoted || *in != ','); in++) {
		if (*in == '"')
			quoted = !quoted;
		else
			*to++ = *in;
	}
	*rest = *in ? in + 1 : NULL;
	*to = '\0';
	return word;
}

void words_free(char **words)
{
	for (size_t n = 0; words && words[n]; n++)
		free(words[n]);
	free(words);
}
