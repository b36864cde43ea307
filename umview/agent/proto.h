/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto.h - what the agent inside a guest and the monitor agree on
 *
 * The agent is a static ELF at a fixed low address that every execve in a view
 * really runs; it then loads the program and stays. All addresses are known to
 * the monitor and to the seccomp filter, and lie below any program:
 *
 *   UM_SHARED	what the monitor tells all guests: a file of its own, mapped
 *		read-only
 *   UM_STUBS	code that replaced system call instructions, one stub a site,
 *		and the slots that the sites jump through
 *   UM_GATE	one page of the agent's code
 *   UM_STATS	how often each call came to the agent (umview --stats)
 *   UM_BASES	where this process has the patched texts, by their number
 *   UM_PAGE	the guest's attributes. fork copies this page, which is how a
 *		child's attributes are exactly its parent's at fork
 *   UM_STACKS	stacks for calls made where there may be no room on the
 *		program's
 *
 * A system call made from a stub or from the gate is never caught; the rest of
 * the agent makes calls that the monitor answers.
 */
#ifndef UM_AGENT_PROTO_H
#define UM_AGENT_PROTO_H

#define UM_STUBS	 0x10000
#define UM_STUBS_SIZE	 0xf0000
#define UM_AGENT_BASE	 0x100000
#define UM_GATE		 0x100000
#define UM_GATE_SIZE	 0x1000
#define UM_SHARED	 0x120000
#define UM_SHARED_SIZE	 0xc0000
#define UM_STATS	 0x118000
#define UM_STATS_SIZE	 0x1000
#define UM_BASES	 0x1e0000
#define UM_NBASES	 8192
#define UM_PAGE		 0x1f0000
#define UM_PAGE_MAGIC	 0x55656956u
#define UM_PROTO_VERSION 6

/*
 * What lies below is the agent's: no guest maps there, or unmaps. What follows
 * is free, as /proc/self/maps says, after which programs look for a place.
 */
#define UM_LOW_END 0x1f1000

/*
 * What lies before this is not code that passes: a class for each call, and
 * instructions by which stubs ask without a stack (sys/stub.c).
 */
#define UM_STUBS_PASS 0x2000

/* What the number of a call means to a stub. */
#define UM_CLASS_NATIVE	 0 /* never virtual */
#define UM_CLASS_TRACKED 1
#define UM_CLASS_LEAVES	 2 /* tracked, and may not come back */

/*
 * Offsets in the gate: its `syscall` instruction; a stub's way to the agent; the
 * way of a stub that has no stack.
 */
#define UM_GATE_SYSCALL	    0
#define UM_GATE_ENTRY	    16
#define UM_GATE_SMALL_ENTRY 32

/* No stub is longer. */
#define UM_STUB_MAX 128

/*
 * Stacks that the agent lends, in low memory; 32 at most. What grows out of the
 * first does not meet the page at once.
 */
#define UM_STACKS      0x1f2000
#define UM_STACK_SHIFT 11
#define UM_STACK_SIZE  (1 << UM_STACK_SHIFT)
#define UM_NSTACKS     28

/* In um_page.flags: what makes the agent ask. */
#define UM_PAGE_ROOT   1u   /* names begin at a virtual root */
#define UM_PAGE_IDS    2u   /* ids are virtual */
#define UM_PAGE_CWD    4u   /* the working directory is, or may be, virtual */
#define UM_PAGE_INTERP 16u  /* an interpreter maps libraries */
#define UM_PAGE_FILTER 32u  /* it sees its calls: none but its own */
#define UM_PAGE_STATS  64u  /* calls are counted at UM_STATS */
#define UM_PAGE_STACK  128u /* it chose network stacks of its own */

/* In the second byte of um_page.flags, at which the stubs of reads look. */
#define UM_PAGE_HELPER 256u /* it serves a file system, or was started so */
#define UM_PAGE_CHAN                                                           \
	512u /* it has, or may have, such sockets as stand for else */

/*
 * SO_RCVLOWAT, which means nothing there, of an open device that is a
 * SOCK_SEQPACKET socket: its reads and writes are the kernel's (dev/stream.c).
 */
#define UM_STREAM_MARK 0x6d7631

/* Calls whose stub needs no decision; see struct um_page and sys/text.c. */
#define UM_NCALLS 512

