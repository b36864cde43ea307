// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * code.c - the executable segment of an ELF file
 *
 * Go's programs are told by what its linker leaves in each of them: a note
 * (among others, where an external linker made one segment of all), or the
 * mark of the build information in the first 64 KiB of the data.
 *
 * The file is read and not mapped: others may truncate it meanwhile.
 */
#include "sys/code.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PAGE	  4096UL
#define MAX_CODE  (512UL << 20)
#define MAX_PHDRS 64
#define MAX_NOTES 4096
#define MAX_INFO  (64UL << 10)
#define INFO_STEP 16

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static bool has_go_note(int fd, const Elf64_Phdr *ph)
{
	_Alignas(Elf64_Nhdr) char notes[MAX_NOTES];
	ssize_t n = pread(fd, notes, sizeof(notes), (off_t)ph->p_offset);
	size_t end = n < 0 ? 0 : (size_t)n;
	size_t at = 0;

	if (end > ph->p_filesz)
		end = ph->p_filesz;
	while (at + sizeof(Elf64_Nhdr) <= end) {
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		if (note.n_namesz == 4 && at + 4 <= end &&
		    !memcmp(notes + at, "Go\0", 4))
			return true;
		if (note.n_namesz > end || note.n_descsz > end)
			return false;
		at += round_up(note.n_namesz, 4) + round_up(note.n_descsz, 4);
	}
	return false;
}

static bool has_go_info(int fd, const Elf64_Phdr *ph)
{
	static const char mark[] = "\xff Go buildinf:";
	UM_FREE char *data = malloc(MAX_INFO);
	size_t size = ph->p_filesz < MAX_INFO ? ph->p_filesz : MAX_INFO;
	ssize_t n = -1;

	if (data)
		n = pread(fd, data, size, (off_t)ph->p_offset);
	for (ssize_t at = 0; at + (ssize_t)sizeof(mark) <= n; at += INFO_STEP)
		if (!memcmp(data + at, mark, sizeof(mark) - 1))
			return true;
	return false;
}

static bool is_go(int fd, const Elf64_Phdr *ph, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ph[i].p_type == PT_NOTE && has_go_note(fd, &ph[i]))
			return true;
		if (ph[i].p_type == PT_LOAD && (ph[i].p_flags & PF_W) &&
		    has_go_info(fd, &ph[i]))
			return true;
	}
	return false;
}

/*
 * A static program that does not begin with a jump, as Go's do, has a C library
 * in the same text as Go's code: threads of C, whose handlers may run on the
 * stack that was interrupted, even on one lent by the agent. A library has no
 * beginning, and a dynamic program's C calls are made in libc.
 */
static bool is_mixed(int fd, const Elf64_Ehdr *eh, const Elf64_Phdr *ph,
		     size_t n)
{
	unsigned char first = 0;

	if (!eh->e_entry)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint64_t at = eh->e_entry - ph[i].p_vaddr;

		if (ph[i].p_type == PT_INTERP)
			return false;
		if (ph[i].p_type == PT_LOAD && at < ph[i].p_filesz &&
		    pread(fd, &first, 1, (off_t)(ph[i].p_offset + at)) != 1)
			return true;
	}
	return first != 0xe9 && first != 0xeb;
}

/* The one executable segment, or NULL when there are none or several. */
static const Elf64_Phdr *find_code(const Elf64_Phdr *ph, size_t n)
{
	const Elf64_Phdr *code = NULL;

	for (size_t i = 0; i < n; i++) {
		if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_X))
			continue;
		if (code || (ph[i].p_flags & PF_W))
			return NULL;
		code = &ph[i];
	}
	return code;
}

