// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text.c - patched copies of executable segments
 *
 * Of each file of which a guest runs code the system call instructions are
 * looked for once (purelibc/site.h), and replaced in a copy in the region file
 * (stub.c) that all guests map over the file's own code. Of large texts only
 * the pages that have such an instruction are copied: there are few, as most
 * programs make their calls through libc.
 *
 * Sites of calls that are never virtual stay as they are.
 *
 * Texts are found by device, inode, size and times of their file, and are kept
 * as long as the session: a stub may be in use in any guest.
 */
#include "sys/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <umview/log.h>

#include "base/hash.h"
#include "base/lock.h"
#include "guest/shared.h"
#include "purelibc/site.h"
#include "sys/code.h"
#include "sys/stub.h"
#include "sys/sys.h"

#define PAGE 4096UL
/* A text that is not longer is copied as a whole: one map. */
#define MAX_WHOLE (4UL << 20)
/* Pages of a longer one that are nearer to each other are mapped together. */
#define NEAR (16 * PAGE)
/* And this often at most. */
#define MAX_RUNS 64

_Static_assert(UM_TEXT_SITE_JMP == PURE_SITE_JMP &&
		       UM_TEXT_SITE_MAX == PURE_SITE_MAX,
	       "um_text_site");

struct text {
	struct um_hnode node;
	struct stat st;
	struct um_text text;
	char *path;
	struct text *library;
	struct um_run *run;
	struct um_text_site *site;
	size_t done;
	size_t left;
	bool whole;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_hash texts;
static struct text *by_id[UM_NBASES];
static uint32_t ids;

static uint64_t key_of(const struct stat *st)
{
	return (uint64_t)st->st_ino ^ ((uint64_t)st->st_dev << 32) ^
	       ((uint64_t)st->st_mtim.tv_nsec << 20);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static struct text *find_locked(const struct stat *st)
{
	struct um_hnode *n = um_hash_get(&texts, key_of(st));

	for (; n; n = um_hash_next(n)) {
		struct text *t = um_container(n, struct text, node);

		if (is_same(&t->st, st))
			return t;
	}
	return NULL;
}

static bool is_wanted(int nr, void *arg)
{
	(void)arg;
	return nr < 0 || um_stub_wants(nr);
}

/* Replace what can be, and note how it was. */
static void patch(const struct um_code *code, const struct pure_sites *sites,
		  uint32_t id, struct text *t)
{
	for (size_t i = 0; i < sites->n; i++) {
		size_t at = code->skip + sites->site[i].at;
		struct um_stub stub = {
			.site = &sites->site[i],
			.id = id,
			.offset = code->from + at,
			.small_stack = code->is_go,
		};
		struct um_text_site *s = &t->site[t->done];

		s->offset = stub.offset;
		s->len = stub.site->len;
		memcpy(s->was, code->bytes + at, s->len);
		if (!um_stub_put(&stub, code->bytes + at))
			continue;
		memcpy(s->is, code->bytes + at, sizeof(s->is));
		t->done++;
	}
}

/* ---- the copy ---- */

static int append(const struct um_code *code, struct um_run *run)
{
	off_t at = um_shared_append(code->bytes + (run->from - code->from),
				    run->len);

	run->at = (uint64_t)at;
	return at < 0 ? (int)at : 0;
}

/* Offsets in the file of the pages of one site; the last one's end. */
struct span {
	uint64_t from;
	uint64_t to;
};

static struct span span_of(const struct um_code *code,
			   const struct pure_site *s)
{
	uint64_t at = code->from + code->skip + s->at;

	return (struct span){ at & ~(PAGE - 1),
			      (at + s->len + PAGE - 1) & ~(PAGE - 1) };
}

/* Sites rise, so their pages do. The number of runs; above MAX_RUNS: too many. */
static uint32_t find_runs(const struct um_code *code,
			  const struct pure_sites *sites, uint64_t near,
			  struct um_run *run)
{
	uint32_t n = 0;

	for (size_t i = 0; i < sites->n; i++) {
		struct span pages = span_of(code, &sites->site[i]);
		struct um_run *last = n ? &run[n - 1] : NULL;

		if (last && pages.from <= last->from + last->len + near) {
			last->len = pages.to - last->from;
			continue;
		}
		if (n == MAX_RUNS)
			return MAX_RUNS + 1;
		run[n++] = (struct um_run){
			.from = pages.from,
			.len = pages.to - pages.from,
		};
	}
	return n;
}

static int copy_runs(const struct um_code *code, const struct pure_sites *sites,
		     struct text *text)
{
	struct um_text *t = &text->text;
	uint64_t near = NEAR;
	off_t at;
	int ret = 0;

	text->run = calloc(MAX_RUNS, sizeof(*text->run));
	if (!text->run)
		return -ENOMEM;
	while ((t->runs = find_runs(code, sites, near, text->run)) > MAX_RUNS)
		near *= 2;
	for (uint32_t i = 0; ret == 0 && i < t->runs; i++)
		ret = append(code, &text->run[i]);
	if (ret < 0)
		return ret;
	at = um_shared_append(text->run, t->runs * sizeof(*text->run));
	t->at = (uint64_t)at;
	return at < 0 ? (int)at : 0;
}

static int copy_whole(const struct um_code *code, struct text *text)
{
	struct um_run whole = { .from = code->from, .len = code->len };
	int ret = append(code, &whole);

	text->text.at = whole.at;
	return ret;
}

static int copy(const struct um_code *code, const struct pure_sites *sites,
		struct text *text)
{
	struct um_text *t = &text->text;
	int ret;

	if (!sites->n || ids + 1 >= UM_NBASES) {
		text->left = sites->refused + sites->n;
		return 0;
	}
	text->site = calloc(sites->n, sizeof(*text->site));
	if (!text->site)
		return -ENOMEM;
	t->from = code->from;
	t->len = code->len;
	patch(code, sites, ids + 1, text);
	text->left = sites->refused + sites->n - text->done;
	ret = t->len > MAX_WHOLE ? copy_runs(code, sites, text)
				 : copy_whole(code, text);
	if (ret == 0)
		t->id = ++ids;
	um_debug("text %u: %zu sites patched, %zu not, %u runs", t->id,
		 text->done, text->left, t->runs);
	return ret;
}

/* Make the copy; without one, the id stays 0. */
static void build(int fd, struct text *text)
{
	struct um_code code;
	struct pure_sites sites = { 0 };
	int ret = um_code_read(fd, &code);

	if (ret == 0)
		ret = pure_sites_find(code.bytes + code.skip, code.size,
				      is_wanted, NULL, &sites);
	if (ret == 0)
		ret = copy(&code, &sites, text);
	text->whole = ret < 0;
	pure_sites_free(&sites);
	um_code_fini(&code);
}

static uint64_t plain_key(const struct stat *st)
{
	return um_plain_key(st->st_dev, st->st_ino, (uint64_t)st->st_size,
			    (uint64_t)st->st_mtim.tv_sec,
			    (uint64_t)st->st_mtim.tv_nsec);
}

/* The first library with a copy that somebody with this interpreter mapped. */
static void note_library(uint64_t interp, uint32_t id)
{
	um_lock(&lock);
	if (interp && interp < UM_NBASES && by_id[interp] &&
	    !by_id[interp]->library)
		by_id[interp]->library = by_id[id];
	um_unlock(&lock);
}

void um_text_expected(struct um_exec_info *info)
{
	const struct text *t = NULL;

	um_lock(&lock);
	if (info->interp_text.id)
		t = by_id[info->interp_text.id]->library;
	if (t) {
		info->lib_text = t->text;
		info->lib_key = plain_key(&t->st);
	}
	um_unlock(&lock);
}

static char *name_of(int fd)
{
	char link[64];
	char text[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, text, sizeof(text) - 1);
	return strndup(text, n < 0 ? 0 : (size_t)n);
}

/* Does it have this byte of the region file? Then where in its own file. */
static bool has_byte(const struct text *t, uint64_t at, uint64_t *offset)
{
	const struct um_run whole = { .from = t->text.from,
				      .len = t->text.len,
				      .at = t->text.at };
	const struct um_run *run = t->run ? t->run : &whole;
	uint32_t n = t->run ? t->text.runs : 1;

	for (uint32_t i = 0; t->text.id && i < n; i++)
		if (at >= run[i].at && at - run[i].at < run[i].len) {
			*offset = at - run[i].at + run[i].from;
			return true;
		}
	return false;
}

bool um_text_at(uint64_t at, struct um_text_file *out)
{
	const struct text *found = NULL;

	um_lock(&lock);
	for (size_t i = 0; i < texts.nslots && !found; i++) {
		struct um_hnode *n = texts.slot[i];

		for (; n && !found; n = n->next) {
			const struct text *t =
				um_container(n, struct text, node);

			if (has_byte(t, at, &out->offset))
				found = t;
		}
	}
	if (found) {
		out->st = found->st;
		snprintf(out->path, sizeof(out->path), "%s",
			 found->path ? found->path : "");
	}
	um_unlock(&lock);
	return found != NULL;
}

size_t um_text_sites(uint32_t id, const struct um_text_site **out)
{
	const struct text *t = NULL;

	um_lock(&lock);
	if (id < UM_NBASES)
		t = by_id[id];
	um_unlock(&lock);
	if (!t)
		return 0;
	*out = t->site;
	return t->done;
}

static struct text *add_locked(int fd, const struct stat *st)
{
	struct text *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->st = *st;
	t->path = name_of(fd);
	build(fd, t);
	if (um_hash_add(&texts, &t->node, key_of(st)) < 0) {
		free(t->path);
		free(t->run);
		free(t->site);
		free(t);
		return NULL;
	}
	if (t->text.id)
		by_id[t->text.id] = t;
	return t;
}

void um_text_of(int fd, struct um_text *out)
{
	struct text *t;
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (!um_shared_stubs() || fstat(fd, &st) < 0)
		return;
	um_lock(&lock);
	if (!texts.count)
		um_stub_setup();
	t = find_locked(&st);
	if (!t)
		t = add_locked(fd, &st);
	if (t)
		*out = t->text;
	um_unlock(&lock);
	if (!out->id)
		um_shared_add_plain(plain_key(&st));
}

static void print_text(FILE *out, const struct text *t)
{
	if (t->whole)
		fprintf(out, "%12s %12s  %s\n", "none", "-", t->path);
	else if (t->done + t->left)
		fprintf(out, "%12zu %12zu  %s\n", t->done, t->left, t->path);
}

void um_text_print(FILE *out)
{
	fprintf(out, "%12s %12s  %s\n", "replaced", "left", "file");
	um_lock(&lock);
	for (size_t i = 0; i < texts.nslots; i++)
		for (struct um_hnode *n = texts.slot[i]; n; n = n->next)
			print_text(out, um_container(n, struct text, node));
	um_unlock(&lock);
}

long um_text_give(struct um_req *r)
{
	UM_CLOSE int fd = -1;
	struct um_text text;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)r->tid,
		 (int)r->arg[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	um_text_of(fd, &text);
	if (!text.id)
		return -ENOENT;
	note_library(r->arg[3], text.id);
	ret = um_copy_out(r, um_uptr_of(r->arg[2]), &text, sizeof(text));
	if (ret < 0)
		return ret;
	return r->engine->inject(r, um_shared_fd(), true, false);
}