/* Numbers of views that have a map of their own; later ones share the last. */
#define UM_NVMAPS    64
#define UM_NMEMOS    4096
#define UM_NPLAIN    256
#define UM_NNAMES    4096
#define UM_NVERSIONS 1024
#define UM_NNODES    2896
#define UM_NLISTINGS 256
#define UM_NBENEATH  64
#define UM_RECORDS   65536
/* Places that an entry may be in, from its tag or key on. */
#define UM_NPLACES  4
#define UM_BLOOM    16
#define UM_NCHANGED 1024
#define UM_NDRESSED 512

#ifndef __ASSEMBLER__

#include <stdint.h>

/**
 * struct um_page - a guest's attributes, at UM_PAGE
 * @version: UM_PROTO_VERSION, and above it the number of the monitor
 * @attr: number of its attribute set in the monitor
 * @flags: UM_PAGE_*
 * @view: index of its view's map in struct um_shared
 * @owner: thread group id that the set was given to; another value means that
 *	the reader is a child since fork, or a vfork child on loan
 * @cwd: stands for the working directory's name in memos; 0: not known
 */
struct um_page {
	uint32_t magic;
	uint32_t version;
	uint32_t attr;
	uint32_t flags;
	uint32_t view;
	int32_t owner;
	uint64_t cwd;
};

/**
 * struct um_vmap - what the agent has to know of one view
 * @busy: something is mounted: names must be looked at
 * @all: every name is the monitor's (a mount over "/")
 * @layers: mounts that leave most names to what lies beneath as long as they
 *	are only read: whatever changes something must ask
 * @net: sockets are of a stack of the view's
 * @bloom: set of names of which a path that leads to something virtual has one
 */
struct um_vmap {
	uint32_t busy;
	uint32_t all;
	uint32_t layers;
	uint32_t net;
	uint64_t bloom[UM_BLOOM];
};

/**
 * struct um_name - what a name on a virtual file system means
 * @seq: odd while it is written
 * @version: valid while um_shared.versions[bucket] is this
 * @epoch: and while um_shared.epoch is this
 * @is_dir: it is a directory: names in it are told by @place
 * @tag: the name (um_name_tag()); 0: none
 * @node: the key of its node (um_node_key()); 0: the name does not exist
 * @place: hash of where it is (um_place_of())
 * @until: um_tick() until which that holds; 0: the monitor takes it back when it
 *	does not
 */
struct um_name {
	uint32_t seq;
	uint32_t version;
	uint32_t epoch;
	uint16_t bucket;
	uint16_t is_dir;
	uint64_t tag;
	uint64_t node;
	uint64_t place;
	uint32_t until;
	uint32_t pad;
};

/* struct stat of x86_64 in words; the last three are zero always. */
#define UM_STAT_WORDS 18
#define UM_STAT_USED  15

/**
 * struct um_node - the attributes of a node of a virtual file system
 * @key: um_node_key(); 0: none
 * @st: struct stat
 * @object: inode of the object that stands for it
 * @fd: the monitor's descriptor of a regular file whose content is there: who
 *	opens it for reading opens that; 0: ask
 * @until: as in struct um_name; if it is not 0, access(2) is the file system's
 *	to answer
 */
struct um_node {
	uint32_t seq;
	uint32_t epoch;
	uint64_t key;
	uint64_t st[UM_STAT_USED];
	uint64_t object;
	uint32_t fd;
	uint32_t until;
};

/**
 * struct um_listing - what an open directory holds
 * @at, @size: its records in um_shared.records, each a struct linux_dirent64
 *	whose d_off, like the position of the descriptor, counts entries
 * @bucket, @version, @epoch, @lists: it is what is there now while these are as
 *	in struct um_name, and what was there when it was last read from the
 *	first entry on, always
 * @object: inode of the object that stands for the directory; 0: none
 */
struct um_listing {
	uint32_t seq;
	uint32_t at;
	uint32_t size;
	uint32_t bucket;
	uint32_t version;
	uint32_t epoch;
	uint32_t lists;
	uint32_t pad;
	uint64_t object;
};

/**
 * struct um_beneath - a directory that a layer adds names to (um_shared.changed)
 * @object: inode of the object that stands for the open directory; 0: none
 * @dev, @ino: the host's directory, which has all other names
 * @fd: the monitor's descriptor of it
 * @lists: as in struct um_name
 */