/* How many program headers there are, or -ENOEXEC. */
static int read_heads(int fd, Elf64_Ehdr *eh, Elf64_Phdr *ph)
{
	ssize_t n;

	if (pread(fd, eh, sizeof(*eh), 0) != sizeof(*eh) ||
	    memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh->e_machine != EM_X86_64 || eh->e_phnum > MAX_PHDRS ||
	    eh->e_phentsize != sizeof(*ph))
		return -ENOEXEC;
	n = (ssize_t)(eh->e_phnum * sizeof(*ph));
	return pread(fd, ph, (size_t)n, (off_t)eh->e_phoff) == n ? eh->e_phnum
								 : -ENOEXEC;
}

/* The file's section headers, the caller's to free; NULL: it has none. */
static Elf64_Shdr *read_sections(int fd, const Elf64_Ehdr *eh)
{
	size_t n = (size_t)eh->e_shnum * sizeof(Elf64_Shdr);
	Elf64_Shdr *sh;

	if (!eh->e_shnum || eh->e_shentsize != sizeof(*sh))
		return NULL;
	sh = malloc(n);
	if (sh && pread(fd, sh, n, (off_t)eh->e_shoff) != (ssize_t)n) {
		free(sh);
		sh = NULL;
	}
	return sh;
}

static bool is_within(const Elf64_Shdr *sh, uint64_t from, uint64_t to)
{
	return sh->sh_type == SHT_PROGBITS && sh->sh_offset >= from &&
	       sh->sh_offset <= to && sh->sh_size <= to - sh->sh_offset;
}

/*
 * Older linkers put code into one segment with all that is only read, in which
 * bytes may look like a system call. The sections tell them apart: narrow the
 * segment to the first run of those that are code.
 */
static int narrow(int fd, const Elf64_Ehdr *eh, struct um_code *c)
{
	UM_FREE Elf64_Shdr *sh = read_sections(fd, eh);
	uint64_t from = c->from + c->skip, to = from + c->size;
	uint64_t first = to, end = from;

	/* What begins with the ELF head is not code alone. */
	if (!sh)
		return from ? 0 : -ENOEXEC;
	for (size_t i = 0; i < eh->e_shnum; i++) {
		if (!is_within(&sh[i], from, to))
			continue;
		if (!(sh[i].sh_flags & SHF_EXECINSTR)) {
			if (first < to)
				break;
			continue;
		}
		if (sh[i].sh_offset < first)
			first = sh[i].sh_offset;
		if (sh[i].sh_offset + sh[i].sh_size > end)
			end = sh[i].sh_offset + sh[i].sh_size;
	}
	if (first >= end)
		return -ENOEXEC;
	c->skip = first - c->from;
	c->size = end - first;
	return 0;
}

/* All of `len` bytes, which may end with the file; its first `need` must be. */
static int read_whole(int fd, struct um_code *c, size_t need)
{
	size_t done = 0;

	while (done < c->len) {
		ssize_t n = pread(fd, c->bytes + done, c->len - done,
				  (off_t)(c->from + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done < need ? -ENOEXEC : 0;
}

int um_code_read(int fd, struct um_code *out)
{
	Elf64_Phdr ph[MAX_PHDRS];
	const Elf64_Phdr *code;
	Elf64_Ehdr eh;
	int n = read_heads(fd, &eh, ph);

	*out = (struct um_code){ .bytes = NULL };
	if (n < 0)
		return n;
	code = find_code(ph, (size_t)n);
	if (!code || code->p_filesz > MAX_CODE)
		return -ENOEXEC;
	out->is_go = is_go(fd, ph, (size_t)n);
	if (out->is_go && is_mixed(fd, &eh, ph, (size_t)n))
		return -ENOEXEC;
	out->from = code->p_offset & ~(PAGE - 1);
	out->skip = code->p_offset - out->from;
	out->size = code->p_filesz;
	out->len = round_up(out->skip + out->size, PAGE);
	out->bytes = calloc(1, out->len);
	if (!out->bytes)
		return -ENOMEM;
	n = read_whole(fd, out, out->skip + out->size);
	return n < 0 ? n : narrow(fd, &eh, out);
}

void um_code_fini(struct um_code *code)
{
	free(code->bytes);
	code->bytes = NULL;
}
