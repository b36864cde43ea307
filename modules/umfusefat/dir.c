// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dir.c - directories: their slots, and the names that these make
 *
 * A name is one slot with eleven bytes, and before it, where that does not say
 * all, slots of FAT_LONG with 13 characters each, the last part first.
 */
#include "fat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DELETED	   0xe5
#define LAST_PART  0x40
#define PART	   13
#define MAX_PARTS  20
#define ORDER_MASK 0x3f

static void drop(struct fat_dir *d)
{
	for (uint32_t i = 0; i < d->nnames; i++)
		free(d->names[i].text);
	free(d->names);
	free(d->slots);
	free(d->clusters);
	memset(d, 0, sizeof(*d));
}

void fat_forget_dirs(struct fat *fs)
{
	for (int i = 0; i < FAT_NDIRS; i++)
		drop(&fs->dirs[i]);
}

uint64_t fat_slot_place(const struct fat *fs, const struct fat_dir *d,
			uint32_t slot)
{
	uint32_t per = fs->cluster_size / FAT_SLOT;

	if (!d->clusters)
		return fs->root_off + (uint64_t)slot * FAT_SLOT;
	return fat_place(fs, d->clusters[slot / per]) +
	       (uint64_t)(slot % per) * FAT_SLOT;
}

/* One more cluster of the chain is part of the directory in memory. */
static int add_cluster(struct fat *fs, struct fat_dir *d, uint32_t c)
{
	size_t have = (size_t)d->nclusters * fs->cluster_size;
	uint32_t *clusters =
		realloc(d->clusters, (d->nclusters + 1) * sizeof(uint32_t));
	uint8_t *slots;

	if (!clusters)
		return -ENOMEM;
	d->clusters = clusters;
	slots = realloc(d->slots, have + fs->cluster_size);
	if (!slots)
		return -ENOMEM;
	d->slots = slots;
	d->clusters[d->nclusters++] = c;
	d->nslots = d->nclusters * (fs->cluster_size / FAT_SLOT);
	memset(slots + have, 0, fs->cluster_size);
	return 0;
}

static int read_chain(struct fat *fs, struct fat_dir *d)
{
	int err = fat_is_cluster(fs, d->first) ? 0 : -EIO;
	uint32_t c = d->first;

	while (!err && c != FAT_END) {
		size_t at = (size_t)d->nclusters * fs->cluster_size;

		if (d->nslots >= FAT_DIR_MAX)
			return -EIO;
		err = add_cluster(fs, d, c);
		if (!err)
			err = fat_read(fs, fat_place(fs, c), d->slots + at,
				       fs->cluster_size);
		if (!err)
			err = fat_next(fs, c, &c);
	}
	return err;
}

static int read_root(struct fat *fs, struct fat_dir *d)
{
	size_t size = (size_t)fs->root_slots * FAT_SLOT;

	d->slots = malloc(size);
	d->nslots = fs->root_slots;
	return d->slots ? fat_read(fs, fs->root_off, d->slots, size) : -ENOMEM;
}

static int remember(struct fat_dir *d, const char *text, uint32_t slot,
		    uint32_t nslots)
{
	struct fat_name *n;

	if (d->nnames == d->room) {
		uint32_t room = d->room ? 2 * d->room : 32;

		n = realloc(d->names, room * sizeof(*n));
		if (!n)
			return -ENOMEM;
		d->names = n;
		d->room = room;
	}
	n = &d->names[d->nnames];
	*n = (struct fat_name){ strdup(text), fat_hash(text), slot, nslots };
	if (!n->text)
		return -ENOMEM;
	d->nnames++;
	return 0;
}

/* The parts of a long name that are being collected, from the last to the first. */
struct parts {
	uint16_t text[MAX_PARTS * PART];
	int left;
	uint32_t first_slot;
	uint8_t sum;
};

static void take_part(struct parts *p, const uint8_t *s, uint32_t slot)
{
	static const uint8_t at[PART] = { 1,  3,  5,  7,  9,  14, 16,
					  18, 20, 22, 24, 28, 30 };
	int order = s[0] & ORDER_MASK;

	if (s[0] & LAST_PART) {
		p->left = order;
		p->first_slot = slot;
		p->sum = s[13];
		memset(p->text, 0, sizeof(p->text));
	} else if (p->left != order + 1 || p->sum != s[13]) {
		p->left = -1;
		return;
	} else {
		p->left = order;
	}
	if (order < 1 || order > MAX_PARTS) {
		p->left = -1;
		return;
	}
	for (int i = 0; i < PART; i++)
		p->text[(order - 1) * PART + i] = get16(s + at[i]);
}