struct um_beneath {
	uint64_t object;
	uint64_t dev;
	uint64_t ino;
	uint32_t fd;
	uint32_t lists;
	uint32_t seq;
	uint32_t pad;
};

/**
 * struct um_shared - at UM_SHARED
 * @objs: how many descriptors may be virtual, in all guests
 * @writers: how many of these are cached files that a guest may write to
 * @flushes: how many files may be open of which close(2) has to tell the
 *	file system first
 * @locks: file systems that keep locks of files themselves
 * @polls: file systems that know when a file of theirs is ready
 * @births: file systems that may tell when a node was made
 * @moves: a directory that guests may stand in natively has another name now
 * @specials: FIFOs and sockets on virtual file systems
 * @devs: virtual devices exist
 * @chans: open /dev/fuse devices and the like, each a SOCK_SEQPACKET socket
 * @held: of these @chans, those whose next read(2) is the monitor's to answer
 * @standins: some sockets stand for those of a stack
 * @unsettled: files whose close the monitor must see done before any name is
 *	looked up (fuse/settle.c)
 * @gen: changes whenever a memo may have become wrong
 * @whole_gen: changes whenever one of a whole name may have
 * @memfd_dev: device number of all objects that stand for virtual files
 * @agent_dev, @agent_ino: the agent's executable
 * @region_ino: the region file's inode
 * @lists: changes whenever some view's mounts do
 * @epoch: changes when all of @name and @node has become wrong
 * @plain: files without a patched copy (um_plain_key())
 * @memo: hashes of names that are known to be the kernel's own (um_memo())
 * @vmap: by number of view
 * @changed: names that such mounts answer for themselves, in all views
 * @passed: those of them below which nothing is as it was
 * @dressed: nodes whose attributes are not what the kernel says (um_node_key())
 * @versions: change when what some name means has
 * @name, @node: attributes that need not be asked for
 * @listing: of directories that are open, each at its object's number
 * @beneath: of directories that are open, each at its object's number
 * @monitor: its process id, for um_node.fd and um_beneath.fd
 */
struct um_shared {
	uint32_t version;
	uint32_t objs;
	uint32_t writers;
	uint32_t specials;
	uint32_t devs;
	uint32_t chans;
	uint32_t unsettled;
	uint32_t gen;
	uint64_t memfd_dev;
	uint64_t agent_dev;
	uint64_t agent_ino;
	uint64_t region_ino;
	uint32_t lists;
	uint32_t epoch;
	uint32_t flushes;
	uint32_t locks;
	uint32_t standins;
	uint32_t monitor;
	uint32_t held;
	uint32_t polls;
	uint32_t births;
	uint32_t moves;
	uint32_t whole_gen;
	uint32_t pad;
	uint64_t plain[UM_NPLAIN];
	uint64_t memo[UM_NMEMOS];
	struct um_vmap vmap[UM_NVMAPS];
	uint64_t changed[UM_NCHANGED];
	uint64_t passed[UM_NCHANGED];
	uint64_t dressed[UM_NDRESSED];
	uint32_t versions[UM_NVERSIONS];
	struct um_name name[UM_NNAMES];
	struct um_node node[UM_NNODES];
	struct um_listing listing[UM_NLISTINGS];
	struct um_beneath beneath[UM_NBENEATH];
	uint64_t records[UM_RECORDS / 8];
};

/**
 * struct um_stub_head - stands before each stub's slot
 * @offset: of the replaced bytes in their file
 * @id: index in UM_BASES
 * @head: bytes of instructions before the call, in the file and in the stub
 * @call: where in the stub it makes the call; 0: it does not
 * @tail: where in the stub the instructions behind the call begin
 * @back: and end; there it goes back
 * @end: and that ends
 */
struct um_stub_head {
	uint32_t offset;
	uint16_t id;
	uint8_t head;
	uint8_t call;
	uint8_t tail;
	uint8_t back;
	uint8_t end;
	uint8_t pad[5];
};

_Static_assert(sizeof(struct um_stub_head) == 16, "um_stub_head");
_Static_assert(sizeof(struct um_page) == 32, "um_page");
_Static_assert(sizeof(struct um_shared) <= UM_SHARED_SIZE, "um_shared");

