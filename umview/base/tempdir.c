// SPDX-License-Identifier: GPL-2.0-or-later
/* tempdir.c - a private directory for a moment */
#include "base/tempdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int um_tempdir(char *dir)
{
	const char *const bases[] = { getenv("XDG_RUNTIME_DIR"), "/dev/shm",
				      "/tmp", getenv("TMPDIR") };

	for (size_t i = 0; i < UM_ARRAY_SIZE(bases); i++) {
		int n;

		if (!bases[i] || !*bases[i])
			continue;
		n = snprintf(dir, UM_TEMPDIR_MAX, "%s/.umview-XXXXXX",
			     bases[i]);
		if (n < UM_TEMPDIR_MAX && mkdtemp(dir))
			return 0;
	}
	return -EACCES;
}
