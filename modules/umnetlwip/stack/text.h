/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - names and arguments, copied into the room there is for them */
#ifndef ST_TEXT_H
#define ST_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Copy a string with its end. false: it did not fit; to is "" then. */
static inline bool st_text_copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);
	bool fits = len < size;

	if (fits)
		memcpy(to, from, len + 1);
	else if (size > 0)
		*to = '\0';
	return fits;
}

#endif
