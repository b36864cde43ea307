// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * binfmt_fuzz.c - lines and files of binfmt_misc
 *
 * The input is a line for `register`. What it makes can be printed, read back
 * with the same result, and compared with a file. The same bytes are taken for
 * the file of an entry, as the host's kernel shows it, and for a command.
 */
#include <umview/binfmt.h>

#include "fuzz/guest.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/alloc.h"

static size_t print(const struct um_binfmt *f, char text[UM_BINFMT_TEXT + 1])
{
	size_t n = um_binfmt_print(f, text);

	FUZZ_CHECK(n < UM_BINFMT_TEXT);
	text[n] = '\0';
	return n;
}

static void use(const struct um_binfmt *f, const unsigned char *head)
{
	struct um_binfmt_req req = { .path = "/a.b", .name = "/a.b" };

	FUZZ_CHECK(*f->name && *f->interpreter && f->magic);
	FUZZ_CHECK(!(f->flags & UM_BINFMT_MAGIC) ||
		   (size_t)f->offset + f->size <= UM_BINFMT_HEAD);
	req.head = head;
	um_binfmt_match(f, &req);
}

/* An interpreter's name with a newline in it is printed, and not read. */
static void again(const struct um_binfmt *f)
{
	char first[UM_BINFMT_TEXT + 1];
	char second[UM_BINFMT_TEXT + 1];
	struct um_binfmt *copy;

	print(f, first);
	if (strchr(f->interpreter, '\n') ||
	    (!(f->flags & UM_BINFMT_MAGIC) && strchr(f->magic, '\n')))
		return;
	if (um_binfmt_read(f->name, first, &copy) < 0) {
		FUZZ_CHECK(!"printed, and not read");
		return;
	}
	print(copy, second);
	FUZZ_CHECK(!strcmp(first, second));
	um_binfmt_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char head[UM_BINFMT_HEAD] = { 0 };
	char *text = malloc(size + 1);
	struct um_binfmt *f;
	int ret;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	memcpy(head, data, size < sizeof(head) ? size : sizeof(head));
	alloc_begin();
	ret = um_binfmt_parse(text, size, &f);
	alloc_end();
	FUZZ_CHECK(ret == 0 || ret == -EINVAL || ret == -ENOMEM);
	if (ret == 0) {
		use(f, head);
		again(f);
		um_binfmt_free(f);
	}
	alloc_begin();
	ret = size <= UM_BINFMT_TEXT ? um_binfmt_read("n", text, &f) : -EINVAL;
	alloc_end();
	if (ret == 0) {
		use(f, head);
		um_binfmt_free(f);
	}
	FUZZ_CHECK(um_binfmt_command(text, size) <= 3);
	free(text);
	return 0;
}
