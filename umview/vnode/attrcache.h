/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attrcache.h - attributes of names that were asked for lately, absences too
 *
 * All changes to a mount come through the monitor, so a cached attribute is
 * right until one of them; fsattr.c and fsname.c call the functions that forget.
 */
#ifndef UM_VNODE_ATTRCACHE_H
#define UM_VNODE_ATTRCACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct um_attrcache;

/* mount: its number, by which guests are told of changes (guest/shared.h). */
struct um_attrcache *um_attrcache_new(uint32_t mount);
void um_attrcache_free(struct um_attrcache *c);
/* What is known is known for so long only; before the first use. */
void um_attrcache_set_ttl(struct um_attrcache *c, unsigned int ms);
/* 0 with *out, -ENOENT known to be absent, -EAGAIN not known. */
int um_attrcache_get(struct um_attrcache *c, const char *path,
		     struct stat *out);
/* Take the generation before asking the module, give it to put. */
uint64_t um_attrcache_gen(struct um_attrcache *c);
/* st NULL: the name does not exist. Ignored when anything changed since gen. */
void um_attrcache_put(struct um_attrcache *c, const char *path,
		      const struct stat *st, uint64_t gen);
/*
 * Tell the guests what is known of the name, so that they need not ask until
 * it is forgotten.
 */
struct um_told;
void um_attrcache_tell(struct um_attrcache *c, const struct um_told *name);
void um_attrcache_forget(struct um_attrcache *c, const char *path);
/* The node, by whatever names it is cached. */
void um_attrcache_forget_node(struct um_attrcache *c, ino_t ino);
/* A name and the directory it is in. */
void um_attrcache_forget_entry(struct um_attrcache *c, const char *path);
void um_attrcache_forget_all(struct um_attrcache *c);

#endif
