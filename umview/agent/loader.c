// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loader.c - what the kernel's ELF loader would have done
 *
 * Every execve in a view runs the agent; this asks the monitor which program
 * was meant, maps it and its interpreter, mends the argument block and the
 * auxiliary vector, and tells where to go. See elf(5), getauxval(3), and for
 * the fields of /proc that follow, PR_SET_MM_MAP in prctl(2).
 *
 * The program may lie on any virtual file system: its descriptor came from the
 * monitor, the interpreter is opened through the view. Whatever fails here
 * fails after the point of no return, and ends the process as the kernel
 * would: by SIGKILL.
 *
 * No libc, no thread-local storage, no allocation; single-threaded, on a stack
 * of 16 KiB.
 */
#include <asm/unistd.h>
#include <elf.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <stdint.h>

#include "agent/fast.h"
#include "agent/string.h"
#include <umview/vuctl_nr.h>

#define PAGE	     4096UL
#define PAGE_DOWN(x) ((x) & ~(PAGE - 1))
#define PAGE_UP(x)   (((x) + PAGE - 1) & ~(PAGE - 1))
#define MAX_PHDRS    128
#define SOME_PHDRS   14
#define PIE_BASE     0x555555554000UL

struct um_start {
	unsigned long sp;
	unsigned long entry;
};

struct um_start um_agent_load(unsigned long *sp);

/*
 * One mapped ELF file.
 * @reach: the segment whose map reaches over the whole image; or NULL
 */
struct image {
	int fd;
	const struct um_text *text;
	unsigned long bias;
	unsigned long start;
	unsigned long end;
	unsigned long code_start;
	unsigned long code_end;
	unsigned long data_start;
	unsigned long data_end;
	unsigned long phdr;
	const Elf64_Phdr *ph;
	const Elf64_Phdr *reach;
	/* as they mostly lie in the file */
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[SOME_PHDRS];
	} head;
};

/* The argument block: where its parts begin. */
struct block {
	unsigned long *argc;
	char **argv;
	char **envp;
	Elf64_auxv_t *auxv;
	unsigned long nenv;
	unsigned long naux;
};

/* What is used of it lies in one page, mostly. */
static struct {
	struct image program;
	struct image interp;
	int region_fd;
	struct um_exec_info info;
	Elf64_Phdr ph[2][MAX_PHDRS];
} all __attribute__((aligned(PAGE)));

static void fail(void) __attribute__((noreturn));

static void fail(void)
{
	for (;;) {
		long pid = um_native(__NR_getpid, 0, 0, 0, 0, 0, 0);

		um_native(__NR_kill, pid, 9, 0, 0, 0, 0);
		um_native(__NR_exit_group, 127, 0, 0, 0, 0, 0);
	}
}

static long must(long ret)
{
	if (ret < 0 && ret > -4096)
		fail();
	return ret;
}

static unsigned long map(unsigned long addr, unsigned long len, int prot,
			 int flags, int fd, unsigned long off)
{
	return (unsigned long)must(um_native(__NR_mmap, (long)addr, (long)len,
					     prot, flags, fd, (long)off));
}

static void read_at(int fd, void *buf, unsigned long n, unsigned long off)
{
	char *p = buf;

	while (n) {
		long got = um_native(__NR_pread64, fd, (long)p, (long)n,
				     (long)off, 0, 0);

		if (got <= 0)
			fail();
		p += got;
		off += (unsigned long)got;
		n -= (unsigned long)got;
	}
}

static void read_heads(struct image *im, Elf64_Phdr ph[MAX_PHDRS])
{
	const Elf64_Ehdr *eh = &im->head.eh;
	long got = um_native(__NR_pread64, im->fd, (long)&im->head,
			     sizeof(im->head), 0, 0, 0);
	unsigned long size;

	if (got < (long)sizeof(*eh) || eh->e_phnum > MAX_PHDRS ||
	    eh->e_phentsize != sizeof(Elf64_Phdr))
		fail();
	size = eh->e_phnum * sizeof(Elf64_Phdr);
	im->ph = im->head.ph;
	if (eh->e_phoff == sizeof(*eh) &&
	    sizeof(*eh) + size <= (unsigned long)got)
		return;
	read_at(im->fd, ph, size, eh->e_phoff);
	im->ph = ph;
}

