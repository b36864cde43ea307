// SPDX-License-Identifier: GPL-2.0-or-later
/* data.c - contents of files of ramfs: reading, writing, size */
#include "tree.h"

#include <errno.h>
#include <string.h>

off_t ram_max_file;

#define MAX_FILE ((off_t)1 << 44)

static off_t max_file(void)
{
	return ram_max_file ? ram_max_file : MAX_FILE;
}

/* The rest of a page from here, or what is left of n. */
static size_t part(off_t off, size_t n)
{
	size_t room = RAM_PAGE - (size_t)off % RAM_PAGE;

	return n < room ? n : room;
}

void ram_copy_out(const struct node *node, char *buf, size_t n, off_t off)
{
	for (size_t k; n; n -= k, buf += k, off += (off_t)k) {
		const char *page = ram_get_page(node, (size_t)off / RAM_PAGE);

		k = part(off, n);
		if (page)
			memcpy(buf, page + off % RAM_PAGE, k);
		else
			memset(buf, 0, k);
	}
}

ssize_t ram_copy_in(struct node *node, const char *buf, size_t n, off_t off)
{
	size_t done = 0;
	int err = off + (off_t)n > max_file() ? -EFBIG : 0;

	while (done < n && err == 0) {
		size_t k = part(off, n - done);
		char *page = ram_make_page(node, (size_t)off / RAM_PAGE, &err);

		if (!page)
			break;
		memcpy(page + off % RAM_PAGE, buf + done, k);
		done += k;
		off += (off_t)k;
	}
	if (done && off > node->st.st_size)
		node->st.st_size = off;
	if (done)
		ram_touch(node, true);
	return done || !n ? (ssize_t)done : err;
}

int ram_resize(struct node *node, off_t size)
{
	size_t first = (size_t)(size + RAM_PAGE - 1) / RAM_PAGE;
	char *last = ram_get_page(node, (size_t)size / RAM_PAGE);

	if (size < 0)
		return -EINVAL;
	if (size > max_file())
		return -EFBIG;
	if (size < node->st.st_size)
		ram_drop_pages(node, first);
	if (last && size % RAM_PAGE)
		memset(last + size % RAM_PAGE, 0,
		       RAM_PAGE - (size_t)size % RAM_PAGE);
	node->st.st_size = size;
	ram_touch(node, true);
	return 0;
}
