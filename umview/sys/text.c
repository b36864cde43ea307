// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text.c - patched copies of executable segments
 *
 * A site of at least 7 bytes becomes `jmp *slot`, slot at an absolute address
 * in low memory; the slot holds its stub's address. A stub does what the site
 * did:
 *
 *	whole instructions that stood before the call, if any were replaced
 *	the call, or the way to the agent
 *	whole instructions that stood after it
 *	back to the site's end: base of this text in this process + offset
 *
 * Only %rax, %rcx and %r11 are free there, as after any system call. Reads
 * are made in the stub: only EBADF, the cue of a virtual descriptor, leads to
 * the agent, and whatever a guest reads that may serve a file system. close(2)
 * goes there only while there are files whose file system wants to be told.
 * Sites of calls that are never virtual stay as they are.
 *
 * Texts are found by device, inode, size and times of their file, and are kept
 * as long as the session: a stub may be in use in any guest.
 */
#include "sys/text.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <umview/log.h>

#include "base/hash.h"
#include "base/lock.h"
#include "guest/shared.h"
#include "purelibc/site.h"
#include "sys/stats.h"
#include "sys/sys.h"

#define PAGE	 4096UL
#define MAX_TEXT (64UL << 20)
#define MAX_STUB 96

struct text {
	struct um_hnode node;
	struct stat st;
	struct um_text text;
	char *path;
	struct text *library;
	size_t done;
	size_t left;
	bool whole;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_hash texts;
static struct text *by_id[UM_NBASES];
static uint32_t ids;

/* Where the next stub goes, from UM_STUBS on; the classes come first. */
static size_t stubs_end = UM_NCALLS;

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

/* Go's stacks are small, and its calls all come from one site. */
static bool is_go(int fd, const Elf64_Phdr *ph)
{
	unsigned char note[16];

	return ph->p_type == PT_NOTE &&
	       pread(fd, note, 16, (off_t)ph->p_offset) == 16 &&
	       !memcmp(note + 12, "Go\0\0", 4);
}

/* The one executable segment, or NULL when there are none or several. */
static const Elf64_Phdr *find_code(int fd, const Elf64_Phdr *ph, int n)
{
	const Elf64_Phdr *code = NULL;

	for (int i = 0; i < n; i++) {
		if (is_go(fd, &ph[i]))
			return NULL;
		if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_X))
			continue;
		if (code || (ph[i].p_flags & PF_W))
			return NULL;
		code = &ph[i];
	}
	return code;
}

#define MAX_PHDRS 64

/* The code of an ELF file: whole pages into *out (caller frees); 0 or -errno. */
static int read_code(int fd, struct um_text *t, size_t *skip, size_t *size,
		     unsigned char **out)
{
	Elf64_Phdr ph[MAX_PHDRS];
	const Elf64_Phdr *code;
	Elf64_Ehdr eh;
	ssize_t n;

	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_machine != EM_X86_64 || eh.e_phnum > MAX_PHDRS)
		return -ENOEXEC;
	n = (ssize_t)(eh.e_phnum * sizeof(Elf64_Phdr));
	if (pread(fd, ph, (size_t)n, (off_t)eh.e_phoff) != n)
		return -ENOEXEC;
	code = find_code(fd, ph, eh.e_phnum);
	if (!code || code->p_filesz > MAX_TEXT)
		return -ENOEXEC;
	t->from = code->p_offset & ~(PAGE - 1);
	*skip = code->p_offset - t->from;
	*size = code->p_filesz;
	t->len = (*skip + *size + PAGE - 1) & ~(PAGE - 1);
	*out = calloc(1, t->len);
	if (!*out)
		return -ENOMEM;
	n = pread(fd, *out, t->len, (off_t)t->from);
	return n < (ssize_t)(*skip + *size) ? -ENOEXEC : 0;
}

/* Code that grows; the address it will run at follows from its place. */
struct code {
	unsigned char *base;
	size_t at;
};