/* Lowest and highest address of the segments, and the largest alignment. */
static unsigned long span(struct image *im, unsigned long *low,
			  unsigned long *high)
{
	unsigned long align = PAGE;

	*low = ~0UL;
	*high = 0;
	for (int i = 0; i < im->head.eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &im->ph[i];

		if (ph->p_type != PT_LOAD)
			continue;
		if (PAGE_DOWN(ph->p_vaddr) < *low)
			*low = PAGE_DOWN(ph->p_vaddr);
		if (PAGE_UP(ph->p_vaddr + ph->p_memsz) > *high)
			*high = PAGE_UP(ph->p_vaddr + ph->p_memsz);
		if (ph->p_align > align && !(ph->p_align & (ph->p_align - 1)))
			align = ph->p_align;
	}
	if (*high <= *low)
		fail();
	return align;
}

/* A place for a position-independent image; near `hint` when that is not 0. */
static unsigned long reserve(unsigned long len, unsigned long align,
			     unsigned long hint)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	unsigned long at;

	if (hint) {
		hint = (hint + align - 1) & ~(align - 1);
		at = (unsigned long)um_native(
			__NR_mmap, (long)hint, (long)len, PROT_NONE,
			flags | MAP_FIXED_NOREPLACE, -1, 0);
		if (at == hint)
			return at;
	}
	at = map(0, len + align - PAGE, PROT_NONE, flags, -1, 0);
	return (at + align - 1) & ~(align - 1);
}

static int prot_of(const Elf64_Phdr *ph)
{
	return ((ph->p_flags & PF_R) ? PROT_READ : 0) |
	       ((ph->p_flags & PF_W) ? PROT_WRITE : 0) |
	       ((ph->p_flags & PF_X) ? PROT_EXEC : 0);
}

/*
 * The rest of a segment's last page is zeroed even when the segment ends with
 * the file's bytes: glibc's ld.so allocates from there.
 */
