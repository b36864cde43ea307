// SPDX-License-Identifier: GPL-2.0-or-later
/* data.c - contents of files: one extent, or several in a row */
#include "iso.h"

#include <errno.h>

ssize_t iso_read_packed(const struct iso *iso, const struct iso_node *node,
			void *buf, size_t n, uint64_t off)
{
	uint8_t *to = buf;
	uint64_t begin = 0;
	size_t done = 0;

	if (off >= node->packed)
		return 0;
	if (n > node->packed - off)
		n = (size_t)(node->packed - off);
	for (size_t i = 0; done < n && i < node->nextents; i++) {
		const struct iso_extent *e = &node->extents[i];
		uint64_t in = off + done - begin;
		size_t part;
		int err;

		begin += e->size;
		if (in >= e->size)
			continue;
		part = n - done < e->size - in ? n - done
					       : (size_t)(e->size - in);
		err = iso_read(iso, (uint64_t)e->block * iso->block_size + in,
			       to + done, part);
		if (err)
			return err;
		done += part;
	}
	return done == n ? (ssize_t)n : -EIO;
}