#define UM_HASH_SEED 0xcbf29ce484222325u

static inline uint64_t um_hash_byte(uint64_t h, unsigned char c)
{
	return (h ^ c) * 0x100000001b3u;
}

static inline uint64_t um_hash_text(const char *text, uint64_t n)
{
	uint64_t h = UM_HASH_SEED;

	for (uint64_t i = 0; i < n; i++)
		h = um_hash_byte(h, (unsigned char)text[i]);
	return h;
}

/*
 * CLOCK_MONOTONIC_COARSE in nanoseconds as um_name.until: sixtieths of a
 * second, that come again after a year. An end is never put off. Never 0.
 */
static inline uint32_t um_tick(uint64_t ns)
{
	return (uint32_t)(ns >> 23) | 1;
}

static inline int um_tick_is_over(uint32_t until, uint32_t now)
{
	return (int32_t)(now - until) >= 0;
}

static inline uint64_t um_hash_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

/* Is the name with this hash in the set? May be, or surely not. */
static inline int um_bloom_has(const volatile uint64_t *bloom, uint64_t hash)
{
	uint64_t h = um_hash_mix(hash);
	unsigned int a = h & 1023;
	unsigned int b = (h >> 20) & 1023;

	return (int)((bloom[a / 64] >> (a % 64)) & (bloom[b / 64] >> (b % 64)) &
		     1);
}

static inline void um_bloom_add(uint64_t *bloom, uint64_t hash)
{
	uint64_t h = um_hash_mix(hash);
	unsigned int a = h & 1023;
	unsigned int b = (h >> 20) & 1023;

	bloom[a / 64] |= 1UL << (a % 64);
	bloom[b / 64] |= 1UL << (b % 64);
}

/* The same for larger sets, of `words` words: a power of two. */
static inline int um_set_has(const volatile uint64_t *set, uint64_t words,
			     uint64_t hash)
{
	uint64_t h = um_hash_mix(hash);
	uint64_t a = h & (words * 64 - 1);
	uint64_t b = (h >> 24) & (words * 64 - 1);

	return (int)((set[a / 64] >> (a % 64)) & (set[b / 64] >> (b % 64)) & 1);
}

/*
 * What is known of a name: DIR, its directory part leads to a real directory;
 * WHOLE, all of it, last link included, leads to what the kernel finds too.
 */
enum um_memo_kind { UM_MEMO_DIR = 1, UM_MEMO_WHOLE = 2 };

/*
 * The memo of a name: hash of its text, and of what it begins at (0: the root,
 * else um_page.cwd). Never 0.
 */
static inline uint64_t um_memo(uint64_t hash, uint64_t from, uint32_t view,
			       uint64_t gen, enum um_memo_kind kind)
{
	uint64_t h = um_hash_mix(hash ^ (from * 3));

	h ^= (gen << 32) ^ ((uint64_t)view << 8) ^ (uint64_t)kind;
	if (kind == UM_MEMO_WHOLE)
		h = um_hash_mix(h ^ (gen >> 32));
	return um_hash_mix(h) | 1;
}

/* What um_memo() goes by: um_shared.gen, and above it whole_gen. */
static inline uint64_t um_memo_gen(uint32_t gen, uint32_t whole_gen)
{
	return gen | (uint64_t)whole_gen << 32;
}

/*
 * Where something is, as a hash: its mount, and its name in that, which
 * continues by um_place_of().
 */
static inline uint64_t um_place_root(uint32_t mount)
{
	return um_hash_mix(mount + 0x9e3779b97f4a7c15u);
}

/* name[0..n): whole components, with the slash before each. */
static inline uint64_t um_place_of(uint64_t place, const char *name, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		place = um_hash_byte(place, (unsigned char)name[i]);
	return place;
}

/*
 * What um_name.tag is made of:
 *	dir UM_IN_PLACE, hash: um_place_of() the directory, then the name
 *	dir 0, um_page.cwd, um_dir_key(), hash: of a name that is at the root, in
 *	the working directory, or a descriptor's directory, and leads to where a
 *	mount is; or, for the last two, the empty name: where they are themselves
 * Never 0.
 */
#define UM_IN_PLACE 2u