static void put(struct code *c, const void *bytes, size_t n)
{
	memcpy(c->base + c->at, bytes, n);
	c->at += n;
}

static void put32(struct code *c, uint32_t value)
{
	put(c, &value, sizeof(value));
}

static uint32_t here(const struct code *c)
{
	return (uint32_t)(UM_STUBS + c->at);
}

#define PUT(c, ...)                                                            \
	put((c), (const unsigned char[]){ __VA_ARGS__ },                       \
	    sizeof((const unsigned char[]){ __VA_ARGS__ }))

static bool is_read(int nr)
{
	return nr == SYS_read || nr == SYS_pread64 || nr == SYS_readv ||
	       nr == SYS_preadv || nr == SYS_preadv2;
}

/* mov $cont,%ecx; jmp um_entry */
static void put_ask(struct code *c, uint32_t cont)
{
	PUT(c, 0xb9);
	put32(c, cont);
	PUT(c, 0xe9);
	put32(c, UM_GATE + UM_GATE_ENTRY - (here(c) + 4));
}

/* The replaced instructions after the call; back to the site's end. */
static void put_return(struct code *c, const struct pure_site *s,
		       const unsigned char *site, const struct um_text *t,
		       uint64_t offset)
{
	put(c, site + s->head + 2, (size_t)s->len - s->head - 2);
	PUT(c, 0x48, 0x8b, 0x0c, 0x25); /* mov base,%rcx */
	put32(c, UM_BASES + 8 * t->id);
	PUT(c, 0x48, 0x8d, 0x89); /* lea offset(%rcx),%rcx */
	put32(c, (uint32_t)(offset + s->len));
	PUT(c, 0xff, 0xe1); /* jmp *%rcx */
}

/*
 * movzbl flags+1,%ecx; jrcxz 1f; jmp ask
 * 1: syscall; lea EBADF(%rax),%rcx; jrcxz ask; return; ask: mov $nr,%eax; ...
 */
static void put_read(struct code *c, const struct pure_site *s,
		     const unsigned char *site, const struct um_text *t,
		     uint64_t offset)
{
	uint32_t cont;
	size_t first;
	size_t jump;

	PUT(c, 0x0f, 0xb6, 0x0c, 0x25);
	put32(c, UM_PAGE + offsetof(struct um_page, flags) + 1);
	PUT(c, 0xe3, 0x02, 0xeb, 0x00);
	first = c->at;
	PUT(c, 0x0f, 0x05, 0x48, 0x8d, 0x48, EBADF, 0xe3, 0x00);
	jump = c->at;
	cont = here(c);
	put_return(c, s, site, t, offset);
	c->base[first - 1] = (unsigned char)(c->at - first);
	c->base[jump - 1] = (unsigned char)(c->at - jump);
	PUT(c, 0xb8);
	put32(c, (uint32_t)s->nr);
	put_ask(c, cont);
}

/*
 * mov flushes,%ecx; jrcxz 1f; mov $cont,%ecx; jmp um_entry; 1: syscall; return
 */
static void put_close(struct code *c, const struct pure_site *s,
		      const unsigned char *site, const struct um_text *t,
		      uint64_t offset)
{
	PUT(c, 0x8b, 0x0c, 0x25);
	put32(c, UM_SHARED + offsetof(struct um_shared, flushes));
	PUT(c, 0xe3, 10);
	put_ask(c, here(c) + 10 + 2);
	PUT(c, 0x0f, 0x05);
	put_return(c, s, site, t, offset);
}

/*
 * A number known to be tracked goes to the agent; one that is not known is
 * looked up: cmp $512,%rax; jae 1f; cmpb $0,classes(%rax); je 1f; ask;
 * 1: syscall; return
 */