/* The name whose short slot this is. */
static int finish_name(struct fat_dir *d, const struct parts *p, uint32_t slot)
{
	const uint8_t *s = d->slots + (size_t)slot * FAT_SLOT;
	char text[3 * FAT_MAX_NAME + 32];
	size_t n = 0;

	while (n < FAT_MAX_NAME && p->text[n] && p->text[n] != 0xffff)
		n++;
	if (p->left == 1 && n && p->sum == fat_checksum(s)) {
		fat_to_utf8(p->text, n, text);
		/* nobody can name more bytes: its short name it is */
		if (strlen(text) > FAT_MAX_NAME)
			fat_short_text(s, text);
		return remember(d, text, p->first_slot,
				slot - p->first_slot + 1);
	}
	fat_short_text(s, text);
	return *text ? remember(d, text, slot, 1) : 0;
}

static bool is_dots(const uint8_t *s)
{
	return !memcmp(s, ".          ", 11) || !memcmp(s, "..         ", 11);
}

static int find_names(struct fat_dir *d)
{
	struct parts parts = { .left = -1 };
	int err = 0;

	for (uint32_t i = 0; !err && i < d->nslots; i++) {
		const uint8_t *s = d->slots + (size_t)i * FAT_SLOT;

		if (!s[0])
			break;
		if (s[0] != DELETED && (s[11] & 0x3f) == FAT_LONG) {
			take_part(&parts, s, i);
			continue;
		}
		if (s[0] != DELETED && !(s[11] & FAT_VOLUME) && !is_dots(s))
			err = finish_name(d, &parts, i);
		parts.left = -1;
	}
	return err;
}

int fat_load_dir(struct fat *fs, uint32_t first, struct fat_dir **out)
{
	struct fat_dir *d = &fs->dirs[0];
	int err;

	for (int i = 0; i < FAT_NDIRS; i++) {
		*out = &fs->dirs[i];
		if ((*out)->valid && (*out)->first == first) {
			(*out)->used = ++fs->clock;
			return 0;
		}
		if ((*out)->used < d->used)
			d = *out;
	}
	drop(d);
	d->first = first;
	err = first ? read_chain(fs, d) : read_root(fs, d);
	if (!err)
		err = find_names(d);
	d->valid = !err;
	d->used = err ? 0 : ++fs->clock;
	*out = d;
	return err;
}

struct fat_name *fat_lookup(struct fat_dir *d, const char *name)
{
	uint32_t hash = fat_hash(name);

	for (uint32_t i = 0; i < d->nnames; i++)
		if (d->names[i].hash == hash &&
		    fat_same(d->names[i].text, name))
			return &d->names[i];
	return NULL;
}

bool fat_is_empty(const struct fat_dir *d)
{
	return d->nnames == 0;
}

/* ---- changes ---- */

static int write_slots(struct fat *fs, const struct fat_dir *d, uint32_t slot,
		       uint32_t n)
{
	int err = 0;

	for (uint32_t i = slot; !err && i < slot + n; i++)
		err = fat_write(fs, fat_slot_place(fs, d, i),
				d->slots + (size_t)i * FAT_SLOT, FAT_SLOT);
	return err;
}

static int grow(struct fat *fs, struct fat_dir *d)
{
	uint32_t c = 0;
	size_t at = (size_t)d->nclusters * fs->cluster_size;
	int err;

	if (!d->clusters || d->nslots >= FAT_DIR_MAX)
		return -ENOSPC;
	err = fat_append(fs, d->clusters[d->nclusters - 1], &c);
	if (!err)
		err = add_cluster(fs, d, c);
	return err ? err
		   : fat_write(fs, fat_place(fs, c), d->slots + at,
			       fs->cluster_size);
}