static inline uint64_t um_name_tag(uint64_t hash, uint64_t dir, uint32_t view,
				   uint32_t lists)
{
	uint64_t h = um_hash_mix(hash ^ (dir * 5));

	return um_hash_mix(h ^ ((uint64_t)lists << 32) ^ view) | 1;
}

/* A directory by the inode of the object that descriptors of it show. */
static inline uint64_t um_dir_key(uint64_t inode)
{
	return um_hash_mix(inode ^ 0xd1b54a32d192ed03u) & ~1UL;
}

static inline uint64_t um_node_key(uint32_t mount, uint64_t ino)
{
	return um_hash_mix(ino ^ ((uint64_t)mount << 40)) | 1;
}

/* Which file it is, and which version of it: stat(2). Never 0. */
static inline uint64_t um_plain_key(uint64_t dev, uint64_t ino, uint64_t size,
				    uint64_t mtime, uint64_t mtime_nsec)
{
	uint64_t h = um_hash_mix(dev * 31 + ino);

	h = um_hash_mix(h ^ (size * 3));
	return um_hash_mix(h ^ (mtime * 1000003) ^ mtime_nsec) | 1;
}

#define UM_EXEC_PATH_MAX 4096
#define UM_EXEC_ARGS_MAX 8704
#define UM_EXEC_NO_FD	 (-1)

/**
 * struct um_text - the patched copy of a file's executable segment
 * @from, @len: which bytes of the file, in whole pages
 * @at: where they lie in the region file; with @runs, where their table does
 * @id: index in UM_BASES; 0: there is no such copy
 * @runs: number of parts that were copied; 0: all of it was
 */
struct um_text {
	uint64_t from;
	uint64_t len;
	uint64_t at;
	uint32_t id;
	uint32_t runs;
};

/**
 * struct um_run - a part of a text that was copied
 * @from, @len: which bytes of the file, in whole pages
 * @at: where they lie in the region file
 */
struct um_run {
	uint64_t from;
	uint64_t len;
	uint64_t at;
};

/**
 * struct um_exec_file - a file that the agent is to map, and to close
 * @fd: a descriptor that was given; UM_EXEC_NO_FD: see @at
 * @at: the monitor's descriptor of it, which stays open as long as the monitor
 *	lives: to be opened by its name in /proc, or fetched by UM_VU_GIVE.
 *	UM_EXEC_NO_FD: there is no such file
 * @dev, @ino: which file is to be found there
 */
struct um_exec_file {
	int32_t fd;
	int32_t at;
	uint64_t dev;
	uint64_t ino;
};

/**
 * struct um_exec_info - what the agent is to load (told by UM_VU_HELLO, whose
 * answer is a descriptor of the program)
 * @page: to be stored at UM_PAGE
 * @monitor: its process id, for um_exec_file.at
 * @interp: the program's interpreter
 * @region: the region file: UM_SHARED at offset 0, UM_STUBS at UM_SHARED_SIZE,
 *	then texts
 * @stats_fd: the page at UM_STATS, an open descriptor, which the agent closes;
 *	UM_EXEC_NO_FD: nobody counts
 * @exec_fd: what the program is to interpret, likewise, but the program's to
 *	close: AT_EXECFD; UM_EXEC_NO_FD: none
 * @at_flags: AT_FLAGS
 * @nargs: strings in args that take the place of argv[0] (0: argv stays)
 * @keep: argv[0] stays even so, after them
 * @text, @interp_text: the patched copies
 * @lib_text, @lib_key: that of the library which the interpreter is sure to map
 *	(um_plain_key()); id 0: nobody knows yet
 * @uid..egid: for the auxiliary vector
 * @comm: name of the thread
 * @args: where they begin in strings
 * @strings: AT_EXECFN, then nargs strings, each NUL-terminated. No more of the
 *	structure is copied than they need
 */
struct um_exec_info {
	struct um_page page;
	struct um_exec_file interp;
	struct um_exec_file region;
	uint32_t monitor;
	int32_t stats_fd;
	int32_t exec_fd;
	uint32_t at_flags;
	uint32_t nargs;
	uint32_t keep;
	struct um_text text;
	struct um_text interp_text;
	struct um_text lib_text;
	uint64_t lib_key;
	uint32_t uid, euid, gid, egid;
	char comm[16];
	uint32_t args;
	char strings[UM_EXEC_PATH_MAX + UM_EXEC_ARGS_MAX];
};

#endif
#endif