static void map_tail(const Elf64_Phdr *ph, unsigned long bias)
{
	unsigned long file_end = bias + ph->p_vaddr + ph->p_filesz;
	unsigned long mem_end = PAGE_UP(bias + ph->p_vaddr + ph->p_memsz);
	unsigned long page_end = PAGE_UP(file_end);

	if ((ph->p_flags & PF_W) && ph->p_filesz)
		um_zero((void *)file_end, page_end - file_end);
	if (!ph->p_filesz)
		page_end = PAGE_DOWN(file_end);
	if (mem_end > page_end)
		map(page_end, mem_end - page_end, prot_of(ph),
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void note_range(struct image *im, const Elf64_Phdr *ph)
{
	unsigned long from = im->bias + ph->p_vaddr;
	unsigned long to = from + ph->p_filesz;

	if (ph->p_flags & PF_X) {
		if (!im->code_start || from < im->code_start)
			im->code_start = from;
		if (to > im->code_end)
			im->code_end = to;
	}
	if (!im->data_start || from > im->data_start)
		im->data_start = from;
	if (to > im->data_end)
		im->data_end = to;
	if (im->head.eh.e_phoff >= ph->p_offset &&
	    im->head.eh.e_phoff < ph->p_offset + ph->p_filesz)
		im->phdr = from + im->head.eh.e_phoff - ph->p_offset;
}

static const Elf64_Phdr *find_phdr(const struct image *im, unsigned int type)
{
	for (int i = 0; i < im->head.eh.e_phnum; i++)
		if (im->ph[i].p_type == type)
			return &im->ph[i];
	return 0;
}

/* It lies where the map of `reach` has it already. */
static int is_reached(const struct image *im, const Elf64_Phdr *ph)
{
	const Elf64_Phdr *reach = im->reach;

	return reach && ph->p_flags == reach->p_flags &&
	       ph->p_vaddr - ph->p_offset == reach->p_vaddr - reach->p_offset;
}

static int lay_text(const struct image *im, const Elf64_Phdr *ph)
{
	unsigned long skip = ph->p_vaddr - PAGE_DOWN(ph->p_vaddr);

	if (!(ph->p_flags & PF_X) || !im->text->id)
		return 0;
	return um_lay_text(
		im->text, all.region_fd, PAGE_DOWN(im->bias + ph->p_vaddr),
		ph->p_offset - skip, ph->p_filesz + skip, prot_of(ph));
}

/* Where the patched copy is all of a segment, nothing else is mapped. */
static void map_segment(struct image *im, const Elf64_Phdr *ph)
{
	unsigned long at = PAGE_DOWN(im->bias + ph->p_vaddr);
	unsigned long skip = im->bias + ph->p_vaddr - at;
	int is_whole = !(ph->p_flags & PF_W) && !im->text->runs;
	int laid = is_whole && lay_text(im, ph);

	if (ph->p_filesz && !laid && !is_reached(im, ph))
		map(at, ph->p_filesz + skip, prot_of(ph),
		    MAP_PRIVATE | MAP_FIXED, im->fd, ph->p_offset - skip);
	if (ph->p_memsz > ph->p_filesz || (ph->p_flags & PF_W))
		map_tail(ph, im->bias);
	if (!laid)
		lay_text(im, ph);
	note_range(im, ph);
}

/* Are all its pages some segment's, and the first one's not to be written? */
static int is_dense(const struct image *im, unsigned long low)
{
	const Elf64_Phdr *last = 0;

	for (int i = 0; i < im->head.eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &im->ph[i];

		if (ph->p_type != PT_LOAD)
			continue;
		if (!last && ((ph->p_flags & PF_W) || !ph->p_filesz))
			return 0;
		if (PAGE_DOWN(ph->p_vaddr) != low)
			return 0;
		low = PAGE_UP(ph->p_vaddr + ph->p_memsz);
		last = ph;
	}
	return 1;
}

/*
 * The first segment is mapped as long as the whole image, and the others over
 * it: that spares a reservation. Return: the place; 0: it cannot be so.
 */
static unsigned long map_reach(struct image *im, unsigned long len,
			       unsigned long hint)
{
	const Elf64_Phdr *ph = find_phdr(im, PT_LOAD);
	unsigned long flags = MAP_PRIVATE | (hint ? MAP_FIXED_NOREPLACE : 0);
	long at = um_native(__NR_mmap, (long)hint, (long)len, prot_of(ph),
			    (long)flags, im->fd, (long)PAGE_DOWN(ph->p_offset));

	if (at < 0 && at > -4096)
		return 0;
	if (hint && (unsigned long)at != hint) {
		um_native(__NR_munmap, at, (long)len, 0, 0, 0, 0);
		return 0;
	}
	im->reach = ph;
	return (unsigned long)at;
}

static unsigned long place(struct image *im, unsigned long low,
			   unsigned long len, unsigned long align,
			   unsigned long hint)
{
	unsigned long at = 0;

	if (align == PAGE && is_dense(im, low))
		at = map_reach(im, len, hint);
	return at ? at : reserve(len, align, hint);
}

static void map_image(struct image *im, unsigned long hint)
{
	unsigned long low;
	unsigned long high;
	unsigned long align = span(im, &low, &high);

	if (im->head.eh.e_type == ET_DYN)
		im->bias = place(im, low, high - low, align, hint) - low;
	else
		map(low, high - low, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			    MAP_FIXED_NOREPLACE,
		    -1, 0);
	im->start = im->bias + low;
	im->end = im->bias + high;
	for (int i = 0; i < im->head.eh.e_phnum; i++)
		if (im->ph[i].p_type == PT_LOAD)
			map_segment(im, &im->ph[i]);
}

/* A descriptor of it, or a negative number. */
static int take_file(const struct um_exec_file *f)
{
	long fd;

	if (f->fd >= 0 || f->at < 0)
		return f->fd;
	fd = um_open_told(all.info.monitor, (uint32_t)f->at,
			  O_RDONLY | O_CLOEXEC, f->dev, f->ino);
	if (fd < 0)
		fd = um_viewed(UM_NR_VUCTL, UM_VUCTL_GIVE, f->at, 0, 0);
	return (int)fd;
}

/* Return: whether the program wants an interpreter, which is then mapped. */
static int load_interp(void)
{
	const Elf64_Phdr *ph = find_phdr(&all.program, PT_INTERP);

	if (!ph)
		return 0;
	all.interp.fd = (int)must(take_file(&all.info.interp));
	all.interp.text = &all.info.interp_text;
	read_heads(&all.interp, all.ph[1]);
	map_image(&all.interp, 0);
	um_native(__NR_close, all.interp.fd, 0, 0, 0, 0, 0);
	return 1;
}

/*
 * The region: without it, or where these addresses cannot be had, nothing is
 * patched and every call is the monitor's.
 */
static int map_region(int fd)
{
	const long flags = MAP_FIXED_NOREPLACE;

	if (fd < 0)
		return 0;
	if (um_native(__NR_mmap, UM_SHARED, UM_SHARED_SIZE, PROT_READ,
		      MAP_SHARED | flags, fd, 0) != UM_SHARED)
		return 0;
	return um_native(__NR_mmap, UM_STUBS, UM_STUBS_SIZE,
			 PROT_READ | PROT_EXEC, MAP_PRIVATE | flags, fd,
			 UM_SHARED_SIZE) == UM_STUBS;
}

static void use_stats(int fd)
{
	if (fd < 0)
		return;
	if (um_native(__NR_mmap, UM_STATS, UM_STATS_SIZE,
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		      fd, 0) == UM_STATS)
		um_page.flags |= UM_PAGE_STATS;
	um_native(__NR_close, fd, 0, 0, 0, 0, 0);
}

static void use_region(void)
{
	use_stats(all.info.stats_fd);
	all.region_fd = take_file(&all.info.region);
	if (map_region(all.region_fd))
		return;
	um_page.flags &= ~UM_PAGE_INTERP;
	all.info.text.id = 0;
	all.info.interp_text.id = 0;
}

static void parse_block(unsigned long *sp, struct block *b)
{
	char **p;

	b->argc = sp;
	b->argv = (char **)(sp + 1);
	b->envp = b->argv + *sp + 1;
	for (p = b->envp; *p; p++)
		b->nenv++;
	b->auxv = (Elf64_auxv_t *)(p + 1);
	while (b->auxv[b->naux].a_type != AT_NULL)
		b->naux++;
	b->naux++;
}

static unsigned long aux_get(const struct block *b, unsigned long type)
{
	for (unsigned long i = 0; i < b->naux; i++)
		if (b->auxv[i].a_type == type)
			return b->auxv[i].a_un.a_val;
	return 0;
}

/* There is room for one more than the kernel gave. */
static void aux_add(struct block *b, unsigned long type, unsigned long value)
{
	b->auxv[b->naux] = b->auxv[b->naux - 1];
	b->auxv[b->naux - 1].a_type = type;
	b->auxv[b->naux - 1].a_un.a_val = value;
	b->naux++;
}

static void aux_set(const struct block *b, unsigned long type,
		    unsigned long value)
{
	for (unsigned long i = 0; i < b->naux; i++)
		if (b->auxv[i].a_type == type)
			b->auxv[i].a_un.a_val = value;
}

/* The first of the old arguments that stays where new ones come. */
static unsigned long first_kept(const struct block *b)
{
	return *b->argc && !all.info.keep ? 1 : 0;
}

static unsigned long total_args(const struct block *b)
{
	return all.info.nargs ? all.info.nargs + *b->argc - first_kept(b)
			      : *b->argc;
}

/* Lay strings down from `at`, in their order; the array gets their places. */
static char *put_args(const struct block *b, char *at, char **argv)
{
	unsigned long n = total_args(b);
	char *arg = all.info.strings + all.info.args;

	for (unsigned long i = 0; i < n; i++) {
		const char *s =
			i < all.info.nargs
				? arg
				: b->argv[i - all.info.nargs + first_kept(b)];
		unsigned long len = um_strlen(s) + 1;

		if (i < all.info.nargs)
			arg += len;
		um_copy(at, s, len);
		argv[i] = at;
		at += len;
	}
	return at;
}

static unsigned long args_bytes(const struct block *b)
{
	unsigned long sum = 0;
	const char *first = all.info.strings + all.info.args;
	const char *arg = first;

	for (unsigned long i = 0; i < all.info.nargs; i++)
		arg += um_strlen(arg) + 1;
	sum = (unsigned long)(arg - first);
	for (unsigned long i = first_kept(b); i < *b->argc; i++)
		sum += um_strlen(b->argv[i]) + 1;
	return sum;
}

/*
 * The block again, further down: strings for a script's new arguments and for
 * AT_EXECFN lie between the new block and the old one.
 */
static void rebuild(struct block *b, struct prctl_mm_map *mm)
{
	unsigned long n = total_args(b);
	unsigned long fn_len = um_strlen(all.info.strings) + 1;
	unsigned long strings = fn_len + (all.info.nargs ? args_bytes(b) : 0);
	unsigned long words = 1 + n + 1 + b->nenv + 1 + 2 * (b->naux + 1);
	char *fn = (char *)((unsigned long)b->argc - fn_len - 64);
	char *first = fn - (strings - fn_len);
	unsigned long *sp =
		(unsigned long *)(((unsigned long)first - words * 8 - 64) &
				  ~15UL);
	struct block nb = { .argc = sp, .nenv = b->nenv, .naux = b->naux };

	um_copy(fn, all.info.strings, fn_len);
	nb.argv = (char **)(sp + 1);
	nb.envp = nb.argv + n + 1;
	nb.auxv = (Elf64_auxv_t *)(nb.envp + b->nenv + 1);
	if (all.info.nargs) {
		mm->arg_start = (unsigned long)first;
		mm->arg_end = (unsigned long)put_args(b, first, nb.argv);
	} else {
		um_copy(nb.argv, b->argv, n * 8);
	}
	nb.argv[n] = 0;
	um_copy(nb.envp, b->envp, (b->nenv + 1) * 8);
	um_copy(nb.auxv, b->auxv, b->naux * sizeof(Elf64_auxv_t));
	*nb.argc = n;
	*b = nb;
	aux_set(b, AT_EXECFN, (unsigned long)fn);
	if (all.info.exec_fd >= 0)
		aux_add(b, AT_EXECFD, (unsigned long)all.info.exec_fd);
}

static void range_of(char **list, unsigned long n, __u64 *start, __u64 *end)
{
	if (!n)
		return;
	*start = (unsigned long)list[0];
	*end = (unsigned long)list[n - 1] + um_strlen(list[n - 1]) + 1;
}

static unsigned long random_bits(const struct block *b)
{
	const unsigned long *r = (const unsigned long *)aux_get(b, AT_RANDOM);

	if (!r)
		return 0;
	/* The bytes themselves belong to the program: stir them. */
	return (r[0] ^ (r[1] << 7)) * 0x9e3779b97f4a7c15UL;
}

static int randomized(void)
{
	/* personality(2): ADDR_NO_RANDOMIZE */
	long p = um_native(__NR_personality, 0xffffffff, 0, 0, 0, 0, 0);

	return !(p & 0x0040000);
}

/* /proc/PID/{cmdline,environ,auxv,stat} and brk(2) follow from these. */
static void tell_kernel(struct block *b, struct prctl_mm_map *mm, int random)
{
	unsigned long slide = random ? (random_bits(b) >> 20) & 0x1fff : 0;

	mm->start_code = all.program.code_start;
	mm->end_code = all.program.code_end;
	mm->start_data = all.program.data_start;
	mm->end_data = all.program.data_end;
	mm->start_brk = PAGE_UP(all.program.end) + slide * PAGE;
	mm->brk = mm->start_brk;
	mm->start_stack = (unsigned long)b->argc;
	mm->auxv = (__u64 *)b->auxv;
	mm->auxv_size = (unsigned int)(b->naux * sizeof(Elf64_auxv_t));
	mm->exe_fd = (__u32)-1;
	um_native(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, (long)mm, sizeof(*mm),
		  0, 0);
	um_native(__NR_prctl, PR_SET_NAME, (long)all.info.comm, 0, 0, 0, 0);
}

static void mend_auxv(struct block *b)
{
	aux_set(b, AT_PHDR, all.program.phdr);
	aux_set(b, AT_PHENT, sizeof(Elf64_Phdr));
	aux_set(b, AT_PHNUM, all.program.head.eh.e_phnum);
	aux_set(b, AT_ENTRY, all.program.bias + all.program.head.eh.e_entry);
	aux_set(b, AT_BASE, all.interp.start);
	aux_set(b, AT_UID, all.info.uid);
	aux_set(b, AT_EUID, all.info.euid);
	aux_set(b, AT_GID, all.info.gid);
	aux_set(b, AT_EGID, all.info.egid);
	aux_set(b, AT_FLAGS, all.info.at_flags);
}

/* A program whose GNU_STACK says X runs on an executable stack. */
static void mend_stack(unsigned long sp)
{
	const Elf64_Phdr *ph = find_phdr(&all.program, PT_GNU_STACK);

	if (!ph || !(ph->p_flags & PF_X))
		return;
	um_native(__NR_mprotect, (long)PAGE_DOWN(sp), PAGE,
		  PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN, 0, 0, 0);
}

struct um_start um_agent_load(unsigned long *sp)
{
	struct block b = { 0 };
	struct prctl_mm_map mm = { 0 };
	struct um_start start;
	unsigned long hint;
	int random;

	parse_block(sp, &b);
	all.program.fd =
		(int)must(um_viewed(UM_NR_VUCTL, UM_VUCTL_HELLO,
				    (long)&all.info, sizeof(all.info), 0));
	um_page = all.info.page;
	use_region();
	all.program.text = &all.info.text;
	read_heads(&all.program, all.ph[0]);
	hint = PIE_BASE;
	random = randomized();
	if (random)
		hint += ((random_bits(&b) >> 12) & 0xfffffff) * PAGE;
	map_image(&all.program, hint);
	range_of(b.argv, *b.argc, &mm.arg_start, &mm.arg_end);
	range_of(b.envp, b.nenv, &mm.env_start, &mm.env_end);
	start.entry = all.program.bias + all.program.head.eh.e_entry;
	/* first: there may be room for few */
	um_native(__NR_close, all.program.fd, 0, 0, 0, 0, 0);
	if (load_interp())
		start.entry = all.interp.bias + all.interp.head.eh.e_entry;
	um_expect_text(&all.info, all.region_fd);
	rebuild(&b, &mm);
	mend_auxv(&b);
	tell_kernel(&b, &mm, random);
	mend_stack((unsigned long)b.argc);
	start.sp = (unsigned long)b.argc;
	return start;
}