static void put_any(struct code *c, const struct pure_site *s,
		    const unsigned char *site, const struct um_text *t,
		    uint64_t offset)
{
	/* what follows `ask`: the call itself has 2 bytes */
	bool unknown = s->nr < 0;

	if (unknown) {
		PUT(c, 0x48, 0x3d);
		put32(c, UM_NCALLS);
		PUT(c, 0x73, 9 + 10);
		PUT(c, 0x80, 0xb8);
		put32(c, UM_STUBS);
		PUT(c, 0x00, 0x74, 10);
	}
	put_ask(c, here(c) + 10 + (unknown ? 2 : 0));
	if (unknown)
		PUT(c, 0x0f, 0x05);
	put_return(c, s, site, t, offset);
}

/* One site. False: there is no room left. */
static bool replace(const struct pure_site *s, unsigned char *site,
		    const struct um_text *t, uint64_t offset)
{
	struct code c = { um_shared_stubs(), (stubs_end + 7) & ~(size_t)7 };
	uint64_t stub;
	uint32_t slot;

	if (c.at + MAX_STUB > UM_STUBS_SIZE)
		return false;
	slot = here(&c);
	stub = slot + 8;
	put(&c, &stub, sizeof(stub));
	put(&c, site, s->head);
	if (is_read(s->nr) && !um_stats_on())
		put_read(&c, s, site, t, offset);
	else if (s->nr == SYS_close && !um_stats_on())
		put_close(&c, s, site, t, offset);
	else
		put_any(&c, s, site, t, offset);
	stubs_end = c.at;
	memset(site, 0xcc, s->len);
	memcpy(site, (const unsigned char[]){ 0xff, 0x24, 0x25 }, 3);
	memcpy(site + 3, &slot, sizeof(slot));
	return true;
}

static bool is_wanted(int nr, void *arg)
{
	(void)arg;
	return nr < 0 || um_filter_tracks(nr);
}

static int patch(unsigned char *bytes, size_t skip, size_t size,
		 struct text *text)
{
	struct um_text *t = &text->text;
	struct pure_sites sites = { 0 };
	int ret = pure_sites_find(bytes + skip, size, is_wanted, NULL, &sites);
	size_t done = 0;

	if (ret == 0 && sites.n && ids + 1 < UM_NBASES)
		t->id = ids + 1;
	for (size_t i = 0; t->id && i < sites.n; i++) {
		size_t at = skip + sites.site[i].at;

		done += replace(&sites.site[i], bytes + at, t, t->from + at);
	}
	text->done = done;
	text->left = sites.refused + sites.n - done;
	um_debug("text %u: %zu sites patched, %zu not", t->id, done,
		 text->left);
	pure_sites_free(&sites);
	return ret;
}

/* Make the copy; without one, the id stays 0. */
static void build(int fd, struct text *text)
{
	struct um_text *t = &text->text;
	unsigned char *bytes = NULL;
	size_t skip;
	size_t size;
	int ret = read_code(fd, t, &skip, &size, &bytes);
	off_t at = 0;

	if (ret == 0)
		ret = patch(bytes, skip, size, text);
	text->whole = ret < 0;
	if (ret == 0 && t->id) {
		at = um_shared_append(bytes, t->len);
		ret = at < 0 ? (int)at : 0;
	}
	free(bytes);
	if (ret < 0)
		t->id = 0;
	if (t->id)
		ids = t->id;
	t->at = (uint64_t)at;
}

static void set_classes(void)
{
	unsigned char *classes = um_shared_stubs();

	for (int nr = 0; nr < UM_NCALLS; nr++)
		classes[nr] = um_filter_tracks(nr);
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

static bool has_byte(const struct text *t, uint64_t at)
{
	return t->text.id && at >= t->text.at && at - t->text.at < t->text.len;
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

			if (has_byte(t, at))
				found = t;
		}
	}
	if (found) {
		out->st = found->st;
		out->offset = at - found->text.at + found->text.from;
		snprintf(out->path, sizeof(out->path), "%s",
			 found->path ? found->path : "");
	}
	um_unlock(&lock);
	return found != NULL;
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
		set_classes();
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