/* A row of free slots; the directory grows for it. */
static int find_room(struct fat *fs, struct fat_dir *d, uint32_t n,
		     uint32_t *out)
{
	uint32_t run = 0;
	int err;

	for (uint32_t i = 0;; i++) {
		if (i == d->nslots) {
			err = grow(fs, d);
			if (err)
				return err;
		}
		if (d->slots[(size_t)i * FAT_SLOT] == DELETED ||
		    !d->slots[(size_t)i * FAT_SLOT])
			run++;
		else
			run = 0;
		if (run == n) {
			*out = i + 1 - n;
			return 0;
		}
	}
}

static bool has_short(const struct fat_dir *d, const uint8_t name[11])
{
	for (uint32_t i = 0; i < d->nslots; i++) {
		const uint8_t *s = d->slots + (size_t)i * FAT_SLOT;

		if (!s[0])
			break;
		if ((s[11] & 0x3f) != FAT_LONG && !memcmp(s, name, 11))
			return true;
	}
	return false;
}

static int choose_short(const struct fat_dir *d, const char *name,
			uint8_t out[11])
{
	for (unsigned int n = 1; n < FAT_DIR_MAX; n++) {
		fat_make_short(name, n, out);
		if (!has_short(d, out))
			return 0;
	}
	return -ENOSPC;
}

static void put_part(uint8_t *s, const uint16_t *text, int n, int order)
{
	static const uint8_t at[PART] = { 1,  3,  5,  7,  9,  14, 16,
					  18, 20, 22, 24, 28, 30 };

	memset(s, 0, FAT_SLOT);
	s[0] = (uint8_t)order;
	s[11] = FAT_LONG;
	for (int i = 0; i < PART; i++) {
		int k = (order - 1) * PART + i;

		put16(s + at[i], k < n ? text[k] : k == n ? 0 : 0xffff);
	}
}

/* How a new name is written: in its short slot, and in how many long ones. */
struct spelling {
	uint8_t name[11];
	uint8_t cases;
	uint16_t text[FAT_MAX_NAME];
	int n;
	int nlong;
};

static int spell(const struct fat_dir *d, const char *name, struct spelling *sp)
{
	*sp = (struct spelling){ .n = fat_to_utf16(name, sp->text) };
	sp->n = fat_to_utf16(name, sp->text);
	if (sp->n < 0)
		return sp->n;
	if (fat_is_short(name, sp->name, &sp->cases))
		return has_short(d, sp->name) ? -EEXIST : 0;
	sp->cases = 0;
	sp->nlong = (sp->n + PART - 1) / PART;
	return choose_short(d, name, sp->name);
}

int fat_add_name(struct fat *fs, struct fat_dir **dir, const char *name,
		 const uint8_t entry[FAT_SLOT], uint64_t *off)
{
	struct fat_dir *d = *dir;
	struct spelling sp;
	uint32_t slot = 0;
	uint8_t *s;
	int err = spell(d, name, &sp);

	/* another name's short form */
	if (err == -EEXIST) {
		sp.cases = 0;
		sp.nlong = (sp.n + PART - 1) / PART;
		err = choose_short(d, name, sp.name);
	}
	if (!err)
		err = find_room(fs, d, (uint32_t)sp.nlong + 1, &slot);
	if (err)
		return err;
	s = d->slots + (size_t)slot * FAT_SLOT;
	for (int i = sp.nlong; i > 0; i--, s += FAT_SLOT) {
		put_part(s, sp.text, sp.n, i);
		if (i == sp.nlong)
			s[0] |= LAST_PART;
		s[13] = fat_checksum(sp.name);
	}
	memcpy(s, entry, FAT_SLOT);
	memcpy(s, sp.name, 11);
	s[12] = sp.cases;
	err = write_slots(fs, d, slot, (uint32_t)sp.nlong + 1);
	if (!err)
		err = remember(d, name, slot, (uint32_t)sp.nlong + 1);
	*off = fat_slot_place(fs, d, slot + (uint32_t)sp.nlong);
	return err;
}

int fat_remove_name(struct fat *fs, struct fat_dir *d, struct fat_name *n)
{
	uint32_t slot = n->slot;
	uint32_t count = n->nslots;

	for (uint32_t i = slot; i < slot + count; i++)
		d->slots[(size_t)i * FAT_SLOT] = DELETED;
	free(n->text);
	*n = d->names[--d->nnames];
	return write_slots(fs, d, slot, count);
}
